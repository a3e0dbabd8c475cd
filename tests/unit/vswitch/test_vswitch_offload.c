/* SPDX-License-Identifier: BSD-2-Clause */
/* Unfinished frames through the switch, to ports that take them and to ports that don't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/offload.h"
#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/log_record.h"
#include "tests/mock/tcp_frame.h"
#include "tests/mock/vswitch_run.h"

#define PORTS 3u
#define REGION_BYTES (0x40000u + 0x1000u)
#define MSS 1400

static struct fixture {
    struct vswitch_config config;
    struct vswitch vswitch;
    struct mac_table_entry entries[64];
    struct soft_offload offload;
    struct ring_port ports[PORTS];
    struct ring peers[PORTS];
    _Alignas(64) uint8_t regions[PORTS][2][REGION_BYTES];
} fixture;

static const uint8_t macs[PORTS][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 3}};
static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void ignore(void *context, uint32_t port)
{
    (void)context;
    (void)port;
}

static int setup(void **state)
{
    struct fixture *f = &fixture;

    memset(f, 0, sizeof *f);
    log_record_clear();
    f->config.port_count = PORTS;
    f->config.mac_table_entries = 64;
    for (uint32_t i = 0; i < PORTS; i++) {
        f->config.ports[i].kind = VSWITCH_PORT_RING;
        f->config.ports[i].allow = (1u << PORTS) - 1;
        f->config.ports[i].flags = VSWITCH_PORT_CHECK_MAC | VSWITCH_PORT_STATIC_MAC;
        memcpy(f->config.ports[i].mac, macs[i], 6);
    }
    assert_int_equal(vswitch_init(&f->vswitch, &f->config, f->entries, &f->offload, 1000000, ignore, NULL),
                     ERR_OK);
    for (uint32_t i = 0; i < PORTS; i++) {
        assert_int_equal(ring_port_init(&f->ports[i], f->regions[i][0], f->regions[i][1], REGION_BYTES),
                         ERR_OK);
        vswitch_attach(&f->vswitch, i, &ring_port_ops, &f->ports[i]);
        assert_int_equal(ring_init(&f->peers[i], f->regions[i][1], f->regions[i][0], REGION_BYTES), ERR_OK);
    }
    vswitch_run_all(&f->vswitch, 0);
    *state = f;
    return 0;
}

/* Port 0 sends. */
static void send(struct fixture *f, const uint8_t to[6], uint32_t payload, struct frame_meta meta,
                 uint8_t seed)
{
    uint8_t *data;

    assert_int_equal(ring_reserve(&f->peers[0], TCP_FRAME_HEADER_BYTES + payload, &data), ERR_OK);
    const uint32_t length = tcp_frame_build(data, to, macs[0], payload, seed);
    ring_commit(&f->peers[0], length, frame_meta_pack(&meta));
    vswitch_run_all(&f->vswitch, 0);
}

/* Takes the segments of one packet that `port` has; returns how many data bytes they hold from `first` on. */
static uint32_t receive(struct fixture *f, uint32_t port, uint32_t first, uint8_t seed)
{
    struct ring_record record;
    const uint8_t *data;
    uint32_t done = first;

    while (ring_peek(&f->peers[port], &record, &data) == ERR_OK) {
        assert_int_equal(record.meta, 0);
        assert_true(tcp_frame_is_complete(data, record.length_bytes, done, seed));
        assert_true(record.length_bytes <= TCP_FRAME_HEADER_BYTES + MSS);
        done += record.length_bytes - TCP_FRAME_HEADER_BYTES;
        ring_release(&f->peers[port]);
    }
    return done - first;
}

/* Takes one frame that is to come as it was sent. */
static void receive_raw(struct fixture *f, uint32_t port, uint32_t payload, struct frame_meta meta)
{
    struct ring_record record;
    const uint8_t *data;

    assert_int_equal(ring_peek(&f->peers[port], &record, &data), ERR_OK);
    assert_int_equal(record.meta, frame_meta_pack(&meta));
    assert_int_equal(record.length_bytes, TCP_FRAME_HEADER_BYTES + payload);
    ring_release(&f->peers[port]);
}

static void test_checksum_is_finished(void **state)
{
    struct fixture *f = *state;

    send(f, macs[1], 1000, tcp_frame_meta(0), 1);
    assert_int_equal(receive(f, 1, 0, 1), 1000);
    ring_offer(&f->peers[1], OFFLOAD_CSUM);
    send(f, macs[1], 1000, tcp_frame_meta(0), 2);
    receive_raw(f, 1, 1000, tcp_frame_meta(0));
}

static void test_large_packets_are_cut(void **state)
{
    struct fixture *f = *state;

    send(f, macs[1], 60000, tcp_frame_meta(MSS), 1);
    assert_int_equal(receive(f, 1, 0, 1), 60000);
    ring_offer(&f->peers[1], OFFLOAD_CSUM | OFFLOAD_TSO6); /* not the right one */
    send(f, macs[1], 60000, tcp_frame_meta(MSS), 2);
    assert_int_equal(receive(f, 1, 0, 2), 60000);
    ring_offer(&f->peers[1], OFFLOAD_CSUM | OFFLOAD_TSO4);
    send(f, macs[1], 60000, tcp_frame_meta(MSS), 3);
    receive_raw(f, 1, 60000, tcp_frame_meta(MSS));
    struct frame_meta ecn = tcp_frame_meta(MSS);
    ecn.gso_type |= FRAME_META_GSO_ECN;
    send(f, macs[1], 60000, ecn, 4);
    assert_int_equal(receive(f, 1, 0, 4), 60000);
}

/* The ring of the destination takes about four of these packets; what follows waits, then goes on. */
static void test_full_destination_gets_every_segment_once(void **state)
{
    struct fixture *f = *state;
    struct ring_record record;
    const uint8_t *data;
    uint8_t packet = 0;
    uint32_t first = 0;

    for (uint8_t i = 0; i < 7; i++) {
        send(f, macs[1], 60000, tcp_frame_meta(MSS), i);
    }
    assert_int_equal(vswitch_port_counters(&f->vswitch, 0).held, 1);
    while (ring_peek(&f->peers[1], &record, &data) == ERR_OK) {
        assert_true(tcp_frame_is_complete(data, record.length_bytes, first, packet));
        first += record.length_bytes - TCP_FRAME_HEADER_BYTES;
        if (first == 60000) {
            packet++;
            first = 0;
        }
        ring_release(&f->peers[1]);
        vswitch_run_all(&f->vswitch, 0);
    }
    assert_int_equal(packet, 7);
    assert_int_equal(vswitch_port_counters(&f->vswitch, 1).dropped[VSWITCH_DROP_FULL], 0);
}

static void test_each_destination_gets_what_it_takes(void **state)
{
    struct fixture *f = *state;

    ring_offer(&f->peers[2], OFFLOAD_CSUM | OFFLOAD_TSO4);
    send(f, broadcast, 5000, tcp_frame_meta(MSS), 1);
    assert_int_equal(receive(f, 1, 0, 1), 5000);
    receive_raw(f, 2, 5000, tcp_frame_meta(MSS));
}

static void test_headers_that_lie_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct frame_meta meta = tcp_frame_meta(MSS);

    meta.csum_start += 4;
    send(f, macs[1], 5000, meta, 1);
    meta = tcp_frame_meta(1); /* 5000 segments */
    send(f, macs[1], 5000, meta, 1);
    assert_int_equal(receive(f, 1, 0, 1), 0);
    assert_int_equal(vswitch_port_counters(&f->vswitch, 0).dropped[VSWITCH_DROP_META], 2);
    send(f, macs[1], 5000, tcp_frame_meta(MSS), 2);
    assert_int_equal(receive(f, 1, 0, 2), 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_checksum_is_finished, setup),
        cmocka_unit_test_setup(test_large_packets_are_cut, setup),
        cmocka_unit_test_setup(test_full_destination_gets_every_segment_once, setup),
        cmocka_unit_test_setup(test_each_destination_gets_what_it_takes, setup),
        cmocka_unit_test_setup(test_headers_that_lie_are_dropped, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
