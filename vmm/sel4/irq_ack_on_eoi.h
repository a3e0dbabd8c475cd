/* SPDX-License-Identifier: BSD-2-Clause */
/** Physical interrupts of passed-through devices, which are acknowledged when the guest has ended the virtual
 * one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/config/vmm_config.h"
#include "vmm/sel4/lr_queue.h"

/** Bit n: channel n is an interrupt of a passed-through device. It is all that a VMM acknowledges. */
seL4_Word irq_ack_on_eoi_channels(const struct vmm_config *config);

/** All zeros: none. */
struct irq_ack_on_eoi {
    microkit_channel channels[LR_QUEUE_INTIDS]; /**< plus one; 0: none */
};

/** Virtual interrupt `intid` stands for that of `channel`. False: there is no such interrupt. */
bool irq_ack_on_eoi_add(struct irq_ack_on_eoi *ends, uint32_t intid, microkit_channel channel);

/** The guest has ended `intid`, which may be any number. */
void irq_ack_on_eoi_ack(const struct irq_ack_on_eoi *ends, uint32_t intid);

/** The guest starts again: what its predecessor left unserved would never be acknowledged. */
void irq_ack_on_eoi_ack_all(const struct irq_ack_on_eoi *ends);
