/* SPDX-License-Identifier: BSD-2-Clause */
/** Disks of the block server: what they are like, their partition tables, and what each client gets. */
#pragma once

#include "pd/blk_server/blk_server.h"

/** Tag of the server's own reads; no part has it. */
#define BLK_DISK_TAG 0x100000000ull

/** The driver says what the disk is like. Errors: ERR_FORMAT. */
ERR_CHECKED enum err blk_disk_info(struct blk_server *server, uint32_t index, const uint8_t *untrusted,
                                   uint32_t bytes);

/** The driver has answered the server's own read. */
void blk_disk_read_done(struct blk_server *server, uint32_t index, uint32_t status);

/** The driver has restarted. */
void blk_disk_restarted(struct blk_disk *disk);

/** Send the read that the disk's state asks for, if it is due and there is room in the link. */
void blk_disk_send_read(struct blk_disk *disk);

/** What the server tells client `index` about its disk. */
struct blk_info blk_disk_client_info(const struct blk_server *server, uint32_t index);
