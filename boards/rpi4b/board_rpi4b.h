/* SPDX-License-Identifier: BSD-2-Clause */
/** Raspberry Pi 4 Model B: BCM2711, four Cortex-A72 of which one is used, GIC-400. */
#pragma once

#include "boards/board.h"

/** Agrees with QEMU_ARGS in board.mk. */
extern const struct board board_rpi4b;
