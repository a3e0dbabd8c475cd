# SPDX-License-Identifier: BSD-2-Clause
PDS += blk_driver
BLK_DRIVER_LOGIC := pd/blk_driver/blk_driver.c pd/blk_driver/blk_device.c lib/virtq_driver/virtq_driver.c lib/blk/blk_check.c
blk_driver_SRCS := pd/blk_driver/main.c $(BLK_DRIVER_LOGIC)
