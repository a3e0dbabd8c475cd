/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What travels with an Ethernet frame through a link or the switch: the parts of a virtio-net header
 * (virtio 1.2, 5.1.6) packed into the 64 bits of a ring record's meta word.
 *
 * The word 0 means: nothing left to do, a complete frame with a full checksum. So whoever knows nothing of
 * offloads sends 0 and is right. A receiver that negotiated an offload puts the fields into the guest's
 * header; one that did not has the frame finished first.
 *
 *     bits  0..1  flags (FRAME_META_*)           bits 22..35  csum_start
 *     bits  2..4  gso_type    bit 5  GSO_ECN     bits 36..43  csum_offset
 *     bits  6..21 gso_size                       bits 44..59  hdr_len         bits 60..63  zero
 */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"

/** Flags, with virtio's values (VIRTIO_NET_HDR_F_*). */
enum frame_meta_flags {
    FRAME_META_NEEDS_CSUM = 1u << 0, /**< the checksum at csum_start + csum_offset is yet to be computed */
    FRAME_META_DATA_VALID = 1u << 1  /**< the checksum was verified by the sender's side */
};

/** Kinds of segmentation, with virtio's values (VIRTIO_NET_HDR_GSO_*). */
enum frame_meta_gso {
    FRAME_META_GSO_NONE = 0,
    FRAME_META_GSO_TCPV4 = 1,
    FRAME_META_GSO_TCPV6 = 4,
    FRAME_META_GSO_UDP_L4 = 5,
    FRAME_META_GSO_ECN = 0x80 /**< bit beside TCPV4 and TCPV6: the segment has ECN set */
};

/** The unpacked fields, as in struct virtio_net_hdr. */
struct frame_meta {
    uint8_t flags;        /**< enum frame_meta_flags */
    uint8_t gso_type;     /**< enum frame_meta_gso */
    uint16_t gso_size;    /**< payload bytes of each segment */
    uint16_t hdr_len;     /**< a hint: bytes up to the payload */
    uint16_t csum_start;  /**< where checksumming starts, up to 16383 */
    uint16_t csum_offset; /**< where from there the checksum goes, up to 255 */
};

/**
 * Check the fields of an untrusted header against its frame of `frame_bytes` (Ethernet header included).
 *
 * Unknown flag bits are ignored, as virtio demands. Without a checksum to compute, csum_* are not looked at;
 * without segmentation, gso_size and hdr_len aren't.
 * Errors: ERR_RANGE (checksum field outside the frame, no gso_size), ERR_FORMAT (segmentation without
 * checksum, ECN beside UDP), ERR_UNSUPPORTED (unknown gso_type, or fields too large for the meta word).
 */
ERR_CHECKED enum err frame_meta_check(const struct frame_meta *meta, uint32_t frame_bytes);

/** Pack checked fields; those that frame_meta_check() did not look at are left out (0). */
uint64_t frame_meta_pack(const struct frame_meta *meta);

/**
 * Unpack a meta word from a peer and check it against its frame: no more than what frame_meta_check() lets
 * pass gets out. Errors as there; and ERR_FORMAT if the spare bits are not zero.
 */
ERR_CHECKED enum err frame_meta_unpack(uint64_t untrusted_word, uint32_t frame_bytes,
                                       struct frame_meta *meta);
