/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The block server: gives each client its part of a disk, and nothing else.
 *
 * A client's request becomes a *job*: copied out of its link, checked against the client's extent, shifted to
 * where that lies on the disk. Jobs of a client are served in order of arrival, cut into *parts*, which are
 * requests to the disk's driver; neighbouring jobs may share one. Clients of a disk take turns, by bytes
 * (deficit round robin), and each may have its share in flight at most, in requests and in bytes, since a
 * disk serves what it has in whatever order it likes: none starves another. A client with a limit is heard no
 * faster than that. A job is answered when all its parts are, in whatever order the disk finishes them. A
 * write with BLK_FUA is followed by a flush before it is answered.
 *
 * Files: blk_server.c links and replies, blk_sched.c jobs and parts, blk_disk.c disks and extents,
 * blk_limit.c limits, blk_table.c partition tables. Times are in ticks of the caller's clock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/account/account.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/blk/blk_protocol.h"
#include "lib/blk/blk_table.h"
#include "lib/config/blk_config.h"
#include "lib/ring/ring.h"
#include "pd/blk_server/blk_limit.h"

/** Jobs of all clients together; each client has an equal share. */
#define BLK_SERVER_JOBS 128u
/** Requests in flight at one driver. */
#define BLK_SERVER_PARTS 64u
/** Jobs that one part may serve. */
#define BLK_SERVER_MERGE 8u
/** Bytes of a part at most, and what a client may issue when it is its turn. */
#define BLK_SERVER_QUANTUM 0x20000u
/** Bytes that a client may have in flight before it has to wait, if its disk has other clients. */
#define BLK_SERVER_SHARE_BYTES 0x40000
#define BLK_SERVER_NO_JOB UINT32_MAX

enum blk_job_state {
    BLK_JOB_FREE = 0,
    BLK_JOB_QUEUED, /**< not all of it issued yet */
    BLK_JOB_ISSUED, /**< all of it is with the driver */
    BLK_JOB_DONE    /**< its reply waits for room in the client's link */
};

/** A client's request. `request.sector` counts from the start of the disk. */
struct blk_job {
    enum blk_job_state state;
    bool orphan; /**< its client has restarted: nobody waits for it */
    uint32_t client;
    uint64_t tag;
    struct blk_request request;
    uint32_t issued_sectors;
    uint32_t segment;       /**< the next byte to issue: this segment, ... */
    uint32_t segment_bytes; /**< ... behind so many bytes of it */
    uint32_t parts;         /**< in flight */
    uint32_t status;        /**< enum blk_status; the first failure stays */
    uint32_t next;          /**< in the client's queue */
};

/** A request at a driver; its number is its tag. */
struct blk_part {
    uint32_t job_count; /**< 0: free */
    uint32_t jobs[BLK_SERVER_MERGE];
    uint32_t client;
    int64_t cost; /**< bytes it counts for */
};

enum blk_disk_state {
    BLK_DISK_WAITING = 0, /**< for the driver to say what the disk is like */
    BLK_DISK_READING,     /**< its first blocks */
    BLK_DISK_READING_ENTRIES,
    BLK_DISK_READING_BACKUP, /**< the GPT's second header, since the first is damaged */
    BLK_DISK_READING_BACKUP_ENTRIES,
    BLK_DISK_READING_CHAIN, /**< a table in an MBR's extended partition */
    BLK_DISK_READY
};

struct blk_disk {
    const struct blk_disk_config *config;
    struct ring link;
    enum blk_disk_state state;
    bool read_due;           /**< the state's read is yet to be sent */
    bool table_known;        /**< the partition table has been read, or isn't needed */
    uint32_t table_attempts; /**< reads of it that failed since the driver last spoke of the disk */
    struct blk_info info;
    struct blk_table table;
    struct blk_chain chain; /**< MBR: where its logical partitions are */
    struct blk_gpt gpt;
    uint64_t read_sector;
    uint32_t read_sectors;
    uint32_t client_count;
    uint32_t turn; /**< client whose turn it is */
    uint32_t part_count;
    struct blk_part parts[BLK_SERVER_PARTS];
    struct log_limit complaints;
};

/** What a client has done, for reports and tests. */
struct blk_client_counters {
    uint64_t requests;
    uint64_t sectors;
    uint64_t refused;
    uint64_t failed;
};

struct blk_client {
    const struct blk_client_config *config;
    struct ring link;
    bool linked;
    bool info_due;
    uint64_t first_sector;
    uint64_t sector_count; /**< 0: it has no disk */
    bool read_only;
    uint32_t job_count;
    uint32_t done_count;
    uint32_t queue_first, queue_last; /**< jobs, or BLK_SERVER_NO_JOB */
    uint32_t part_count;
    int64_t deficit;   /**< bytes it may issue in this turn */
    int64_t in_flight; /**< what its parts cost */
    struct blk_limit limit;
    struct blk_client_counters counters;
    struct log_limit complaints;
};

/** Notify the peer on `channel`. */
typedef void blk_server_notify(void *context, uint32_t channel);

/** A server. Large: keep it static. Private to its files except for its size. */
struct blk_server {
    const struct blk_server_config *config;
    struct blk_disk disks[BLK_SERVER_MAX_DISKS];
    struct blk_client clients[BLK_SERVER_MAX_CLIENTS];
    struct blk_job jobs[BLK_SERVER_JOBS];
    struct blk_request request; /**< the one being built */
    uint64_t now;
    struct account account; /**< whose request or answer is being handled; the caller may start it */
    uint32_t issued_for;    /**< the client's channel, of the last request that went to a driver */
    blk_server_notify *notify;
    void *context;
};

/**
 * Set up a server whose clock ticks `hz` times a second; `config` must outlive it. A client or disk whose
 * link is unusable is logged and left out. Errors: ERR_RANGE (counts, or a client's disk).
 */
ERR_CHECKED enum err blk_server_init(struct blk_server *server, const struct blk_server_config *config,
                                     uint64_t hz, blk_server_notify *notify, void *context);

/** Any link was notified, or time has passed: do all there is to do. */
void blk_server_run(struct blk_server *server, uint64_t now);

/** When to run again if nothing happens before, since a client may go on then; BLK_LIMIT_NEVER: no need. */
uint64_t blk_server_deadline(const struct blk_server *server);
