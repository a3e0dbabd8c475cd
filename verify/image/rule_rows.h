/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The rows of the system descriptor: what the kernel will obey without asking. Peers exist and agree, nobody
 * gets an interrupt, child, VMID or IPC buffer of another, scheduling parameters are in range.
 */
#pragma once

#include "verify/image/facts.h"
#include "verify/image/findings.h"
#include "verify/image/walk.h"

/** Check PDs, vCPUs, children, VMIDs, IPC buffers, the log's reader and entry points. */
void rule_rows_run(const struct facts *facts, const struct walk *walk, struct findings *findings);
