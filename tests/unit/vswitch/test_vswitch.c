/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch with ring ports; the test plays every peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/frame_meta.h"
#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/account_page.h"
#include "tests/mock/log_record.h"
#include "tests/mock/vswitch_run.h"

#define PORTS 4u
#define REGION_BYTES (0x8000u + 0x1000u)
#define HZ 1000000u /* a tick is a microsecond */
#define PATIENCE (VSWITCH_PATIENCE_MS * 1000u)

static struct soft_offload offload_memory;

struct fixture {
    struct vswitch_config config;
    struct vswitch vswitch;
    struct mac_table_entry entries[64];
    struct ring_port ports[PORTS];
    struct ring peers[PORTS];
    unsigned int notified[PORTS];
    uint64_t now;
    _Alignas(64) uint8_t regions[PORTS][2][REGION_BYTES];
};

static struct fixture fixture;

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static const uint8_t *mac_of(uint8_t port)
{
    static uint8_t macs[256][6];
    memcpy(macs[port], (const uint8_t[6]){0x52, 0x54, 0, 0, 0, (uint8_t)(port + 1)}, 6);
    return macs[port];
}

static void count_notification(void *context, uint32_t port)
{
    struct fixture *f = context;
    f->notified[port]++;
}

/* Every peer has notified the switch. */
static void run(struct fixture *f)
{
    vswitch_run_all(&f->vswitch, f->now);
}

static void start_peer(struct fixture *f, uint32_t port)
{
    assert_int_equal(ring_init(&f->peers[port], f->regions[port][1], f->regions[port][0], REGION_BYTES),
                     ERR_OK);
    (void)ring_request_data(&f->peers[port]);
}

/* Starts the switch as configured in f->config. */
static void start(struct fixture *f)
{
    assert_int_equal(
        vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, HZ, count_notification, f),
        ERR_OK);
    for (uint32_t i = 0; i < f->config.port_count; i++) {
        assert_int_equal(ring_port_init(&f->ports[i], f->regions[i][0], f->regions[i][1], REGION_BYTES),
                         ERR_OK);
        vswitch_attach(&f->vswitch, i, &ring_port_ops, &f->ports[i]);
        start_peer(f, i);
    }
    run(f);
    memset(f->notified, 0, sizeof f->notified);
}

static int setup(void **state)
{
    struct fixture *f = &fixture;
    memset(f, 0, sizeof *f);
    f->config.port_count = PORTS;
    f->config.mac_table_entries = 64;
    for (uint8_t i = 0; i < PORTS; i++) {
        struct vswitch_port_config *port = &f->config.ports[i];
        port->kind = VSWITCH_PORT_RING;
        port->allow = (1u << PORTS) - 1;
        port->flags = VSWITCH_PORT_CHECK_MAC | VSWITCH_PORT_STATIC_MAC;
        memcpy(port->mac, mac_of(i), 6);
        memcpy(port->name, (const char[]){'v', 'm', (char)('1' + i), 0}, 4);
    }
    log_record_clear();
    start(f);
    *state = f;
    return 0;
}

static enum err try_send(struct fixture *f, uint32_t port, const uint8_t *to, const uint8_t *from,
                         uint32_t length, uint64_t meta)
{
    uint8_t *data;
    enum err err = ring_reserve(&f->peers[port], length, &data);
    if (err == ERR_OK) {
        for (uint32_t i = 0; i < length; i++) {
            data[i] = (uint8_t)(i * 3 + length);
        }
        memcpy(data, to, length < 6 ? length : 6);
        if (length >= 12) {
            memcpy(data + 6, from, 6);
        }
        ring_commit(&f->peers[port], length, meta);
    }
    return err;
}

static void send(struct fixture *f, uint32_t port, const uint8_t *to, uint32_t length)
{
    assert_int_equal(try_send(f, port, to, mac_of((uint8_t)port), length, 0), ERR_OK);
}

/* Takes one frame off the port and checks every byte. Returns its length, 0 if there is none. */
static uint32_t receive(struct fixture *f, uint32_t port, const uint8_t *to, const uint8_t *from)
{
    struct ring_record record;
    const uint8_t *data;
    if (ring_peek(&f->peers[port], &record, &data) != ERR_OK) {
        return 0;
    }
    assert_memory_equal(data, to, 6);
    assert_memory_equal(data + 6, from, 6);
    for (uint32_t i = 12; i < record.length_bytes; i++) {
        assert_int_equal(data[i], (uint8_t)(i * 3 + record.length_bytes));
    }
    ring_release(&f->peers[port]);
    return record.length_bytes;
}

static void expect_nothing(struct fixture *f, uint32_t port)
{
    struct ring_record record;
    const uint8_t *data;
    assert_int_equal(ring_peek(&f->peers[port], &record, &data), ERR_EMPTY);
}

static uint64_t dropped(struct fixture *f, uint32_t port, enum vswitch_drop cause)
{
    return vswitch_port_counters(&f->vswitch, port).dropped[cause];
}

static void test_unicast_reaches_its_port_only(void **state)
{
    struct fixture *f = *state;
    send(f, 0, mac_of(2), 60);
    run(f);
    assert_int_equal(receive(f, 2, mac_of(2), mac_of(0)), 60);
    for (uint32_t i = 0; i < PORTS; i++) {
        expect_nothing(f, i);
    }
    assert_int_equal(f->notified[2], 1);
    assert_int_equal(f->notified[1] + f->notified[3], 0);
    struct vswitch_counters source = vswitch_port_counters(&f->vswitch, 0);
    struct vswitch_counters target = vswitch_port_counters(&f->vswitch, 2);
    assert_int_equal(source.rx_frames, 1);
    assert_int_equal(source.rx_bytes, 60);
    assert_int_equal(target.tx_frames, 1);
    assert_int_equal(target.tx_bytes, 60);
}

static void test_broadcast_and_multicast_reach_all_others(void **state)
{
    struct fixture *f = *state;
    static const uint8_t neighbours[6] = {0x33, 0x33, 0, 0, 0, 1};
    send(f, 1, broadcast, 42);
    send(f, 1, neighbours, 70);
    run(f);
    for (uint32_t i = 0; i < PORTS; i++) {
        if (i != 1) {
            assert_int_equal(receive(f, i, broadcast, mac_of(1)), 42);
            assert_int_equal(receive(f, i, neighbours, mac_of(1)), 70);
        }
        expect_nothing(f, i);
    }
}

static void test_unknown_address_is_flooded_then_learned(void **state)
{
    struct fixture *f = *state;
    static const uint8_t stranger[6] = {0x02, 0, 0, 0, 0, 0x99};
    f->config.ports[3].flags = 0;
    start(f);
    send(f, 0, stranger, 60);
    run(f);
    for (uint32_t i = 1; i < PORTS; i++) {
        assert_int_equal(receive(f, i, stranger, mac_of(0)), 60);
    }
    assert_int_equal(try_send(f, 3, mac_of(0), stranger, 60, 0), ERR_OK);
    run(f);
    send(f, 0, stranger, 61);
    run(f);
    assert_int_equal(receive(f, 3, stranger, mac_of(0)), 61);
    expect_nothing(f, 1);
    expect_nothing(f, 2);
    assert_int_equal(vswitch_port_counters(&f->vswitch, 0).flooded, 1);
}

static void test_rules_hold_for_every_kind_of_frame(void **state)
{
    struct fixture *f = *state;
    static const uint8_t stranger[6] = {0x02, 0, 0, 0, 0, 0x99};
    f->config.ports[0].allow = 1u << 1;
    start(f);
    send(f, 0, mac_of(2), 60);
    send(f, 0, broadcast, 60);
    send(f, 0, stranger, 60);
    run(f);
    expect_nothing(f, 2);
    expect_nothing(f, 3);
    assert_int_equal(receive(f, 1, broadcast, mac_of(0)), 60);
    assert_int_equal(receive(f, 1, stranger, mac_of(0)), 60);
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_DENIED), 1);
    send(f, 2, mac_of(0), 60); /* the other direction has rules of its own */
    run(f);
    assert_int_equal(receive(f, 0, mac_of(0), mac_of(2)), 60);
}

static void test_a_frame_to_oneself_goes_nowhere(void **state)
{
    struct fixture *f = *state;
    send(f, 0, mac_of(0), 60);
    run(f);
    for (uint32_t i = 0; i < PORTS; i++) {
        expect_nothing(f, i);
    }
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_LOCAL), 1);
}

static void test_link_local_groups_are_not_forwarded(void **state)
{
    struct fixture *f = *state;
    static const uint8_t spanning_tree[6] = {0x01, 0x80, 0xc2, 0, 0, 0x0e};
    static const uint8_t beyond[6] = {0x01, 0x80, 0xc2, 0, 0, 0x10};
    send(f, 0, spanning_tree, 60);
    send(f, 0, beyond, 60);
    run(f);
    assert_int_equal(receive(f, 1, beyond, mac_of(0)), 60);
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_RESERVED), 1);
}

static void test_source_address_is_checked(void **state)
{
    struct fixture *f = *state;
    static const uint8_t zero[6] = {0};
    static const uint8_t other[6] = {0x02, 0, 0, 0, 0, 0x99};
    f->config.ports[1].flags = 0; /* may use any address, but not another port's static one */
    start(f);
    assert_int_equal(try_send(f, 0, mac_of(2), mac_of(1), 60, 0), ERR_OK);
    assert_int_equal(try_send(f, 0, mac_of(2), broadcast, 60, 0), ERR_OK);
    assert_int_equal(try_send(f, 0, mac_of(2), other, 60, 0), ERR_OK);
    assert_int_equal(try_send(f, 1, mac_of(2), mac_of(0), 60, 0), ERR_OK);
    assert_int_equal(try_send(f, 1, mac_of(2), broadcast, 60, 0), ERR_OK);
    assert_int_equal(try_send(f, 1, mac_of(2), zero, 60, 0), ERR_OK);
    assert_int_equal(try_send(f, 1, mac_of(2), other, 61, 0), ERR_OK);
    run(f);
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_SOURCE), 3);
    assert_int_equal(dropped(f, 1, VSWITCH_DROP_SOURCE), 3);
    assert_int_equal(receive(f, 2, mac_of(2), other), 61);
    expect_nothing(f, 2);
    assert_non_null(strstr(log_record_text(), "vm1: dropped a frame: source address not its own"));
}

static void test_bad_lengths_and_metadata_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct frame_meta meta = {.flags = FRAME_META_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16};
    ring_offer(&f->peers[1], OFFLOAD_CSUM);
    send(f, 0, mac_of(1), 13);
    send(f, 0, mac_of(1), 1);
    send(f, 0, mac_of(1), 14);
    assert_int_equal(try_send(f, 0, mac_of(1), mac_of(0), 51, frame_meta_pack(&meta)), ERR_OK);
    assert_int_equal(try_send(f, 0, mac_of(1), mac_of(0), 52, frame_meta_pack(&meta)), ERR_OK);
    assert_int_equal(try_send(f, 0, mac_of(1), mac_of(0), 60, UINT64_MAX), ERR_OK);
    run(f);
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_LENGTH), 2);
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_META), 2);
    assert_int_equal(receive(f, 1, mac_of(1), mac_of(0)), 14);
    struct ring_record record;
    const uint8_t *data;
    assert_int_equal(ring_peek(&f->peers[1], &record, &data), ERR_OK);
    assert_int_equal(record.meta, frame_meta_pack(&meta)); /* passes through untouched */
}

static void test_mtu_of_the_destination(void **state)
{
    struct fixture *f = *state;
    struct frame_meta segments = {.flags = FRAME_META_NEEDS_CSUM,
                                  .gso_type = FRAME_META_GSO_TCPV4,
                                  .gso_size = 1400,
                                  .hdr_len = 54,
                                  .csum_start = 34,
                                  .csum_offset = 16};
    f->config.ports[1].mtu = 1500;
    start(f);
    ring_offer(&f->peers[1], OFFLOAD_CSUM | OFFLOAD_TSO4);
    send(f, 0, mac_of(1), 1522);
    send(f, 0, mac_of(1), 1523);
    assert_int_equal(try_send(f, 0, mac_of(1), mac_of(0), 9000, frame_meta_pack(&segments)), ERR_OK);
    run(f);
    assert_int_equal(receive(f, 1, mac_of(1), mac_of(0)), 1522);
    assert_int_equal(receive(f, 1, mac_of(1), mac_of(0)), 9000);
    assert_int_equal(dropped(f, 1, VSWITCH_DROP_TOO_LONG), 1);
}

/* Sends as many frames to port `to` as the rings between take. */
static uint32_t fill(struct fixture *f, uint32_t from, uint32_t to)
{
    uint32_t sent = 0;
    while (try_send(f, from, mac_of((uint8_t)to), mac_of((uint8_t)from), 1500, 0) == ERR_OK) {
        sent++;
        run(f);
    }
    return sent;
}

static void test_a_full_destination_holds_its_only_sender_without_loss(void **state)
{
    struct fixture *f = *state;
    uint32_t sent = fill(f, 0, 1);
    assert_true(sent > 2 * (REGION_BYTES - 0x1000) / 1600 - 4); /* both rings are full */
    uint32_t received = 0;
    while (received < sent) {
        assert_int_equal(receive(f, 1, mac_of(1), mac_of(0)), 1500);
        received++;
        run(f);
    }
    expect_nothing(f, 1);
    assert_int_equal(dropped(f, 1, VSWITCH_DROP_FULL), 0);
    assert_true(vswitch_port_counters(&f->vswitch, 0).held > 0);
}

static void test_space_at_the_destination_is_asked_for(void **state)
{
    struct fixture *f = *state;
    (void)fill(f, 0, 1);
    assert_int_equal(receive(f, 1, mac_of(1), mac_of(0)), 1500);
    assert_true(ring_should_signal_space(&f->peers[1])); /* so the switch will be woken */
    assert_false(ring_request_record_space(&f->peers[0], 1500));
    memset(f->notified, 0, sizeof f->notified);
    run(f);
    assert_int_equal(f->notified[0], 1); /* and its sender with it */
}

static void test_a_stuck_port_stalls_nobody_else(void **state)
{
    struct fixture *f = *state;
    (void)fill(f, 0, 1);
    for (uint32_t i = 0; i < 100; i++) {
        send(f, 2, mac_of(3), 1000);
        run(f);
        assert_int_equal(receive(f, 3, mac_of(3), mac_of(2)), 1000);
    }
}

static void test_patience_with_a_stuck_port_ends(void **state)
{
    struct fixture *f = *state;
    uint32_t sent = fill(f, 0, 1);
    send(f, 2, mac_of(3), 60); /* some event after the time is up */
    f->now += PATIENCE - 1;
    run(f);
    assert_int_equal(dropped(f, 1, VSWITCH_DROP_FULL), 0);
    f->now += 1;
    run(f);
    assert_in_range(dropped(f, 1, VSWITCH_DROP_FULL), sent / 3, sent);
    send(f, 0, mac_of(3), 61); /* the sender can reach others at once */
    run(f);
    assert_int_equal(receive(f, 3, mac_of(3), mac_of(2)), 60);
    assert_int_equal(receive(f, 3, mac_of(3), mac_of(0)), 61);
}

static void test_patience_is_half_of_the_time_in_the_long_run(void **state)
{
    struct fixture *f = *state;
    uint64_t free_ticks = 0;
    (void)fill(f, 0, 1);
    /* Port 1 takes one frame every now and then, always just before the patience with it ends. */
    for (uint32_t i = 0; i < 2000; i++) {
        f->now += PATIENCE / 10;
        run(f);
        (void)receive(f, 1, mac_of(1), mac_of(0));
        bool held = f->vswitch.ports[0].held;
        run(f);
        free_ticks += held ? 0 : PATIENCE / 10;
        (void)try_send(f, 0, mac_of(1), mac_of(0), 1500, 0);
    }
    assert_true(free_ticks >= 2000 / 3 * (PATIENCE / 10));
}

static void test_broadcast_skips_a_full_port(void **state)
{
    struct fixture *f = *state;
    (void)fill(f, 0, 1);
    send(f, 2, broadcast, 1500);
    run(f);
    assert_int_equal(receive(f, 3, broadcast, mac_of(2)), 1500);
    assert_int_equal(dropped(f, 1, VSWITCH_DROP_FULL), 1);
}

static void test_flooding_port_leaves_others_their_turn(void **state)
{
    struct fixture *f = *state;
    uint32_t sent = 0;
    while (try_send(f, 0, mac_of(1), mac_of(0), 14, 0) == ERR_OK) {
        sent++;
    }
    assert_true(sent > 4 * VSWITCH_PORT_BUDGET);
    send(f, 3, mac_of(1), 99);
    run(f);
    uint32_t before = 0;
    struct ring_record record;
    const uint8_t *data;
    assert_int_equal(ring_peek(&f->peers[1], &record, &data), ERR_OK);
    while (record.length_bytes != 99) {
        before++;
        ring_release(&f->peers[1]);
        assert_int_equal(ring_peek(&f->peers[1], &record, &data), ERR_OK);
    }
    assert_true(before <= VSWITCH_PORT_BUDGET);
}

static void test_a_batch_is_one_notification(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 20; i++) {
        send(f, 0, mac_of(1), 60);
        send(f, 2, mac_of(1), 60);
    }
    run(f);
    assert_int_equal(f->notified[1], 1);
    assert_int_equal(f->notified[0] + f->notified[2] + f->notified[3], 0);
}

static void test_broken_port_goes_alone_and_comes_back(void **state)
{
    struct fixture *f = *state;
    (void)fill(f, 0, 1);                                                 /* port 0 is held for port 1 */
    ((struct ring_region *)(void *)f->regions[1][1])->head = 0xfffffff0; /* which goes mad */
    run(f);
    assert_non_null(strstr(log_record_text(), "vm2: out of service until it restarts"));
    send(f, 0, mac_of(3), 60); /* and port 0 goes on */
    run(f);
    send(f, 2, mac_of(3), 61);
    run(f);
    assert_int_equal(receive(f, 3, mac_of(3), mac_of(0)), 60);
    assert_int_equal(receive(f, 3, mac_of(3), mac_of(2)), 61);

    start_peer(f, 1);
    run(f);
    assert_true(f->notified[1] > 0);
    send(f, 1, mac_of(2), 62);
    send(f, 2, mac_of(1), 63);
    run(f);
    assert_int_equal(receive(f, 2, mac_of(2), mac_of(1)), 62);
    assert_int_equal(receive(f, 1, mac_of(1), mac_of(2)), 63);
}

static void test_restart_forgets_what_was_learned(void **state)
{
    struct fixture *f = *state;
    static const uint8_t other[6] = {0x02, 0, 0, 0, 0, 0x99};
    f->config.ports[1].flags = 0;
    start(f);
    assert_int_equal(try_send(f, 1, mac_of(2), other, 60, 0), ERR_OK);
    run(f);
    start_peer(f, 1);
    run(f);
    send(f, 0, other, 60);
    run(f);
    assert_int_equal(receive(f, 3, other, mac_of(0)), 60); /* flooded again */
}

static void test_configuration_is_checked(void **state)
{
    struct fixture *f = *state;
    f->config.port_count = VSWITCH_CONFIG_MAX_PORTS + 1;
    assert_int_equal(
        vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, HZ, count_notification, f),
        ERR_RANGE);
    f->config.port_count = PORTS;
    f->config.mac_table_entries = 63;
    assert_int_equal(
        vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, HZ, count_notification, f),
        ERR_RANGE);
    f->config.mac_table_entries = 64;
    memcpy(f->config.ports[1].mac, mac_of(0), 6);
    assert_int_equal(
        vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, HZ, count_notification, f),
        ERR_STATE);
    f->config.port_count = 0;
    assert_int_equal(
        vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, HZ, count_notification, f),
        ERR_OK);
    vswitch_run_all(&f->vswitch, 1);
    assert_int_equal(vswitch_port_counters(&f->vswitch, 0).rx_frames, 0);
}

static void test_every_cause_has_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < VSWITCH_DROP_COUNT; i++) {
        assert_string_not_equal(drop_text((enum vswitch_drop)i), "unknown");
    }
    assert_string_equal(drop_text(VSWITCH_DROP_COUNT), "unknown");
}

/* What is moved is the sender's work. */
static void test_senders_are_charged(void **state)
{
    struct fixture *f = *state;
    uint64_t *page = account_page_start(&f->vswitch.account, account_page_clock);

    for (uint8_t i = 0; i < PORTS; i++) {
        f->config.ports[i].link.channel = 20u + i;
    }
    send(f, 1, mac_of(2), 100);
    run(f);
    assert_in_range(account_page_take(page, 21), 1, 1000);
    assert_int_equal(account_page_take(page, 22), 0);
    send(f, 2, mac_of(1), 100);
    send(f, 3, mac_of(1), 100);
    run(f);
    assert_int_equal(account_page_take(page, 21), 0);
    assert_in_range(account_page_take(page, 22), 1, 1000);
    assert_in_range(account_page_take(page, 23), 1, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_senders_are_charged, setup),
        cmocka_unit_test_setup(test_unicast_reaches_its_port_only, setup),
        cmocka_unit_test_setup(test_broadcast_and_multicast_reach_all_others, setup),
        cmocka_unit_test_setup(test_unknown_address_is_flooded_then_learned, setup),
        cmocka_unit_test_setup(test_rules_hold_for_every_kind_of_frame, setup),
        cmocka_unit_test_setup(test_a_frame_to_oneself_goes_nowhere, setup),
        cmocka_unit_test_setup(test_link_local_groups_are_not_forwarded, setup),
        cmocka_unit_test_setup(test_source_address_is_checked, setup),
        cmocka_unit_test_setup(test_bad_lengths_and_metadata_are_dropped, setup),
        cmocka_unit_test_setup(test_mtu_of_the_destination, setup),
        cmocka_unit_test_setup(test_a_full_destination_holds_its_only_sender_without_loss, setup),
        cmocka_unit_test_setup(test_space_at_the_destination_is_asked_for, setup),
        cmocka_unit_test_setup(test_a_stuck_port_stalls_nobody_else, setup),
        cmocka_unit_test_setup(test_patience_with_a_stuck_port_ends, setup),
        cmocka_unit_test_setup(test_patience_is_half_of_the_time_in_the_long_run, setup),
        cmocka_unit_test_setup(test_broadcast_skips_a_full_port, setup),
        cmocka_unit_test_setup(test_flooding_port_leaves_others_their_turn, setup),
        cmocka_unit_test_setup(test_a_batch_is_one_notification, setup),
        cmocka_unit_test_setup(test_broken_port_goes_alone_and_comes_back, setup),
        cmocka_unit_test_setup(test_restart_forgets_what_was_learned, setup),
        cmocka_unit_test_setup(test_configuration_is_checked, setup),
        cmocka_unit_test(test_every_cause_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
