/* SPDX-License-Identifier: BSD-2-Clause */
/** The part of the report about isolation: who can reach whom, and through what. */
#pragma once

#include <stdio.h>

#include "tool/model/model.h"

/**
 * For every pair of domains between which anything goes, one line for each means: notification, procedure
 * call, posted interrupt, doorbell, parenthood, shared region with who writes and who reads. Pairs not listed
 * share nothing.
 */
void report_reach_print(const struct model *model, FILE *out);
