/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The virtual distributor: of a GICv2 (Arm IHI 0048B, chapter 4.3), whose CPU interface is the hardware's
 * GICV, or of a GICv3 (IHI 0069H, chapter 12) with its redistributors, whose CPU interface is system
 * registers.
 *
 * Configuration lives here; what is pending or active lives in the platform (vmm/platform.h), which delivers.
 * Interrupt lines of emulated devices come in here too, because only the distributor knows which vCPU an SPI
 * goes to. There is one security
 * state. A GICv2's interrupts are all in group 0 and its IGROUPR reads as zero; a GICv3's begin in group 1.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/config/vmm_config.h"
#include "vmm/bus/mmio.h"

#define VGIC_SGI_COUNT 16u
#define VGIC_PRIVATE_COUNT 32u
#define VGIC_MAX_INTIDS 1020u
/** Bits of a priority that the GICV implements: 32 levels. */
#define VGIC_PRIORITY_MASK 0xf8u

/** Configuration of one interrupt. */
struct vgic_irq {
    bool enabled;
    bool edge; /**< ICFGR */
    bool line; /**< what the device drives */
    bool group1;
    uint8_t priority;
    uint8_t targets; /**< SPIs only, bit n: vCPU n; ITARGETSR, or what IROUTER comes to */
    uint64_t route;  /**< GICv3: IROUTER */
};

/** One distributor. */
struct vgic {
    uint32_t vcpu_count;
    uint32_t irq_count; /**< INTIDs implemented: 32 + SPIs, a multiple of 32 (but 1020 at most) */
    bool is_v3;
    uint32_t groups; /**< GICD_CTLR: bit n: group n is on */
    struct vgic_irq private_irqs[VMM_CONFIG_MAX_VCPUS][VGIC_PRIVATE_COUNT]; /**< SGIs and PPIs */
    struct vgic_irq spis[VGIC_MAX_INTIDS - VGIC_PRIVATE_COUNT];
};

/**
 * A GICv2's distributor for `vcpu_count` vCPUs and `spi_count` SPIs, in its reset state.
 * Errors: ERR_RANGE (no vCPU, too many, or SPIs no multiple of 32 or above 992).
 */
ERR_CHECKED enum err vgic_init(struct vgic *vgic, uint32_t vcpu_count, uint32_t spi_count);

/** Reset state, and tell it the platform. Device lines fall. */
void vgic_reset(struct vgic *vgic);

/** Drive the line of SPI `intid`. Unimplemented INTIDs are ignored. */
void vgic_set_line(struct vgic *vgic, uint32_t intid, bool high);

/** Signal an edge on SPI `intid`. */
void vgic_pend(struct vgic *vgic, uint32_t intid);

/** The vCPU that SPI `intid` goes to now; 0 for what is no SPI. */
uint32_t vgic_spi_owner(struct vgic *vgic, uint32_t intid);

/** As vgic_pend(), up to `delay_us` later, for an edge that nobody waits for. */
void vgic_pend_deferred(struct vgic *vgic, uint32_t intid, uint32_t delay_us);

/**
 * A GICv3: its vCPUs have the affinities 0.0.0.n. Errors: as vgic_init().
 */
ERR_CHECKED enum err vgic_v3_init(struct vgic *vgic, uint32_t vcpu_count, uint32_t spi_count);

/** Bytes of a redistributor's registers. */
#define VGIC_V3_REDIST_BYTES 0x20000u

/** mmio_handlers of a GICv3's distributor and of its redistributors, one behind the other; as vgic_access().
 */
enum mmio_result vgic_v3_access(void *context, struct mmio_access *access);
/** See vgic_v3_access(). */
enum mmio_result vgic_v3_access_redist(void *context, struct mmio_access *access);

/**
 * mmio_handler of a GICv2's register page; `context` is a struct vgic. Accesses it doesn't have are RAZ/WI.
 */
enum mmio_result vgic_access(void *context, struct mmio_access *access);
