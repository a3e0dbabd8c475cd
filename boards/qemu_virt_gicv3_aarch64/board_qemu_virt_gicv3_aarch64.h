/* SPDX-License-Identifier: BSD-2-Clause */
/** QEMU's `virt` machine with virtualization=on and a GICv3. */
#pragma once

#include "boards/board.h"

/** Agrees with QEMU_ARGS in board.mk. */
extern const struct board board_qemu_virt_gicv3_aarch64;
