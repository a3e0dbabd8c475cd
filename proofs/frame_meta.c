/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The meta word of a frame: any word from a peer, any fields from a guest.
 *
 * @contract What passes lies inside its frame and is a kind of work that is known; packing and unpacking what
 * passed gives the same fields.
 * @bound none
 *
 * @run prove_check
 * @defect prove_check: the checksum goes inside the frame
 * lib/net/frame_meta.c
 * -     uint32_t end = (uint32_t)meta->csum_start + meta->csum_offset + CHECKSUM_BYTES;
 * +     uint32_t end = (uint32_t)meta->csum_start + meta->csum_offset;
 *
 * @run prove_unpack
 * @defect prove_unpack: what gets out has passed
 * lib/net/frame_meta.c
 * -     enum err err = frame_meta_check(&fields, frame_bytes);
 * -     if (err == ERR_OK) {
 * -         *meta = fields;
 * -     }
 * -     return err;
 * +     enum err err = frame_meta_check(&fields, frame_bytes);
 * +     *meta = fields;
 * +     return fields.flags != 0 ? err : ERR_OK;
 *
 * @run prove_round
 * @defect prove_round: the fields come back
 * lib/net/frame_meta.c
 * - #define CSUM_START_MAX 0x3fffu
 * + #define CSUM_START_MAX 0x7fffu
 */
#include "proofs/cbmc.h"

#include "lib/net/frame_meta.c"

struct frame_meta nondet_meta(void);

static bool needs_checksum(const struct frame_meta *meta)
{
    return (meta->flags & FRAME_META_NEEDS_CSUM) != 0;
}

static bool is_segmented(const struct frame_meta *meta)
{
    return meta->gso_type != FRAME_META_GSO_NONE;
}

static bool kind_is_known(uint8_t gso_type)
{
    const uint32_t kind = gso_type & ~(uint32_t)FRAME_META_GSO_ECN;
    const bool is_tcp = kind == FRAME_META_GSO_TCPV4 || kind == FRAME_META_GSO_TCPV6;

    return gso_type == FRAME_META_GSO_NONE || is_tcp || gso_type == FRAME_META_GSO_UDP_L4;
}

/* The words of the header for what has passed. */
static void check_passed(const struct frame_meta *meta, uint32_t frame_bytes)
{
    if (needs_checksum(meta)) {
        PROVE(meta->csum_start >= 14, "the sum starts behind the Ethernet header");
        PROVE((uint64_t)meta->csum_start + meta->csum_offset + 2 <= frame_bytes,
              "the checksum goes inside the frame");
    }
    PROVE(kind_is_known(meta->gso_type), "the kind of segmentation is known");
    PROVE(!is_segmented(meta) || (needs_checksum(meta) && meta->gso_size != 0),
          "segments have a size and a checksum");
}

void prove_check(uint32_t frame_bytes)
{
    const struct frame_meta meta = nondet_meta();

    if (frame_meta_check(&meta, frame_bytes) == ERR_OK) {
        check_passed(&meta, frame_bytes);
    }
}

void prove_unpack(uint64_t word, uint32_t frame_bytes)
{
    struct frame_meta meta = nondet_meta();

    if (frame_meta_unpack(word, frame_bytes, &meta) == ERR_OK) {
        PROVE(frame_meta_check(&meta, frame_bytes) == ERR_OK, "what gets out has passed");
    } else {
        PROVE(meta.flags == 0 && meta.gso_type == FRAME_META_GSO_NONE, "an error leaves nothing to do");
    }
}

void prove_round(uint32_t frame_bytes)
{
    const struct frame_meta meta = nondet_meta();
    struct frame_meta again;

    if (frame_meta_check(&meta, frame_bytes) != ERR_OK) {
        return;
    }
    PROVE(frame_meta_unpack(frame_meta_pack(&meta), frame_bytes, &again) == ERR_OK, "what was packed passes");
    PROVE(again.flags == (meta.flags & (FRAME_META_NEEDS_CSUM | FRAME_META_DATA_VALID)) &&
              again.gso_type == meta.gso_type &&
              (!needs_checksum(&meta) ||
               (again.csum_start == meta.csum_start && again.csum_offset == meta.csum_offset)) &&
              (!is_segmented(&meta) || (again.gso_size == meta.gso_size && again.hdr_len == meta.hdr_len)),
          "the fields come back");
}
