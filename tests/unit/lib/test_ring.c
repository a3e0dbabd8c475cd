/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/ring/ring.h"

#define REGION_BYTES 8192u
#define CAPACITY 4096u

struct link {
    _Alignas(64) uint8_t region_a[REGION_BYTES];
    _Alignas(64) uint8_t region_b[REGION_BYTES];
    struct ring a;
    struct ring b;
};

static struct link link_;

static void start_a(struct link *link)
{
    assert_int_equal(ring_init(&link->a, link->region_a, link->region_b, REGION_BYTES), ERR_OK);
}

static void start_b(struct link *link)
{
    assert_int_equal(ring_init(&link->b, link->region_b, link->region_a, REGION_BYTES), ERR_OK);
}

static int setup(void **state)
{
    memset(&link_, 0, sizeof link_);
    start_a(&link_);
    start_b(&link_);
    *state = &link_;
    return 0;
}

static struct ring_region *region_of_a(struct link *link)
{
    return (struct ring_region *)(void *)link->region_a;
}

static void send(struct ring *ring, uint32_t length, uint64_t meta)
{
    uint8_t *data;
    assert_int_equal(ring_reserve(ring, length, &data), ERR_OK);
    memset(data, (int)meta, length);
    ring_commit(ring, length, meta);
}

static void expect(struct ring *ring, uint32_t length, uint64_t meta)
{
    struct ring_record record;
    const uint8_t *data;
    assert_int_equal(ring_peek(ring, &record, &data), ERR_OK);
    assert_int_equal(record.length_bytes, length);
    assert_int_equal(record.meta, meta);
    for (uint32_t i = 0; i < length; i++) {
        assert_int_equal(data[i], (uint8_t)meta);
    }
    ring_release(ring);
}

static void expect_empty(struct ring *ring)
{
    struct ring_record record;
    const uint8_t *data;
    assert_int_equal(ring_peek(ring, &record, &data), ERR_EMPTY);
}

static void test_init_refuses_bad_regions(void **state)
{
    struct link *link = *state;
    struct ring ring;
    assert_int_equal(ring_init(&ring, link->region_a, link->region_b, 4095), ERR_RANGE);
    assert_int_equal(ring_init(&ring, link->region_a + 8, link->region_b, 4096), ERR_ALIGN);
    assert_int_equal(ring_init(&ring, link->region_a, link->region_b + 32, 4096), ERR_ALIGN);
}

static void test_capacity_is_the_largest_power_of_two(void **state)
{
    static const struct {
        uint32_t region, capacity;
    } cases[] = {{4096, 2048}, {8192, 4096}, {8191, 4096}, {4223, 2048}, {4224, 4096}};
    struct link *link = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ring ring;
        assert_int_equal(ring_init(&ring, link->region_a, link->region_b, cases[i].region), ERR_OK);
        assert_int_equal(ring.capacity_bytes, cases[i].capacity);
    }
}

static void test_records_arrive_in_order_through_many_wraps(void **state)
{
    struct link *link = *state;
    uint32_t sent = 0;
    uint32_t received = 0;
    while (received < 2000) {
        uint8_t *data;
        uint32_t length = 1 + sent * 37 % ring_record_limit(&link->a);
        while (ring_reserve(&link->a, length, &data) == ERR_OK) {
            memset(data, (int)sent, length);
            ring_commit(&link->a, length, sent);
            sent++;
            length = 1 + sent * 37 % ring_record_limit(&link->a);
        }
        assert_true(sent > received);
        expect(&link->b, 1 + received * 37 % ring_record_limit(&link->a), received);
        received++;
    }
    assert_false(ring_is_broken(&link->a) || ring_is_broken(&link->b));
}

static void test_empty_ring_takes_the_longest_record_at_every_position(void **state)
{
    struct link *link = *state;
    for (uint32_t i = 0; i < 2 * CAPACITY / RING_RECORD_ALIGN; i++) {
        send(&link->a, ring_record_limit(&link->a), i);
        expect(&link->b, ring_record_limit(&link->a), i);
        send(&link->a, 1, i);
        expect(&link->b, 1, i);
    }
}

static void test_reserve_refuses_bad_lengths(void **state)
{
    struct link *link = *state;
    uint8_t *data;
    assert_int_equal(ring_reserve(&link->a, 0, &data), ERR_RANGE);
    assert_int_equal(ring_reserve(&link->a, ring_record_limit(&link->a) + 1, &data), ERR_RANGE);
    assert_int_equal(ring_reserve(&link->a, UINT32_MAX, &data), ERR_RANGE);
}

static void test_nothing_is_visible_before_commit(void **state)
{
    struct link *link = *state;
    uint8_t *data;
    assert_int_equal(ring_reserve(&link->a, 100, &data), ERR_OK);
    expect_empty(&link->b);
    ring_commit(&link->a, 0, 0); /* changed our mind */
    expect_empty(&link->b);
    ring_commit(&link->a, 100, 0); /* nothing reserved any more */
    expect_empty(&link->b);
    assert_int_equal(ring_reserve(&link->a, 100, &data), ERR_OK);
    ring_commit(&link->a, 500, 0); /* more than reserved */
    ring_commit(&link->a, UINT32_MAX - 8, 0);
    expect_empty(&link->b);
    assert_int_equal(ring_reserve(&link->a, 500, &data), ERR_OK);
    memset(data, 7, 10);
    ring_commit(&link->a, 10, 7); /* less is fine */
    expect(&link->b, 10, 7);
}

static void test_release_without_peek_consumes_nothing(void **state)
{
    struct link *link = *state;
    send(&link->a, 10, 1);
    ring_release(&link->b);
    expect(&link->b, 10, 1);
    ring_release(&link->b);
    send(&link->a, 10, 2);
    expect(&link->b, 10, 2);
}

static void test_bytes_in_order_with_partial_writes(void **state)
{
    struct link *link = *state;
    uint8_t next_in = 0;
    uint8_t next_out = 0;
    uint64_t total = 0;
    for (uint32_t turn = 0; turn < 3000; turn++) {
        uint8_t buffer[3000];
        uint32_t want = turn * 61 % sizeof buffer;
        for (uint32_t i = 0; i < want; i++) {
            buffer[i] = (uint8_t)(next_in + i);
        }
        uint32_t space = ring_space(&link->a);
        uint32_t wrote = ring_write(&link->a, buffer, want);
        assert_int_equal(wrote, want < space ? want : space);
        next_in = (uint8_t)(next_in + wrote);
        uint32_t got = ring_read(&link->b, buffer, turn * 47 % sizeof buffer);
        for (uint32_t i = 0; i < got; i++) {
            assert_int_equal(buffer[i], next_out);
            next_out++;
        }
        total += got;
    }
    assert_true(total > 100 * CAPACITY);
}

static void test_full_stream_takes_nothing_more(void **state)
{
    struct link *link = *state;
    static uint8_t buffer[CAPACITY + 1];
    assert_int_equal(ring_write(&link->a, buffer, sizeof buffer), CAPACITY);
    assert_int_equal(ring_write(&link->a, buffer, 1), 0);
    assert_int_equal(ring_space(&link->a), 0);
    assert_int_equal(ring_available(&link->b), CAPACITY);
    assert_int_equal(ring_read(&link->b, buffer, 5), 5);
    assert_int_equal(ring_write(&link->a, buffer, 9), 5);
}

static void test_a_request_is_answered_once(void **state)
{
    struct link *link = *state;
    assert_false(ring_request_data(&link->b));
    assert_false(ring_should_signal_data(&link->b)); /* the other side asked for nothing */
    send(&link->a, 10, 1);
    assert_true(ring_should_signal_data(&link->a));
    send(&link->a, 10, 2);
    assert_false(ring_should_signal_data(&link->a));
    assert_true(ring_request_data(&link->b));        /* there is something: look again */
    assert_false(ring_should_signal_data(&link->a)); /* nothing new: no need to wake it */
    expect(&link->b, 10, 1);
    expect(&link->b, 10, 2);
    assert_false(ring_request_data(&link->b));
    ring_cancel_data(&link->b);
    send(&link->a, 10, 3);
    assert_false(ring_should_signal_data(&link->a));
}

static void test_space_is_signalled_at_the_threshold(void **state)
{
    struct link *link = *state;
    static uint8_t buffer[CAPACITY];
    assert_int_equal(ring_write(&link->a, buffer, CAPACITY), CAPACITY);
    assert_false(ring_request_space(&link->a, 1000));
    assert_int_equal(ring_read(&link->b, buffer, 999), 999);
    assert_false(ring_should_signal_space(&link->b));
    assert_int_equal(ring_read(&link->b, buffer, 1), 1);
    assert_true(ring_should_signal_space(&link->b));
    assert_false(ring_should_signal_space(&link->b));
    assert_true(ring_request_space(&link->a, 1000));
}

static void test_record_space_request_counts_the_padding(void **state)
{
    struct link *link = *state;
    send(&link->a, 2032, 1);
    send(&link->a, 1008, 2); /* 1024 left at the end: too little for the next */
    uint8_t *data;
    assert_int_equal(ring_reserve(&link->a, 2000, &data), ERR_SPACE);
    assert_false(ring_request_record_space(&link->a, 2000));
    expect(&link->b, 2032, 1);
    assert_true(ring_should_signal_space(&link->b));
    assert_int_equal(ring_reserve(&link->a, 2000, &data), ERR_OK);
}

static void test_data_written_before_the_peer_starts_is_kept(void **state)
{
    struct link *link = *state;
    memset(link, 0, sizeof *link);
    start_a(link);
    assert_false(ring_should_signal_data(&link->a)); /* nobody there */
    assert_int_equal(ring_write(&link->a, "hello", 5), 5);
    assert_false(ring_request_data(&link->a));
    start_b(link);
    char text[8] = "";
    assert_false(ring_sync(&link->b));
    assert_int_equal(ring_read(&link->b, text, sizeof text), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(ring_write(&link->b, "yes", 3), 3);
    assert_true(ring_should_signal_data(&link->b));
    assert_false(ring_sync(&link->a));
    assert_int_equal(ring_read(&link->a, text, sizeof text), 3);
}

static void test_restart_drops_what_was_in_flight_both_ways(void **state)
{
    struct link *link = *state;
    for (uint32_t i = 0; i < 50; i++) {
        send(&link->a, 100, i);
        send(&link->b, 100, i);
        expect(&link->a, 100, i);
        expect(&link->b, 100, i);
    }
    send(&link->a, 10, 1);
    send(&link->b, 10, 2);
    start_b(link);
    expect_empty(&link->b);                          /* a's old record is not for this start of b */
    assert_false(ring_should_signal_data(&link->b)); /* nothing new to tell */
    assert_false(ring_should_signal_space(&link->b));
    assert_true(ring_sync(&link->a));
    assert_false(ring_sync(&link->a));
    expect_empty(&link->a);
    expect_empty(&link->b);
    send(&link->b, 10, 3);
    send(&link->a, 10, 4);
    expect(&link->a, 10, 3);
    expect(&link->b, 10, 4);
}

static void test_restarted_peer_can_send_at_once(void **state)
{
    struct link *link = *state;
    send(&link->b, 1000, 1);
    expect(&link->a, 1000, 1);
    start_b(link);
    send(&link->b, 10, 9);
    assert_true(ring_should_signal_data(&link->b));
    expect_empty(&link->a); /* not yet synchronised, but not offended either */
    assert_false(ring_is_broken(&link->a));
    assert_true(ring_sync(&link->a));
    expect(&link->a, 10, 9);
}

static void test_restart_forgets_record_under_work(void **state)
{
    struct link *link = *state;
    uint8_t *data;
    struct ring_record record;
    const uint8_t *peeked;
    send(&link->b, 10, 1);
    assert_int_equal(ring_reserve(&link->a, 10, &data), ERR_OK);
    assert_int_equal(ring_peek(&link->a, &record, &peeked), ERR_OK);
    start_b(link);
    assert_true(ring_sync(&link->a));
    ring_commit(&link->a, 10, 1);
    ring_release(&link->a);
    expect_empty(&link->b);
    send(&link->b, 10, 2);
    expect(&link->a, 10, 2);
}

static void test_leftovers_of_a_restarted_peer_keep_nobody_awake(void **state)
{
    struct link *link = *state;
    send(&link->a, 10, 1);
    send(&link->a, 10, 2);
    expect(&link->b, 10, 1);
    start_a(link);
    memset(region_of_a(link)->data, 0, CAPACITY);
    expect_empty(&link->b);
    assert_false(ring_request_data(&link->b)); /* so the loop "peek until empty, request" ends */
    assert_false(ring_is_broken(&link->b));
}

static void test_both_restart_at_once(void **state)
{
    struct link *link = *state;
    send(&link->a, 10, 1);
    send(&link->b, 10, 1);
    start_a(link);
    start_b(link);
    (void)ring_sync(&link->a);
    (void)ring_sync(&link->b);
    send(&link->a, 10, 5);
    send(&link->b, 10, 6);
    expect(&link->a, 10, 6);
    expect(&link->b, 10, 5);
}

static void test_epoch_zero_is_never_used(void **state)
{
    struct link *link = *state;
    region_of_a(link)->epoch = UINT32_MAX;
    start_a(link);
    assert_int_equal(region_of_a(link)->epoch, 1);
}

/* Hostile peers. */

static void test_head_out_of_range_breaks_the_ring(void **state)
{
    struct link *link = *state;
    static const uint32_t heads[] = {CAPACITY + 16, 0xfffffff0u, 0x80000000u};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        setup(state);
        region_of_a(link)->head = heads[i];
        struct ring_record record;
        const uint8_t *data;
        char byte;
        assert_int_equal(ring_peek(&link->b, &record, &data), ERR_OVERRUN);
        assert_true(ring_is_broken(&link->b));
        assert_int_equal(ring_read(&link->b, &byte, 1), 0);
        assert_int_equal(ring_write(&link->b, &byte, 1), 0);
        assert_int_equal(ring_available(&link->b), 0);
        assert_int_equal(ring_space(&link->b), 0);
        uint8_t *own;
        assert_int_equal(ring_reserve(&link->b, 1, &own), ERR_OVERRUN);
        assert_false(ring_should_signal_data(&link->b));
        assert_false(ring_should_signal_space(&link->b));
    }
}

static void test_head_going_back_breaks_the_ring(void **state)
{
    struct link *link = *state;
    send(&link->a, 100, 1);
    expect(&link->b, 100, 1);
    region_of_a(link)->head -= 16;
    assert_int_equal(ring_available(&link->b), 0);
    assert_true(ring_is_broken(&link->b));
}

static void test_tail_out_of_range_breaks_the_ring(void **state)
{
    struct link *link = *state;
    send(&link->b, 100, 1);
    region_of_a(link)->tail = 4000; /* more than we ever sent */
    assert_int_equal(ring_space(&link->b), 0);
    assert_true(ring_is_broken(&link->b));
}

static void test_bad_record_headers_break_the_ring(void **state)
{
    struct link *link = *state;
    static const uint32_t data_kind = 0x41544144;
    static const uint32_t padding_kind = 0x20444150;
    const struct {
        uint32_t kind, length, head;
    } cases[] = {
        {0, 10, 32},                       /* no kind */
        {data_kind, 0, 32},                /* empty */
        {data_kind, 17, 32},               /* longer than what was published */
        {data_kind, UINT32_MAX, CAPACITY}, /* wraps */
        {data_kind, CAPACITY, CAPACITY},   /* above the limit */
        {data_kind, 8, 24},                /* head off the grid */
        {padding_kind, 0, CAPACITY},       /* padding with nothing behind */
        {padding_kind, 0, 32},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setup(state);
        memcpy(region_of_a(link)->data, &cases[i].kind, 4);
        memcpy(region_of_a(link)->data + 4, &cases[i].length, 4);
        region_of_a(link)->head = cases[i].head;
        struct ring_record record;
        const uint8_t *data;
        assert_int_equal(ring_peek(&link->b, &record, &data), ERR_FORMAT);
        assert_true(ring_is_broken(&link->b));
    }
}

static void test_restart_mends_a_broken_ring(void **state)
{
    struct link *link = *state;
    region_of_a(link)->head = 0xfffffff0u;
    assert_int_equal(ring_available(&link->b), 0);
    assert_true(ring_is_broken(&link->b));
    start_a(link);
    assert_true(ring_sync(&link->b));
    assert_false(ring_is_broken(&link->b));
    send(&link->a, 10, 1);
    expect(&link->b, 10, 1);
}

static void test_peer_that_vanishes_is_no_offence(void **state)
{
    struct link *link = *state;
    send(&link->a, 10, 1);
    memset(link->region_a, 0, REGION_BYTES); /* scrubbed */
    expect_empty(&link->b);
    assert_false(ring_is_broken(&link->b));
    assert_false(ring_sync(&link->b));
}

static void test_offers(void **state)
{
    struct link *link = *state;
    assert_int_equal(ring_peer_offer(&link->b), 0);
    ring_offer(&link->a, 5);
    assert_int_equal(ring_peer_offer(&link->b), 5);
    assert_int_equal(ring_peer_offer(&link->a), 0);
    start_a(link);
    assert_int_equal(ring_peer_offer(&link->b), 0);
    ring_offer(&link->a, 7);
    region_of_a(link)->magic = 0; /* down */
    assert_int_equal(ring_peer_offer(&link->b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_init_refuses_bad_regions, setup),
        cmocka_unit_test_setup(test_offers, setup),
        cmocka_unit_test_setup(test_capacity_is_the_largest_power_of_two, setup),
        cmocka_unit_test_setup(test_records_arrive_in_order_through_many_wraps, setup),
        cmocka_unit_test_setup(test_empty_ring_takes_the_longest_record_at_every_position, setup),
        cmocka_unit_test_setup(test_reserve_refuses_bad_lengths, setup),
        cmocka_unit_test_setup(test_nothing_is_visible_before_commit, setup),
        cmocka_unit_test_setup(test_release_without_peek_consumes_nothing, setup),
        cmocka_unit_test_setup(test_bytes_in_order_with_partial_writes, setup),
        cmocka_unit_test_setup(test_full_stream_takes_nothing_more, setup),
        cmocka_unit_test_setup(test_a_request_is_answered_once, setup),
        cmocka_unit_test_setup(test_space_is_signalled_at_the_threshold, setup),
        cmocka_unit_test_setup(test_record_space_request_counts_the_padding, setup),
        cmocka_unit_test_setup(test_data_written_before_the_peer_starts_is_kept, setup),
        cmocka_unit_test_setup(test_restart_drops_what_was_in_flight_both_ways, setup),
        cmocka_unit_test_setup(test_restarted_peer_can_send_at_once, setup),
        cmocka_unit_test_setup(test_restart_forgets_record_under_work, setup),
        cmocka_unit_test_setup(test_leftovers_of_a_restarted_peer_keep_nobody_awake, setup),
        cmocka_unit_test_setup(test_both_restart_at_once, setup),
        cmocka_unit_test_setup(test_epoch_zero_is_never_used, setup),
        cmocka_unit_test_setup(test_head_out_of_range_breaks_the_ring, setup),
        cmocka_unit_test_setup(test_head_going_back_breaks_the_ring, setup),
        cmocka_unit_test_setup(test_tail_out_of_range_breaks_the_ring, setup),
        cmocka_unit_test_setup(test_bad_record_headers_break_the_ring, setup),
        cmocka_unit_test_setup(test_restart_mends_a_broken_ring, setup),
        cmocka_unit_test_setup(test_peer_that_vanishes_is_no_offence, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
