/* SPDX-License-Identifier: BSD-2-Clause */
/** Interrupts that the vCPUs of a VM with a GICv3 send each other. */
#pragma once

#include "kernel/core/kernel.h"

/**
 * `sender` has written `value` to ICC_SGI1R_EL1, ICC_ASGI1R_EL1 or ICC_SGI0R_EL1 (IHI 0069H, 12.2.20): pend
 * the SGI on those of its VM's vCPUs that the value names. The first of these reaches SGIs of both groups
 * (`both_groups`), the others those of group 0 alone.
 */
void sgi_send(struct vcpu *sender, uint64_t value, bool both_groups);
