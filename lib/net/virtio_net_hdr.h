/* SPDX-License-Identifier: BSD-2-Clause */
/** The virtio-net header and feature bits (virtio 1.2, section 5.1), shared by VMM and vhost switch. */
#pragma once

#include <stdint.h>

/** Feature bits, section 5.1.3. */
#define VIRTIO_NET_F_CSUM (1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM (1ull << 1)
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

/** Queues. */
#define VIRTIO_NET_RX 0u
#define VIRTIO_NET_TX 1u
#define VIRTIO_NET_QUEUES 2u

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
/** Largest one: 64 KiB of IP in an Ethernet frame with a VLAN tag. */
#define VIRTIO_NET_FRAME_MAX (65535u + 18u)
