/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/net/virtio_net_hdr.h"

#include "lib/net/frame_meta.h"
#include "lib/net/offload.h"

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

/* The same for what a driver may send. */
static uint32_t sender_capabilities(uint64_t features)
{
    return (has(features, VIRTIO_NET_F_CSUM) ? OFFLOAD_CSUM : 0u) |
           (has(features, VIRTIO_NET_F_HOST_TSO4) ? OFFLOAD_TSO4 : 0u) |
           (has(features, VIRTIO_NET_F_HOST_TSO6) ? OFFLOAD_TSO6 : 0u) |
           (has(features, VIRTIO_NET_F_HOST_ECN) ? OFFLOAD_ECN : 0u) |
           (has(features, VIRTIO_NET_F_HOST_USO) ? OFFLOAD_USO : 0u);
}

enum err virtio_net_hdr_to_meta(const struct virtio_net_hdr *untrusted_hdr, uint64_t features,
                                uint32_t frame_bytes, uint64_t *meta)
{
    /* A sender cannot vouch for its own checksum: of its flags, only NEEDS_CSUM counts. */
    const struct frame_meta fields = {.flags = untrusted_hdr->flags & FRAME_META_NEEDS_CSUM,
                                      .gso_type = untrusted_hdr->gso_type,
                                      .gso_size = untrusted_hdr->gso_size,
                                      .hdr_len = untrusted_hdr->hdr_len,
                                      .csum_start = untrusted_hdr->csum_start,
                                      .csum_offset = untrusted_hdr->csum_offset};

    *meta = 0;
    if (fields.flags == 0 && fields.gso_type == 0) {
        return ERR_OK;
    }
    if ((offload_needed(&fields) & ~sender_capabilities(features)) != 0) {
        return ERR_DENIED;
    }
    const enum err err = frame_meta_check(&fields, frame_bytes);
    if (err == ERR_OK) {
        *meta = frame_meta_pack(&fields);
    }
    return err;
}

enum err virtio_net_hdr_from_fields(const struct frame_meta *fields, uint64_t features,
                                    struct virtio_net_hdr *hdr)
{
    *hdr = (struct virtio_net_hdr){.num_buffers = 1};
    if ((offload_needed(fields) & ~virtio_net_hdr_capabilities(features)) != 0) {
        return ERR_DENIED;
    }
    if (has(features, VIRTIO_NET_F_GUEST_CSUM)) {
        hdr->flags = fields->flags;
    }
    hdr->gso_type = fields->gso_type;
    hdr->gso_size = fields->gso_size;
    hdr->hdr_len = fields->hdr_len;
    hdr->csum_start = fields->csum_start;
    hdr->csum_offset = fields->csum_offset;
    return ERR_OK;
}

enum err virtio_net_hdr_from_meta(uint64_t untrusted_meta, uint64_t features, uint32_t frame_bytes,
                                  struct virtio_net_hdr *hdr)
{
    struct frame_meta fields;

    *hdr = (struct virtio_net_hdr){.num_buffers = 1};
    if (untrusted_meta == 0) {
        return ERR_OK;
    }
    const enum err err = frame_meta_unpack(untrusted_meta, frame_bytes, &fields);
    return err != ERR_OK ? err : virtio_net_hdr_from_fields(&fields, features, hdr);
}
