/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/net/virtio_net_hdr.h"

#include "lib/net/frame_meta.h"
#include "lib/net/offload.h"

#define TCP_MIN_BYTES 20u
#define TCP_MAX_BYTES 60u
#define UDP_BYTES 8u

/* A feature and what it needs one of (section 5.1.3.1); what is needed comes before what needs it. */
struct dependency {
    uint64_t feature;
    uint64_t needs;
};

static const struct dependency dependencies[] = {
    {VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_CSUM},
    {VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM},
    {VIRTIO_NET_F_HOST_ECN, VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6},
    {VIRTIO_NET_F_HOST_USO, VIRTIO_NET_F_CSUM},
    {VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_ECN, VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6},
    {VIRTIO_NET_F_GUEST_USO4, VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_GUEST_USO6, VIRTIO_NET_F_GUEST_CSUM},
    {VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_VLAN, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_RX_EXTRA, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_NET_F_CTRL_VQ},
    {VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, VIRTIO_NET_F_CTRL_VQ},
};

uint64_t virtio_net_hdr_strip(uint64_t features)
{
    for (unsigned int i = 0; i < sizeof dependencies / sizeof dependencies[0]; i++) {
        if ((features & dependencies[i].needs) == 0) {
            features &= ~dependencies[i].feature;
        }
    }
    return features;
}

bool virtio_net_hdr_features_agree(uint64_t features)
{
    return virtio_net_hdr_strip(features) == features;
}

static bool has(uint64_t features, uint64_t wanted)
{
    return (features & wanted) == wanted;
}

uint32_t virtio_net_hdr_capabilities(uint64_t features)
{
    return (has(features, VIRTIO_NET_F_GUEST_CSUM) ? OFFLOAD_CSUM : 0u) |
           (has(features, VIRTIO_NET_F_GUEST_TSO4) ? OFFLOAD_TSO4 : 0u) |
           (has(features, VIRTIO_NET_F_GUEST_TSO6) ? OFFLOAD_TSO6 : 0u) |
           (has(features, VIRTIO_NET_F_GUEST_ECN) ? OFFLOAD_ECN : 0u) |
           (has(features, VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6) ? OFFLOAD_USO : 0u);
}

uint32_t virtio_net_hdr_sends(uint64_t features)
{
    return (has(features, VIRTIO_NET_F_CSUM) ? OFFLOAD_CSUM : 0u) |
           (has(features, VIRTIO_NET_F_HOST_TSO4) ? OFFLOAD_TSO4 : 0u) |
           (has(features, VIRTIO_NET_F_HOST_TSO6) ? OFFLOAD_TSO6 : 0u) |
           (has(features, VIRTIO_NET_F_HOST_ECN) ? OFFLOAD_ECN : 0u) |
           (has(features, VIRTIO_NET_F_HOST_USO) ? OFFLOAD_USO : 0u);
}

/* The shortest header that the segments of that kind have. */
static uint32_t transport_bytes(const struct frame_meta *fields)
{
    return fields->gso_type == FRAME_META_GSO_UDP_L4 ? UDP_BYTES : TCP_MIN_BYTES;
}

/*
 * A packet that is no longer than a segment is none to be cut, for Linux either: only its checksum is left to do. And a
 * hint that cannot be the length of the headers gives way to one that they are not longer than (section 5.1.6.4.1).
 */
static void settle_segmentation(struct frame_meta *fields, uint32_t frame_bytes)
{
    const uint32_t least = fields->csum_start + transport_bytes(fields);
    const uint32_t longest =
        fields->csum_start + (fields->gso_type == FRAME_META_GSO_UDP_L4 ? UDP_BYTES : TCP_MAX_BYTES);
    const uint32_t most = longest < frame_bytes ? longest : frame_bytes;

    if (frame_bytes <= least + fields->gso_size) {
        fields->gso_type = FRAME_META_GSO_NONE;
        fields->gso_size = 0;
        fields->hdr_len = 0;
    } else if (fields->hdr_len < least || fields->hdr_len > most) {
        fields->hdr_len = (uint16_t)most;
    }
}

enum err virtio_net_hdr_to_fields(const struct virtio_net_hdr *untrusted_hdr, uint32_t sends,
                                  uint32_t frame_bytes, struct frame_meta *fields, uint32_t *needed)
{
    /* A sender cannot vouch for its own checksum: of its flags, only NEEDS_CSUM counts. */
    const uint8_t flags = untrusted_hdr->flags & FRAME_META_NEEDS_CSUM;
    enum err err;

    *fields = (struct frame_meta){0};
    *needed = 0;
    if (flags == 0 && untrusted_hdr->gso_type == 0) {
        return ERR_OK;
    }
    fields->flags = flags;
    if (flags != 0) {
        fields->csum_start = untrusted_hdr->csum_start;
        fields->csum_offset = untrusted_hdr->csum_offset;
    }
    if (untrusted_hdr->gso_type != 0) {
        fields->gso_type = untrusted_hdr->gso_type;
        fields->gso_size = untrusted_hdr->gso_size;
        fields->hdr_len = untrusted_hdr->hdr_len;
    }
    *needed = offload_needed(fields);
    err = (*needed & ~sends) != 0 ? ERR_DENIED : frame_meta_check(fields, frame_bytes);
    if (err != ERR_OK) {
        *fields = (struct frame_meta){0};
    } else if (fields->gso_type != FRAME_META_GSO_NONE) {
        settle_segmentation(fields, frame_bytes);
        *needed = offload_needed(fields);
    }
    return err;
}

enum err virtio_net_hdr_to_meta(const struct virtio_net_hdr *untrusted_hdr, uint64_t features,
                                uint32_t frame_bytes, uint64_t *meta)
{
    struct frame_meta fields;
    uint32_t needed;
    const enum err err = virtio_net_hdr_to_fields(untrusted_hdr, virtio_net_hdr_sends(features), frame_bytes,
                                                  &fields, &needed);

    *meta = frame_meta_pack(&fields);
    return err;
}

void virtio_net_hdr_fill(const struct frame_meta *fields, uint32_t takes, struct virtio_net_hdr *hdr)
{
    *hdr = (struct virtio_net_hdr){.flags = (takes & OFFLOAD_CSUM) != 0 ? fields->flags : 0,
                                   .gso_type = fields->gso_type,
                                   .hdr_len = fields->hdr_len,
                                   .gso_size = fields->gso_size,
                                   .csum_start = fields->csum_start,
                                   .csum_offset = fields->csum_offset,
                                   .num_buffers = 1};
}

enum err virtio_net_hdr_from_meta(uint64_t untrusted_meta, uint64_t features, uint32_t frame_bytes,
                                  struct virtio_net_hdr *hdr)
{
    struct frame_meta fields;

    *hdr = (struct virtio_net_hdr){.num_buffers = 1};
    if (untrusted_meta == 0) {
        return ERR_OK;
    }
    const uint32_t takes = virtio_net_hdr_capabilities(features);
    const enum err err = frame_meta_unpack(untrusted_meta, frame_bytes, &fields);
    if (err != ERR_OK || (offload_needed(&fields) & ~takes) != 0) {
        return err != ERR_OK ? err : ERR_DENIED;
    }
    virtio_net_hdr_fill(&fields, takes, hdr);
    return ERR_OK;
}
