/* SPDX-License-Identifier: BSD-2-Clause */
/** A switch port on a link: frames are ring records, their meta word is lib/net/frame_meta.h's. */
#pragma once

#include "lib/base/err.h"
#include "lib/ring/ring.h"
#include "pd/vswitch/vswitch.h"

/** State of one port. Private to ring_port.c except for its size. */
struct ring_port {
    struct ring ring;
    struct vswitch_segment segment; /**< the frame last peeked at */
};

/** What a ring port can do; the context is a struct ring_port. */
extern const struct vswitch_port_ops ring_port_ops;

/** Set up on the two regions of a link; errors are ring_init()'s. Then notify the peer once. */
ERR_CHECKED enum err ring_port_init(struct ring_port *port, void *own, const void *peer,
                                    uint32_t region_bytes);
