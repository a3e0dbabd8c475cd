/* SPDX-License-Identifier: BSD-2-Clause */
/** SPIs that the guest routes to another of its vCPUs. */
#pragma once

#include "kernel/core/kernel.h"

/** SYSCALL_VIRQ_MOVE: `intid` of `from` is `to`'s, a vCPU of the same VM, with all that pends it. */
enum syscall_status route_move(struct vcpu *from, uint64_t intid, struct vcpu *to);
