/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Flash for a firmware's variables: two 16-bit chips side by side that obey Intel's command set (JEDEC CFI,
 * JESD68.01; Intel StrataFlash P30), as EDK2 and U-Boot have it on QEMU's `virt` machine.
 *
 * The guest reads the contents from memory, without an exit, as long as the chips are in their read-array
 * mode; its stores are commands. What it reads in the other modes (status, identification, the CFI table) is
 * put into the few words of that memory where a driver looks for it, and taken out again with the next
 * command: the rest goes on to show the contents. Contents stay when the guest restarts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/config/vmm_config.h"
#include "vmm/bus/mmio.h"

#define FLASH_BLOCK_BYTES 0x40000u
/** Words of the chips' write buffer. */
#define FLASH_BUFFER_WORDS 512u
/** Words that may show something else than the contents. */
#define FLASH_MAX_SHOWN 96u

/** What the next store means. */
enum flash_state {
    FLASH_COMMAND,      /**< a command */
    FLASH_PROGRAM,      /**< a word to program */
    FLASH_BUFFER_COUNT, /**< how many words follow, less one */
    FLASH_BUFFER_DATA,  /**< one of those */
    FLASH_BUFFER_CONFIRM,
    FLASH_ERASE_CONFIRM,
    FLASH_LOCK_CONFIRM
};

/** A word that shows something else. */
struct flash_shown {
    uint32_t offset;
    uint32_t contents;
};

struct flash {
    volatile uint32_t *words; /**< the guest sees them */
    uint32_t bytes;
    enum flash_state state;
    uint32_t status;                               /**< of each chip */
    uint32_t buffer_left, buffer_count;            /**< stores to come, words so far */
    struct flash_shown buffer[FLASH_BUFFER_WORDS]; /**< offset, data */
    struct flash_shown shown[FLASH_MAX_SHOWN];
    uint32_t shown_count;
};

/** Set up from the device's row; new memory is erased. ERR_RANGE: it has no contents or no whole blocks. */
ERR_CHECKED enum err flash_init(struct flash *flash, const struct vmm_device_config *config);

/** The machine is reset: read-array mode. */
void flash_reset(struct flash *flash);

/** mmio_handler; `context` is a struct flash. */
enum mmio_result flash_access(void *context, struct mmio_access *access);
