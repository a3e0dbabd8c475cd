/* SPDX-License-Identifier: BSD-2-Clause */
/** Flash for variables, as EDK2's and U-Boot's drivers use it. */
#include "vmm/device/flash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS 4u
#define BYTES (BLOCKS * FLASH_BLOCK_BYTES)
#define READY 0x00800080u

static uint32_t memory[BYTES / 4];
static struct flash flash;

static enum err start(uint64_t bytes)
{
    const struct vmm_device_config config = {.registers = (uint64_t)(uintptr_t)memory, .bytes = bytes};

    memset(&flash, 0, sizeof flash);
    return flash_init(&flash, &config);
}

static int setup(void **state)
{
    (void)state;
    memset(memory, 0, sizeof memory);
    assert_int_equal(start(BYTES), ERR_OK);
    return 0;
}

static void store(uint32_t offset, uint32_t value)
{
    struct mmio_access access = {.offset = offset, .value = value, .width_bytes = 4, .is_write = true};

    assert_int_equal(flash_access(&flash, &access), MMIO_DONE);
}

/* To both chips. */
static void command(uint32_t offset, uint8_t value)
{
    store(offset, (uint32_t)value << 16 | value);
}

/* What the guest sees, without an exit. */
static uint32_t seen(uint32_t offset)
{
    return memory[offset / 4];
}

static void test_new_memory_is_erased_once(void **state)
{
    (void)state;
    assert_int_equal(seen(0), UINT32_MAX);
    assert_int_equal(seen(BYTES - 4), UINT32_MAX);
    memory[7] = 0;
    assert_int_equal(start(BYTES), ERR_OK);
    assert_int_equal(seen(28), 0);
    assert_int_equal(start(0), ERR_RANGE);
    assert_int_equal(start(FLASH_BLOCK_BYTES + 4096), ERR_RANGE);
}

/* EDK2: NorFlashWriteSingleWord(). */
static void test_a_word_is_programmed(void **state)
{
    (void)state;
    command(0x1000, 0x40);
    store(0x1000, 0x12345678);
    assert_int_equal(seen(0), READY);
    command(0, 0x70);
    assert_int_equal(seen(0), READY);
    command(0, 0xff);
    assert_int_equal(seen(0), UINT32_MAX);
    assert_int_equal(seen(0x1000), 0x12345678);
    /* Programming clears bits and sets none. */
    command(0x1000, 0x40);
    store(0x1000, 0xffff0000);
    command(0, 0xff);
    assert_int_equal(seen(0x1000), 0x12340000);
}

/* EDK2: NorFlashWriteBuffer(), which asks at the address itself whether there is a buffer. */
static void test_a_buffer_is_programmed_when_confirmed(void **state)
{
    const uint32_t at = FLASH_BLOCK_BYTES + 0x200;

    (void)state;
    command(at, 0xe8);
    assert_int_equal(seen(at), READY);
    command(at, 2 - 1);
    store(at, 1);
    store(at + 4, 2);
    command(at, 0xd0);
    assert_int_equal(seen(at), READY);
    command(0, 0xff);
    assert_int_equal(seen(at), 1);
    assert_int_equal(seen(at + 4), 2);
    assert_int_equal(seen(at + 8), UINT32_MAX);
    command(at + 8, 0xe8);
    command(at + 8, 0);
    store(at + 8, 3);
    command(at + 8, 0xff); /* not confirmed */
    command(0, 0xff);
    assert_int_equal(seen(at + 8), UINT32_MAX);
    command(at, 0xe8);
    store(at, 0xfffeu); /* more than there is room for */
    assert_int_equal(seen(0) & 0x30, 0x30);
    command(0, 0x50);
    command(0, 0x70);
    assert_int_equal(seen(0), READY);
}

/* U-Boot: flash_status_check() looks at the start of what it takes for a sector, half a block. */
static void test_status_is_where_u_boot_looks(void **state)
{
    const uint32_t half = FLASH_BLOCK_BYTES / 2;

    (void)state;
    command(half, 0x40);
    store(half, 0);
    command(half + 0x100, 0x40);
    store(half + 0x100, 0);
    assert_int_equal(seen(half), READY);
    assert_int_equal(seen(half + 0x100), READY);
    assert_int_equal(seen(0), READY);
    command(0, 0xff);
    assert_int_equal(seen(half), 0);
    assert_int_equal(seen(half + 0x100), 0);
}

static void store_half(uint32_t offset, uint16_t value)
{
    struct mmio_access access = {.offset = offset, .value = value, .width_bytes = 2, .is_write = true};

    assert_int_equal(flash_access(&flash, &access), MMIO_DONE);
}

/* U-Boot stores 16 bits at a time, and fills the whole buffer: flash_write_cfibuffer(). */
static void test_halves_of_words_are_programmed(void **state)
{
    const uint32_t count = FLASH_BUFFER_WORDS * 2;

    (void)state;
    store_half(0x42, 0x40);
    store_half(0x42, 0x1234);
    store_half(0, 0xff);
    assert_int_equal(seen(0x40), 0x1234ffff);
    store_half(0x1000, 0xe8);
    store_half(0x1000, (uint16_t)(count - 1));
    for (uint32_t i = 0; i < count; i++) {
        store_half(0x1000 + 2 * i, (uint16_t)i);
    }
    store_half(0x1000, 0xd0);
    assert_int_equal(seen(0) & 0xff, 0x80);
    store_half(0, 0xff);
    for (uint32_t i = 0; i < count; i += 2) {
        assert_int_equal(seen(0x1000 + 2 * i), (i + 1) << 16 | i);
    }
    /* More words than there are, whatever the order: an error, and nothing is written beyond. */
    store_half(0x4000, 0xe8);
    store_half(0x4000, FLASH_BUFFER_WORDS);
    for (uint32_t i = 0; i <= FLASH_BUFFER_WORDS; i++) {
        store_half(0x4000 + 4 * i, 0);
    }
    assert_int_equal(seen(0) & 0x30, 0x30);
    store_half(0, 0xff);
    assert_int_equal(seen(0x4000), UINT32_MAX);
}

static void test_a_block_is_erased(void **state)
{
    (void)state;
    memory[0] = 1;
    memset(memory + FLASH_BLOCK_BYTES / 4, 0, FLASH_BLOCK_BYTES);
    memory[2 * FLASH_BLOCK_BYTES / 4] = 3;
    command(FLASH_BLOCK_BYTES + 0x40, 0x20);
    command(FLASH_BLOCK_BYTES + 0x40, 0xd0);
    command(0, 0xff);
    assert_int_equal(seen(0), 1);
    assert_int_equal(seen(2 * FLASH_BLOCK_BYTES), 3);
    for (uint32_t i = 0; i < FLASH_BLOCK_BYTES; i += 4) {
        assert_int_equal(seen(FLASH_BLOCK_BYTES + i), UINT32_MAX);
    }
}

/* EDK2: NorFlashUnlockSingleBlockIfNecessary(). */
static void test_no_block_is_locked(void **state)
{
    (void)state;
    command(FLASH_BLOCK_BYTES + 8, 0x90);
    assert_int_equal(seen(FLASH_BLOCK_BYTES + 8) & 3, 0);
    assert_int_equal(seen(0), 0x00890089);
    command(FLASH_BLOCK_BYTES, 0x60);
    command(FLASH_BLOCK_BYTES, 0xd0);
    command(0, 0xff);
    assert_int_equal(seen(FLASH_BLOCK_BYTES + 8), UINT32_MAX);
}

/* U-Boot and Linux: what there is, from the table. */
static void test_the_table_says_what_there_is(void **state)
{
    static const char query[] = "QRY";

    (void)state;
    command(0x55 * 4, 0x98);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(seen((0x10 + i) * 4), (uint32_t)query[i] << 16 | (uint32_t)query[i]);
    }
    assert_int_equal(seen(0x2d * 4) & 0xff, BLOCKS - 1);
    assert_int_equal(seen(0x30 * 4) & 0xff, FLASH_BLOCK_BYTES / 2 / 256 >> 8);
    command(0, 0xf0);
    for (uint32_t i = 0; i < 0x100; i++) {
        assert_int_equal(seen(i * 4), UINT32_MAX);
    }
}

static void test_a_reset_ends_what_was_under_way(void **state)
{
    (void)state;
    command(0, 0x20);
    flash_reset(&flash);
    assert_int_equal(seen(0), UINT32_MAX);
    memory[1] = 5;
    command(0, 0xd0);
    assert_int_equal(seen(4), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_new_memory_is_erased_once, setup),
        cmocka_unit_test_setup(test_a_word_is_programmed, setup),
        cmocka_unit_test_setup(test_a_buffer_is_programmed_when_confirmed, setup),
        cmocka_unit_test_setup(test_status_is_where_u_boot_looks, setup),
        cmocka_unit_test_setup(test_halves_of_words_are_programmed, setup),
        cmocka_unit_test_setup(test_a_block_is_erased, setup),
        cmocka_unit_test_setup(test_no_block_is_locked, setup),
        cmocka_unit_test_setup(test_the_table_says_what_there_is, setup),
        cmocka_unit_test_setup(test_a_reset_ends_what_was_under_way, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
