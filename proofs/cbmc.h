/* SPDX-License-Identifier: BSD-2-Clause */
/** What harnesses use of CBMC: values that it chooses, conditions, and questions about pointers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Any value: nobody defines these, so CBMC takes every result into account. */
uint64_t nondet_u64(void);
uint32_t nondet_u32(void);
uint16_t nondet_u16(void);
uint8_t nondet_u8(void);
bool nondet_bool(void);

/** CBMC's own: a condition to prove, one to suppose, the number of an object, and a place in it. */
void __CPROVER_assert(_Bool condition, const char *text);
void __CPROVER_assume(_Bool condition);
__SIZE_TYPE__ __CPROVER_POINTER_OBJECT(const void *pointer);
__PTRDIFF_TYPE__ __CPROVER_POINTER_OFFSET(const void *pointer);

/** CBMC's own malloc(): memory with any contents. */
void *malloc(size_t bytes);

/** What has to hold for every input. The text names the property. */
#define PROVE(condition, text) __CPROVER_assert(condition, text)
/** What the caller of the code under proof sees to. */
#define ASSUME(condition) __CPROVER_assume(condition)
/** The object that a pointer points into, and how far. */
#define OBJECT(pointer) __CPROVER_POINTER_OBJECT(pointer)
#define OFFSET(pointer) ((uint64_t)__CPROVER_POINTER_OFFSET(pointer))
