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

/**
 * All devices are set up: the other sides of their links must be in step with ours, and be asked for
 * what they have. If this VMM has been started again, none of them has a reason to say anything by itself.
 */
void vm_devices_notify_peers(struct vm *vm);
