/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of a frame, out of memory that its sender may still write to. */
#include "pd/vswitch/frame.h"

#include "lib/base/mem.h"
#include "lib/net/offload.h"

void frame_copy_next(const struct vswitch_frame *frame, struct vswitch_cursor *cursor, uint8_t *to,
                     uint32_t bytes)
{
    const uint32_t first = cursor->offset;
    uint8_t *at = to;
    uint32_t left = bytes;

    cursor->offset += bytes;
    while (left > 0 && cursor->segment < frame->segment_count) {
        const struct vswitch_segment *segment = &frame->segments[cursor->segment];
        const uint32_t rest = segment->bytes - cursor->skip;
        const uint32_t count = rest < left ? rest : left;

        memcpy(at, segment->data + cursor->skip, count);
        at += count;
        left -= count;
        cursor->skip += count;
        if (count == rest) {
            cursor->segment++;
            cursor->skip = 0;
        }
    }
    if (first < VSWITCH_CHECKED_BYTES) {
        const uint32_t checked = VSWITCH_CHECKED_BYTES - first;
        memcpy(to, frame->header + first, checked < bytes ? checked : bytes);
    }
}

void frame_copy(const struct vswitch_frame *frame, uint32_t offset, uint8_t *to, uint32_t bytes)
{
    struct vswitch_cursor cursor = {.offset = offset, .skip = offset};

    while (cursor.segment < frame->segment_count && cursor.skip >= frame->segments[cursor.segment].bytes) {
        cursor.skip -= frame->segments[cursor.segment].bytes;
        cursor.segment++;
    }
    frame_copy_next(frame, &cursor, to, bytes);
}

/* The header is in several pieces, or short. */
static void gather_header(struct vswitch_frame *frame)
{
    uint32_t have = 0;

    memset(frame->header, 0, sizeof frame->header);
    for (uint32_t i = 0; have < VSWITCH_CHECKED_BYTES && i < frame->segment_count; i++) {
        uint32_t left = VSWITCH_CHECKED_BYTES - have;
        uint32_t count = frame->segments[i].bytes < left ? frame->segments[i].bytes : left;
        memcpy(frame->header + have, frame->segments[i].data, count);
        have += count;
    }
}

void frame_read_header(struct vswitch_frame *frame)
{
    if (frame->segment_count != 0 && frame->segments[0].bytes >= VSWITCH_CHECKED_BYTES) {
        mem_copy_once(frame->header, frame->segments[0].data, VSWITCH_CHECKED_BYTES);
    } else {
        gather_header(frame);
    }
}

void frame_take_meta(struct vswitch_frame *frame, uint64_t untrusted_meta)
{
    frame->needed = 0;
    frame->fields = (struct frame_meta){0};
    if (untrusted_meta == 0) {
        return;
    }
    frame->needed = frame_meta_unpack(untrusted_meta, frame->length_bytes, &frame->fields) == ERR_OK
                        ? offload_needed(&frame->fields)
                        : VSWITCH_NEEDS_UNKNOWN;
}
