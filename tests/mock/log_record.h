/* SPDX-License-Identifier: BSD-2-Clause */
/** A log sink for tests that keeps what was logged. Link tests/mock/log_record.c with the test. */
#pragma once

#include <stddef.h>

#define LOG_RECORD_BYTES 8192u

/** Everything logged since the last clear, NUL-terminated; lines that no longer fit are dropped. */
const char *log_record_text(void);
/** Lines logged since the last clear, dropped ones included. */
size_t log_record_count(void);
/** Forget it all. */
void log_record_clear(void);
