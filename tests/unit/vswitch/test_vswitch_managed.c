/* SPDX-License-Identifier: BSD-2-Clause */
/* A managed switch: VLANs, source checks above Ethernet, storms, groups of the link. The test plays every peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/frame_meta.h"
#include "lib/net/offload.h"
#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/snoop.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/log_record.h"
#include "tests/mock/tcp_frame.h"
#include "tests/mock/vswitch_run.h"

#define PORTS 4u
#define REGION_BYTES (0x40000u + 0x1000u)
#define HZ 1000000u
#define LONGEST 9100u

static struct soft_offload offload_memory;

struct fixture {
    struct vswitch_config config;
    struct vswitch vswitch;
    struct mac_table_entry entries[64];
    struct ring_port ports[PORTS];
    struct ring peers[PORTS];
    uint64_t now;
    _Alignas(64) uint8_t regions[PORTS][2][REGION_BYTES];
};

static struct fixture fixture;

static const uint8_t macs[PORTS][6] = {
    {2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 3}, {2, 0, 0, 0, 0, 4}};
static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void ignore(void *context, uint32_t port)
{
    (void)context;
    (void)port;
}

static void start(struct fixture *f)
{
    assert_int_equal(vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, HZ, ignore, NULL),
                     ERR_OK);
    for (uint32_t i = 0; i < PORTS; i++) {
        assert_int_equal(ring_port_init(&f->ports[i], f->regions[i][0], f->regions[i][1], REGION_BYTES),
                         ERR_OK);
        vswitch_attach(&f->vswitch, i, &ring_port_ops, &f->ports[i]);
        assert_int_equal(ring_init(&f->peers[i], f->regions[i][1], f->regions[i][0], REGION_BYTES), ERR_OK);
    }
    vswitch_run_all(&f->vswitch, f->now);
}

static int setup(void **state)
{
    struct fixture *f = &fixture;

    memset(f, 0, sizeof *f);
    f->config.port_count = PORTS;
    f->config.mac_table_entries = 64;
    for (uint32_t i = 0; i < PORTS; i++) {
        f->config.ports[i] = (struct vswitch_port_config){
            .kind = VSWITCH_PORT_RING, .allow = (1u << PORTS) - 1, .flags = VSWITCH_PORT_STATIC_MAC};
        memcpy(f->config.ports[i].mac, macs[i], 6);
    }
    log_record_clear();
    *state = f;
    return 0;
}

/* Bytes of a frame behind its addresses: what `head` has, then a pattern. */
static void send_meta(struct fixture *f, uint32_t port, const uint8_t to[6], const uint8_t *head,
                      uint32_t head_bytes, uint32_t length, uint64_t meta)
{
    uint8_t *data;

    assert_int_equal(ring_reserve(&f->peers[port], length, &data), ERR_OK);
    for (uint32_t i = 0; i < length; i++) {
        data[i] = (uint8_t)(i * 5);
    }
    memcpy(data, to, 6);
    memcpy(data + 6, macs[port], 6);
    memcpy(data + 12, head, head_bytes);
    ring_commit(&f->peers[port], length, meta);
    vswitch_run_all(&f->vswitch, f->now);
}

static void send(struct fixture *f, uint32_t port, const uint8_t to[6], const uint8_t *head,
                 uint32_t head_bytes, uint32_t length)
{
    send_meta(f, port, to, head, head_bytes, length, 0);
}

/* The next frame at a port has `head` behind its addresses, and after that what was sent behind `sent_head`
 * bytes. */
static void expect(struct fixture *f, uint32_t port, const uint8_t *head, uint32_t head_bytes,
                   uint32_t sent_head, uint32_t sent_length)
{
    struct ring_record record;
    const uint8_t *data;

    assert_int_equal(ring_peek(&f->peers[port], &record, &data), ERR_OK);
    assert_int_equal(record.length_bytes, sent_length - sent_head + head_bytes);
    assert_memory_equal(data + 12, head, head_bytes);
    for (uint32_t i = 12 + head_bytes; i < record.length_bytes; i++) {
        assert_int_equal(data[i], (uint8_t)((i - head_bytes + sent_head) * 5));
    }
    ring_release(&f->peers[port]);
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

static const uint8_t plain[] = {0x12, 0x34}, tag10[] = {0x81, 0, 0, 10}, tag20[] = {0x81, 0, 0, 20};
static const uint8_t tagged10[] = {0x81, 0, 0, 10, 0x12, 0x34};
static const uint8_t tag0[] = {0x81, 0, 0xe0, 0}, prio10[] = {0x81, 0, 0xe0, 10}, tag30[] = {0x81, 0, 0, 30};

/* Ports 0 and 1 are in VLAN 10, port 2 in 20, port 3 carries both with tags and 30 without. */
static void start_vlans(struct fixture *f)
{
    f->config.has_vlans = 1;
    f->config.ports[0].vlan = 10;
    f->config.ports[1].vlan = 10;
    f->config.ports[2].vlan = 20;
    f->config.ports[3].vlan = 30;
    f->config.ports[3].trunk_count = 2;
    f->config.ports[3].trunk[0] = (struct vswitch_vlan_range){10, 10};
    f->config.ports[3].trunk[1] = (struct vswitch_vlan_range){18, 22};
    start(f);
}

static void test_vlans_are_apart(void **state)
{
    struct fixture *f = *state;

    start_vlans(f);
    send(f, 0, broadcast, plain, 2, 60);
    expect(f, 1, plain, 2, 2, 60);
    expect_nothing(f, 2);
    expect(f, 3, tagged10, 6, 2, 60); /* the tag stands in front of the type */
    send(f, 0, macs[2], plain, 2, 60);
    expect_nothing(f, 2);
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_DENIED), 1);
    send(f, 0, macs[3], plain, 2, 60); /* a port's own address is known in each of its VLANs */
    expect(f, 3, tagged10, 6, 2, 60);
    expect_nothing(f, 1);
}

static void test_trunk_to_access(void **state)
{
    struct fixture *f = *state;

    start_vlans(f);
    send(f, 3, broadcast, tag20, 4, 64);
    expect(f, 2, NULL, 0, 4, 64);
    expect_nothing(f, 0);
    send(f, 3, broadcast, prio10, 4, 64);
    expect(f, 0, NULL, 0, 4, 64);
    expect(f, 1, NULL, 0, 4, 64);
    expect_nothing(f, 2);
    send(f, 3, broadcast, tag30, 4, 64); /* its native one: nobody else is in it */
    send(f, 3, broadcast, plain, 2, 64);
    assert_int_equal(dropped(f, 3, VSWITCH_DROP_DENIED), 2);
    send(f, 3, broadcast, (const uint8_t[]){0x81, 0, 0, 23}, 4, 64);
    assert_int_equal(dropped(f, 3, VSWITCH_DROP_VLAN), 1);
    send(f, 3, broadcast, tag10, 3, 17); /* not even a tag */
    assert_int_equal(dropped(f, 3, VSWITCH_DROP_LENGTH), 1);
    send(f, 3, broadcast, tag10, 4, 18); /* the shortest that is one */
    expect(f, 0, NULL, 0, 4, 18);
}

static void test_tags_at_access_ports(void **state)
{
    struct fixture *f = *state;

    start_vlans(f);
    send(f, 0, macs[1], tag0, 4, 64); /* only a priority */
    expect(f, 1, NULL, 0, 4, 64);
    send(f, 0, macs[1], tag10, 4, 64); /* its own */
    expect(f, 1, NULL, 0, 4, 64);
    send(f, 0, macs[1], tag20, 4, 64); /* hopping */
    expect_nothing(f, 1);
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_VLAN), 1);
    send(f, 0, macs[3], tag0, 4, 64); /* the priority goes on where there are tags */
    expect(f, 3, prio10, 4, 4, 64);
}

/* Tags behind the first, and providers' tags, are data. */
static void test_tags_within_tags(void **state)
{
    static const uint8_t two[] = {0x81, 0, 0, 10, 0x81, 0, 0, 20},
                         provider[] = {0x88, 0xa8, 0, 20, 0x81, 0, 0, 20};
    static const uint8_t out[] = {0x81, 0, 0, 10, 0x88, 0xa8, 0, 20, 0x81, 0, 0, 20};
    struct fixture *f = *state;

    start_vlans(f);
    send(f, 3, macs[0], two, 8, 64);
    expect(f, 0, two + 4, 4, 8, 64);
    send(f, 0, macs[3], provider, 8, 64);
    expect(f, 3, out, 12, 8, 64);
    send(f, 0, macs[1], provider, 8, 64);
    expect(f, 1, provider, 8, 8, 64);
}

/* The same address in two VLANs lives behind two ports; a port's own address is nobody else's in any. */
static void test_addresses_are_learned_by_vlan(void **state)
{
    static const uint8_t roamer[6] = {2, 0, 0, 0, 9, 9};
    struct fixture *f = *state;

    start_vlans(f);
    uint8_t *data;
    for (uint32_t port = 0; port <= 2; port += 2) {
        assert_int_equal(ring_reserve(&f->peers[port], 60, &data), ERR_OK);
        memset(data, 0, 60);
        memcpy(data, broadcast, 6);
        memcpy(data + 6, roamer, 6);
        ring_commit(&f->peers[port], 60, 0);
        vswitch_run_all(&f->vswitch, f->now);
    }
    struct ring_record record;
    const uint8_t *seen;
    for (uint32_t port = 0; port < PORTS; port++) {
        while (ring_peek(&f->peers[port], &record, &seen) == ERR_OK) {
            ring_release(&f->peers[port]);
        }
    }
    send(f, 3, roamer, tag20, 4, 64);
    expect(f, 2, NULL, 0, 4, 64);
    expect_nothing(f, 0);
    send(f, 3, roamer, tag10, 4, 64);
    expect(f, 0, NULL, 0, 4, 64);
    expect_nothing(f, 1);
    assert_int_equal(ring_reserve(&f->peers[2], 60, &data), ERR_OK);
    memset(data, 0, 60);
    memcpy(data, broadcast, 6);
    memcpy(data + 6, macs[0], 6);
    ring_commit(&f->peers[2], 60, 0);
    vswitch_run_all(&f->vswitch, f->now);
    assert_int_equal(dropped(f, 2, VSWITCH_DROP_SOURCE), 1);
}

/* A large packet gets its tag and keeps its offloads; cut in software, each piece has one. */
static void test_large_packets_get_tags(void **state)
{
    struct fixture *f = *state;
    struct ring_record record;
    struct frame_meta meta = tcp_frame_meta(1400);
    const uint8_t *data;
    uint8_t *to;

    start_vlans(f);
    for (unsigned int round = 0; round < 2; round++) {
        ring_offer(&f->peers[3], round == 0 ? OFFLOAD_CSUM | OFFLOAD_TSO4 : 0);
        assert_int_equal(ring_reserve(&f->peers[0], LONGEST, &to), ERR_OK);
        const uint32_t length = tcp_frame_build(to, macs[3], macs[0], 3000, 1);
        ring_commit(&f->peers[0], length, frame_meta_pack(&meta));
        vswitch_run_all(&f->vswitch, f->now);
        for (unsigned int i = 0; i < (round == 0 ? 1u : 3u); i++) {
            assert_int_equal(ring_peek(&f->peers[3], &record, &data), ERR_OK);
            assert_memory_equal(data + 12, tag10, 4);
            assert_int_equal(data[16] << 8 | data[17], 0x0800);
            if (round == 0) {
                struct frame_meta seen;
                assert_int_equal(record.length_bytes, length + 4);
                assert_int_equal(frame_meta_unpack(record.meta, record.length_bytes, &seen), ERR_OK);
                assert_int_equal(seen.csum_start, meta.csum_start + 4);
                assert_int_equal(seen.gso_size, 1400);
            } else {
                assert_int_equal(record.meta, 0);
                assert_int_equal(record.length_bytes, TCP_FRAME_HEADER_BYTES + 4 + (i < 2 ? 1400 : 200));
            }
            ring_release(&f->peers[3]);
        }
        expect_nothing(f, 3);
    }
}

static void test_groups_of_the_link(void **state)
{
    static const uint8_t groups[][6] = {{1, 0x80, 0xc2, 0, 0, 0},
                                        {1, 0x80, 0xc2, 0, 0, 1},
                                        {1, 0x80, 0xc2, 0, 0, 2},
                                        {1, 0x80, 0xc2, 0, 0, 3},
                                        {1, 0x80, 0xc2, 0, 0, 14}};
    static const uint8_t passes[3][5] = {{1, 0, 0, 0, 0}, {0, 0, 0, 0, 0}, {1, 0, 1, 1, 1}};
    struct fixture *f = *state;

    for (uint32_t mode = 0; mode < 3; mode++) {
        f->config.reserved_groups = mode;
        memset(f->regions, 0, sizeof f->regions);
        start(f);
        for (uint32_t i = 0; i < 5; i++) {
            const uint64_t before = dropped(f, 0, VSWITCH_DROP_RESERVED);
            send(f, 0, groups[i], plain, 2, 60);
            assert_int_equal(dropped(f, 0, VSWITCH_DROP_RESERVED) - before, !passes[mode][i]);
            if (passes[mode][i]) {
                expect(f, 1, plain, 2, 2, 60);
            }
            expect_nothing(f, 1);
        }
    }
}

static void test_storms_end_at_their_port(void **state)
{
    struct fixture *f = *state;

    f->config.ports[0].storm_pps = 100;
    start(f);
    for (unsigned int i = 0; i < 1000; i++) { /* a thousand in a second */
        f->now += 1000;
        send(f, 0, broadcast, plain, 2, 60);
        send(f, 0, macs[1], plain, 2, 60);
        for (uint32_t port = 1; port < PORTS; port++) {
            struct ring_record record;
            const uint8_t *data;
            while (ring_peek(&f->peers[port], &record, &data) == ERR_OK) {
                ring_release(&f->peers[port]);
            }
        }
    }
    assert_in_range(vswitch_port_counters(&f->vswitch, 2).tx_frames, 100, 115);
    assert_in_range(dropped(f, 0, VSWITCH_DROP_STORM), 885, 900);
    assert_in_range(vswitch_port_counters(&f->vswitch, 1).tx_frames, 1100,
                    1115); /* what is for one goes on */
}

/* Frames that port 0, which is 10.0.0.1 and fd00::1, may send, and those that it may not. */
static const struct {
    const char *what;
    bool passes;
    uint8_t bytes[72]; /* from the type on */
} claims[] = {
    {"its address", true, {8, 0, 0x45, [11] = 6, [14] = 10, 0, 0, 1}},
    {"another's", false, {8, 0, 0x45, [11] = 6, [14] = 10, 0, 0, 2}},
    {"another's behind a tag", false, {0x81, 0, 0, 5, 8, 0, 0x45, [15] = 6, [18] = 10, 0, 0, 2}},
    {"its own behind two tags", true, {0x88, 0xa8, 0, 5, 0x81, 0, 0, 5, 8, 0, 0x45, [22] = 10, 0, 0, 1}},
    {"three tags", false, {0x81, 0, 0, 1, 0x81, 0, 0, 1, 0x81, 0, 0, 1, 8, 0, 0x45, [26] = 10, 0, 0, 1}},
    {"none, for DHCP", true, {8, 0, 0x45, [11] = 17}},
    {"none, for TCP", false, {8, 0, 0x45, [11] = 6}},
    {"ARP: its own", true, {8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1}},
    {"ARP: a probe", true, {8, 6, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1}},
    {"ARP: another's address", false, {8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 1, 10, 0, 0, 2}},
    {"ARP: another's card", false, {8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 2, 10, 0, 0, 1}},
    {"ARP of another kind", false, {8, 6, 0, 6, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1}},
    {"RARP", false, {0x80, 0x35}},
    {"IPv6: its own", true, {0x86, 0xdd, 0x60, [8] = 6, [10] = 0xfd, [25] = 1}},
    {"IPv6: another's", false, {0x86, 0xdd, 0x60, [8] = 6, [10] = 0xfd, [25] = 2}},
    {"IPv6: of the link", true, {0x86, 0xdd, 0x60, [8] = 6, [10] = 0xfe, 0x80, [25] = 2}},
    {"IPv6: none yet", true, {0x86, 0xdd, 0x60, [8] = 58, [42] = 135}},
    {"advertisement: its own",
     true,
     {0x86, 0xdd, 0x60, [8] = 58, [10] = 0xfe, 0x80, [42] = 136, [50] = 0xfd, [65] = 1}},
    {"advertisement: another's",
     false,
     {0x86, 0xdd, 0x60, [8] = 58, [10] = 0xfe, 0x80, [42] = 136, [50] = 0xfd, [65] = 2}},
    {"advertisement behind an extension",
     false,
     {0x86, 0xdd, 0x60, [8] = 0, [10] = 0xfe, 0x80, [42] = 58, [50] = 136, [58] = 0xfd, [71] = 2}},
    {"advertisement in fragments",
     false,
     {0x86, 0xdd, 0x60, [8] = 44, [10] = 0xfe, 0x80, [42] = 58, [50] = 136}},
    {"something else", true, {0x88, 0xcc}},
};

static void test_guard(void **state)
{
    struct fixture *f = *state;
    struct vswitch_port_config *port = &f->config.ports[0];

    port->flags |= VSWITCH_PORT_CHECK_IP | VSWITCH_PORT_CHECK_MAC;
    port->guard_ipv4_count = 1;
    memcpy(port->guard_ipv4[0], (const uint8_t[]){10, 0, 0, 1}, 4);
    port->guard_ipv6_count = 1;
    memcpy(port->guard_ipv6[0], (const uint8_t[16]){0xfd, [15] = 1}, 16);
    start(f);
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        const uint64_t before = dropped(f, 0, VSWITCH_DROP_GUARD);
        send(f, 0, macs[1], claims[i].bytes, sizeof claims[i].bytes, 600);
        if (dropped(f, 0, VSWITCH_DROP_GUARD) - before != !claims[i].passes) {
            fail_msg("%s", claims[i].what);
        }
        if (claims[i].passes) {
            expect(f, 1, claims[i].bytes, sizeof claims[i].bytes, sizeof claims[i].bytes, 600);
        }
        expect_nothing(f, 1);
    }
    const uint64_t before = dropped(f, 0, VSWITCH_DROP_GUARD);
    send(f, 0, macs[1], (const uint8_t[]){8, 0}, 2, 33); /* half a header */
    send(f, 0, macs[1], (const uint8_t[]){8, 6}, 2, 14);
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_GUARD) - before, 2);
    send(f, 2, macs[1], claims[1].bytes, 72, 600); /* a port without a guard */
    expect(f, 1, claims[1].bytes, 72, 72, 600);
}

static uint64_t mirrored(struct fixture *f, uint32_t port)
{
    return vswitch_port_counters(&f->vswitch, port).mirrored;
}

/* Port 3 watches port 0: what it sends, what it gets, each frame once, also where its rules forbid that. */
static void test_mirror_gets_both_directions(void **state)
{
    struct fixture *f = *state;

    f->config.ports[3].mirror = 1;
    f->config.ports[3].allow = 0;
    for (uint32_t i = 0; i < 3; i++) {
        f->config.ports[i].allow = 7;
    }
    start(f);
    send(f, 0, macs[1], plain, 2, 60); /* out, in, past it */
    send(f, 1, macs[0], plain, 2, 61);
    send(f, 1, macs[2], plain, 2, 62);
    expect(f, 1, plain, 2, 2, 60);
    expect(f, 0, plain, 2, 2, 61);
    expect(f, 2, plain, 2, 2, 62);
    expect(f, 3, plain, 2, 2, 60);
    expect(f, 3, plain, 2, 2, 61);
    expect_nothing(f, 3);
    send(f, 2, broadcast, plain, 2, 63); /* to several, of which one is watched */
    expect(f, 3, plain, 2, 2, 63);
    expect_nothing(f, 3);
    assert_int_equal(mirrored(f, 3), 3);
    send(f, 3, macs[0], plain, 2, 60); /* nothing goes back */
    send(f, 3, broadcast, plain, 2, 60);
    expect(f, 0, plain, 2, 2, 63);
    expect_nothing(f, 0);
    assert_int_equal(dropped(f, 3, VSWITCH_DROP_DENIED), 2);
}

/* A watcher that is a destination anyway gets a frame once; what the rules stop is seen, what is no frame isn't. */
static void test_mirror_copies_once(void **state)
{
    struct fixture *f = *state;

    f->config.ports[3].mirror = 7;
    f->config.ports[0].allow = 8;
    start(f);
    send(f, 1, broadcast, plain, 2, 60);
    expect(f, 3, plain, 2, 2, 60);
    expect_nothing(f, 3);
    assert_int_equal(mirrored(f, 3), 0);
    send(f, 0, macs[1], plain, 2, 61);
    expect(f, 3, plain, 2, 2, 61);
    send(f, 0, macs[0], plain, 2, 62); /* to itself */
    expect(f, 3, plain, 2, 2, 62);
    send(f, 0, macs[3], plain, 2, 13);
    expect_nothing(f, 3);
    expect_nothing(f, 1);
    assert_int_equal(mirrored(f, 3), 2);
}

/* Tags are those of the sender, segments are made for a watcher that cannot take a packet whole. */
static void test_mirror_shows_what_was_sent(void **state)
{
    struct fixture *f = *state;
    struct ring_record record;
    struct frame_meta meta = tcp_frame_meta(1400);
    const uint8_t *data;
    uint32_t pieces = 0;
    uint8_t *to;

    start_vlans(f);
    f->config.ports[2].mirror = 8; /* in VLAN 20, of a trunk */
    start(f);
    send(f, 3, macs[0], tagged10, 6, 80);
    expect(f, 0, plain, 2, 6, 80);
    expect(f, 2, tagged10, 6, 6, 80);
    assert_int_equal(ring_reserve(&f->peers[3], LONGEST, &to), ERR_OK);
    const uint32_t length = tcp_frame_build(to, macs[0], macs[3], 3000, 1);
    ring_commit(&f->peers[3], length, frame_meta_pack(&meta));
    vswitch_run_all(&f->vswitch, f->now);
    while (ring_peek(&f->peers[2], &record, &data) == ERR_OK) {
        assert_true(record.length_bytes <= TCP_FRAME_HEADER_BYTES + 1400);
        ring_release(&f->peers[2]);
        pieces++;
    }
    assert_int_equal(pieces, 3); /* in VLAN 30 there is no one else: seen all the same */
}

/* A watcher that takes nothing costs those that it watches no frame and no time. */
static void test_mirror_is_waited_for_by_nobody(void **state)
{
    struct fixture *f = *state;

    f->config.ports[3].mirror = 3;
    start(f);
    for (uint32_t i = 0; i < 1000; i++) {
        send(f, 0, macs[1], plain, 2, 1500);
        expect(f, 1, plain, 2, 2, 1500);
    }
    assert_int_equal(vswitch_port_counters(&f->vswitch, 0).held, 0);
    assert_true(dropped(f, 3, VSWITCH_DROP_FULL) > 800);
    assert_int_equal(mirrored(f, 3) + dropped(f, 3, VSWITCH_DROP_FULL), 1000);
}

/* A frame that is held is copied when it has gone, once. */
static void test_mirror_of_held_frames(void **state)
{
    struct fixture *f = *state;
    uint32_t sent = 0;

    f->config.ports[3].mirror = 1;
    start(f);
    while (vswitch_port_counters(&f->vswitch, 0).held == 0) {
        send(f, 0, macs[1], plain, 2, 1500);
        sent++;
        while (mirrored(f, 3) + dropped(f, 3, VSWITCH_DROP_FULL) > sent) {
            fail_msg("copied twice");
        }
    }
    assert_int_equal(mirrored(f, 3) + dropped(f, 3, VSWITCH_DROP_FULL), sent - 1);
    expect(f, 1, plain, 2, 2, 1500);
    vswitch_run_all(&f->vswitch, f->now);
    expect(f, 1, plain, 2, 2, 1500);
    for (uint32_t i = 0; i < sent; i++) {
        vswitch_run_all(&f->vswitch, f->now);
    }
    assert_int_equal(mirrored(f, 3) + dropped(f, 3, VSWITCH_DROP_FULL), sent);
}

/* Port 0 asks, port 1 has joined, port 2 has not, port 3 may not be reached by port 0: it was not asked. */
static void test_snooping(void **state)
{
    static struct snoop snoop;
    static const uint8_t all[] = {1, 0, 0x5e, 0, 0, 1}, group[] = {1, 0, 0x5e, 1, 2, 3};
    static const uint8_t query[] = {8, 0, 0x46, 0, 0, 32, 0, 0, 0, 0, 1, 2, [26] = 0x11, 10, 0, 0, [33] = 0};
    static const uint8_t report[] = {8, 0, 0x46,        0, 0, 32, 0,   0, 0, 0,
                                     1, 2, [26] = 0x16, 0, 0, 0,  239, 1, 2, 3};
    struct fixture *f = *state;

    f->config.ports[0].allow = 6;
    start(f);
    vswitch_set_snoop(&f->vswitch, &snoop);
    f->now = HZ;
    send(f, 3, group, plain, 2, 60); /* nobody has asked: to all */
    expect(f, 0, plain, 2, 2, 60);
    expect(f, 1, plain, 2, 2, 60);
    expect(f, 2, plain, 2, 2, 60);
    send(f, 0, all, query, sizeof query, 60);
    expect(f, 1, query, sizeof query, sizeof query, 60);
    expect(f, 2, query, sizeof query, sizeof query, 60);
    expect_nothing(f, 3);
    send(f, 1, group, report, sizeof report, 60); /* to the router, and to whom nobody asked */
    expect(f, 0, report, sizeof report, sizeof report, 60);
    expect(f, 3, report, sizeof report, sizeof report, 60);
    expect_nothing(f, 2);
    send(f, 3, group, plain, 2, 60);
    expect(f, 0, plain, 2, 2, 60);
    expect(f, 1, plain, 2, 2, 60);
    expect_nothing(f, 2);
    send(f, 2, group, plain, 2, 60);
    expect(f, 3, plain, 2, 2, 60);
    expect(f, 1, plain, 2, 2, 60);
    assert_int_equal(ring_init(&f->peers[1], f->regions[1][1], f->regions[1][0], REGION_BYTES), ERR_OK);
    send(f, 0, macs[1], plain, 2, 60); /* it began again, and was not asked since */
    expect(f, 1, plain, 2, 2, 60);
    f->config.ports[3].allow = 4;
    f->now += HZ;
    send(f, 3, group, plain, 2, 60);
    expect_nothing(f, 2);
    assert_int_equal(dropped(f, 3, VSWITCH_DROP_NOBODY), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_vlans_are_apart, setup),
        cmocka_unit_test_setup(test_trunk_to_access, setup),
        cmocka_unit_test_setup(test_tags_at_access_ports, setup),
        cmocka_unit_test_setup(test_tags_within_tags, setup),
        cmocka_unit_test_setup(test_addresses_are_learned_by_vlan, setup),
        cmocka_unit_test_setup(test_large_packets_get_tags, setup),
        cmocka_unit_test_setup(test_groups_of_the_link, setup),
        cmocka_unit_test_setup(test_storms_end_at_their_port, setup),
        cmocka_unit_test_setup(test_guard, setup),
        cmocka_unit_test_setup(test_snooping, setup),
        cmocka_unit_test_setup(test_mirror_gets_both_directions, setup),
        cmocka_unit_test_setup(test_mirror_copies_once, setup),
        cmocka_unit_test_setup(test_mirror_shows_what_was_sent, setup),
        cmocka_unit_test_setup(test_mirror_is_waited_for_by_nobody, setup),
        cmocka_unit_test_setup(test_mirror_of_held_frames, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
