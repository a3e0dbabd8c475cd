/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's interrupt controller, a GICv2 or a GICv3, as its device tree says. */
#include "guest/hostile/hostile.h"

enum gicd {
    GICD_CTLR = 0x000,
    GICD_IGROUPR = 0x080,
    GICD_ISENABLER = 0x100,
    GICD_ICENABLER = 0x180,
    GICD_ISPENDR = 0x200,
    GICD_ICPENDR = 0x280,
    GICD_ICACTIVER = 0x380,
    GICD_IPRIORITYR = 0x400,
    GICD_ITARGETSR = 0x800,
    GICD_SGIR = 0xf00,
    GICD_CPENDSGIR = 0xf10,
    GICD_IROUTER = 0x6000
};
enum gicc {
    GICC_CTLR = 0x000,
    GICC_PMR = 0x004,
    GICC_BPR = 0x008,
    GICC_IAR = 0x00c,
    GICC_EOIR = 0x010,
    GICC_APR = 0x0d0
};

#define HELD_MAX 64u
#define SPSR_I (1ull << 7)
#define GICR_PRIVATE 0x10000u
#define GICR_BYTES 0x20000u
#define SGI_TO_SELF 0x02000000u

#define ICC_PMR_EL1 s3_0_c4_c6_0
#define ICC_AP1R0_EL1 s3_0_c12_c9_0
#define ICC_SGI1R_EL1 s3_0_c12_c11_5
#define ICC_EOIR1_EL1 s3_0_c12_c12_1
#define ICC_BPR1_EL1 s3_0_c12_c12_3
#define ICC_CTLR_EL1 s3_0_c12_c12_4
#define ICC_IGRPEN1_EL1 s3_0_c12_c12_7
#define WRITE_(name, value) __asm__ volatile("msr " #name ", %0\n\tisb" ::"r"((uint64_t)(value)) : "memory")
#define WRITE(name, value) WRITE_(name, value)

volatile uint64_t gic_interrupts;
volatile bool gic_hold;
volatile uint64_t gic_limit;
static uint32_t held[HELD_MAX];
static volatile uint32_t held_count;

bool gic_is_v3(void)
{
    return machine.gicr != 0;
}

/* A private interrupt is this CPU's. */
static uint64_t frame_of(uint32_t intid)
{
    return gic_is_v3() && intid < 32 ? machine.gicr + cpus_this() * GICR_BYTES + GICR_PRIVATE : machine.gicd;
}

uint64_t gic_word(uint32_t row, uint32_t intid)
{
    return frame_of(intid) + row + intid / 32 * 4;
}

uint64_t gic_byte(uint32_t row, uint32_t intid)
{
    return frame_of(intid) + row + intid;
}

uint32_t gic_acknowledge(void)
{
    uint64_t iar;

    if (!gic_is_v3()) {
        return (uint32_t)access_read(machine.gicc + GICC_IAR, 4);
    }
    __asm__ volatile("mrs %0, s3_0_c12_c12_0\n\tdsb sy" : "=r"(iar)::"memory");
    return (uint32_t)iar;
}

void gic_end(uint32_t iar)
{
    if (gic_is_v3()) {
        WRITE(ICC_EOIR1_EL1, iar);
    } else {
        access_write(machine.gicc + GICC_EOIR, 4, iar);
    }
}

void gic_send(uint64_t value)
{
    static const uint64_t all_but_self = 1ull << 40;
    const uint64_t sgi = (value & 0xf) << 24;
    const uint64_t kind = value >> 24 & 3, list = value >> 16 & 0xff;

    if (!gic_is_v3()) {
        access_write(machine.gicd + GICD_SGIR, 4, value);
        return;
    }
    /* What GICD_SGIR means by it; its reserved kind: everything that names nobody. */
    WRITE(ICC_SGI1R_EL1, kind == 0   ? sgi | list
                         : kind == 1 ? sgi | all_but_self
                         : kind == 2 ? sgi | 1ull << cpus_this()
                                     : ~all_but_self);
}

void gic_send_self(uint32_t sgi)
{
    gic_send(SGI_TO_SELF | sgi);
}

void gic_route(uint32_t intid, uint32_t cpus)
{
    if (gic_is_v3()) {
        access_write(machine.gicd + GICD_IROUTER + 8 * intid, 8, cpus >> 1);
    } else {
        access_write(machine.gicd + GICD_ITARGETSR + intid, 1, cpus);
    }
}

uint64_t gic_take(void)
{
    uint32_t iar = gic_acknowledge();

    gic_interrupts++;
    if (gic_hold) {
        /* Never ended: mask the CPU, or a second one would preempt forever. */
        if (held_count < HELD_MAX) {
            held[held_count++] = iar;
        }
        return SPSR_I;
    }
    if ((iar & 0x3ff) < 1020) {
        gic_end(iar);
    }
    return gic_limit != 0 && --gic_limit == 0 ? SPSR_I : 0;
}

void gic_open_cpu(void)
{
    /* An earlier attack may have left priorities active: nothing would ever be signalled again. */
    if (gic_is_v3()) {
        WRITE(ICC_AP1R0_EL1, 0);
        WRITE(ICC_BPR1_EL1, 0);
        WRITE(ICC_CTLR_EL1, 0);
        WRITE(ICC_PMR_EL1, 0xff);
        WRITE(ICC_IGRPEN1_EL1, 1);
        return;
    }
    access_write(machine.gicc + GICC_APR, 4, 0);
    access_write(machine.gicc + GICC_BPR, 4, 0);
    access_write(machine.gicc + GICC_PMR, 4, 0xff);
    access_write(machine.gicc + GICC_CTLR, 4, 1);
}

void gic_enable(uint32_t intid)
{
    access_write(machine.gicd + GICD_CTLR, 4, 3);
    access_write(gic_word(GICD_IGROUPR, intid), 4, gic_is_v3() ? ~0u : 0);
    access_write(gic_word(GICD_ICACTIVER, intid), 4, 1u << intid % 32);
    access_write(gic_byte(GICD_IPRIORITYR, intid), 1, 0xa0);
    if (intid >= 32) {
        gic_route(intid, 1);
    }
    access_write(gic_word(GICD_ISENABLER, intid), 4, 1u << intid % 32);
    gic_open_cpu();
}

void gic_mask_cpu(void)
{
    __asm__ volatile("msr daifset, #2" ::: "memory");
}

void gic_unmask_cpu(void)
{
    __asm__ volatile("msr daifclr, #2" ::: "memory");
}

bool gic_is_pending(uint32_t intid)
{
    return (access_read(gic_word(GICD_ISPENDR, intid), 4) >> intid % 32 & 1) != 0;
}

void gic_quiet(void)
{
    for (uint32_t intid = 0; intid < 1024; intid += 32) {
        access_write(gic_word(GICD_ICENABLER, intid), 4, ~0u);
        access_write(gic_word(GICD_ICPENDR, intid), 4, ~0u);
        access_write(gic_word(GICD_ICACTIVER, intid), 4, ~0u);
    }
    for (uint64_t sgi = 0; sgi < 16 && !gic_is_v3(); sgi += 4) {
        access_write(machine.gicd + GICD_CPENDSGIR + sgi, 4, ~0u);
    }
}

void gic_release(void)
{
    gic_hold = false;
    while (held_count > 0) {
        gic_end(held[--held_count]);
    }
}
