/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The control virtqueue of a network card (virtio 1.2, 5.1.6.5): receive modes, addresses, VLANs,
 * announcements. The same for both data paths: the VMM carries the commands out, and whoever receives applies
 * the filter.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/config/vmm_config.h"
#include "lib/net/rx_filter.h"
#include "vmm/virtio/virtio_device.h"

/** Config space, 5.1.4. */
struct virtio_net_config {
    uint8_t mac[6];
    uint16_t status;
    uint16_t max_virtqueue_pairs;
    uint16_t mtu;
    uint32_t speed; /**< Mb/s */
    uint8_t duplex;
    uint8_t padding[3];
};
#define VIRTIO_NET_FULL_DUPLEX 1u
#define VIRTIO_NET_S_LINK_UP 1u
#define VIRTIO_NET_S_ANNOUNCE 2u

/** The control queue of one card. */
struct net_control {
    struct virtio_device *device;
    struct virtio_net_config config; /**< the device's config space */
    struct rx_filter filter;         /**< what the driver wants to receive */
    uint64_t features;    /**< in force: the negotiated ones except for offloads that it switched off */
    uint8_t first_mac[6]; /**< of the description: what a reset brings back */
    bool mac_is_fixed;    /**< the switch drops other source addresses: the driver can't change it */
    bool announce_due;    /**< the network forgot where we are, and the driver has not run since */
    struct virtq_chain *scratch; /**< for the chain in hand; shared by all devices, not owned */
};

/** Config space and filter as after power-on. `device` and `scratch` must outlive it. */
void net_control_init(struct net_control *control, const struct vmm_net_config *config,
                      struct virtio_device *device, struct virtq_chain *scratch, bool link_up);

/** The device is being reset: the driver's changes are undone. */
void net_control_reset(struct net_control *control);

/** The driver has started: features are known. */
void net_control_start(struct net_control *control);

/**
 * Carry out the commands in the queue. A chain that is none breaks the device; a command that is wrong is
 * answered so. Returns true if there were any: filter and features may have changed.
 */
bool net_control_run(struct net_control *control);

/**
 * The switch restarted, or anything else made the network forget where our addresses are: have the driver
 * announce them (5.1.6.5.4), if it can, at once or when next it starts.
 */
void net_control_announce(struct net_control *control);
