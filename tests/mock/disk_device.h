/* SPDX-License-Identifier: BSD-2-Clause */
/** The virtio block device of a disk_machine. */
#pragma once

#include "tests/mock/disk_machine.h"

/** Registers, for struct blk_registers; `context` is the device. */
uint32_t disk_device_read(void *context, uint32_t offset);
void disk_device_write(void *context, uint32_t offset, uint32_t value);

/** `bytes` bytes of DISK_MACHINE_FILL; what the device has written since the last call is filled again. */
uint8_t *disk_device_contents(size_t bytes);

/** Serve what is in the queue. Returns true if there was something. */
bool disk_device_run(struct disk_device *disk);
