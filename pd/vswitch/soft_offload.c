/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/soft_offload.h"

#include "lib/base/mem.h"
#include "lib/net/frame_meta.h"

/* `bytes` at `data`, our own memory, as a frame. Its header is that of the frame it comes from except for
 * lengths. */
static enum err send_piece(const struct vswitch_port_ops *ops, void *port, const uint8_t *data,
                           uint32_t bytes, uint64_t *work)
{
    const struct vswitch_segment segment = {.data = data, .bytes = bytes};
    struct vswitch_frame piece = {
        .segments = &segment, .segment_count = 1, .length_bytes = bytes, .work = work};

    memcpy(piece.header, data, bytes < sizeof piece.header ? bytes : sizeof piece.header);
    return ops->send(port, &piece);
}

static enum err send_segments(struct soft_offload *offload, const struct vswitch_port_ops *ops, void *port,
                              struct vswitch_frame *frame)
{
    struct offload_segmenter segmenter;
    uint32_t bytes;

    if (offload_segment_init(&segmenter, offload->whole, frame->length_bytes, &frame->fields) != ERR_OK) {
        return ERR_UNSUPPORTED;
    }
    offload_segment_skip(&segmenter, frame->segments_sent);
    while ((bytes = offload_segment_next(&segmenter, offload->segment)) != 0) {
        const enum err err = send_piece(ops, port, offload->segment, bytes, frame->work);
        if (err != ERR_OK) {
            return err;
        }
        frame->segments_sent++;
    }
    return ERR_OK;
}

enum err soft_offload_send(struct soft_offload *offload, const struct vswitch_port_ops *ops, void *port,
                           struct vswitch_frame *frame)
{
    frame_copy(frame, 0, offload->whole, frame->length_bytes);
    if (frame->fields.gso_type != FRAME_META_GSO_NONE) {
        return send_segments(offload, ops, port, frame);
    }
    offload_finish_checksum(offload->whole, frame->length_bytes, &frame->fields);
    return send_piece(ops, port, offload->whole, frame->length_bytes, frame->work);
}

uint32_t soft_offload_max_bytes(const struct vswitch_frame *frame)
{
    if (frame->fields.gso_type == FRAME_META_GSO_NONE) {
        return frame->length_bytes;
    }
    const uint32_t most = OFFLOAD_MAX_HEADER_BYTES + frame->fields.gso_size;
    return most < frame->length_bytes ? most : frame->length_bytes;
}
