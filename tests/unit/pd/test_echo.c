/* SPDX-License-Identifier: BSD-2-Clause */
/* The echo program with lwIP: what it answers, byte for byte, and what it does not; TCP over a lossy link, and many peers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pd/echo/echo.h"

#define IP 14u
#define L4 34u
#define FRAME_BYTES 1518u
#define WINDOW 32120u
#define CONNECTIONS 16u
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};
static const uint8_t peer[6] = {2, 0, 0, 0, 0, 9};
static const struct echo_address address = {{192, 168, 1, 7}, 24};

/* The link: what was sent and not yet looked at; `room`: frames that it takes. */
static uint8_t sent[4096][FRAME_BYTES];
static uint32_t sent_bytes[4096];
static uint32_t sent_first, sent_count, room;
static uint32_t now_ms;

static uint32_t now(void)
{
    return now_ms;
}

static void broken(const char *what)
{
    print_error("lwIP: %s\n", what);
    abort();
}

static uint8_t *frame_place(uint32_t bytes)
{
    assert_in_range(bytes, 14, FRAME_BYTES);
    return sent_count < room ? sent[(sent_first + sent_count) % 4096] : NULL;
}

static void frame_send(uint32_t bytes)
{
    sent_bytes[(sent_first + sent_count) % 4096] = bytes;
    sent_count++;
}

static const struct echo_link link = {frame_place, frame_send, now, broken};

/* The next frame that was sent, its length; 0: none. */
static uint32_t next(const uint8_t **frame)
{
    if (sent_count == 0) {
        return 0;
    }
    *frame = sent[sent_first];
    const uint32_t bytes = sent_bytes[sent_first];
    sent_first = (sent_first + 1) % 4096;
    sent_count--;
    return bytes;
}

static void receive(const uint8_t *frame, uint32_t bytes)
{
    uint8_t *exact = malloc(bytes + (bytes == 0)); /* so that ASan sees what is read behind it */

    assert_non_null(exact);
    memcpy(exact, frame, bytes);
    echo_receive(exact, bytes);
    free(exact);
    (void)echo_work();
}

static void assert_silent(const uint8_t *frame, uint32_t bytes)
{
    receive(frame, bytes);
    assert_int_equal(sent_count, 0);
}

static uint32_t load16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t load32(const uint8_t *at)
{
    return load16(at) << 16 | load16(at + 2);
}

static void store16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void store32(uint8_t *at, uint32_t value)
{
    store16(at, value >> 16);
    store16(at + 2, value);
}

static uint32_t sum_of(const uint8_t *at, uint32_t bytes, uint32_t sum)
{
    for (uint32_t i = 0; i < bytes; i++) {
        sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
    }
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

/* The sum of a datagram or segment with its pseudo header: 0xffff if it is right. */
static uint32_t l4_sum(const uint8_t *frame)
{
    const uint32_t bytes = load16(frame + 16) - 20;

    return sum_of(frame + L4, bytes, sum_of(frame + 26, 8, frame[23] + bytes));
}

/* An IPv4 packet from host number `host` with `bytes` behind its header; checksums follow in finish(). */
static void make_ip(uint8_t *frame, uint32_t host, uint8_t protocol, uint32_t bytes)
{
    memcpy(frame, mac, 6);
    memcpy(frame + 6, peer, 6);
    store16(frame + 12, 0x0800);
    memset(frame + IP, 0, 20);
    frame[14] = 0x45;
    store16(frame + 16, 20 + bytes);
    frame[22] = 64;
    frame[23] = protocol;
    memcpy(frame + 26, (const uint8_t[]){192, 168, 1, (uint8_t)host}, 4);
    memcpy(frame + 30, address.ip, 4);
}

static uint32_t finish(uint8_t *frame, uint32_t checksum_at)
{
    const bool is_icmp = frame[23] == 1;
    const uint32_t bytes = load16(frame + 16);

    store16(frame + 24, 0);
    store16(frame + 24, ~sum_of(frame + IP, 20, 0));
    store16(frame + checksum_at, 0);
    store16(frame + checksum_at, ~(is_icmp ? sum_of(frame + L4, bytes - 20, 0) : l4_sum(frame)));
    return IP + bytes;
}

static uint32_t make_ping(uint8_t *frame, uint32_t data_bytes)
{
    make_ip(frame, 9, 1, 8 + data_bytes);
    memcpy(frame + L4, (const uint8_t[]){8, 0, 0, 0, 0, 1, 0, 1}, 8);
    for (uint32_t i = 0; i < data_bytes; i++) {
        frame[L4 + 8 + i] = (uint8_t)(i * 7);
    }
    return finish(frame, L4 + 2);
}

static uint32_t make_udp(uint8_t *frame, uint32_t from, uint32_t to, uint32_t data_bytes)
{
    make_ip(frame, 9, 17, 8 + data_bytes);
    store16(frame + L4, from);
    store16(frame + L4 + 2, to);
    store16(frame + L4 + 4, 8 + data_bytes);
    for (uint32_t i = 0; i < data_bytes; i++) {
        frame[L4 + 8 + i] = (uint8_t)(i * 5);
    }
    return finish(frame, L4 + 6);
}

static void ask_arp(uint32_t host)
{
    uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1};

    memcpy(frame + 22, peer, 6);
    memcpy(frame + 28, (const uint8_t[]){192, 168, 1, (uint8_t)host}, 4);
    memcpy(frame + 38, address.ip, 4);
    receive(frame, sizeof(frame));
}

static int begin(void **state)
{
    static bool has_begun;

    (void)state;
    room = 4096;
    if (!has_begun) {
        has_begun = true;
        assert_int_equal(echo_init(&link, mac, &address, 1500), 0);
    }
    /* It says who it is, and then hears who we are. */
    sent_count = 0;
    ask_arp(9);
    sent_count = 0;
    return 0;
}

static void test_arp(void **state)
{
    static const uint8_t reply[42] = {2, 0, 0, 0, 0, 9, 2, 0,   0,   0, 0, 7, 8, 6, 0, 1, 8, 0,   6,   4, 0,
                                      2, 2, 0, 0, 0, 0, 7, 192, 168, 1, 7, 2, 0, 0, 0, 0, 9, 192, 168, 1, 9};
    uint8_t other[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,   9,   8, 6,
                         0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,   0,   0, 9,
                         192,  168,  1,    9,    0,    0,    0, 0, 0, 0, 192, 168, 1, 8};
    const uint8_t *frame = NULL;

    (void)state;
    ask_arp(9);
    assert_in_range(next(&frame), 42, 60);
    assert_memory_equal(frame, reply, 42);
    assert_silent(other, sizeof(other)); /* another's address */
    assert_silent(reply, 42);            /* no request */
}

static void test_ping(void **state)
{
    static const uint32_t lengths[] = {0, 1, 56, 1472};
    uint8_t frame[FRAME_BYTES];
    const uint8_t *answer = NULL;

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t bytes = make_ping(frame, lengths[i]);
        receive(frame, bytes);
        assert_int_equal(next(&answer), bytes);
        assert_memory_equal(answer, peer, 6);
        assert_memory_equal(answer + 6, mac, 6);
        assert_memory_equal(answer + 26, frame + 30, 4);
        assert_memory_equal(answer + 30, frame + 26, 4);
        assert_int_equal(answer[L4], 0);
        assert_memory_equal(answer + L4 + 8, frame + L4 + 8, lengths[i]);
        assert_int_equal(sum_of(answer + IP, 20, 0), 0xffff);
        assert_int_equal(sum_of(answer + L4, 8 + lengths[i], 0), 0xffff);
    }
}

static void test_udp(void **state)
{
    uint8_t frame[FRAME_BYTES];
    const uint8_t *answer = NULL;

    (void)state;
    for (uint32_t length = 0; length <= 1472; length += 184) {
        const uint32_t bytes = make_udp(frame, 5000, 7, length);
        receive(frame, bytes);
        assert_int_equal(next(&answer), bytes);
        assert_int_equal(load16(answer + L4), 7);
        assert_int_equal(load16(answer + L4 + 2), 5000);
        assert_memory_equal(answer + L4 + 8, frame + L4 + 8, length);
        assert_int_equal(l4_sum(answer), 0xffff);
    }
    assert_silent(frame, make_udp(frame, 7, 7, 100)); /* from an echo program */
    /* Nobody is at another port: ICMP says so. */
    receive(frame, make_udp(frame, 5000, 8, 9));
    assert_true(next(&answer) > L4);
    assert_int_equal(answer[23], 1);
    assert_int_equal(answer[L4], 3);
}

/* Each byte that matters, changed; and every length. */
static void test_what_is_not_answered(void **state)
{
    static const uint32_t matter[] = {0, 5, 12, 14, 16, 24, 33, 34, 36, 50};
    uint8_t frame[64];

    (void)state;
    for (uint32_t i = 0; i < sizeof(matter) / sizeof(matter[0]); i++) {
        const uint32_t bytes = make_ping(frame, 9);
        frame[matter[i]] ^= 1;
        assert_silent(frame, bytes);
    }
    const uint32_t whole = make_ping(frame, 9);
    for (uint32_t bytes = 0; bytes < whole; bytes++) {
        assert_silent(frame, bytes);
    }
}

/* A peer's end of a connection: as little of TCP as it takes to see that the other end is right. */
struct peer_end {
    uint32_t host, port;
    uint32_t seq, ack; /* our next byte, and the next that we await */
    bool is_over;      /* FIN or RST came */
    bool was_reset;
    uint32_t window;
    uint8_t *heard;
    uint32_t heard_bytes;
};

static void send_segment(struct peer_end *end, uint8_t flags, const uint8_t *data, uint32_t bytes)
{
    uint8_t frame[FRAME_BYTES];

    make_ip(frame, end->host, 6, 20 + bytes);
    memset(frame + L4, 0, 20);
    store16(frame + L4, end->port);
    store16(frame + L4 + 2, 7);
    store32(frame + L4 + 4, end->seq);
    store32(frame + L4 + 8, end->ack);
    frame[L4 + 12] = 5 << 4;
    frame[L4 + 13] = flags;
    store16(frame + L4 + 14, end->window);
    if (bytes > 0) {
        memcpy(frame + L4 + 20, data, bytes);
    }
    receive(frame, finish(frame, L4 + 16));
}

/* Take what was sent to us, but every `drop`th frame (0: all); confirms what is in order. Returns what the other end confirms. */
static uint32_t take(struct peer_end *end, uint32_t drop)
{
    static uint32_t count;
    const uint8_t *frame = NULL;
    uint32_t confirmed = 0;
    bool has_data = false;

    while (next(&frame) != 0) {
        if (load16(frame + 12) != 0x0800 || frame[23] != 6 || load16(frame + L4 + 2) != end->port ||
            frame[33] != end->host || (drop != 0 && ++count % drop == 0)) {
            continue;
        }
        assert_int_equal(l4_sum(frame), 0xffff);
        const uint32_t head = L4 + (frame[L4 + 12] >> 4) * 4u;
        const uint32_t bytes = load16(frame + 16) + IP - head;
        const uint8_t flags = frame[L4 + 13];

        confirmed = load32(frame + L4 + 8);
        if ((flags & RST) != 0) {
            end->is_over = end->was_reset = true;
            continue;
        }
        if ((flags & SYN) != 0) {
            end->ack = load32(frame + L4 + 4) + 1;
            continue;
        }
        has_data |= bytes > 0 || (flags & FIN) != 0;
        if (load32(frame + L4 + 4) == end->ack) {
            if (end->heard != NULL) {
                memcpy(end->heard + end->heard_bytes, frame + head, bytes);
            }
            end->heard_bytes += bytes;
            end->ack += bytes + ((flags & FIN) != 0);
            end->is_over |= (flags & FIN) != 0;
        }
    }
    if (has_data) {
        send_segment(end, ACK, NULL, 0);
    }
    return confirmed;
}

static void connect_peer(struct peer_end *end, uint32_t host, uint32_t port)
{
    *end = (struct peer_end){.host = host, .port = port, .seq = 0xffffff00u + port, .window = 30000};
    send_segment(end, SYN, NULL, 0);
    assert_int_equal(take(end, 0), end->seq + 1);
    end->seq++;
    send_segment(end, ACK, NULL, 0);
}

static void pass_time(uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i += 50) {
        now_ms += 50;
        (void)echo_work();
    }
}

/* All of `bytes` there and back; sends again what is not confirmed in time, each `drop`th frame of either direction is lost. */
static void exchange(struct peer_end *end, const uint8_t *data, uint32_t bytes, uint32_t drop)
{
    const uint32_t start = end->seq;
    uint32_t confirmed = 0;

    end->heard = malloc(bytes + FRAME_BYTES);
    assert_non_null(end->heard);
    end->heard_bytes = 0;
    for (uint32_t round = 0; end->heard_bytes < bytes; round++) {
        assert_true(round < 20000);
        for (uint32_t at = confirmed; at < bytes && at < confirmed + 10 * 1460; at += 1460) {
            if (drop == 0 || (round + at / 1460) % drop != 1) {
                end->seq = start + at;
                send_segment(end, ACK | PSH, data + at, bytes - at < 1460 ? bytes - at : 1460);
            }
        }
        const uint32_t said = take(end, drop) - start;
        if (said <= bytes && said > confirmed) {
            confirmed = said;
        }
        end->seq = start + confirmed;
        pass_time(50);
    }
    assert_memory_equal(end->heard, data, bytes);
    end->seq = start + bytes;
    free(end->heard);
    end->heard = NULL;
}

static void close_peer(struct peer_end *end)
{
    send_segment(end, FIN | ACK, NULL, 0);
    end->seq++;
    for (uint32_t i = 0; i < 100 && !end->is_over; i++) {
        (void)take(end, 0);
        pass_time(250);
    }
    assert_true(end->is_over && !end->was_reset);
    send_segment(end, ACK, NULL, 0);
}

static uint8_t *random_bytes(uint32_t bytes)
{
    uint8_t *data = malloc(bytes);
    uint32_t state = 1;

    assert_non_null(data);
    for (uint32_t i = 0; i < bytes; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = (uint8_t)(state >> 24);
    }
    return data;
}

static void test_tcp(void **state)
{
    uint8_t *data = random_bytes(300001);
    struct peer_end end;

    (void)state;
    connect_peer(&end, 9, 4000);
    exchange(&end, data, 300001, 0);
    close_peer(&end);
    assert_int_equal(end.heard_bytes, 300001);
    free(data);
}

static void test_tcp_over_a_lossy_link(void **state)
{
    uint8_t *data = random_bytes(100000);
    struct peer_end end;

    (void)state;
    connect_peer(&end, 9, 4001);
    exchange(&end, data, 100000, 7);
    close_peer(&end);
    free(data);
}

/* The link takes nothing for a while: nothing is lost for good. */
static void test_a_full_link(void **state)
{
    static const uint8_t data[] = "held up";
    struct peer_end end;

    (void)state;
    connect_peer(&end, 9, 4002);
    room = 0;
    send_segment(&end, ACK | PSH, data, sizeof(data));
    pass_time(1000);
    room = 4096;
    end.seq += sizeof(data);
    for (uint32_t i = 0; i < 100 && end.heard_bytes == 0; i++) {
        pass_time(500);
        (void)take(&end, 0);
    }
    assert_int_equal(end.heard_bytes, sizeof(data));
    close_peer(&end);
}

/* Peers that send and never read, as many as there may be: each stops at its window, others and ping are answered. */
static void test_peers_that_do_not_read(void **state)
{
    uint8_t *data = random_bytes(4 * WINDOW);
    struct peer_end ends[CONNECTIONS - 1], good;
    uint8_t frame[FRAME_BYTES];
    const uint8_t *answer = NULL;

    (void)state;
    for (uint32_t i = 0; i < CONNECTIONS - 1; i++) {
        connect_peer(&ends[i], 9, 5000 + i);
        ends[i].window = 0;
        const uint32_t start = ends[i].seq;
        for (uint32_t at = 0; at < 4 * WINDOW; at += 1460) {
            ends[i].seq = start + at;
            send_segment(&ends[i], ACK, data + at, 1460);
        }
        const uint32_t confirmed = take(&ends[i], 0) - start;
        assert_in_range(confirmed, WINDOW, 3 * WINDOW);
    }
    sent_count = 0;
    const uint32_t bytes = make_ping(frame, 1000);
    receive(frame, bytes);
    assert_int_equal(next(&answer), bytes);
    connect_peer(&good, 9, 6000);
    exchange(&good, data, 2 * WINDOW, 0);
    close_peer(&good);
    free(data);
    for (uint32_t i = 0; i < CONNECTIONS - 1; i++) {
        send_segment(&ends[i], RST, NULL, 0);
    }
}

/* One more than there may be: the one that was silent the longest has to go. */
static void test_the_oldest_gives_way(void **state)
{
    static const uint8_t data[] = "still here";
    struct peer_end ends[CONNECTIONS + 1];

    (void)state;
    pass_time(400000); /* nobody of the tests before is left, nor our address */
    ask_arp(9);
    sent_count = 0;
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        connect_peer(&ends[i], 9, 7000 + i);
        pass_time(100);
    }
    exchange(&ends[0], data, sizeof(data), 0);
    connect_peer(&ends[CONNECTIONS], 9, 7000 + CONNECTIONS);
    exchange(&ends[CONNECTIONS], data, sizeof(data), 0);
    exchange(&ends[0], data, sizeof(data), 0);
    send_segment(&ends[1], ACK | PSH, data, sizeof(data));
    (void)take(&ends[1], 0);
    assert_true(ends[1].was_reset);
    /* And all of them, when they do nothing for long. */
    pass_time(310000);
    ask_arp(9);
    sent_count = 0;
    send_segment(&ends[2], ACK | PSH, data, sizeof(data));
    (void)take(&ends[2], 0);
    assert_true(ends[2].was_reset);
}

static void test_addresses(void **state)
{
    static const char *const bad[] = {"",       "fd00::1/64", "1.2.3",      "1.2.3.256/8", "1.2.3.4.5",
                                      "1..2.3", "a",          "1.2.3.4/33", "1.2.3.4/"};
    struct echo_address parsed;

    (void)state;
    assert_int_equal(echo_address_parse("192.168.1.7/16", &parsed), 0);
    assert_memory_equal(parsed.ip, address.ip, 4);
    assert_int_equal(parsed.prefix, 16);
    assert_int_equal(echo_address_parse("fd00::7/64 192.168.1.7", &parsed), 0);
    assert_memory_equal(parsed.ip, address.ip, 4);
    assert_int_equal(parsed.prefix, 24);
    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(echo_address_parse(bad[i], &parsed), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_arp, begin),
        cmocka_unit_test_setup(test_ping, begin),
        cmocka_unit_test_setup(test_udp, begin),
        cmocka_unit_test_setup(test_what_is_not_answered, begin),
        cmocka_unit_test_setup(test_tcp, begin),
        cmocka_unit_test_setup(test_tcp_over_a_lossy_link, begin),
        cmocka_unit_test_setup(test_a_full_link, begin),
        cmocka_unit_test_setup(test_peers_that_do_not_read, begin),
        cmocka_unit_test_setup(test_the_oldest_gives_way, begin),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
