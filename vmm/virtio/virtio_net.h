/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * virtio-net (virtio 1.2, section 5.1) over a record link to the virtual switch.
 *
 * A transmitted chain becomes one record (the Ethernet frame, without the virtio-net header), a record one
 * received frame. Nothing is lost in between: a full link leaves the chains in the transmit queue, an empty
 * receive queue leaves the records in the link, and each side asks for the signal that lets it go on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/config/vmm_config.h"
#include "lib/ring/ring.h"
#include "vmm/virtio/virtio_device.h"

/** Feature bits, section 5.1.3. */
#define VIRTIO_NET_F_MTU (1ull << 3)
#define VIRTIO_NET_F_MAC (1ull << 5)
#define VIRTIO_NET_F_MRG_RXBUF (1ull << 15)
#define VIRTIO_NET_F_STATUS (1ull << 16)

/** Queues. */
#define VIRTIO_NET_RX 0u
#define VIRTIO_NET_TX 1u
#define VIRTIO_NET_QUEUES 2u

/** Config space, section 5.1.4. */
struct virtio_net_config {
    uint8_t mac[6];
    uint16_t status;
    uint16_t max_virtqueue_pairs;
    uint16_t mtu;
};
#define VIRTIO_NET_S_LINK_UP 1u

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

/** Smallest frame passed on: an Ethernet header. */
#define VIRTIO_NET_FRAME_MIN 14u
/** Largest one: 64 KiB of IP in an Ethernet frame with a VLAN tag. */
#define VIRTIO_NET_FRAME_MAX (65535u + 18u)

/** What a device has done, for reports and tests. */
struct virtio_net_counters {
    uint64_t tx_frames;
    uint64_t tx_dropped; /**< no such frame may exist, or no link */
    uint64_t rx_frames;
    uint64_t rx_dropped; /**< too long for the driver's buffer, or malformed */
};

/** One device. */
struct virtio_net {
    struct virtio_device device;
    struct virtio_net_config config;
    struct ring link;
    bool has_link;
    microkit_channel channel;
    struct virtq_chain *scratch; /**< for the chain in hand; shared by all devices, not owned */
    struct virtio_net_counters counters;
    struct log_limit complaints;
};

/**
 * Set up a device from its row in the configuration (kind NET, datapath RING). `mem` and `scratch` must
 * outlive it. Errors: those of virtio_device_init() and ring_init().
 */
ERR_CHECKED enum err virtio_net_init(struct virtio_net *net, const struct vmm_device_config *config,
                                     const struct guestmem *mem, struct virtq_chain *scratch);

/** The link's channel was notified: new records, or space for ours. */
void virtio_net_notified(struct virtio_net *net);
