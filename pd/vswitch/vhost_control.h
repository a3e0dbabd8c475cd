/* SPDX-License-Identifier: BSD-2-Clause */
/** The switch's side of the vhost calls (lib/config/vhost_protocol.h): from message words to vhost_port.c. */
#pragma once

#include <stdint.h>

#include "pd/vswitch/vhost_port.h"

/** Most words that a call has. */
#define VHOST_CONTROL_WORDS 64u

/** A call as it came. */
struct vhost_control {
    uint64_t label;
    uint64_t count; /**< words that the caller says it sent; only VHOST_CONTROL_WORDS of them are here */
    uint64_t words[VHOST_CONTROL_WORDS];
};

/** Carry the call out on `port`. Returns the reply's label, enum vhost_reply. */
uint64_t vhost_control_call(struct vhost_port *port, const struct vhost_control *control);
