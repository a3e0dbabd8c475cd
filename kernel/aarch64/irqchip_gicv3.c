/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv3 (IHI 0069H): distributor and redistributors (chapter 12.9, 12.11), CPU interface and virtual
   interface in system registers (12.2, 12.4). All interrupts are in group 1 of the non-secure world, or of
   the only one. */
#include "kernel/aarch64/irqchip.h"

#include "kernel/aarch64/mmio.h"
#include "kernel/aarch64/sysreg.h"

#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
/* These are in the second page of a redistributor, too. */
#define IGROUPR 0x080u
#define ISENABLER 0x100u
#define ICENABLER 0x180u
#define ICPENDR 0x280u
#define ISACTIVER 0x300u
#define ICACTIVER 0x380u
#define IPRIORITYR 0x400u
#define ICFGR 0xc00u
#define GICD_IROUTER 0x6000u

#define GICD_CTLR_ENABLE 3u /* group 1, in either view of the register */
#define GICD_CTLR_ARE (1u << 4)
#define GICD_CTLR_RWP (1u << 31)

#define GICR_CTLR 0x000u
#define GICR_TYPER 0x008u
#define GICR_WAKER 0x014u
#define GICR_PRIVATE 0x10000u /* the second page */
#define GICR_FRAME_BYTES 0x20000u
#define GICR_FRAME_V4_BYTES 0x40000u
#define GICR_CTLR_RWP (1u << 3)
#define GICR_TYPER_VLPIS (1ull << 1)
#define GICR_TYPER_LAST (1ull << 4)
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)

#define PRIORITY_ALL 0xa0a0a0a0u
#define INTID_SPURIOUS 1020u
#define LAST_INTID 1019u
#define WAIT_TURNS 1000000u /* a register that takes longer belongs to a broken machine */

#define SRE_ON                                                                                               \
    7ull /* system registers, no bypass; EL1's own enable stays off, so that its ICC_SRE_EL1 traps */
#define ICC_CTLR_EOIMODE (1ull << 1)
#define ICH_HCR_EOICOUNT_SHIFT 27
#define ICH_LR_PHYSICAL_SHIFT 32
#define ICH_LR_EOI (1ull << 41)
#define ICH_LR_PRIORITY_SHIFT 51 /* of the five bits that an LR of virq.h has */
#define ICH_LR_GROUP1 (1ull << 60)
#define ICH_LR_HW (1ull << 61)
#define ICH_LR_STATE_SHIFT 62
#define LR_PRIORITY_MASK 0x1full
#define LR_STATE_SHIFT 28
#define LR_STATE_MASK 3ull

#define SYSREG_ICC_PMR_EL1 s3_0_c4_c6_0
#define SYSREG_ICC_AP1R0_EL1 s3_0_c12_c9_0
#define SYSREG_ICC_AP1R1_EL1 s3_0_c12_c9_1
#define SYSREG_ICC_AP1R2_EL1 s3_0_c12_c9_2
#define SYSREG_ICC_AP1R3_EL1 s3_0_c12_c9_3
#define SYSREG_ICC_DIR_EL1 s3_0_c12_c11_1
#define SYSREG_ICC_SGI1R_EL1 s3_0_c12_c11_5
#define SYSREG_ICC_IAR1_EL1 s3_0_c12_c12_0
#define SYSREG_ICC_EOIR1_EL1 s3_0_c12_c12_1
#define SYSREG_ICC_BPR1_EL1 s3_0_c12_c12_3
#define SYSREG_ICC_CTLR_EL1 s3_0_c12_c12_4
#define SYSREG_ICC_SRE_EL1 s3_0_c12_c12_5
#define SYSREG_ICC_IGRPEN1_EL1 s3_0_c12_c12_7
#define SYSREG_ICH_AP0R0_EL2 s3_4_c12_c8_0
#define SYSREG_ICH_AP0R1_EL2 s3_4_c12_c8_1
#define SYSREG_ICH_AP0R2_EL2 s3_4_c12_c8_2
#define SYSREG_ICH_AP0R3_EL2 s3_4_c12_c8_3
#define SYSREG_ICH_AP1R0_EL2 s3_4_c12_c9_0
#define SYSREG_ICH_AP1R1_EL2 s3_4_c12_c9_1
#define SYSREG_ICH_AP1R2_EL2 s3_4_c12_c9_2
#define SYSREG_ICH_AP1R3_EL2 s3_4_c12_c9_3
#define SYSREG_ICH_HCR_EL2 s3_4_c12_c11_0
#define SYSREG_ICH_VTR_EL2 s3_4_c12_c11_1
#define SYSREG_ICH_ELRSR_EL2 s3_4_c12_c11_5
#define SYSREG_ICH_VMCR_EL2 s3_4_c12_c11_7

/* The list registers are named by their instructions: ICH_LR0_EL2 to 7 are CRm 12, 8 to 15 CRm 13. */
#define LR_CASES(DO)                                                                                         \
    DO(0, s3_4_c12_c12_0)                                                                                    \
    DO(1, s3_4_c12_c12_1)                                                                                    \
    DO(2, s3_4_c12_c12_2)                                                                                    \
    DO(3, s3_4_c12_c12_3)                                                                                    \
    DO(4, s3_4_c12_c12_4)                                                                                    \
    DO(5, s3_4_c12_c12_5)                                                                                    \
    DO(6, s3_4_c12_c12_6)                                                                                    \
    DO(7, s3_4_c12_c12_7)                                                                                    \
    DO(8, s3_4_c12_c13_0)                                                                                    \
    DO(9, s3_4_c12_c13_1)                                                                                    \
    DO(10, s3_4_c12_c13_2)                                                                                   \
    DO(11, s3_4_c12_c13_3)                                                                                   \
    DO(12, s3_4_c12_c13_4)                                                                                   \
    DO(13, s3_4_c12_c13_5)                                                                                   \
    DO(14, s3_4_c12_c13_6)                                                                                   \
    DO(15, s3_4_c12_c13_7)

static uint64_t gicd(const struct kernel *kernel)
{
    return kernel->desc->board.gicd_base;
}

uint32_t irqchip_kind(void)
{
    return SYSDESC_GIC_V3;
}

bool irqchip_misses_lines(void)
{
    return false;
}

void irqchip_resample_lines(const struct core *core)
{
    (void)core;
}

/* Until `bits` of the register at `address` are 0. False: they never are. */
static bool wait_clear(uint64_t address, uint32_t bits)
{
    for (uint32_t i = 0; i < WAIT_TURNS; i++) {
        if ((mmio_read(address) & bits) == 0) {
            return true;
        }
    }
    return false;
}

/* Interrupts first .. first + 31 of the distributor or, with first 0, of a redistributor: off, inactive, not
   pending, of group 1, one priority. Where there is a secure world, it alone says which are group 1. */
static void reset_block(uint64_t base, uint32_t first)
{
    uint32_t offset = first / 32 * 4;

    mmio_write(base + ICENABLER + offset, ~0u);
    mmio_write(base + ICPENDR + offset, ~0u);
    mmio_write(base + ICACTIVER + offset, ~0u);
    mmio_write(base + IGROUPR + offset, ~0u);
    for (uint32_t i = 0; i < 32; i += 4) {
        mmio_write(base + IPRIORITYR + first + i, PRIORITY_ALL);
    }
}

/* This core's affinity as registers of the distributor have it: that of MPIDR_EL1. */
static uint64_t own_affinity(void)
{
    return SYSREG_READ(mpidr_el1) & 0xff00ffffffull;
}

void irqchip_init(struct kernel *kernel)
{
    const uint64_t base = gicd(kernel);
    uint32_t lines = ((mmio_read(base + GICD_TYPER) & 0x1f) + 1) * 32;

    mmio_write(base + GICD_CTLR, 0);
    (void)wait_clear(base + GICD_CTLR, GICD_CTLR_RWP);
    mmio_write(base + GICD_CTLR, GICD_CTLR_ARE);
    for (uint32_t first = 32; first < lines; first += 32) {
        reset_block(base, first);
        for (uint32_t i = first; i < first + 32 && i <= LAST_INTID; i++) {
            mmio_write64(base + GICD_IROUTER + i * 8, own_affinity());
        }
    }
    (void)wait_clear(base + GICD_CTLR, GICD_CTLR_RWP);
    mmio_write(base + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_ENABLE);
    (void)wait_clear(base + GICD_CTLR, GICD_CTLR_RWP);
}

/* The redistributor of this core: the one with its affinity. 0: there is none. */
static uint64_t find_redistributor(const struct sysdesc_board *board)
{
    const uint64_t affinity = own_affinity();
    const uint64_t wanted = (affinity >> 32 & 0xff) << 24 | (affinity & 0xffffff);
    uint64_t offset = 0;

    while (offset < board->gicr_bytes) {
        const uint64_t type = mmio_read64(board->gicr_base + offset + GICR_TYPER);

        if (type >> 32 == wanted) {
            return board->gicr_base + offset;
        }
        if ((type & GICR_TYPER_LAST) != 0) {
            break;
        }
        offset += (type & GICR_TYPER_VLPIS) != 0 ? GICR_FRAME_V4_BYTES : GICR_FRAME_BYTES;
    }
    return 0;
}

static const char *init_redistributor(struct core *core)
{
    const struct sysdesc_board *board = &core->kernel->desc->board;
    const uint64_t frame = find_redistributor(board);
    const uint64_t base = frame + GICR_PRIVATE;

    if (frame == 0) {
        return "no redistributor of the board's GICv3 is this core's";
    }
    core->irqchip.redistributor = base;
    mmio_write(frame + GICR_WAKER, mmio_read(frame + GICR_WAKER) & ~GICR_WAKER_SLEEP);
    if (!wait_clear(frame + GICR_WAKER, GICR_WAKER_ASLEEP)) {
        return "the core's GICv3 redistributor does not wake";
    }
    reset_block(base, 0);
    mmio_write(base + ICFGR + 4, 0); /* private peripherals: levels */
    (void)wait_clear(frame + GICR_CTLR, GICR_CTLR_RWP);
    mmio_write(base + ISENABLER, 1u << IRQCHIP_SGI_KICK | 1u << board->vtimer_irq |
                                     1u << board->hyptimer_irq | 1u << board->maintenance_irq);
    return NULL;
}

/* How many words of active priorities there are for so many bits of priorities. */
static uint32_t active_words(uint32_t bits)
{
    return bits > 5 ? 1u << (bits - 5) : 1;
}

static void init_cpu_interface(void)
{
    SYSREG_WRITE(SYSREG_ICC_IGRPEN1_EL1, 0);
    const uint32_t words = active_words((uint32_t)(SYSREG_READ(SYSREG_ICC_CTLR_EL1) >> 8 & 7) + 1);

    /* What the boot loader has taken and not ended would keep all of its priority and below away. */
    SYSREG_WRITE(SYSREG_ICC_AP1R0_EL1, 0);
    if (words > 1) {
        SYSREG_WRITE(SYSREG_ICC_AP1R1_EL1, 0);
    }
    if (words > 2) {
        SYSREG_WRITE(SYSREG_ICC_AP1R2_EL1, 0);
        SYSREG_WRITE(SYSREG_ICC_AP1R3_EL1, 0);
    }
    SYSREG_WRITE(SYSREG_ICC_PMR_EL1, 0xff);
    SYSREG_WRITE(SYSREG_ICC_BPR1_EL1, 0);
    SYSREG_WRITE(SYSREG_ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
    SYSREG_WRITE(SYSREG_ICC_IGRPEN1_EL1, 1);
    sysreg_isb();
}

static void init_virtual(struct core *core)
{
    const struct arch_virq_regs none = {0};

    SYSREG_WRITE(SYSREG_ICH_HCR_EL2, 0);
    core->irqchip.active_words = active_words((uint32_t)(SYSREG_READ(SYSREG_ICH_VTR_EL2) >> 26 & 7) + 1);
    irqchip_load(core, &none);
    for (uint32_t i = 0; i < irqchip_lr_count(core); i++) {
        irqchip_write_lr(core, i, 0);
    }
}

/* What ICC_SGI1R_EL1 takes for this core and IRQCHIP_SGI_KICK, which is 0. */
static uint64_t kick_address(void)
{
    const uint64_t affinity = own_affinity();

    return (affinity >> 32 & 0xff) << 48 | (affinity >> 4 & 0xf) << 44 | (affinity >> 16 & 0xff) << 32 |
           (affinity >> 8 & 0xff) << 16 | 1ull << (affinity & 0xf);
}

/* The affinity in such an address, as registers of the distributor have it. */
static uint64_t affinity_of(uint64_t address)
{
    const uint64_t in_range = (uint64_t)__builtin_ctzll(address & 0xffff);

    return (address >> 48 & 0xff) << 32 | (address >> 32 & 0xff) << 16 | (address >> 16 & 0xff) << 8 |
           (address >> 44 & 0xf) << 4 | in_range;
}

const char *irqchip_init_core(struct core *core)
{
    if ((core->features.bits & FEATURES_GICV3) == 0) {
        return "the core lacks the system registers of a GICv3";
    }
    SYSREG_WRITE(SYSREG_ICC_SRE_EL2, SRE_ON);
    sysreg_isb();
    if ((SYSREG_READ(SYSREG_ICC_SRE_EL2) & 1) == 0) {
        return "the system registers of the GICv3 are off (ICC_SRE_EL3)";
    }
    SYSREG_WRITE(SYSREG_ICC_SRE_EL1, SRE_ON);
    core->irqchip.address = kick_address();
    const char *wrong = init_redistributor(core);
    if (wrong == NULL) {
        init_cpu_interface();
        init_virtual(core);
    }
    return wrong;
}

uint32_t irqchip_take(struct core *core)
{
    const uint64_t iar = SYSREG_READ(SYSREG_ICC_IAR1_EL1);

    (void)core;
    if (iar >= INTID_SPURIOUS && iar <= IRQCHIP_NOTHING) {
        return IRQCHIP_NOTHING;
    }
    /* It is active for who looks at it, or at its device, from here on. */
    __asm__ volatile("dsb sy" ::: "memory");
    SYSREG_WRITE(SYSREG_ICC_EOIR1_EL1, iar);
    sysreg_isb();
    /* One with a larger number is an LPI, of which a boot loader may have left some: over with that. */
    return iar < INTID_SPURIOUS ? (uint32_t)iar : IRQCHIP_NOTHING;
}

void irqchip_deactivate(struct core *core, uint32_t taken)
{
    (void)core;
    SYSREG_WRITE(SYSREG_ICC_DIR_EL1, taken);
    sysreg_isb();
}

/* The core that runs. */
static const struct core *own_core(void)
{
    return (const struct core *)(uintptr_t)SYSREG_READ(tpidr_el2);
}

static uint64_t registers_of(const struct core *core, uint32_t intid)
{
    return intid < 32 ? core->irqchip.redistributor : gicd(core->kernel);
}

void arch_irq_enable(struct kernel *kernel, uint32_t intid, bool edge)
{
    const uint64_t base = registers_of(own_core(), intid);
    uint64_t address = base + ICFGR + intid / 16 * 4;
    uint32_t bit = 2u << (intid % 16 * 2);
    uint32_t config = mmio_read(address);

    (void)kernel;
    mmio_write(address, edge ? config | bit : config & ~bit);
    mmio_write(base + ISENABLER + intid / 32 * 4, 1u << (intid % 32));
}

void arch_irq_route(struct core *to, uint32_t intid)
{
    mmio_write64(gicd(to->kernel) + GICD_IROUTER + intid * 8, affinity_of(to->irqchip.address));
}

void arch_irq_deactivate(struct kernel *kernel, uint32_t intid)
{
    (void)kernel;
    SYSREG_WRITE(SYSREG_ICC_DIR_EL1, intid);
    sysreg_isb();
}

bool irqchip_is_active(struct core *core, uint32_t intid)
{
    return (mmio_read(registers_of(core, intid) + ISACTIVER + intid / 32 * 4) >> (intid % 32) & 1) != 0;
}

void irqchip_set_active(struct core *core, uint32_t intid, bool active)
{
    mmio_write(registers_of(core, intid) + (active ? ISACTIVER : ICACTIVER) + intid / 32 * 4,
               1u << (intid % 32));
}

void irqchip_kick(struct core *target)
{
    /* The notification word has to be there before the interrupt is. */
    __asm__ volatile("dsb ishst" ::: "memory");
    SYSREG_WRITE(SYSREG_ICC_SGI1R_EL1, target->irqchip.address);
    sysreg_isb();
}

uint32_t irqchip_lr_count(const struct core *core)
{
    (void)core;
    return (uint32_t)(SYSREG_READ(SYSREG_ICH_VTR_EL2) & 0x1f) + 1;
}

void irqchip_write_hcr(const struct core *core, uint32_t value)
{
    (void)core;
    SYSREG_WRITE(SYSREG_ICH_HCR_EL2, value);
    if (value == 0) {
        sysreg_isb(); /* what waits for an interrupt next would see the virtual ones */
    }
}

uint32_t irqchip_eoi_count(const struct core *core)
{
    (void)core;
    return (uint32_t)(SYSREG_READ(SYSREG_ICH_HCR_EL2) >> ICH_HCR_EOICOUNT_SHIFT) & 0x1f;
}

uint32_t irqchip_empty_lrs(const struct core *core)
{
    (void)core;
    return (uint32_t)SYSREG_READ(SYSREG_ICH_ELRSR_EL2);
}

#define READ_LR(number, reg)                                                                                 \
    case number:                                                                                             \
        return SYSREG_READ(reg);

static uint64_t read_lr(uint32_t index)
{
    switch (index) {
        LR_CASES(READ_LR)
    default:
        return 0;
    }
}

#define WRITE_LR(number, reg)                                                                                \
    case number:                                                                                             \
        SYSREG_WRITE(reg, value);                                                                            \
        break;

static void write_lr(uint32_t index, uint64_t value)
{
    switch (index) {
        LR_CASES(WRITE_LR)
    default:
        break;
    }
}

/* The format of virq.h to that of ICH_LR<n>_EL2 (12.4.9). */
static uint64_t lr_to_hardware(uint32_t lr)
{
    uint64_t value = (lr & VIRQ_LR_ID_MASK) |
                     (lr >> VIRQ_LR_PRIORITY_SHIFT & LR_PRIORITY_MASK) << ICH_LR_PRIORITY_SHIFT |
                     (lr >> LR_STATE_SHIFT & LR_STATE_MASK) << ICH_LR_STATE_SHIFT |
                     ((lr & VIRQ_LR_GROUP1) != 0 ? ICH_LR_GROUP1 : 0);

    if ((lr & VIRQ_LR_HW) != 0) {
        value |= ICH_LR_HW | (uint64_t)(lr >> VIRQ_LR_PHYSICAL_SHIFT & VIRQ_LR_ID_MASK)
                                 << ICH_LR_PHYSICAL_SHIFT;
    } else if ((lr & VIRQ_LR_EOI) != 0) {
        value |= ICH_LR_EOI;
    }
    return value;
}

static uint32_t lr_from_hardware(uint64_t value)
{
    uint32_t lr = (uint32_t)(value & VIRQ_LR_ID_MASK) |
                  (uint32_t)(value >> ICH_LR_PRIORITY_SHIFT & LR_PRIORITY_MASK) << VIRQ_LR_PRIORITY_SHIFT |
                  (uint32_t)(value >> ICH_LR_STATE_SHIFT) << LR_STATE_SHIFT |
                  ((value & ICH_LR_GROUP1) != 0 ? VIRQ_LR_GROUP1 : 0);

    if ((value & ICH_LR_HW) != 0) {
        lr |= VIRQ_LR_HW | (uint32_t)(value >> ICH_LR_PHYSICAL_SHIFT & VIRQ_LR_ID_MASK)
                               << VIRQ_LR_PHYSICAL_SHIFT;
    } else if ((value & ICH_LR_EOI) != 0) {
        lr |= VIRQ_LR_EOI;
    }
    return lr;
}

uint32_t irqchip_read_lr(const struct core *core, uint32_t index)
{
    (void)core;
    return lr_from_hardware(read_lr(index));
}

void irqchip_write_lr(const struct core *core, uint32_t index, uint32_t value)
{
    (void)core;
    write_lr(index, lr_to_hardware(value));
}

/* Words of active priorities beyond the first, where there are more than five bits of priorities. */
static void load_more(uint32_t words, const struct arch_virq_regs *regs)
{
    SYSREG_WRITE(SYSREG_ICH_AP0R1_EL2, regs->active0[1]);
    SYSREG_WRITE(SYSREG_ICH_AP1R1_EL2, regs->active1[1]);
    if (words > 2) {
        SYSREG_WRITE(SYSREG_ICH_AP0R2_EL2, regs->active0[2]);
        SYSREG_WRITE(SYSREG_ICH_AP0R3_EL2, regs->active0[3]);
        SYSREG_WRITE(SYSREG_ICH_AP1R2_EL2, regs->active1[2]);
        SYSREG_WRITE(SYSREG_ICH_AP1R3_EL2, regs->active1[3]);
    }
}

static void unload_more(uint32_t words, struct arch_virq_regs *regs)
{
    regs->active0[1] = (uint32_t)SYSREG_READ(SYSREG_ICH_AP0R1_EL2);
    regs->active1[1] = (uint32_t)SYSREG_READ(SYSREG_ICH_AP1R1_EL2);
    if (words > 2) {
        regs->active0[2] = (uint32_t)SYSREG_READ(SYSREG_ICH_AP0R2_EL2);
        regs->active0[3] = (uint32_t)SYSREG_READ(SYSREG_ICH_AP0R3_EL2);
        regs->active1[2] = (uint32_t)SYSREG_READ(SYSREG_ICH_AP1R2_EL2);
        regs->active1[3] = (uint32_t)SYSREG_READ(SYSREG_ICH_AP1R3_EL2);
    }
}

void irqchip_load(const struct core *core, const struct arch_virq_regs *regs)
{
    SYSREG_WRITE(SYSREG_ICH_VMCR_EL2, regs->vmcr);
    SYSREG_WRITE(SYSREG_ICH_AP0R0_EL2, regs->active0[0]);
    SYSREG_WRITE(SYSREG_ICH_AP1R0_EL2, regs->active1[0]);
    if (core->irqchip.active_words > 1) {
        load_more(core->irqchip.active_words, regs);
    }
}

void irqchip_unload(const struct core *core, struct arch_virq_regs *regs)
{
    regs->vmcr = (uint32_t)SYSREG_READ(SYSREG_ICH_VMCR_EL2);
    regs->active0[0] = (uint32_t)SYSREG_READ(SYSREG_ICH_AP0R0_EL2);
    regs->active1[0] = (uint32_t)SYSREG_READ(SYSREG_ICH_AP1R0_EL2);
    if (core->irqchip.active_words > 1) {
        unload_more(core->irqchip.active_words, regs);
    }
}
