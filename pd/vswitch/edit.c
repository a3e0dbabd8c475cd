/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames with another beginning than their sender's memory has. */
#include "pd/vswitch/edit.h"

#include "lib/base/mem.h"

#define ADDRESS_BYTES 12u
#define TAG_BYTES 4u
#define TAG_TCI 14u
#define TYPE_VLAN 0x8100u
#define CSUM_START_MAX 0x3fffu /* lib/net/frame_meta.h */

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* Segments: the first `prefix_bytes` of edit->prefix, then `frame` from byte `skip` on. Returns how many. */
static uint32_t join(struct edit *edit, const struct vswitch_frame *frame, uint32_t prefix_bytes,
                     uint32_t skip)
{
    uint32_t count = 0;

    edit->segments[count++] = (struct vswitch_segment){.data = edit->prefix, .bytes = prefix_bytes};
    for (uint32_t i = 0; i < frame->segment_count; i++) {
        const struct vswitch_segment *segment = &frame->segments[i];

        if (segment->bytes <= skip) {
            skip -= segment->bytes;
            continue;
        }
        edit->segments[count++] =
            (struct vswitch_segment){.data = segment->data + skip, .bytes = segment->bytes - skip};
        skip = 0;
    }
    return count;
}

/* An offset in the metadata, with a tag in front of it or without; 0 is none. */
static uint16_t moved_up(uint16_t offset)
{
    return offset != 0 ? (uint16_t)(offset + TAG_BYTES) : 0;
}

static uint16_t moved_down(uint16_t offset)
{
    return offset >= TAG_BYTES ? (uint16_t)(offset - TAG_BYTES) : 0;
}

bool edit_insert_tag(struct edit *edit, const struct vswitch_frame *frame, uint16_t tci,
                     struct vswitch_frame *out)
{
    *out = *frame;
    if (frame->fields.csum_start > CSUM_START_MAX - TAG_BYTES) {
        return false;
    }
    memcpy(edit->prefix, frame->header, ADDRESS_BYTES);
    put16(edit->prefix + ADDRESS_BYTES, TYPE_VLAN);
    put16(edit->prefix + TAG_TCI, tci);
    memcpy(out->header, edit->prefix, ADDRESS_BYTES + TAG_BYTES);
    memcpy(out->header + ADDRESS_BYTES + TAG_BYTES, frame->header + ADDRESS_BYTES, 2);
    out->segment_count = join(edit, frame, ADDRESS_BYTES + TAG_BYTES, ADDRESS_BYTES);
    out->segments = edit->segments;
    out->length_bytes += TAG_BYTES;
    out->fields.csum_start = moved_up(frame->fields.csum_start);
    out->fields.hdr_len = moved_up(frame->fields.hdr_len);
    return true;
}

void edit_remove_tag(struct edit *edit, const struct vswitch_frame *frame, struct vswitch_frame *out)
{
    const uint32_t rest = ADDRESS_BYTES + TAG_BYTES, have = VSWITCH_CHECKED_BYTES - rest;

    *out = *frame;
    memcpy(edit->prefix, frame->header, ADDRESS_BYTES);
    out->segment_count = join(edit, frame, ADDRESS_BYTES, rest);
    out->segments = edit->segments;
    out->length_bytes -= TAG_BYTES;
    /* What follows the tag was checked in part; what was not is read here, once. */
    frame_read_header(out);
    memcpy(out->header + ADDRESS_BYTES, frame->header + rest, have);
    out->fields.csum_start = moved_down(frame->fields.csum_start);
    out->fields.hdr_len = moved_down(frame->fields.hdr_len);
}

void edit_replace_tag(const struct vswitch_frame *frame, uint16_t tci, struct vswitch_frame *out)
{
    *out = *frame;
    put16(out->header + TAG_TCI, tci);
}

uint32_t edit_pin(struct edit *edit, struct vswitch_frame *frame)
{
    const uint32_t bytes = frame->length_bytes < EDIT_PIN_BYTES ? frame->length_bytes : EDIT_PIN_BYTES;

    frame_copy(frame, 0, edit->prefix, bytes);
    frame->segment_count = join(edit, frame, bytes, bytes);
    frame->segments = edit->segments;
    return bytes;
}
