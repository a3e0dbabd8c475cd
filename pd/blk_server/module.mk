# SPDX-License-Identifier: BSD-2-Clause
BLK_SERVER_LOGIC := pd/blk_server/blk_server.c pd/blk_server/blk_sched.c pd/blk_server/blk_disk.c \
	pd/blk_server/blk_table.c lib/blk/blk_check.c lib/blk/crc32.c

PDS += blk_server
blk_server_SRCS := pd/blk_server/main.c $(BLK_SERVER_LOGIC)
