/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Frames made complete for a port that does not take them as they are: checksum computed, large packets cut
 * (lib/net/offload.h). The frame is copied out of its sender's buffers first, so that the sender can't change
 * it under our hands.
 */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/offload.h"
#include "pd/vswitch/edit.h"
#include "pd/vswitch/vswitch.h"

/** Working memory of a switch: one frame is in hand at a time. Large: keep it static. */
struct soft_offload {
    uint8_t whole[VSWITCH_FRAME_MAX_BYTES];   /**< the frame as its sender left it */
    uint8_t segment[VSWITCH_FRAME_MAX_BYTES]; /**< what is sent */
    struct edit pin, tag; /**< a frame whose beginning was checked, and one with another tag */
};

/**
 * Send a checked `frame` to a port, finished. What the port has of it is counted in frame->segments_sent, so
 * that after ERR_SPACE a later call goes on where this one stopped. Errors: those of send(); ERR_UNSUPPORTED:
 * the frame's headers and its metadata don't agree.
 */
ERR_CHECKED enum err soft_offload_send(struct soft_offload *offload, const struct vswitch_port_ops *ops,
                                       void *port, struct vswitch_frame *frame);

/** Length of the longest piece that soft_offload_send() makes of the checked `frame`, at most. */
uint32_t soft_offload_max_bytes(const struct vswitch_frame *frame);
