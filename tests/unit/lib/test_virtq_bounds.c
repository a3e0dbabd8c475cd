/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications by the driver, and what one event buys of a queue: never more than one
   queue size, whatever the avail index says meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/virtq/virtq.h"
#include "tests/mock/driver.h"

#define BASE 0x40000000ull
#define BYTES 0x100000ull
#define SIZE 8

struct fixture {
    struct driver_ram ram;
    struct driver_queue driver;
    struct virtq vq;
    struct virtq_chain chain;
    uint64_t buffer;
};

static struct fixture *make(bool event_idx)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    driver_ram_init(&f->ram, BASE, BYTES);
    driver_queue_init(&f->driver, &f->ram, SIZE, event_idx);
    f->buffer = driver_alloc(&f->ram, 4096, 16);
    const struct virtq_layout layout = driver_queue_layout(&f->driver);
    const struct virtq_features features = {.event_idx = event_idx};
    assert_int_equal(virtq_enable(&f->vq, &f->ram.mem, &layout, SIZE, features), ERR_OK);
    return f;
}

static int setup(void **state)
{
    *state = make(false);
    return 0;
}

static int setup_event_idx(void **state)
{
    *state = make(true);
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

static void test_kicks_by_flag(void **state)
{
    struct fixture *f = *state;

    virtq_disable_kicks(&f->vq);
    assert_int_equal(driver_used_flags(&f->driver), VIRTQ_USED_F_NO_NOTIFY);
    add_one(f, 1, false);
    assert_false(driver_wants_kick(&f->driver));
    assert_true(virtq_request_kick(&f->vq)); /* it came while we weren't looking */
    assert_int_equal(pop(f), ERR_OK);
    assert_false(virtq_request_kick(&f->vq));
    add_one(f, 1, false);
    assert_true(driver_wants_kick(&f->driver));
}

static void test_kicks_by_event_index(void **state)
{
    struct fixture *f = *state; /* with EVENT_IDX */

    assert_false(virtq_request_kick(&f->vq));
    add_one(f, 1, false);
    assert_true(driver_wants_kick(&f->driver));
    virtq_disable_kicks(&f->vq);
    add_one(f, 1, false);
    assert_false(driver_wants_kick(&f->driver));
    assert_true(virtq_request_kick(&f->vq));
    assert_int_equal(pop(f), ERR_OK);
    assert_int_equal(pop(f), ERR_OK);
    assert_false(virtq_request_kick(&f->vq));
    add_one(f, 1, false);
    assert_true(driver_wants_kick(&f->driver));
}

static void test_request_covers_what_comes_behind_what_is_left(void **state)
{
    struct fixture *f = *state; /* with EVENT_IDX */

    add_one(f, 1, false);
    assert_true(virtq_look(&f->vq)); /* and leave it there */
    (void)driver_wants_kick(&f->driver);
    assert_false(virtq_request_kick(&f->vq));
    add_one(f, 1, false);
    assert_true(driver_wants_kick(&f->driver));
    add_one(f, 1, false);
    assert_false(driver_wants_kick(&f->driver)); /* one notification for each request */
}

/* Bounds. */

static void test_pop_gives_what_the_last_look_saw(void **state)
{
    struct fixture *f = *state;

    add_one(f, 1, false);
    assert_int_equal(virtq_pop(&f->vq, &f->chain), ERR_EMPTY);
    assert_true(virtq_look(&f->vq));
    add_one(f, 1, false);
    assert_int_equal(virtq_left(&f->vq), 1);
    assert_int_equal(virtq_pop(&f->vq, &f->chain), ERR_OK);
    assert_int_equal(virtq_pop(&f->vq, &f->chain), ERR_EMPTY);
    assert_true(virtq_look(&f->vq));
    assert_false(virtq_look(&f->vq));
    assert_int_equal(virtq_pop(&f->vq, &f->chain), ERR_OK);
    assert_int_equal(virtq_pop(&f->vq, &f->chain), ERR_EMPTY);
}

/* A driver, or a device that writes over its ring, that publishes a chain for each one that is popped. */
static void test_one_queue_size_between_two_publications(void **state)
{
    struct fixture *f = *state;
    unsigned int count = 0;
    enum err err;

    driver_put_desc(&f->driver, 0, (struct virtq_desc){f->buffer, 1, 0, 0});
    for (;;) {
        driver_set_avail_idx(&f->driver, (uint16_t)(count + 1));
        (void)virtq_request_kick(&f->vq);
        err = virtq_pop(&f->vq, &f->chain);
        if (err != ERR_OK) {
            break;
        }
        virtq_add_used(&f->vq, f->chain.head, 0);
        count++;
        assert_true(count <= SIZE);
    }
    assert_int_equal(err, ERR_OVERRUN);
    assert_int_equal(count, SIZE);
}

static void test_what_was_good_is_popped_before_nonsense_is_reported(void **state)
{
    struct fixture *f = *state;

    add_one(f, 1, false);
    add_one(f, 1, false);
    assert_true(virtq_look(&f->vq));
    driver_set_avail_idx(&f->driver, SIZE + 1);
    assert_true(virtq_look(&f->vq));
    assert_int_equal(virtq_pop(&f->vq, &f->chain), ERR_OK);
    assert_int_equal(virtq_pop(&f->vq, &f->chain), ERR_OK);
    assert_int_equal(virtq_pop(&f->vq, &f->chain), ERR_OVERRUN);
    assert_false(virtq_is_ready(&f->vq));
}

static void test_outstanding_chains_count(void **state)
{
    struct fixture *f = *state;

    for (unsigned int i = 0; i < SIZE; i++) {
        add_one(f, 1, false);
    }
    for (unsigned int i = 0; i < SIZE; i++) {
        assert_int_equal(pop(f), ERR_OK);
    }
    virtq_push(&f->vq, 0, 0); /* the others are still with the device */
    driver_set_avail_idx(&f->driver, SIZE + 2);
    assert_int_equal(pop(f), ERR_OVERRUN);
}

#define TEST(name, setup_function) cmocka_unit_test_setup_teardown(name, setup_function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kicks_by_flag, setup),
        TEST(test_kicks_by_event_index, setup_event_idx),
        TEST(test_request_covers_what_comes_behind_what_is_left, setup_event_idx),
        TEST(test_pop_gives_what_the_last_look_saw, setup),
        TEST(test_one_queue_size_between_two_publications, setup),
        TEST(test_one_queue_size_between_two_publications, setup_event_idx),
        TEST(test_what_was_good_is_popped_before_nonsense_is_reported, setup),
        TEST(test_outstanding_chains_count, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
