/* SPDX-License-Identifier: BSD-2-Clause */
/** gdb's packets: what each asks for. */
#pragma once

#include "vmm/debug/debugger.h"

/** Do what the packet in debugger->rsp says, and put the answer, if it has one now, into debugger->reply. */
void gdb_handle(struct debugger *debugger);

/** Tell gdb that the guest has stopped, as debugger->stop says. */
void gdb_report_stop(struct debugger *debugger);
