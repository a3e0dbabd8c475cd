/* SPDX-License-Identifier: BSD-2-Clause */
/** QEMU's `xlnx-versal-virt`: AMD Versal, two Cortex-A72, GICv3 (AM011), with virtio-mmio beside the devices. */
#pragma once

#include "boards/board.h"

/** Agrees with QEMU_ARGS in board.mk. */
extern const struct board board_versal_virt;
