/* SPDX-License-Identifier: BSD-2-Clause */
/** What the files of the Microkit checker share. See sdf_check.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool/diag.h"
#include "tool/sdf_version.h"
#include "tool/xml.h"

/** A protection domain, in order of the document. */
struct sdf_check_pd {
    const struct xml_element *xml;
    const char *name;
    uint64_t priority;
    uint64_t taken_channels; /**< bit n: channel id n is in use */
};

/** The state of one check. */
struct sdf_check {
    struct diag *diag;
    struct sdf_features features;
    const struct xml_element *root;
    struct sdf_check_pd *pds;
    size_t pd_count;
};

/* sdf_check_grammar.c */

/** Which elements stand where, and with which attributes; values that stand for themselves. */
void sdf_check_grammar(struct sdf_check *check);

/** An attribute's value, or NULL. */
const char *sdf_check_text(const struct xml_element *element, const char *name);

/** Parse a number as Microkit does: decimal or 0x hexadecimal, with underscores anywhere. */
bool sdf_check_parse(const char *text, uint64_t *value);

/** A number attribute; `fallback` if it is missing or malformed (which sdf_check_grammar() reports). */
uint64_t sdf_check_number(const struct xml_element *element, const char *name, uint64_t fallback);

/** Whether it is an element of that name. */
bool sdf_check_is(const struct xml_element *element, const char *name);

/* sdf_check_memory.c */

/** Memory regions and maps. */
void sdf_check_memory(struct sdf_check *check);
