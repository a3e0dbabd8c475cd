/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A user's commands to a machine, on its control channel: a line each, answered with "ok", "ok STATE" or "error: why".
 *
 *     state     running, paused, waiting (to be started) or off
 *     start     let it begin, if it is off
 *     stop      switch it off, as if its power were cut; it stays off until `start` or `reset`
 *     reset     begin again, whatever it does
 *     pause     hold all its vCPUs where they are
 *     resume    let them go on
 *     break C   a break on its UART's line, then the character C: Magic SysRq for Linux
 */
#pragma once

#include "vmm/core/vm.h"

/** The control channel was notified. */
void vm_control_notified(struct vm *vm);
