/* SPDX-License-Identifier: BSD-2-Clause */
/** The virtio-net header and feature bits (virtio 1.2, section 5.1), shared by VMM and vhost switch. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/frame_meta.h"

/** Feature bits, section 5.1.3. */
#define VIRTIO_NET_F_CSUM (1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM (1ull << 1)
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS (1ull << 2)
#define VIRTIO_NET_F_MTU (1ull << 3)
#define VIRTIO_NET_F_MAC (1ull << 5)
#define VIRTIO_NET_F_GUEST_TSO4 (1ull << 7)
#define VIRTIO_NET_F_GUEST_TSO6 (1ull << 8)
#define VIRTIO_NET_F_GUEST_ECN (1ull << 9)
#define VIRTIO_NET_F_HOST_TSO4 (1ull << 11)
#define VIRTIO_NET_F_HOST_TSO6 (1ull << 12)
#define VIRTIO_NET_F_HOST_ECN (1ull << 13)
#define VIRTIO_NET_F_MRG_RXBUF (1ull << 15)
#define VIRTIO_NET_F_STATUS (1ull << 16)
#define VIRTIO_NET_F_CTRL_VQ (1ull << 17)
#define VIRTIO_NET_F_CTRL_RX (1ull << 18)
#define VIRTIO_NET_F_CTRL_VLAN (1ull << 19)
#define VIRTIO_NET_F_CTRL_RX_EXTRA (1ull << 20)
#define VIRTIO_NET_F_GUEST_ANNOUNCE (1ull << 21)
#define VIRTIO_NET_F_CTRL_MAC_ADDR (1ull << 23)
#define VIRTIO_NET_F_GUEST_USO4 (1ull << 54)
#define VIRTIO_NET_F_GUEST_USO6 (1ull << 55)
#define VIRTIO_NET_F_HOST_USO (1ull << 56)
#define VIRTIO_NET_F_SPEED_DUPLEX (1ull << 63)

/** What a driver may take unfinished, and, with CTRL_GUEST_OFFLOADS, switch on and off (section 5.1.6.5.6).
 */
#define VIRTIO_NET_GUEST_OFFLOADS                                                                            \
    (VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN |  \
     VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6)
/** All offloads: what a driver may leave to the device, and what it takes unfinished itself. */
#define VIRTIO_NET_OFFLOADS                                                                                  \
    (VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN |           \
     VIRTIO_NET_F_HOST_USO | VIRTIO_NET_GUEST_OFFLOADS)

/** What goes through the control queue. */
#define VIRTIO_NET_CONTROLS                                                                                  \
    (VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_VLAN | VIRTIO_NET_F_CTRL_RX_EXTRA |                            \
     VIRTIO_NET_F_GUEST_ANNOUNCE | VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS)

/** Queues that carry frames, and behind them the control queue of a device that has one (section 5.1.2). */
#define VIRTIO_NET_RX 0u
#define VIRTIO_NET_TX 1u
#define VIRTIO_NET_QUEUES 2u
#define VIRTIO_NET_CONTROL 2u

/** In front of each frame in a buffer, section 5.1.6. */
struct virtio_net_hdr {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
    uint16_t num_buffers;
};
_Static_assert(sizeof(struct virtio_net_hdr) == 12, "virtio 1.2, 5.1.6");

/** Smallest frame passed on: an Ethernet header. */
#define VIRTIO_NET_FRAME_MIN 14u
/** Largest one: 64 KiB of IP in an Ethernet frame with two VLAN tags. */
#define VIRTIO_NET_FRAME_MAX (65535u + 22u)

/** May a driver have this set of features? Some need others (section 5.1.3.1). */
bool virtio_net_hdr_features_agree(uint64_t features);

/** `features` without those that need another one that is missing. */
uint64_t virtio_net_hdr_strip(uint64_t features);

/** What a driver with `features` takes unfinished: enum offload_capability. */
uint32_t virtio_net_hdr_capabilities(uint64_t features);

/** What a driver with `features` may send unfinished: enum offload_capability. */
uint32_t virtio_net_hdr_sends(uint64_t features);

/**
 * From the header in front of a frame of a driver that may send what `sends` has (enum offload_capability) to
 * checked metadata, and to what a receiver needs to take it as it is. Errors: ERR_DENIED (an offload that is
 * not in `sends`), those of frame_meta_check(); *fields is then zero. A packet that needs no second segment is one
 * without segmentation; hdr_len is not less than the headers are long, if the sender's is not in their range.
 */
ERR_CHECKED enum err virtio_net_hdr_to_fields(const struct virtio_net_hdr *untrusted_hdr, uint32_t sends,
                                              uint32_t frame_bytes, struct frame_meta *fields,
                                              uint32_t *needed);

/**
 * From the header in front of a frame that a driver with `features` sends to the meta word that travels with
 * it (frame_meta.h). Errors: ERR_DENIED (an offload that was not negotiated), those of frame_meta_check().
 */
ERR_CHECKED enum err virtio_net_hdr_to_meta(const struct virtio_net_hdr *untrusted_hdr, uint64_t features,
                                            uint32_t frame_bytes, uint64_t *meta);

/**
 * From checked offload metadata, of which nothing is left to do but what is in `takes` (enum
 * offload_capability), to the header for a driver that takes that; num_buffers is 1.
 */
void virtio_net_hdr_fill(const struct frame_meta *fields, uint32_t takes, struct virtio_net_hdr *hdr);

/**
 * From a meta word to the header for a driver with `features`; num_buffers is 1.
 * Errors: ERR_DENIED (the driver doesn't take such a frame), those of frame_meta_unpack(). *hdr is then zero
 * except for num_buffers.
 */
ERR_CHECKED enum err virtio_net_hdr_from_meta(uint64_t untrusted_meta, uint64_t features,
                                              uint32_t frame_bytes, struct virtio_net_hdr *hdr);
