/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Typed attributes of a system description.
 *
 * An element's attributes are a table of struct attr_spec, from which come the parser, the documentation
 * (`causeway help ELEMENT`), and the RELAX NG schema. A parsed value is stored at `offset` of the element's
 * struct, as the C type that its attr_type names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum attr_type {
    ATTR_TEXT,      /**< char *: any text; NULL if absent */
    ATTR_NAME,      /**< char *: at least one character, without space */
    ATTR_SYMBOL,    /**< char *: a C identifier */
    ATTR_NAMES,     /**< char *: names separated by spaces or commas; normalised to single spaces */
    ATTR_BOOL,      /**< bool: true or false */
    ATTR_NUMBER,    /**< uint64_t: decimal or 0x hexadecimal, "_" between digits allowed */
    ATTR_SIZE,      /**< uint64_t: a number of bytes, with K, M or G for powers of 1024 */
    ATTR_CHOICE,    /**< uint32_t: index into `choices` */
    ATTR_PERMS,     /**< uint32_t: enum model_perms, from a combination of r, w, x */
    ATTR_MAC,       /**< struct attr_mac */
    ATTR_ADDRESSES, /**< char *: IP addresses with prefix lengths, separated as names are */
    ATTR_HOST       /**< char *: IPv4 or IPv6 address without one */
};

/** A hardware address; `given` is false if the attribute is absent. */
struct attr_mac {
    bool given;
    uint8_t bytes[6];
};

struct attr_spec {
    const char *name;
    enum attr_type type;
    bool required;
    size_t offset;
    const char *fallback; /**< default, as written; NULL: none (see doc) */
    uint64_t min, max;    /**< NUMBER and SIZE; max 0: no limit. NAME: max length, 0: 63 */
    uint64_t multiple;    /**< NUMBER and SIZE: of this; 0: any */
    bool power_of_two;
    const char *const *choices; /**< CHOICE: NULL-terminated */
    const char *former_choice;  /**< CHOICE: accepted with a warning for `choice_now`; NULL: none */
    const char *choice_now;
    const char *doc;         /**< one phrase for help, without full stop */
    const char *unsupported; /**< not NULL: known to Microkit but not here, and why; nothing is parsed */
};

#define ATTR_ERROR_BYTES 256u

/**
 * Parse `text` as `spec` says into `field`. Strings are malloc'd.
 * Returns false with a sentence in `error` (ATTR_ERROR_BYTES) that says what is wrong and what would be
 * right.
 */
bool attr_parse(const struct attr_spec *spec, const char *text, void *field, char *error);

/** Set `field` to the spec's default; returns false if there is none (the field is then zero). */
bool attr_set_fallback(const struct attr_spec *spec, void *field);

/** Free what attr_parse() allocated in `field`. */
void attr_free(const struct attr_spec *spec, void *field);

/** "size", "number from 0 to 254", ...: what a value looks like, into `text` (ATTR_ERROR_BYTES). */
void attr_describe(const struct attr_spec *spec, char *text);
