/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Kernel log and PD debug output: to the log ring when a living PD reads it, else straight to the UART.
 */
#pragma once

#include "kernel/core/kernel.h"

/** Append formatted text (lib/base/format.h), 255 bytes at most. */
void klog_print(struct kernel *kernel, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Debug output of `pd`: kept until a newline, so that lines of different PDs don't mix. */
void klog_pd_write(struct pd *pd, const char *bytes, uint32_t count);

/** Write out the unfinished line of `pd`. */
void klog_pd_flush(struct pd *pd);

/** MAIL_LOG: on the log's core, take over the lines of core `from`. */
void klog_collect(struct core *from);
