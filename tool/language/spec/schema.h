/* SPDX-License-Identifier: BSD-2-Clause */
/** The tables of elements as documentation: a RELAX NG schema for editors, and help texts. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "tool/language/node.h"

/**
 * Print the RELAX NG schema (XML syntax) of all elements reachable from `root`. Wherever a value may be, it
 * accepts a variable instead; elements may come from includes, so it asks for none.
 */
void schema_print(const struct element_spec *root, FILE *out);

/** Print what the element `name` is for, its attributes with defaults, and its children. False: unknown. */
bool schema_help(const struct element_spec *root, const char *name, FILE *out);

/** Print the reference of all elements as Markdown (docs/reference.md). */
void schema_reference(const struct element_spec *root, FILE *out);

/** Print the names of all elements, one line each with the start of its documentation. */
void schema_list(const struct element_spec *root, FILE *out);
