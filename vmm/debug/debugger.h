/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A debugger at a guest: gdb's remote stub in its VMM, on a channel of the serial multiplexer, for guests with
 * debug="true".
 *
 * It attaches with the first packet of a connection: all vCPUs are held, and debug exceptions come to the VMM. vCPUs are
 * gdb's threads 1 and up. When the connection ends, or with a detach, the guest gets its code and debug registers back
 * and runs on.
 */
#pragma once

#include "vmm/debug/debug_control.h"

/** Set up, with everything above `link` filled in. Without a channel it does nothing, ever. */
void debugger_init(struct debugger *debugger);

/** Whether `channel` is its own. */
bool debugger_owns(const struct debugger *debugger, microkit_channel channel);

/** Its channel was notified. */
void debugger_notified(struct debugger *debugger);

/** A vCPU took a debug exception. */
enum platform_resume debugger_exit(struct debugger *debugger, const struct platform_exit *exit);

/** The guest has been stopped, and its memory will be loaded again. */
void debugger_guest_ends(struct debugger *debugger);
