/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vgic/gicv2m.h"

#define TYPER_BASE_SHIFT 16

uint32_t gicv2m_spi(const struct gicv2m *frame, uint64_t address, uint32_t data)
{
    if (address != frame->gpa + GICV2M_SETSPI_NS || data < frame->spi_first ||
        data - frame->spi_first >= frame->spi_count) {
        return GICV2M_NONE;
    }
    return data;
}

void gicv2m_send(const struct gicv2m *frame, uint64_t address, uint32_t data)
{
    const uint32_t spi = gicv2m_spi(frame, address, data);

    if (spi != GICV2M_NONE) {
        vgic_pend(frame->vgic, spi);
    }
}

void gicv2m_send_deferred(const struct gicv2m *frame, uint64_t address, uint32_t data, uint32_t delay_us)
{
    const uint32_t spi = gicv2m_spi(frame, address, data);

    if (spi != GICV2M_NONE) {
        vgic_pend_deferred(frame->vgic, spi, delay_us);
    }
}

enum mmio_result gicv2m_access(void *context, struct mmio_access *access)
{
    const struct gicv2m *frame = context;
    const bool is_word = access->width_bytes == 4;

    if (access->is_write) {
        if (access->offset == GICV2M_SETSPI_NS && (is_word || access->width_bytes == 2)) {
            gicv2m_send(frame, frame->gpa + GICV2M_SETSPI_NS, (uint32_t)access->value);
        }
        return MMIO_DONE;
    }
    access->value = 0;
    if (is_word && access->offset == GICV2M_TYPER) {
        access->value = frame->spi_first << TYPER_BASE_SHIFT | frame->spi_count;
    } else if (is_word && access->offset == GICV2M_IIDR) {
        access->value = GICV2M_IIDR_VALUE;
    }
    return MMIO_DONE;
}
