/* SPDX-License-Identifier: BSD-2-Clause */
/** Where this PD tells the kernel which events it does not want: one file per platform, chosen at link time. */
#pragma once

#include <stdint.h>

/** The word (SYSDESC_TRACE_SKIP_WORD). */
uint64_t *platform_trace_skip(void);
