/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/blk_server/blk_sched.h"

#include "lib/base/mem.h"
#include "lib/blk/blk_check.h"

/* What a request costs beside its bytes, so that small ones aren't free. */
#define MIN_COST_BYTES 4096

/* Jobs. */

bool blk_sched_has_room(const struct blk_server *server, const struct blk_client *client)
{
    return client->job_count < BLK_SERVER_JOBS / server->config->client_count;
}

static uint32_t index_of(const struct blk_server *server, const struct blk_job *job)
{
    return (uint32_t)(job - server->jobs);
}

static void finish(struct blk_server *server, struct blk_job *job)
{
    struct blk_client *client = &server->clients[job->client];

    job->state = BLK_JOB_DONE;
    client->counters.failed += job->status != BLK_DONE;
    if (job->orphan) {
        job->state = BLK_JOB_FREE;
        client->job_count--;
    } else {
        client->done_count++;
    }
}

static void enqueue(struct blk_server *server, struct blk_job *job, bool at_front)
{
    struct blk_client *client = &server->clients[job->client];
    const uint32_t index = index_of(server, job);

    job->state = BLK_JOB_QUEUED;
    job->next = BLK_SERVER_NO_JOB;
    if (client->queue_first == BLK_SERVER_NO_JOB) {
        client->queue_first = index;
        client->queue_last = index;
    } else if (at_front) {
        job->next = client->queue_first;
        client->queue_first = index;
    } else {
        server->jobs[client->queue_last].next = index;
        client->queue_last = index;
    }
}

/* Nothing is left to issue, and nothing in flight: done, or time for the flush. */
static void settle(struct blk_server *server, struct blk_job *job)
{
    const struct blk_disk *disk = &server->disks[server->clients[job->client].config->disk];

    if (job->state != BLK_JOB_ISSUED || job->parts != 0) {
        return;
    }
    if (job->status == BLK_DONE && !job->orphan && (job->request.flags & BLK_FUA) != 0 &&
        job->request.op != BLK_FLUSH && (disk->info.flags & BLK_INFO_FLUSH) != 0) {
        job->request.op = BLK_FLUSH;
        enqueue(server, job, true);
        return;
    }
    finish(server, job);
}

/* The request isn't touched: most of it is room for segments, which zeroes would be written to for nothing.
 */
static void start_job(struct blk_job *job, uint32_t client, uint64_t tag, uint32_t status)
{
    job->orphan = false;
    job->client = client;
    job->tag = tag;
    job->issued_sectors = 0;
    job->segment = 0;
    job->segment_bytes = 0;
    job->parts = 0;
    job->status = status;
    job->next = BLK_SERVER_NO_JOB;
}

void blk_sched_add(struct blk_server *server, uint32_t index, uint64_t tag, uint32_t status)
{
    struct blk_client *client = &server->clients[index];
    const struct blk_disk *disk = &server->disks[client->config->disk];
    uint32_t free = 0;

    while (server->jobs[free].state != BLK_JOB_FREE) {
        free++; /* the clients' shares add up to what there is */
    }
    struct blk_job *job = &server->jobs[free];
    start_job(job, index, tag, status);
    client->job_count++;
    client->counters.requests++;
    client->counters.refused += status != BLK_DONE;
    const bool is_idle_flush = server->request.op == BLK_FLUSH && (disk->info.flags & BLK_INFO_FLUSH) == 0;
    if (status != BLK_DONE || is_idle_flush) {
        finish(server, job);
        return;
    }
    memcpy(&job->request, &server->request, blk_check_request_bytes(server->request.segment_count));
    client->counters.sectors += job->request.sector_count;
    enqueue(server, job, false);
}

static void dequeue(struct blk_server *server, struct blk_client *client)
{
    struct blk_job *job = &server->jobs[client->queue_first];

    client->queue_first = job->next;
    job->next = BLK_SERVER_NO_JOB;
    job->state = BLK_JOB_ISSUED;
}

struct blk_job *blk_sched_done(struct blk_server *server, uint32_t index)
{
    for (uint32_t i = 0; i < BLK_SERVER_JOBS && server->clients[index].done_count > 0; i++) {
        if (server->jobs[i].state == BLK_JOB_DONE && server->jobs[i].client == index) {
            return &server->jobs[i];
        }
    }
    return NULL;
}

void blk_sched_free(struct blk_server *server, struct blk_job *job)
{
    struct blk_client *client = &server->clients[job->client];

    job->state = BLK_JOB_FREE;
    client->done_count--;
    client->job_count--;
}

void blk_sched_forget(struct blk_server *server, uint32_t index)
{
    struct blk_client *client = &server->clients[index];

    client->queue_first = BLK_SERVER_NO_JOB;
    for (uint32_t i = 0; i < BLK_SERVER_JOBS; i++) {
        struct blk_job *job = &server->jobs[i];

        if (job->state == BLK_JOB_FREE || job->client != index) {
            continue;
        }
        if (job->state == BLK_JOB_DONE) {
            blk_sched_free(server, job);
            continue;
        }
        job->orphan = true;
        job->state = BLK_JOB_ISSUED;
        settle(server, job);
    }
}

bool blk_sched_has_orphans(const struct blk_server *server, uint32_t index)
{
    bool has = false;

    for (uint32_t i = 0; i < BLK_SERVER_JOBS; i++) {
        const struct blk_job *job = &server->jobs[i];

        has = has || (job->state != BLK_JOB_FREE && job->client == index && job->orphan);
    }
    return has;
}

/* Parts. */

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool has_data(uint32_t op)
{
    return op == BLK_READ || op == BLK_WRITE;
}

/* Take up to `limit` bytes of the job's segments into `part`. Returns how many, any number. */
static uint64_t add_segments(struct blk_request *part, struct blk_job *job, uint64_t limit,
                             const struct blk_info *info)
{
    uint64_t added = 0;

    while (added < limit && part->segment_count < info->max_segments &&
           job->segment < job->request.segment_count) {
        const struct blk_segment *from = &job->request.segments[job->segment];
        const uint64_t left = from->bytes - job->segment_bytes;
        const uint32_t bytes = (uint32_t)smaller(smaller(left, limit - added), info->max_segment_bytes);

        part->segments[part->segment_count++] = (struct blk_segment){
            .offset = from->offset + job->segment_bytes, .bytes = bytes, .region = from->region};
        added += bytes;
        job->segment_bytes += bytes;
        if (job->segment_bytes == from->bytes) {
            job->segment++;
            job->segment_bytes = 0;
        }
    }
    return added;
}

/* Give `bytes` bytes, less than all that were just added, back from the part's end. */
static void give_back(struct blk_request *part, struct blk_job *job, uint64_t bytes)
{
    while (bytes > 0) {
        struct blk_segment *last = &part->segments[part->segment_count - 1];
        const uint32_t taken = (uint32_t)smaller(bytes, last->bytes);

        if (job->segment_bytes == 0) {
            job->segment--;
            job->segment_bytes = job->request.segments[job->segment].bytes;
        }
        job->segment_bytes -= taken;
        last->bytes -= taken;
        part->segment_count -= last->bytes == 0;
        bytes -= taken;
    }
}

/* As much of the job as fits into the part. Returns the sectors; 0 if not even a block does. */
static uint32_t add_to_part(struct blk_server *server, const struct blk_disk *disk, struct blk_job *job)
{
    struct blk_request *part = &server->request;
    const uint32_t left = job->request.sector_count - job->issued_sectors;
    uint32_t sectors = left;

    if (has_data(part->op)) {
        const uint64_t room = BLK_SERVER_QUANTUM - (uint64_t)part->sector_count * BLK_SECTOR_BYTES;
        const uint64_t limit = smaller((uint64_t)left * BLK_SECTOR_BYTES, room);
        const uint64_t bytes = add_segments(part, job, limit, &disk->info);

        give_back(part, job, bytes % disk->info.block_bytes);
        sectors = (uint32_t)(bytes / disk->info.block_bytes * (disk->info.block_bytes / BLK_SECTOR_BYTES));
    } else if (part->op == BLK_DISCARD) {
        sectors = (uint32_t)smaller(left, disk->info.max_discard);
    } else if (part->op == BLK_WRITE_ZEROES) {
        sectors = (uint32_t)smaller(left, disk->info.max_write_zeroes);
    }
    if (!has_data(part->op) && sectors < left) {
        sectors -= sectors % (disk->info.block_bytes / BLK_SECTOR_BYTES);
    }
    part->sector_count += sectors;
    job->issued_sectors += sectors;
    return sectors;
}

static bool is_all_issued(const struct blk_job *job)
{
    return job->request.op == BLK_FLUSH || job->issued_sectors == job->request.sector_count;
}

/* Whether `job` goes on where the part ends, in the same way. */
static bool continues(const struct blk_request *part, const struct blk_job *job)
{
    return has_data(part->op) && job->status == BLK_DONE && job->request.op == part->op &&
           job->issued_sectors == 0 && job->request.sector == part->sector + part->sector_count;
}

static void start_part(struct blk_request *part, const struct blk_job *job)
{
    part->op = job->request.op;
    part->flags = job->request.flags & BLK_UNMAP;
    part->sector = job->request.op == BLK_FLUSH ? 0 : job->request.sector + job->issued_sectors;
    part->sector_count = 0;
    part->segment_count = 0;
}

static uint32_t find_part(const struct blk_disk *disk)
{
    uint32_t index = 0;

    while (disk->parts[index].job_count != 0) {
        index++; /* part_count says that one is free */
    }
    return index;
}

/* Drop jobs from the front of the queue that have failed already, or have nothing more to issue. */
static void skip_finished(struct blk_server *server, struct blk_client *client)
{
    while (client->queue_first != BLK_SERVER_NO_JOB) {
        struct blk_job *job = &server->jobs[client->queue_first];

        if (job->status == BLK_DONE) {
            return;
        }
        dequeue(server, client);
        settle(server, job);
    }
}

/*
 * The next part of client `index`, in server->request and *part. Returns its cost in bytes, 0 if there is
 * none.
 */
static int64_t make_part(struct blk_server *server, const struct blk_disk *disk, uint32_t index,
                         struct blk_part *part)
{
    struct blk_client *client = &server->clients[index];
    struct blk_request *request = &server->request;

    for (;;) {
        skip_finished(server, client);
        if (client->queue_first == BLK_SERVER_NO_JOB) {
            break;
        }
        struct blk_job *job = &server->jobs[client->queue_first];
        if (part->job_count == 0) {
            start_part(request, job);
        } else if (part->job_count == BLK_SERVER_MERGE || !continues(request, job)) {
            break;
        }
        if (add_to_part(server, disk, job) == 0 && request->op != BLK_FLUSH) {
            if (part->job_count > 0) {
                break; /* the part is full */
            }
            job->status = BLK_FAILED; /* more pieces than the disk takes, even for one block */
            continue;
        }
        job->parts++;
        part->jobs[part->job_count++] = client->queue_first;
        if (!is_all_issued(job)) {
            break;
        }
        dequeue(server, client);
    }
    part->client = index;
    const int64_t bytes = has_data(request->op) ? (int64_t)request->sector_count * BLK_SECTOR_BYTES : 0;
    return part->job_count == 0 ? 0 : bytes + MIN_COST_BYTES;
}

/* A client's share of what may be in flight. */
static bool may_issue(const struct blk_disk *disk, const struct blk_client *client)
{
    const uint32_t share = BLK_SERVER_PARTS / (disk->client_count == 0 ? 1 : disk->client_count);

    return client->queue_first != BLK_SERVER_NO_JOB && client->part_count < share &&
           (client->in_flight < BLK_SERVER_SHARE_BYTES || disk->client_count < 2) &&
           disk->part_count < BLK_SERVER_PARTS;
}

/* One turn of client `index`. Returns false if the driver's link is full. */
static bool take_turn(struct blk_server *server, struct blk_disk *disk, uint32_t index)
{
    struct blk_client *client = &server->clients[index];
    uint8_t *data;

    while (client->deficit > 0 && may_issue(disk, client)) {
        account_enter(&server->account, client->config->link.channel);
        if (ring_reserve(&disk->link, sizeof server->request, &data) != ERR_OK) {
            return false;
        }
        struct blk_part *part = &disk->parts[find_part(disk)];
        const int64_t cost = make_part(server, disk, index, part);
        if (cost == 0) {
            break;
        }
        const uint32_t bytes = blk_check_request_bytes(server->request.segment_count);
        memcpy(data, &server->request, bytes);
        ring_commit(&disk->link, bytes, (uint64_t)(part - disk->parts));
        server->issued_for = client->config->link.channel;
        part->cost = cost;
        client->deficit -= cost;
        client->in_flight += cost;
        client->part_count++;
        disk->part_count++;
    }
    return true;
}

static bool somebody_waits(const struct blk_server *server, uint32_t disk_index)
{
    bool waits = false;

    for (uint32_t i = 0; i < server->config->client_count; i++) {
        const struct blk_client *client = &server->clients[i];

        waits =
            waits || (client->config->disk == disk_index && may_issue(&server->disks[disk_index], client));
    }
    return waits;
}

bool blk_sched_issue(struct blk_server *server, uint32_t disk_index)
{
    struct blk_disk *disk = &server->disks[disk_index];

    while (somebody_waits(server, disk_index)) {
        struct blk_client *client = &server->clients[disk->turn];

        if (client->config->disk == disk_index && client->linked) {
            if (client->deficit <= 0) {
                client->deficit += BLK_SERVER_QUANTUM;
            }
            if (!take_turn(server, disk, disk->turn)) {
                return ring_request_record_space(&disk->link, sizeof server->request);
            }
            if (client->queue_first == BLK_SERVER_NO_JOB) {
                client->deficit = 0; /* what isn't used is not saved up */
            }
        }
        disk->turn = (disk->turn + 1) % server->config->client_count;
    }
    return false;
}

static void end_part(struct blk_server *server, struct blk_disk *disk, struct blk_part *part, uint32_t status)
{
    const uint32_t job_count = part->job_count;

    part->job_count = 0;
    disk->part_count--;
    server->clients[part->client].part_count--;
    server->clients[part->client].in_flight -= part->cost;
    for (uint32_t i = 0; i < job_count; i++) {
        struct blk_job *job = &server->jobs[part->jobs[i]];

        job->parts--;
        job->status = job->status == BLK_DONE ? status : job->status;
        settle(server, job);
    }
}

enum err blk_sched_complete(struct blk_server *server, struct blk_disk *disk, uint64_t tag, uint32_t status)
{
    if (tag >= BLK_SERVER_PARTS || disk->parts[tag].job_count == 0) {
        return ERR_RANGE;
    }
    account_enter(&server->account, server->clients[disk->parts[tag].client].config->link.channel);
    end_part(server, disk, &disk->parts[tag], status <= BLK_OUT_OF_RANGE ? status : BLK_FAILED);
    return ERR_OK;
}

void blk_sched_fail(struct blk_server *server, struct blk_disk *disk)
{
    for (uint32_t i = 0; i < BLK_SERVER_PARTS; i++) {
        if (disk->parts[i].job_count != 0) {
            end_part(server, disk, &disk->parts[i], BLK_FAILED);
        }
    }
}
