/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/virtio_blk_io.h"

#include "lib/base/mem.h"

#define PAGE VIRTIO_BLK_PAGE_BYTES

enum err virtio_blk_io_init(struct virtio_blk *blk, const struct vmm_device_config *config)
{
    blk->shared = config->u.block.datapath == VMM_BLOCK_SHARED;
    blk->config.blk_size = BLK_SECTOR_BYTES; /* until the server says otherwise */
    if (blk->shared) {
        return ERR_OK;
    }
    blk->region = (uint8_t *)(uintptr_t)config->u.block.region;
    const uint64_t pages = config->u.block.region_bytes / PAGE;
    if (pages == 0) {
        return ERR_RANGE;
    }
    blk->page_count = pages < VIRTIO_BLK_MAX_PAGES ? (uint32_t)pages : VIRTIO_BLK_MAX_PAGES;
    blk->free_pages = blk->page_count;
    return ERR_OK;
}

static bool is_taken(const struct virtio_blk *blk, uint32_t page)
{
    return (blk->taken[page / 64] >> page % 64 & 1) != 0;
}

static void flip(struct virtio_blk *blk, uint32_t page)
{
    blk->taken[page / 64] ^= 1ull << page % 64;
}

/* A segment that goes on where the last one ends is no new one. */
static enum err add_segment(struct virtio_blk_request *request, uint64_t offset, uint32_t bytes)
{
    if (request->segment_count > 0) {
        struct blk_segment *last = &request->segments[request->segment_count - 1];

        if (last->offset + last->bytes == offset && bytes <= BLK_MAX_BYTES - last->bytes) {
            last->bytes += bytes;
            return ERR_OK;
        }
    }
    if (request->segment_count == BLK_MAX_SEGMENTS) {
        return ERR_RANGE;
    }
    request->segments[request->segment_count++] = (struct blk_segment){.offset = offset, .bytes = bytes};
    return ERR_OK;
}

static void free_pages(struct virtio_blk *blk, struct virtio_blk_request *request)
{
    for (uint32_t i = 0; i < request->segment_count; i++) {
        const struct blk_segment *segment = &request->segments[i];
        const uint32_t first = (uint32_t)(segment->offset / PAGE);
        const uint32_t count = (segment->bytes + PAGE - 1) / PAGE;

        for (uint32_t page = first; page < first + count; page++) {
            flip(blk, page);
        }
        blk->free_pages += count;
    }
    request->segment_count = 0;
}

/* Lowest pages first, so that neighbours make one segment. */
static enum err take_pages(struct virtio_blk *blk, struct virtio_blk_request *request, uint64_t bytes)
{
    uint64_t left = bytes;

    if ((bytes + PAGE - 1) / PAGE > blk->free_pages) {
        return (bytes + PAGE - 1) / PAGE > blk->page_count ? ERR_RANGE : ERR_SPACE;
    }
    for (uint32_t page = 0; left > 0; page++) {
        if (is_taken(blk, page)) {
            continue;
        }
        const uint32_t part = left < PAGE ? (uint32_t)left : PAGE;
        if (add_segment(request, (uint64_t)page * PAGE, part) != ERR_OK) {
            free_pages(blk, request);
            return blk->in_flight > 0 ? ERR_SPACE : ERR_RANGE; /* too scattered, for now */
        }
        flip(blk, page);
        blk->free_pages--;
        left -= part;
    }
    return ERR_OK;
}

/* The guest's buffers from byte `offset` of the chain's part on, `bytes` bytes or as many as there are places
   for. Returns how many. */
static uint64_t find_buffers(struct virtio_blk_request *request, const struct virtq_chain *chain,
                             uint64_t offset, uint64_t bytes)
{
    const bool is_read = request->op == BLK_READ;
    const struct virtq_segment *segments = chain->segments + (is_read ? chain->readable_count : 0);
    const uint32_t count = is_read ? chain->writable_count : chain->readable_count;
    uint64_t left = bytes;

    request->buffer_count = 0;
    for (uint32_t i = 0; i < count && left > 0 && request->buffer_count < BLK_MAX_SEGMENTS; i++) {
        if (offset >= segments[i].bytes) {
            offset -= segments[i].bytes;
            continue;
        }
        const uint64_t here = segments[i].bytes - offset;
        const uint32_t part = (uint32_t)(here < left ? here : left);
        request->buffers[request->buffer_count++] =
            (struct virtq_segment){.host = segments[i].host + offset, .bytes = part};
        left -= part;
        offset = 0;
    }
    return bytes - left;
}

/* Give `bytes` bytes back from the buffers' end. */
static void shorten(struct virtio_blk_request *request, uint64_t bytes)
{
    while (bytes > 0) {
        struct virtq_segment *last = &request->buffers[request->buffer_count - 1];
        const uint32_t part = (uint32_t)(bytes < last->bytes ? bytes : last->bytes);

        last->bytes -= part;
        bytes -= part;
        request->buffer_count -= last->bytes == 0 ? 1 : 0;
    }
}

/* What one request moves at most. With COPY: so that two of the largest find room. */
static uint64_t limit_of(const struct virtio_blk *blk)
{
    const uint64_t half = (uint64_t)(blk->page_count / 2) * PAGE;
    const uint64_t region = half >= blk->config.blk_size ? half : (uint64_t)blk->page_count * PAGE;

    return blk->shared || region > BLK_MAX_BYTES ? BLK_MAX_BYTES : region;
}

static enum err share(const struct virtio_blk *blk, struct virtio_blk_request *request)
{
    enum err err = ERR_OK;

    for (uint32_t i = 0; i < request->buffer_count && err == ERR_OK; i++) {
        const struct virtq_segment *buffer = &request->buffers[i];

        err = add_segment(request, (uint64_t)(buffer->host - blk->device.setup.mem->host), buffer->bytes);
    }
    return err;
}

/* Between the guest's buffers and the pages. */
static void copy(struct virtio_blk *blk, const struct virtio_blk_request *request)
{
    uint32_t segment = 0;
    uint32_t done = 0; /* of the segment */

    for (uint32_t i = 0; i < request->buffer_count; i++) {
        uint8_t *buffer = request->buffers[i].host;
        uint32_t left = request->buffers[i].bytes;

        while (left > 0) {
            const struct blk_segment *at = &request->segments[segment];
            const uint32_t part = at->bytes - done < left ? at->bytes - done : left;
            uint8_t *page = blk->region + at->offset + done;

            memcpy(request->op == BLK_READ ? buffer : page, request->op == BLK_READ ? page : buffer, part);
            buffer += part;
            left -= part;
            done += part;
            if (done == at->bytes) {
                segment++;
                done = 0;
            }
            blk->counters.copied_bytes += part;
        }
    }
}

enum err virtio_blk_io_prepare(struct virtio_blk *blk, struct virtio_blk_request *request,
                               const struct virtq_chain *chain, uint64_t offset, uint64_t bytes,
                               uint32_t *taken)
{
    const uint64_t limit = limit_of(blk);
    const uint64_t wanted = bytes < limit ? bytes : limit;
    uint64_t found = find_buffers(request, chain, offset, wanted);

    request->segment_count = 0;
    if (found < bytes) {
        shorten(request, found % blk->config.blk_size);
        found -= found % blk->config.blk_size;
    }
    if (found == 0) {
        return ERR_RANGE;
    }
    *taken = (uint32_t)found;
    if (blk->shared) {
        return share(blk, request);
    }
    const enum err err = take_pages(blk, request, found);
    if (err == ERR_OK && request->op == BLK_WRITE) {
        copy(blk, request);
    }
    return err;
}

void virtio_blk_io_finish(struct virtio_blk *blk, struct virtio_blk_request *request, bool copy_read)
{
    if (blk->shared) {
        return;
    }
    if (copy_read && request->op == BLK_READ) {
        copy(blk, request);
    }
    free_pages(blk, request);
}
