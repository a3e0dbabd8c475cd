/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A virtio network card for tests of its driver: virtio-mmio registers (virtio 1.2, 4.2.2) and the two queues
 * (5.1.6). What the driver sends is kept; what comes is what the test says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/guestmem/guestmem.h"
#include "lib/net/virtio_net_hdr.h"
#include "lib/virtq/virtq.h"

#define NET_CARD_KEPT 512u
#define NET_CARD_KEPT_BYTES 2048u

/** A frame that was sent. */
struct net_card_frame {
    struct virtio_net_hdr hdr;
    uint32_t bytes;
    uint8_t data[NET_CARD_KEPT_BYTES]; /**< the first of them */
};

struct net_card {
    struct guestmem mem; /**< what it may access, at its physical addresses */
    struct virtq queues[2];
    struct virtq_layout layouts[2];
    struct virtq_chain chain;
    uint32_t selected, features_sel, status, interrupts;
    uint64_t offered, accepted;
    uint32_t size; /**< of its queues */
    bool has_link;
    bool is_absent;       /**< nothing is there */
    bool refuses;         /**< its features are not to be had */
    bool holds;           /**< frames to send stay in the queue */
    bool sends_backwards; /**< the newest first */
    uint32_t resets;
    struct net_card_frame sent[NET_CARD_KEPT];
    uint32_t sent_count;
};

/** Registers, for struct mmio_transport; `context` is the card. */
uint32_t net_card_read(void *context, uint32_t offset);
void net_card_write(void *context, uint32_t offset, uint32_t value);

/** A frame comes. False if the driver has no buffer for it, or none that it fits into. */
bool net_card_receive(struct net_card *card, const struct virtio_net_hdr *hdr, const void *frame,
                      uint32_t bytes);
/** Take and keep what there is to send. */
void net_card_run(struct net_card *card);
/** The state of its link changes. */
void net_card_set_link(struct net_card *card, bool has_link);
