/* SPDX-License-Identifier: BSD-2-Clause */
/** What happens to a port before its frames move in a wake-up. */
#pragma once

#include <stdint.h>

#include "pd/vswitch/state.h"

/**
 * Look at the port's side, once in a wake-up: whether the peer restarted, and which buffers it has. For ports
 * that send, and for those that get a frame.
 */
void wake_sync(struct vswitch *vswitch, uint32_t index);

/** What was learned of a port, whose peer broke or began again, is forgotten. */
void wake_forget(struct vswitch *vswitch, uint32_t index);

/** Look at the side of a port that has something to send, and say what it may send in this wake-up. */
void wake_start(struct vswitch *vswitch, uint32_t index);
