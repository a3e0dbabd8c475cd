/* SPDX-License-Identifier: BSD-2-Clause */
/** One frame's way from its source's buffers to its destinations': what vswitch.h calls the policy. */
#pragma once

#include <stdbool.h>

#include "pd/vswitch/state.h"

/** Move one frame that came in at `port`. Returns false if there is none, or none that can move. */
bool forward_next(struct vswitch *vswitch, struct vswitch_port *port);

/** Would the frame that `source` holds have to wait again, as far as can be said without a look at it? */
bool forward_has_to_wait(struct vswitch *vswitch, struct vswitch_port *source);
