/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/virtio_blk.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "lib/blk/blk_check.h"
#include "vmm/virtio/virtio_blk_io.h"

_Static_assert(sizeof(struct virtio_blk_config) == 64, "virtio 1.2, 5.2.4, with padding at its end");
_Static_assert(offsetof(struct virtio_blk_config, max_discard_sectors) == 36, "virtio 1.2, 5.2.4");

#define QUEUE 0u
#define RANGE_F_UNMAP 1u

/* Requests. */

static struct virtio_blk_request *find_request(struct virtio_blk *blk)
{
    for (uint32_t i = 0; i < VIRTIO_BLK_REQUESTS; i++) {
        if (blk->pool->requests[i].owner == NULL) {
            return &blk->pool->requests[i];
        }
    }
    return NULL;
}

static void answer(struct virtio_blk *blk, uint16_t head, uint8_t *status, uint8_t value,
                   uint32_t written_bytes)
{
    *status = value;
    blk->counters.errors += value != VIRTIO_BLK_S_OK;
    virtq_add_used(&blk->device.queues[QUEUE], head, written_bytes + 1);
}

/* Writes are on the disk when they complete unless the driver has said that it flushes (section 5.2.6.2). */
static bool writes_through(const struct virtio_blk *blk)
{
    if (virtio_device_has(&blk->device, VIRTIO_BLK_F_CONFIG_WCE)) {
        return blk->config.writeback == 0;
    }
    return !virtio_device_has(&blk->device, VIRTIO_BLK_F_FLUSH);
}

/* The message for a request that moves data. */
static enum err prepare_data(struct virtio_blk *blk, const struct virtq_chain *chain,
                             const struct virtio_blk_req *req, struct virtio_blk_request *request)
{
    struct blk_request *message = &blk->pool->message;
    const bool is_read = request->op == BLK_READ;
    const uint64_t bytes = is_read ? chain->writable_bytes - 1 : chain->readable_bytes - sizeof *req;

    if (bytes == 0 || bytes % BLK_SECTOR_BYTES != 0) {
        return ERR_FORMAT;
    }
    const enum err err = virtio_blk_io_prepare(blk, request, chain, is_read ? 0 : sizeof *req, bytes);
    if (err != ERR_OK) {
        return err;
    }
    message->sector = req->sector;
    message->sector_count = (uint32_t)(bytes / BLK_SECTOR_BYTES);
    message->segment_count = request->segment_count;
    memcpy(message->segments, request->segments, request->segment_count * sizeof request->segments[0]);
    request->written_bytes = is_read ? (uint32_t)bytes : 0;
    return ERR_OK;
}

/* The message for a request about a range (section 5.2.6.1: one segment, as our config space says). */
static enum err prepare_range(struct virtio_blk *blk, const struct virtq_chain *chain, uint32_t op)
{
    struct blk_request *message = &blk->pool->message;
    const uint32_t allowed = op == BLK_WRITE_ZEROES ? RANGE_F_UNMAP : 0;
    struct virtio_blk_range range;

    if (chain->readable_bytes != sizeof(struct virtio_blk_req) + sizeof range) {
        return ERR_FORMAT;
    }
    (void)virtq_chain_read(chain, sizeof(struct virtio_blk_req), &range, sizeof range);
    if ((range.flags & ~allowed) != 0) {
        return ERR_UNSUPPORTED;
    }
    if (range.num_sectors == 0) {
        return ERR_FORMAT;
    }
    message->sector = range.sector;
    message->sector_count = range.num_sectors;
    message->flags |= range.flags != 0 ? BLK_UNMAP : 0;
    return ERR_OK;
}

/*
 * Send the request. ERR_SPACE: there is no room, try the same chain again later. ERR_UNSUPPORTED and others:
 * answered so.
 */
static enum err send(struct virtio_blk *blk, const struct virtq_chain *chain,
                     const struct virtio_blk_req *req, uint8_t *status, uint32_t op)
{
    struct virtio_blk_request *request = find_request(blk);
    struct blk_request *message = &blk->pool->message;
    uint8_t *data;
    enum err err = ERR_OK;

    if (request == NULL) {
        return ERR_SPACE;
    }
    if (ring_reserve(&blk->link, sizeof *message, &data) != ERR_OK) {
        return ring_is_broken(&blk->link) ? ERR_IO : ERR_SPACE;
    }
    message->op = op;
    message->flags = writes_through(blk) && op != BLK_READ && op != BLK_FLUSH ? BLK_FUA : 0;
    message->sector = 0;
    message->sector_count = 0;
    message->segment_count = 0;
    request->op = op;
    request->written_bytes = 0;
    request->segment_count = 0;
    request->buffer_count = 0;
    if (op == BLK_READ || op == BLK_WRITE) {
        err = prepare_data(blk, chain, req, request);
    } else if (op != BLK_FLUSH) {
        err = prepare_range(blk, chain, op);
    }
    if (err != ERR_OK) {
        return err;
    }
    request->owner = blk;
    request->orphan = false;
    request->head = chain->head;
    request->status = status;
    blk->in_flight++;
    const uint32_t bytes = blk_check_request_bytes(message->segment_count);
    memcpy(data, message, bytes);
    ring_commit(&blk->link, bytes, (uint64_t)(request - blk->pool->requests));
    return ERR_OK;
}

static uint64_t feature_of(uint32_t op)
{
    static const uint64_t features[] = {
        [BLK_FLUSH] = VIRTIO_BLK_F_FLUSH,
        [BLK_DISCARD] = VIRTIO_BLK_F_DISCARD,
        [BLK_WRITE_ZEROES] = VIRTIO_BLK_F_WRITE_ZEROES,
    };
    return features[op];
}

static enum err op_of(uint32_t type, uint32_t *op)
{
    switch (type) {
    case VIRTIO_BLK_T_IN:
        *op = BLK_READ;
        return ERR_OK;
    case VIRTIO_BLK_T_OUT:
        *op = BLK_WRITE;
        return ERR_OK;
    case VIRTIO_BLK_T_FLUSH:
        *op = BLK_FLUSH;
        return ERR_OK;
    case VIRTIO_BLK_T_DISCARD:
        *op = BLK_DISCARD;
        return ERR_OK;
    case VIRTIO_BLK_T_WRITE_ZEROES:
        *op = BLK_WRITE_ZEROES;
        return ERR_OK;
    default:
        return ERR_UNSUPPORTED;
    }
}

/*
 * One chain. ERR_SPACE: no room for it now. Other errors: the driver broke the rules so that there is no
 * place for an answer; whatever else is wrong with a request is answered.
 */
static enum err handle(struct virtio_blk *blk, const struct virtq_chain *chain)
{
    struct virtio_blk_req req;
    uint32_t op;

    if (chain->writable_bytes == 0 || chain->readable_bytes < sizeof req) {
        return ERR_FORMAT;
    }
    uint8_t *status = virtq_chain_writable_at(chain, chain->writable_bytes - 1);
    (void)virtq_chain_read(chain, 0, &req, sizeof req);
    if (req.type == VIRTIO_BLK_T_GET_ID) {
        const uint64_t room = chain->writable_bytes - 1;
        const bool fits = room >= sizeof blk->id;
        const uint64_t written = fits ? virtq_chain_write(chain, 0, blk->id, sizeof blk->id) : 0;
        answer(blk, chain->head, status, fits ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR, (uint32_t)written);
        return ERR_OK;
    }
    enum err err = op_of(req.type, &op);
    if (err == ERR_OK && !virtio_device_has(&blk->device, feature_of(op))) {
        err = ERR_UNSUPPORTED;
    }
    if (err == ERR_OK) {
        err = send(blk, chain, &req, status, op);
    }
    if (err == ERR_SPACE) {
        return err;
    }
    blk->counters.requests++;
    if (err != ERR_OK) {
        answer(blk, chain->head, status, err == ERR_UNSUPPORTED ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR,
               0);
    }
    return ERR_OK;
}

/*
 * A notification buys one look at the index, and nothing else does: a completion writes into the guest's
 * memory, and what it writes may be the next request and the index that announces it.
 */
static enum err next_chain(struct virtio_blk *blk, struct virtq *vq)
{
    enum err err = virtq_pop(vq, blk->scratch);

    if (err == ERR_EMPTY && blk->kicked) {
        blk->kicked = false;
        (void)virtq_request_kick(vq);
        err = virtq_pop(vq, blk->scratch);
    }
    return err;
}

/* All chains that the driver has notified us of, or as many as there is room for. */
static void take_chains(struct virtio_blk *blk, struct virtq *vq)
{
    enum err err;

    blk->stalled = false;
    while ((err = next_chain(blk, vq)) == ERR_OK) {
        err = handle(blk, blk->scratch);
        if (err == ERR_SPACE) {
            virtq_unpop(vq, 1);
            /* A reply will come and free what is missing, unless it is the link that is full. */
            if (ring_request_record_space(&blk->link, sizeof(struct blk_request)) && blk->in_flight == 0 &&
                find_request(blk) != NULL) {
                continue;
            }
            blk->stalled = true;
            return;
        }
        if (err != ERR_OK) {
            break;
        }
    }
    if (err != ERR_EMPTY) {
        virtio_device_fail(&blk->device, "request queue", err);
    }
}

static void run_queue(struct virtio_blk *blk)
{
    struct virtq *vq = &blk->device.queues[QUEUE];

    if (!virtio_device_is_running(&blk->device) || !virtq_is_ready(vq)) {
        return;
    }
    take_chains(blk, vq);
    if (ring_should_signal_data(&blk->link)) {
        microkit_notify(blk->channel);
    }
    virtio_device_publish(&blk->device, QUEUE);
}

/* Replies. */

/* The driver's features and the config space, from what the disk is like. */
static void take_info(struct virtio_blk *blk, const struct blk_info *info)
{
    struct virtio_blk_config *config = &blk->config;
    const uint64_t region_share = (uint64_t)blk->page_count * VIRTIO_BLK_PAGE_BYTES / 2 / BLK_MAX_SEGMENTS;
    const bool first = !blk->has_info;

    config->capacity = info->sector_count;
    blk->has_info = true;
    if (!first) { /* a driver may have seen the rest already, and relies on it */
        virtio_device_config_changed(&blk->device);
        return;
    }
    config->seg_max = info->max_segments < BLK_MAX_SEGMENTS ? info->max_segments : BLK_MAX_SEGMENTS;
    /* With COPY: so that two of the largest requests find room. */
    config->size_max = blk->shared                            ? BLK_MAX_BYTES / BLK_MAX_SEGMENTS
                       : region_share < VIRTIO_BLK_PAGE_BYTES ? VIRTIO_BLK_PAGE_BYTES
                                                              : (uint32_t)region_share;
    config->size_max -= config->size_max % VIRTIO_BLK_PAGE_BYTES;
    if (!blk->shared && config->seg_max > blk->page_count / 2) {
        config->seg_max = blk->page_count < 2 ? 1 : blk->page_count / 2;
    }
    config->blk_size = info->block_bytes;
    config->physical_block_exp = info->physical_exponent;
    config->alignment_offset = info->alignment_offset;
    config->min_io_size = info->min_io_blocks;
    config->opt_io_size = info->optimal_io_blocks;
    config->writeback = 1;
    config->max_discard_sectors = info->max_discard;
    config->max_discard_seg = 1;
    config->discard_sector_alignment = info->discard_align;
    config->max_write_zeroes_sectors = info->max_write_zeroes;
    config->max_write_zeroes_seg = 1;
    config->write_zeroes_may_unmap = (info->flags & BLK_INFO_MAY_UNMAP) != 0;

    uint64_t features = VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE |
                        VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE |
                        VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC;
    features |= (info->flags & BLK_INFO_READ_ONLY) != 0 ? VIRTIO_BLK_F_RO : 0;
    features |= (info->flags & BLK_INFO_DISCARD) != 0 ? VIRTIO_BLK_F_DISCARD : 0;
    features |= (info->flags & BLK_INFO_WRITE_ZEROES) != 0 ? VIRTIO_BLK_F_WRITE_ZEROES : 0;
    blk->device.setup.features = features;
}

static uint8_t status_of(uint32_t status)
{
    if (status == BLK_DONE) {
        return VIRTIO_BLK_S_OK;
    }
    return status == BLK_UNSUPPORTED ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR;
}

static void end_request(struct virtio_blk *blk, struct virtio_blk_request *request, uint32_t status)
{
    const bool done = status == BLK_DONE;

    virtio_blk_io_finish(blk, request, done && !request->orphan);
    if (!request->orphan) {
        answer(blk, request->head, request->status, status_of(status), done ? request->written_bytes : 0);
    }
    request->owner = NULL;
    blk->in_flight--;
    if (blk->shared && blk->in_flight == 0) {
        virtio_device_lets_go(&blk->device);
    }
}

static enum err take_reply(struct virtio_blk *blk, const struct ring_record *record, const uint8_t *data)
{
    struct blk_reply reply;

    if (record->meta == BLK_TAG_INFO) {
        struct blk_info info;
        const enum err err = blk_check_info(&info, data, record->length_bytes);
        if (err == ERR_OK) {
            take_info(blk, &info);
        }
        return err;
    }
    if (record->length_bytes != sizeof reply) {
        return ERR_FORMAT;
    }
    if (record->meta >= VIRTIO_BLK_REQUESTS || blk->pool->requests[record->meta].owner != blk) {
        return ERR_RANGE;
    }
    mem_copy_once(&reply, data, sizeof reply);
    end_request(blk, &blk->pool->requests[record->meta], reply.status);
    return ERR_OK;
}

static void take_replies(struct virtio_blk *blk)
{
    struct ring_record record;
    const uint8_t *data;

    do {
        while (ring_peek(&blk->link, &record, &data) == ERR_OK) {
            const enum err err = take_reply(blk, &record, data);
            if (err != ERR_OK) {
                log_warn_limited(&blk->complaints, "%s: the block server talks nonsense: %s",
                                 blk->device.setup.name, err_text(err));
            }
            ring_release(&blk->link);
        }
    } while (ring_request_data(&blk->link));
    if (ring_should_signal_space(&blk->link)) {
        microkit_notify(blk->channel);
    }
}

/* The server has lost our requests: they have failed. */
static void fail_all(struct virtio_blk *blk)
{
    for (uint32_t i = 0; i < VIRTIO_BLK_REQUESTS; i++) {
        if (blk->pool->requests[i].owner == blk) {
            end_request(blk, &blk->pool->requests[i], BLK_FAILED);
        }
    }
}

void virtio_blk_notified(struct virtio_blk *blk)
{
    if (ring_sync(&blk->link)) {
        fail_all(blk);
    }
    take_replies(blk);
    if (virtio_device_is_running(&blk->device) && virtq_is_ready(&blk->device.queues[QUEUE])) {
        virtio_device_publish(&blk->device, QUEUE);
    }
    /* What has become free may be what another disk waits for. */
    for (uint32_t i = 0; i < blk->pool->disk_count; i++) {
        if (blk->pool->disks[i]->stalled) {
            run_queue(blk->pool->disks[i]);
        }
    }
}

bool virtio_blk_is_idle(const struct virtio_blk *blk)
{
    return !blk->shared || blk->in_flight == 0;
}

bool virtio_blk_is_ready(const struct virtio_blk *blk)
{
    return blk->has_info && virtio_blk_is_idle(blk);
}

/* The device. */

static void start(void *context)
{
    struct virtio_blk *blk = context;

    blk->device.posted = blk->posts;
    blk->kicked = true;
    run_queue(blk);
}

/* The queue is gone; what the server has is nobody's. */
static void forget(struct virtio_blk *blk)
{
    for (uint32_t i = 0; i < VIRTIO_BLK_REQUESTS; i++) {
        if (blk->pool->requests[i].owner == blk) {
            blk->pool->requests[i].orphan = true;
        }
    }
    blk->stalled = false;
    blk->kicked = false;
}

static void reset(void *context)
{
    struct virtio_blk *blk = context;

    forget(blk);
    blk->config.writeback = 1;
}

static bool has_let_go(const void *context)
{
    return virtio_blk_is_idle(context);
}

static void kick(void *context, uint16_t index)
{
    struct virtio_blk *blk = context;

    (void)index;
    blk->kicked = true;
    if (!blk->stalled) {
        run_queue(blk);
    }
}

void virtio_blk_kicked(struct virtio_blk *blk)
{
    virtio_device_kick(&blk->device, QUEUE);
}

static void queue_disabled(void *context, uint16_t index)
{
    (void)index;
    forget(context);
}

static void config_write(void *context, uint32_t offset, const void *from, uint32_t bytes)
{
    struct virtio_blk *blk = context;
    uint8_t value;

    /* The one field that a driver may write (section 5.2.4). */
    if (offset == offsetof(struct virtio_blk_config, writeback) && bytes == 1 &&
        virtio_device_has(&blk->device, VIRTIO_BLK_F_CONFIG_WCE)) {
        memcpy(&value, from, sizeof value);
        blk->config.writeback = value != 0;
    }
}

static const struct virtio_device_ops blk_ops = {
    .start = start,
    .reset = reset,
    .kick = kick,
    .queue_disabled = queue_disabled,
    .has_let_go = has_let_go,
    .config_write = config_write,
};

enum err virtio_blk_init(struct virtio_blk *blk, const struct vmm_device_config *config,
                         const struct guestmem *mem, struct virtq_chain *scratch,
                         struct virtio_blk_pool *pool)
{
    memset(blk, 0, sizeof *blk);
    blk->channel = config->link.channel;
    blk->posts = config->registers != 0;
    blk->scratch = scratch;
    blk->pool = pool;
    memcpy(blk->id, config->u.block.id, sizeof blk->id);
    if (config->link.bytes == 0 || pool->disk_count == VMM_CONFIG_MAX_DEVICES) {
        return ERR_RANGE;
    }
    pool->disks[pool->disk_count++] = blk;
    enum err err = virtio_blk_io_init(blk, config);
    if (err == ERR_OK) {
        err = ring_init(&blk->link, (void *)(uintptr_t)config->link.own,
                        (const void *)(uintptr_t)config->link.peer, config->link.bytes);
    }
    if (err != ERR_OK) {
        return err;
    }
    const struct virtio_device_setup setup = {
        .name = config->name,
        .id = VIRTIO_ID_BLOCK,
        .ops = &blk_ops,
        .context = blk,
        .mem = mem,
        .config = &blk->config,
        .config_bytes = sizeof blk->config - 4, /* without the padding at its end */
        .queue_count = 1,
        .queue_size = config->queue_size <= VIRTQ_MAX_SIZE ? (uint16_t)config->queue_size : 0,
    };
    return virtio_device_init(&blk->device, &setup);
}
