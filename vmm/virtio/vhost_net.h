/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * virtio-net (virtio 1.2, section 5.1) whose queues the virtual switch serves: the vhost data path.
 *
 * The VMM negotiates, checks the queues, and hands them over with the calls of lib/config/vhost_protocol.h.
 * While the device runs it only passes on what the platform does not: kicks where there is no doorbell,
 * interrupts where there is no posted interrupt.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/err.h"
#include "lib/config/vhost_protocol.h"
#include "lib/config/vmm_config.h"
#include "lib/guestmem/guestmem.h"
#include "vmm/virtio/virtio_device.h"
#include "vmm/virtio/virtio_net.h"

/** One device. */
struct vhost_net {
    struct virtio_device device;
    struct net_control control;
    microkit_channel channel;
    const struct vhost_status *status;  /**< written by the switch */
    bool started;                       /**< the switch has the queues */
    uint32_t intids[VIRTIO_NET_QUEUES]; /**< where their interrupts go without us; 0: they don't */
    bool separate_tx_irq;               /**< not to the same */
};

/**
 * Set up a device from its row in the configuration (kind NET, datapath VHOST). `mem` and `scratch` must
 * outlive it. Errors: those of virtio_device_init().
 */
ERR_CHECKED enum err vhost_net_init(struct vhost_net *net, const struct vmm_device_config *config,
                                    const struct guestmem *mem, struct virtq_chain *scratch);

/** The switch notified the device's channel: a queue broke, or there is an interrupt to raise. */
void vhost_net_notified(struct vhost_net *net);
