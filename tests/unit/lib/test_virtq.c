/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/virtq/virtq.h"
#include "tests/mock/driver.h"

#define BASE 0x40000000ull
#define BYTES 0x100000ull
#define SIZE 8

/* One queue, both sides of it. */
struct fixture {
    struct driver_ram ram;
    struct driver_queue driver;
    struct virtq vq;
    struct virtq_chain chain;
    uint64_t buffer; /* one page to point descriptors at */
};

static struct fixture *make(bool event_idx, bool indirect)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    driver_ram_init(&f->ram, BASE, BYTES);
    driver_queue_init(&f->driver, &f->ram, SIZE, event_idx);
    f->buffer = driver_alloc(&f->ram, 4096, 16);
    const struct virtq_layout layout = driver_queue_layout(&f->driver);
    const struct virtq_features features = {.event_idx = event_idx, .indirect = indirect};
    assert_int_equal(virtq_enable(&f->vq, &f->ram.mem, &layout, VIRTQ_MAX_SIZE, features), ERR_OK);
    return f;
}

static int setup(void **state)
{
    *state = make(false, true);
    return 0;
}

static int setup_event_idx(void **state)
{
    *state = make(true, true);
    return 0;
}

static int setup_no_indirect(void **state)
{
    *state = make(false, false);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    driver_ram_free(&f->ram);
    free(f);
    return 0;
}

static void add_one(struct fixture *f, uint32_t bytes, bool writable)
{
    const struct driver_buffer buffer = {f->buffer, bytes, writable};

    assert_true(driver_add(&f->driver, &buffer, 1) >= 0);
}

/* An event that looks, and a pop. */
static enum err pop(struct fixture *f)
{
    (void)virtq_look(&f->vq);
    return virtq_pop(&f->vq, &f->chain);
}

/* Enabling. */

static enum err enable_with(struct fixture *f, struct virtq_layout layout)
{
    const struct virtq_features features = {false, false};

    return virtq_enable(&f->vq, &f->ram.mem, &layout, 256, features);
}

static void test_enable_checks_the_size(void **state)
{
    struct fixture *f = *state;
    struct virtq_layout layout = driver_queue_layout(&f->driver);
    static const uint16_t bad[] = {0, 3, 6, 255, 257, 512, 1024, 2048, 32768, 65535};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        layout.size = bad[i];
        assert_int_equal(enable_with(f, layout), ERR_FORMAT);
        assert_false(virtq_is_ready(&f->vq));
    }
    layout.size = 1;
    assert_int_equal(enable_with(f, layout), ERR_OK);
    layout.size = 256;
    assert_int_equal(enable_with(f, layout), ERR_OK);
}

static void test_enable_checks_alignment(void **state)
{
    struct fixture *f = *state;
    struct virtq_layout layout = driver_queue_layout(&f->driver);

    layout.desc.value += 8;
    assert_int_equal(enable_with(f, layout), ERR_ALIGN);
    layout = driver_queue_layout(&f->driver);
    layout.avail.value += 1;
    assert_int_equal(enable_with(f, layout), ERR_ALIGN);
    layout = driver_queue_layout(&f->driver);
    layout.used.value += 2;
    assert_int_equal(enable_with(f, layout), ERR_ALIGN);
}

static void test_enable_checks_each_part_to_its_last_byte(void **state)
{
    struct fixture *f = *state;
    const struct virtq_layout good = driver_queue_layout(&f->driver);
    struct virtq_layout layout = good;

    layout.desc.value = BASE + BYTES - 16 * SIZE;
    assert_int_equal(enable_with(f, layout), ERR_OK);
    layout.desc.value += 16;
    assert_int_equal(enable_with(f, layout), ERR_RANGE);
    layout = good;
    layout.avail.value = BASE + BYTES - (6 + 2 * SIZE);
    assert_int_equal(enable_with(f, layout), ERR_OK);
    layout.avail.value += 2;
    assert_int_equal(enable_with(f, layout), ERR_RANGE);
    layout = good;
    layout.used.value = BASE + BYTES - (8 + 8 * SIZE);
    assert_int_equal(enable_with(f, layout), ERR_OK);
    layout.used.value += 4;
    assert_int_equal(enable_with(f, layout), ERR_RANGE);
    layout.used.value = 0xfffffffffffffffcull;
    assert_int_equal(enable_with(f, layout), ERR_RANGE);
    assert_false(virtq_is_ready(&f->vq));
}

static void test_disabled_queue_does_nothing(void **state)
{
    struct fixture *f = *state;

    virtq_disable(&f->vq);
    assert_int_equal(virtq_pop(&f->vq, &f->chain), ERR_STATE);
    assert_int_equal(virtq_left(&f->vq), 0);
    assert_false(virtq_look(&f->vq));
    assert_false(virtq_request_kick(&f->vq));
    virtq_disable_kicks(&f->vq);
    virtq_push(&f->vq, 0, 0);
    virtq_unpop(&f->vq, 1);
    virtq_cancel_used(&f->vq, 1);
    assert_false(virtq_should_interrupt(&f->vq));
    assert_int_equal(driver_used_idx(&f->driver), 0);
}

/* Popping. */

static void test_pop_gives_checked_segments(void **state)
{
    struct fixture *f = *state;
    const struct driver_buffer buffers[] = {
        {f->buffer, 10, false}, {f->buffer + 100, 20, false}, {f->buffer + 200, 30, true}};

    assert_int_equal(pop(f), ERR_EMPTY);
    const int head = driver_add(&f->driver, buffers, 3);
    assert_int_equal(pop(f), ERR_OK);
    assert_int_equal(f->chain.head, head);
    assert_int_equal(f->chain.readable_count, 2);
    assert_int_equal(f->chain.writable_count, 1);
    assert_int_equal(f->chain.readable_bytes, 30);
    assert_int_equal(f->chain.writable_bytes, 30);
    assert_ptr_equal(f->chain.segments[1].host, driver_at(&f->ram, f->buffer + 100, 20));
    assert_int_equal(f->chain.segments[2].bytes, 30);
    assert_int_equal(pop(f), ERR_EMPTY);
}

static void test_pop_follows_an_indirect_table(void **state)
{
    struct fixture *f = *state;
    struct driver_buffer buffers[SIZE];

    for (unsigned int i = 0; i < SIZE; i++) {
        buffers[i] = (struct driver_buffer){f->buffer + i, 1, i >= SIZE / 2};
    }
    assert_true(driver_add_indirect(&f->driver, buffers, SIZE) >= 0);
    assert_int_equal(pop(f), ERR_OK);
    assert_int_equal(f->chain.readable_count, SIZE / 2);
    assert_int_equal(f->chain.writable_count, SIZE / 2);
}

static void test_pop_follows_an_indirect_table_at_the_end_of_a_chain(void **state)
{
    struct fixture *f = *state;
    const uint64_t table = driver_alloc(&f->ram, 16, 16) + 4; /* no alignment is asked for */

    driver_put_desc(&f->driver, 0, (struct virtq_desc){f->buffer, 1, VIRTQ_DESC_F_NEXT, 3});
    driver_put_desc(&f->driver, 3, (struct virtq_desc){table, 16, VIRTQ_DESC_F_INDIRECT, 0});
    driver_put_desc_at(&f->driver, table, 0, (struct virtq_desc){f->buffer, 2, VIRTQ_DESC_F_WRITE, 0});
    driver_put_avail(&f->driver, 0);
    assert_int_equal(pop(f), ERR_OK);
    assert_int_equal(f->chain.readable_bytes, 1);
    assert_int_equal(f->chain.writable_bytes, 2);
}

static void expect_broken(struct fixture *f, enum err err)
{
    assert_int_equal(pop(f), err);
    assert_false(virtq_is_ready(&f->vq));
    assert_int_equal(pop(f), ERR_STATE);
    const struct virtq_layout layout = driver_queue_layout(&f->driver);
    driver_queue_clear(&f->driver);
    assert_int_equal(enable_with(f, layout), ERR_OK);
    assert_int_equal(pop(f), ERR_EMPTY);
}

static void test_avail_index_may_not_run_ahead(void **state)
{
    struct fixture *f = *state;

    driver_set_avail_idx(&f->driver, SIZE);
    assert_true(virtq_look(&f->vq));
    assert_int_equal(virtq_left(&f->vq), SIZE);
    driver_set_avail_idx(&f->driver, SIZE + 1);
    const struct virtq_layout layout = driver_queue_layout(&f->driver);
    assert_int_equal(enable_with(f, layout), ERR_OK);
    expect_broken(f, ERR_OVERRUN);
}

static void test_avail_index_may_not_run_back(void **state)
{
    struct fixture *f = *state;

    add_one(f, 1, false);
    assert_int_equal(pop(f), ERR_OK);
    driver_set_avail_idx(&f->driver, 0);
    expect_broken(f, ERR_OVERRUN);
}

static void test_loop_is_an_error(void **state)
{
    struct fixture *f = *state;

    driver_put_desc(&f->driver, 0, (struct virtq_desc){f->buffer, 1, VIRTQ_DESC_F_NEXT, 1});
    driver_put_desc(&f->driver, 1, (struct virtq_desc){f->buffer, 1, VIRTQ_DESC_F_NEXT, 0});
    driver_put_avail(&f->driver, 0);
    expect_broken(f, ERR_LOOP);
}

static void test_chain_of_queue_size_is_the_longest(void **state)
{
    struct fixture *f = *state;

    for (uint16_t i = 0; i < SIZE; i++) {
        const uint16_t flags = i + 1 < SIZE ? VIRTQ_DESC_F_NEXT : 0;
        driver_put_desc(&f->driver, i, (struct virtq_desc){f->buffer, 1, flags, (uint16_t)(i + 1)});
    }
    driver_put_avail(&f->driver, 0);
    assert_int_equal(pop(f), ERR_OK);
    assert_int_equal(f->chain.readable_count, SIZE);
}

static void test_indirect_table_may_not_be_longer_than_the_queue(void **state)
{
    struct fixture *f = *state;
    struct driver_buffer buffers[SIZE + 1];

    for (unsigned int i = 0; i <= SIZE; i++) {
        buffers[i] = (struct driver_buffer){f->buffer, 1, false};
    }
    assert_true(driver_add_indirect(&f->driver, buffers, SIZE + 1) >= 0);
    expect_broken(f, ERR_LOOP);
}

static void test_descriptor_numbers_out_of_range(void **state)
{
    struct fixture *f = *state;

    driver_put_avail(&f->driver, SIZE);
    expect_broken(f, ERR_RANGE);
    driver_put_desc(&f->driver, 0, (struct virtq_desc){f->buffer, 1, VIRTQ_DESC_F_NEXT, 0xffff});
    driver_put_avail(&f->driver, 0);
    expect_broken(f, ERR_RANGE);
}

static void test_bad_addresses(void **state)
{
    struct fixture *f = *state;
    static const struct virtq_desc bad[] = {
        {0, 1, 0, 0},
        {BASE - 1, 2, 0, 0},
        {BASE + BYTES - 1, 2, VIRTQ_DESC_F_WRITE, 0},
        {BASE, 0xffffffff, 0, 0},
        {0xffffffffffffffffull, 1, 0, 0},
        {0xffffffffffffffffull, 0xffffffff, VIRTQ_DESC_F_WRITE, 0},
        {BASE + BYTES - 8, 16, VIRTQ_DESC_F_INDIRECT, 0},
        {0, 16, VIRTQ_DESC_F_INDIRECT, 0},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct virtq_layout layout = driver_queue_layout(&f->driver);
        driver_queue_clear(&f->driver);
        const struct virtq_features features = {.event_idx = false, .indirect = true};
        assert_int_equal(virtq_enable(&f->vq, &f->ram.mem, &layout, SIZE, features), ERR_OK);
        driver_put_desc(&f->driver, 0, bad[i]);
        driver_put_avail(&f->driver, 0);
        assert_int_equal(pop(f), ERR_RANGE);
    }
}

static void test_readable_after_writable(void **state)
{
    struct fixture *f = *state;
    const struct driver_buffer buffers[] = {{f->buffer, 1, true}, {f->buffer, 1, false}};

    assert_true(driver_add(&f->driver, buffers, 2) >= 0);
    expect_broken(f, ERR_FORMAT);
}

static void put_indirect(struct fixture *f, uint64_t table, uint32_t bytes, uint16_t flags)
{
    driver_put_desc(&f->driver, 0,
                    (struct virtq_desc){table, bytes, (uint16_t)(VIRTQ_DESC_F_INDIRECT | flags), 1});
    driver_put_desc(&f->driver, 1, (struct virtq_desc){f->buffer, 1, 0, 0});
    driver_put_avail(&f->driver, 0);
}

static void test_indirect_needs_to_be_negotiated(void **state)
{
    struct fixture *f = *state; /* without */

    put_indirect(f, f->buffer, 16, 0);
    expect_broken(f, ERR_FORMAT);
}

static void test_indirect_of_odd_shape(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint32_t bytes;
        uint16_t flags;
    } bad[] = {{16, VIRTQ_DESC_F_NEXT}, {17, 0}, {15, 0}, {0, 0}};
    const struct virtq_layout layout = driver_queue_layout(&f->driver);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct virtq_features features = {.indirect = true};
        driver_queue_clear(&f->driver);
        assert_int_equal(virtq_enable(&f->vq, &f->ram.mem, &layout, SIZE, features), ERR_OK);
        put_indirect(f, f->buffer, bad[i].bytes, bad[i].flags);
        assert_int_equal(pop(f), ERR_FORMAT);
    }
}

static void test_indirect_in_indirect(void **state)
{
    struct fixture *f = *state;

    put_indirect(f, f->buffer, 16, 0);
    driver_put_desc_at(&f->driver, f->buffer, 0,
                       (struct virtq_desc){f->buffer, 16, VIRTQ_DESC_F_INDIRECT, 0});
    expect_broken(f, ERR_FORMAT);
}

static void test_indirect_next_out_of_table(void **state)
{
    struct fixture *f = *state;

    put_indirect(f, f->buffer, 32, 0);
    driver_put_desc_at(&f->driver, f->buffer, 0, (struct virtq_desc){f->buffer, 1, VIRTQ_DESC_F_NEXT, 2});
    expect_broken(f, ERR_RANGE);
}

static void test_indirect_loop(void **state)
{
    struct fixture *f = *state;

    put_indirect(f, f->buffer, 16, 0);
    driver_put_desc_at(&f->driver, f->buffer, 0, (struct virtq_desc){f->buffer, 1, VIRTQ_DESC_F_NEXT, 0});
    expect_broken(f, ERR_LOOP);
}

static void test_unpop_gives_the_same_again(void **state)
{
    struct fixture *f = *state;

    add_one(f, 1, false);
    add_one(f, 2, false);
    add_one(f, 3, false);
    assert_int_equal(pop(f), ERR_OK);
    assert_int_equal(pop(f), ERR_OK);
    assert_int_equal(pop(f), ERR_OK);
    virtq_unpop(&f->vq, 2);
    assert_int_equal(virtq_left(&f->vq), 2);
    assert_int_equal(pop(f), ERR_OK);
    assert_int_equal(f->chain.readable_bytes, 2);
}

/* Pushing. */

static void test_push_goes_round(void **state)
{
    struct fixture *f = *state;
    uint16_t head;
    uint32_t bytes;

    for (unsigned int i = 0; i < 70000; i++) { /* over the wrap of the 16-bit indices */
        add_one(f, 1, true);
        assert_int_equal(pop(f), ERR_OK);
        virtq_push(&f->vq, f->chain.head, i);
        assert_true(driver_take_used(&f->driver, &head, &bytes));
        assert_int_equal(head, f->chain.head);
        assert_int_equal(bytes, i);
    }
    assert_false(driver_take_used(&f->driver, &head, &bytes));
}

static void test_entries_show_when_published(void **state)
{
    struct fixture *f = *state;

    for (unsigned int i = 0; i < 3; i++) {
        add_one(f, 1, true);
        assert_int_equal(pop(f), ERR_OK);
        virtq_add_used(&f->vq, f->chain.head, 1);
    }
    assert_int_equal(driver_used_idx(&f->driver), 0);
    virtq_cancel_used(&f->vq, 1);
    virtq_publish(&f->vq);
    assert_int_equal(driver_used_idx(&f->driver), 2);
}

static void test_device_keeps_its_own_used_index(void **state)
{
    struct fixture *f = *state;
    const uint16_t nonsense = 0x1234;

    memcpy(driver_at(&f->ram, f->driver.used + 2, 2), &nonsense, 2);
    add_one(f, 1, true);
    assert_int_equal(pop(f), ERR_OK);
    virtq_push(&f->vq, f->chain.head, 1);
    assert_int_equal(driver_used_idx(&f->driver), 1);
}

/* Interrupts. */

static void push_one(struct fixture *f)
{
    uint16_t head;
    uint32_t bytes;

    add_one(f, 1, true);
    assert_int_equal(pop(f), ERR_OK);
    virtq_push(&f->vq, f->chain.head, 0);
    assert_true(driver_take_used(&f->driver, &head, &bytes));
}

static void test_interrupt_by_flag(void **state)
{
    struct fixture *f = *state;

    assert_false(virtq_should_interrupt(&f->vq));
    push_one(f);
    assert_true(virtq_should_interrupt(&f->vq));
    assert_false(virtq_should_interrupt(&f->vq));
    driver_set_no_interrupt(&f->driver, true);
    push_one(f);
    assert_false(virtq_should_interrupt(&f->vq));
    driver_set_no_interrupt(&f->driver, false);
    push_one(f);
    assert_true(virtq_should_interrupt(&f->vq));
}

static void test_interrupt_by_event_index(void **state)
{
    struct fixture *f = *state; /* with EVENT_IDX */

    push_one(f);
    assert_true(virtq_should_interrupt(&f->vq));
    /* "Tell me when entry 2 is used." */
    driver_set_used_event(&f->driver, 2);
    push_one(f);
    assert_false(virtq_should_interrupt(&f->vq));
    push_one(f);
    assert_true(virtq_should_interrupt(&f->vq));
    push_one(f);
    assert_false(virtq_should_interrupt(&f->vq));
    /* Within a batch. */
    driver_set_used_event(&f->driver, 5);
    push_one(f);
    push_one(f);
    push_one(f);
    assert_true(virtq_should_interrupt(&f->vq));
}

/* Copying. */

static void test_chain_copies(void **state)
{
    struct fixture *f = *state;
    const struct driver_buffer buffers[] = {{f->buffer, 3, false},
                                            {f->buffer + 10, 0, false},
                                            {f->buffer + 20, 4, false},
                                            {f->buffer + 30, 2, true},
                                            {f->buffer + 40, 5, true}};
    char text[16] = "";

    memcpy(driver_at(&f->ram, f->buffer, 3), "abc", 3);
    memcpy(driver_at(&f->ram, f->buffer + 20, 4), "defg", 4);
    assert_true(driver_add(&f->driver, buffers, 5) >= 0);
    assert_int_equal(pop(f), ERR_OK);
    assert_int_equal(virtq_chain_read(&f->chain, 0, text, sizeof text), 7);
    assert_string_equal(text, "abcdefg");
    memset(text, 0, sizeof text);
    assert_int_equal(virtq_chain_read(&f->chain, 2, text, 2), 2);
    assert_string_equal(text, "cd");
    assert_int_equal(virtq_chain_read(&f->chain, 7, text, 1), 0);
    assert_int_equal(virtq_chain_read(&f->chain, UINT64_MAX, text, 1), 0);
    assert_int_equal(virtq_chain_write(&f->chain, 0, "0123456789", 10), 7);
    assert_memory_equal(driver_at(&f->ram, f->buffer + 30, 3), "01\0", 3);
    assert_memory_equal(driver_at(&f->ram, f->buffer + 40, 6), "23456\0", 6);
    assert_int_equal(virtq_chain_write(&f->chain, 6, "xyz", 3), 1);
    assert_memory_equal(driver_at(&f->ram, f->buffer + 40, 6), "2345x\0", 6);
    assert_ptr_equal(virtq_chain_writable_at(&f->chain, 2), driver_at(&f->ram, f->buffer + 40, 1));
    assert_null(virtq_chain_writable_at(&f->chain, 7));
}

#define TEST(name, setup_function) cmocka_unit_test_setup_teardown(name, setup_function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_enable_checks_the_size, setup),
        TEST(test_enable_checks_alignment, setup),
        TEST(test_enable_checks_each_part_to_its_last_byte, setup),
        TEST(test_disabled_queue_does_nothing, setup),
        TEST(test_pop_gives_checked_segments, setup),
        TEST(test_pop_follows_an_indirect_table, setup),
        TEST(test_pop_follows_an_indirect_table_at_the_end_of_a_chain, setup),
        TEST(test_avail_index_may_not_run_ahead, setup),
        TEST(test_avail_index_may_not_run_back, setup),
        TEST(test_loop_is_an_error, setup),
        TEST(test_chain_of_queue_size_is_the_longest, setup),
        TEST(test_indirect_table_may_not_be_longer_than_the_queue, setup),
        TEST(test_descriptor_numbers_out_of_range, setup),
        TEST(test_bad_addresses, setup),
        TEST(test_readable_after_writable, setup),
        TEST(test_indirect_needs_to_be_negotiated, setup_no_indirect),
        TEST(test_indirect_of_odd_shape, setup),
        TEST(test_indirect_in_indirect, setup),
        TEST(test_indirect_next_out_of_table, setup),
        TEST(test_indirect_loop, setup),
        TEST(test_unpop_gives_the_same_again, setup),
        TEST(test_push_goes_round, setup),
        TEST(test_entries_show_when_published, setup),
        TEST(test_device_keeps_its_own_used_index, setup),
        TEST(test_interrupt_by_flag, setup),
        TEST(test_interrupt_by_event_index, setup_event_idx),
        TEST(test_chain_copies, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
