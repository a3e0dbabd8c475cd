/* SPDX-License-Identifier: BSD-2-Clause */
/** What the register files of both distributors do with the state behind them: vgic_v2.c and vgic_v3.c only.
 */
#pragma once

#include "vmm/vgic/vgic.h"

/** The interrupt `intid`, one that is implemented; of a private one, that of `vcpu`. */
struct vgic_irq *vgic_irq_of(struct vgic *vgic, uint32_t vcpu, uint32_t intid);

/** A distributor of either kind, in its reset state. Errors: as vgic_init(). */
ERR_CHECKED enum err vgic_init_kind(struct vgic *vgic, bool is_v3, uint32_t vcpu_count, uint32_t spi_count);

/** Set which groups are on: bit n is group n. A GICv2's guest has group 0 alone. */
void vgic_enable_groups(struct vgic *vgic, uint32_t groups);

/** Route SPI `intid` to the first vCPU in `targets`, bit n: vCPU n; 0: to none. */
void vgic_set_targets(struct vgic *vgic, uint32_t intid, uint8_t targets);

/** Bytes an interrupt: how a register that has them is read and written. */
struct vgic_byte_ops {
    uint8_t (*get)(struct vgic *vgic, uint32_t vcpu, uint32_t intid);
    void (*set)(struct vgic *vgic, uint32_t vcpu, uint32_t intid, uint8_t value);
};

/** Access registers with a byte an interrupt, from `first` on. */
void vgic_access_bytes(struct vgic *vgic, struct mmio_access *access, const struct vgic_byte_ops *ops,
                       uint32_t first);

/** IPRIORITYR. */
extern const struct vgic_byte_ops vgic_priority_ops;

/**
 * Access the word at `offset` if it is a register with bits for each interrupt, which both kinds have. False:
 * it is another one.
 */
bool vgic_access_bits(struct vgic *vgic, struct mmio_access *access, uint32_t offset);

/** PIDR4..7, PIDR0..3, CIDR0..3: a byte in each of as many words, which end a page of registers. */
struct vgic_ids {
    uint8_t bytes[12];
};

/** The word at `offset` behind the first of them, 0: there is none. */
static inline uint32_t vgic_read_id(const struct vgic_ids *ids, uint64_t offset)
{
    return offset / 4 < sizeof(ids->bytes) ? ids->bytes[offset / 4] : 0;
}
