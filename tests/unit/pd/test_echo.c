/* SPDX-License-Identifier: BSD-2-Clause */
/* What the echo program answers, byte for byte, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pd/echo/echo.h"

static const struct echo_host host = {{2, 0, 0, 0, 0, 7}, {192, 168, 1, 7}};

static const uint8_t arp_request[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,   9,   8, 6,
                                        0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,   0,   0, 9,
                                        192,  168,  1,    9,    0,    0,    0, 0, 0, 0, 192, 168, 1, 7};
static const uint8_t arp_reply[42] = {2, 0, 0, 0, 0, 9, 2, 0,   0,   0, 0, 7, 8, 6, 0, 1, 8, 0,   6,   4, 0,
                                      2, 2, 0, 0, 0, 0, 7, 192, 168, 1, 7, 2, 0, 0, 0, 0, 9, 192, 168, 1, 9};

/* An echo request with 9 bytes of data, and its answer; checksums by hand. */
static const uint8_t ping[51] = {2,  0, 0, 0, 0, 7, 2, 0, 0,   0,   0,   9,   8,   0,   0x45, 0,   0,
                                 37, 0, 1, 0, 0, 9, 1, 0, 0,   192, 168, 1,   9,   192, 168,  1,   7,
                                 8,  0, 0, 0, 0, 1, 0, 1, 'a', 'b', 'c', 'd', 'e', 'f', 'g',  'h', 'i'};

static uint32_t sum_of(const uint8_t *at, uint32_t bytes)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static void finish(uint8_t *at, uint32_t bytes, uint32_t field)
{
    at[field] = 0;
    at[field + 1] = 0;
    const uint32_t sum = ~sum_of(at, bytes) & 0xffff;
    at[field] = (uint8_t)(sum >> 8);
    at[field + 1] = (uint8_t)sum;
}

static void make_ping(uint8_t frame[64])
{
    memset(frame, 0, 64);
    memcpy(frame, ping, sizeof ping);
    finish(frame + 14, 20, 10);
    finish(frame + 34, 17, 2);
}

static void make_udp(uint8_t frame[64], uint32_t from, uint32_t to)
{
    make_ping(frame);
    frame[23] = 17;
    frame[34] = (uint8_t)(from >> 8);
    frame[35] = (uint8_t)from;
    frame[36] = (uint8_t)(to >> 8);
    frame[37] = (uint8_t)to;
    frame[38] = 0;
    frame[39] = 17;
    finish(frame + 14, 20, 10);
}

static void test_arp(void **state)
{
    uint8_t frame[60];

    (void)state;
    memcpy(frame, arp_request, sizeof frame);
    assert_int_equal(echo_answer(&host, frame, 60), 42);
    assert_memory_equal(frame, arp_reply, 42);
    memcpy(frame, arp_request, sizeof frame);
    frame[41] = 8; /* another's */
    assert_int_equal(echo_answer(&host, frame, 60), 0);
    memcpy(frame, arp_reply, sizeof arp_reply); /* no request */
    assert_int_equal(echo_answer(&host, frame, 42), 0);
}

static void test_ping(void **state)
{
    uint8_t frame[64];

    (void)state;
    make_ping(frame);
    assert_int_equal(echo_answer(&host, frame, 60), 51); /* without what pads it */
    assert_memory_equal(frame, ping + 6, 6);
    assert_memory_equal(frame + 6, ping, 6);
    assert_memory_equal(frame + 26, ping + 30, 4);
    assert_memory_equal(frame + 30, ping + 26, 4);
    assert_int_equal(frame[34], 0);
    assert_memory_equal(frame + 42, ping + 42, 9);
    assert_int_equal(sum_of(frame + 14, 20), 0xffff);
    assert_int_equal(sum_of(frame + 34, 17), 0xffff);
}

static void test_udp(void **state)
{
    uint8_t frame[64];

    (void)state;
    make_udp(frame, 5000, 7);
    assert_int_equal(echo_answer(&host, frame, 51), 51);
    assert_int_equal(frame[34] << 8 | frame[35], 7);
    assert_int_equal(frame[36] << 8 | frame[37], 5000);
    make_udp(frame, 5000, 8); /* no such port */
    assert_int_equal(echo_answer(&host, frame, 51), 0);
    make_udp(frame, 7, 7); /* from an echo program */
    assert_int_equal(echo_answer(&host, frame, 51), 0);
}

/* Each byte that matters, changed; and every length. */
static void test_what_is_not_answered(void **state)
{
    static const uint32_t matter[] = {0, 5, 6, 12, 14, 16, 20, 21, 23, 24, 30, 33, 34, 35, 36, 50};
    uint8_t frame[64];

    (void)state;
    for (uint32_t i = 0; i < sizeof matter / sizeof matter[0]; i++) {
        make_ping(frame);
        frame[matter[i]] ^= 1;
        assert_int_equal(echo_answer(&host, frame, 60), 0);
    }
    for (uint32_t bytes = 0; bytes < 51; bytes++) {
        make_ping(frame);
        assert_int_equal(echo_answer(&host, frame, bytes), 0);
    }
}

static void test_addresses(void **state)
{
    static const char *const bad[] = {"", "fd00::1/64", "1.2.3", "1.2.3.256/8", "1.2.3.4.5", "1..2.3", "a"};
    uint8_t ip[4];

    (void)state;
    assert_int_equal(echo_parse_ip("192.168.1.7/24", ip), 0);
    assert_memory_equal(ip, host.ip, 4);
    assert_int_equal(echo_parse_ip("fd00::7/64 192.168.1.7/24", ip), 0);
    assert_memory_equal(ip, host.ip, 4);
    for (uint32_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(echo_parse_ip(bad[i], ip), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arp),       cmocka_unit_test(test_ping),
        cmocka_unit_test(test_udp),       cmocka_unit_test(test_what_is_not_answered),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
