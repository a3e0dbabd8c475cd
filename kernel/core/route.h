/* SPDX-License-Identifier: BSD-2-Clause */
/** SPIs that the guest routes to another of its vCPUs. */
#pragma once

#include "kernel/core/kernel.h"

/** SYSCALL_VIRQ_MOVE: `intid` of `from` is `to`'s, a vCPU of the same VM, with all that pends it. */
enum syscall_status route_move(struct vcpu *from, uint64_t intid, struct vcpu *to);

/** Whether `intid` can be routed: it is an SPI. */
bool route_is_sound(uint64_t intid);

/**
 * The first part of the same between vCPUs of different cores, on that of `from`: see vcpu_virq_unpack() and
 * vcpu_virq_arrived() for the others.
 */
void route_pack(struct vcpu *from, uint32_t intid, struct vcpu *to, struct virq_parcel *parcel);
