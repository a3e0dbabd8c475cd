/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying is the one thing done to every byte of a frame, so it goes 64 bytes a step: eight general
 * registers, which gcc pairs into LDP/STP, and four steps a turn, so that the loop itself costs little. What
 * is left over is not copied byte by byte: the last piece overlaps the one before it. FP/SIMD registers are
 * left alone (they belong to whoever runs lazily). `make bench-copy` compares this with other loops.
 */
#include "lib/base/mem.h"

#include <stdint.h>

/* Without this gcc recognises the loops below and turns each into a call to the function it is in. */
#define MEM_PLAIN_LOOPS __attribute__((optimize("no-tree-loop-distribute-patterns")))

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;
typedef uint32_t __attribute__((may_alias, aligned(1))) half_t;

#define MEM_WORD_BYTES sizeof(word_t)
#define MEM_BLOCK_BYTES (8 * MEM_WORD_BYTES)
#define MEM_TURN_BYTES (4 * MEM_BLOCK_BYTES)
#define MEM_PAIR_BYTES (2 * MEM_WORD_BYTES)

/* All loads before all stores: also right for overlapping areas. */
static inline void copy_block(uint8_t *to, const uint8_t *from)
{
    const word_t *source = (const word_t *)from;
    word_t *target = (word_t *)to;
    uint64_t w0 = source[0], w1 = source[1], w2 = source[2], w3 = source[3];
    uint64_t w4 = source[4], w5 = source[5], w6 = source[6], w7 = source[7];
    target[0] = w0;
    target[1] = w1;
    target[2] = w2;
    target[3] = w3;
    target[4] = w4;
    target[5] = w5;
    target[6] = w6;
    target[7] = w7;
}

static inline void copy_word(uint8_t *to, const uint8_t *from)
{
    *(word_t *)to = *(const word_t *)from;
}

static inline void copy_pair(uint8_t *to, const uint8_t *from)
{
    const word_t *source = (const word_t *)from;
    uint64_t w0 = source[0], w1 = source[1];
    ((word_t *)to)[0] = w0;
    ((word_t *)to)[1] = w1;
}

/* Fewer than 16 bytes: two pieces that may overlap, loaded before either is stored. */
MEM_PLAIN_LOOPS static inline void copy_few(uint8_t *to, const uint8_t *from, size_t bytes)
{
    if (bytes >= MEM_WORD_BYTES) {
        uint64_t first = *(const word_t *)from;
        uint64_t last = *(const word_t *)(from + bytes - MEM_WORD_BYTES);
        *(word_t *)to = first;
        *(word_t *)(to + bytes - MEM_WORD_BYTES) = last;
    } else if (bytes >= sizeof(half_t)) {
        uint32_t first = *(const half_t *)from;
        uint32_t last = *(const half_t *)(from + bytes - sizeof(half_t));
        *(half_t *)to = first;
        *(half_t *)(to + bytes - sizeof(half_t)) = last;
    } else {
        for (; bytes > 0; bytes--) {
            *to++ = *from++;
        }
    }
}

/* Areas that do not overlap. The last piece may be copied twice in part. */
MEM_PLAIN_LOOPS static inline void copy_apart(uint8_t *to, const uint8_t *from, size_t bytes)
{
    if (bytes < MEM_PAIR_BYTES) {
        copy_few(to, from, bytes);
        return;
    }
    uint8_t *to_end = to + bytes;
    const uint8_t *from_end = from + bytes;
    if (bytes <= MEM_BLOCK_BYTES) {
        copy_pair(to, from);
        if (bytes > 2 * MEM_PAIR_BYTES) {
            copy_pair(to + MEM_PAIR_BYTES, from + MEM_PAIR_BYTES);
            copy_pair(to_end - 2 * MEM_PAIR_BYTES, from_end - 2 * MEM_PAIR_BYTES);
        }
        copy_pair(to_end - MEM_PAIR_BYTES, from_end - MEM_PAIR_BYTES);
        return;
    }
    for (; bytes > MEM_TURN_BYTES; bytes -= MEM_TURN_BYTES, to += MEM_TURN_BYTES, from += MEM_TURN_BYTES) {
        copy_block(to, from);
        copy_block(to + MEM_BLOCK_BYTES, from + MEM_BLOCK_BYTES);
        copy_block(to + 2 * MEM_BLOCK_BYTES, from + 2 * MEM_BLOCK_BYTES);
        copy_block(to + 3 * MEM_BLOCK_BYTES, from + 3 * MEM_BLOCK_BYTES);
    }
    for (; bytes > MEM_BLOCK_BYTES;
         bytes -= MEM_BLOCK_BYTES, to += MEM_BLOCK_BYTES, from += MEM_BLOCK_BYTES) {
        copy_block(to, from);
    }
    copy_block(to_end - MEM_BLOCK_BYTES, from_end - MEM_BLOCK_BYTES);
}

/* Areas that overlap, `to` below `from`. */
MEM_PLAIN_LOOPS static void copy_up(uint8_t *to, const uint8_t *from, size_t bytes)
{
    for (; bytes >= MEM_BLOCK_BYTES; bytes -= MEM_BLOCK_BYTES) {
        copy_block(to, from);
        to += MEM_BLOCK_BYTES;
        from += MEM_BLOCK_BYTES;
    }
    for (; bytes >= MEM_WORD_BYTES; bytes -= MEM_WORD_BYTES) {
        copy_word(to, from);
        to += MEM_WORD_BYTES;
        from += MEM_WORD_BYTES;
    }
    for (; bytes > 0; bytes--) {
        *to++ = *from++;
    }
}

MEM_PLAIN_LOOPS static void copy_down(uint8_t *to, const uint8_t *from, size_t bytes)
{
    for (; bytes >= MEM_BLOCK_BYTES; bytes -= MEM_BLOCK_BYTES) {
        copy_block(to + bytes - MEM_BLOCK_BYTES, from + bytes - MEM_BLOCK_BYTES);
    }
    for (; bytes >= MEM_WORD_BYTES; bytes -= MEM_WORD_BYTES) {
        copy_word(to + bytes - MEM_WORD_BYTES, from + bytes - MEM_WORD_BYTES);
    }
    for (; bytes > 0; bytes--) {
        to[bytes - 1] = from[bytes - 1];
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    copy_apart(to, from, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    if ((uintptr_t)to - (uintptr_t)from >= bytes) {
        copy_up(to, from, bytes);
    } else {
        copy_down(to, from, bytes);
    }
    return to;
}

MEM_PLAIN_LOOPS void *memset(void *to, int value, size_t bytes)
{
    uint8_t *at = to;
    uint64_t word = (uint8_t)value * UINT64_C(0x0101010101010101);
    for (; bytes >= MEM_BLOCK_BYTES; bytes -= MEM_BLOCK_BYTES) {
        for (unsigned int i = 0; i < 8; i++) {
            ((word_t *)at)[i] = word;
        }
        at += MEM_BLOCK_BYTES;
    }
    for (; bytes >= MEM_WORD_BYTES; bytes -= MEM_WORD_BYTES) {
        *(word_t *)at = word;
        at += MEM_WORD_BYTES;
    }
    for (; bytes > 0; bytes--) {
        *at++ = (uint8_t)value;
    }
    return to;
}

MEM_PLAIN_LOOPS int memcmp(const void *left, const void *right, size_t bytes)
{
    const uint8_t *a = left;
    const uint8_t *b = right;
    while (bytes >= MEM_WORD_BYTES && *(const word_t *)a == *(const word_t *)b) {
        a += MEM_WORD_BYTES;
        b += MEM_WORD_BYTES;
        bytes -= MEM_WORD_BYTES;
    }
    for (; bytes > 0; bytes--, a++, b++) {
        if (*a != *b) {
            return *a < *b ? -1 : 1;
        }
    }
    return 0;
}

MEM_PLAIN_LOOPS void *memchr(const void *area, int value, size_t bytes)
{
    const uint8_t *at = area;
    for (; bytes > 0; bytes--, at++) {
        if (*at == (uint8_t)value) {
            return (void *)(uintptr_t)at;
        }
    }
    return NULL;
}

MEM_PLAIN_LOOPS size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

MEM_PLAIN_LOOPS size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;
    while (length < limit && text[length] != '\0') {
        length++;
    }
    return length;
}

MEM_PLAIN_LOOPS static int compare(const char *left, const char *right, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        uint8_t a = (uint8_t)left[i];
        uint8_t b = (uint8_t)right[i];
        if (a != b) {
            return a < b ? -1 : 1;
        }
        if (a == 0) {
            break;
        }
    }
    return 0;
}

int strcmp(const char *left, const char *right)
{
    return compare(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t limit)
{
    return compare(left, right, limit);
}
