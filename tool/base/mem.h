/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Memory for the host tool: these never return NULL. A host tool that is out of memory has nothing better to
 * do than say so and abort, so no caller checks.
 */
#pragma once

#include <stddef.h>

/** `bytes` zeroed bytes (at least one), to be freed with free(). */
void *mem_zalloc(size_t bytes);

/** A copy of `bytes` bytes of `data`, to be freed with free(). */
void *mem_dup(const void *data, size_t bytes);

/** A copy of `text`; NULL for NULL. */
char *mem_strdup(const char *text);

/** A copy of the first `length` characters of `text`. */
char *mem_strndup(const char *text, size_t length);

/** A printf-formatted string, to be freed with free(). */
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * Make room for one more element behind `count` elements of `element_bytes` each and zero it.
 * Returns the array, perhaps moved; *array keeps no capacity: it doubles whenever `count` is a power of two.
 */
void *mem_grow(void *array, size_t count, size_t element_bytes);
