/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio feature bits by their names (virtio 1.2, sections 5.1.3 and 6). */
#include <stdlib.h>
#include <string.h>

#include "lib/net/virtio_net_hdr.h"
#include "tool/base/mem.h"
#include "tool/base/suggest.h"
#include "tool/expand/expand.h"

static const struct feature {
    const char *name;
    uint64_t bits;
} net_features[] = {
    {"csum", VIRTIO_NET_F_CSUM},
    {"guest_csum", VIRTIO_NET_F_GUEST_CSUM},
    {"guest_tso4", VIRTIO_NET_F_GUEST_TSO4},
    {"guest_tso6", VIRTIO_NET_F_GUEST_TSO6},
    {"guest_ecn", VIRTIO_NET_F_GUEST_ECN},
    {"host_tso4", VIRTIO_NET_F_HOST_TSO4},
    {"host_tso6", VIRTIO_NET_F_HOST_TSO6},
    {"host_ecn", VIRTIO_NET_F_HOST_ECN},
    {"guest_uso4", VIRTIO_NET_F_GUEST_USO4},
    {"guest_uso6", VIRTIO_NET_F_GUEST_USO6},
    {"host_uso", VIRTIO_NET_F_HOST_USO},
    {"mrg_rxbuf", VIRTIO_NET_F_MRG_RXBUF},
    {"mtu", VIRTIO_NET_F_MTU},
    {"status", VIRTIO_NET_F_STATUS},
    {"ctrl_vq", VIRTIO_NET_F_CTRL_VQ},
    {"ctrl_rx", VIRTIO_NET_F_CTRL_RX},
    {"ctrl_rx_extra", VIRTIO_NET_F_CTRL_RX_EXTRA},
    {"ctrl_vlan", VIRTIO_NET_F_CTRL_VLAN},
    {"ctrl_mac_addr", VIRTIO_NET_F_CTRL_MAC_ADDR},
    {"guest_announce", VIRTIO_NET_F_GUEST_ANNOUNCE},
    {"indirect_desc", UINT64_C(1) << 28},
    {"event_idx", UINT64_C(1) << 29},
    {"ring_reset", UINT64_C(1) << 40},
    /* What they amount to together: nothing but whole, finished frames. */
    {"offloads", VIRTIO_NET_OFFLOADS},
};

/* What a receive buffer of a driver's pins: one for whole packets as large as guests exchange, where it may
   get such but not in pieces; else a page. */
#define BIG_BUFFER_BYTES UINT64_C(0x11000)
#define BUFFER_BYTES UINT64_C(0x1000)
#define BIG_PACKETS                                                                                          \
    (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6)
/* Parts of a guest's RAM that a card's receive queue may pin: unless told otherwise, and at most. */
#define USUAL_PART 16u
#define LARGEST_PART 4u

static uint64_t find_bits(struct expand *expand, const struct node *node, const char *attribute,
                          const char *name)
{
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    suggest_start(&suggest, name);
    for (size_t i = 0; i < sizeof(net_features) / sizeof(net_features[0]); i++) {
        if (strcmp(net_features[i].name, name) == 0) {
            return net_features[i].bits;
        }
        suggest_offer(&suggest, net_features[i].name);
    }
    diag_error(expand->diag, node_loc(node, attribute), "<%s>: there is no feature \"%s\"%s",
               node->spec->name, name, suggest_text(&suggest, suggestion));
    return 0;
}

uint64_t expand_net_features(struct expand *expand, const struct node *node, const char *attribute,
                             const char *list)
{
    char *copy = mem_strdup(list);
    char *rest = NULL;
    uint64_t bits = 0;

    for (char *at = copy == NULL ? NULL : strtok_r(copy, " ", &rest); at != NULL;
         at = strtok_r(NULL, " ", &rest)) {
        bits |= find_bits(expand, node, attribute, at);
    }
    free(copy);
    return bits;
}

uint32_t expand_net_queue_size(struct expand *expand, const struct node *net, uint64_t features_off,
                               uint64_t ram_bytes)
{
    const struct desc_net *desc = net->fields;
    const bool whole = (features_off & VIRTIO_NET_F_MRG_RXBUF) != 0;
    const uint64_t each = !whole                                        ? BUFFER_BYTES
                          : (features_off & BIG_PACKETS) != BIG_PACKETS ? BIG_BUFFER_BYTES
                                                                        : BUFFER_BYTES + desc->mtu;
    const uint64_t part = node_has(net, "queue_size") ? LARGEST_PART : USUAL_PART;
    uint64_t size = desc->queue_size;

    while (size > 2 && ram_bytes != 0 && size * each > ram_bytes / part) {
        size /= 2;
    }
    if (size != desc->queue_size && node_has(net, "queue_size")) {
        diag_error(
            expand->diag, node_loc(net, "queue_size"),
            "<net>: queue_size=\"%llu\": a receive queue may take that many buffers of %llu KiB%s, more "
            "than a quarter of the guest's RAM; at most %llu",
            (unsigned long long)desc->queue_size, (unsigned long long)(each / 1024),
            whole ? " without mrg_rxbuf" : "", (unsigned long long)size);
    }
    return (uint32_t)size;
}
