/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Whether a description for seL4 says only what the comparison with a policy knows: what it does not know has
 * no line of the policy, and may mean something to the SDK's tool.
 */
#pragma once

#include <libxml/tree.h>
#include <stdbool.h>

#include "verify/image/findings.h"

/** Every element and attribute below `root`. Violations: description. */
void rule_description_run(const xmlNode *root, struct findings *findings);

/** Whether `text` is a number to us as it is to the SDK's tool: no sign, no octal, nothing behind it. */
bool rule_description_is_number(const char *text);
