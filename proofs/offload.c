/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Software segmentation and checksums: any frame, any meta data that has passed. The sums are cut off: what
 * they read is checked, what they give is any. One segment is taken at any point of the cutting, so the
 * number of segments has no bound.
 *
 * @contract For every frame of up to 64 KiB, parsing and cutting stay inside the frame and the segment, each
 * segment moves on, and the segments make the frame.
 * @bound none (frames of up to 65,553 bytes)
 *
 * @run prove_init --unwind 10
 * @defect prove_init: headers in order, inside the frame
 * lib/net/offload.c
 * -     if (segmenter->header_bytes > segmenter->frame_bytes ||
 * -         segmenter->header_bytes > OFFLOAD_MAX_HEADER_BYTES) {
 * +     if (segmenter->header_bytes > OFFLOAD_MAX_HEADER_BYTES) {
 *
 * @run prove_next --unwind 10
 * @defect prove_next: copy into the segment
 * lib/net/offload.c
 * -     return segmenter->header_bytes + (payload < segmenter->gso_size ? payload : segmenter->gso_size);
 * +     return payload < segmenter->gso_size ? segmenter->header_bytes + payload : segmenter->gso_size;
 *
 * @defect prove_next: it moves on by what it holds
 * lib/net/offload.c
 * -     segmenter->done += payload;
 * -     segmenter->index++;
 * -     return bytes;
 * +     segmenter->done += segmenter->gso_size;
 * +     segmenter->index++;
 * +     return bytes;
 *
 * @run prove_checksum
 * @defect prove_checksum: sum inside the frame
 * lib/net/offload.c
 * -     const checksum_t sum = checksum_add(0, frame + meta->csum_start, frame_bytes - meta->csum_start);
 * +     const checksum_t sum = checksum_add(0, frame + meta->csum_start, frame_bytes);
 */
#include "proofs/cbmc.h"

#include "lib/base/mem.h"
#include "lib/net/checksum.h"

#define FRAME_MAX (65535u + 22u)

struct frame_meta nondet_meta(void);
struct offload_segmenter nondet_segmenter(void);

static uint8_t *frame, *segment;
static uint32_t frame_bytes, segment_bytes;

static bool is_in(const void *at, uint64_t bytes, const uint8_t *area, uint32_t area_bytes)
{
    return OBJECT(at) == OBJECT(area) && OFFSET(at) + bytes <= area_bytes;
}

static void copy(const void *to, const void *from, uint64_t bytes)
{
    PROVE(is_in(from, bytes, frame, frame_bytes), "copy from the frame");
    PROVE(is_in(to, bytes, segment, segment_bytes), "copy into the segment");
}

checksum_t checksum_add(checksum_t sum, const uint8_t *data, uint32_t bytes)
{
    (void)sum;
    PROVE(is_in(data, bytes, frame, frame_bytes) || is_in(data, bytes, segment, segment_bytes),
          "sum inside the frame");
    return nondet_u64();
}

checksum_t checksum_add_number(checksum_t sum, uint16_t number)
{
    (void)sum, (void)number;
    return nondet_u64();
}

void checksum_store(checksum_t sum, uint8_t to[2])
{
    (void)sum;
    to[0] = nondet_u8();
    to[1] = nondet_u8();
}

#define memcpy(to, from, bytes) copy(to, from, bytes)
#include "lib/net/frame_meta.c"
#include "lib/net/offload.c"

/* Any frame, with meta data that has passed. */
static struct frame_meta make(void)
{
    const struct frame_meta meta = nondet_meta();

    frame_bytes = nondet_u32();
    ASSUME(frame_bytes >= 14 && frame_bytes <= FRAME_MAX);
    frame = malloc(frame_bytes);
    ASSUME(frame != NULL && frame_meta_check(&meta, frame_bytes) == ERR_OK);
    return meta;
}

static bool is_sound(const struct offload_segmenter *segmenter)
{
    return segmenter->frame == frame && segmenter->frame_bytes == frame_bytes && segmenter->l3 >= 14 &&
           segmenter->l4 >= segmenter->l3 && segmenter->header_bytes >= segmenter->l4 &&
           segmenter->l4 - segmenter->l3 >= (segmenter->is_ipv6 ? IPV6_BYTES : IPV4_MIN_BYTES) &&
           segmenter->header_bytes - segmenter->l4 >= (segmenter->is_udp ? UDP_BYTES : TCP_MIN_BYTES) &&
           segmenter->header_bytes <= OFFLOAD_MAX_HEADER_BYTES && segmenter->header_bytes <= frame_bytes &&
           segmenter->gso_size != 0 && segmenter->gso_size <= UINT16_MAX;
}

void prove_init(void)
{
    const struct frame_meta meta = make();
    struct offload_segmenter segmenter;

    ASSUME(meta.gso_type != FRAME_META_GSO_NONE);
    if (offload_segment_init(&segmenter, frame, frame_bytes, &meta) != ERR_OK) {
        return;
    }
    PROVE(is_sound(&segmenter), "headers in order, inside the frame");
    PROVE(segmenter.done == 0 && segmenter.index == 0, "nothing is cut yet");
    PROVE(frame_bytes - segmenter.header_bytes <= segmenter.gso_size ||
              segmenter.gso_size >= OFFLOAD_MIN_SEGMENT_BYTES,
          "the number of segments is bounded");
}

void prove_next(uint32_t done, uint32_t index)
{
    struct offload_segmenter segmenter = nondet_segmenter();

    (void)make();
    segmenter.frame = frame;
    segmenter.is_ipv6 = nondet_bool();
    segmenter.is_udp = nondet_bool();
    segmenter.done = done;
    segmenter.index = index;
    ASSUME(is_sound(&segmenter));
    const uint32_t payload = frame_bytes - segmenter.header_bytes;
    ASSUME(done <= payload && (index != 0 || done == 0) && index <= done + 1);
    segment_bytes = offload_segment_max_bytes(&segmenter);
    PROVE(segment_bytes <= frame_bytes, "no segment is longer than the frame");
    segment = malloc(segment_bytes);
    ASSUME(segment != NULL);
    const uint32_t bytes = offload_segment_next(&segmenter, segment);
    PROVE(bytes <= segment_bytes, "no longer than announced");
    PROVE(segmenter.done <= payload, "it stays inside the payload");
    if (bytes == 0) {
        PROVE(done == payload && index != 0, "it ends when all is out");
    } else {
        PROVE(segmenter.done == done + (bytes - segmenter.header_bytes), "it moves on by what it holds");
        PROVE(segmenter.done > done || payload == 0 || done == payload, "each segment moves on");
    }
    PROVE(is_sound(&segmenter) && segmenter.index != 0 && segmenter.index <= segmenter.done + 1,
          "the segmenter stays sound");
}

void prove_checksum(void)
{
    const struct frame_meta meta = make();

    ASSUME((meta.flags & FRAME_META_NEEDS_CSUM) != 0);
    segment = frame;
    offload_finish_checksum(frame, frame_bytes, &meta);
}
