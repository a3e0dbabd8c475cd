/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums are checked against a plain two-bytes-at-a-time reference, segments against what RFC 9293 and
 * Linux' tcp_gso_segment() and __udp_gso_segment() say of each field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/checksum.h"
#include "lib/net/offload.h"

#define MAX_BYTES 65553u

static uint8_t frame[MAX_BYTES], segment[MAX_BYTES];

/* The reference: folds after each word. */
static uint16_t reference(const uint8_t *data, uint32_t bytes, uint32_t sum)
{
    for (uint32_t i = 0; i < bytes; i++) {
        sum += (i & 1) == 0 ? (uint32_t)data[i] << 8 : data[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)sum;
}

static uint16_t be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void set16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)be16(at) << 16 | be16(at + 2);
}

static void test_checksum_equals_the_reference(void **state)
{
    (void)state;
    srand(1);
    for (uint32_t bytes = 0; bytes < 200; bytes++) {
        uint8_t stored[2];
        for (uint32_t i = 0; i < bytes; i++) {
            frame[i] = bytes % 3 == 0 ? 0xff : (uint8_t)rand();
        }
        checksum_store(checksum_add(0, frame, bytes), stored);
        assert_int_equal(be16(stored), (uint16_t)~reference(frame, bytes, 0));
        const uint32_t half = bytes / 4 * 2;
        checksum_t sum = checksum_add(checksum_add(0, frame, half), frame + half, bytes - half);
        checksum_store(checksum_add_number(sum, 0x1234), stored);
        assert_int_equal(be16(stored), (uint16_t)~reference(frame, bytes, 0x1234));
    }
}

static void test_finish_checksum(void **state)
{
    /* UDP over IPv4 at offset 34; the field holds the pseudo header's sum, as a driver leaves it. */
    const struct frame_meta meta = {.flags = FRAME_META_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};
    const uint32_t bytes = 34 + 8 + 101;

    (void)state;
    for (uint32_t i = 0; i < bytes; i++) {
        frame[i] = (uint8_t)(i * 7);
    }
    set16(frame + 40, 0x4321);
    offload_finish_checksum(frame, bytes, &meta);
    /* With the pseudo header put back, all of it sums up to "negative zero". */
    assert_int_equal(reference(frame + 34, bytes - 34, 0x4321), 0xffff);
}

static void test_finished_checksum_is_never_zero(void **state)
{
    const struct frame_meta meta = {.flags = FRAME_META_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6};

    (void)state;
    memset(frame, 0, 42);
    set16(frame + 34, 0xffff);
    offload_finish_checksum(frame, 42, &meta);
    assert_int_equal(be16(frame + 40), 0xffff);
}

/* A packet to cut: shape of its headers. */
struct shape {
    bool ipv6, udp;
    uint32_t tags, ip_options, tcp_options; /* bytes except for tags; IPv6: bytes of extension headers */
    uint32_t payload;
    uint16_t gso_size;
};

static uint32_t l3_of(const struct shape *shape)
{
    return 14 + 4 * shape->tags;
}

static uint32_t l4_of(const struct shape *shape)
{
    return l3_of(shape) + (shape->ipv6 ? 40 : 20) + shape->ip_options;
}

static uint32_t headers_of(const struct shape *shape)
{
    return l4_of(shape) + (shape->udp ? 8 : 20 + shape->tcp_options);
}

static void build_ip(const struct shape *shape)
{
    uint8_t *ip = frame + l3_of(shape);
    const uint8_t protocol = shape->udp ? 17 : 6;

    for (uint32_t i = 0; i < (shape->ipv6 ? 40u : 20u) + shape->ip_options; i++) {
        ip[i] = (uint8_t)(i + 1);
    }
    if (!shape->ipv6) {
        ip[0] = (uint8_t)(0x40 | (20 + shape->ip_options) / 4);
        set16(ip + 4, 0xfffe); /* wraps */
        set16(ip + 6, 0x4000); /* don't fragment */
        ip[9] = protocol;
        return;
    }
    ip[0] = 0x60;
    ip[6] = shape->ip_options != 0 ? 60 : protocol;
    if (shape->ip_options != 0) {
        ip[40] = protocol;
        ip[41] = (uint8_t)(shape->ip_options / 8 - 1);
    }
}

static struct frame_meta build(const struct shape *shape)
{
    const uint32_t l4 = l4_of(shape);
    uint32_t at = 12;

    memset(frame, 0x5a, 12);
    for (uint32_t i = 0; i < shape->tags; i++, at += 4) {
        set16(frame + at, i + 1 < shape->tags ? 0x88a8 : 0x8100);
    }
    set16(frame + at, shape->ipv6 ? 0x86dd : 0x0800);
    build_ip(shape);
    for (uint32_t i = l4; i < headers_of(shape) + shape->payload; i++) {
        frame[i] = (uint8_t)(i * 31 + i / 256);
    }
    if (!shape->udp) {
        set16(frame + l4 + 4, 0xffff);
        set16(frame + l4 + 6, 0xff00); /* wraps */
        frame[l4 + 12] = (uint8_t)((20 + shape->tcp_options) / 4 << 4);
        frame[l4 + 13] = 0x80 | 0x10 | 0x08 | 0x01; /* CWR ACK PSH FIN */
    }
    const unsigned int kind = shape->udp    ? FRAME_META_GSO_UDP_L4
                              : shape->ipv6 ? FRAME_META_GSO_TCPV6
                                            : FRAME_META_GSO_TCPV4;
    return (struct frame_meta){.flags = FRAME_META_NEEDS_CSUM,
                               .gso_type = (uint8_t)kind,
                               .gso_size = shape->gso_size,
                               .csum_start = (uint16_t)l4,
                               .csum_offset = shape->udp ? 6 : 16};
}

static void check_ip(const struct shape *shape, uint32_t bytes, uint32_t index)
{
    const uint8_t *ip = segment + l3_of(shape);
    const uint32_t ip_bytes = 20 + shape->ip_options;

    if (shape->ipv6) {
        assert_int_equal(be16(ip + 4), bytes - l3_of(shape) - 40);
        return;
    }
    assert_int_equal(be16(ip + 2), bytes - l3_of(shape));
    assert_int_equal(be16(ip + 4), (0xfffe + index) & 0xffff);
    assert_int_equal(reference(ip, ip_bytes, 0), 0xffff);
}

static void check_transport(const struct shape *shape, uint32_t bytes, uint32_t index, bool last)
{
    const uint8_t *ip = segment + l3_of(shape);
    const uint8_t *l4 = segment + l4_of(shape);
    const uint32_t l4_bytes = bytes - l4_of(shape);
    uint32_t sum = reference(ip + (shape->ipv6 ? 8 : 12), shape->ipv6 ? 32 : 8, 0);

    sum += l4_bytes + (shape->udp ? 17 : 6);
    assert_int_equal(reference(l4, l4_bytes, sum), 0xffff);
    if (shape->udp) {
        assert_int_equal(be16(l4 + 4), l4_bytes);
        assert_int_not_equal(be16(l4 + 6), 0);
        return;
    }
    assert_int_equal(be32(l4 + 4), 0xffffff00u + index * shape->gso_size);
    assert_int_equal(l4[13], 0x10 | (last ? 0x09 : 0) | (index == 0 ? 0x80 : 0));
    assert_memory_equal(l4 + 20, frame + l4_of(shape) + 20, shape->tcp_options);
}

static void cut(const struct shape *shape)
{
    const struct frame_meta meta = build(shape);
    const uint32_t headers = headers_of(shape);
    struct offload_segmenter segmenter;
    uint32_t index = 0, done = 0, bytes;

    assert_int_equal(frame_meta_check(&meta, headers + shape->payload), ERR_OK);
    assert_int_equal(offload_segment_init(&segmenter, frame, headers + shape->payload, &meta), ERR_OK);
    while ((bytes = offload_segment_next(&segmenter, segment)) != 0) {
        const uint32_t payload = bytes - headers;
        const bool last = done + payload == shape->payload;
        assert_true(bytes <= offload_segment_max_bytes(&segmenter));
        assert_true(last ? payload <= shape->gso_size : payload == shape->gso_size);
        assert_memory_equal(segment, frame, l3_of(shape));
        assert_memory_equal(segment + headers, frame + headers + done, payload);
        check_ip(shape, bytes, index);
        check_transport(shape, bytes, index, last);
        done += payload;
        index++;
    }
    assert_int_equal(done, shape->payload);
    assert_int_equal(index,
                     shape->payload == 0 ? 1 : (shape->payload + shape->gso_size - 1) / shape->gso_size);
}

static void test_cutting(void **state)
{
    static const struct shape shapes[] = {
        {.payload = 0, .gso_size = 1448},
        {.payload = 1, .gso_size = 1},
        {.payload = 1448, .gso_size = 1448},
        {.payload = 1449, .gso_size = 1448},
        {.payload = 65535 - 40, .gso_size = 1460},
        {.payload = 65535 - 40, .gso_size = 48},
        {.payload = 10001, .gso_size = 999, .tcp_options = 12},
        {.payload = 10001, .gso_size = 999, .tcp_options = 40, .ip_options = 40, .tags = 2},
        {.ipv6 = true, .payload = 65535 - 60, .gso_size = 1440},
        {.ipv6 = true, .payload = 5000, .gso_size = 1000, .tcp_options = 12, .tags = 1},
        {.ipv6 = true, .payload = 5000, .gso_size = 1000, .ip_options = 16},
        {.udp = true, .payload = 6001, .gso_size = 1472},
        {.udp = true, .ipv6 = true, .payload = 6000, .gso_size = 1000, .ip_options = 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        cut(&shapes[i]);
    }
}

static void test_skipping(void **state)
{
    const struct shape shape = {.payload = 5000, .gso_size = 1000};
    const struct frame_meta meta = build(&shape);
    const uint32_t bytes = headers_of(&shape) + shape.payload;
    struct offload_segmenter segmenter;

    (void)state;
    assert_int_equal(offload_segment_init(&segmenter, frame, bytes, &meta), ERR_OK);
    offload_segment_skip(&segmenter, 3);
    assert_int_equal(offload_segment_next(&segmenter, segment), headers_of(&shape) + 1000);
    check_ip(&shape, headers_of(&shape) + 1000, 3);
    check_transport(&shape, headers_of(&shape) + 1000, 3, false);
    offload_segment_skip(&segmenter, UINT32_MAX);
    assert_int_equal(offload_segment_next(&segmenter, segment), 0);
}

static void expect_refused(const struct shape *shape, const struct frame_meta *meta, uint32_t bytes,
                           enum err err)
{
    struct offload_segmenter segmenter;

    (void)shape;
    assert_int_equal(offload_segment_init(&segmenter, frame, bytes, meta), err);
}

static void test_hostile_headers(void **state)
{
    const struct shape v4 = {.payload = 5000, .gso_size = 1000};
    const struct shape v6 = {.ipv6 = true, .payload = 5000, .gso_size = 1000, .ip_options = 8};
    const uint32_t bytes = headers_of(&v4) + v4.payload;
    struct frame_meta meta = build(&v4);

    (void)state;
    meta.csum_start++;
    expect_refused(&v4, &meta, bytes, ERR_FORMAT);
    meta = build(&v4);
    meta.csum_offset = 6;
    expect_refused(&v4, &meta, bytes, ERR_FORMAT);
    meta = build(&v4);
    meta.gso_size = 47;
    expect_refused(&v4, &meta, bytes, ERR_RANGE);
    meta = build(&v4);
    meta.gso_type = FRAME_META_GSO_TCPV6;
    expect_refused(&v4, &meta, bytes, ERR_FORMAT);
    meta.gso_type = FRAME_META_GSO_UDP_L4;
    expect_refused(&v4, &meta, bytes, ERR_FORMAT);
    meta = build(&v4);
    set16(frame + 14 + 6, 0x2000); /* a fragment */
    expect_refused(&v4, &meta, bytes, ERR_FORMAT);
    meta = build(&v4);
    frame[14] = 0x44; /* too short an IP header */
    expect_refused(&v4, &meta, bytes, ERR_FORMAT);
    meta = build(&v4);
    frame[34 + 12] = 0x40; /* too short a TCP header */
    expect_refused(&v4, &meta, bytes, ERR_FORMAT);
    meta = build(&v4);
    frame[34 + 12] = 0xf0; /* a longer one than the frame */
    expect_refused(&v4, &meta, 34 + 59, ERR_RANGE);
    for (uint32_t length = 0; length < headers_of(&v4); length++) {
        meta = build(&v4);
        expect_refused(&v4, &meta, length, ERR_RANGE);
    }
    for (uint32_t length = 14; length < headers_of(&v6); length++) {
        meta = build(&v6);
        expect_refused(&v6, &meta, length, ERR_RANGE);
    }
}

static void test_hostile_chains_of_headers(void **state)
{
    const struct shape v6 = {.ipv6 = true, .payload = 5000, .gso_size = 1000, .ip_options = 8};
    const struct shape tagged = {.payload = 5000, .gso_size = 1000, .tags = 2};
    const uint32_t bytes = headers_of(&v6) + v6.payload;
    struct frame_meta meta = build(&v6);

    (void)state;
    for (uint32_t i = 54; i < 54 + 8 * 20; i += 8) { /* extensions without end */
        frame[i] = 60;
        frame[i + 1] = 0;
    }
    expect_refused(&v6, &meta, bytes, ERR_FORMAT);
    meta = build(&v6);
    frame[55] = 0xff; /* one that is very long */
    expect_refused(&v6, &meta, bytes, ERR_FORMAT);
    meta = build(&tagged);
    set16(frame + 20, 0x8100);
    expect_refused(&tagged, &meta, headers_of(&tagged) + tagged.payload, ERR_FORMAT);
    meta = build(&v6);
    set16(frame + 12, 0x0806);
    expect_refused(&v6, &meta, bytes, ERR_FORMAT);
}

static void test_needed_capabilities(void **state)
{
    static const struct {
        uint8_t flags, gso_type;
        uint32_t needed;
    } rows[] = {
        {0, 0, 0},
        {FRAME_META_DATA_VALID, 0, 0},
        {FRAME_META_NEEDS_CSUM, 0, OFFLOAD_CSUM},
        {FRAME_META_NEEDS_CSUM, FRAME_META_GSO_TCPV4, OFFLOAD_CSUM | OFFLOAD_TSO4},
        {FRAME_META_NEEDS_CSUM, FRAME_META_GSO_TCPV6 | FRAME_META_GSO_ECN,
         OFFLOAD_CSUM | OFFLOAD_TSO6 | OFFLOAD_ECN},
        {FRAME_META_NEEDS_CSUM, FRAME_META_GSO_UDP_L4, OFFLOAD_CSUM | OFFLOAD_USO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct frame_meta meta = {.flags = rows[i].flags, .gso_type = rows[i].gso_type};
        assert_int_equal(offload_needed(&meta), rows[i].needed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksum_equals_the_reference),
        cmocka_unit_test(test_finish_checksum),
        cmocka_unit_test(test_finished_checksum_is_never_zero),
        cmocka_unit_test(test_cutting),
        cmocka_unit_test(test_skipping),
        cmocka_unit_test(test_hostile_headers),
        cmocka_unit_test(test_hostile_chains_of_headers),
        cmocka_unit_test(test_needed_capabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
