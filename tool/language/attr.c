/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/language/attr.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/ip.h"
#include "tool/base/mem.h"
#include "tool/base/size_text.h"
#include "tool/base/suggest.h"
#include "tool/model/model.h"

#define MAX_NAME_LENGTH 63u

static bool wrong(char *error, const char *what)
{
    (void)snprintf(error, ATTR_ERROR_BYTES, "%s", what);
    return false;
}

/* Digits with "_" between them; *end is the first character that isn't part of the number, NULL if that is
   too large. */
static bool parse_digits(const char *text, unsigned int base, uint64_t *value, const char **end)
{
    const char *start = text;

    *value = 0;
    *end = text;
    for (; isxdigit((unsigned char)*text) || (*text == '_' && text > start); text++) {
        unsigned int digit = isdigit((unsigned char)*text)
                                 ? (unsigned int)(*text - '0')
                                 : (unsigned int)(tolower((unsigned char)*text) - 'a') + 10;

        if (*text == '_') {
            continue;
        }
        if (digit >= base) {
            break;
        }
        if (__builtin_mul_overflow(*value, base, value) || __builtin_add_overflow(*value, digit, value)) {
            *end = NULL;
            return false;
        }
    }
    *end = text;
    return text > start && text[-1] != '_';
}

static bool parse_number(const char *text, uint64_t *value, const char **end)
{
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        return parse_digits(text + 2, 16, value, end);
    }
    return parse_digits(text, 10, value, end);
}

static bool parse_unit(const char *unit, uint64_t *value)
{
    static const char letters[] = "KMG";
    const char *letter = *unit == '\0' ? NULL : strchr(letters, toupper((unsigned char)*unit));
    unsigned int shift = letter == NULL ? 0 : 10 * (unsigned int)(letter - letters + 1);

    if (letter != NULL) {
        unit++;
        if (strcmp(unit, "iB") == 0) {
            unit += 2;
        }
        if (*value > UINT64_MAX >> shift) {
            return false;
        }
        *value <<= shift;
    }
    return *unit == '\0';
}

static bool check_range(const struct attr_spec *spec, uint64_t value, char *error)
{
    char multiple[SIZE_TEXT_BYTES];

    if (value < spec->min || (spec->max != 0 && value > spec->max)) {
        char range[ATTR_ERROR_BYTES];

        attr_describe(spec, range);
        (void)snprintf(error, ATTR_ERROR_BYTES, "is out of range: it takes a %.200s", range);
        return false;
    }
    if (spec->multiple != 0 && value % spec->multiple != 0) {
        (void)snprintf(error, ATTR_ERROR_BYTES, "is not a multiple of %s",
                       size_text(spec->multiple, multiple));
        return false;
    }
    if (spec->power_of_two && (value & (value - 1)) != 0) {
        return wrong(error, "is not a power of two");
    }
    return true;
}

static bool parse_quantity(const struct attr_spec *spec, const char *text, uint64_t *field, char *error)
{
    uint64_t value;
    const char *end;

    if (!parse_number(text, &value, &end) ||
        (spec->type == ATTR_SIZE ? !parse_unit(end, &value) : *end != '\0')) {
        return wrong(error, end == NULL               ? "is too large a number"
                            : spec->type == ATTR_SIZE ? "is not a size, such as 0x1000, 4096 or 128M"
                                                      : "is not a number, decimal or 0x hexadecimal");
    }
    if (!check_range(spec, value, error)) {
        return false;
    }
    *field = value;
    return true;
}

static bool parse_text(const char *text, char **field)
{
    *field = mem_strdup(text);
    return true;
}

static bool parse_name(const struct attr_spec *spec, const char *text, char **field, char *error)
{
    size_t length = strlen(text);
    size_t max_length = spec->max != 0 ? (size_t)spec->max : MAX_NAME_LENGTH;

    if (length == 0) {
        return wrong(error, "is empty; a name has at least one character");
    }
    if (length > max_length) {
        (void)snprintf(error, ATTR_ERROR_BYTES, "is longer than the %zu characters that this name may have",
                       max_length);
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] >= 0 && (!isgraph((unsigned char)text[i]) || strchr("\"'<>&,/\\$", text[i]) != NULL)) {
            return wrong(error, "is not a name: letters, digits, and . - _ : without space");
        }
    }
    return parse_text(text, field);
}

static bool parse_symbol(const char *text, char **field, char *error)
{
    bool fine = isalpha((unsigned char)text[0]) || text[0] == '_';

    for (const char *at = text; *at != '\0'; at++) {
        fine = fine && (isalnum((unsigned char)*at) || *at == '_');
    }
    return fine ? parse_text(text, field) : wrong(error, "is not the name of a symbol of a C program");
}

static bool parse_names(const char *text, char **field)
{
    char *names = mem_zalloc(strlen(text) + 1);
    char *out = names;

    for (; *text != '\0'; text++) {
        if (*text != ' ' && *text != ',' && *text != '\t' && *text != '\n') {
            *out++ = *text;
        } else if (out > names && out[-1] != ' ') {
            *out++ = ' ';
        }
    }
    if (out > names && out[-1] == ' ') {
        out[-1] = '\0';
    }
    *field = names;
    return true;
}

static bool parse_bool(const char *text, bool *field, char *error)
{
    *field = strcmp(text, "true") == 0;
    return *field || strcmp(text, "false") == 0 || wrong(error, "is neither true nor false");
}

static bool parse_choice(const struct attr_spec *spec, const char *text, uint32_t *field, char *error)
{
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];
    char choices[ATTR_ERROR_BYTES];

    suggest_start(&suggest, text);
    for (uint32_t i = 0; spec->choices[i] != NULL; i++) {
        if (strcmp(spec->choices[i], text) == 0) {
            *field = i;
            return true;
        }
        suggest_offer(&suggest, spec->choices[i]);
    }
    attr_describe(spec, choices);
    (void)snprintf(error, ATTR_ERROR_BYTES, "is not one of %.100s%s", choices,
                   suggest_text(&suggest, suggestion));
    return false;
}

static bool parse_perms(const char *text, uint32_t *field, char *error)
{
    uint32_t perms = 0;

    for (const char *at = text; *at != '\0'; at++) {
        uint32_t perm = *at == 'r' ? MODEL_READ : *at == 'w' ? MODEL_WRITE : *at == 'x' ? MODEL_EXECUTE : 0;

        if (perm == 0 || (perms & perm) != 0) {
            return wrong(error, "is not a combination of r, w and x, each once");
        }
        perms |= perm;
    }
    if (perms == MODEL_WRITE) {
        return wrong(error, "is write-only, which the hardware cannot do; use \"rw\"");
    }
    if (perms == 0) {
        return wrong(error, "is empty; use a combination of r, w and x");
    }
    *field = perms;
    return true;
}

static bool parse_mac(const char *text, struct attr_mac *field, char *error)
{
    struct attr_mac mac = {.given = true};
    bool fine = strlen(text) == 17;

    for (size_t i = 0; fine && i < sizeof(mac.bytes); i++) {
        const char *at = &text[3 * i];
        char digits[3] = {at[0], at[1], '\0'};

        fine = isxdigit((unsigned char)at[0]) && isxdigit((unsigned char)at[1]) &&
               (i == 5 ? at[2] == '\0' : at[2] == ':');
        mac.bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    if (!fine) {
        return wrong(error, "is not a MAC address: six bytes in hexadecimal, such as 52:54:00:00:00:01");
    }
    if ((mac.bytes[0] & 1) != 0) {
        return wrong(error, "is a multicast address, which no port can have: the first byte must be even");
    }
    static const uint8_t none[6];

    if (memcmp(mac.bytes, none, sizeof(none)) == 0) {
        return wrong(error, "is all zeros, which no port can have");
    }
    *field = mac;
    return true;
}

static bool parse_addresses(const char *text, char **field, char *error)
{
    char *names;
    char *copy;
    char *rest = NULL;
    const char *what = NULL;
    struct ip ip;

    (void)parse_names(text, &names);
    copy = mem_strdup(names);
    for (char *at = strtok_r(copy, " ", &rest); at != NULL && what == NULL; at = strtok_r(NULL, " ", &rest)) {
        what = ip_parse(at, true, &ip);
        if (what != NULL && strcmp(at, names) != 0) {
            (void)snprintf(error, ATTR_ERROR_BYTES, "is wrong: \"%.60s\" %s", at, what);
        } else if (what != NULL) {
            (void)wrong(error, what);
        }
    }
    free(copy);
    if (what != NULL || names[0] == '\0') {
        free(names);
        return what != NULL ? false : wrong(error, "is empty; leave it out instead");
    }
    *field = names;
    return true;
}

static bool parse_host(const char *text, char **field, char *error)
{
    struct ip ip;
    const char *what = ip_parse(text, false, &ip);

    return what == NULL ? parse_text(text, field) : wrong(error, what);
}

bool attr_parse(const struct attr_spec *spec, const char *text, void *field, char *error)
{
    switch (spec->type) {
    case ATTR_TEXT:
        return parse_text(text, field);
    case ATTR_NAME:
        return parse_name(spec, text, field, error);
    case ATTR_SYMBOL:
        return parse_symbol(text, field, error);
    case ATTR_NAMES:
        return parse_names(text, field);
    case ATTR_BOOL:
        return parse_bool(text, field, error);
    case ATTR_NUMBER:
    case ATTR_SIZE:
        return parse_quantity(spec, text, field, error);
    case ATTR_CHOICE:
        return parse_choice(spec, text, field, error);
    case ATTR_PERMS:
        return parse_perms(text, field, error);
    case ATTR_MAC:
        return parse_mac(text, field, error);
    case ATTR_ADDRESSES:
        return parse_addresses(text, field, error);
    case ATTR_HOST:
        return parse_host(text, field, error);
    }
    return wrong(error, "has no known type");
}

bool attr_set_fallback(const struct attr_spec *spec, void *field)
{
    char error[ATTR_ERROR_BYTES];

    return spec->fallback != NULL && attr_parse(spec, spec->fallback, field, error);
}

void attr_free(const struct attr_spec *spec, void *field)
{
    switch (spec->type) {
    case ATTR_TEXT:
    case ATTR_NAME:
    case ATTR_SYMBOL:
    case ATTR_NAMES:
    case ATTR_ADDRESSES:
    case ATTR_HOST:
        free(*(char **)field);
        *(char **)field = NULL;
        break;
    case ATTR_BOOL:
    case ATTR_NUMBER:
    case ATTR_SIZE:
    case ATTR_CHOICE:
    case ATTR_PERMS:
    case ATTR_MAC:
        break;
    }
}

static void describe_quantity(const struct attr_spec *spec, char *text)
{
    const char *what = spec->type == ATTR_SIZE ? "size" : "number";
    char min[SIZE_TEXT_BYTES];
    char max[SIZE_TEXT_BYTES];

    (void)size_text(spec->min, min);
    (void)size_text(spec->max, max);
    if (spec->type == ATTR_NUMBER) {
        (void)snprintf(min, sizeof(min), "%" PRIu64, spec->min);
        (void)snprintf(max, sizeof(max), "%" PRIu64, spec->max);
    }
    if (spec->max != 0) {
        (void)snprintf(text, ATTR_ERROR_BYTES, "%s from %s to %s", what, min, max);
    } else if (spec->min != 0) {
        (void)snprintf(text, ATTR_ERROR_BYTES, "%s of at least %s", what, min);
    } else {
        (void)snprintf(text, ATTR_ERROR_BYTES, "%s", what);
    }
}

void attr_describe(const struct attr_spec *spec, char *text)
{
    static const char *const kinds[] = {
        [ATTR_TEXT] = "text",        [ATTR_NAME] = "name",
        [ATTR_SYMBOL] = "symbol",    [ATTR_NAMES] = "names",
        [ATTR_BOOL] = "true, false", [ATTR_PERMS] = "combination of r, w, x",
        [ATTR_MAC] = "MAC address",  [ATTR_ADDRESSES] = "IP addresses with prefix length",
        [ATTR_HOST] = "IP address",
    };
    size_t used = 0;

    if (spec->type == ATTR_NUMBER || spec->type == ATTR_SIZE) {
        describe_quantity(spec, text);
        return;
    }
    if (spec->type != ATTR_CHOICE) {
        (void)snprintf(text, ATTR_ERROR_BYTES, "%s", kinds[spec->type]);
        return;
    }
    for (size_t i = 0; spec->choices[i] != NULL && used < ATTR_ERROR_BYTES; i++) {
        used += (size_t)snprintf(&text[used], ATTR_ERROR_BYTES - used, "%s%s", i == 0 ? "" : ", ",
                                 spec->choices[i]);
    }
}
