/* SPDX-License-Identifier: BSD-2-Clause */
/* IGMP and MLD snooping: who gets frames to a group, and that nobody can take them from another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pd/vswitch/snoop.h"

#define HZ 1000u
#define ALL 0xfu /* of four ports */
#define ROUTER 0u

static struct snoop snoop;
static uint64_t now;
static uint8_t bytes[SNOOP_PACKET_BYTES + 100];
static uint64_t work;

static const uint8_t group[4] = {239, 1, 2, 3}, other[4] = {239, 4, 5, 6};
static const uint8_t group6[16] = {0xff, 0x05, [13] = 1, 2, 3}, none[16];

static int setup(void **state)
{
    (void)state;
    now = HZ;
    snoop_init(&snoop, HZ);
    return 0;
}

static uint32_t narrow(uint32_t port, uint32_t length, uint16_t vid)
{
    const struct vswitch_segment segment = {bytes, length};
    struct vswitch_frame frame = {
        .segments = &segment, .segment_count = 1, .length_bytes = length, .vid = vid, .work = &work};

    frame_read_header(&frame);
    return snoop_narrow(&snoop, &frame, port, now, ALL & ~(1u << port));
}

static void ethernet4(const uint8_t to[4])
{
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, (const uint8_t[]){1, 0, 0x5e, to[1] & 0x7f, to[2], to[3]}, 6);
    memcpy(bytes + 12, (const uint8_t[]){8, 0}, 2);
}

/* An IGMP message of `length` bytes, of which `head` is the first eight, from port `port` to group `to`. */
static uint32_t igmp(uint32_t port, const uint8_t to[4], uint8_t type, uint8_t code, const uint8_t address[4])
{
    ethernet4(to);
    memcpy(bytes + 14, (const uint8_t[]){0x46, 0, 0, 32, 0, 0, 0, 0, 1, 2}, 10);
    bytes[38] = type;
    bytes[39] = code;
    memcpy(bytes + 42, address, 4);
    return narrow(port, 60, 0);
}

static uint32_t query(void)
{
    const uint32_t to = igmp(ROUTER, (const uint8_t[]){224, 0, 0, 1}, 0x11, 100, none);

    if (snoop_is_query(&snoop)) {
        snoop_asked(&snoop, to);
    }
    return to;
}

static uint32_t data(uint32_t port, const uint8_t to[4])
{
    ethernet4(to);
    return narrow(port, 100, 0);
}

static void report(uint32_t port, const uint8_t to[4])
{
    (void)igmp(port, to, 0x16, 0, to);
}

static void test_all_until_somebody_asks(void **state)
{
    (void)state;
    report(1, group);
    assert_int_equal(data(2, group), ALL & ~4u);
    assert_int_equal(query(), ALL & ~1u);
    assert_int_equal(data(2, group), 1u | 2u); /* the router, and who joined before */
    assert_int_equal(data(2, other), 1u);
    assert_int_equal(data(0, other), 0);
    assert_int_equal(data(2, (const uint8_t[]){224, 0, 0, 251}), ALL & ~4u); /* for all on the link */
    now += (uint64_t)SNOOP_ASKED_S * HZ;                                     /* nobody asks any more */
    assert_int_equal(data(2, other), ALL & ~4u);
}

static void test_reports_are_for_routers(void **state)
{
    (void)state;
    (void)query();
    assert_int_equal(igmp(1, group, 0x16, 0, group), 1u);
    assert_int_equal(igmp(1, group, 0x12, 0, group), 1u);
    assert_int_equal(igmp(1, (const uint8_t[]){224, 0, 0, 2}, 0x17, 0, group), 1u);
}

static void test_leaving_takes_a_while(void **state)
{
    (void)state;
    (void)query();
    report(1, group);
    report(2, group);
    (void)igmp(1, (const uint8_t[]){224, 0, 0, 2}, 0x17, 0, group);
    assert_int_equal(data(3, group), 7u);
    now += (uint64_t)SNOOP_LEAVE_S * HZ;
    assert_int_equal(data(3, group), 5u);
    (void)igmp(2, (const uint8_t[]){224, 0, 0, 2}, 0x17, 0, group);
    now += HZ;
    report(2, group); /* another behind the same port */
    now += (uint64_t)SNOOP_LEAVE_S * HZ;
    assert_int_equal(data(3, group), 5u);
}

/* A member that answers without the group is out; one that does not answer stays, whoever asks. */
static void test_memberships_end_by_an_answer(void **state)
{
    (void)state;
    report(1, group);
    report(2, group);
    now += HZ;
    (void)query();
    now += HZ;
    report(1, other);
    assert_int_equal(data(3, group), 7u);
    now += (uint64_t)SNOOP_ANSWERED_S * HZ;
    assert_int_equal(data(3, group), 5u);
    for (uint32_t i = 0; i < 20; i++) {
        now += 100 * HZ;
        (void)query();
        assert_int_equal(data(3, group), 5u);
    }
}

/* Questions that come all the time leave members the time to answer each. */
static void test_a_storm_of_queries(void **state)
{
    (void)state;
    report(1, group);
    report(1, other);
    for (uint32_t i = 0; i < 2000; i++) {
        now += HZ / 10;
        (void)query();
        if (i % 250 == 240) {
            report(1, group);
        } else if (i % 250 == 0) {
            report(1, other);
        }
        assert_int_equal(data(3, group), 3u);
        assert_int_equal(data(3, other), 3u);
    }
}

/* A port that a question did not reach, or that is given too long, is not left out. */
static void test_questions_that_do_not_count(void **state)
{
    (void)state;
    (void)igmp(ROUTER, (const uint8_t[]){224, 0, 0, 1}, 0x11, 200, none);
    assert_false(snoop_is_query(&snoop));
    (void)igmp(ROUTER, group, 0x11, 10, group); /* for one group */
    assert_false(snoop_is_query(&snoop));
    assert_int_equal(data(3, group), 7u);
    (void)igmp(ROUTER, (const uint8_t[]){224, 0, 0, 1}, 0x11, 100, none);
    assert_true(snoop_is_query(&snoop));
    snoop_asked(&snoop, 2u); /* port 2 had no room */
    assert_int_equal(data(3, group), 1u | 4u);
    (void)data(3, group);
    assert_false(snoop_is_query(&snoop));
}

/* IGMPv3 and MLDv2: lists. */
static void test_lists(void **state)
{
    static const struct {
        uint8_t kind, sources;
        bool is_in;
    } kinds[] = {{4, 0, true}, {3, 0, false}, {2, 1, true}, {1, 0, false},
                 {5, 1, true}, {6, 1, true},  {7, 0, true}};

    (void)state;
    (void)query();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        ethernet4((const uint8_t[]){224, 0, 0, 22});
        const uint8_t length = (uint8_t)(24 + 8 + 8 + 8 + 4 * kinds[i].sources);
        memcpy(bytes + 14, (const uint8_t[]){0x46, 0, 0, length, 0, 0, 0, 0, 1, 2}, 10);
        memcpy(bytes + 38, (const uint8_t[]){0x22, 0, 0, 0, 0, 0, 0, 2}, 8);
        memcpy(bytes + 46, (const uint8_t[]){4, 0, 0, 0, 239, 4, 5, 6}, 8);
        memcpy(bytes + 54, (const uint8_t[]){kinds[i].kind, 0, 0, kinds[i].sources, 239, 1, 2, 3}, 8);
        assert_int_equal(narrow(1, 14u + length, 0), 1u);
        now += (uint64_t)SNOOP_LEAVE_S * HZ;
        assert_int_equal(data(3, group), kinds[i].is_in ? 3u : 1u);
        assert_int_equal(data(3, other), 3u);
    }
}

static void ethernet6(const uint8_t to[16])
{
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, (const uint8_t[]){0x33, 0x33, to[12], to[13], to[14], to[15]}, 6);
    memcpy(bytes + 12, (const uint8_t[]){0x86, 0xdd, 0x60, 0, 0, 0, 0, 32, 0, 1}, 10);
    memcpy(bytes + 14 + 24, to, 16);
    memcpy(bytes + 14 + 40, (const uint8_t[]){58, 0, 5, 2, 0, 0, 1, 0}, 8);
}

static uint32_t mld(uint32_t port, uint8_t type, const uint8_t to[16], const uint8_t address[16])
{
    ethernet6(to);
    bytes[14 + 48] = type;
    memcpy(bytes + 14 + 48 + 8, address, 16);
    const uint32_t ports = narrow(port, 14 + 72, 0);
    if (snoop_is_query(&snoop)) {
        snoop_asked(&snoop, ports);
    }
    return ports;
}

static uint32_t data6(uint32_t port, const uint8_t to[16])
{
    ethernet6(to);
    bytes[20] = 17;
    return narrow(port, 100, 0);
}

static void test_ipv6(void **state)
{
    static const uint8_t nodes[16] = {0xff, 2, [15] = 1}, routers[16] = {0xff, 2, [15] = 22};

    (void)state;
    (void)query(); /* of IPv4 only */
    assert_int_equal(data6(2, group6), ALL & ~4u);
    assert_int_equal(mld(0, 130, nodes, none), ALL & ~1u);
    assert_int_equal(data6(2, group6), 1u);
    assert_int_equal(mld(1, 131, group6, group6), 1u);
    assert_int_equal(data6(2, group6), 3u);
    assert_int_equal(data6(2, nodes), ALL & ~4u);
    (void)mld(1, 132, routers, group6);
    now += (uint64_t)SNOOP_LEAVE_S * HZ;
    assert_int_equal(data6(2, group6), 1u);
    ethernet6(routers); /* MLDv2 */
    bytes[19] = 8 + 8 + 20;
    bytes[14 + 48] = 143;
    bytes[14 + 48 + 7] = 1;
    bytes[14 + 48 + 8] = 4;
    memcpy(bytes + 14 + 48 + 12, group6, 16);
    assert_int_equal(narrow(3, 14 + 40 + 36, 0), 1u);
    assert_int_equal(data6(2, group6), 9u);
    snoop_forget(&snoop, 3);
    assert_int_equal(data6(2, group6), 9u); /* begins again: not asked yet */
    (void)mld(0, 130, nodes, none);
    assert_int_equal(data6(2, group6), 1u);
}

static void test_vlans_are_apart(void **state)
{
    (void)state;
    (void)query();
    ethernet4(group);
    memcpy(bytes + 12, (const uint8_t[]){0x81, 0, 0, 10, 8, 0, 0x46, 0, 0, 32, 0, 0, 0, 0, 1, 2}, 16);
    bytes[42] = 0x16;
    memcpy(bytes + 46, group, 4);
    assert_int_equal(narrow(1, 64, 10), 1u);
    assert_int_equal(data(2, group), 1u);
    ethernet4(group);
    assert_int_equal(narrow(2, 64, 10), 3u);
}

/* Who joins more than there is room for gets all, and nobody else loses anything. */
static void test_a_full_table(void **state)
{
    (void)state;
    (void)query();
    report(1, group);
    for (uint32_t i = 0; i < 100000; i++) {
        report(2, (const uint8_t[]){238, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i});
    }
    assert_int_equal(data(3, group), 7u);
    assert_int_equal(data(3, (const uint8_t[]){238, 99, 99, 99}), 5u); /* greedy */
    for (uint32_t i = 0; i < 200; i++) {
        const uint8_t late[4] = {237, 9, 9, (uint8_t)i};
        report(1, late);
        assert_int_equal(data(3, late) & 2u, 2u);
    }
}

/* Bytes of any kind: nothing is read beyond the frame (ASan), and ports are candidates only. */
static void test_anything(void **state)
{
    (void)state;
    srand(1);
    for (uint32_t i = 0; i < 200000; i++) {
        const uint32_t length = 14 + (uint32_t)rand() % (i % 10 == 0 ? (uint32_t)sizeof bytes - 14 : 90);
        uint8_t *exact = malloc(length);
        const struct vswitch_segment segment = {exact, length};
        struct vswitch_frame frame = {
            .segments = &segment, .segment_count = 1, .length_bytes = length, .work = &work};

        i % 2 == 0 ? ethernet4(group) : ethernet6(group6);
        if (i % 2 == 0) {
            memcpy(bytes + 14, (const uint8_t[]){0x46, 0, 0, (uint8_t)rand(), 0, 0, 0, 0, 1, 2}, 10);
            bytes[38] = (uint8_t)(0x11 + rand() % 0x12);
        } else {
            bytes[62] = (uint8_t)(130 + rand() % 14);
        }
        for (uint32_t k = 0; k < (uint32_t)rand() % 6; k++) {
            bytes[12 + (uint32_t)rand() % 80] = (uint8_t)rand();
        }
        memcpy(exact, bytes, length);
        frame_read_header(&frame);
        const uint32_t ports = snoop_narrow(&snoop, &frame, i % 4, now += 7, ALL & ~(1u << i % 4));
        assert_int_equal(ports & ~(ALL & ~(1u << i % 4)), 0);
        if (snoop_is_query(&snoop)) {
            snoop_asked(&snoop, ports);
        }
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_until_somebody_asks, setup),
        cmocka_unit_test_setup(test_reports_are_for_routers, setup),
        cmocka_unit_test_setup(test_leaving_takes_a_while, setup),
        cmocka_unit_test_setup(test_memberships_end_by_an_answer, setup),
        cmocka_unit_test_setup(test_a_storm_of_queries, setup),
        cmocka_unit_test_setup(test_questions_that_do_not_count, setup),
        cmocka_unit_test_setup(test_lists, setup),
        cmocka_unit_test_setup(test_ipv6, setup),
        cmocka_unit_test_setup(test_vlans_are_apart, setup),
        cmocka_unit_test_setup(test_a_full_table, setup),
        cmocka_unit_test_setup(test_anything, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
