/* SPDX-License-Identifier: BSD-2-Clause */
/* A frame into as many receive buffers as it takes. */
#include "lib/net/rx_merge.h"

#include <stddef.h>

#include "lib/base/mem.h"

#define HEADER_BYTES ((uint32_t)sizeof(struct virtio_net_hdr))
#define COUNT_OFFSET offsetof(struct virtio_net_hdr, num_buffers)

/* The queue as it was before `popped` chains were taken and `added` of them used. */
static enum err give_back(const struct rx_merge *merge, uint16_t popped, uint16_t added, enum err err)
{
    virtq_cancel_used(merge->vq, added);
    virtq_unpop(merge->vq, popped);
    return err;
}

/* Is the chain just popped a buffer for what is left of header and frame? */
static enum err check_chain(const struct rx_merge *merge, uint64_t left)
{
    const struct virtq_chain *chain = merge->chain;

    if (merge->pieces > merge->vq->size) {
        return ERR_SPACE; /* no queue has so many of its own */
    }
    if (chain->readable_count != 0 || chain->writable_bytes < HEADER_BYTES) {
        return ERR_FORMAT;
    }
    return !merge->mergeable && chain->writable_bytes < left ? ERR_SPACE : ERR_OK;
}

/* Fill the chain with `bytes` of the frame behind its first `skip` bytes, which are the header's. */
static void fill(const struct rx_merge *merge, uint32_t skip, uint32_t bytes)
{
    const struct virtq_segment *segment = merge->chain->segments;

    for (; skip >= segment->bytes && bytes > 0; segment++) {
        skip -= segment->bytes;
    }
    for (; bytes > 0; segment++) {
        const uint32_t room = segment->bytes - skip;
        const uint32_t count = bytes < room ? bytes : room;

        merge->copy(merge->context, segment->host + skip, count);
        bytes -= count;
        skip = 0;
    }
}

static void put_header(const struct virtq_chain *chain, const struct virtio_net_hdr *hdr, uint8_t *count[2])
{
    uint8_t *first = chain->segments[0].host;

    if (chain->segments[0].bytes >= HEADER_BYTES) {
        memcpy(first, hdr, HEADER_BYTES);
        count[0] = first + COUNT_OFFSET;
        count[1] = first + COUNT_OFFSET + 1;
        return;
    }
    (void)virtq_chain_write(chain, 0, hdr, HEADER_BYTES);
    count[0] = virtq_chain_writable_at(chain, COUNT_OFFSET);
    count[1] = virtq_chain_writable_at(chain, COUNT_OFFSET + 1);
}

/* As much of the frame as the chain takes, behind `header` bytes of header. Returns how much that was. */
static uint32_t put_chain(const struct rx_merge *merge, uint32_t header, uint32_t left)
{
    const uint64_t room = merge->chain->writable_bytes - header;
    const uint32_t count = left < room ? left : (uint32_t)room;

    fill(merge, header, count);
    virtq_add_used(merge->vq, merge->chain->head, header + count);
    return count;
}

enum err rx_merge_put(struct rx_merge *merge, const struct virtio_net_hdr *hdr, uint32_t frame_bytes)
{
    uint8_t *count_at[2] = {NULL, NULL};
    uint32_t header = HEADER_BYTES, left = frame_bytes;
    uint16_t count = 0;

    merge->pieces = 0;
    do {
        enum err err = virtq_pop(merge->vq, merge->chain);
        if (err == ERR_EMPTY && virtq_is_half(merge->vq, count)) {
            err = ERR_SPACE;
        }
        if (err != ERR_OK) {
            return give_back(merge, count, count, err);
        }
        merge->pieces += merge->chain->writable_count;
        err = check_chain(merge, (uint64_t)header + left);
        if (err != ERR_OK) {
            return give_back(merge, (uint16_t)(count + 1), count, err);
        }
        if (header != 0) {
            put_header(merge->chain, hdr, count_at);
        }
        left -= put_chain(merge, header, left);
        header = 0;
        count++;
    } while (left > 0);
    if (count > 1) {
        *count_at[0] = (uint8_t)count;
        *count_at[1] = (uint8_t)(count >> 8);
    }
    return ERR_OK;
}
