/* SPDX-License-Identifier: BSD-2-Clause */
/** Executes one instruction that a PD may not, chosen by the first letter of its name. */
#include <microkit.h>

static void execute(char which)
{
    switch (which) {
    case 'h':
        __asm__ volatile("hvc #0");
        break;
    case 's':
        /* Assembled by hand: SMC is undefined at EL0, but the assembler may know that too. */
        __asm__ volatile(".inst 0xd4000003");
        break;
    case 'e':
        __asm__ volatile("mrs x0, sctlr_el1" ::: "x0");
        break;
    case 't':
        __asm__ volatile("mrs x0, vttbr_el2" ::: "x0");
        break;
    case 'p':
        __asm__ volatile("mrs x0, pmccntr_el0" ::: "x0");
        break;
    case 'd':
        __asm__ volatile("mrs x0, mdccsr_el0" ::: "x0");
        break;
    case 'i':
        __asm__ volatile("msr daifset, #2");
        break;
    case 'b':
        __asm__ volatile("brk #0");
        break;
    case 'c':
        __asm__ volatile("adr x0, .\n add x0, x0, #2\n br x0" ::: "x0");
        break;
    case 'k':
        __asm__ volatile("mov x7, #999\n svc #0" ::: "x7", "memory");
        break;
    case 'f':
        __asm__ volatile(".arch_extension fp\n fmov d0, xzr\n .arch_extension nofp");
        break;
    default:
        /* Allowed: an interrupt or the next look at the clock ends it. */
        __asm__ volatile("mrs x0, cntvct_el0\n mrs x0, ctr_el0\n yield" ::: "x0");
        break;
    }
}

void init(void)
{
    execute(microkit_name[0]);
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": nothing stopped me\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
