/* SPDX-License-Identifier: BSD-2-Clause */
/** TCP over IPv4 in Ethernet frames: for tests of offloads. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/net/frame_meta.h"

#define TCP_FRAME_HEADER_BYTES 54u

/**
 * Write a frame with `payload_bytes` of data to `frame`, as a driver with offloads sends it: the checksum
 * field holds the pseudo header's sum. Byte n of the data is a function of n and `seed`. Returns the frame's
 * length.
 */
uint32_t tcp_frame_build(uint8_t *frame, const uint8_t to[6], const uint8_t from[6], uint32_t payload_bytes,
                         uint8_t seed);

/** The header fields that go with it: to be cut at `gso_size`; 0: only the checksum is missing. */
struct frame_meta tcp_frame_meta(uint16_t gso_size);

/**
 * Is this a whole segment, right in lengths and checksums, with the data of byte `first` on (counted by its
 * sequence number)? `seed` as above.
 */
bool tcp_frame_is_complete(const uint8_t *frame, uint32_t frame_bytes, uint32_t first, uint8_t seed);
