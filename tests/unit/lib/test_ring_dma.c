/* SPDX-License-Identifier: BSD-2-Clause */
/* Several records of a ring out at a time, filled and given back by a device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ring/ring_dma.h"

#define REGION_BYTES 0x9000u
#define SLOT_BYTES 2032u
#define SLOTS 16u

struct link {
    _Alignas(64) uint8_t region_a[REGION_BYTES];
    _Alignas(64) uint8_t region_b[REGION_BYTES];
    struct ring a, b;
    struct ring_slots slots;
    struct ring_slot out[SLOTS];
};

static struct link link_;

static int setup(void **state)
{
    memset(&link_, 0, sizeof link_);
    assert_int_equal(ring_init(&link_.a, link_.region_a, link_.region_b, REGION_BYTES), ERR_OK);
    assert_int_equal(ring_init(&link_.b, link_.region_b, link_.region_a, REGION_BYTES), ERR_OK);
    ring_slots_init(&link_.slots, &link_.a);
    *state = &link_;
    return 0;
}

static uint32_t length_of(uint32_t number)
{
    return 1 + number * 397 % SLOT_BYTES;
}

static void test_records_of_any_length_through_many_wraps(void **state)
{
    /* Of lengths that fill the ring exactly, and that leave a rest at its end. */
    static const uint32_t slot_lengths[] = {SLOT_BYTES, SLOT_BYTES + 16, 5000};
    struct link *link = *state;
    struct ring_record record;
    const uint8_t *data;
    uint32_t added = 0;
    uint32_t committed = 0;
    uint32_t taken = 0;

    while (taken < 3000) {
        while (added - committed < SLOTS &&
               ring_slots_add(&link->slots, slot_lengths[added % 3], &link->out[added % SLOTS]) == ERR_OK) {
            added++;
        }
        assert_true(added != committed || taken != committed);
        for (uint32_t i = 0; i < 3 && committed != added; i++, committed++) {
            const struct ring_slot *slot = &link->out[committed % SLOTS];

            memset(slot->data, (int)committed, slot->length_bytes);
            ring_slots_commit(&link->slots, slot, length_of(committed), committed);
        }
        while (ring_peek(&link->b, &record, &data) == ERR_OK) {
            assert_int_equal(record.length_bytes, length_of(taken));
            assert_int_equal(record.meta, taken);
            assert_int_equal(data[0], (uint8_t)taken);
            assert_int_equal(data[record.length_bytes - 1], (uint8_t)taken);
            ring_release(&link->b);
            taken++;
        }
        assert_int_equal(taken, committed);
    }
    assert_false(ring_is_broken(&link->a) || ring_is_broken(&link->b));
}

static void test_lengths_that_are_not_possible(void **state)
{
    struct link *link = *state;
    struct ring_slot slot;

    assert_int_equal(ring_slots_add(&link->slots, 0, &slot), ERR_RANGE);
    assert_int_equal(ring_slots_add(&link->slots, ring_record_limit(&link->a) + 1, &slot), ERR_RANGE);
    assert_int_equal(ring_slots_add(&link->slots, 100, &slot), ERR_OK);
    ring_slots_commit(&link->slots, &slot, 0, 0);
    ring_slots_commit(&link->slots, &slot, 101, 0);
    assert_int_equal(link->a.head, 0);
}

static void test_space_is_asked_for_when_none_is_out(void **state)
{
    struct link *link = *state;
    struct ring_record record;
    const uint8_t *data;
    uint32_t count = 0;

    while (ring_slots_add(&link->slots, SLOT_BYTES, &link->out[count]) == ERR_OK) {
        count++;
    }
    assert_int_equal(count, SLOTS);
    for (uint32_t i = 0; i < count; i++) {
        ring_slots_commit(&link->slots, &link->out[i], SLOT_BYTES, i);
    }
    assert_false(ring_slots_request_space(&link->slots, SLOT_BYTES));
    assert_false(ring_should_signal_space(&link->b));
    assert_int_equal(ring_peek(&link->b, &record, &data), ERR_OK);
    ring_release(&link->b);
    assert_true(ring_should_signal_space(&link->b));
    assert_true(ring_slots_request_space(&link->slots, SLOT_BYTES));
}

/* A record that was taken keeps its room until it is given back, and so do those before it. */
static void test_taken_records_stay(void **state)
{
    struct link *link = *state;
    struct ring_record record;
    const uint8_t *data;
    uint32_t ends[3];
    uint8_t *to;

    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(ring_reserve(&link->a, 1000, &to), ERR_OK);
        ring_commit(&link->a, 1000, i);
    }
    const uint32_t before = ring_space(&link->a);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(ring_take(&link->b, &record, &data, &ends[i]), ERR_OK);
        assert_int_equal(record.meta, i);
    }
    assert_int_equal(ring_take(&link->b, &record, &data, &ends[0]), ERR_EMPTY);
    assert_int_equal(ring_space(&link->a), before);
    assert_false(ring_request_space(&link->a, before + 1));
    assert_false(ring_should_signal_space(&link->b));
    ring_give_back(&link->b, ends[1]);
    assert_int_equal(ring_space(&link->a), before + 2 * 1024);
    assert_true(ring_should_signal_space(&link->b));
    ring_give_back(&link->b, ends[0]); /* it has been: nothing goes backwards */
    assert_int_equal(ring_space(&link->a), before + 2 * 1024);
    ring_give_back(&link->b, ends[2]);
    assert_int_equal(ring_space(&link->a), link->a.capacity_bytes);
}

static void test_padding_of_a_hostile_peer(void **state)
{
    /* Not a multiple of 16, over the end, with nothing behind it, padding behind padding. */
    static const uint32_t lengths[] = {8, 0x8010, 64, 16};
    struct ring_record record;
    const uint8_t *data;

    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(setup(state), 0);
        struct link *link = *state;
        struct ring_region *region = (struct ring_region *)(void *)link->region_a;
        const uint32_t header[4] = {0x20444150, lengths[i]};

        memcpy(region->data, header, sizeof header);
        memcpy(region->data + 16, header, sizeof header);
        region->head = 64;
        assert_int_equal(ring_peek(&link->b, &record, &data), ERR_FORMAT);
        assert_true(ring_is_broken(&link->b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_records_of_any_length_through_many_wraps, setup),
        cmocka_unit_test_setup(test_lengths_that_are_not_possible, setup),
        cmocka_unit_test_setup(test_space_is_asked_for_when_none_is_out, setup),
        cmocka_unit_test_setup(test_taken_records_stay, setup),
        cmocka_unit_test_setup(test_padding_of_a_hostile_peer, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
