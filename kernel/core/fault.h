/* SPDX-License-Identifier: BSD-2-Clause */
/** Faults: messages to the parent, or a readable report when there is nobody to handle them. */
#pragma once

#include "kernel/core/kernel.h"

/**
 * PD `pd` faulted: `label` and `count` words as seL4's fault messages (microkit.h). It stops until its parent
 * replies. `syndrome` (ESR_EL2) and `address` (FAR_EL2) are for the report.
 */
void fault_pd(struct pd *pd, uint64_t label, const uint64_t *words, uint32_t count, uint64_t syndrome,
              uint64_t address);

/** The parent replied to the fault of `pd` with `label` and `words` (`count` of them are given). */
void fault_reply(struct pd *pd, uint64_t label, uint32_t count, const uint64_t *words);
