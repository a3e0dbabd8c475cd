/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/blk_peers.h"

#include <stdlib.h>
#include <string.h>

#include "pd/blk_server/blk_disk.h"
#include "tests/mock/log_record.h"

#define REGION_ALIGN 64u
#define CLIENT_MEMORY 0x10000u
#define MAX_TURNS 10000u

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void ignore(void *context, uint32_t channel)
{
    (void)context;
    (void)channel;
}

static struct config_link make_link(struct blk_peers *peers, uint32_t index)
{
    for (uint32_t side = 0; side < 2; side++) {
        peers->regions[index][side] = aligned_alloc(REGION_ALIGN, BLK_PEERS_LINK_BYTES);
        require(peers->regions[index][side] != NULL);
        memset(peers->regions[index][side], 0, BLK_PEERS_LINK_BYTES);
    }
    return (struct config_link){(uint64_t)(uintptr_t)peers->regions[index][0],
                                (uint64_t)(uintptr_t)peers->regions[index][1], BLK_PEERS_LINK_BYTES, index};
}

struct blk_peers *blk_peers_new(uint32_t client_count)
{
    struct blk_peers *peers = calloc(1, sizeof *peers);

    require(peers != NULL && client_count <= BLK_PEERS_CLIENTS);
    log_record_clear();
    peers->scratch = calloc(1, BLK_SERVER_SCRATCH_BYTES);
    require(peers->scratch != NULL);
    peers->config.disk_count = 1;
    peers->config.client_count = client_count;
    peers->config.disks[0] = (struct blk_disk_config){
        .name = "disk", .link = make_link(peers, 0), .scratch = (uint64_t)(uintptr_t)peers->scratch};
    for (uint32_t i = 0; i < client_count; i++) {
        peers->config.clients[i] = (struct blk_client_config){.name = "client",
                                                              .link = make_link(peers, 1 + i),
                                                              .region = 1 + i,
                                                              .region_bytes = CLIENT_MEMORY};
    }
    return peers;
}

void blk_peers_free(struct blk_peers *peers)
{
    for (uint32_t i = 0; i < 1 + BLK_PEERS_CLIENTS; i++) {
        free(peers->regions[i][0]);
        free(peers->regions[i][1]);
    }
    free(peers->scratch);
    free(peers);
}

static void start_peer(struct ring *ring, void *const regions[2])
{
    require(ring_init(ring, regions[1], regions[0], BLK_PEERS_LINK_BYTES) == ERR_OK);
}

void blk_peers_start(struct blk_peers *peers)
{
    require(blk_server_init(&peers->server, &peers->config, 1000, ignore, NULL) == ERR_OK);
    start_peer(&peers->driver, peers->regions[0]);
    for (uint32_t i = 0; i < peers->config.client_count; i++) {
        start_peer(&peers->clients[i], peers->regions[1 + i]);
    }
}

void blk_peers_restart_driver(struct blk_peers *peers)
{
    peers->pending_count = 0;
    start_peer(&peers->driver, peers->regions[0]);
}

struct blk_info blk_peers_good_info(void)
{
    return (struct blk_info){.sector_count = BLK_PEERS_SECTORS,
                             .flags =
                                 BLK_INFO_ALIVE | BLK_INFO_FLUSH | BLK_INFO_DISCARD | BLK_INFO_WRITE_ZEROES,
                             .block_bytes = 512,
                             .max_segments = 16,
                             .max_segment_bytes = 0x10000,
                             .max_discard = 1024,
                             .discard_align = 1,
                             .max_write_zeroes = 1024};
}

static bool put(struct ring *ring, const void *record, uint32_t bytes, uint64_t tag)
{
    uint8_t *data;

    if (bytes == 0 || ring_reserve(ring, bytes, &data) != ERR_OK) {
        return false;
    }
    memcpy(data, record, bytes);
    ring_commit(ring, bytes, tag);
    return true;
}

void blk_peers_tell(struct blk_peers *peers, const void *info, uint32_t bytes)
{
    (void)put(&peers->driver, info, bytes, BLK_TAG_INFO);
}

void blk_peers_answer(struct blk_peers *peers, uint64_t tag, const void *reply, uint32_t bytes)
{
    (void)put(&peers->driver, reply, bytes, tag);
}

bool blk_peers_answer_oldest(struct blk_peers *peers, struct blk_peers_pending *answered)
{
    const struct blk_reply reply = {.status = BLK_DONE};

    if (peers->pending_count == 0) {
        return false;
    }
    *answered = peers->pending[0];
    peers->pending_count--;
    memmove(peers->pending, peers->pending + 1, peers->pending_count * sizeof peers->pending[0]);
    blk_peers_answer(peers, answered->tag, &reply, sizeof reply);
    return true;
}

/* The server reads a piece of the disk into its scratch memory. */
static void read_table(struct blk_peers *peers, const struct blk_request *request)
{
    for (uint64_t i = 0; i < request->sector_count && i < BLK_SERVER_SCRATCH_BYTES / 512; i++) {
        const uint64_t sector = request->sector + i;
        const uint64_t end = BLK_PEERS_SECTORS - BLK_PEERS_END_SECTORS;

        memset(peers->scratch + i * 512, 0, 512);
        if (sector < BLK_PEERS_START_SECTORS) {
            memcpy(peers->scratch + i * 512, peers->start + sector * 512, 512);
        } else if (sector >= end && sector < BLK_PEERS_SECTORS) {
            memcpy(peers->scratch + i * 512, peers->end + (sector - end) * 512, 512);
        }
    }
}

static void take_request(struct blk_peers *peers, uint64_t tag, const uint8_t *data, uint32_t bytes)
{
    struct blk_request request = {0};

    /* The server is ours: what it sends is well-formed. */
    require(bytes <= sizeof request);
    memcpy(&request, data, bytes);
    if (tag == BLK_DISK_TAG) {
        read_table(peers, &request);
    } else {
        peers->last = request;
        peers->requests++;
    }
    require(peers->pending_count < BLK_PEERS_PENDING);
    peers->pending[peers->pending_count++] =
        (struct blk_peers_pending){tag, request.op, request.sector_count, request.sector};
}

static bool run_driver(struct blk_peers *peers)
{
    const struct blk_reply reply = {.status = peers->status};
    struct ring_record record;
    const uint8_t *data;
    bool did = false;

    (void)ring_sync(&peers->driver);
    while (peers->pending_count < BLK_PEERS_PENDING && ring_peek(&peers->driver, &record, &data) == ERR_OK) {
        take_request(peers, record.meta, data, record.length_bytes);
        ring_release(&peers->driver);
        did = true;
    }
    while (!peers->holds && peers->pending_count > 0 &&
           put(&peers->driver, &reply, sizeof reply, peers->pending[peers->pending_count - 1].tag)) {
        peers->pending_count--;
        did = true;
    }
    return did;
}

void blk_peers_run(struct blk_peers *peers)
{
    uint32_t turns = 0;

    do {
        blk_server_run(&peers->server, 0);
        require(turns++ < MAX_TURNS);
    } while (run_driver(peers));
}

bool blk_peers_send(struct blk_peers *peers, uint32_t client, const struct blk_request *request, uint64_t tag)
{
    (void)ring_sync(&peers->clients[client]);
    return put(&peers->clients[client], request,
               (uint32_t)(BLK_REQUEST_HEADER_BYTES + request->segment_count * sizeof(struct blk_segment)),
               tag);
}

bool blk_peers_take(struct blk_peers *peers, uint32_t client, uint64_t *tag, uint32_t *status)
{
    struct ring *ring = &peers->clients[client];
    struct ring_record record;
    const uint8_t *data;

    (void)ring_sync(ring);
    while (ring_peek(ring, &record, &data) == ERR_OK) {
        const bool is_reply = record.meta != BLK_TAG_INFO;

        *tag = record.meta;
        memcpy(status, data, sizeof *status);
        ring_release(ring);
        if (is_reply) {
            return true;
        }
    }
    return false;
}

uint32_t blk_peers_ask(struct blk_peers *peers, uint32_t client, uint32_t op, uint64_t sector)
{
    const struct blk_request request = {
        .op = op, .sector = sector, .sector_count = 1, .segment_count = 1, .segments = {{.bytes = 512}}};
    uint64_t tag = 0;
    uint32_t status = UINT32_MAX;

    if (!blk_peers_send(peers, client, &request, 0x77)) {
        return UINT32_MAX;
    }
    blk_peers_run(peers);
    return blk_peers_take(peers, client, &tag, &status) && tag == 0x77 ? status : UINT32_MAX;
}
