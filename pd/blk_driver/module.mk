# SPDX-License-Identifier: BSD-2-Clause
# One program for each kind of device.
PDS += blk_driver
BLK_DRIVER_LOGIC := pd/blk_driver/blk_driver.c lib/blk/blk_check.c
BLK_VIRTIO_LOGIC := pd/blk_driver/blk_virtio.c lib/virtq_driver/virtq_driver.c lib/virtq_driver/mmio_transport.c
blk_driver_SRCS := pd/blk_driver/main.c pd/blk_driver/device_virtio.c lib/timer_client/timer_client.c $(BLK_DRIVER_LOGIC) $(BLK_VIRTIO_LOGIC)

TESTS += test_blk_driver
test_blk_driver_SRCS := $(BLK_DRIVER_LOGIC) $(BLK_VIRTIO_LOGIC) lib/ring/ring.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c
TESTS += test_virtq_driver
test_virtq_driver_SRCS := lib/virtq_driver/virtq_driver.c
FUZZERS += fuzz_blk_driver
fuzz_blk_driver_SRCS := $(test_blk_driver_SRCS)
# A device that never resets takes its time.
fuzz_blk_driver_RUNS := 4000

PDS += blk_sdhci blk_usdhc
BLK_SDHCI_LOGIC := pd/blk_driver/blk_sdhci.c pd/blk_driver/sdhci_bus.c
blk_sdhci_SRCS := pd/blk_driver/main.c pd/blk_driver/device_sdhci.c lib/timer_client/timer_client.c $(BLK_DRIVER_LOGIC) $(BLK_SDHCI_LOGIC)
blk_usdhc_SRCS := pd/blk_driver/main.c pd/blk_driver/device_usdhc.c lib/timer_client/timer_client.c $(BLK_DRIVER_LOGIC) $(BLK_SDHCI_LOGIC)

TESTS += test_blk_sdhci
test_blk_sdhci_SRCS := $(BLK_DRIVER_LOGIC) $(BLK_SDHCI_LOGIC) lib/ring/ring.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c tests/mock/sd_host.c
FUZZERS += fuzz_blk_sdhci
fuzz_blk_sdhci_SRCS := $(BLK_DRIVER_LOGIC) $(BLK_SDHCI_LOGIC) lib/ring/ring.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c
fuzz_blk_sdhci_RUNS := 2000
