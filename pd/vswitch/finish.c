/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/finish.h"

#include "lib/base/mem.h"
#include "lib/net/frame_meta.h"

/* `bytes` at `data`, our own memory, as a frame. Its header is that of the frame it comes from but for
 * lengths. */
static enum err send_piece(const struct vswitch_port_ops *ops, void *port, const uint8_t *data,
                           uint32_t bytes)
{
    const struct vswitch_segment segment = {.data = data, .bytes = bytes};
    struct vswitch_frame piece = {.segments = &segment, .segment_count = 1, .length_bytes = bytes};

    memcpy(piece.header, data, bytes < sizeof piece.header ? bytes : sizeof piece.header);
    return ops->send(port, &piece);
}

static enum err send_segments(struct finish *finish, const struct vswitch_port_ops *ops, void *port,
                              struct vswitch_frame *frame, const struct frame_meta *meta)
{
    struct offload_cutter cutter;
    uint32_t bytes;

    if (offload_cutter_init(&cutter, finish->whole, frame->length_bytes, meta) != ERR_OK) {
        return ERR_UNSUPPORTED;
    }
    offload_cutter_skip(&cutter, frame->finished);
    while ((bytes = offload_cutter_next(&cutter, finish->segment)) != 0) {
        const enum err err = send_piece(ops, port, finish->segment, bytes);
        if (err != ERR_OK) {
            return err;
        }
        frame->finished++;
    }
    return ERR_OK;
}

enum err finish_send(struct finish *finish, const struct vswitch_port_ops *ops, void *port,
                     struct vswitch_frame *frame)
{
    struct frame_meta meta;

    if (frame_meta_unpack(frame->meta, frame->length_bytes, &meta) != ERR_OK) {
        return ERR_UNSUPPORTED;
    }
    vswitch_copy(frame, 0, finish->whole, frame->length_bytes);
    if (meta.gso_type != FRAME_META_GSO_NONE) {
        return send_segments(finish, ops, port, frame, &meta);
    }
    offload_finish_checksum(finish->whole, frame->length_bytes, &meta);
    return send_piece(ops, port, finish->whole, frame->length_bytes);
}

uint32_t finish_max_bytes(const struct vswitch_frame *frame)
{
    struct frame_meta meta;

    if (frame_meta_unpack(frame->meta, frame->length_bytes, &meta) != ERR_OK ||
        meta.gso_type == FRAME_META_GSO_NONE) {
        return frame->length_bytes;
    }
    const uint32_t most = OFFLOAD_MAX_HEADER_BYTES + meta.gso_size;
    return most < frame->length_bytes ? most : frame->length_bytes;
}
