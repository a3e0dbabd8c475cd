/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A GICv2m frame (Arm Server Base System Architecture, appendix E): a page in which a store of an INTID pends
 * that SPI. PCI functions send their MSIs there; so may a guest's CPU.
 */
#pragma once

#include <stdint.h>

#include "vmm/bus/mmio.h"
#include "vmm/vgic/vgic.h"

/** Register offsets. */
enum gicv2m_register { GICV2M_TYPER = 0x008, GICV2M_SETSPI_NS = 0x040, GICV2M_IIDR = 0xfcc };

/** MSI_IIDR: GICv2m version 1 (bits 19:16), no implementer's number. */
#define GICV2M_IIDR_VALUE 0x00010000u

/** No SPI. */
#define GICV2M_NONE 0u

/** One frame. */
struct gicv2m {
    struct vgic *vgic;
    uint64_t gpa;       /**< of the page */
    uint32_t spi_first; /**< INTID of its first SPI */
    uint32_t spi_count;
};

/** The SPI that an MSI of `data` to `address` pends, GICV2M_NONE: it goes nowhere. */
uint32_t gicv2m_spi(const struct gicv2m *frame, uint64_t address, uint32_t data);

/** Send an MSI. One that goes nowhere is dropped, as a store to no memory is. */
void gicv2m_send(const struct gicv2m *frame, uint64_t address, uint32_t data);

/** The same, up to `delay_us` later. */
void gicv2m_send_deferred(const struct gicv2m *frame, uint64_t address, uint32_t data, uint32_t delay_us);

/** mmio_handler of the page; `context` is a struct gicv2m. Registers take 32-bit accesses, SETSPI 16-bit too.
 */
enum mmio_result gicv2m_access(void *context, struct mmio_access *access);
