/* SPDX-License-Identifier: BSD-2-Clause */
/* Any frame with any metadata: what is checked is finished or cut within its bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/net/offload.h"
#include "tests/mock/fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void cut(const uint8_t *frame, uint32_t bytes, const struct frame_meta *meta)
{
    struct offload_segmenter segmenter;
    uint32_t length, total = 0;

    if (offload_segment_init(&segmenter, frame, bytes, meta) != ERR_OK) {
        return;
    }
    const uint32_t room = offload_segment_max_bytes(&segmenter);
    uint8_t *to = malloc(room); /* exactly, for ASan to see */
    if (to == NULL) {
        abort();
    }
    while ((length = offload_segment_next(&segmenter, to)) != 0) {
        if (length > room || length < segmenter.header_bytes) {
            abort();
        }
        total += length - segmenter.header_bytes;
    }
    free(to);
    if (total != bytes - segmenter.header_bytes) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    const struct frame_meta meta = {
        .flags = fuzz_input_u8(&input),
        .gso_type = fuzz_input_u8(&input),
        .gso_size = fuzz_input_u16(&input),
        .hdr_len = fuzz_input_u16(&input),
        .csum_start = fuzz_input_u16(&input),
        .csum_offset = fuzz_input_u16(&input),
    };
    const uint32_t bytes = (uint32_t)input.bytes;

    if (bytes == 0 || frame_meta_check(&meta, bytes) != ERR_OK) {
        return 0;
    }
    uint8_t *frame = malloc(bytes);
    if (frame == NULL) {
        abort();
    }
    memcpy(frame, input.at, bytes);
    if (meta.gso_type != FRAME_META_GSO_NONE) {
        cut(frame, bytes, &meta);
    } else if ((meta.flags & FRAME_META_NEEDS_CSUM) != 0) {
        offload_finish_checksum(frame, bytes, &meta);
    }
    free(frame);
    return 0;
}
