/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * VLANs (802.1Q) of a switch that has any: which VLAN a frame belongs to, who is in it, and what a port sees of the
 * tag. An access port is in one VLAN and sees no tags; a trunk sees the tags of its VLANs, and may have one without
 * (its native one). Another tag behind the first, and tags of providers (0x88a8), are data.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pd/vswitch/edit.h"
#include "pd/vswitch/state.h"

/** Learn from the description what VLANs the ports are in. */
void vlan_init(struct vswitch *vswitch);

/** Set frame->vid. False, with *cause set, if the port is not in that VLAN. */
bool vlan_admit(const struct vswitch_port *port, struct vswitch_frame *frame, enum vswitch_drop *cause);

/** The ports that are in VLAN `vid`. */
uint32_t vlan_members(const struct vswitch *vswitch, uint16_t vid);

/**
 * What `target` gets of an admitted frame: `frame` itself, or *out with the tag that it wants. NULL: it can't have it.
 */
struct vswitch_frame *vlan_view(struct edit *edit, const struct vswitch_port *target,
                                struct vswitch_frame *frame, struct vswitch_frame *out);
