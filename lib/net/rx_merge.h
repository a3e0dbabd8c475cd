/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * One frame into a driver's receive buffers: a chain, or several where VIRTIO_NET_F_MRG_RXBUF was negotiated
 * (virtio 1.2, 5.1.6.3.2 and 5.1.6.4). Used by both data paths: the VMM and the switch.
 *
 * The driver may cut its chains into pieces wherever it likes, in the middle of the header too (2.7.4.1: no
 * device may assume a framing).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/virtio_net_hdr.h"
#include "lib/virtq/virtq.h"

/** Where a frame goes to, and where it comes from. */
struct rx_merge {
    struct virtq *vq;
    struct virtq_chain *chain; /**< working memory */
    /** Copy the next `bytes` of the frame to `to`. */
    void (*copy)(void *context, uint8_t *to, uint32_t bytes);
    void *context;
    bool mergeable;  /**< MRG_RXBUF was negotiated */
    uint32_t pieces; /**< set by rx_merge_put(): pieces of buffers that were looked up */
};

/**
 * Put header and frame into the next chains of the receive queue, and add them as used, not published yet.
 * hdr->num_buffers is 1, and is counted where there are more. After an error the queue is as it was before.
 *
 * Errors: ERR_EMPTY (not enough chains yet), ERR_SPACE (it never fits: one chain is too short and there is no
 * merging, or it would take half of the queue, see virtq_is_half(), or more pieces than a queue has), others:
 * the driver broke the rules.
 */
ERR_CHECKED enum err rx_merge_put(struct rx_merge *merge, const struct virtio_net_hdr *hdr,
                                  uint32_t frame_bytes);
