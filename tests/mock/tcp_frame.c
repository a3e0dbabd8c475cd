/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/tcp_frame.h"

#include <string.h>

#define L3 14u
#define L4 34u
#define SEQUENCE 0x12345678u

static void set16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

/* Plain and slow on purpose: not the code under test. */
static uint32_t sum16(const uint8_t *data, uint32_t bytes, uint32_t sum)
{
    for (uint32_t i = 0; i < bytes; i++) {
        sum += (i & 1) == 0 ? (uint32_t)data[i] << 8 : data[i];
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum;
}

static uint8_t data_at(uint32_t index, uint8_t seed)
{
    return (uint8_t)(index * 13 + index / 251 + seed);
}

uint32_t tcp_frame_build(uint8_t *frame, const uint8_t to[6], const uint8_t from[6], uint32_t payload_bytes,
                         uint8_t seed)
{
    static const uint8_t ip[20] = {0x45, 0, 0,   0,   0x12, 0x34, 0x40, 0,   64, 6,
                                   0,    0, 192, 168, 1,    2,    192,  168, 1,  1};

    memset(frame, 0, TCP_FRAME_HEADER_BYTES);
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    set16(frame + 12, 0x0800);
    memcpy(frame + L3, ip, sizeof ip);
    set16(frame + L3 + 2, 40 + payload_bytes);
    set16(frame + L3 + 10, ~sum16(frame + L3, 20, 0));
    set16(frame + L4 + 4, SEQUENCE >> 16);
    set16(frame + L4 + 6, SEQUENCE & 0xffff);
    frame[L4 + 12] = 0x50;
    frame[L4 + 13] = 0x10;
    for (uint32_t i = 0; i < payload_bytes; i++) {
        frame[TCP_FRAME_HEADER_BYTES + i] = data_at(i, seed);
    }
    set16(frame + L4 + 16, sum16(frame + L3 + 12, 8, 6 + 20 + payload_bytes));
    return TCP_FRAME_HEADER_BYTES + payload_bytes;
}

struct frame_meta tcp_frame_meta(uint16_t gso_size)
{
    return (struct frame_meta){.flags = FRAME_META_NEEDS_CSUM,
                               .gso_type = gso_size != 0 ? FRAME_META_GSO_TCPV4 : FRAME_META_GSO_NONE,
                               .gso_size = gso_size,
                               .hdr_len = gso_size != 0 ? TCP_FRAME_HEADER_BYTES : 0,
                               .csum_start = L4,
                               .csum_offset = 16};
}

bool tcp_frame_is_complete(const uint8_t *frame, uint32_t frame_bytes, uint32_t first, uint8_t seed)
{
    const uint32_t l4_bytes = frame_bytes - L4;
    const uint32_t sequence = get16(frame + L4 + 4) << 16 | get16(frame + L4 + 6);

    if (frame_bytes < TCP_FRAME_HEADER_BYTES || get16(frame + L3 + 2) != frame_bytes - L3 ||
        sequence != SEQUENCE + first || sum16(frame + L3, 20, 0) != 0xffff) {
        return false;
    }
    if (sum16(frame + L4, l4_bytes, sum16(frame + L3 + 12, 8, 6 + l4_bytes)) != 0xffff) {
        return false;
    }
    for (uint32_t i = 0; i < frame_bytes - TCP_FRAME_HEADER_BYTES; i++) {
        if (frame[TCP_FRAME_HEADER_BYTES + i] != data_at(first + i, seed)) {
            return false;
        }
    }
    return true;
}
