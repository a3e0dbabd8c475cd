/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A virtio network card (virtio 1.2, section 5.1) behind virtio-mmio registers (section 4.2.2, the modern
 * interface). Checksums and segmentation are left to it as far as it can; it may do the same to us.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/net/virtio_net_hdr.h"
#include "lib/virtq_driver/virtq_driver.h"
#include "pd/net_driver/nic.h"

/** Frames to send take two descriptors each. */
#define NIC_VIRTIO_FRAMES (VIRTQ_DRIVER_MAX_SIZE / 2)

/** Chains of a queue, in the order in which they were added, which is also that in which they are given back.
 */
struct nic_virtio_order {
    uint32_t added, taken;                 /**< chains so far */
    uint32_t place[VIRTQ_DRIVER_MAX_SIZE]; /**< by head: its number */
    uint32_t bytes[VIRTQ_DRIVER_MAX_SIZE]; /**< by number, modulo: what the card wrote */
    bool is_used[VIRTQ_DRIVER_MAX_SIZE];   /**< by number, modulo */
};

/** The card. Private to nic_virtio.c except for its size. */
struct nic_virtio {
    struct mmio_transport registers;
    struct virtq_driver rx, tx;
    struct nic_virtio_order rx_order, tx_order;
    struct nic_memory buffers[VIRTQ_DRIVER_MAX_SIZE]; /**< by number, modulo */
    struct virtio_net_hdr *headers;                   /**< of frames to send, by number, modulo */
    uint64_t headers_paddr;
    uint64_t features;
    bool has_link;
};

/** What such a card can do; the context is a struct nic_virtio. */
extern const struct nic_ops nic_virtio_ops;
