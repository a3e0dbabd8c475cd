/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of events: the PD that prints them and the host program that writes files of them have one table. */
#include "lib/trace/trace_kind.h"

#define ADDRESS TRACE_DETAIL_ADDRESS, "address"

static const struct trace_kind kinds[SYSDESC_TRACE_KINDS] = {
    [SYSDESC_TRACE_NONE] = {"event", TRACE_DETAIL_HEX, "detail"},
    [SYSDESC_TRACE_SWITCH] = {"switch", TRACE_DETAIL_THREAD, "previous"},
    [SYSDESC_TRACE_EXIT_MMIO] = {"exit_mmio", ADDRESS},
    [SYSDESC_TRACE_EXIT_DOORBELL] = {"exit_doorbell", ADDRESS},
    [SYSDESC_TRACE_EXIT_WFI] = {"exit_wfi", TRACE_DETAIL_NONE, 0},
    [SYSDESC_TRACE_EXIT_CALL] = {"exit_call", TRACE_DETAIL_HEX, "function"},
    [SYSDESC_TRACE_EXIT_SYSREG] = {"exit_sysreg", TRACE_DETAIL_HEX, "syndrome"},
    [SYSDESC_TRACE_EXIT_IRQ] = {"exit_irq", TRACE_DETAIL_NONE, 0},
    [SYSDESC_TRACE_EXIT_FP] = {"exit_fp", TRACE_DETAIL_NONE, 0},
    [SYSDESC_TRACE_EXIT_UNDEFINED] = {"exit_undefined", TRACE_DETAIL_HEX, "pc"},
    [SYSDESC_TRACE_EXIT_FETCH] = {"exit_fetch", ADDRESS},
    [SYSDESC_TRACE_EXIT_DEBUG] = {"exit_debug", TRACE_DETAIL_HEX, "pc"},
    [SYSDESC_TRACE_RESUME] = {"resume", TRACE_DETAIL_NUMBER, "label"},
    [SYSDESC_TRACE_IRQ] = {"irq", TRACE_DETAIL_NUMBER, "intid"},
    [SYSDESC_TRACE_NOTIFY] = {"notify", TRACE_DETAIL_CHANNEL, "target"},
    [SYSDESC_TRACE_POST] = {"virq_posted", TRACE_DETAIL_NUMBER, "intid"},
    [SYSDESC_TRACE_PPC] = {"ppc", TRACE_DETAIL_THREAD, "server"},
    [SYSDESC_TRACE_PPC_RETURN] = {"ppc_return", TRACE_DETAIL_THREAD, "caller"},
    [SYSDESC_TRACE_START] = {"start", TRACE_DETAIL_HEX, "entry"},
    [SYSDESC_TRACE_STOP] = {"stop", TRACE_DETAIL_NONE, 0},
    [SYSDESC_TRACE_FAULT] = {"fault", TRACE_DETAIL_HEX, "pc"},
    [SYSDESC_TRACE_DIED] = {"died", TRACE_DETAIL_HEX, "pc"},
    [SYSDESC_TRACE_MARK] = {"mark", TRACE_DETAIL_HEX, "value"},
};

const struct trace_kind *trace_kind_of(uint32_t kind)
{
    return &kinds[kind < SYSDESC_TRACE_KINDS ? kind : SYSDESC_TRACE_NONE];
}
