# SPDX-License-Identifier: BSD-2-Clause
BLK_SERVER_LOGIC := pd/blk_server/blk_server.c pd/blk_server/blk_sched.c pd/blk_server/blk_disk.c \
	pd/blk_server/blk_limit.c \
	lib/blk/blk_table.c lib/blk/blk_check.c lib/blk/crc32.c

PDS += blk_server
blk_server_SRCS := pd/blk_server/main.c lib/timer_client/timer_client.c $(BLK_SERVER_LOGIC)

DISK_MACHINE_SRCS = tests/mock/disk_machine.c tests/mock/disk_device.c tool/disk/disk_gpt.c tool/base/mem.c \
	$(filter-out lib/blk/blk_check.c,$(BLK_SERVER_LOGIC)) $(filter-out lib/blk/blk_check.c,$(BLK_DRIVER_LOGIC)) $(BLK_VIRTIO_LOGIC) \
	$(VMM_VIRTIO_TEST_SRCS)

TESTS += test_blk_server
test_blk_server_SRCS = $(DISK_MACHINE_SRCS)

TESTS += test_virtio_blk test_bounded_blk test_blk_large
test_blk_large_SRCS = $(DISK_MACHINE_SRCS)
test_virtio_blk_SRCS = $(DISK_MACHINE_SRCS)
test_bounded_blk_SRCS = $(DISK_MACHINE_SRCS) $(REFILL_SRCS)
test_bounded_blk_LIBS = $(REFILL_LIBS)
FUZZERS += fuzz_virtio_blk
fuzz_virtio_blk_SRCS = $(DISK_MACHINE_SRCS)

BLK_PEERS_SRCS := $(BLK_SERVER_LOGIC) lib/ring/ring.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c tests/mock/blk_peers.c
TESTS += test_blk_peers
test_blk_peers_SRCS := $(BLK_PEERS_SRCS)
TESTS += test_blk_order
test_blk_order_SRCS := $(BLK_PEERS_SRCS)
FUZZERS += fuzz_blk_server
fuzz_blk_server_RUNS := 4000
fuzz_blk_server_SRCS := $(BLK_PEERS_SRCS)

TESTS += test_virtio_blk_io
test_virtio_blk_io_SRCS := vmm/virtio/virtio_blk_io.c

TESTS += test_blk_check
test_blk_check_SRCS := lib/blk/blk_check.c

TESTS += test_blk_table
test_blk_table_SRCS := lib/blk/blk_table.c lib/blk/crc32.c tool/disk/disk_gpt.c tool/base/mem.c
FUZZERS += fuzz_blk_table
fuzz_blk_table_SRCS := lib/blk/blk_table.c lib/blk/crc32.c
