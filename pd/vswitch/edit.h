/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A frame with another beginning, without a copy of the rest: what a port gets that sees another VLAN tag, and
 * what is sent on after more of a frame than its header was checked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/virtq/virtq.h"
#include "pd/vswitch/frame.h"

/** Bytes of a frame's beginning that edit_pin() takes out of its sender's hands: headers up to TCP, or a report. */
#define EDIT_PIN_BYTES 256u

/** Working memory of one such frame. Large: keep it static. */
struct edit {
    uint8_t prefix[EDIT_PIN_BYTES];
    struct vswitch_segment segments[VIRTQ_MAX_SIZE + 2]; /* of a frame that was pinned, with a tag */
};

/**
 * *out is `frame` with a VLAN tag of `tci` behind the addresses. False if its metadata has no room for that. *out lives as
 * long as `frame` and `edit` are left alone, as do those below.
 */
bool edit_insert_tag(struct edit *edit, const struct vswitch_frame *frame, uint16_t tci,
                     struct vswitch_frame *out);

/** *out is `frame` without the four bytes of its tag, which must be there. */
void edit_remove_tag(struct edit *edit, const struct vswitch_frame *frame, struct vswitch_frame *out);

/** *out is `frame` with another tag control word in its tag, which must be there. */
void edit_replace_tag(const struct vswitch_frame *frame, uint16_t tci, struct vswitch_frame *out);

/**
 * The first EDIT_PIN_BYTES of `frame`, or all of it if it is shorter, are copied to edit->prefix, and belong to the frame
 * from now on: what is checked there is what arrives. Returns how many they are.
 */
uint32_t edit_pin(struct edit *edit, struct vswitch_frame *frame);
