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
        if (blk->pool->requests[i].job == NULL) {
            return &blk->pool->requests[i];
        }
    }
    return NULL;
}

static struct virtio_blk_job *find_job(struct virtio_blk *blk)
{
    for (uint32_t i = 0; i < VIRTIO_BLK_REQUESTS; i++) {
        if (blk->pool->jobs[i].owner == NULL) {
            return &blk->pool->jobs[i];
        }
    }
    return NULL;
}

/*
 * Section 2.7.8: the used length counts what is written from the beginning of the writable part on. The
 * status is its last byte, so it counts only where all `data_bytes` in front of it are written.
 */
static void answer(struct virtio_blk *blk, const struct virtio_blk_job *job, uint8_t value,
                   uint64_t data_bytes)
{
    const bool is_whole = data_bytes + 1 == job->writable_bytes;
    const uint64_t used = is_whole ? data_bytes + 1 : data_bytes;

    *job->status = value;
    blk->counters.errors += value != VIRTIO_BLK_S_OK;
    virtq_add_used(&blk->device.queues[QUEUE], job->head, used < UINT32_MAX ? (uint32_t)used : UINT32_MAX);
}

static uint8_t status_of(uint32_t status)
{
    if (status == BLK_DONE) {
        return VIRTIO_BLK_S_OK;
    }
    return status == BLK_UNSUPPORTED ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR;
}

/* Nothing more will come for the job if all is sent and answered. */
static void settle(struct virtio_blk *blk, struct virtio_blk_job *job)
{
    if (!job->all_sent || job->parts != 0) {
        return;
    }
    if (!job->orphan) {
        const bool is_read = job->result == BLK_DONE && job->op == BLK_READ;

        answer(blk, job, status_of(job->result), is_read ? job->bytes : 0);
    }
    job->owner = NULL;
}

/* Writes are on the disk when they complete unless the driver has said that it flushes (section 5.2.6.2). */
static bool writes_through(const struct virtio_blk *blk)
{
    if (virtio_device_has(&blk->device, VIRTIO_BLK_F_CONFIG_WCE)) {
        return blk->config.writeback == 0;
    }
    return !virtio_device_has(&blk->device, VIRTIO_BLK_F_FLUSH);
}

/* The message for the next part of a job that moves data, and its length in *bytes. */
static enum err prepare_data(struct virtio_blk *blk, const struct virtq_chain *chain,
                             const struct virtio_blk_job *job, struct virtio_blk_request *request,
                             uint32_t *bytes)
{
    struct blk_request *message = &blk->pool->message;
    const uint64_t start = job->op == BLK_READ ? 0 : sizeof(struct virtio_blk_req);
    const enum err err = virtio_blk_io_prepare(blk, request, chain, start + job->sent_bytes,
                                               job->bytes - job->sent_bytes, bytes);

    if (err != ERR_OK) {
        return err;
    }
    message->sector = job->sector + job->sent_bytes / BLK_SECTOR_BYTES;
    message->sector_count = *bytes / BLK_SECTOR_BYTES;
    message->segment_count = request->segment_count;
    memcpy(message->segments, request->segments, request->segment_count * sizeof request->segments[0]);
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

/* Send one request of the job's. ERR_SPACE: there is no room now. Other errors: the job fails so. */
static enum err send_part(struct virtio_blk *blk, const struct virtq_chain *chain, struct virtio_blk_job *job)
{
    struct virtio_blk_request *request = find_request(blk);
    struct blk_request *message = &blk->pool->message;
    const uint32_t op = job->op;
    uint32_t bytes = 0;
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
    request->segment_count = 0;
    request->buffer_count = 0;
    if (op == BLK_READ || op == BLK_WRITE) {
        err = prepare_data(blk, chain, job, request, &bytes);
    } else if (op != BLK_FLUSH) {
        err = prepare_range(blk, chain, op);
    }
    if (err != ERR_OK) {
        return err;
    }
    request->job = job;
    job->parts++;
    job->sent_bytes += bytes;
    blk->in_flight++;
    const uint32_t record_bytes = blk_check_request_bytes(message->segment_count);
    memcpy(data, message, record_bytes);
    ring_commit(&blk->link, record_bytes, (uint64_t)(request - blk->pool->requests));
    return ERR_OK;
}

/* All that is left of the job. ERR_SPACE: there is no room for more of it now. */
static enum err send_job(struct virtio_blk *blk, const struct virtq_chain *chain, struct virtio_blk_job *job)
{
    enum err err = ERR_OK;

    do {
        err = send_part(blk, chain, job);
    } while (err == ERR_OK && job->sent_bytes < job->bytes && job->result == BLK_DONE);
    if (err == ERR_SPACE) {
        blk->half_sent = job;
        return err;
    }
    if (err != ERR_OK) {
        job->result = err == ERR_UNSUPPORTED ? BLK_UNSUPPORTED : BLK_FAILED;
    }
    blk->half_sent = NULL;
    job->all_sent = true;
    settle(blk, job);
    return ERR_OK;
}

/* The kinds of requests, what the server calls them, and the feature that each needs. */
static const struct kind {
    uint32_t type;
    uint32_t op;
    uint64_t feature;
} kinds[] = {
    {VIRTIO_BLK_T_IN, BLK_READ, 0},
    {VIRTIO_BLK_T_OUT, BLK_WRITE, 0},
    {VIRTIO_BLK_T_FLUSH, BLK_FLUSH, VIRTIO_BLK_F_FLUSH},
    {VIRTIO_BLK_T_DISCARD, BLK_DISCARD, VIRTIO_BLK_F_DISCARD},
    {VIRTIO_BLK_T_WRITE_ZEROES, BLK_WRITE_ZEROES, VIRTIO_BLK_F_WRITE_ZEROES},
};

static const struct kind *find_kind(uint32_t type)
{
    for (uint32_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].type == type) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* How much a request moves, as the driver has it: whole sectors of the disk, and no more than RAM has bytes.
 */
static bool data_is_good(const struct virtio_blk *blk, const struct virtio_blk_job *job)
{
    return job->bytes != 0 && job->bytes % BLK_SECTOR_BYTES == 0 &&
           job->bytes <= blk->device.setup.mem->bytes &&
           blk_check_range(job->sector, job->bytes / BLK_SECTOR_BYTES, blk->config.capacity);
}

static void give_id(struct virtio_blk *blk, const struct virtq_chain *chain, const struct virtio_blk_job *job)
{
    const bool fits = job->writable_bytes - 1 >= sizeof blk->id;
    const uint64_t written = fits ? virtq_chain_write(chain, 0, blk->id, sizeof blk->id) : 0;

    answer(blk, job, fits ? VIRTIO_BLK_S_OK : VIRTIO_BLK_S_IOERR, written);
}

/* What the chain asks for, in *job. Errors: it is answered with that. */
static enum err understand(const struct virtio_blk *blk, const struct virtq_chain *chain,
                           const struct virtio_blk_req *req, struct virtio_blk_job *job)
{
    const struct kind *kind = find_kind(req->type);

    if (kind == NULL || !virtio_device_has(&blk->device, kind->feature)) {
        return ERR_UNSUPPORTED;
    }
    job->op = kind->op;
    if (job->op == BLK_READ || job->op == BLK_WRITE) {
        job->sector = req->sector;
        job->bytes = job->op == BLK_READ ? job->writable_bytes - 1 : chain->readable_bytes - sizeof *req;
        return data_is_good(blk, job) ? ERR_OK : ERR_RANGE;
    }
    return ERR_OK;
}

/*
 * One chain. ERR_SPACE: no room for it, or for all of it, now. Other errors: the driver broke the rules so
 * that there is no place for an answer; whatever else is wrong with a request is answered.
 */
static enum err handle(struct virtio_blk *blk, const struct virtq_chain *chain)
{
    struct virtio_blk_req req;
    struct virtio_blk_job job = {.owner = blk, .head = chain->head, .writable_bytes = chain->writable_bytes};
    struct virtio_blk_job *place = find_job(blk);

    /* Read again by what was half sent: of the chain only the buffers count, which are checked each time. */
    if (blk->half_sent != NULL) {
        return send_job(blk, chain, blk->half_sent);
    }
    if (chain->writable_bytes == 0 || chain->readable_bytes < sizeof req) {
        return ERR_FORMAT;
    }
    if (place == NULL) {
        return ERR_SPACE;
    }
    job.status = virtq_chain_writable_at(chain, chain->writable_bytes - 1);
    (void)virtq_chain_read(chain, 0, &req, sizeof req);
    if (req.type == VIRTIO_BLK_T_GET_ID) {
        give_id(blk, chain, &job);
        return ERR_OK;
    }
    blk->counters.requests++;
    const enum err err = understand(blk, chain, &req, &job);
    if (err != ERR_OK) {
        answer(blk, &job, err == ERR_UNSUPPORTED ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR, 0);
        return ERR_OK;
    }
    *place = job;
    return send_job(blk, chain, place);
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
    const bool first = !blk->has_info;

    config->capacity = info->sector_count;
    blk->has_info = true;
    if (!first) { /* a driver may have seen the rest already, and relies on it */
        virtio_device_config_changed(&blk->device);
        return;
    }
    config->seg_max = info->max_segments < BLK_MAX_SEGMENTS ? info->max_segments : BLK_MAX_SEGMENTS;
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

    uint64_t features = VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_TOPOLOGY |
                        VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE | VIRTIO_F_EVENT_IDX |
                        VIRTIO_F_INDIRECT_DESC;
    features |= (info->flags & BLK_INFO_READ_ONLY) != 0 ? VIRTIO_BLK_F_RO : 0;
    features |= (info->flags & BLK_INFO_DISCARD) != 0 ? VIRTIO_BLK_F_DISCARD : 0;
    features |= (info->flags & BLK_INFO_WRITE_ZEROES) != 0 ? VIRTIO_BLK_F_WRITE_ZEROES : 0;
    blk->device.setup.features = features;
}

static void end_request(struct virtio_blk *blk, struct virtio_blk_request *request, uint32_t status)
{
    struct virtio_blk_job *job = request->job;

    virtio_blk_io_finish(blk, request, status == BLK_DONE && !job->orphan);
    request->job = NULL;
    blk->in_flight--;
    job->parts--;
    job->result = job->result == BLK_DONE ? status : job->result;
    settle(blk, job);
    if (blk->shared && blk->in_flight == 0) {
        virtio_device_quiesced(&blk->device);
    }
}

static bool owns(const struct virtio_blk *blk, const struct virtio_blk_request *request)
{
    return request->job != NULL && request->job->owner == blk;
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
    if (record->meta >= VIRTIO_BLK_REQUESTS || !owns(blk, &blk->pool->requests[record->meta])) {
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
                log_warn_limited(&blk->complaints, "%s: malformed message of the block server: %s",
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
        if (owns(blk, &blk->pool->requests[i])) {
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
        struct virtio_blk_job *job = &blk->pool->jobs[i];

        if (job->owner == blk) {
            job->orphan = true;
            job->all_sent = true;
            settle(blk, job);
        }
    }
    blk->half_sent = NULL;
    blk->stalled = false;
    blk->kicked = false;
}

static void reset(void *context)
{
    struct virtio_blk *blk = context;

    forget(blk);
    blk->config.writeback = 1;
}

static bool is_quiesced(const void *context)
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
    .is_quiesced = is_quiesced,
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
