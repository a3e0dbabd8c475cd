# SPDX-License-Identifier: BSD-2-Clause
PDS += blk_driver
BLK_DRIVER_LOGIC := pd/blk_driver/blk_driver.c pd/blk_driver/blk_device.c lib/virtq_driver/virtq_driver.c lib/virtq_driver/mmio_transport.c lib/blk/blk_check.c
blk_driver_SRCS := pd/blk_driver/main.c lib/timer_client/timer_client.c $(BLK_DRIVER_LOGIC)

TESTS += test_blk_driver
test_blk_driver_SRCS := $(BLK_DRIVER_LOGIC) lib/ring/ring.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c
TESTS += test_virtq_driver
test_virtq_driver_SRCS := lib/virtq_driver/virtq_driver.c
FUZZERS += fuzz_blk_driver
fuzz_blk_driver_SRCS := $(test_blk_driver_SRCS)
# A device that never resets takes its time.
fuzz_blk_driver_RUNS := 4000
