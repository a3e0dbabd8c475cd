/* SPDX-License-Identifier: BSD-2-Clause */
/* What a user asks of a machine. */
#include "vmm/core/vm_control.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "vmm/core/vm_life.h"

static const char *state_of(const struct vm *vm)
{
    switch (vm->state) {
    case VM_RUNNING:
        return vm->hold.by_user ? "ok paused" : "ok running";
    case VM_WAITING:
    case VM_START_DUE:
        return "ok waiting";
    case VM_SCRUB_DUE:
    case VM_OFF:
    default:
        return "ok off";
    }
}

static void resume(struct vm *vm)
{
    vm->hold.by_user = false;
    hold_apply(&vm->hold);
    vm_life_held(vm);
}

static const char *begin(struct vm *vm, const char *how)
{
    log_info("%s is %s by its user", vm->config->name, how);
    resume(vm);
    if (vm_start(vm) != ERR_OK) {
        vm_stay_off(vm);
        return "error: it cannot be started; the kernel's log says why";
    }
    return "ok";
}

static const char *start(struct vm *vm)
{
    return vm->state == VM_OFF || vm->state == VM_SCRUB_DUE ? begin(vm, "started")
                                                            : "error: it is on; reset begins again";
}

static const char *stop(struct vm *vm)
{
    if (vm->state != VM_OFF && vm->state != VM_SCRUB_DUE) {
        log_info("%s is stopped by its user", vm->config->name);
        vm_stay_off(vm);
    }
    resume(vm);
    return "ok";
}

static const char *reset(struct vm *vm)
{
    return begin(vm, "reset");
}

static const char *pause(struct vm *vm)
{
    if (vm->state != VM_RUNNING) {
        return "error: it does not run";
    }
    vm->hold.by_user = true;
    hold_apply(&vm->hold);
    vm_life_held(vm);
    return "ok";
}

static const char *go_on(struct vm *vm)
{
    if (!vm->hold.by_user) {
        return "error: it is not paused";
    }
    resume(vm);
    return "ok";
}

static struct pl011 *find_uart(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->device_count; i++) {
        if (vm->devices[i].config->kind == VMM_DEVICE_PL011) {
            return &vm->devices[i].u.pl011;
        }
    }
    return NULL;
}

static const char *send_break(struct vm *vm, char character)
{
    struct pl011 *uart = find_uart(vm);

    if (vm->state != VM_RUNNING) {
        return "error: it does not run";
    }
    if (uart == NULL || uart->is_shared) {
        return "error: its terminal is no UART, and a virtio-console has no break";
    }
    return pl011_break(uart, (uint8_t)character)
               ? "ok"
               : "error: its UART does not receive: the guest's driver has not opened it, or does not read";
}

static const struct {
    const char *word;
    const char *(*run)(struct vm *vm);
} commands[] = {
    {"start", start}, {"stop", stop}, {"reset", reset}, {"pause", pause}, {"resume", go_on},
};

static const char *run(struct vm *vm, const char *line)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(line, commands[i].word) == 0) {
            return commands[i].run(vm);
        }
    }
    if (strcmp(line, "state") == 0) {
        return state_of(vm);
    }
    if (strncmp(line, "break ", 6) == 0 && line[6] > ' ' && line[6] < 0x7f && line[7] == '\0') {
        return send_break(vm, line[6]);
    }
    return "error: not one of state, start, stop, reset, pause, resume, break C";
}

void vm_control_notified(struct vm *vm)
{
    const char *line;

    line_channel_notified(&vm->control);
    while ((line = line_channel_next(&vm->control)) != NULL) {
        line_channel_answer(&vm->control, run(vm, line));
    }
}
