/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (memory == NULL) {
        fputs("causeway: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_zalloc(size_t bytes)
{
    return checked(calloc(1, bytes > 0 ? bytes : 1));
}

void *mem_dup(const void *data, size_t bytes)
{
    void *copy = mem_zalloc(bytes);

    if (bytes > 0) {
        memcpy(copy, data, bytes);
    }
    return copy;
}

char *mem_strdup(const char *text)
{
    return text == NULL ? NULL : mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *text, size_t length)
{
    char *copy = mem_zalloc(length + 1);

    memcpy(copy, text, length);
    return copy;
}

char *mem_printf(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    va_end(args);
    return checked(text);
}

void *mem_grow(void *array, size_t count, size_t element_bytes)
{
    if ((count & (count - 1)) == 0) {
        size_t capacity = count == 0 ? 1 : count * 2;

        if (capacity > SIZE_MAX / element_bytes) {
            (void)checked(NULL);
        }
        array = checked(realloc(array, capacity * element_bytes));
    }
    memset((uint8_t *)array + count * element_bytes, 0, element_bytes);
    return array;
}
