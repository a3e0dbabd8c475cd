/* SPDX-License-Identifier: BSD-2-Clause */
/** From rows of the configuration to devices. */
#pragma once

#include "lib/base/err.h"
#include "vmm/core/vm.h"

/**
 * Set up `device`, row `config` of vm's configuration, and map its registers.
 * Errors: ERR_UNSUPPORTED (kind or transport), ERR_RANGE (overlapping windows), and those of its kind.
 */
ERR_CHECKED enum err vm_devices_add(struct vm *vm, struct vm_device *device,
                                    const struct vmm_device_config *config);

/** The guest has sent SPIs to other vCPUs: so for what interrupts the guest without us, too. */
void vm_devices_reroute(struct vm_device *device);
