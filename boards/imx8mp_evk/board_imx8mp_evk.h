/* SPDX-License-Identifier: BSD-2-Clause */
/** NXP i.MX 8M Plus EVK: four Cortex-A53, GICv3 (IMX8MPRM). */
#pragma once

#include "boards/board.h"

/** Agrees with QEMU_ARGS in board.mk. */
extern const struct board board_imx8mp_evk;
