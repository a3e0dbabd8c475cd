/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Interrupts that may be late, where the switch itself has to be late with them (seL4; the bundled kernel
 * does it for posted interrupts). Pure logic: main.c has the timer.
 *
 * There is one time for all ports: when it comes, every guest that waits gets its interrupt, some of them
 * earlier than they have to. So one setting of the timer serves a whole burst.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Who waits. All zeros: nobody. */
struct lazy {
    uint32_t ports; /**< one bit for each port */
    uint64_t due;   /**< in ticks, when the timer is set; 0: it isn't */
};

/** Port `port` (below 32) is to be interrupted at `deadline` at the latest. True: set the timer to `due`. */
bool lazy_add(struct lazy *lazy, uint32_t port, uint64_t deadline);

/** Port `port` has been interrupted anyway, or is gone. The timer may stay as it is. */
void lazy_drop(struct lazy *lazy, uint32_t port);

/** The timer's time has come: returns a bit for each port to interrupt now. */
uint32_t lazy_expire(struct lazy *lazy);
