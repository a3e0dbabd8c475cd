/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The few C library functions that a PD has: ISO C semantics, for Normal memory only (accesses may be
 * unaligned and of any width). On the host these declarations name libc's own functions.
 *
 * gcc emits calls to the first four on its own, so every target program links mem.c.
 */
#pragma once

#include <stddef.h>

/** Copy `bytes`; the areas must not overlap. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
/** Copy what somebody else may be changing: it is read here, and the compiler does not go back to it later.
 */
static inline void mem_copy_once(void *restrict to, const void *restrict from, size_t bytes)
{
    memcpy(to, from, bytes);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
/** Copy `bytes`; the areas may overlap. */
void *memmove(void *to, const void *from, size_t bytes);
/** Fill `bytes` with the low byte of `value`. */
void *memset(void *to, int value, size_t bytes);
/** Compare as unsigned bytes: below, equal to or above 0. */
int memcmp(const void *left, const void *right, size_t bytes);
/** First occurrence of the low byte of `value`, or NULL. */
void *memchr(const void *area, int value, size_t bytes);
/** Bytes before the NUL. */
size_t strlen(const char *text);
/** Bytes before the NUL, `limit` at most; never looks at text[limit]. */
size_t strnlen(const char *text, size_t limit);
/** Compare strings as unsigned bytes. */
int strcmp(const char *left, const char *right);
/** Compare at most `limit` bytes of two strings. */
int strncmp(const char *left, const char *right, size_t limit);
