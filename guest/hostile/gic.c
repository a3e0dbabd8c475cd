/* SPDX-License-Identifier: BSD-2-Clause */
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
    GICD_CPENDSGIR = 0xf10
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

volatile uint64_t gic_interrupts;
volatile bool gic_hold;
volatile uint64_t gic_limit;
static uint32_t held[HELD_MAX];
static volatile uint32_t held_count;

uint64_t gic_take(void)
{
    uint32_t iar = (uint32_t)access_read(machine.gicc + GICC_IAR, 4);

    gic_interrupts++;
    if (gic_hold) {
        /* Never ended: mask the CPU, or a second one would preempt forever. */
        if (held_count < HELD_MAX) {
            held[held_count++] = iar;
        }
        return SPSR_I;
    }
    if ((iar & 0x3ff) < 1020) {
        access_write(machine.gicc + GICC_EOIR, 4, iar);
    }
    return gic_limit != 0 && --gic_limit == 0 ? SPSR_I : 0;
}

void gic_enable(uint32_t intid)
{
    access_write(machine.gicd + GICD_CTLR, 4, 3);
    access_write(machine.gicd + GICD_IGROUPR + 4 * (intid / 32), 4, 0);
    access_write(machine.gicd + GICD_ICACTIVER + 4 * (intid / 32), 4, 1u << intid % 32);
    access_write(machine.gicd + GICD_IPRIORITYR + intid, 1, 0xa0);
    if (intid >= 32) {
        access_write(machine.gicd + GICD_ITARGETSR + intid, 1, 1);
    }
    access_write(machine.gicd + GICD_ISENABLER + 4 * (intid / 32), 4, 1u << intid % 32);
    /* An earlier attack may have left priorities active: nothing would ever be signalled again. */
    access_write(machine.gicc + GICC_APR, 4, 0);
    access_write(machine.gicc + GICC_BPR, 4, 0);
    access_write(machine.gicc + GICC_PMR, 4, 0xff);
    access_write(machine.gicc + GICC_CTLR, 4, 1);
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
    return (access_read(machine.gicd + GICD_ISPENDR + 4 * (intid / 32), 4) >> intid % 32 & 1) != 0;
}

void gic_quiet(void)
{
    for (uint64_t word = 0; word < 0x80; word += 4) {
        access_write(machine.gicd + GICD_ICENABLER + word, 4, ~0u);
        access_write(machine.gicd + GICD_ICPENDR + word, 4, ~0u);
        access_write(machine.gicd + GICD_ICACTIVER + word, 4, ~0u);
    }
    for (uint64_t sgi = 0; sgi < 16; sgi += 4) {
        access_write(machine.gicd + GICD_CPENDSGIR + sgi, 4, ~0u);
    }
}

void gic_release(void)
{
    gic_hold = false;
    while (held_count > 0) {
        access_write(machine.gicc + GICC_EOIR, 4, held[--held_count]);
    }
}
