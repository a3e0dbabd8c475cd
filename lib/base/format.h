/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Text formatting without a C library.
 *
 * Conversions: %s %c %d %i %u %x %X %p %%, with l, ll and z, a width (a number or *), flags 0 and -, and for
 * %s a precision (.number or .*) that bounds how far the argument is read. A conversion that is none of these
 * is copied as it stands. A NULL string prints as "(null)".
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/**
 * Write at most `bytes` - 1 characters and a NUL to `buffer` (nothing if `bytes` is 0).
 * Returns the length of the text in the buffer, without the NUL: unlike snprintf, never more than fits.
 */
size_t format_print(char *buffer, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** format_print() with a va_list, which it consumes. */
size_t format_vprint(char *buffer, size_t bytes, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
