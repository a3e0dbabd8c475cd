/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No event buys unbounded work: two cards of one guest at a switch, and memory that changes whenever the
 * switch writes to it, so that every frame and every used buffer publishes more of both. One kick moves one
 * queue size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vhost_port.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/driver.h"

#define CARDS 2u
#define RAM_BASE 0x40000000u
#define RAM_BYTES 0x400000u
#define QUEUE_SIZE 64u
#define FRAME_BYTES 64u
#define HDR_BYTES ((uint32_t)sizeof(struct virtio_net_hdr))
#define BUFFER_BYTES 2048u
#define HZ 1000000u
#define REGION_BYTES (0x8000u + 0x1000u)

static struct soft_offload offload_memory;

struct card {
    struct driver_queue queues[VIRTIO_NET_QUEUES];
    struct vhost_port port;
    struct ring_port ring_port;
    struct ring peer;
};

/* The guest: both cards' queues lie in the same RAM. */
struct fixture {
    struct driver_ram ram;
    struct vswitch_config config;
    struct vswitch vswitch;
    struct mac_table_entry entries[64];
    struct vhost_scratch scratch;
    struct card cards[CARDS];
    struct vswitch_port_ops ops; /* a port's, around which memory changes */
    bool is_changing;
    unsigned int writes;
    _Alignas(64) uint8_t regions[CARDS][2][REGION_BYTES];
};

static struct fixture fixture;

/* What the switch has just written lay on every index of the guest: each queue has one more chain, the same
 * again. */
static void change_memory(void)
{
    for (uint32_t card = 0; card < CARDS && fixture.is_changing; card++) {
        for (uint32_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
            struct driver_queue *queue = &fixture.cards[card].queues[i];
            driver_set_avail_idx(queue, (uint16_t)(driver_used_idx(queue) + QUEUE_SIZE));
        }
    }
    fixture.writes++;
}

static enum err changing_send(void *port, const struct vswitch_frame *frame)
{
    const enum err err = vhost_port_ops.send(port, frame);
    change_memory();
    return err;
}

static void changing_release(void *port)
{
    vhost_port_ops.release(port);
    change_memory();
}

static bool changing_should_notify(void *port)
{
    const bool notify = vhost_port_ops.should_notify(port);
    change_memory();
    return notify;
}

static void changing_look(void *port)
{
    vhost_port_ops.look(port); /* writes where it wants to be kicked */
    change_memory();
}

static bool changing_request_space(void *port, uint32_t length_bytes)
{
    const bool room = vhost_port_ops.request_space(port, length_bytes);
    change_memory();
    return room;
}

static void ignore(void *context, uint32_t port)
{
    (void)context;
    (void)port;
}

/* Every slot of a queue's ring names a chain that is good forever: one frame to the other card, or one
 * buffer. */
static void fill_queue(struct fixture *f, uint32_t card, uint32_t index)
{
    struct driver_queue *queue = &f->cards[card].queues[index];
    const uint64_t at = driver_alloc(&f->ram, BUFFER_BYTES, 8);
    const bool sends = index == VIRTIO_NET_TX;
    const struct driver_buffer buffer = {at, sends ? HDR_BYTES + FRAME_BYTES : BUFFER_BYTES, !sends};

    if (sends) {
        const uint8_t addresses[12] = {2, 0, 0, 0, 0, (uint8_t)!card, 2, 0, 0, 0, 0, (uint8_t)card};
        memcpy(driver_at(&f->ram, at + HDR_BYTES, 12), addresses, 12);
    }
    for (uint32_t i = 0; i < QUEUE_SIZE; i++) {
        assert_true(driver_add(queue, &buffer, 1) >= 0);
    }
}

static void start_card(struct fixture *f, uint32_t index, uint32_t queue_size)
{
    struct card *card = &f->cards[index];

    assert_int_equal(vhost_port_init(&card->port, RAM_BASE, f->ram.mem.host, RAM_BYTES, &f->scratch), ERR_OK);
    assert_int_equal(vhost_port_set_features(&card->port, 1ull << 29), ERR_OK);
    for (uint32_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
        driver_queue_init(&card->queues[i], &f->ram, (uint16_t)queue_size, true);
        const struct virtq_layout layout = driver_queue_layout(&card->queues[i]);
        assert_int_equal(vhost_port_set_vring(&card->port, i, &layout), ERR_OK);
    }
    assert_int_equal(vhost_port_start(&card->port), ERR_OK);
}

static int setup(void **state)
{
    struct fixture *f = &fixture;

    memset(f, 0, sizeof *f);
    driver_ram_init(&f->ram, RAM_BASE, RAM_BYTES);
    f->config = (struct vswitch_config){.port_count = CARDS, .mac_table_entries = 64};
    for (uint32_t i = 0; i < CARDS; i++) {
        f->config.ports[i] = (struct vswitch_port_config){
            .kind = VSWITCH_PORT_VHOST, .allow = UINT32_MAX, .mac = {2, 0, 0, 0, 0, (uint8_t)i}};
    }
    assert_int_equal(vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, HZ, ignore, NULL),
                     ERR_OK);
    f->ops = vhost_port_ops;
    f->ops.send = changing_send;
    f->ops.release = changing_release;
    f->ops.should_notify = changing_should_notify;
    f->ops.look = changing_look;
    f->ops.request_space = changing_request_space;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    driver_ram_free(&f->ram);
    return 0;
}

static void start_both(struct fixture *f)
{
    for (uint32_t i = 0; i < CARDS; i++) {
        start_card(f, i, QUEUE_SIZE);
        vswitch_attach(&f->vswitch, i, &f->ops, &f->cards[i].port);
    }
    vswitch_run(&f->vswitch, 0); /* nothing is there yet, and the starts are over */
    for (uint32_t i = 0; i < CARDS; i++) {
        fill_queue(f, i, VIRTIO_NET_RX);
        fill_queue(f, i, VIRTIO_NET_TX);
    }
    f->is_changing = true;
}

static uint64_t sent(const struct fixture *f, uint32_t card)
{
    return vswitch_port_counters(&f->vswitch, card).rx_frames;
}

static void test_one_kick_moves_one_queue_size(void **state)
{
    struct fixture *f = *state;

    start_both(f);
    vswitch_kicked(&f->vswitch, 0);
    vswitch_run(&f->vswitch, 1);
    assert_in_range(sent(f, 0), 1, QUEUE_SIZE);
    assert_true(f->writes > QUEUE_SIZE);
}

/* Wake-ups for other reasons, and the timer, move what one kick is good for, and then nothing: not forever.
 */
static void test_without_another_kick_it_ends(void **state)
{
    struct fixture *f = *state;
    uint64_t now = 1;

    start_both(f);
    vswitch_kicked(&f->vswitch, 0);
    for (unsigned int i = 0; i < 100; i++) {
        vswitch_run(&f->vswitch, now);
        now += VSWITCH_PATIENCE_MS * 2000u;
    }
    assert_in_range(sent(f, 0), 1, 2 * QUEUE_SIZE);
    assert_int_equal(sent(f, 1), 0);
    assert_true(vswitch_deadline(&f->vswitch, now) == VSWITCH_NEVER);
    vswitch_kicked(&f->vswitch, 0);
    const uint64_t before = sent(f, 0);
    vswitch_run(&f->vswitch, now);
    assert_in_range(sent(f, 0) - before, 0, QUEUE_SIZE);
}

/* Two that kick each time get a queue size each, each time. */
static void test_each_kick_is_worth_as_much(void **state)
{
    struct fixture *f = *state;

    start_both(f);
    for (unsigned int i = 0; i < 50; i++) {
        const uint64_t before[CARDS] = {sent(f, 0), sent(f, 1)};
        vswitch_kicked(&f->vswitch, 0);
        vswitch_kicked(&f->vswitch, 1);
        vswitch_run(&f->vswitch, i);
        for (uint32_t card = 0; card < CARDS; card++) {
            assert_in_range(sent(f, card) - before[card], 0, QUEUE_SIZE);
        }
    }
    assert_true(sent(f, 0) >= 25u * QUEUE_SIZE / 2);
}

/* Both cards are on links, whose peer (the guest's VMM) adds a record whenever the switch has done anything.
 */
static void add_record(struct fixture *f, uint32_t card)
{
    const uint8_t addresses[12] = {2, 0, 0, 0, 0, (uint8_t)!card, 2, 0, 0, 0, 0, (uint8_t)card};
    struct ring *peer = &f->cards[card].peer;
    struct ring_record record;
    const uint8_t *bytes;
    uint8_t *data;

    while (ring_peek(peer, &record, &bytes) == ERR_OK) {
        ring_release(peer);
    }
    if (ring_reserve(peer, FRAME_BYTES, &data) == ERR_OK) {
        memset(data, 0, FRAME_BYTES);
        memcpy(data, addresses, 12);
        ring_commit(peer, FRAME_BYTES, 0);
    }
}

static enum err refilled_send(void *port, const struct vswitch_frame *frame)
{
    const enum err err = ring_port_ops.send(port, frame);
    add_record(&fixture, 0);
    add_record(&fixture, 1);
    return err;
}

static void refilled_release(void *port)
{
    ring_port_ops.release(port);
    add_record(&fixture, 0);
    add_record(&fixture, 1);
}

static void test_a_link_that_is_refilled_moves_what_it_held(void **state)
{
    struct fixture *f = *state;

    f->ops = ring_port_ops;
    f->ops.send = refilled_send;
    f->ops.release = refilled_release;
    for (uint32_t i = 0; i < CARDS; i++) {
        struct card *card = &f->cards[i];
        f->config.ports[i].kind = VSWITCH_PORT_RING;
        assert_int_equal(ring_port_init(&card->ring_port, f->regions[i][0], f->regions[i][1], REGION_BYTES),
                         ERR_OK);
        vswitch_attach(&f->vswitch, i, &f->ops, &card->ring_port);
        assert_int_equal(ring_init(&card->peer, f->regions[i][1], f->regions[i][0], REGION_BYTES), ERR_OK);
    }
    vswitch_run(&f->vswitch, 0);
    add_record(f, 0);
    for (unsigned int i = 0; i < 100; i++) {
        const uint64_t before = sent(f, 0) + sent(f, 1);
        vswitch_kicked(&f->vswitch, 0);
        vswitch_run(&f->vswitch, i);
        assert_in_range(sent(f, 0) + sent(f, 1) - before, 1, REGION_BYTES / FRAME_BYTES);
    }
}

/* Frames so long that a full queue of them is more than a wake-up may cost: the rest goes on by itself, a
 * while later. */
static void test_a_share_is_bounded_by_its_cost(void **state)
{
    static const uint32_t frame_bytes = 60000;
    struct fixture *f = *state;
    const uint64_t at = driver_alloc(&f->ram, frame_bytes + HDR_BYTES, 8);
    const uint64_t to = driver_alloc(&f->ram, frame_bytes + HDR_BYTES, 8);
    const struct driver_buffer out = {at, frame_bytes + HDR_BYTES, false},
                               in = {to, frame_bytes + HDR_BYTES, true};
    const uint32_t share = VSWITCH_RUN_WORK / (frame_bytes + VSWITCH_FRAME_WORK);

    for (uint32_t i = 0; i < CARDS; i++) {
        start_card(f, i, 4 * QUEUE_SIZE);
        vswitch_attach(&f->vswitch, i, &vhost_port_ops, &f->cards[i].port);
    }
    vswitch_run(&f->vswitch, 0);
    memcpy(driver_at(&f->ram, at + HDR_BYTES, 12), (const uint8_t[12]){2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0},
           12);
    for (uint32_t i = 0; i < 4 * QUEUE_SIZE; i++) {
        assert_true(driver_add(&f->cards[0].queues[VIRTIO_NET_TX], &out, 1) >= 0);
        assert_true(driver_add(&f->cards[1].queues[VIRTIO_NET_RX], &in, 1) >= 0);
    }
    vswitch_kicked(&f->vswitch, 0);
    vswitch_run(&f->vswitch, 1000);
    assert_in_range(sent(f, 0), share - 8, share);
    assert_int_equal(vswitch_deadline(&f->vswitch, 1300), 1600); /* it took 300 */
    vswitch_run(&f->vswitch, 1599);
    assert_in_range(sent(f, 0), share - 8, share);
    (void)vswitch_deadline(&f->vswitch, 1599);
    vswitch_run(&f->vswitch, 1600);
    assert_in_range(sent(f, 0), 2 * share - 16, 2 * share);
    assert_int_equal(vswitch_deadline(&f->vswitch, 1700), 1800);
    vswitch_run(&f->vswitch, 1800);
    assert_int_equal(sent(f, 0), 4 * QUEUE_SIZE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_one_kick_moves_one_queue_size),  CASE(test_without_another_kick_it_ends),
        CASE(test_each_kick_is_worth_as_much),     CASE(test_a_link_that_is_refilled_moves_what_it_held),
        CASE(test_a_share_is_bounded_by_its_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
