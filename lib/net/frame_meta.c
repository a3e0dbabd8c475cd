/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/net/frame_meta.h"

#define ETHERNET_HEADER_BYTES 14u
#define CHECKSUM_BYTES 2u

#define FLAGS_MASK ((uint8_t)(FRAME_META_NEEDS_CSUM | FRAME_META_DATA_VALID))
#define GSO_TYPE_MASK 7u

#define GSO_TYPE_SHIFT 2
#define GSO_ECN_SHIFT 5
#define GSO_SIZE_SHIFT 6
#define CSUM_START_SHIFT 22
#define CSUM_START_MAX 0x3fffu
#define CSUM_OFFSET_SHIFT 36
#define CSUM_OFFSET_MAX 0xffu
#define HDR_LEN_SHIFT 44
#define SPARE_SHIFT 60

static enum err check_checksum(const struct frame_meta *meta, uint32_t frame_bytes)
{
    if (meta->csum_start > CSUM_START_MAX || meta->csum_offset > CSUM_OFFSET_MAX) {
        return ERR_UNSUPPORTED;
    }
    uint32_t end = (uint32_t)meta->csum_start + meta->csum_offset + CHECKSUM_BYTES;
    if (meta->csum_start < ETHERNET_HEADER_BYTES || end > frame_bytes) {
        return ERR_RANGE;
    }
    return ERR_OK;
}

static enum err check_segmentation(const struct frame_meta *meta)
{
    switch (meta->gso_type) {
    case FRAME_META_GSO_TCPV4:
    case FRAME_META_GSO_TCPV6:
    case FRAME_META_GSO_TCPV4 | FRAME_META_GSO_ECN:
    case FRAME_META_GSO_TCPV6 | FRAME_META_GSO_ECN:
    case FRAME_META_GSO_UDP_L4:
        break;
    case FRAME_META_GSO_ECN:
    case FRAME_META_GSO_UDP_L4 | FRAME_META_GSO_ECN:
        return ERR_FORMAT;
    default:
        return ERR_UNSUPPORTED;
    }
    if ((meta->flags & FRAME_META_NEEDS_CSUM) == 0) {
        return ERR_FORMAT;
    }
    return meta->gso_size == 0 ? ERR_RANGE : ERR_OK;
}

enum err frame_meta_check(const struct frame_meta *meta, uint32_t frame_bytes)
{
    if ((meta->flags & FRAME_META_NEEDS_CSUM) != 0) {
        enum err err = check_checksum(meta, frame_bytes);
        if (err != ERR_OK) {
            return err;
        }
    }
    return meta->gso_type == FRAME_META_GSO_NONE ? ERR_OK : check_segmentation(meta);
}

uint64_t frame_meta_pack(const struct frame_meta *meta)
{
    uint64_t word = meta->flags & FLAGS_MASK;
    if ((meta->flags & FRAME_META_NEEDS_CSUM) != 0) {
        word |= (uint64_t)(meta->csum_start & CSUM_START_MAX) << CSUM_START_SHIFT |
                (uint64_t)(meta->csum_offset & CSUM_OFFSET_MAX) << CSUM_OFFSET_SHIFT;
    }
    if (meta->gso_type != FRAME_META_GSO_NONE) {
        word |= (uint64_t)(meta->gso_type & GSO_TYPE_MASK) << GSO_TYPE_SHIFT |
                (uint64_t)(meta->gso_type >> 7) << GSO_ECN_SHIFT |
                (uint64_t)meta->gso_size << GSO_SIZE_SHIFT | (uint64_t)meta->hdr_len << HDR_LEN_SHIFT;
    }
    return word;
}

enum err frame_meta_unpack(uint64_t untrusted_word, uint32_t frame_bytes, struct frame_meta *meta)
{
    *meta = (struct frame_meta){0};
    if (untrusted_word >> SPARE_SHIFT != 0) {
        return ERR_FORMAT;
    }
    struct frame_meta fields = {
        .flags = (uint8_t)(untrusted_word & FLAGS_MASK),
        .gso_type = (uint8_t)((untrusted_word >> GSO_TYPE_SHIFT & GSO_TYPE_MASK) |
                              (untrusted_word >> GSO_ECN_SHIFT & 1) << 7),
        .gso_size = (uint16_t)(untrusted_word >> GSO_SIZE_SHIFT),
        .hdr_len = (uint16_t)(untrusted_word >> HDR_LEN_SHIFT),
        .csum_start = (uint16_t)(untrusted_word >> CSUM_START_SHIFT & CSUM_START_MAX),
        .csum_offset = (uint16_t)(untrusted_word >> CSUM_OFFSET_SHIFT & CSUM_OFFSET_MAX),
    };
    enum err err = frame_meta_check(&fields, frame_bytes);
    if (err == ERR_OK) {
        *meta = fields;
    }
    return err;
}
