/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Virtual interrupts that other cores pend: atomic sets, which the vCPU's own core empties into its state.
 * Pending an interrupt twice before that is pending it once, as at the input of a GIC.
 */
#pragma once

#include "kernel/core/kernel.h"

/** Put `intid` into the inbox of `vcpu`, which is another core's, and have that look. */
void inbox_post(struct vcpu *vcpu, enum inbox_kind kind, uint32_t intid);

/** SGI `intid` from vCPU `source` (0..7) of its VM. */
void inbox_post_sgi(struct vcpu *vcpu, uint32_t intid, uint32_t source);

/** Take which words may have some: bit INBOX_BIT(kind, n): inbox_take(vcpu, kind, n). */
uint64_t inbox_take_summary(struct vcpu *vcpu);
/** Take the interrupts 64 * `word` + n. */
uint64_t inbox_take(struct vcpu *vcpu, enum inbox_kind kind, uint32_t word);

/** Take all SGIs: a byte for each, a bit for each sender. */
void inbox_take_sgis(struct vcpu *vcpu, uint64_t sgis[2]);

/** Forget what was posted: the vCPU stops. */
void inbox_clear(struct vcpu *vcpu);
