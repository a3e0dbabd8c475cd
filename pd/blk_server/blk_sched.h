/* SPDX-License-Identifier: BSD-2-Clause */
/** Jobs and parts of the block server: who goes next, and with how much. */
#pragma once

#include "pd/blk_server/blk_server.h"

/** Whether the client may have another job. */
bool blk_sched_has_room(const struct blk_server *server, const struct blk_client *client);

/**
 * A new job for client `index` with server->request, or already done with `status` if that isn't BLK_DONE or
 * there is nothing to do. The client has room.
 */
void blk_sched_add(struct blk_server *server, uint32_t index, uint64_t tag, uint32_t status);

/**
 * Issue what the disk's driver takes. Returns true if that must be tried again: the driver's link was full,
 * and isn't any more.
 */
bool blk_sched_issue(struct blk_server *server, uint32_t disk_index);

/** The driver has answered part `tag`. Errors: ERR_RANGE (there is none). */
ERR_CHECKED enum err blk_sched_complete(struct blk_server *server, struct blk_disk *disk, uint64_t tag,
                                        uint32_t status);

/** The driver has restarted: all that it had has failed. */
void blk_sched_fail(struct blk_server *server, struct blk_disk *disk);

/** Client `index` has restarted: nobody waits for its jobs. */
void blk_sched_forget(struct blk_server *server, uint32_t index);

/** Whether the driver still works on jobs that blk_sched_forget() has forgotten. */
bool blk_sched_has_orphans(const struct blk_server *server, uint32_t index);

/** A done job of client `index`, or NULL. */
struct blk_job *blk_sched_done(struct blk_server *server, uint32_t index);

/** A done job has been answered. */
void blk_sched_free(struct blk_server *server, struct blk_job *job);
