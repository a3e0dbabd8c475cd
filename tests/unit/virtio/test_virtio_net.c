/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/frame_meta.h"
#include "lib/net/offload.h"
#include "microkit/host/microkit_host.h"
#include "tests/mock/log_record.h"
#include "tests/mock/net_machine.h"
#include "vmm/platform_fake.h"

#define HDR ((uint32_t)sizeof(struct virtio_net_hdr))
#define LINK_BYTES 0x8000u

static int setup(void **state)
{
    log_record_clear();
    *state = net_machine_new(0x400000, LINK_BYTES);
    return 0;
}

static int teardown(void **state)
{
    net_machine_free(*state);
    return 0;
}

static size_t notifications(void)
{
    return microkit_host_count(MICROKIT_HOST_NOTIFY, NET_MACHINE_CHANNEL);
}

static void kick_tx(struct net_machine *m)
{
    virtio_driver_kick(&m->mmio, VIRTIO_NET_TX, &m->tx);
}

static void kick_rx(struct net_machine *m)
{
    virtio_driver_kick(&m->mmio, VIRTIO_NET_RX, &m->rx);
}

static bool is_broken(struct net_machine *m)
{
    return (virtio_driver_read(&m->mmio, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

static void test_config(void **state)
{
    struct net_machine *m = *state;
    struct mmio_access access = {.offset = VIRTIO_MMIO_CONFIG, .width_bytes = 8};

    assert_int_equal(virtio_mmio_access(&m->mmio, &access), MMIO_DONE);
    assert_int_equal(access.value, 0x0001010000005452ull); /* MAC and link up */
    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_NET);
    const uint64_t offered = virtio_driver_offered(&m->mmio);
    assert_true((offered & VIRTIO_NET_F_MAC) != 0);
    assert_true((offered & VIRTIO_NET_F_MTU) != 0);
    assert_true((offered & VIRTIO_F_VERSION_1) != 0);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_SEL, 1);
    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_QUEUE_NUM_MAX), 64);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_NET_CONTROL);
    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_QUEUE_NUM_MAX), 64);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_SEL, VIRTIO_NET_CONTROL + 1);
    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
}

static void test_features_can_be_left_out(void **state)
{
    struct net_machine *m = *state;

    m->config.u.net.features_off = VIRTIO_NET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX;
    m->config.u.net.mtu = 0;
    m->config.link.bytes = 0;
    assert_int_equal(virtio_net_init(&m->net, &m->config, &m->ram.mem, &m->scratch), ERR_OK);
    const uint64_t offered = virtio_device_offered(&m->net.device);
    assert_int_equal(offered & (VIRTIO_NET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_MTU), 0);
    assert_int_equal(m->net.control.config.status, 0); /* no link */
}

static void test_bad_configurations(void **state)
{
    struct net_machine *m = *state;
    struct vmm_device_config bad = m->config;

    bad.queue_size = 3;
    assert_int_equal(virtio_net_init(&m->net, &bad, &m->ram.mem, &m->scratch), ERR_FORMAT);
    bad.queue_size = 65536 + 64;
    assert_int_equal(virtio_net_init(&m->net, &bad, &m->ram.mem, &m->scratch), ERR_FORMAT);
    bad = m->config;
    bad.link.bytes = 100;
    assert_int_equal(virtio_net_init(&m->net, &bad, &m->ram.mem, &m->scratch), ERR_RANGE);
    bad = m->config;
    bad.link.own += 8;
    assert_int_equal(virtio_net_init(&m->net, &bad, &m->ram.mem, &m->scratch), ERR_ALIGN);
}

static void test_transmit(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_EVENT_IDX));
    assert_false(ring_request_data(&m->peer));
    assert_true(net_machine_queue_frame(m, 60, 0x11));
    assert_true(net_machine_queue_frame(m, 1514, 0x22));
    kick_tx(m);
    assert_int_equal(notifications(), 1); /* one for both */
    assert_true(net_machine_expect_record(m, 60, 0x11));
    assert_true(net_machine_expect_record(m, 1514, 0x22));
    assert_int_equal(driver_take_all_used(&m->tx), 2);
    assert_int_equal(virtio_driver_take_interrupt(&m->mmio), VIRTIO_MMIO_INTERRUPT_QUEUE);
    assert_int_equal(m->net.counters.tx_frames, 2);
}

static void test_transmit_without_a_waiting_switch_does_not_signal(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, 0));
    const size_t before = notifications();
    assert_true(net_machine_queue_frame(m, 60, 1));
    kick_tx(m);
    assert_int_equal(notifications(), before);
    assert_true(net_machine_expect_record(m, 60, 1));
}

static void test_impossible_frames_are_dropped(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, 0));
    assert_true(net_machine_queue_frame(m, 13, 1));
    assert_true(net_machine_queue_frame(m, 20000, 1)); /* above what the link takes */
    assert_true(net_machine_queue_frame(m, 70000, 1));
    assert_true(net_machine_queue_frame(m, 14, 2));
    kick_tx(m);
    assert_true(net_machine_expect_record(m, 14, 2));
    assert_int_equal(driver_take_all_used(&m->tx), 4);
    assert_int_equal(m->net.counters.tx_dropped, 3);
    assert_false(is_broken(m));
}

/* Queue as many frames as there are descriptors for, three times; the switch takes them slowly. */
static void test_full_link_holds_frames_back(void **state)
{
    struct net_machine *m = *state;
    unsigned int sent = 0, received = 0;

    assert_true(net_machine_start(m, VIRTIO_F_EVENT_IDX));
    while (received < 60) {
        while (sent < 60 && net_machine_queue_frame(m, 4000, (uint8_t)sent)) {
            sent++;
        }
        kick_tx(m);
        assert_true(net_machine_expect_record(m, 4000, (uint8_t)received));
        received++;
        if (ring_should_signal_space(&m->peer)) {
            virtio_net_notified(&m->net);
        }
        driver_take_all_used(&m->tx);
    }
    assert_int_equal(m->net.counters.tx_frames, 60);
    assert_int_equal(m->net.counters.tx_dropped, 0);
    assert_false(net_machine_expect_record(m, 4000, 60));
}

static void test_receive(void **state)
{
    struct net_machine *m = *state;
    struct virtio_net_hdr hdr;
    uint16_t head;
    uint32_t bytes;

    assert_true(net_machine_start(m, VIRTIO_F_EVENT_IDX));
    const uint64_t buffer = net_machine_queue_buffer(m, 1526);
    memset(driver_at(&m->ram, buffer, HDR), 0xff, HDR);
    kick_rx(m);
    assert_true(net_machine_send(m, 1514, 0x33));
    assert_true(ring_should_signal_data(&m->peer));
    virtio_net_notified(&m->net);
    assert_true(driver_take_used(&m->rx, &head, &bytes));
    assert_int_equal(bytes, 1526);
    memcpy(&hdr, driver_at(&m->ram, buffer, HDR), HDR);
    const struct virtio_net_hdr expected = {.num_buffers = 1};
    assert_memory_equal(&hdr, &expected, HDR);
    const uint8_t *data = driver_at(&m->ram, buffer + HDR, 1514);
    assert_int_equal(data[0], 0x33);
    assert_int_equal(data[1513], 0x33);
    assert_int_equal(virtio_driver_take_interrupt(&m->mmio), VIRTIO_MMIO_INTERRUPT_QUEUE);
}

static void test_receive_waits_for_buffers(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_EVENT_IDX));
    for (unsigned int i = 0; i < 5; i++) {
        assert_true(net_machine_send(m, 100, (uint8_t)i));
    }
    virtio_net_notified(&m->net);
    assert_int_equal(m->net.counters.rx_frames, 0);
    for (unsigned int i = 0; i < 5; i++) {
        const uint64_t buffer = net_machine_queue_buffer(m, 200);
        kick_rx(m); /* wanted, since records wait */
        assert_int_equal(driver_take_all_used(&m->rx), 1);
        assert_int_equal(*(uint8_t *)driver_at(&m->ram, buffer + HDR, 1), i);
    }
    assert_int_equal(m->net.counters.rx_frames, 5);
}

static void test_kicks_for_buffers_are_not_wanted_when_nothing_waits(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, 0));
    virtio_net_notified(&m->net);
    assert_true(net_machine_queue_buffer(m, 2000) != 0);
    assert_false(driver_wants_kick(&m->rx));
}

static void test_receive_in_one_batch(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, 0));
    for (unsigned int i = 0; i < 8; i++) {
        assert_true(net_machine_queue_buffer(m, 1526) != 0);
        assert_true(net_machine_send(m, 60, (uint8_t)i));
    }
    assert_false(ring_request_space(&m->peer, LINK_BYTES / 2 - 128));
    virtio_net_notified(&m->net);
    assert_int_equal(driver_take_all_used(&m->rx), 8);
    assert_int_equal(notifications(), 1); /* the switch waited for space */
}

static void test_frame_too_long_for_its_buffer_is_dropped(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, 0));
    assert_true(net_machine_queue_buffer(m, 100) != 0);
    assert_true(net_machine_send(m, 89, 1));
    assert_true(net_machine_send(m, 88, 2));
    virtio_net_notified(&m->net);
    assert_int_equal(driver_take_all_used(&m->rx), 1);
    assert_int_equal(m->net.counters.rx_dropped, 1);
    assert_int_equal(m->net.counters.rx_frames, 1);
    assert_false(is_broken(m));
}

static void test_mergeable_buffers(void **state)
{
    struct net_machine *m = *state;
    uint64_t buffers[4];
    uint16_t head;
    uint32_t bytes;

    assert_true(net_machine_start(m, VIRTIO_NET_F_MRG_RXBUF));
    buffers[0] = net_machine_queue_buffer(m, 100);
    buffers[1] = net_machine_queue_buffer(m, 100);
    assert_true(net_machine_send(m, 250, 0x44));
    virtio_net_notified(&m->net);
    assert_int_equal(driver_take_all_used(&m->rx), 0); /* two don't suffice: neither is used */
    buffers[2] = net_machine_queue_buffer(m, 100);
    kick_rx(m);
    static const uint32_t lengths[] = {100, 100, 62};
    for (unsigned int i = 0; i < 3; i++) {
        assert_true(driver_take_used(&m->rx, &head, &bytes));
        assert_int_equal(bytes, lengths[i]);
    }
    const struct virtio_net_hdr *hdr = driver_at(&m->ram, buffers[0], HDR);
    assert_int_equal(hdr->num_buffers, 3);
    assert_int_equal(*(uint8_t *)driver_at(&m->ram, buffers[2] + 61, 1), 0x44);
    assert_int_equal(*(uint8_t *)driver_at(&m->ram, buffers[2] + 62, 1), 0);
}

/* With EVENT_IDX a kick is due for the buffer behind those that did not suffice. */
static void test_some_buffers_are_not_enough(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_NET_F_MRG_RXBUF | VIRTIO_F_EVENT_IDX));
    assert_true(net_machine_queue_buffer(m, 100) != 0);
    assert_true(net_machine_queue_buffer(m, 100) != 0);
    (void)driver_wants_kick(&m->rx);
    assert_true(net_machine_send(m, 250, 0x44));
    virtio_net_notified(&m->net);
    assert_int_equal(driver_take_all_used(&m->rx), 0);
    assert_true(net_machine_queue_buffer(m, 100) != 0);
    assert_true(driver_wants_kick(&m->rx));
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_RX);
    assert_int_equal(driver_take_all_used(&m->rx), 3);
}

/* Linux adds none while half of the queue is left: the frame would wait forever, and what comes behind it.
 */
static void test_frame_larger_than_half_a_queue_does_not_wait(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_NET_F_MRG_RXBUF));
    for (unsigned int i = 0; i < NET_MACHINE_QUEUE / 2 - 1; i++) {
        assert_true(net_machine_queue_buffer(m, 64) != 0);
    }
    assert_true(net_machine_send(m, 64 * NET_MACHINE_QUEUE / 2, 1));
    assert_true(net_machine_send(m, 60, 2));
    virtio_net_notified(&m->net);
    assert_int_equal(m->net.counters.rx_dropped + m->net.counters.rx_frames, 0); /* there will be more */
    assert_true(net_machine_queue_buffer(m, 64) != 0);
    kick_rx(m);
    assert_int_equal(m->net.counters.rx_dropped, 1);
    assert_int_equal(m->net.counters.rx_frames, 1);
}

static void test_mergeable_header_split_over_segments(void **state)
{
    struct net_machine *m = *state;
    const uint64_t at = driver_alloc(&m->ram, 256, 16);
    const struct driver_buffer buffers[] = {{at, 11, true}, {at + 32, 1, true}, {at + 64, 100, true}};

    assert_true(net_machine_start(m, VIRTIO_NET_F_MRG_RXBUF));
    assert_true(driver_add(&m->rx, buffers, 3) >= 0);
    assert_true(net_machine_send(m, 60, 0x55));
    virtio_net_notified(&m->net);
    assert_int_equal(driver_take_all_used(&m->rx), 1);
    assert_int_equal(*(uint8_t *)driver_at(&m->ram, at + 10, 1), 1);
    assert_int_equal(*(uint8_t *)driver_at(&m->ram, at + 32, 1), 0);
    assert_int_equal(*(uint8_t *)driver_at(&m->ram, at + 64, 1), 0x55);
}

/* The offload fields of a frame's header travel in the record's meta word. */
static void test_offloads(void **state)
{
    struct net_machine *m = *state;
    const uint64_t offloads = VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM;
    const struct virtio_net_hdr hdr = {.flags = 1, .csum_start = 34, .csum_offset = 6, .num_buffers = 1};
    struct ring_record record;
    const uint8_t *data;
    uint8_t *to;

    assert_int_equal(ring_peer_offer(&m->peer), 0);
    assert_true(net_machine_start(m, offloads));
    assert_int_equal(ring_peer_offer(&m->peer), OFFLOAD_CSUM);
    const uint64_t at = driver_alloc(&m->ram, 200, 16);
    const struct driver_buffer buffer = {at, 112, false};
    memcpy(driver_at(&m->ram, at, HDR), &hdr, HDR);
    assert_true(driver_add(&m->tx, &buffer, 1) >= 0);
    kick_tx(m);
    assert_int_equal(ring_peek(&m->peer, &record, &data), ERR_OK);
    assert_int_not_equal(record.meta, 0);
    const uint64_t into = net_machine_queue_buffer(m, 200);
    assert_int_equal(ring_reserve(&m->peer, 100, &to), ERR_OK);
    memset(to, 1, 100);
    ring_commit(&m->peer, 100, record.meta);
    virtio_net_notified(&m->net);
    assert_int_equal(driver_take_all_used(&m->rx), 1);
    assert_memory_equal(driver_at(&m->ram, into, HDR), &hdr, HDR);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(ring_peer_offer(&m->peer), 0);
}

static void test_offloads_that_were_not_negotiated(void **state)
{
    struct net_machine *m = *state;
    const struct frame_meta meta = {.flags = FRAME_META_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
    uint8_t *to;

    assert_false(net_machine_start(m, VIRTIO_NET_F_GUEST_TSO4)); /* needs GUEST_CSUM */
    assert_true(net_machine_start(m, 0));
    assert_true(net_machine_queue_buffer(m, 200) != 0);
    assert_int_equal(ring_reserve(&m->peer, 100, &to), ERR_OK);
    ring_commit(&m->peer, 100, frame_meta_pack(&meta));
    virtio_net_notified(&m->net);
    assert_int_equal(driver_take_all_used(&m->rx), 0);
    assert_int_equal(m->net.counters.rx_dropped, 1);
    assert_false(is_broken(m));
}

static void test_large_packets_need_a_large_link(void **state)
{
    struct net_machine *m = *state; /* its link is small */

    assert_int_equal(virtio_driver_offered(&m->mmio) & VIRTIO_NET_OFFLOADS,
                     VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM);
    struct net_machine *large = net_machine_new(0x100000, 0x41000);
    assert_int_equal(virtio_driver_offered(&large->mmio) & VIRTIO_NET_OFFLOADS, VIRTIO_NET_OFFLOADS);
    net_machine_free(large);
}

/* Hostile drivers. */

static void expect_tx_breaks(struct net_machine *m, const struct driver_buffer *buffers, unsigned int count)
{
    assert_true(net_machine_start(m, 0));
    assert_true(driver_add(&m->tx, buffers, count) >= 0);
    kick_tx(m);
    assert_true(is_broken(m));
    assert_int_equal(virtio_driver_take_interrupt(&m->mmio) & VIRTIO_MMIO_INTERRUPT_CONFIG,
                     VIRTIO_MMIO_INTERRUPT_CONFIG);
    /* It stays quiet until it is reset, and works after that. */
    assert_true(net_machine_queue_frame(m, 60, 1));
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_TX);
    virtio_net_notified(&m->net);
    assert_false(net_machine_expect_record(m, 60, 1));
    assert_true(net_machine_start(m, 0));
    assert_true(net_machine_queue_frame(m, 60, 2));
    kick_tx(m);
    assert_true(net_machine_expect_record(m, 60, 2));
}

static void test_transmit_of_writable_buffers(void **state)
{
    const struct driver_buffer buffers[] = {{NET_MACHINE_BASE, HDR, false}, {NET_MACHINE_BASE, 60, true}};

    expect_tx_breaks(*state, buffers, 2);
}

static void test_transmit_of_half_a_header(void **state)
{
    const struct driver_buffer buffer = {NET_MACHINE_BASE, HDR - 1, false};

    expect_tx_breaks(*state, &buffer, 1);
}

static void test_transmit_from_outside_ram(void **state)
{
    const struct driver_buffer buffer = {NET_MACHINE_BASE - 4096, 8192, false};

    expect_tx_breaks(*state, &buffer, 1);
}

static void expect_rx_breaks(struct net_machine *m, const struct driver_buffer *buffer)
{
    assert_true(net_machine_start(m, 0));
    assert_true(driver_add(&m->rx, buffer, 1) >= 0);
    assert_true(net_machine_send(m, 60, 1));
    virtio_net_notified(&m->net);
    assert_true(is_broken(m));
    assert_int_equal(driver_used_idx(&m->rx), 0);
}

static void test_receive_into_readable_buffer(void **state)
{
    const struct driver_buffer buffer = {NET_MACHINE_BASE, 2000, false};

    expect_rx_breaks(*state, &buffer);
}

static void test_receive_into_half_a_header(void **state)
{
    const struct driver_buffer buffer = {NET_MACHINE_BASE, HDR - 1, true};

    expect_rx_breaks(*state, &buffer);
}

static void test_receive_into_nowhere(void **state)
{
    const struct driver_buffer buffer = {UINT64_MAX - 10, 2000, true};

    expect_rx_breaks(*state, &buffer);
}

static void test_avail_index_runs_ahead(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_EVENT_IDX));
    driver_set_avail_idx(&m->tx, NET_MACHINE_QUEUE + 1);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_TX);
    assert_true(is_broken(m));
}

static void test_reset_amid_traffic(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_EVENT_IDX));
    for (unsigned int i = 0; i < 8; i++) {
        assert_true(net_machine_queue_frame(m, 4000, (uint8_t)i));
    }
    kick_tx(m); /* the link is full now */
    assert_true(net_machine_send(m, 60, 0x66));
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_STATUS, 0);
    virtio_net_notified(&m->net);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_TX);
    assert_true(net_machine_start(m, 0));
    /* What had arrived for the driver before is not the new one's; what was sent before arrives. */
    assert_true(net_machine_queue_buffer(m, 1526) != 0);
    virtio_net_notified(&m->net);
    assert_int_equal(driver_take_all_used(&m->rx), 0);
    assert_true(net_machine_expect_record(m, 4000, 0));
}

/* A hostile switch. */

static void test_broken_link_is_survived(void **state)
{
    struct net_machine *m = *state;
    struct ring_region *region = m->regions[1];

    assert_true(net_machine_start(m, 0));
    region->head = 0x12345678; /* far ahead of what fits */
    virtio_net_notified(&m->net);
    assert_true(ring_is_broken(&m->net.link));
    assert_true(log_record_count() > 0);
    assert_false(is_broken(m)); /* not the driver's fault */
    assert_true(net_machine_queue_frame(m, 60, 1));
    kick_tx(m);
    assert_int_equal(driver_take_all_used(&m->tx), 1);
    /* The switch starts again. */
    assert_int_equal(ring_init(&m->peer, m->regions[1], m->regions[0], LINK_BYTES), ERR_OK);
    virtio_net_notified(&m->net);
    (void)ring_sync(&m->peer);
    assert_true(net_machine_queue_buffer(m, 1526) != 0);
    assert_true(net_machine_send(m, 60, 7));
    virtio_net_notified(&m->net);
    assert_int_equal(driver_take_all_used(&m->rx), 1);
}

static void test_short_records_are_dropped(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, 0));
    assert_true(net_machine_queue_buffer(m, 1526) != 0);
    assert_true(net_machine_send(m, 13, 1));
    virtio_net_notified(&m->net);
    assert_int_equal(m->net.counters.rx_dropped, 1);
    assert_int_equal(driver_take_all_used(&m->rx), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_config),
        TEST(test_features_can_be_left_out),
        TEST(test_bad_configurations),
        TEST(test_transmit),
        TEST(test_transmit_without_a_waiting_switch_does_not_signal),
        TEST(test_impossible_frames_are_dropped),
        TEST(test_full_link_holds_frames_back),
        TEST(test_receive),
        TEST(test_receive_waits_for_buffers),
        TEST(test_kicks_for_buffers_are_not_wanted_when_nothing_waits),
        TEST(test_receive_in_one_batch),
        TEST(test_frame_too_long_for_its_buffer_is_dropped),
        TEST(test_mergeable_buffers),
        TEST(test_some_buffers_are_not_enough),
        TEST(test_frame_larger_than_half_a_queue_does_not_wait),
        TEST(test_mergeable_header_split_over_segments),
        TEST(test_offloads),
        TEST(test_offloads_that_were_not_negotiated),
        TEST(test_large_packets_need_a_large_link),
        TEST(test_transmit_of_writable_buffers),
        TEST(test_transmit_of_half_a_header),
        TEST(test_transmit_from_outside_ram),
        TEST(test_receive_into_readable_buffer),
        TEST(test_receive_into_half_a_header),
        TEST(test_receive_into_nowhere),
        TEST(test_avail_index_runs_ahead),
        TEST(test_reset_amid_traffic),
        TEST(test_broken_link_is_survived),
        TEST(test_short_records_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
