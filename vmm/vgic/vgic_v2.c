/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of a GICv2's distributor (IHI 0048B, chapter 4.3). */
#include <stddef.h>

#include "vmm/platform.h"
#include "vmm/vgic/vgic_regs.h"
#include "vmm/vgic/vgic_state.h"

enum err vgic_init(struct vgic *vgic, uint32_t vcpu_count, uint32_t spi_count)
{
    return vgic_init_kind(vgic, false, vcpu_count, spi_count);
}

static uint8_t get_targets(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    /* Private ones name the reader: that is how a guest finds its own CPU number (4.3.12). */
    if (intid < VGIC_PRIVATE_COUNT) {
        return (uint8_t)(1u << vcpu);
    }
    return vgic_irq_of(vgic, vcpu, intid)->targets;
}

static void set_targets(struct vgic *vgic, uint32_t vcpu, uint32_t intid, uint8_t value)
{
    (void)vcpu;
    if (intid >= VGIC_PRIVATE_COUNT) {
        vgic_set_targets(vgic, intid, value & (uint8_t)((1u << vgic->vcpu_count) - 1));
    }
}

/* CPENDSGIR and SPENDSGIR: a byte per SGI with a bit per sender (4.3.16, 4.3.17). */

static uint8_t get_sgi_sources(struct vgic *vgic, uint32_t vcpu, uint32_t sgi)
{
    (void)vgic;
    return platform_virq_sources(vcpu, sgi);
}

static void clear_sgi_sources(struct vgic *vgic, uint32_t vcpu, uint32_t sgi, uint8_t value)
{
    (void)vgic;
    platform_virq_unpend(vcpu, sgi, value);
}

static void set_sgi_sources(struct vgic *vgic, uint32_t vcpu, uint32_t sgi, uint8_t value)
{
    for (uint32_t source = 0; source < vgic->vcpu_count; source++) {
        if ((value >> source & 1) != 0) {
            platform_virq_pend(vcpu, sgi, source);
        }
    }
}

static const struct vgic_byte_ops target_ops = {get_targets, set_targets};
static const struct vgic_byte_ops clear_sgi_ops = {get_sgi_sources, clear_sgi_sources};
static const struct vgic_byte_ops set_sgi_ops = {get_sgi_sources, set_sgi_sources};

/* SGIR (4.3.15). */
static void write_sgir(struct vgic *vgic, uint32_t vcpu, uint64_t value)
{
    const uint32_t all = (1u << vgic->vcpu_count) - 1;
    const uint32_t sgi = (uint32_t)value & 0xf;
    uint32_t targets;

    switch (value >> 24 & 3) {
    case 0:
        targets = (uint32_t)(value >> 16) & all;
        break;
    case 1:
        targets = all & ~(1u << vcpu);
        break;
    case 2:
        targets = 1u << vcpu;
        break;
    default: /* reserved */
        return;
    }
    for (uint32_t target = 0; target < vgic->vcpu_count; target++) {
        if ((targets >> target & 1) != 0) {
            platform_virq_pend(target, sgi, vcpu);
        }
    }
}

static uint32_t read_typer(const struct vgic *vgic)
{
    return ((vgic->irq_count + 31) / 32 - 1) | (vgic->vcpu_count - 1) << 5;
}

/* Of a GICv2 (4.3.18). */
static const struct vgic_ids ids = {{0x04, 0x00, 0x00, 0x00, 0x90, 0xb4, 0x2b, 0x00, 0x0d, 0xf0, 0x05, 0xb1}};

static void access_single(struct vgic *vgic, struct mmio_access *access)
{
    const uint32_t offset = (uint32_t)access->offset;

    if (access->is_write) {
        if (offset == GICD_CTLR) {
            vgic_enable_groups(vgic, (uint32_t)access->value & 1);
        } else if (offset == GICD_SGIR) {
            write_sgir(vgic, access->vcpu, access->value);
        }
    } else if (offset == GICD_CTLR) {
        access->value = vgic->groups;
    } else if (offset == GICD_TYPER) {
        access->value = read_typer(vgic);
    } else if (offset == GICD_IIDR) {
        access->value = GICD_IIDR_VALUE;
    } else if (offset >= GICD_PIDR4) {
        access->value = vgic_read_id(&ids, offset - GICD_PIDR4);
    }
}

enum mmio_result vgic_access(void *context, struct mmio_access *access)
{
    struct vgic *vgic = context;
    const uint64_t offset = access->offset;
    const bool byte = access->width_bytes == 1;
    const bool word = access->width_bytes == 4 && (offset & 3) == 0;

    if (!access->is_write) {
        access->value = 0;
    }
    if (!(byte || word) || access->vcpu >= vgic->vcpu_count || offset >= GICD_BYTES) {
        return MMIO_DONE;
    }
    if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR_END) {
        vgic_access_bytes(vgic, access, &vgic_priority_ops, (uint32_t)offset - GICD_IPRIORITYR);
    } else if (offset >= GICD_ITARGETSR && offset < GICD_ITARGETSR_END) {
        vgic_access_bytes(vgic, access, &target_ops, (uint32_t)offset - GICD_ITARGETSR);
    } else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR) {
        vgic_access_bytes(vgic, access, &clear_sgi_ops, (uint32_t)offset - GICD_CPENDSGIR);
    } else if (offset >= GICD_SPENDSGIR && offset < GICD_SPENDSGIR_END) {
        vgic_access_bytes(vgic, access, &set_sgi_ops, (uint32_t)offset - GICD_SPENDSGIR);
    } else if (word && !vgic_access_bits(vgic, access, (uint32_t)offset)) {
        access_single(vgic, access);
    }
    return MMIO_DONE;
}
