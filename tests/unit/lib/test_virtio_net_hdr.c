/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/frame_meta.h"
#include "lib/net/offload.h"
#include "lib/net/virtio_net_hdr.h"

#define FRAME 9000u
#define SEND (VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4)
#define TAKE (VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4)

static const struct virtio_net_hdr large = {.flags = 1,
                                            .gso_type = FRAME_META_GSO_TCPV4,
                                            .hdr_len = 54,
                                            .gso_size = 1448,
                                            .csum_start = 34,
                                            .csum_offset = 16,
                                            .num_buffers = 1};

static void test_features_that_need_others(void **state)
{
    (void)state;
    assert_true(virtio_net_hdr_features_agree(0));
    assert_true(virtio_net_hdr_features_agree(VIRTIO_NET_OFFLOADS));
    assert_false(virtio_net_hdr_features_agree(VIRTIO_NET_F_HOST_TSO4));
    assert_false(virtio_net_hdr_features_agree(VIRTIO_NET_F_GUEST_TSO6));
    assert_false(virtio_net_hdr_features_agree(VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_ECN));
    assert_true(virtio_net_hdr_features_agree(SEND | VIRTIO_NET_F_HOST_ECN));
    assert_int_equal(virtio_net_hdr_strip(VIRTIO_NET_OFFLOADS & ~VIRTIO_NET_F_CSUM),
                     TAKE | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN | VIRTIO_NET_F_GUEST_USO4 |
                         VIRTIO_NET_F_GUEST_USO6);
    assert_int_equal(virtio_net_hdr_strip(VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_ECN), 0);
}

static void test_capabilities(void **state)
{
    (void)state;
    assert_int_equal(virtio_net_hdr_capabilities(SEND), 0);
    assert_int_equal(virtio_net_hdr_capabilities(TAKE), OFFLOAD_CSUM | OFFLOAD_TSO4);
    assert_int_equal(virtio_net_hdr_capabilities(VIRTIO_NET_F_GUEST_USO4), 0); /* only with its sister */
    assert_int_equal(virtio_net_hdr_capabilities(VIRTIO_NET_OFFLOADS),
                     OFFLOAD_CSUM | OFFLOAD_TSO4 | OFFLOAD_TSO6 | OFFLOAD_ECN | OFFLOAD_USO);
}

static void test_header_goes_through(void **state)
{
    struct virtio_net_hdr seen;
    uint64_t meta = 1;

    (void)state;
    assert_int_equal(virtio_net_hdr_to_meta(&large, SEND, FRAME, &meta), ERR_OK);
    assert_int_equal(virtio_net_hdr_from_meta(meta, TAKE, FRAME, &seen), ERR_OK);
    assert_memory_equal(&seen, &large, sizeof large);
}

/* What needs no second segment is no large packet: a receiver that takes none gets it as well. */
static void test_a_single_segment_is_none(void **state)
{
    struct frame_meta fields;
    uint32_t needed;

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t bytes = 34 + 20 + 1448 + i;
        assert_int_equal(
            virtio_net_hdr_to_fields(&large, OFFLOAD_CSUM | OFFLOAD_TSO4, bytes, &fields, &needed), ERR_OK);
        assert_int_equal(fields.gso_type, i == 0 ? FRAME_META_GSO_NONE : FRAME_META_GSO_TCPV4);
        assert_int_equal(needed, i == 0 ? OFFLOAD_CSUM : OFFLOAD_CSUM | OFFLOAD_TSO4);
        assert_int_equal(fields.flags, FRAME_META_NEEDS_CSUM);
        assert_int_equal(fields.csum_start, 34);
    }
}

/* hdr_len reaches the receiver if it can be true, else as one that is not too short. */
static void test_length_of_headers(void **state)
{
    static const struct {
        uint8_t gso_type;
        uint16_t said, seen;
    } rows[] = {
        {FRAME_META_GSO_TCPV4, 54, 54}, {FRAME_META_GSO_TCPV4, 94, 94},  {FRAME_META_GSO_TCPV4, 0, 94},
        {FRAME_META_GSO_TCPV4, 53, 94}, {FRAME_META_GSO_TCPV4, 95, 94},  {FRAME_META_GSO_TCPV4, 0xffff, 94},
        {FRAME_META_GSO_UDP_L4, 0, 42}, {FRAME_META_GSO_UDP_L4, 42, 42}, {FRAME_META_GSO_UDP_L4, 54, 42}};
    const uint32_t sends = OFFLOAD_CSUM | OFFLOAD_TSO4 | OFFLOAD_USO;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct virtio_net_hdr hdr = large;
        struct frame_meta fields;
        uint32_t needed;

        hdr.gso_type = rows[i].gso_type;
        hdr.hdr_len = rows[i].said;
        assert_int_equal(virtio_net_hdr_to_fields(&hdr, sends, FRAME, &fields, &needed), ERR_OK);
        assert_int_equal(fields.hdr_len, rows[i].seen);
        hdr.gso_size = 1;
        assert_int_equal(virtio_net_hdr_to_fields(&hdr, sends, 60, &fields, &needed), ERR_OK);
        assert_true(fields.hdr_len <= 60);
    }
}

static void test_plain_header(void **state)
{
    const struct virtio_net_hdr odd = {.flags = 0xfe, .hdr_len = 7, .gso_size = 9, .csum_start = 0xffff};
    const struct virtio_net_hdr plain = {.num_buffers = 1};
    struct virtio_net_hdr seen;
    uint64_t meta = 1;

    (void)state;
    assert_int_equal(virtio_net_hdr_to_meta(&odd, 0, FRAME, &meta), ERR_OK);
    assert_int_equal(meta, 0);
    assert_int_equal(virtio_net_hdr_from_meta(0, 0, FRAME, &seen), ERR_OK);
    assert_memory_equal(&seen, &plain, sizeof plain);
}

static void test_nobody_vouches_for_its_own_checksum(void **state)
{
    const struct virtio_net_hdr hdr = {.flags = FRAME_META_DATA_VALID};
    uint64_t meta = 1;

    (void)state;
    assert_int_equal(virtio_net_hdr_to_meta(&hdr, VIRTIO_NET_OFFLOADS, FRAME, &meta), ERR_OK);
    assert_int_equal(meta, 0);
}

static void test_what_was_not_negotiated(void **state)
{
    struct virtio_net_hdr seen;
    uint64_t meta = 0;

    (void)state;
    assert_int_equal(virtio_net_hdr_to_meta(&large, 0, FRAME, &meta), ERR_DENIED);
    assert_int_equal(virtio_net_hdr_to_meta(&large, VIRTIO_NET_F_CSUM, FRAME, &meta), ERR_DENIED);
    assert_int_equal(virtio_net_hdr_to_meta(&large, TAKE, FRAME, &meta), ERR_DENIED);
    assert_int_equal(meta, 0);
    assert_int_equal(virtio_net_hdr_to_meta(&large, SEND, FRAME, &meta), ERR_OK);
    assert_int_equal(virtio_net_hdr_from_meta(meta, SEND, FRAME, &seen), ERR_DENIED);
    assert_int_equal(virtio_net_hdr_from_meta(meta, VIRTIO_NET_F_GUEST_CSUM, FRAME, &seen), ERR_DENIED);
    assert_int_equal(seen.flags, 0);
    assert_int_equal(seen.num_buffers, 1);
}

static void test_nonsense(void **state)
{
    struct virtio_net_hdr hdr = large, seen;
    uint64_t meta;

    (void)state;
    hdr.csum_start = FRAME;
    assert_int_equal(virtio_net_hdr_to_meta(&hdr, SEND, FRAME, &meta), ERR_RANGE);
    hdr = large;
    hdr.gso_size = 0;
    assert_int_equal(virtio_net_hdr_to_meta(&hdr, SEND, FRAME, &meta), ERR_RANGE);
    hdr = large;
    hdr.flags = 0;
    assert_int_equal(virtio_net_hdr_to_meta(&hdr, SEND, FRAME, &meta), ERR_FORMAT);
    hdr.gso_type = 0x40;
    assert_int_equal(virtio_net_hdr_to_meta(&hdr, SEND, FRAME, &meta), ERR_UNSUPPORTED);
    assert_int_not_equal(virtio_net_hdr_from_meta(UINT64_MAX, VIRTIO_NET_OFFLOADS, FRAME, &seen), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features_that_need_others),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_header_goes_through),
        cmocka_unit_test(test_a_single_segment_is_none),
        cmocka_unit_test(test_length_of_headers),
        cmocka_unit_test(test_plain_header),
        cmocka_unit_test(test_nobody_vouches_for_its_own_checksum),
        cmocka_unit_test(test_what_was_not_negotiated),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
