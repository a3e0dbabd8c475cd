/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vgic/vgic.h"

#include <stddef.h>

#include "vmm/platform.h"
#include "vmm/vgic/vgic_regs.h"

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

enum err vgic_init(struct vgic *vgic, uint32_t vcpu_count, uint32_t spi_count)
{
    if (vcpu_count == 0 || vcpu_count > VMM_CONFIG_MAX_VCPUS) {
        return ERR_RANGE;
    }
    if (spi_count % 32 != 0 || spi_count > 992) {
        return ERR_RANGE;
    }
    const uint32_t irq_count = VGIC_PRIVATE_COUNT + spi_count;
    *vgic = (struct vgic){.vcpu_count = vcpu_count};
    vgic->irq_count = irq_count < VGIC_MAX_INTIDS ? irq_count : VGIC_MAX_INTIDS;
    collect_spis(vgic);
    vgic_reset(vgic);
    return ERR_OK;
}

static struct vgic_irq *find(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
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
    const uint8_t targets = find(vgic, vcpu, intid)->targets;
    return targets == 0 ? 0 : (uint32_t)__builtin_ctz(targets);
}

/* An SPI without a target is not forwarded anywhere (IHI 0048B 4.3.12), which is as if it were disabled. */
static void configure(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    const struct vgic_irq *irq = find(vgic, vcpu, intid);
    const bool reachable = intid < VGIC_PRIVATE_COUNT || irq->targets != 0;
    const struct platform_virq virq = {
        .enabled = irq->enabled && reachable, .edge = irq->edge, .priority = irq->priority};

    platform_virq_configure(owner(vgic, vcpu, intid), intid, &virq);
}

static void reset_irq(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    struct vgic_irq *irq = find(vgic, vcpu, intid);
    const bool is_sgi = intid < VGIC_SGI_COUNT;

    if (irq->line) {
        platform_virq_set_level(owner(vgic, vcpu, intid), intid, false);
    }
    platform_virq_unpend(owner(vgic, vcpu, intid), intid, PLATFORM_ALL_SOURCES);
    platform_virq_set_active(owner(vgic, vcpu, intid), intid, false);
    if (intid >= VGIC_PRIVATE_COUNT && owner(vgic, vcpu, intid) != 0) {
        platform_virq_move(owner(vgic, vcpu, intid), intid, 0);
    }
    *irq = (struct vgic_irq){.enabled = is_sgi, .edge = is_sgi};
    if (intid >= VGIC_PRIVATE_COUNT) {
        irq->targets = 1;
    }
    configure(vgic, vcpu, intid);
}

void vgic_reset(struct vgic *vgic)
{
    vgic->enabled = false;
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
    struct vgic_irq *irq = find(vgic, 0, intid);
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
    return find(vgic, vcpu, intid)->enabled;
}

static void set_enabled(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool on)
{
    struct vgic_irq *irq = find(vgic, vcpu, intid);

    /* SGIs are permanently enabled, as 4.3.5 allows. */
    if (intid >= VGIC_SGI_COUNT && irq->enabled != on) {
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
    /* SGIs are pended through SGIR and SPENDSGIR only (4.3.7). */
    if (intid < VGIC_SGI_COUNT) {
        return;
    }
    if (on) {
        platform_virq_pend(owner(vgic, vcpu, intid), intid, 0);
    } else {
        platform_virq_unpend(owner(vgic, vcpu, intid), intid, 0);
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

/* A pair of set/clear registers over one bit per interrupt. */
struct bit_ops {
    bool (*get)(struct vgic *vgic, uint32_t vcpu, uint32_t intid);
    void (*set)(struct vgic *vgic, uint32_t vcpu, uint32_t intid, bool on);
};

static const struct bit_ops enable_ops = {get_enabled, set_enabled};
static const struct bit_ops pending_ops = {get_pending, set_pending};
static const struct bit_ops active_ops = {get_active, set_active};

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
    return find(vgic, vcpu, intid)->priority;
}

static void set_priority(struct vgic *vgic, uint32_t vcpu, uint32_t intid, uint8_t value)
{
    struct vgic_irq *irq = find(vgic, vcpu, intid);

    value &= VGIC_PRIORITY_MASK;
    if (irq->priority != value) {
        irq->priority = value;
        configure(vgic, vcpu, intid);
    }
}

static uint8_t get_targets(struct vgic *vgic, uint32_t vcpu, uint32_t intid)
{
    /* Private ones name the reader: that is how a guest finds its own CPU number (4.3.12). */
    if (intid < VGIC_PRIVATE_COUNT) {
        return (uint8_t)(1u << vcpu);
    }
    return find(vgic, vcpu, intid)->targets;
}

static void set_targets(struct vgic *vgic, uint32_t vcpu, uint32_t intid, uint8_t value)
{
    if (intid < VGIC_PRIVATE_COUNT) {
        return;
    }
    struct vgic_irq *irq = find(vgic, vcpu, intid);
    const uint32_t from = owner(vgic, vcpu, intid);
    irq->targets = value & (uint8_t)((1u << vgic->vcpu_count) - 1);
    const uint32_t to = owner(vgic, vcpu, intid);
    if (from != to) {
        platform_virq_move(from, intid, to);
    }
    configure(vgic, vcpu, intid);
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

struct byte_ops {
    uint8_t (*get)(struct vgic *vgic, uint32_t vcpu, uint32_t intid);
    void (*set)(struct vgic *vgic, uint32_t vcpu, uint32_t intid, uint8_t value);
};

static const struct byte_ops priority_ops = {get_priority, set_priority};
static const struct byte_ops target_ops = {get_targets, set_targets};
static const struct byte_ops clear_sgi_ops = {get_sgi_sources, clear_sgi_sources};
static const struct byte_ops set_sgi_ops = {get_sgi_sources, set_sgi_sources};

static void access_bytes(struct vgic *vgic, struct mmio_access *access, const struct byte_ops *ops,
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

/* ICFGR: two bits an interrupt, the upper one says edge (4.3.13). */
static void access_config(struct vgic *vgic, struct mmio_access *access, uint32_t first)
{
    for (uint32_t i = 0; i < 16 && has_bit(vgic, first + i); i++) {
        struct vgic_irq *irq = find(vgic, access->vcpu, first + i);
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

static void write_ctlr(struct vgic *vgic, uint64_t value)
{
    const bool enabled = (value & 1) != 0;

    if (vgic->enabled != enabled) {
        vgic->enabled = enabled;
        for (uint32_t vcpu = 0; vcpu < vgic->vcpu_count; vcpu++) {
            platform_virq_enable(vcpu, enabled);
        }
    }
}

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

static uint32_t read_id(uint32_t offset)
{
    /* PIDR4..7, PIDR0..3, CIDR0..3 of a GICv2 (4.3.18): 32-bit words with a byte each. */
    static const uint8_t ids[] = {0x04, 0x00, 0x00, 0x00, 0x90, 0xb4, 0x2b, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    return ids[(offset - GICD_PIDR4) / 4];
}

static void access_single(struct vgic *vgic, struct mmio_access *access)
{
    const uint32_t offset = (uint32_t)access->offset;

    if (access->is_write) {
        if (offset == GICD_CTLR) {
            write_ctlr(vgic, access->value);
        } else if (offset == GICD_SGIR) {
            write_sgir(vgic, access->vcpu, access->value);
        }
    } else if (offset == GICD_CTLR) {
        access->value = vgic->enabled;
    } else if (offset == GICD_TYPER) {
        access->value = read_typer(vgic);
    } else if (offset == GICD_IIDR) {
        access->value = GICD_IIDR_VALUE;
    } else if (offset >= GICD_PIDR4) {
        access->value = read_id(offset);
    }
}

static void access_word(struct vgic *vgic, struct mmio_access *access)
{
    const uint32_t offset = (uint32_t)access->offset;
    /* INTID of bit 0 where a register has a bit an interrupt. */
    const uint32_t first = (offset & 0x7f) * 8;

    switch (offset & ~0x7fu) {
    case GICD_ISENABLER:
        access_bits(vgic, access, &enable_ops, first, true);
        break;
    case GICD_ICENABLER:
        access_bits(vgic, access, &enable_ops, first, false);
        break;
    case GICD_ISPENDR:
        access_bits(vgic, access, &pending_ops, first, true);
        break;
    case GICD_ICPENDR:
        access_bits(vgic, access, &pending_ops, first, false);
        break;
    case GICD_ISACTIVER:
        access_bits(vgic, access, &active_ops, first, true);
        break;
    case GICD_ICACTIVER:
        access_bits(vgic, access, &active_ops, first, false);
        break;
    default:
        if (offset >= GICD_ICFGR && offset < GICD_ICFGR_END) {
            access_config(vgic, access, (offset - GICD_ICFGR) * 4);
        } else {
            access_single(vgic, access);
        }
        break;
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
        access_bytes(vgic, access, &priority_ops, (uint32_t)offset - GICD_IPRIORITYR);
    } else if (offset >= GICD_ITARGETSR && offset < GICD_ITARGETSR_END) {
        access_bytes(vgic, access, &target_ops, (uint32_t)offset - GICD_ITARGETSR);
    } else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR) {
        access_bytes(vgic, access, &clear_sgi_ops, (uint32_t)offset - GICD_CPENDSGIR);
    } else if (offset >= GICD_SPENDSGIR && offset < GICD_SPENDSGIR_END) {
        access_bytes(vgic, access, &set_sgi_ops, (uint32_t)offset - GICD_SPENDSGIR);
    } else if (word) {
        access_word(vgic, access);
    }
    return MMIO_DONE;
}
