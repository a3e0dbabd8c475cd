/* SPDX-License-Identifier: BSD-2-Clause */
/** What a VMM that has been taken over can do to the PDs that it shares memory and channels with. */
#pragma once

#include <stdint.h>

#include "lib/config/vmm_config.h"

/**
 * One attack on all peers at once; `seed` says which. On each ring: nonsense in its header, indices that
 * jump, starts without end, floods of notifications, and well-formed records with hostile contents. Calls
 * with any label to the PDs that take calls, and all system calls that might concern others.
 */
void vmm_attack_peers(const struct vmm_config *config, uint32_t seed);

/**
 * The same by way of vhost: any call to the switch in any order, with rings anywhere in the guest's RAM,
 * which is ruined by this.
 */
void vmm_attack_vhost(const struct vmm_config *config, uint32_t seed);

/** System calls on channels, children and interrupts that might be others'; part of vmm_attack_peers(). One
 * for each platform. `any`: gives random words. */
void vmm_attack_kernel(const struct vmm_config *config, uint64_t (*any)(void));
