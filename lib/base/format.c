/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/base/format.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/mem.h"

struct output {
    char *buffer;
    size_t bytes;
    size_t used;
};

/* One parsed conversion. */
struct spec {
    bool left;
    bool zero;
    bool has_precision;
    size_t width;
    size_t precision;
    unsigned int longs; /* number of l's; z counts as 1 */
    char conversion;
};

/* va_list is an array type on some targets: inside a struct it can be passed by address everywhere. */
struct arguments {
    va_list list;
};

static void put(struct output *out, char character)
{
    if (out->used + 1 < out->bytes) {
        out->buffer[out->used++] = character;
    }
}

static void put_repeated(struct output *out, char character, size_t count)
{
    for (; count > 0 && out->used + 1 < out->bytes; count--) {
        put(out, character);
    }
}

/* `sign_length` leading characters of `text` stay in front of zero padding. */
static void put_padded(struct output *out, const struct spec *spec, const char *text, size_t length,
                       size_t sign_length)
{
    size_t padding = spec->width > length ? spec->width - length : 0;
    if (!spec->left && !spec->zero) {
        put_repeated(out, ' ', padding);
    }
    for (size_t i = 0; i < sign_length; i++) {
        put(out, text[i]);
    }
    if (!spec->left && spec->zero) {
        put_repeated(out, '0', padding);
    }
    for (size_t i = sign_length; i < length; i++) {
        put(out, text[i]);
    }
    if (spec->left) {
        put_repeated(out, ' ', padding);
    }
}

static void put_number(struct output *out, const struct spec *spec, uint64_t value, unsigned int base,
                       const char *prefix)
{
    const char *digits = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    size_t at = sizeof text;
    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value != 0);
    size_t prefix_length = strlen(prefix);
    at -= prefix_length;
    memcpy(&text[at], prefix, prefix_length);
    put_padded(out, spec, &text[at], sizeof text - at, prefix_length);
}

static int64_t take_signed(struct arguments *args, unsigned int longs)
{
    if (longs >= 2) {
        return va_arg(args->list, long long);
    }
    return longs == 1 ? va_arg(args->list, long) : va_arg(args->list, int);
}

static uint64_t take_unsigned(struct arguments *args, unsigned int longs)
{
    if (longs >= 2) {
        return va_arg(args->list, unsigned long long);
    }
    return longs == 1 ? va_arg(args->list, unsigned long) : va_arg(args->list, unsigned int);
}

/* A number in the format, or the next argument for '*'. */
static const char *parse_count(const char *at, struct arguments *args, size_t *count)
{
    if (*at == '*') {
        int value = va_arg(args->list, int);
        *count = value > 0 ? (size_t)value : 0;
        return at + 1;
    }
    *count = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        *count = *count * 10 + (size_t)(*at - '0');
    }
    return at;
}

static const char *parse_spec(const char *at, struct arguments *args, struct spec *spec)
{
    *spec = (struct spec){0};
    for (; *at == '-' || *at == '0'; at++) {
        if (*at == '-') {
            spec->left = true;
        } else {
            spec->zero = true;
        }
    }
    at = parse_count(at, args, &spec->width);
    if (*at == '.') {
        spec->has_precision = true;
        at = parse_count(at + 1, args, &spec->precision);
    }
    for (; *at == 'l' || *at == 'z'; at++) {
        spec->longs++;
    }
    spec->conversion = *at;
    return at;
}

static void put_string(struct output *out, struct spec *spec, const char *text)
{
    if (text == NULL) {
        text = "(null)";
    }
    spec->zero = false;
    size_t length = spec->has_precision ? strnlen(text, spec->precision) : strlen(text);
    put_padded(out, spec, text, length, 0);
}

/* Returns false if the conversion is unknown. */
static bool convert(struct output *out, struct spec *spec, struct arguments *args)
{
    switch (spec->conversion) {
    case 's':
        put_string(out, spec, va_arg(args->list, const char *));
        return true;
    case 'c': {
        char character = (char)va_arg(args->list, int);
        spec->zero = false;
        put_padded(out, spec, &character, 1, 0);
        return true;
    }
    case 'd':
    case 'i': {
        int64_t value = take_signed(args, spec->longs);
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        put_number(out, spec, magnitude, 10, value < 0 ? "-" : "");
        return true;
    }
    case 'u':
        put_number(out, spec, take_unsigned(args, spec->longs), 10, "");
        return true;
    case 'x':
    case 'X':
        put_number(out, spec, take_unsigned(args, spec->longs), 16, "");
        return true;
    case 'p':
        put_number(out, spec, (uintptr_t)va_arg(args->list, void *), 16, "0x");
        return true;
    case '%':
        put(out, '%');
        return true;
    default:
        return false;
    }
}

size_t format_vprint(char *buffer, size_t bytes, const char *format, va_list list)
{
    struct output out = {.buffer = buffer, .bytes = bytes};
    struct arguments args;
    va_copy(args.list, list);
    for (const char *at = format; *at != '\0'; at++) {
        if (*at != '%') {
            put(&out, *at);
            continue;
        }
        struct spec spec;
        const char *end = parse_spec(at + 1, &args, &spec);
        if (convert(&out, &spec, &args)) {
            at = end;
        } else {
            put(&out, '%');
        }
    }
    va_end(args.list);
    if (bytes > 0) {
        buffer[out.used] = '\0';
    }
    return out.used;
}

size_t format_print(char *buffer, size_t bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t length = format_vprint(buffer, bytes, format, args);
    va_end(args);
    return length;
}
