/* SPDX-License-Identifier: BSD-2-Clause */
/* Sweeps over all encodings of system registers, with instructions that are made as they are needed. See
 * registers.h. */
#include "guest/hostile/registers.h"

#include "guest/hostile/hostile.h"
#include "lib/base/mem.h"

#define MRS_X0 0xd5300000u
#define MSR_X0 0xd5100000u
#define RET 0xd65f03c0u
#define ENCODING_COUNT (1u << 15) /* op0 2 or 3, op1, CRn, CRm, op2 */
#define KEY(op0, op1, crn, crm, op2)                                                                         \
    ((uint32_t)(op0 - 2) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | (uint32_t)(crm) << 3 |       \
     (uint32_t)(op2))
#define PATTERN 0xa5c35a3ce1b2d4f7ull
#define OWN_VECTORS 0x0123456789abcdefull
#define SHOWN_MAX 10u

/* vectors.S */
void vectors_fill(uint64_t pattern);
uint64_t vectors_differ(uint64_t pattern);

static uint64_t kept[ENCODING_COUNT];
static uint32_t code[2] __attribute__((aligned(64)));

static bool is_one_of(uint32_t key, const uint32_t *keys, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (keys[i] == key) {
            return true;
        }
    }
    return false;
}

/* Without these the program itself could not go on: translation, vectors, the processor's state. */
static bool is_vital(uint32_t key)
{
    static const uint32_t keys[] = {
        KEY(3, 0, 1, 0, 0),  /* SCTLR_EL1 */
        KEY(3, 0, 2, 0, 0),  /* TTBR0_EL1 */
        KEY(3, 0, 2, 0, 2),  /* TCR_EL1 */
        KEY(3, 0, 10, 2, 0), /* MAIR_EL1 */
        KEY(3, 0, 12, 0, 0), /* VBAR_EL1 */
        KEY(3, 0, 4, 0, 0),  /* SPSR_EL1 */
        KEY(3, 0, 4, 0, 1),  /* ELR_EL1 */
    };
    const uint32_t crn_crm = key >> 3 & 0xff;

    return is_one_of(key, keys, sizeof(keys) / sizeof(keys[0])) || crn_crm == 0x42; /* PSTATE */
}

/* These change by themselves, or by the exceptions that the sweep takes. */
static bool is_volatile(uint32_t key)
{
    static const uint32_t keys[] = {
        KEY(3, 3, 14, 2, 0), /* CNTP_TVAL_EL0 */
        KEY(3, 3, 14, 3, 0), /* CNTV_TVAL_EL0 */
        KEY(3, 3, 2, 4, 0),  /* RNDR */
        KEY(3, 3, 2, 4, 1),  /* RNDRRS */
        KEY(3, 0, 5, 2, 0),  /* ESR_EL1 */
        KEY(3, 0, 4, 0, 0),  /* SPSR_EL1 */
        KEY(3, 0, 4, 0, 1),  /* ELR_EL1 */
    };
    const uint32_t crn_crm = key >> 3 & 0xff;

    return is_one_of(key, keys, sizeof(keys) / sizeof(keys[0])) || crn_crm == 0x42 ||
           crn_crm == 0xe0; /* counters */
}

/* One instruction on x0, which is skipped if it is undefined. */
static uint64_t run(uint32_t instruction, uint64_t value)
{
    register uint64_t x0 __asm__("x0") = value;

    code[0] = instruction;
    code[1] = RET;
    __asm__ volatile("dc cvau, %1\n\tdsb ish\n\tic ivau, %1\n\tdsb ish\n\tisb\n\tblr %1"
                     : "+r"(x0)
                     : "r"(code)
                     : "x30", "memory");
    return x0;
}

static void keep(void)
{
    const uint64_t before = check_exceptions();

    vectors_fill(OWN_VECTORS);
    for (uint32_t key = 0; key < ENCODING_COUNT; key++) {
        kept[key] = is_volatile(key) ? 0 : run(MRS_X0 | key << 5, 0);
    }
    console_put("registers: ");
    console_put_number(ENCODING_COUNT - (check_exceptions() - before));
    console_put(" are there\n");
}

static void fill(void)
{
    const uint64_t before = check_exceptions();
    uint64_t cpacr;

    __asm__ volatile("mrs %0, cpacr_el1" : "=r"(cpacr));
    vectors_fill(PATTERN);
    for (uint32_t key = 0; key < ENCODING_COUNT; key++) {
        if (!is_vital(key)) {
            (void)run(MSR_X0 | key << 5, PATTERN);
        }
    }
    __asm__ volatile(
        "msr cpacr_el1, %0\n\tmsr cntv_ctl_el0, xzr\n\tmsr cntp_ctl_el0, xzr\n\tisb" ::"r"(cpacr));
    console_put("registers: filled, ");
    console_put_number(check_exceptions() - before);
    console_put(" could not be written\n");
}

static void show(uint32_t key, uint64_t now)
{
    console_put("changed: op0 ");
    console_put_number(2 + (key >> 14));
    console_put(" op1 ");
    console_put_number(key >> 11 & 7);
    console_put(" crn ");
    console_put_number(key >> 7 & 15);
    console_put(" crm ");
    console_put_number(key >> 3 & 15);
    console_put(" op2 ");
    console_put_number(key & 7);
    console_put(": ");
    console_put_hex(kept[key]);
    console_put(", now ");
    console_put_hex(now);
    console_put("\n");
}

static void check(void)
{
    uint64_t changed = vectors_differ(OWN_VECTORS) != 0;

    for (uint32_t key = 0; key < ENCODING_COUNT; key++) {
        const uint64_t now = is_volatile(key) ? 0 : run(MRS_X0 | key << 5, 0);

        if (now != kept[key]) {
            changed++;
            if (changed <= SHOWN_MAX) {
                show(key, now);
            }
        }
    }
    console_put("registers: ");
    console_put_number(changed);
    console_put(" have changed\n");
}

void registers_command(const char *what)
{
    if (strcmp(what, "keep") == 0) {
        keep();
    } else if (strcmp(what, "fill") == 0) {
        fill();
    } else if (strcmp(what, "check") == 0) {
        check();
    }
}
