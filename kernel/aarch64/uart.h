/* SPDX-License-Identifier: BSD-2-Clause */
/** The board's UART, for the kernel's own output. Its driver is a protection domain. */
#pragma once

#include "kernel/core/kernel.h"

/** Have it send, if nobody has yet. Speed and format stay as they are. */
void uart_init(const struct sysdesc_board *board);

/** Write a byte; it is lost if the UART takes none for long. */
void uart_putc(const struct sysdesc_board *board, char c);

/** Write a text, with carriage returns. Needs nothing but the board's data: the MMU may be off. */
void uart_print(const struct sysdesc_board *board, const char *text);
