/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpuprobe: a Linux program that tries what a processor may have, and says how its kernel and its machine
 * take it. Static, without a C library.
 *
 *     cpuprobe instructions    each in a process of its own: "NAME: works" or "NAME: signal N"
 *     cpuprobe vectors         SVE registers stay what they were, for some seconds beside others: PASS or
 * FAIL cpuprobe debug           single step, a watchpoint and a uprobe (as root): PASS or FAIL for each
 */
#include "guest/cpuprobe/cpuprobe.h"

#include <stddef.h>

#include "lib/base/format.h"
#include "lib/base/mem.h"

#define VECTOR_ROUNDS 2000u

int cpuprobe_main(int count, char **arguments);

/* By encoding: the assembler need not know them. x0 is memory that may be used, x1 and x2 are small numbers.
 */
#define TRY(label, instruction)                                                                              \
    static void label(uint64_t *memory)                                                                      \
    {                                                                                                        \
        register uint64_t x0 __asm__("x0") = linux_pointer(memory);                                          \
        register uint64_t x1 __asm__("x1") = 1;                                                              \
        register uint64_t x2 __asm__("x2") = 2;                                                              \
        __asm__ volatile(".inst " #instruction                                                               \
                         : "+r"(x0), "+r"(x1), "+r"(x2)::"x3", "x4", "x5", "x6", "x7", "x8", "x9",           \
                           "memory");                                                                        \
    }

TRY(try_add, 0x8b010000)      /* add x0, x0, x1 */
TRY(try_udf, 0x00000000)      /* udf #0 */
TRY(try_pacga, 0x9ac23020)    /* pacga x0, x1, x2 */
TRY(try_pacia, 0xdac10022)    /* pacia x2, x1 */
TRY(try_sve, 0x2518e3e0)      /* ptrue p0.b */
TRY(try_rdffr, 0x2519f000)    /* rdffr p0.b */
TRY(try_sme, 0xd503477f)      /* smstart */
TRY(try_tpidr2, 0xd53bd0a2)   /* mrs x2, tpidr2_el0 */
TRY(try_irg, 0x9adf1020)      /* irg x0, x1 */
TRY(try_ld64b, 0xf83fd002)    /* ld64b x2, [x0] */
TRY(try_wfit, 0xd5031022)     /* wfit x2 */
TRY(try_wfet, 0xd5031002)     /* wfet x2 */
TRY(try_rndr, 0xd53b2402)     /* mrs x2, rndr */
TRY(try_pmccntr, 0xd53b9d02)  /* mrs x2, pmccntr_el0 */
TRY(try_amcr, 0xd53bd202)     /* mrs x2, amcr_el0 */
TRY(try_scxtnum, 0xd53bd0e2)  /* mrs x2, scxtnum_el0 */
TRY(try_cntp_ctl, 0xd53be222) /* mrs x2, cntp_ctl_el0 */
TRY(try_cntvctss, 0xd53be0c2) /* mrs x2, cntvctss_el0 */
TRY(try_dbgdtr, 0xd5330402)   /* mrs x2, dbgdtr_el0 */
TRY(try_idreg, 0xd5380402)    /* mrs x2, id_aa64pfr0_el1: the kernel answers */
TRY(try_l2ctlr, 0xd539b042)   /* mrs x2, s3_1_c11_c0_2 */
TRY(try_hvc, 0xd4000002)      /* hvc #0 */
TRY(try_smc, 0xd4000003)      /* smc #0 */

static const struct {
    const char *name;
    void (*run)(uint64_t *memory);
} tries[] = {
    {"add", try_add},         {"udf", try_udf},           {"pacga", try_pacga},
    {"pacia", try_pacia},     {"sve", try_sve},           {"rdffr", try_rdffr},
    {"sme", try_sme},         {"tpidr2", try_tpidr2},     {"irg", try_irg},
    {"ld64b", try_ld64b},     {"wfit", try_wfit},         {"wfet", try_wfet},
    {"rndr", try_rndr},       {"pmccntr", try_pmccntr},   {"amcr", try_amcr},
    {"scxtnum", try_scxtnum}, {"cntp-ctl", try_cntp_ctl}, {"cntvctss", try_cntvctss},
    {"dbgdtr", try_dbgdtr},   {"id-register", try_idreg}, {"l2ctlr", try_l2ctlr},
    {"hvc", try_hvc},         {"smc", try_smc},
};

static void try_instructions(void)
{
    static uint64_t memory[64] __attribute__((aligned(64)));
    char line[96];

    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        const int64_t child = cpuprobe_fork();

        if (child == 0) {
            tries[i].run(memory);
            (void)linux_call(LINUX_EXIT_GROUP, 0, 0, 0, 0, 0);
        }
        const uint32_t status = cpuprobe_wait(child);
        if (status == 0) {
            (void)format_print(line, sizeof(line), "%s: works\n", tries[i].name);
        } else {
            (void)format_print(line, sizeof(line), "%s: signal %u\n", tries[i].name, status & 0x7f);
        }
        cpuprobe_say(line);
    }
}

int cpuprobe_main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "instructions") == 0) {
        try_instructions();
        return 0;
    }
    if (count == 2 && strcmp(arguments[1], "debug") == 0) {
        debug_probe();
        return 0;
    }
    if (count == 2 && strcmp(arguments[1], "vectors") == 0) {
        vectors_probe(VECTOR_ROUNDS);
        return 0;
    }
    cpuprobe_say("usage: cpuprobe instructions|debug|vectors\n");
    return 2;
}
