/* SPDX-License-Identifier: BSD-2-Clause */
/* Stage 1 in software, with tables that a guest may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/debug/walk.h"

#define RAM 0x40000000ull
#define RAM_BYTES 0x400000ull
#define TG0_64K (1ull << 14)
#define TG0_16K (2ull << 14)
#define TG1_4K (2ull << 30)
#define TCR(t0sz, t1sz) ((uint64_t)(t0sz) | (uint64_t)(t1sz) << 16)
#define TABLE 3ull
#define PAGE 3ull
#define BLOCK 1ull

static struct guestmem mem;

static int setup(void **state)
{
    uint8_t *ram = aligned_alloc(4096, RAM_BYTES);

    (void)state;
    assert_non_null(ram);
    memset(ram, 0, RAM_BYTES);
    return guestmem_init(&mem, gpa_of(RAM), ram, RAM_BYTES) == ERR_OK ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    free(mem.host);
    return 0;
}

static void put(uint64_t table, uint64_t index, uint64_t entry)
{
    memcpy(mem.host + (table - RAM) + 8 * index, &entry, sizeof(entry));
}

static void expect(const struct walk_regime *regime, uint64_t va, uint64_t gpa, uint64_t bytes)
{
    struct walk_result result;

    assert_int_equal(walk_translate(regime, &mem, va, &result), ERR_OK);
    assert_true(result.gpa == gpa);
    assert_true(result.bytes == bytes);
}

static void refuse(const struct walk_regime *regime, uint64_t va)
{
    struct walk_result result;

    assert_int_equal(walk_translate(regime, &mem, va, &result), ERR_RANGE);
}

static void test_mmu_off(void **state)
{
    const struct walk_regime regime = {.sctlr = 0x30d00800};

    (void)state;
    expect(&regime, 0x12345678, 0x12345678, 0x988);
}

static void test_4k_pages_and_blocks(void **state)
{
    const struct walk_regime regime = {.sctlr = 1,
                                       .tcr = TCR(25, 16) | TG1_4K,
                                       .ttbr0 = RAM + 0x1000,
                                       .ttbr1 = (RAM + 0x5000) | 1 | 0x42ull << 48};

    (void)state;
    put(RAM + 0x1000, 1, (RAM + 0x2000) | TABLE); /* 39 bits: from level 1 */
    put(RAM + 0x2000, 2, (RAM + 0x3000) | TABLE);
    put(RAM + 0x2000, 3, 0x80200000 | BLOCK | 1ull << 54);
    put(RAM + 0x3000, 5, 0x91234000 | PAGE | 0x0060000000000f00);
    put(RAM + 0x3000, 6, 0x91234000 | BLOCK); /* reserved at level 3 */
    put(RAM + 0x1000, 4, 0x100000000 | BLOCK);
    expect(&regime, 0x40405123, 0x91234123, 0xedd);
    expect(&regime, 0x40601234, 0x80201234, 0x1fedcc);
    expect(&regime, 0x100000010, 0x100000010, 0x3ffffff0);
    refuse(&regime, 0x40406000);
    refuse(&regime, 0x40407000);
    refuse(&regime, 0x8000000000);       /* above 39 bits */
    refuse(&regime, 0x0100000040405123); /* no TBI */
    put(RAM + 0x5000, 256,
        (RAM + 0x1000) | TABLE); /* 48 bits: from level 0; index 256 is the first of TTBR1's upper half */
    expect(&regime, 0xffff800040405123, 0x91234123, 0xedd);
    refuse(&regime, 0xfffe800040405123);
    refuse(&regime, 0xffff000000000000);
    put(RAM + 0x5000, 0, 0x40000000 | BLOCK); /* there are none at level 0 */
    refuse(&regime, 0xffff000000000000);
}

static void test_top_byte_and_switched_off_halves(void **state)
{
    struct walk_regime regime = {.sctlr = 1, .tcr = TCR(25, 16) | TG1_4K | 1ull << 37, .ttbr0 = RAM + 0x1000};

    (void)state;
    put(RAM + 0x1000, 1, 0x40000000 | BLOCK);
    expect(&regime, 0xab00000040000000, 0x40000000, 0x40000000);
    regime.tcr |= 1ull << 7;
    refuse(&regime, 0x40000000);
}

static void test_16k_and_64k(void **state)
{
    struct walk_regime regime = {.sctlr = 1, .tcr = TCR(28, 28) | TG0_16K, .ttbr0 = RAM + 0x8000};

    (void)state;
    put(RAM + 0x8000, 3, (RAM + 0xc000) | TABLE); /* 36 bits: level 2, 32 MiB each */
    put(RAM + 0xc000, 7, 0x90004000 | PAGE);
    put(RAM + 0x8000, 4, 0x92000000 | BLOCK);
    expect(&regime, 3 * 0x2000000 + 7 * 0x4000 + 0x10, 0x90004010, 0x3ff0);
    expect(&regime, 4 * 0x2000000 + 0x10, 0x92000010, 0x1fffff0);
    regime = (struct walk_regime){.sctlr = 1, .tcr = TCR(22, 22) | TG0_64K, .ttbr0 = RAM + 0x100000};
    put(RAM + 0x100000, 1, (RAM + 0x110000) | TABLE); /* 42 bits: level 2, 512 MiB each */
    put(RAM + 0x110000, 9, 0xa0050000 | PAGE);
    expect(&regime, 0x20000000 + 9 * 0x10000 + 0xfff8, 0xa005fff8, 8);
}

static void test_big_endian_tables(void **state)
{
    const struct walk_regime regime = {.sctlr = 1 | 1 << 25, .tcr = TCR(25, 25), .ttbr0 = RAM + 0x1000};

    (void)state;
    put(RAM + 0x1000, 1, __builtin_bswap64(0x40000000 | BLOCK));
    expect(&regime, 0x40000000, 0x40000000, 0x40000000);
}

static void test_tables_outside_of_ram(void **state)
{
    struct walk_regime regime = {.sctlr = 1, .tcr = TCR(25, 25), .ttbr0 = 0x1000};

    (void)state;
    refuse(&regime, 0x40000000);
    regime.ttbr0 = RAM + 0x1000;
    put(RAM + 0x1000, 1, 0xfffffffff000 | TABLE);
    refuse(&regime, 0x40000000);
    put(RAM + 0x1000, 1, (RAM + 0x1000) | TABLE); /* a table in itself ends where levels do */
    put(RAM + 0x1000, 0, (RAM + 0x1000) | TABLE);
    expect(&regime, 0x40000000, RAM + 0x1000, 0x1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mmu_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_4k_pages_and_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_top_byte_and_switched_off_halves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_16k_and_64k, setup, teardown),
        cmocka_unit_test_setup_teardown(test_big_endian_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tables_outside_of_ram, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
