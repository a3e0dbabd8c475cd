/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * virtio-net (virtio 1.2, section 5.1) over a record link to the virtual switch.
 *
 * A transmitted chain becomes one record (the Ethernet frame, without the virtio-net header), a record one
 * received frame. Nothing is lost in between: a full link leaves the chains in the transmit queue, an empty
 * receive queue leaves the records in the link, and each side asks for the signal that lets it go on.
 *
 * No event buys unbounded work: a kick buys one look at the transmit queue, a notification by the switch one
 * at the link, and both ask for the next one before they look. What appears in either while we work waits for
 * that, also if it was written there by ourselves.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/config/vmm_config.h"
#include "lib/net/virtio_net_hdr.h"
#include "lib/ring/ring.h"
#include "vmm/virtio/net_control.h"
#include "vmm/virtio/virtio_device.h"

/** Sent frames that are worth an interrupt of their own. */
#define VIRTIO_NET_TX_BATCH 32u

/** What a device has done, for reports and tests. */
struct virtio_net_counters {
    uint64_t tx_frames;
    uint64_t tx_dropped; /**< no such frame may exist, or no link */
    uint64_t rx_frames;
    uint64_t rx_dropped;  /**< too long for the driver's buffer, or malformed */
    uint64_t rx_filtered; /**< not wanted by the driver */
};

/** One device. */
struct virtio_net {
    struct virtio_device device;
    struct net_control control;
    struct ring link;
    bool has_link;
    bool posts;           /**< the platform swallows acknowledgements: see struct virtio_device's `posted` */
    uint32_t tx_delay_us; /**< how late an interrupt for sent frames alone may be */
    bool tx_kicked;       /**< the driver has told of chains to send, and we have not looked since */
    bool link_signalled;  /**< the switch has notified us, and we have not looked into the link since */
    uint32_t tx_unsignalled; /**< sent frames since the last interrupt at once */
    uint32_t window;         /**< frames received between two pauses of the guest; 0: no limit */
    uint32_t credit;         /**< of these, how many are left */
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

/** Feature bits that a device with this configuration offers, beside VERSION_1; the same on any data path. */
uint64_t virtio_net_features(const struct vmm_net_config *config);

/** How many queues such a device has. */
uint16_t virtio_net_queue_count(uint64_t features);

/** The guest has rung a doorbell, which may have been this device's: a kick of either queue. */
void virtio_net_kicked(struct virtio_net *net);

/** The link's channel was notified: new records, or space for ours. */
void virtio_net_notified(struct virtio_net *net);
