/* SPDX-License-Identifier: BSD-2-Clause */
/** The board's UART, for the kernel's own output. Its driver is a protection domain. */
#pragma once

#include "kernel/core/kernel.h"

/** Have it send, if nobody has yet. Speed and format stay as they are. */
void uart_init(const struct sysdesc_board *board);
