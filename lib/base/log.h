/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Log lines of a PD: "name: text", "name: warning: text", "name: error: text".
 *
 * A line is formatted whole and handed over in one piece, so that lines of two PDs never mix. Where it goes
 * is decided at link time: each PD's main.c (and each test) defines `log_sink`.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Longest line, including name, newline and NUL; what exceeds it is cut off. */
#define LOG_LINE_BYTES 256u

/** Where a program's log goes. A PD has: const struct log_sink log_sink = {microkit_name, microkit_dbg_puts};
 */
struct log_sink {
    const char *name;                /**< in front of each line */
    void (*write)(const char *line); /**< takes one whole line, newline included, NUL-terminated */
};

/** Defined once per program. */
extern const struct log_sink log_sink;

/**
 * Rate limit for a message that a guest or peer can cause: the first LOG_LIMIT_FIRST occurrences are logged,
 * then only the 16th, 32nd, 64th ... with the number left out since. Counts, so it needs no clock. One per
 * cause and peer, zero-initialised.
 */
struct log_limit {
    uint32_t count;   /**< occurrences, saturating */
    uint32_t dropped; /**< since the last one logged */
};
#define LOG_LIMIT_FIRST 8u

/** Something a user may want to know. */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Something wrong that the program copes with. */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Something that stops the program, or a device, from doing its work. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** log_warn() under a rate limit. */
void log_warn_limited(struct log_limit *limit, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Count one occurrence; true if the caller must log it, and then *dropped is how many were not before it. */
bool log_limit_allows(struct log_limit *limit, uint32_t *dropped);
