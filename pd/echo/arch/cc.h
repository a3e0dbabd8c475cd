/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What lwIP wants to know of compiler and machine: GCC or clang, little-endian, no C library but memory and string
 * functions. The name and the macros' are lwIP's (its src/include/lwip/arch.h).
 */
#pragma once

#include <stdint.h>

#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_LIMITS_H 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_UNISTD_H 1
#if __STDC_HOSTED__ /* in a test: libc has the type that lwIP would define */
#include <limits.h>
#include <sys/types.h>
#else
#define INT_MAX __INT_MAX__
#endif

/* It prints nothing; these are only for messages that are not compiled. */
#define X8_F "x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "lu"
#define LWIP_PLATFORM_DIAG(message)

/** lwIP's sys_now(): milliseconds from any beginning. */
uint32_t echo_now(void);
#define sys_now echo_now

/** An invariant of lwIP's own does not hold. */
void echo_broken(const char *what) __attribute__((noreturn));
#define LWIP_PLATFORM_ASSERT(what) echo_broken(what)
