/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of a GICv3's distributor and redistributors (IHI 0069H, 12.9 and 12.11), with affinity routing,
 * one security state (GICD_CTLR.DS) and no LPIs. vCPU n has the affinity 0.0.0.n. SGIs are the platform's
 * (ICC_SGI1R_EL1), MSIs come through a GICv2m frame.
 */
#include "vmm/platform.h"
#include "vmm/vgic/vgic_regs.h"
#include "vmm/vgic/vgic_state.h"

#define CTLR_GROUPS 3u
#define CTLR_ARE (1u << 4)
#define CTLR_DS (1u << 6)
#define TYPER_INTID_BITS (9u << 19) /* ten */
#define TYPER_NO_1_OF_N (1u << 25)
#define REDIST_TYPER_LAST (1u << 4)
#define REDIST_TYPER_NUMBER_SHIFT 8
#define REDIST_TYPER_AFFINITY_SHIFT 32
#define ROUTE_AFFINITY 0xff00ffffffull

enum err vgic_v3_init(struct vgic *vgic, uint32_t vcpu_count, uint32_t spi_count)
{
    return vgic_init_kind(vgic, true, vcpu_count, spi_count);
}

/* Distributors and redistributors differ in their part number. */
static const struct vgic_ids dist_ids = {
    {0x44, 0x00, 0x00, 0x00, 0x92, 0xb4, 0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1}};
static const struct vgic_ids redist_ids = {
    {0x44, 0x00, 0x00, 0x00, 0x93, 0xb4, 0x3b, 0x00, 0x0d, 0xf0, 0x05, 0xb1}};

static uint32_t read_typer(const struct vgic *vgic)
{
    return ((vgic->irq_count + 31) / 32 - 1) | TYPER_INTID_BITS | TYPER_NO_1_OF_N;
}

static void access_single(struct vgic *vgic, struct mmio_access *access)
{
    const uint64_t offset = access->offset;

    if (access->is_write) {
        if (offset == GICD_CTLR) {
            vgic_enable_groups(vgic, (uint32_t)access->value & CTLR_GROUPS);
        }
    } else if (offset == GICD_CTLR) {
        access->value = vgic->groups | CTLR_ARE | CTLR_DS;
    } else if (offset == GICD_TYPER) {
        access->value = read_typer(vgic);
    } else if (offset == GICD_IIDR) {
        access->value = GICD_IIDR_VALUE;
    } else if (offset >= GICD_V3_PIDR4) {
        access->value = vgic_read_id(&dist_ids, offset - GICD_V3_PIDR4);
    }
}

/* The affinities are the vCPUs' numbers; an SPI of any other one is nobody's. */
static void set_route(struct vgic *vgic, uint32_t intid, uint64_t route)
{
    struct vgic_irq *irq = vgic_irq_of(vgic, 0, intid);

    route &= ROUTE_AFFINITY;
    if (irq->route != route) {
        irq->route = route;
        vgic_set_targets(vgic, intid, (uint8_t)(route < vgic->vcpu_count ? 1u << route : 0));
    }
}

/* IROUTER: 64 bits an SPI, as a whole or by halves. */
static void access_route(struct vgic *vgic, struct mmio_access *access)
{
    const uint32_t intid = (uint32_t)(access->offset - GICD_IROUTER) / 8;
    const uint32_t shift = (access->offset & 4) != 0 ? 32 : 0;

    if (intid < VGIC_PRIVATE_COUNT || intid >= vgic->irq_count) {
        return;
    }
    const uint64_t route = vgic_irq_of(vgic, 0, intid)->route;
    if (!access->is_write) {
        access->value = access->width_bytes == 8 ? route : (uint32_t)(route >> shift);
    } else if (access->width_bytes == 8) {
        set_route(vgic, intid, access->value);
    } else {
        const uint64_t other = shift != 0 ? route & UINT32_MAX : route & ~(uint64_t)UINT32_MAX;
        set_route(vgic, intid, other | (access->value & UINT32_MAX) << shift);
    }
}

static bool is_word(const struct mmio_access *access)
{
    return access->width_bytes == 4 && (access->offset & 3) == 0;
}

static bool is_priority(uint64_t offset)
{
    return offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR_END;
}

enum mmio_result vgic_v3_access(void *context, struct mmio_access *access)
{
    struct vgic *vgic = context;
    const uint64_t offset = access->offset;
    const bool doubleword = access->width_bytes == 8 && (offset & 7) == 0;

    if (!access->is_write) {
        access->value = 0;
    }
    if (access->vcpu >= vgic->vcpu_count) {
        return MMIO_DONE;
    }
    if (offset >= GICD_IROUTER && offset < GICD_IROUTER_END) {
        if (is_word(access) || doubleword) {
            access_route(vgic, access);
        }
    } else if (is_priority(offset) && (is_word(access) || access->width_bytes == 1)) {
        if (offset - GICD_IPRIORITYR >= VGIC_PRIVATE_COUNT) {
            vgic_access_bytes(vgic, access, &vgic_priority_ops, (uint32_t)offset - GICD_IPRIORITYR);
        }
    } else if (is_word(access)) {
        /* With affinity routing what the private interrupts have here is the redistributors'. */
        const bool is_private =
            (offset >= GICD_IGROUPR && offset < GICD_IPRIORITYR && (offset & 0x7c) == 0) ||
            (offset >= GICD_ICFGR && offset < GICD_ICFGR + 8);
        if (!is_private && (offset >= GICD_ICFGR_END || !vgic_access_bits(vgic, access, (uint32_t)offset))) {
            access_single(vgic, access);
        }
    }
    return MMIO_DONE;
}

static uint64_t read_redist_typer(const struct vgic *vgic, uint32_t vcpu)
{
    const uint64_t last = vcpu + 1 == vgic->vcpu_count ? REDIST_TYPER_LAST : 0;

    return (uint64_t)vcpu << REDIST_TYPER_AFFINITY_SHIFT | (uint64_t)vcpu << REDIST_TYPER_NUMBER_SHIFT | last;
}

/* First page: nothing in it can be set, as there are no LPIs and a vCPU's redistributor is always awake. */
static void read_control(const struct vgic *vgic, struct mmio_access *access, uint64_t offset)
{
    const uint64_t typer = read_redist_typer(vgic, access->vcpu);

    if (offset == GICR_TYPER && access->width_bytes == 8) {
        access->value = typer;
    } else if ((offset == GICR_TYPER || offset == GICR_TYPER + 4) && is_word(access)) {
        access->value = (uint32_t)(offset == GICR_TYPER ? typer : typer >> 32);
    } else if (offset == GICR_IIDR && is_word(access)) {
        access->value = GICD_IIDR_VALUE;
    } else if (offset >= GICD_V3_PIDR4 && is_word(access)) {
        access->value = vgic_read_id(&redist_ids, offset - GICD_V3_PIDR4);
    }
}

/* Second page: the private interrupts, where a distributor of a GICv2 has them. */
static void access_private(struct vgic *vgic, struct mmio_access *access, uint64_t offset)
{
    if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + VGIC_PRIVATE_COUNT) {
        if (is_word(access) || access->width_bytes == 1) {
            vgic_access_bytes(vgic, access, &vgic_priority_ops, (uint32_t)offset - GICD_IPRIORITYR);
        }
    } else if (is_word(access) && ((offset & 0x7c) == 0 || offset == GICD_ICFGR + 4) &&
               offset < GICD_ICFGR_END) {
        (void)vgic_access_bits(vgic, access, (uint32_t)offset);
    } else if (is_word(access) && offset >= GICD_V3_PIDR4 && !access->is_write) {
        access->value = vgic_read_id(&redist_ids, offset - GICD_V3_PIDR4);
    }
}

enum mmio_result vgic_v3_access_redist(void *context, struct mmio_access *access)
{
    struct vgic *vgic = context;
    const uint64_t offset = access->offset % VGIC_V3_REDIST_BYTES;

    if (!access->is_write) {
        access->value = 0;
    }
    /* Whose redistributor it is counts, not who accesses it. */
    access->vcpu = (uint32_t)(access->offset / VGIC_V3_REDIST_BYTES);
    if (access->vcpu >= vgic->vcpu_count) {
        return MMIO_DONE;
    }
    if (offset >= GICR_PRIVATE) {
        access_private(vgic, access, offset - GICR_PRIVATE);
    } else if (!access->is_write) {
        read_control(vgic, access, offset);
    }
    return MMIO_DONE;
}
