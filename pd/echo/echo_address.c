/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses as a description has them. */
#include <stdbool.h>
#include <stddef.h>

#include "pd/echo/echo.h"

#define DEFAULT_PREFIX 24u

/* A decimal number of up to three digits, `most` at most. Returns what is behind it, or NULL. */
static const char *parse_number(const char *text, uint32_t most, uint8_t *number)
{
    uint32_t value = 0;
    uint32_t digits = 0;

    while (text[digits] >= '0' && text[digits] <= '9' && digits < 3) {
        value = value * 10 + (uint32_t)(text[digits++] - '0');
    }
    *number = (uint8_t)value;
    return digits == 0 || value > most ? NULL : text + digits;
}

static bool parse_one(const char *text, struct echo_address *address)
{
    for (uint32_t i = 0; i < sizeof(address->ip); i++) {
        text = parse_number(text, 255, &address->ip[i]);
        if (text == NULL || (i < 3 && *text++ != '.')) {
            return false;
        }
    }
    address->prefix = DEFAULT_PREFIX;
    if (*text == '/') {
        text = parse_number(text + 1, 32, &address->prefix);
    }
    return text != NULL && (*text == '\0' || *text == ' ');
}

int echo_address_parse(const char *text, struct echo_address *address)
{
    for (;;) {
        if (parse_one(text, address)) {
            return 0;
        }
        while (*text != ' ' && *text != '\0') {
            text++;
        }
        if (*text++ == '\0') {
            return -1;
        }
    }
}
