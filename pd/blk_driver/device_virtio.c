/* SPDX-License-Identifier: BSD-2-Clause */
/* The program blk_driver drives a virtio block device. */
#include "pd/blk_driver/blk_virtio.h"

static struct blk_virtio device;

const struct blk_device blk_device_of_program = {.ops = &blk_virtio_ops, .device = &device};
