/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/net/offload.h"

#include "lib/base/mem.h"
#include "lib/net/checksum.h"

#define ETHERNET_TYPE_OFFSET 12u
#define VLAN_BYTES 4u
#define VLAN_MAX_TAGS 2u
#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define TYPE_VLAN 0x8100u
#define TYPE_VLAN_OUTER 0x88a8u

#define IPV4_MIN_BYTES 20u
#define IPV4_LENGTH 2u
#define IPV4_ID 4u
#define IPV4_FRAGMENT 6u
#define IPV4_FRAGMENT_MASK 0x3fffu /* offset and "more fragments" */
#define IPV4_PROTOCOL 9u
#define IPV4_CHECKSUM 10u
#define IPV4_ADDRESSES 12u
#define IPV6_BYTES 40u
#define IPV6_LENGTH 4u
#define IPV6_NEXT_HEADER 6u
#define IPV6_ADDRESSES 8u
#define IPV6_MAX_EXTENSIONS 8u

#define PROTOCOL_TCP 6u
#define PROTOCOL_UDP 17u
#define TCP_MIN_BYTES 20u
#define TCP_SEQUENCE 4u
#define TCP_DATA_OFFSET 12u
#define TCP_FLAGS 13u
#define TCP_FIN_PSH 0x09u
#define TCP_CWR 0x80u
#define TCP_CHECKSUM 16u
#define UDP_BYTES 8u
#define UDP_LENGTH 4u
#define UDP_CHECKSUM 6u

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

uint32_t offload_needed(const struct frame_meta *meta)
{
    uint32_t needed = (meta->flags & FRAME_META_NEEDS_CSUM) != 0 ? OFFLOAD_CSUM : 0;

    switch (meta->gso_type & ~(unsigned int)FRAME_META_GSO_ECN) {
    case FRAME_META_GSO_TCPV4:
        needed |= OFFLOAD_TSO4;
        break;
    case FRAME_META_GSO_TCPV6:
        needed |= OFFLOAD_TSO6;
        break;
    case FRAME_META_GSO_UDP_L4:
        needed |= OFFLOAD_USO;
        break;
    default:
        break;
    }
    return needed | ((meta->gso_type & FRAME_META_GSO_ECN) != 0 ? OFFLOAD_ECN : 0u);
}

/* In UDP, 0 means "no checksum"; ones'-complement arithmetic has a second zero for that. */
static void avoid_zero(uint8_t field[2])
{
    if (field[0] == 0 && field[1] == 0) {
        put16(field, 0xffff);
    }
}

void offload_finish_checksum(uint8_t *frame, uint32_t frame_bytes, const struct frame_meta *meta)
{
    uint8_t *field = frame + meta->csum_start + meta->csum_offset;
    const checksum_t sum = checksum_add(0, frame + meta->csum_start, frame_bytes - meta->csum_start);

    checksum_store(sum, field);
    avoid_zero(field); /* for every protocol, as Linux' skb_checksum_help() */
}

/* Parsing. */

static enum err parse_ethernet(struct offload_segmenter *segmenter, uint16_t *type)
{
    uint32_t at = ETHERNET_TYPE_OFFSET;

    for (uint32_t tags = 0;; tags++, at += VLAN_BYTES) {
        if (at + 2 > segmenter->frame_bytes) {
            return ERR_RANGE;
        }
        *type = get16(segmenter->frame + at);
        if (*type != TYPE_VLAN && *type != TYPE_VLAN_OUTER) {
            break;
        }
        if (tags == VLAN_MAX_TAGS) {
            return ERR_FORMAT;
        }
    }
    segmenter->l3 = at + 2;
    return ERR_OK;
}

static enum err parse_ipv4(struct offload_segmenter *segmenter, uint8_t *protocol)
{
    const uint8_t *ip = segmenter->frame + segmenter->l3;

    if (segmenter->frame_bytes - segmenter->l3 < IPV4_MIN_BYTES) {
        return ERR_RANGE;
    }
    const uint32_t bytes = (ip[0] & 0xfu) * 4;
    if (ip[0] >> 4 != 4 || bytes < IPV4_MIN_BYTES || (get16(ip + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK) != 0) {
        return ERR_FORMAT;
    }
    *protocol = ip[IPV4_PROTOCOL];
    segmenter->l4 = segmenter->l3 + bytes;
    return ERR_OK;
}

static bool is_extension(uint8_t next_header)
{
    return next_header == 0 || next_header == 43 || next_header == 60; /* hop-by-hop, routing, destination */
}

static enum err parse_ipv6(struct offload_segmenter *segmenter, uint8_t *protocol)
{
    uint32_t at = segmenter->l3 + IPV6_BYTES;

    if (at > segmenter->frame_bytes) {
        return ERR_RANGE;
    }
    if (segmenter->frame[segmenter->l3] >> 4 != 6) {
        return ERR_FORMAT;
    }
    *protocol = segmenter->frame[segmenter->l3 + IPV6_NEXT_HEADER];
    for (uint32_t i = 0; is_extension(*protocol); i++) {
        if (at + 8 > segmenter->frame_bytes) {
            return ERR_RANGE;
        }
        if (i == IPV6_MAX_EXTENSIONS) {
            return ERR_FORMAT;
        }
        *protocol = segmenter->frame[at];
        at += (segmenter->frame[at + 1] + 1u) * 8;
    }
    segmenter->l4 = at;
    return ERR_OK;
}

static enum err parse_transport(struct offload_segmenter *segmenter, uint8_t protocol)
{
    const uint32_t least = segmenter->is_udp ? UDP_BYTES : TCP_MIN_BYTES;
    uint32_t bytes = least;

    if (protocol != (segmenter->is_udp ? PROTOCOL_UDP : PROTOCOL_TCP)) {
        return ERR_FORMAT;
    }
    if (segmenter->l4 + least > segmenter->frame_bytes) {
        return ERR_RANGE;
    }
    if (!segmenter->is_udp) {
        bytes = (segmenter->frame[segmenter->l4 + TCP_DATA_OFFSET] >> 4) * 4u;
    }
    if (bytes < least) {
        return ERR_FORMAT;
    }
    segmenter->header_bytes = segmenter->l4 + bytes;
    if (segmenter->header_bytes > segmenter->frame_bytes ||
        segmenter->header_bytes > OFFLOAD_MAX_HEADER_BYTES) {
        return ERR_RANGE;
    }
    return ERR_OK;
}

enum err offload_segment_init(struct offload_segmenter *segmenter, const uint8_t *frame, uint32_t frame_bytes,
                              const struct frame_meta *meta)
{
    const unsigned int kind = meta->gso_type & ~(unsigned int)FRAME_META_GSO_ECN;
    uint8_t protocol = 0;
    uint16_t type;

    *segmenter = (struct offload_segmenter){.frame = frame,
                                            .frame_bytes = frame_bytes,
                                            .gso_size = meta->gso_size,
                                            .is_udp = kind == FRAME_META_GSO_UDP_L4};
    enum err err = parse_ethernet(segmenter, &type);
    if (err != ERR_OK) {
        return err;
    }
    segmenter->is_ipv6 = type == TYPE_IPV6;
    const bool agrees = type == TYPE_IPV4 ? kind != FRAME_META_GSO_TCPV6 : kind != FRAME_META_GSO_TCPV4;
    if ((type != TYPE_IPV4 && type != TYPE_IPV6) || !agrees) {
        return ERR_FORMAT;
    }
    err = segmenter->is_ipv6 ? parse_ipv6(segmenter, &protocol) : parse_ipv4(segmenter, &protocol);
    if (err == ERR_OK) {
        err = parse_transport(segmenter, protocol);
    }
    if (err != ERR_OK) {
        return err;
    }
    const uint32_t checksum = segmenter->is_udp ? UDP_CHECKSUM : TCP_CHECKSUM;
    if (meta->csum_start != segmenter->l4 || meta->csum_offset != checksum) {
        return ERR_FORMAT;
    }
    const bool is_cut = frame_bytes - segmenter->header_bytes > segmenter->gso_size;
    return is_cut && segmenter->gso_size < OFFLOAD_MIN_SEGMENT_BYTES ? ERR_RANGE : ERR_OK;
}

/* Cutting. */

static uint32_t payload_bytes(const struct offload_segmenter *segmenter)
{
    return segmenter->frame_bytes - segmenter->header_bytes;
}

static bool is_last(const struct offload_segmenter *segmenter)
{
    return payload_bytes(segmenter) - segmenter->done <= segmenter->gso_size;
}

uint32_t offload_segment_max_bytes(const struct offload_segmenter *segmenter)
{
    const uint32_t payload = payload_bytes(segmenter);

    return segmenter->header_bytes + (payload < segmenter->gso_size ? payload : segmenter->gso_size);
}

static void patch_ip(const struct offload_segmenter *segmenter, uint8_t *segment, uint32_t bytes)
{
    uint8_t *ip = segment + segmenter->l3;

    if (segmenter->is_ipv6) {
        put16(ip + IPV6_LENGTH, bytes - segmenter->l3 - IPV6_BYTES);
        return;
    }
    put16(ip + IPV4_LENGTH, bytes - segmenter->l3);
    put16(ip + IPV4_ID, (get16(ip + IPV4_ID) + segmenter->index) & 0xffff);
    put16(ip + IPV4_CHECKSUM, 0);
    checksum_store(checksum_add(0, ip, segmenter->l4 - segmenter->l3), ip + IPV4_CHECKSUM);
}

/* The part of a transport checksum that comes from the IP header. */
static checksum_t pseudo_header(const struct offload_segmenter *segmenter, const uint8_t *segment,
                                uint32_t l4_bytes)
{
    const uint8_t *ip = segment + segmenter->l3;
    checksum_t sum = segmenter->is_ipv6 ? checksum_add(0, ip + IPV6_ADDRESSES, 32)
                                        : checksum_add(0, ip + IPV4_ADDRESSES, 8);

    sum = checksum_add_number(sum, segmenter->is_udp ? PROTOCOL_UDP : PROTOCOL_TCP);
    return checksum_add_number(sum, (uint16_t)l4_bytes);
}

static void patch_transport(const struct offload_segmenter *segmenter, uint8_t *segment, uint32_t bytes)
{
    uint8_t *l4 = segment + segmenter->l4;
    const uint32_t l4_bytes = bytes - segmenter->l4;
    uint8_t *field = l4 + (segmenter->is_udp ? UDP_CHECKSUM : TCP_CHECKSUM);

    if (segmenter->is_udp) {
        put16(l4 + UDP_LENGTH, l4_bytes);
    } else {
        put32(l4 + TCP_SEQUENCE, get32(l4 + TCP_SEQUENCE) + segmenter->done);
        if (!is_last(segmenter)) {
            l4[TCP_FLAGS] &= (uint8_t)~TCP_FIN_PSH;
        }
        if (segmenter->index != 0) {
            l4[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
        }
    }
    put16(field, 0);
    checksum_store(checksum_add(pseudo_header(segmenter, segment, l4_bytes), l4, l4_bytes), field);
    if (segmenter->is_udp) {
        avoid_zero(field);
    }
}

static uint32_t next_payload(const struct offload_segmenter *segmenter)
{
    return is_last(segmenter) ? payload_bytes(segmenter) - segmenter->done : segmenter->gso_size;
}

/* A packet without payload is one segment. */
static bool is_finished(const struct offload_segmenter *segmenter)
{
    return segmenter->index != 0 && segmenter->done == payload_bytes(segmenter);
}

uint32_t offload_segment_next(struct offload_segmenter *segmenter, uint8_t *to)
{
    if (is_finished(segmenter)) {
        return 0;
    }
    const uint32_t payload = next_payload(segmenter);
    const uint32_t bytes = segmenter->header_bytes + payload;
    memcpy(to, segmenter->frame, segmenter->header_bytes);
    memcpy(to + segmenter->header_bytes, segmenter->frame + segmenter->header_bytes + segmenter->done,
           payload);
    patch_ip(segmenter, to, bytes);
    patch_transport(segmenter, to, bytes);
    segmenter->done += payload;
    segmenter->index++;
    return bytes;
}

void offload_segment_skip(struct offload_segmenter *segmenter, uint32_t count)
{
    for (; count > 0 && !is_finished(segmenter); count--) {
        segmenter->done += next_payload(segmenter);
        segmenter->index++;
    }
}
