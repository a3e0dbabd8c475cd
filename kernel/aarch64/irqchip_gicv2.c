/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv2 (IHI 0048B): distributor and physical CPU interface (chapter 4), virtual interface control (5.3). */
#include "kernel/aarch64/irqchip.h"

#include "kernel/aarch64/mmio.h"
#include "kernel/aarch64/sysreg.h"

#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
#define GICD_ISENABLER 0x100u
#define GICD_ICENABLER 0x180u
#define GICD_ICPENDR 0x280u
#define GICD_ISACTIVER 0x300u
#define GICD_ICACTIVER 0x380u
#define GICD_IPRIORITYR 0x400u
#define GICD_ITARGETSR 0x800u
#define GICD_ICFGR 0xc00u
#define GICD_SGIR 0xf00u

#define GICC_CTLR 0x0000u
#define GICC_PMR 0x0004u
#define GICC_BPR 0x0008u
#define GICC_IAR 0x000cu
#define GICC_EOIR 0x0010u
#define GICC_APR0 0x00d0u
#define GICC_APR_COUNT 4u
#define GICC_DIR 0x1000u

#define GICC_CTLR_ENABLE 1u
#define GICC_CTLR_EOIMODE (1u << 9)
#define INTID_SPURIOUS 1020u
#define PRIORITY_ALL 0xa0a0a0a0u
#define TARGETS_SHIFT 16 /* of GICD_SGIR */

#define GICH_HCR 0x000u
#define GICH_VTR 0x004u
#define GICH_VMCR 0x008u
#define GICH_ELRSR0 0x030u
#define GICH_APR 0x0f0u
#define GICH_LR0 0x100u

#define HCR_EOICOUNT_SHIFT 27

static uint64_t gicd(const struct kernel *kernel)
{
    return kernel->desc->board.gicd_base;
}

static uint64_t gicc(const struct kernel *kernel)
{
    return kernel->desc->board.gicc_base;
}

static uint64_t gich(const struct core *core)
{
    return core->kernel->desc->board.gich_base;
}

uint32_t irqchip_kind(void)
{
    return SYSDESC_GIC_V2;
}

static void set_bit(const struct kernel *kernel, uint32_t registers, uint32_t intid)
{
    mmio_write(gicd(kernel) + registers + intid / 32 * 4, 1u << (intid % 32));
}

/* Interrupts first .. first + 31: off, inactive, not pending, one priority. */
static void reset_block(const struct kernel *kernel, uint32_t first)
{
    uint32_t offset = first / 32 * 4;

    mmio_write(gicd(kernel) + GICD_ICENABLER + offset, ~0u);
    mmio_write(gicd(kernel) + GICD_ICPENDR + offset, ~0u);
    mmio_write(gicd(kernel) + GICD_ICACTIVER + offset, ~0u);
    for (uint32_t i = 0; i < 32; i += 4) {
        mmio_write(gicd(kernel) + GICD_IPRIORITYR + first + i, PRIORITY_ALL);
    }
}

/* This core's bit where cores are named. The number of its interface is the GIC's own, and none of MPIDR's.
   The registers of the private interrupts have it in every byte; with one interface only they are 0. */
static uint8_t own_target(const struct kernel *kernel)
{
    const uint8_t own = (uint8_t)mmio_read(gicd(kernel) + GICD_ITARGETSR);

    return own != 0 ? own : 1;
}

void irqchip_init(struct kernel *kernel)
{
    uint32_t lines = ((mmio_read(gicd(kernel) + GICD_TYPER) & 0x1f) + 1) * 32;
    const uint32_t own = own_target(kernel) * 0x01010101u;

    mmio_write(gicd(kernel) + GICD_CTLR, 0);
    for (uint32_t first = 32; first < lines; first += 32) {
        reset_block(kernel, first);
        for (uint32_t i = 0; i < 32; i += 4) {
            mmio_write(gicd(kernel) + GICD_ITARGETSR + first + i, own);
        }
    }
    mmio_write(gicd(kernel) + GICD_CTLR, 1);
}

/* The GIC's system registers are off, for guests as well. A core may say that it has them and not answer, as
   its board has a GICv2 (QEMU's A64FX): then the vectors step over the instruction, which is known by its
   label. */
static void close_system_registers(void)
{
    __asm__ volatile(".global irqchip_sre_write\n"
                     "irqchip_sre_write:\n"
                     "    msr " SYSREG_STRING(SYSREG_ICC_SRE_EL2) ", xzr\n"
                                                                  "    isb" ::
                                                                      : "x0", "x1", "cc", "memory");
}

static void init_virtual(const struct core *core)
{
    const uint64_t base = gich(core);

    mmio_write(base + GICH_HCR, 0);
    mmio_write(base + GICH_VMCR, 0);
    mmio_write(base + GICH_APR, 0);
    for (uint32_t i = 0; i < (mmio_read(base + GICH_VTR) & 0x3f) + 1; i++) {
        mmio_write(base + GICH_LR0 + i * 4, 0);
    }
}

const char *irqchip_init_core(struct core *core)
{
    struct kernel *kernel = core->kernel;
    const struct sysdesc_board *board = &kernel->desc->board;

    if ((core->features.bits & FEATURES_GICV3) != 0) {
        close_system_registers();
    }
    core->irqchip.address = own_target(kernel);
    reset_block(kernel, 0);
    /* What the boot loader has taken and not ended would keep all of its priority and below away. */
    mmio_write(gicc(kernel) + GICC_CTLR, 0);
    for (uint32_t i = 0; i < GICC_APR_COUNT; i++) {
        mmio_write(gicc(kernel) + GICC_APR0 + i * 4, 0);
    }
    mmio_write(gicc(kernel) + GICC_PMR, 0xff);
    mmio_write(gicc(kernel) + GICC_BPR, 0);
    mmio_write(gicc(kernel) + GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
    set_bit(kernel, GICD_ISENABLER, IRQCHIP_SGI_KICK);
    set_bit(kernel, GICD_ISENABLER, board->vtimer_irq);
    set_bit(kernel, GICD_ISENABLER, board->hyptimer_irq);
    set_bit(kernel, GICD_ISENABLER, board->maintenance_irq);
    init_virtual(core);
    return NULL;
}

uint32_t irqchip_take(struct core *core)
{
    const uint32_t iar = mmio_read(gicc(core->kernel) + GICC_IAR);

    if ((iar & IRQCHIP_INTID_MASK) >= INTID_SPURIOUS) {
        return IRQCHIP_NOTHING;
    }
    mmio_write(gicc(core->kernel) + GICC_EOIR, iar);
    return iar;
}

void irqchip_deactivate(struct core *core, uint32_t taken)
{
    mmio_write(gicc(core->kernel) + GICC_DIR, taken);
}

void irqchip_resample_lines(const struct core *core)
{
    mmio_write(gicc(core->kernel) + GICC_PMR, 0xff);
}

bool irqchip_misses_lines(void)
{
    return true;
}

void arch_irq_enable(struct kernel *kernel, uint32_t intid, bool edge)
{
    uint64_t address = gicd(kernel) + GICD_ICFGR + intid / 16 * 4;
    uint32_t bit = 2u << (intid % 16 * 2);
    uint32_t config = mmio_read(address);

    mmio_write(address, edge ? config | bit : config & ~bit);
    set_bit(kernel, GICD_ISENABLER, intid);
}

void arch_irq_route(struct core *to, uint32_t intid)
{
    /* A byte of its own: no other interrupt's is written. */
    mmio_write8(gicd(to->kernel) + GICD_ITARGETSR + intid, (uint8_t)to->irqchip.address);
}

void arch_irq_deactivate(struct kernel *kernel, uint32_t intid)
{
    mmio_write(gicc(kernel) + GICC_DIR, intid);
}

bool irqchip_is_active(struct core *core, uint32_t intid)
{
    return (mmio_read(gicd(core->kernel) + GICD_ISACTIVER + intid / 32 * 4) >> (intid % 32) & 1) != 0;
}

void irqchip_set_active(struct core *core, uint32_t intid, bool active)
{
    set_bit(core->kernel, active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

void irqchip_kick(struct core *target)
{
    /* The notification word has to be there before the interrupt is. */
    __asm__ volatile("dsb ishst" ::: "memory");
    mmio_write(gicd(target->kernel) + GICD_SGIR,
               (uint32_t)target->irqchip.address << TARGETS_SHIFT | IRQCHIP_SGI_KICK);
}

uint32_t irqchip_lr_count(const struct core *core)
{
    return (mmio_read(gich(core) + GICH_VTR) & 0x3f) + 1;
}

void irqchip_write_hcr(const struct core *core, uint32_t value)
{
    mmio_write(gich(core) + GICH_HCR, value);
}

uint32_t irqchip_eoi_count(const struct core *core)
{
    return mmio_read(gich(core) + GICH_HCR) >> HCR_EOICOUNT_SHIFT;
}

uint32_t irqchip_empty_lrs(const struct core *core)
{
    return mmio_read(gich(core) + GICH_ELRSR0);
}

uint32_t irqchip_read_lr(const struct core *core, uint32_t index)
{
    return mmio_read(gich(core) + GICH_LR0 + index * 4);
}

void irqchip_write_lr(const struct core *core, uint32_t index, uint32_t value)
{
    mmio_write(gich(core) + GICH_LR0 + index * 4, value);
}

void irqchip_load(const struct core *core, const struct arch_virq_regs *regs)
{
    mmio_write(gich(core) + GICH_VMCR, regs->vmcr);
    mmio_write(gich(core) + GICH_APR, regs->active0[0]);
}

void irqchip_unload(const struct core *core, struct arch_virq_regs *regs)
{
    regs->vmcr = mmio_read(gich(core) + GICH_VMCR);
    regs->active0[0] = mmio_read(gich(core) + GICH_APR);
}
