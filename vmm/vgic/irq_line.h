/* SPDX-License-Identifier: BSD-2-Clause */
/** The interrupt output of an emulated device. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vmm/vgic/vgic.h"

/** One output, wired to an SPI. */
struct irq_line {
    struct vgic *vgic;
    uint32_t intid;
    bool edge; /**< how the device tree describes it: each assertion is an edge; else the level counts */
    bool high;
};

/**
 * Drive the line. For an edge line every call with `high` is one edge, also if it is high already: the device
 * has something new to say.
 */
static inline void irq_line_set(struct irq_line *line, bool high)
{
    const bool changed = line->high != high;

    line->high = high;
    if (line->edge) {
        if (high) {
            vgic_pend(line->vgic, line->intid);
        }
    } else if (changed) {
        vgic_set_line(line->vgic, line->intid, high);
    }
}

/** An edge that may be up to `delay_us` late. False: the line is a level, which cannot be. */
static inline bool irq_line_set_deferred(const struct irq_line *line, uint32_t delay_us)
{
    if (line->edge) {
        vgic_pend_deferred(line->vgic, line->intid, delay_us);
    }
    return line->edge;
}
