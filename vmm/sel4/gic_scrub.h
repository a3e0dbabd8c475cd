/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Empties the virtual CPU interface of a vCPU that is reset.
 *
 * What a guest leaves in list registers outlives it: seL4 offers no way to clear one, and one that holds an
 * active interrupt could never be used again. Only the guest's side of the interface can end it. So before
 * the guest is started again, its vCPU runs a few instructions of ours in its memory: they acknowledge and
 * end what is pending, end whatever may be active, and trap with an SMC. seL4 reports every end as for any
 * guest.
 */
#pragma once

#include <stdbool.h>

#include <microkit.h>

#include "lib/config/vmm_config.h"
#include "vmm/sel4/lr_queue.h"

/**
 * If something of `queue` lies in list registers, or may do so without its knowledge, put the instructions
 * into the guest's RAM, behind its device tree, and fill *context for them. False: there is nothing to do, or
 * no room.
 */
bool gic_scrub_prepare(const struct vmm_config *config, const struct lr_queue *queue,
                       seL4_UserContext *context);

/** They have trapped: take them out of the guest's RAM again. */
void gic_scrub_finish(const struct vmm_config *config);
