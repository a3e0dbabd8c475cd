/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A system description as the policy reads it: libxml2's tree, with variables replaced, included files in
 * place and what is switched off taken out. Nothing is checked that the composer's own front end refuses:
 * the policy says what a description means, not whether it is a good one.
 */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

/** The description of file `path`. `definitions` are NAME=value. Ends the program after an error. */
xmlNode *description_read(const char *path, char *const *definitions, int definition_count);

/** Print "causeway-policy: FILE:LINE: ..." and end the program. `node` may be NULL. */
_Noreturn void description_fail(const xmlNode *node, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** An attribute's value, or `fallback`, which may be NULL. Never freed: the program is short-lived. */
const char *description_text(const xmlNode *node, const char *name, const char *fallback);
/** A number: decimal or 0x, with K, M or G behind it. */
uint64_t description_number(const xmlNode *node, const char *name, const char *fallback);
/** Whether it is "true". */
bool description_is(const xmlNode *node, const char *name, const char *fallback);
bool description_has(const xmlNode *node, const char *name);

/** The first child element of that name, or the next one behind `after`; NULL: any name. NULL if none. */
xmlNode *description_child(const xmlNode *node, const char *name);
xmlNode *description_next(const xmlNode *after, const char *name);
bool description_is_a(const xmlNode *node, const char *name);

/** printf into memory that is never freed. */
char *description_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Whether an element of that kind and name is in the description but switched off; name NULL: any. */
bool description_is_off(const char *element, const char *name);
