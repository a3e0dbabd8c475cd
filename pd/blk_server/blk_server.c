/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/blk_server/blk_server.h"

#include "lib/base/mem.h"
#include "lib/blk/blk_check.h"
#include "pd/blk_server/blk_disk.h"
#include "pd/blk_server/blk_sched.h"

static enum err link_up(struct ring *ring, const struct config_link *link, const char *name)
{
    const enum err err =
        ring_init(ring, (void *)(uintptr_t)link->own, (const void *)(uintptr_t)link->peer, link->bytes);

    if (err != ERR_OK) {
        log_error("%s: link: %s", name, err_text(err));
    }
    return err;
}

static enum err add_client(struct blk_server *server, uint32_t index, uint64_t hz)
{
    const struct blk_client_config *config = &server->config->clients[index];
    struct blk_client *client = &server->clients[index];

    if (config->disk >= server->config->disk_count) {
        return ERR_RANGE;
    }
    client->config = config;
    client->queue_first = BLK_SERVER_NO_JOB;
    blk_limit_init(&client->limit, hz, config->iops, config->bandwidth);
    client->linked = link_up(&client->link, &config->link, config->name) == ERR_OK;
    server->disks[config->disk].client_count++;
    return ERR_OK;
}

enum err blk_server_init(struct blk_server *server, const struct blk_server_config *config, uint64_t hz,
                         blk_server_notify *notify, void *context)
{
    memset(server, 0, sizeof *server);
    server->config = config;
    server->notify = notify;
    server->context = context;
    server->issued_for = ACCOUNT_NOBODY;
    if (config->disk_count > BLK_SERVER_MAX_DISKS || config->client_count > BLK_SERVER_MAX_CLIENTS) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < config->disk_count; i++) {
        struct blk_disk *disk = &server->disks[i];

        disk->config = &config->disks[i];
        if (link_up(&disk->link, &disk->config->link, disk->config->name) == ERR_OK) {
            notify(context, disk->config->link.channel);
        }
    }
    for (uint32_t i = 0; i < config->client_count; i++) {
        const enum err err = add_client(server, i, hz);
        if (err != ERR_OK) {
            return err;
        }
        if (server->clients[i].linked) {
            notify(context, config->clients[i].link.channel);
        }
    }
    return ERR_OK;
}

/* Drivers. */

static enum err take_reply(struct blk_server *server, uint32_t index, const struct ring_record *record,
                           const uint8_t *data)
{
    struct blk_reply reply;

    if (record->meta == BLK_TAG_INFO) {
        return blk_disk_info(server, index, data, record->length_bytes);
    }
    if (record->length_bytes != sizeof reply) {
        return ERR_FORMAT;
    }
    mem_copy_once(&reply, data, sizeof reply);
    if (record->meta == BLK_DISK_TAG) {
        blk_disk_read_done(server, index, reply.status);
        return ERR_OK;
    }
    return blk_sched_complete(server, &server->disks[index], record->meta, reply.status);
}

/* All that the driver has to say. */
static void hear_driver(struct blk_server *server, uint32_t index)
{
    struct blk_disk *disk = &server->disks[index];
    struct ring_record record;
    const uint8_t *data;

    if (ring_sync(&disk->link)) {
        blk_sched_fail(server, disk);
        blk_disk_restarted(disk);
    }
    while (ring_peek(&disk->link, &record, &data) == ERR_OK) {
        const enum err err = take_reply(server, index, &record, data);
        if (err != ERR_OK) {
            log_warn_limited(&disk->complaints, "disk %s: malformed message of the driver: %s",
                             disk->config->name, err_text(err));
        }
        ring_release(&disk->link);
    }
}

/* Clients. */

/* Check server->request against what the client may do, and shift it to where that lies. */
static uint32_t admit(struct blk_server *server, const struct blk_client *client)
{
    const struct blk_disk *disk = &server->disks[client->config->disk];
    const uint32_t block_sectors = disk->info.block_bytes / BLK_SECTOR_BYTES;
    struct blk_request *request = &server->request;

    if (request->op == BLK_FLUSH) {
        return BLK_DONE;
    }
    if (!blk_check_range(request->sector, request->sector_count, client->sector_count) ||
        (client->read_only && request->op != BLK_READ)) {
        return BLK_OUT_OF_RANGE;
    }
    if (request->sector % block_sectors != 0 || request->sector_count % block_sectors != 0) {
        return BLK_FAILED;
    }
    if ((request->op == BLK_DISCARD && (disk->info.flags & BLK_INFO_DISCARD) == 0) ||
        (request->op == BLK_WRITE_ZEROES && (disk->info.flags & BLK_INFO_WRITE_ZEROES) == 0)) {
        return BLK_UNSUPPORTED;
    }
    for (uint32_t i = 0; i < request->segment_count; i++) {
        struct blk_segment *segment = &request->segments[i];

        if (segment->region != 0 ||
            !blk_check_range(segment->offset, segment->bytes, client->config->region_bytes)) {
            return BLK_OUT_OF_RANGE;
        }
        segment->region = client->config->region;
    }
    request->sector += client->first_sector;
    return BLK_DONE;
}

/* Whether its next request may be heard. */
static bool may_be_heard(const struct blk_server *server, const struct blk_client *client)
{
    return blk_sched_has_room(server, client) && blk_limit_allows(&client->limit, server->now);
}

static uint64_t data_bytes(const struct blk_request *request)
{
    const bool moves_data = request->op == BLK_READ || request->op == BLK_WRITE;

    return moves_data ? (uint64_t)request->sector_count * BLK_SECTOR_BYTES : 0;
}

static void hear_client(struct blk_server *server, uint32_t index)
{
    struct blk_client *client = &server->clients[index];
    struct ring_record record;
    const uint8_t *data;

    while (may_be_heard(server, client) && ring_peek(&client->link, &record, &data) == ERR_OK) {
        uint32_t status = BLK_FAILED;
        uint64_t bytes = 0;

        account_enter(&server->account, client->config->link.channel);
        server->request.op = BLK_READ;
        if (blk_check_request(&server->request, data, record.length_bytes) == ERR_OK) {
            status = admit(server, client);
            bytes = data_bytes(&server->request);
        }
        blk_limit_charge(&client->limit, server->now, bytes);
        if (status != BLK_DONE) {
            log_warn_limited(&client->complaints, "%s: refused a request (operation %u, sector %llu, %u)",
                             client->config->name, server->request.op,
                             (unsigned long long)server->request.sector, server->request.sector_count);
        }
        blk_sched_add(server, index, record.meta, status);
        ring_release(&client->link);
    }
}

static bool put(struct ring *link, const void *record, uint32_t bytes, uint64_t tag)
{
    uint8_t *data;

    if (ring_reserve(link, bytes, &data) != ERR_OK) {
        return false;
    }
    memcpy(data, record, bytes);
    ring_commit(link, bytes, tag);
    return true;
}

/* Returns false if the client's link is full. */
static bool answer(struct blk_server *server, uint32_t index)
{
    struct blk_client *client = &server->clients[index];
    struct blk_job *job;

    /* A client that has restarted begins with what it is told here. Until then the device may not be done
       with the memory of what was asked for before. */
    if (client->info_due && blk_sched_has_orphans(server, index)) {
        return true;
    }
    if (client->info_due) {
        const struct blk_info info = blk_disk_client_info(server, index);

        client->info_due = !put(&client->link, &info, sizeof info, BLK_TAG_INFO);
    }
    while (!client->info_due && (job = blk_sched_done(server, index)) != NULL) {
        account_enter(&server->account, client->config->link.channel);
        const struct blk_reply reply = {.status = job->status};

        if (!put(&client->link, &reply, sizeof reply, job->tag)) {
            return false;
        }
        blk_sched_free(server, job);
    }
    return !client->info_due;
}

static bool is_served(const struct blk_server *server, const struct blk_client *client)
{
    return client->linked && server->disks[client->config->disk].state == BLK_DISK_READY;
}

/* Take what clients and drivers have, give what there is. Returns true if a full link has room again. What
   else comes meanwhile, ask_for_signals() sees. */
static bool run_once(struct blk_server *server)
{
    bool more = false;

    for (uint32_t i = 0; i < server->config->disk_count; i++) {
        hear_driver(server, i);
    }
    for (uint32_t i = 0; i < server->config->client_count; i++) {
        if (is_served(server, &server->clients[i])) {
            hear_client(server, i);
        }
    }
    for (uint32_t i = 0; i < server->config->disk_count; i++) {
        blk_disk_send_read(&server->disks[i]);
        more = (server->disks[i].state == BLK_DISK_READY && blk_sched_issue(server, i)) || more;
    }
    for (uint32_t i = 0; i < server->config->client_count; i++) {
        struct blk_client *client = &server->clients[i];

        if (is_served(server, client) && !answer(server, i)) {
            more = ring_request_record_space(&client->link, sizeof(struct blk_info)) || more;
        }
    }
    return more;
}

static bool ask_for_signals(struct blk_server *server)
{
    bool more = false;

    for (uint32_t i = 0; i < server->config->disk_count; i++) {
        more = ring_request_data(&server->disks[i].link) || more;
    }
    for (uint32_t i = 0; i < server->config->client_count; i++) {
        const struct blk_client *client = &server->clients[i];

        /* A client whose share is used up is heard again when one of its jobs is done, one that has reached
           its limit when time has passed. */
        if (is_served(server, client) && may_be_heard(server, client)) {
            more = ring_request_data(&server->clients[i].link) || more;
        }
    }
    return more;
}

static void signal(struct blk_server *server, struct ring *link, uint32_t channel)
{
    const bool data = ring_should_signal_data(link);
    const bool space = ring_should_signal_space(link);

    if (data || space) {
        server->notify(server->context, channel);
    }
}

uint64_t blk_server_deadline(const struct blk_server *server)
{
    uint64_t first = BLK_LIMIT_NEVER;

    for (uint32_t i = 0; i < server->config->client_count; i++) {
        const struct blk_limit *limit = &server->clients[i].limit;

        if (!blk_limit_allows(limit, server->now) && limit->ready_at < first) {
            first = limit->ready_at;
        }
    }
    return first;
}

void blk_server_run(struct blk_server *server, uint64_t now)
{
    server->now = now;
    for (uint32_t i = 0; i < server->config->client_count; i++) {
        struct blk_client *client = &server->clients[i];

        if (client->linked && ring_sync(&client->link)) {
            blk_sched_forget(server, i);
            client->info_due = server->disks[client->config->disk].state == BLK_DISK_READY;
        }
    }
    do {
        while (run_once(server)) {
        }
    } while (ask_for_signals(server));
    /* Whoever's request it was, the driver works for that. */
    account_enter(&server->account, server->issued_for);
    for (uint32_t i = 0; i < server->config->disk_count; i++) {
        signal(server, &server->disks[i].link, server->disks[i].config->link.channel);
    }
    account_enter(&server->account, ACCOUNT_NOBODY);
    for (uint32_t i = 0; i < server->config->client_count; i++) {
        if (server->clients[i].linked) {
            signal(server, &server->clients[i].link, server->clients[i].config->link.channel);
        }
    }
}
