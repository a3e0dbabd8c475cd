/* SPDX-License-Identifier: BSD-2-Clause */
/* A network card's driver between a virtio card and the link to a switch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/offload.h"
#include "lib/virtq_driver/mmio_transport.h"
#include "pd/net_driver/net_driver.h"
#include "pd/net_driver/nic_virtio.h"
#include "tests/mock/driver.h"
#include "tests/mock/log_record.h"
#include "tests/mock/net_card.h"

#define PHYS_BASE 0x80000000ull
#define PHYS_BYTES 0x600000u
#define OWN_BYTES 0x9000u
#define TIMEOUT 1000u
#define GAP 50u
#define FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_STATUS)
#define OFFLOADS (VIRTIO_NET_OFFLOADS & ~VIRTIO_NET_F_HOST_USO)

struct fixture {
    struct net_driver driver;
    struct nic_virtio nic;
    struct net_card card;
    struct driver_ram phys;
    struct net_driver_setup setup;
    struct ring lan; /* the switch's side */
    uint64_t now;
    uint8_t *own_region, *peer_region;
};

static struct fixture fixture;

static void make_memory(struct fixture *f, uint32_t link_bytes)
{
    driver_ram_init(&f->phys, PHYS_BASE, PHYS_BYTES);
    const uint64_t own = driver_alloc(&f->phys, OWN_BYTES, 4096);
    const uint64_t rx = driver_alloc(&f->phys, link_bytes, 4096);
    const uint64_t tx = driver_alloc(&f->phys, link_bytes, 4096);

    f->card.mem = f->phys.mem;
    f->own_region = driver_at(&f->phys, rx, link_bytes);
    f->peer_region = driver_at(&f->phys, tx, link_bytes);
    f->setup = (struct net_driver_setup){
        .nic = {.ops = &nic_virtio_ops, .card = &f->nic},
        .card = {.registers = {net_card_read, net_card_write, &f->card},
                 .own = driver_at(&f->phys, own, OWN_BYTES),
                 .own_paddr = own,
                 .own_bytes = OWN_BYTES,
                 .frame_bytes = 1522},
        .link_own = f->own_region,
        .link_peer = f->peer_region,
        .link_own_paddr = rx,
        .link_peer_paddr = tx,
        .link_bytes = link_bytes,
        .timeout = TIMEOUT,
        .moderation = GAP,
    };
}

static void run(struct fixture *f)
{
    (void)net_driver_run(&f->driver, f->now);
    net_card_run(&f->card);
    (void)net_driver_run(&f->driver, f->now);
    (void)ring_sync(&f->lan);
}

static void start_link(struct fixture *f, uint64_t features, uint32_t link_bytes)
{
    f->card.offered = features;
    make_memory(f, link_bytes);
    assert_int_equal(net_driver_init(&f->driver, &f->setup, f->now), ERR_OK);
    assert_int_equal(ring_init(&f->lan, f->peer_region, f->own_region, link_bytes), ERR_OK);
    run(f);
}

static void start(struct fixture *f, uint64_t features)
{
    start_link(f, features, 0x41000);
}

static int setup(void **state)
{
    memset(&fixture, 0, sizeof fixture);
    log_record_clear();
    fixture.card.size = 256;
    fixture.card.has_link = true;
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    driver_ram_free(&f->phys);
    return 0;
}

static void lan_sends(struct fixture *f, uint8_t fill, uint32_t bytes, uint64_t meta)
{
    uint8_t *data;

    assert_int_equal(ring_reserve(&f->lan, bytes, &data), ERR_OK);
    memset(data, fill, bytes);
    ring_commit(&f->lan, bytes, meta);
}

static bool lan_takes(struct fixture *f, uint8_t fill, uint32_t bytes)
{
    struct ring_record record;
    const uint8_t *data;

    if (ring_peek(&f->lan, &record, &data) != ERR_OK) {
        return false;
    }
    assert_int_equal(record.length_bytes, bytes);
    for (uint32_t i = 0; i < bytes; i++) {
        assert_int_equal(data[i], fill);
    }
    ring_release(&f->lan);
    return true;
}

static bool frame_comes(struct fixture *f, uint8_t fill, uint32_t bytes)
{
    static uint8_t frame[VIRTIO_NET_FRAME_MAX];
    const struct virtio_net_hdr hdr = {.num_buffers = 1};

    memset(frame, fill, bytes);
    return net_card_receive(&f->card, &hdr, frame, bytes);
}

static void test_frames_pass_in_both_directions(void **state)
{
    struct fixture *f = *state;

    start(f, FEATURES);
    assert_true(net_driver_is_alive(&f->driver));
    assert_non_null(strstr(log_record_text(), "the link is up"));
    for (uint32_t i = 0; i < 1000; i++) {
        const uint32_t bytes = 14 + i * 7 % 1500;

        assert_true(frame_comes(f, (uint8_t)i, bytes));
        lan_sends(f, (uint8_t)~i, bytes, 0);
        run(f);
        assert_true(lan_takes(f, (uint8_t)i, bytes));
        assert_int_equal(f->card.sent_count, i + 1);
        assert_int_equal(f->card.sent[i % NET_CARD_KEPT].bytes, bytes);
        assert_int_equal(f->card.sent[i % NET_CARD_KEPT].data[bytes - 1], (uint8_t)~i);
        assert_int_equal(f->card.sent[i % NET_CARD_KEPT].hdr.flags, 0);
        f->now += 7;
    }
    assert_int_equal(f->driver.counters.received, 1000);
    assert_int_equal(f->driver.counters.sent, 1000);
    assert_int_equal(f->driver.counters.spoilt + f->driver.counters.refused + f->driver.counters.lost, 0);
}

/* As many as there are buffers, at once, and again when the switch has taken them. */
static void test_bursts_fill_the_link_and_go_on(void **state)
{
    struct fixture *f = *state;
    uint32_t held = 0;

    start(f, FEATURES);
    while (frame_comes(f, 1, 1000)) {
        held++;
    }
    assert_int_equal(held, 128); /* of 2 KiB in 256 KiB */
    run(f);
    assert_false(frame_comes(f, 1, 1000));
    for (uint32_t i = 0; i < held; i++) {
        assert_true(lan_takes(f, 1, 1000));
    }
    /* The driver waits for room, and the switch tells. */
    assert_true(ring_should_signal_space(&f->lan));
    run(f);
    assert_true(frame_comes(f, 2, 2000));
    run(f);
    assert_true(lan_takes(f, 2, 2000));
}

static void test_to_send_waits_for_the_card(void **state)
{
    struct fixture *f = *state;

    start(f, FEATURES);
    f->card.holds = true;
    for (uint32_t i = 0; i < 140; i++) {
        lan_sends(f, (uint8_t)i, 60, 0);
    }
    run(f);
    f->card.holds = false;
    run(f);
    run(f);
    assert_int_equal(f->card.sent_count, 140);
    for (uint32_t i = 0; i < 140; i++) {
        assert_int_equal(f->card.sent[i].data[0], (uint8_t)i);
    }
}

/* The switch's room comes back in the order in which it was used. */
static void test_a_card_may_be_done_in_any_order(void **state)
{
    struct fixture *f = *state;

    start(f, FEATURES);
    f->card.sends_backwards = true;
    for (uint32_t turn = 0; turn < 100; turn++) {
        for (uint32_t i = 0; i < 20; i++) {
            lan_sends(f, (uint8_t)i, 1500, 0);
        }
        run(f);
    }
    assert_int_equal(f->card.sent_count, 2000);
    run(f);
    assert_int_equal(f->driver.first_frame, f->driver.next_frame);
}

static void test_offloads_are_passed_on(void **state)
{
    const struct frame_meta large = {.flags = FRAME_META_NEEDS_CSUM,
                                     .gso_type = FRAME_META_GSO_TCPV4,
                                     .gso_size = 1448,
                                     .hdr_len = 66,
                                     .csum_start = 34,
                                     .csum_offset = 16};
    struct fixture *f = *state;

    start(f, FEATURES | OFFLOADS);
    assert_int_equal(ring_peer_offer(&f->lan), OFFLOAD_CSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6 | OFFLOAD_ECN);
    lan_sends(f, 3, 30000, frame_meta_pack(&large));
    run(f);
    assert_int_equal(f->card.sent_count, 1);
    assert_int_equal(f->card.sent[0].hdr.flags, FRAME_META_NEEDS_CSUM);
    assert_int_equal(f->card.sent[0].hdr.gso_type, FRAME_META_GSO_TCPV4);
    assert_int_equal(f->card.sent[0].hdr.gso_size, 1448);
    assert_int_equal(f->card.sent[0].hdr.csum_start, 34);
    /* A link of 256 KiB has no room for large frames: the card was not told that it may. */
    assert_int_equal(f->card.accepted & VIRTIO_NET_F_GUEST_TSO4, 0);
    assert_int_not_equal(f->card.accepted & VIRTIO_NET_F_GUEST_CSUM, 0);
}

static void test_large_frames_come_where_there_is_room(void **state)
{
    static uint8_t frame[60000];
    const struct virtio_net_hdr hdr = {.flags = FRAME_META_NEEDS_CSUM,
                                       .gso_type = FRAME_META_GSO_TCPV4,
                                       .gso_size = 1448,
                                       .hdr_len = 66,
                                       .csum_start = 34,
                                       .csum_offset = 16};
    struct fixture *f = *state;
    struct ring_record record;
    struct frame_meta meta;
    const uint8_t *data;

    start_link(f, FEATURES | OFFLOADS, 0x201000 + 0x1000);
    assert_int_equal(f->driver.traits.buffer_bytes, VIRTIO_NET_FRAME_MAX);
    for (uint32_t i = 0; i < 200; i++) {
        assert_true(net_card_receive(&f->card, &hdr, frame, sizeof frame));
        run(f);
        assert_int_equal(ring_peek(&f->lan, &record, &data), ERR_OK);
        assert_int_equal(record.length_bytes, sizeof frame);
        assert_int_equal(frame_meta_unpack(record.meta, record.length_bytes, &meta), ERR_OK);
        assert_int_equal(meta.gso_size, 1448);
        ring_release(&f->lan);
        f->now += 100;
    }
}

/* What a card says of a frame is checked, and what is wrong is counted: the switch gets a frame too short. */
static void test_lies_about_frames(void **state)
{
    const struct virtio_net_hdr unasked = {.gso_type = FRAME_META_GSO_TCPV4, .gso_size = 100};
    const struct virtio_net_hdr plain = {0};
    uint8_t frame[100] = {0};
    struct fixture *f = *state;

    start(f, FEATURES);
    assert_true(net_card_receive(&f->card, &unasked, frame, sizeof frame));
    assert_true(net_card_receive(&f->card, &plain, frame, 13));
    assert_false(frame_comes(f, 1, 5000)); /* longer than a buffer: nothing was written */
    run(f);
    assert_int_equal(f->driver.counters.spoilt, 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct ring_record record;
        const uint8_t *data;

        assert_int_equal(ring_peek(&f->lan, &record, &data), ERR_OK);
        assert_int_equal(record.length_bytes, 1);
        ring_release(&f->lan);
    }
    assert_true(frame_comes(f, 9, 100));
    run(f);
    assert_true(lan_takes(f, 9, 100));
}

static void test_what_cannot_be_sent_is_refused(void **state)
{
    const struct frame_meta csum = {.flags = FRAME_META_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16};
    struct fixture *f = *state;

    start(f, FEATURES);
    lan_sends(f, 1, 60, frame_meta_pack(&csum)); /* the card computes none */
    lan_sends(f, 2, 13, 0);
    lan_sends(f, 3, 60, 0);
    lan_sends(f, 4, 60, UINT64_MAX);
    lan_sends(f, 5, 60, 0);
    run(f);
    assert_int_equal(f->card.sent_count, 2);
    assert_int_equal(f->card.sent[0].data[0], 3);
    assert_int_equal(f->card.sent[1].data[0], 5);
    assert_int_equal(f->driver.counters.refused, 3);
    assert_int_equal(f->lan.head - f->lan.peer_tail, f->lan.head);
    (void)ring_space(&f->lan);
    assert_int_equal(f->lan.head, f->lan.peer_tail);
}

static void test_a_card_that_sends_nothing_is_reset(void **state)
{
    struct fixture *f = *state;

    start(f, FEATURES);
    f->card.holds = true;
    f->now = 5000;
    lan_sends(f, 1, 60, 0);
    run(f);
    assert_int_equal(net_driver_deadline(&f->driver), 5000 + TIMEOUT);
    f->now += TIMEOUT - 1;
    run(f);
    assert_int_equal(f->driver.counters.resets, 0);
    f->now += 1;
    run(f);
    assert_int_equal(f->driver.counters.resets, 1);
    assert_int_equal(f->driver.counters.lost, 1);
    assert_true(net_driver_is_alive(&f->driver));
    assert_int_equal(net_driver_deadline(&f->driver), NET_DRIVER_NEVER);
    f->card.holds = false;
    lan_sends(f, 2, 60, 0);
    assert_true(frame_comes(f, 7, 99));
    run(f);
    assert_int_equal(f->card.sent_count, 1);
    assert_int_equal(f->card.sent[0].data[0], 2);
    assert_true(lan_takes(f, 7, 99));
}

/* One that fails again at once waits, and what others send meanwhile is lost instead of held. */
static void test_resets_are_rare(void **state)
{
    struct fixture *f = *state;

    start(f, FEATURES);
    f->now = 5000;
    for (uint32_t i = 0; i < 10; i++) {
        f->card.status |= 64;
        f->card.interrupts |= 2;
        run(f);
        f->now += TIMEOUT / 10;
    }
    assert_int_equal(f->driver.counters.resets, 2);
    assert_false(net_driver_is_alive(&f->driver));
    assert_int_equal(net_driver_deadline(&f->driver), 5000 + TIMEOUT);
    lan_sends(f, 1, 60, 0);
    run(f);
    assert_int_equal(f->driver.counters.lost, 1);
    f->now = 5000 + TIMEOUT;
    f->card.status = 0;
    run(f);
    assert_true(net_driver_is_alive(&f->driver));
    assert_true(frame_comes(f, 7, 99));
    run(f);
    assert_true(lan_takes(f, 7, 99));
}

static void test_queues_that_lie(void **state)
{
    struct fixture *f = *state;

    start(f, FEATURES);
    f->now = 5000;
    ((struct virtq_used *)(uintptr_t)f->nic.rx.used)->idx = 999;
    run(f);
    assert_int_equal(f->driver.counters.resets, 1);
    f->now += TIMEOUT;
    lan_sends(f, 1, 60, 0);
    f->card.holds = true;
    (void)net_driver_run(&f->driver, f->now);
    ((struct virtq_used *)(uintptr_t)f->nic.tx.used)->ring[0].id = 77;
    ((struct virtq_used *)(uintptr_t)f->nic.tx.used)->idx = 1;
    (void)net_driver_run(&f->driver, f->now);
    assert_int_equal(f->driver.counters.resets, 2);
    assert_int_equal(f->driver.counters.lost, 1);
}

static void test_without_a_card_nothing_is_held(void **state)
{
    struct fixture *f = *state;

    f->card.is_absent = true;
    start(f, FEATURES);
    assert_false(net_driver_is_alive(&f->driver));
    assert_int_equal(ring_peer_offer(&f->lan), 0);
    lan_sends(f, 1, 60, 0);
    run(f);
    (void)ring_space(&f->lan);
    assert_int_equal(f->lan.head, f->lan.peer_tail);
    f->card.is_absent = false;
    f->card.refuses = true;
    f->now += TIMEOUT;
    run(f);
    assert_false(net_driver_is_alive(&f->driver));
    f->card.refuses = false;
    f->now += TIMEOUT;
    run(f);
    assert_true(net_driver_is_alive(&f->driver));
}

/* Either end of the link begins again: the card lets go of the other's records first. */
static void test_restarts_of_both_ends(void **state)
{
    struct fixture *f = *state;

    start(f, FEATURES);
    f->card.holds = true;
    lan_sends(f, 1, 60, 0);
    run(f);
    assert_true(frame_comes(f, 7, 99));
    const uint32_t resets = f->card.resets;
    assert_int_equal(ring_init(&f->lan, f->peer_region, f->own_region, f->setup.link_bytes), ERR_OK);
    run(f);
    assert_true(f->card.resets > resets);
    f->card.holds = false;
    assert_true(frame_comes(f, 8, 100));
    lan_sends(f, 2, 60, 0);
    run(f);
    assert_true(lan_takes(f, 8, 100));
    assert_int_equal(f->card.sent_count, 1);
    assert_int_equal(f->card.sent[0].data[0], 2);

    assert_true(frame_comes(f, 9, 101));
    memset(&f->nic, 0, sizeof f->nic);
    assert_int_equal(net_driver_init(&f->driver, &f->setup, f->now), ERR_OK);
    (void)ring_sync(&f->lan);
    run(f);
    assert_true(frame_comes(f, 10, 102));
    lan_sends(f, 3, 60, 0);
    run(f);
    assert_true(lan_takes(f, 10, 102));
    assert_int_equal(f->card.sent[1].data[0], 3);
}

/* One frame is told of at once; of many that follow each other, a few are. */
static void test_interrupts_are_moderate(void **state)
{
    struct fixture *f = *state;
    uint32_t interrupts = 0;

    start(f, FEATURES);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(frame_comes(f, 1, 100));
        if (f->card.interrupts != 0 || f->now >= net_driver_deadline(&f->driver)) {
            interrupts += f->card.interrupts;
            run(f);
        }
        while (lan_takes(f, 1, 100)) {
        }
        f->now += 5;
    }
    assert_true(interrupts <= 2);
    /* And when there is a pause, the next one is told of at once. */
    for (uint32_t i = 0; i < 2; i++) {
        f->now += GAP;
        run(f);
        while (lan_takes(f, 1, 100)) {
        }
    }
    assert_int_equal(net_driver_deadline(&f->driver), NET_DRIVER_NEVER);
    f->now += 10 * GAP;
    assert_true(frame_comes(f, 2, 100));
    assert_int_equal(f->card.interrupts, 1);
}

static void test_the_link_is_watched(void **state)
{
    struct fixture *f = *state;

    start(f, FEATURES);
    log_record_clear();
    net_card_set_link(&f->card, false);
    run(f);
    assert_non_null(strstr(log_record_text(), "the link is down"));
    net_card_set_link(&f->card, true);
    run(f);
    assert_non_null(strstr(log_record_text(), "the link is up"));
}

static void test_setup_is_checked(void **state)
{
    struct fixture *f = *state;

    make_memory(f, 0x41000);
    f->setup.card.own_bytes = 4096;
    assert_int_equal(net_driver_init(&f->driver, &f->setup, 0), ERR_RANGE);
    f->setup.card.own_bytes = OWN_BYTES;
    f->setup.timeout = 0;
    assert_int_equal(net_driver_init(&f->driver, &f->setup, 0), ERR_RANGE);
    f->setup.timeout = 1;
    f->setup.link_bytes = 100;
    assert_int_equal(net_driver_init(&f->driver, &f->setup, 0), ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_frames_pass_in_both_directions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bursts_fill_the_link_and_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_to_send_waits_for_the_card, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_card_may_be_done_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_offloads_are_passed_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_frames_come_where_there_is_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lies_about_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_sent_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_card_that_sends_nothing_is_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_resets_are_rare, setup, teardown),
        cmocka_unit_test_setup_teardown(test_queues_that_lie, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_a_card_nothing_is_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restarts_of_both_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupts_are_moderate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_link_is_watched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_setup_is_checked, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
