/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/aarch64/panic.h"

#include "kernel/aarch64/cpu.h"
#include "kernel/aarch64/start.h"
#include "kernel/aarch64/uart.h"
#include "kernel/core/syndrome.h"
#include "lib/base/format.h"

static const char *running(const struct core *core)
{
    if (core->current == NULL) {
        return "nobody";
    }
    return core->current->kind == THREAD_PD ? kernel_pd(core->current)->row->name
                                            : kernel_vcpu(core->current)->row->name;
}

_Noreturn void panic_stop(struct kernel *kernel, const char *text)
{
    uart_print(&kernel->desc->board, "\nkernel: panic: ");
    uart_print(&kernel->desc->board, text);
    uart_print(&kernel->desc->board, "\n");
    start_park();
}

_Noreturn void panic_unusable(struct kernel *kernel, const char *what)
{
    char text[160];

    format_print(text, sizeof(text), "this core cannot be used: %s", what);
    panic_stop(kernel, text);
}

_Noreturn void panic_serror(struct kernel *kernel, uint64_t esr)
{
    char text[160];

    format_print(text, sizeof(text), "SError that the hardware could not contain, esr 0x%llx",
                 (unsigned long long)esr);
    panic_stop(kernel, text);
}

_Noreturn void panic_exception(uint64_t esr, uint64_t elr, uint64_t far, uint64_t lr)
{
    struct core *core = cpu_this_core();
    char text[256];

    if (core != NULL && core->kernel != NULL && core->kernel->desc != NULL) {
        format_print(
            text, sizeof text,
            "exception in the kernel: %s, address 0x%llx, at 0x%llx (called from 0x%llx), esr 0x%llx, "
            "while '%s' ran",
            syndrome_text(esr), (unsigned long long)far, (unsigned long long)elr, (unsigned long long)lr,
            (unsigned long long)esr, running(core));
        panic_stop(core->kernel, text);
    }
    start_park();
}
