/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Loading a guest: kernel, initrd and device tree into its RAM, by the arm64 boot protocol
 * (Linux, Documentation/arch/arm64/booting.rst), or a firmware that goes where the description says.
 */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/config/vmm_config.h"
#include "lib/guestmem/guestmem.h"

/** Where the guest starts: its first instruction, and what x0 points at (the device tree). */
struct guest_loader_entry {
    uint64_t pc;
    uint64_t x0;
};

/**
 * Scrub all of RAM, so that nothing of an earlier run is left, and load what `config` names. Logs which part
 * is wrong. Errors: ERR_FORMAT (no arm64 Image, big-endian, or truncated), ERR_ALIGN, ERR_RANGE (does not fit
 * into RAM), ERR_SPACE (two parts overlap).
 */
ERR_CHECKED enum err guest_loader_load(const struct vmm_config *config, const struct guestmem *mem,
                                       struct guest_loader_entry *entry);
