/* SPDX-License-Identifier: BSD-2-Clause */
/** A picture of a system: PDs, virtual machines, devices, and what joins them. */
#pragma once

#include <stdio.h>

#include "tool/model/model.h"

/**
 * Print the system as a Graphviz digraph (dot language): one node a PD, VM and device, one edge a channel or
 * shared memory region; a link (two regions and a channel) is a single edge. Same model, same text.
 */
void graph_print(const struct model *model, FILE *out);
