/* SPDX-License-Identifier: BSD-2-Clause */
/** What a kind of port is to the switch. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "pd/vswitch/frame.h"

/** What a kind of port can do. `port` is the context given to vswitch_attach(). */
struct vswitch_port_ops {
    /** The oldest frame: segments, length, fields and what it needs. ERR_EMPTY: none. Others: the peer broke its
     * side. */
    enum err (*peek)(void *port, struct vswitch_frame *frame);
    /** Done with the frame last peeked at. */
    void (*release)(void *port);
    /**
     * Copy a frame out to the peer, the first bytes from frame->header.
     * ERR_SPACE: no room now. ERR_RANGE: never fits. Others: the peer broke its side.
     */
    enum err (*send)(void *port, const struct vswitch_frame *frame);
    /** Ask for a notification of frames that come later, then look which there are: peek() gives no others.
     */
    void (*look)(void *port);
    /** The most frames that peek() may give in one wake-up: one queue size. */
    uint32_t (*burst)(const void *port);
    /**
     * Ask for a notification when send() of `length_bytes`, which failed for want of room, may work. True if
     * it may by now. If it fails all the same, the request stands.
     */
    bool (*request_space)(void *port, uint32_t length_bytes);
    /** After sends and releases: is the peer to be notified? */
    bool (*should_notify)(void *port);
    /** In each wake-up in which the port sends or gets frames, first: look which buffers there are. True if the
     * peer restarted, so that its side is as new: it notifies us then. */
    bool (*sync)(void *port);
    /** What the peer takes unfinished now: enum offload_capability. NULL: nothing. */
    uint32_t (*capabilities)(void *port);
    /** Does the peer want the frame, of which the header will do? NULL: it wants all. */
    bool (*wants)(void *port, const struct vswitch_frame *frame);
};
