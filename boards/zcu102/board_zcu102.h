/* SPDX-License-Identifier: BSD-2-Clause */
/** AMD ZCU102: Zynq UltraScale+ XCZU9EG, four Cortex-A53, GIC-400 (UG1085, UG1182). */
#pragma once

#include "boards/board.h"

/** Agrees with QEMU_ARGS in board.mk. */
extern const struct board board_zcu102;
