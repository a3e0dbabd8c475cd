/* SPDX-License-Identifier: BSD-2-Clause */
/* The state behind the registers of both kinds of distributor, and what the platform is told of it. */
#include "vmm/vgic/vgic.h"

#include <stddef.h>

#include "vmm/platform.h"
#include "vmm/vgic/vgic_regs.h"
#include "vmm/vgic/vgic_state.h"

/* If this VMM has been started again, the platform still has the SPIs where its last guest has put them. */
static void collect_spis(const struct vgic *vgic)
{
    for (uint32_t intid = VGIC_PRIVATE_COUNT; intid < vgic->irq_count; intid++) {
        for (uint32_t vcpu = 1; vcpu < vgic->vcpu_count; vcpu++) {
            platform_virq_move(vcpu, intid, 0);
        }
        platform_virq_set_level(0, intid, false);
    }
}

enum err vgic_init_kind(struct vgic *vgic, bool is_v3, uint32_t vcpu_count, uint32_t spi_count)
{
    if (vcpu_count == 0 || vcpu_count > VMM_CONFIG_MAX_VCPUS) {
        return ERR_RANGE;
    }
    if (spi_count % 32 != 0 || spi_count > 992) {
        return ERR_RANGE;
    }
    const uint32_t irq_count = VGIC_PRIVATE_COUNT + spi_count;
    *vgic = (struct vgic){.vcpu_count = vcpu_count, .is_v3 = is_v3};
    vgic->irq_count = irq_count < VGIC_MAX_INTIDS ? irq_count : VGIC_MAX_INTIDS;
    collect_spis(vgic);
    vgic_reset(vgic);
    return ERR_OK;
}

struct vgic_irq *vgic_irq_of(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    return intid < VGIC_PRIVATE_COUNT ? &vgic->private_irqs[vcpu][intid]
                                      : &vgic->spis[intid - VGIC_PRIVATE_COUNT];
}

/* The vCPU that has the interrupt. An SPI goes to the first of its targets; with none, vCPU 0 keeps it. */
static uint32_t owner(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    if (intid < VGIC_PRIVATE_COUNT) {
        return vcpu;
    }
    const uint8_t targets = vgic_irq_of(vgic, vcpu, intid)->targets;
    return targets == 0 ? 0 : (uint32_t)__builtin_ctz(targets);
}

static bool is_forwarded(const struct vgic *vgic, const struct vgic_irq *irq)
{
    return (vgic->groups >> (irq->group1 ? 1 : 0) & 1) != 0;
}

/* An SPI without a target is not forwarded anywhere (IHI 0048B 4.3.12), which is as if it were disabled. Nor
   is one of a group that is off, while the other one is on. */
static void configure(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    const struct vgic_irq *irq = vgic_irq_of(vgic, vcpu, intid);
    const bool reachable = intid < VGIC_PRIVATE_COUNT || irq->targets != 0;
    const struct platform_virq virq = {.enabled = irq->enabled && reachable &&
                                                  (!vgic->is_v3 || is_forwarded(vgic, irq)),
                                       .edge = irq->edge,
                                       .group1 = irq->group1,
                                       .priority = irq->priority};

    platform_virq_configure(owner(vgic, vcpu, intid), intid, &virq);
}

static void reset_irq(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    struct vgic_irq *irq = vgic_irq_of(vgic, vcpu, intid);
    const bool is_sgi = intid < VGIC_SGI_COUNT;

    if (irq->line) {
        platform_virq_set_level(owner(vgic, vcpu, intid), intid, false);
    }
    platform_virq_unpend(owner(vgic, vcpu, intid), intid, PLATFORM_ALL_SOURCES);
    platform_virq_set_active(owner(vgic, vcpu, intid), intid, false);
    if (intid >= VGIC_PRIVATE_COUNT && owner(vgic, vcpu, intid) != 0) {
        platform_virq_move(owner(vgic, vcpu, intid), intid, 0);
    }
    *irq = (struct vgic_irq){.enabled = is_sgi, .edge = is_sgi, .group1 = vgic->is_v3};
    if (intid >= VGIC_PRIVATE_COUNT) {
        irq->targets = 1;
    }
    configure(vgic, vcpu, intid);
}

void vgic_reset(struct vgic *vgic)
{
    vgic->groups = 0;
    for (uint32_t vcpu = 0; vcpu < vgic->vcpu_count; vcpu++) {
        platform_virq_enable(vcpu, false);
        for (uint32_t intid = 0; intid < VGIC_PRIVATE_COUNT; intid++) {
            reset_irq(vgic, vcpu, intid);
        }
    }
    for (uint32_t intid = VGIC_PRIVATE_COUNT; intid < vgic->irq_count; intid++) {
        reset_irq(vgic, 0, intid);
    }
}

void vgic_set_line(struct vgic *vgic, uint32_t intid, bool high)
{
    if (intid < VGIC_PRIVATE_COUNT || intid >= vgic->irq_count) {
        return;
    }
    struct vgic_irq *irq = vgic_irq_of(vgic, 0, intid);
    if (irq->line != high) {
        irq->line = high;
        platform_virq_set_level(owner(vgic, 0, intid), intid, high);
    }
}

void vgic_pend(struct vgic *vgic, uint32_t intid)
{
    if (intid >= VGIC_PRIVATE_COUNT && intid < vgic->irq_count) {
        platform_virq_pend(owner(vgic, 0, intid), intid, 0);
    }
}

uint32_t vgic_spi_owner(struct vgic *vgic, uint32_t intid)
{
    return intid >= VGIC_PRIVATE_COUNT && intid < vgic->irq_count ? owner(vgic, 0, intid) : 0;
}

void vgic_pend_deferred(struct vgic *vgic, uint32_t intid, uint32_t delay_us)
{
    if (intid >= VGIC_PRIVATE_COUNT && intid < vgic->irq_count) {
        platform_virq_pend_deferred(owner(vgic, 0, intid), intid, delay_us);
    }
}

/* Registers with one bit an interrupt: 32 of them from INTID `first`. */

static bool has_bit(const struct vgic *vgic, uint32_t intid)
{
    return intid < vgic->irq_count;
}

static bool get_enabled(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    return vgic_irq_of(vgic, vcpu, intid)->enabled;
}

static void set_enabled(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool on)
{
    struct vgic_irq *irq = vgic_irq_of(vgic, vcpu, intid);

    /* A GICv2's SGIs are permanently enabled, as IHI 0048B 4.3.5 allows. */
    if ((vgic->is_v3 || intid >= VGIC_SGI_COUNT) && irq->enabled != on) {
        irq->enabled = on;
        configure(vgic, vcpu, intid);
    }
}

static bool get_pending(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    return platform_virq_is_pending(owner(vgic, vcpu, intid), intid);
}

static void set_pending(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool on)
{
    /* A GICv2's SGIs are pended through SGIR and SPENDSGIR only (IHI 0048B 4.3.7). */
    if (!vgic->is_v3 && intid < VGIC_SGI_COUNT) {
        return;
    }
    if (on) {
        platform_virq_pend(owner(vgic, vcpu, intid), intid, 0);
    } else {
        platform_virq_unpend(owner(vgic, vcpu, intid), intid, PLATFORM_ALL_SOURCES);
    }
}

static bool get_active(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    return platform_virq_is_active(owner(vgic, vcpu, intid), intid);
}

static void set_active(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool on)
{
    platform_virq_set_active(owner(vgic, vcpu, intid), intid, on);
}

/* A GICv2's are all in group 0: there is one security state, and the register reads as zero. */
static bool get_group(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    return vgic_irq_of(vgic, vcpu, intid)->group1;
}

static void set_group(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool group1)
{
    struct vgic_irq *irq = vgic_irq_of(vgic, vcpu, intid);

    if (vgic->is_v3 && irq->group1 != group1) {
        irq->group1 = group1;
        configure(vgic, vcpu, intid);
    }
}

/* A pair of set/clear registers over one bit per interrupt. */
struct bit_ops {
    bool (*get)(struct vgic *vgic, uint32_t vcpu, uint32_t intid);
    void (*set)(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool on);
};

static const struct bit_ops enable_ops = {get_enabled, set_enabled};
static const struct bit_ops pending_ops = {get_pending, set_pending};
static const struct bit_ops active_ops = {get_active, set_active};

/* A register whose bits are the state itself: what is written as 0 is cleared. */
static void access_groups(struct vgic *vgic, struct mmio_access *access, uint32_t first)
{
    for (uint32_t bit = 0; bit < 32 && has_bit(vgic, first + bit); bit++) {
        if (access->is_write) {
            set_group(vgic, access->vcpu, first + bit, (access->value >> bit & 1) != 0);
        } else {
            access->value |= (uint64_t)get_group(vgic, access->vcpu, first + bit) << bit;
        }
    }
}

static void access_bits(struct vgic *vgic, struct mmio_access *access, const struct bit_ops *ops,
                        uint32_t first, bool on)
{
    for (uint32_t bit = 0; bit < 32; bit++) {
        if (!has_bit(vgic, first + bit)) {
            break;
        }
        if (!access->is_write) {
            access->value |= (uint64_t)ops->get(vgic, access->vcpu, first + bit) << bit;
        } else if ((access->value >> bit & 1) != 0) {
            ops->set(vgic, access->vcpu, first + bit, on);
        }
    }
}

/* Registers with one byte an interrupt. */

static uint8_t get_priority(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    return vgic_irq_of(vgic, vcpu, intid)->priority;
}

static void set_priority(struct vgic *vgic, uint32_t vcpu, uint32_t intid, uint8_t value)
{
    struct vgic_irq *irq = vgic_irq_of(vgic, vcpu, intid);

    value &= VGIC_PRIORITY_MASK;
    if (irq->priority != value) {
        irq->priority = value;
        configure(vgic, vcpu, intid);
    }
}

const struct vgic_byte_ops vgic_priority_ops = {get_priority, set_priority};

void vgic_set_targets(struct vgic *vgic, uint32_t intid, uint8_t targets)
{
    struct vgic_irq *irq = vgic_irq_of(vgic, 0, intid);
    const uint32_t from = owner(vgic, 0, intid);
    irq->targets = targets;
    const uint32_t to = owner(vgic, 0, intid);
    if (from != to) {
        platform_virq_move(from, intid, to);
    }
    configure(vgic, 0, intid);
}

static void configure_enabled(struct vgic *vgic, uint32_t vcpu, uint32_t first, uint32_t end)
{
    for (uint32_t intid = first; intid < end; intid++) {
        if (vgic_irq_of(vgic, vcpu, intid)->enabled) {
            configure(vgic, vcpu, intid);
        }
    }
}

void vgic_enable_groups(struct vgic *vgic, uint32_t groups)
{
    const uint32_t before = vgic->groups;

    if (before == groups) {
        return;
    }
    vgic->groups = groups;
    for (uint32_t vcpu = 0; vcpu < vgic->vcpu_count; vcpu++) {
        if (vgic->is_v3) {
            configure_enabled(vgic, vcpu, 0, VGIC_PRIVATE_COUNT);
        }
    }
    if (vgic->is_v3) {
        configure_enabled(vgic, 0, VGIC_PRIVATE_COUNT, vgic->irq_count);
    }
    for (uint32_t vcpu = 0; vcpu < vgic->vcpu_count && (before == 0 || groups == 0); vcpu++) {
        platform_virq_enable(vcpu, groups != 0);
    }
}

void vgic_access_bytes(struct vgic *vgic, struct mmio_access *access, const struct vgic_byte_ops *ops,
                       uint32_t first)
{
    for (uint32_t i = 0; i < access->width_bytes && has_bit(vgic, first + i); i++) {
        if (access->is_write) {
            ops->set(vgic, access->vcpu, first + i, (uint8_t)(access->value >> (8 * i)));
        } else {
            access->value |= (uint64_t)ops->get(vgic, access->vcpu, first + i) << (8 * i);
        }
    }
}

/* ICFGR: two bits an interrupt, the upper one says edge (IHI 0048B 4.3.13). */
static void access_config(struct vgic *vgic, struct mmio_access *access, uint32_t first)
{
    for (uint32_t i = 0; i < 16 && has_bit(vgic, first + i); i++) {
        struct vgic_irq *irq = vgic_irq_of(vgic, access->vcpu, first + i);
        const unsigned int bit = 2 * i + 1;
        if (!access->is_write) {
            access->value |= (uint64_t)irq->edge << bit;
            continue;
        }
        const bool edge = (access->value >> bit & 1) != 0;
        if (first + i >= VGIC_SGI_COUNT && irq->edge != edge) {
            irq->edge = edge;
            configure(vgic, access->vcpu, first + i);
        }
    }
}

bool vgic_access_bits(struct vgic *vgic, struct mmio_access *access, uint32_t offset)
{
    /* INTID of bit 0 where a register has a bit an interrupt. */
    const uint32_t first = (offset & 0x7f) * 8;

    switch (offset & ~0x7fu) {
    case GICD_IGROUPR:
        access_groups(vgic, access, first);
        return true;
    case GICD_ISENABLER:
        access_bits(vgic, access, &enable_ops, first, true);
        return true;
    case GICD_ICENABLER:
        access_bits(vgic, access, &enable_ops, first, false);
        return true;
    case GICD_ISPENDR:
        access_bits(vgic, access, &pending_ops, first, true);
        return true;
    case GICD_ICPENDR:
        access_bits(vgic, access, &pending_ops, first, false);
        return true;
    case GICD_ISACTIVER:
        access_bits(vgic, access, &active_ops, first, true);
        return true;
    case GICD_ICACTIVER:
        access_bits(vgic, access, &active_ops, first, false);
        return true;
    default:
        break;
    }
    if (offset >= GICD_ICFGR && offset < GICD_ICFGR_END) {
        access_config(vgic, access, (offset - GICD_ICFGR) * 4);
        return true;
    }
    return false;
}
