/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The board's own device tree: which registers and interrupts a device has, to pass it through to a guest.
 *
 * Addresses are translated to physical ones through the `ranges` of all buses above (Devicetree Specification
 * 0.4, 2.3.8); interrupts are those at the GIC (interrupt-controller/arm,gic.yaml).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tool/fdt/fdt_dma.h"
#include "tool/fdt/fdt_guest.h"

#define FDT_BOARD_MAX_WINDOWS 16u
#define FDT_BOARD_MAX_IRQS 32u
#define FDT_BOARD_PAGE_BYTES 0x1000u

/** A shared peripheral interrupt of a device. */
struct fdt_board_irq {
    uint32_t intid;
    bool edge; /**< else level */
};

/** What a node and those below it have. */
struct fdt_board_device {
    struct fdt_range windows[FDT_BOARD_MAX_WINDOWS]; /**< physical, whole pages, apart from each other */
    size_t window_count;
    struct fdt_board_irq irqs[FDT_BOARD_MAX_IRQS]; /**< at the GIC */
    size_t irq_count;
    /** Whether it reads and writes memory by itself: without an IOMMU nothing confines it to its guest. */
    enum fdt_dma dma;
};

/** Whether `dtb` is a sound device tree of at most `bytes` bytes; ERR_FORMAT otherwise, with *error. */
ERR_CHECKED enum err fdt_board_check(const void *dtb, size_t bytes, struct fdt_error *error);

/**
 * What the device at `path` (a full path or an alias) of the checked tree `dtb` has.
 *
 * Errors, with *error: ERR_RANGE: there is no such node. ERR_DENIED: no device to give away (CPU, memory,
 * interrupt controller, ...), or one that shares a page of registers with another. ERR_UNSUPPORTED: disabled,
 * or with more or other resources than can be passed through. ERR_FORMAT: malformed node.
 */
ERR_CHECKED enum err fdt_board_find(const void *dtb, const char *path, struct fdt_board_device *device,
                                    struct fdt_error *error);

/* For fdt_passthrough.c, which copies nodes. Nodes are libfdt offsets. */

/** The `reg` entry number `index` of `node`, translated. ERR_EMPTY: no such entry. Others as above. */
ERR_CHECKED enum err fdt_board_window(const void *dtb, int node, unsigned int index, struct fdt_range *window,
                                      struct fdt_error *error);

/** Add the interrupts of `node` at the GIC to *device. Errors as above. */
ERR_CHECKED enum err fdt_board_irqs(const void *dtb, int node, struct fdt_board_device *device,
                                    struct fdt_error *error);

/** Whether `node` has no `status`, or one that says it can be used. */
bool fdt_board_is_enabled(const void *dtb, int node);

/** A property that is one NUL-terminated string, or NULL. */
const char *fdt_board_string(const void *dtb, int node, const char *name);

/** The interrupt controller that `interrupts` of `node` go to, or a libfdt error. */
int fdt_board_interrupt_parent(const void *dtb, int node);

/** Whether `node` is the board's GIC. */
bool fdt_board_is_gic(const void *dtb, int node);

/** Full path of `node` in `text`, for messages; cut off if it is too long. Returns `text`. */
const char *fdt_board_path(const void *dtb, int node, char *text, size_t bytes);

/** Set *error, printf-style, and return `err`. */
ERR_CHECKED enum err fdt_error_set(struct fdt_error *error, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
