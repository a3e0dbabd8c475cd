/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest whose receive buffers lie on its own transmit queue: each frame that comes in publishes another one
 * to send, which the switch sends back. One kick moves one queue size, also while the link is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/net_machine.h"

#define RAM_BYTES 0x100000u
#define LINK_BYTES 0x2000u
#define FRAME_BYTES 64u
#define HDR_BYTES ((uint32_t)sizeof(struct virtio_net_hdr))
/* How far a frame goes before it reaches what it is there for. */
#define LEAD_BYTES 14u

static int setup(void **state)
{
    struct net_machine *m = net_machine_new(RAM_BYTES, LINK_BYTES);

    *state = m;
    return m == NULL;
}

static int teardown(void **state)
{
    net_machine_free(*state);
    return 0;
}

/* Each receive buffer: header and lead somewhere, then the index of the transmit queue. */
static void offer_buffers(struct net_machine *m)
{
    const uint64_t junk = NET_MACHINE_BASE + RAM_BYTES - 4096;
    const uint64_t index = m->tx.avail + offsetof(struct virtq_avail, idx);
    const struct driver_buffer buffers[] = {
        {junk, HDR_BYTES + LEAD_BYTES, true}, {index, 2, true}, {junk + 256, 2048, true}};

    while (driver_add(&m->rx, buffers, 3) >= 0) {
    }
}

/* All slots of the transmit queue name one frame; its index says that there is one. */
static void prepare_frame(struct net_machine *m)
{
    assert_true(net_machine_queue_frame(m, FRAME_BYTES, 1));
    struct virtq_avail *avail = driver_at(&m->ram, m->tx.avail, 4 + 2 * NET_MACHINE_QUEUE);
    for (uint32_t i = 1; i < NET_MACHINE_QUEUE; i++) {
        avail->ring[i] = avail->ring[0];
    }
}

/* The switch's side: takes what was sent, and sends it back with the index that publishes the most. */
static unsigned int reflect(struct net_machine *m, bool takes_all)
{
    struct ring_record record;
    const uint8_t *bytes;
    uint8_t *data;
    unsigned int taken = 0;

    while (ring_peek(&m->peer, &record, &bytes) == ERR_OK && (taken == 0 || takes_all)) {
        const uint16_t index = (uint16_t)(driver_used_idx(&m->tx) + NET_MACHINE_QUEUE);
        ring_release(&m->peer);
        taken++;
        if (ring_reserve(&m->peer, FRAME_BYTES, &data) == ERR_OK) {
            memset(data, 0xff, FRAME_BYTES);
            memcpy(data + LEAD_BYTES, &index, sizeof index);
            ring_commit(&m->peer, FRAME_BYTES, 0);
        }
    }
    return taken;
}

static unsigned int play(struct net_machine *m, bool takes_all)
{
    unsigned int taken = 0;

    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_TX);
    for (unsigned int i = 0; i < 200; i++) {
        uint16_t head;
        uint32_t bytes;

        taken += reflect(m, takes_all);
        virtio_net_notified(&m->net);
        while (driver_take_used(&m->rx, &head, &bytes)) {
        }
        offer_buffers(m);
    }
    return taken;
}

static void test_one_kick_sends_one_queue_size(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_EVENT_IDX));
    offer_buffers(m);
    prepare_frame(m);
    const unsigned int first = play(m, true);
    assert_in_range(first, 1, NET_MACHINE_QUEUE);
    assert_true(m->net.counters.rx_frames > 0);
    for (unsigned int kicks = 1; kicks < 20; kicks++) { /* and each later one as much */
        assert_in_range(play(m, true), 1, NET_MACHINE_QUEUE);
    }
}

/* The peer takes one record at a time, so the link stays full: its signals are no kicks. */
static void test_room_in_the_link_is_no_kick(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_EVENT_IDX));
    offer_buffers(m);
    prepare_frame(m);
    for (unsigned int kicks = 0; kicks < 20; kicks++) {
        assert_in_range(play(m, false), 1, 2 * NET_MACHINE_QUEUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_kick_sends_one_queue_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_room_in_the_link_is_no_kick, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
