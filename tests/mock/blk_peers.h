/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A block server between clients and a disk driver that are both the test's to play: for unit tests and
 * fuzzers. What the driver says of its disk, what it answers and what the partition table reads are all in
 * the open.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pd/blk_server/blk_server.h"

#define BLK_PEERS_CLIENTS 4u
#define BLK_PEERS_SECTORS 8192u
#define BLK_PEERS_LINK_BYTES 0x5000u
/** Sectors of the disk that have contents: both ends. */
#define BLK_PEERS_START_SECTORS 64u
#define BLK_PEERS_END_SECTORS 64u
#define BLK_PEERS_PENDING 64u

/** A request that the driver has, in short. */
struct blk_peers_pending {
    uint64_t tag;
    uint32_t op;
    uint32_t sector_count;
    uint64_t sector;
};

/** The whole. Large: keep it on the heap. */
struct blk_peers {
    struct blk_server server;
    struct blk_server_config config;
    struct ring driver;
    struct ring clients[BLK_PEERS_CLIENTS];
    void *regions[1 + BLK_PEERS_CLIENTS]
                 [2]; /**< the server's and the peer's; the driver's link is the first */
    uint8_t *scratch;
    uint8_t start[BLK_PEERS_START_SECTORS * 512];
    uint8_t end[BLK_PEERS_END_SECTORS * 512];
    uint32_t status;         /**< what requests are answered with */
    bool holds;              /**< requests stay where they are */
    struct blk_request last; /**< the last one that was not for the table */
    uint32_t requests;       /**< of these */
    uint32_t pending_count;
    struct blk_peers_pending pending[BLK_PEERS_PENDING]; /**< not answered yet, in order of arrival */
};

/** A server with `client_count` clients, whose configuration may be changed until blk_peers_start(). */
struct blk_peers *blk_peers_new(uint32_t client_count);
void blk_peers_free(struct blk_peers *peers);

/** Start the server. */
void blk_peers_start(struct blk_peers *peers);

/** What a good driver says of a good disk. */
struct blk_info blk_peers_good_info(void);

/** The driver says what the disk is like; `bytes` of it. */
void blk_peers_tell(struct blk_peers *peers, const void *info, uint32_t bytes);

/** The driver answers with any tag and record. */
void blk_peers_answer(struct blk_peers *peers, uint64_t tag, const void *reply, uint32_t bytes);

/** The driver, which holds requests, answers the oldest that it has with BLK_DONE. False if it has none. */
bool blk_peers_answer_oldest(struct blk_peers *peers, struct blk_peers_pending *answered);

/** The driver starts again, and has forgotten everything. */
void blk_peers_restart_driver(struct blk_peers *peers);

/** Let server and driver run until neither has anything to do. */
void blk_peers_run(struct blk_peers *peers);

/** A client sends a request. False if its link is full. */
bool blk_peers_send(struct blk_peers *peers, uint32_t client, const struct blk_request *request,
                    uint64_t tag);

/** A client's next record, skipping information; false if there is none. */
bool blk_peers_take(struct blk_peers *peers, uint32_t client, uint64_t *tag, uint32_t *status);

/** A read or write of one sector by a client, to its end; its status, or UINT32_MAX if there is no answer. */
uint32_t blk_peers_ask(struct blk_peers *peers, uint32_t client, uint32_t op, uint64_t sector);
