/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/core/vm_life.h"

#include <stddef.h>

#include "vmm/core/guest_loader.h"
#include "vmm/core/trng.h"

/* No disk's device may still write to the RAM that is scrubbed, and what a disk is like has to be known when
   the guest looks. A block server says the latter only once the former is so. */
static bool disks_are_ready(const struct vm *vm)
{
    bool ready = true;

    for (uint32_t i = 0; i < vm->device_count; i++) {
        const struct vm_device *device = &vm->devices[i];

        ready = ready && (device->config->kind != VMM_DEVICE_BLOCK || virtio_blk_is_ready(&device->u.blk));
    }
    return ready;
}

/* When a device of a running guest has something to do. */
static uint64_t devices_due(const struct vm *vm)
{
    const bool counts = vm->watchdog != NULL && !hold_is_complete(&vm->hold);
    const uint64_t watchdog = counts ? watchdog_due(vm->watchdog) : PLATFORM_NEVER;
    const uint64_t rtc = vm->rtc != NULL ? pl031_due(vm->rtc) : PLATFORM_NEVER;

    return watchdog < rtc ? watchdog : rtc;
}

void vm_life_set_alarm(struct vm *vm)
{
    uint64_t time = PLATFORM_NEVER;

    if (vm->state == VM_WAITING) {
        time = vm->start_at;
    } else if (vm->state == VM_RUNNING) {
        time = devices_due(vm);
    }
    if (time != vm->alarm) {
        vm->alarm = time;
        platform_alarm(time);
    }
}

void vm_life_held(struct vm *vm)
{
    const bool is_held = hold_is_complete(&vm->hold);

    if (is_held && vm->held_since == PLATFORM_NEVER) {
        vm->held_since = platform_milliseconds();
    } else if (!is_held && vm->held_since != PLATFORM_NEVER) {
        if (vm->watchdog != NULL) {
            watchdog_delay(vm->watchdog, platform_milliseconds() - vm->held_since);
        }
        vm->held_since = PLATFORM_NEVER;
    }
    vm_life_set_alarm(vm);
}

void vm_stop(struct vm *vm)
{
    vm->state = VM_OFF;
    vm_life_set_alarm(vm);
    for (uint32_t vcpu = 0; vcpu < vm->config->vcpu_count; vcpu++) {
        platform_vcpu_stop(vcpu);
    }
    /* Whoever works on the guest's queues, in another PD too, lets go of them. */
    for (uint32_t i = 0; i < vm->device_count; i++) {
        if (vm->devices[i].ops->reset != NULL) {
            vm->devices[i].ops->reset(&vm->devices[i]);
        }
    }
}

/* Load the guest again and let it run. */
static enum err run(struct vm *vm)
{
    const struct vmm_config *config = vm->config;
    struct guest_loader_entry entry;

    debugger_guest_ends(&vm->debugger);
    vgic_reset(&vm->vgic);
    psci_reset(&vm->psci, config->vcpu_count, config->ram_gpa, config->ram_bytes);
    enum err err = guest_loader_load(config, &vm->mem, &entry);
    if (err == ERR_OK && config->dtb.bytes != 0) {
        err = trng_seed_guest(config, &vm->mem);
    }
    if (err == ERR_OK) {
        vm->state = VM_RUNNING;
        if (vm->watchdog != NULL) {
            watchdog_start(vm->watchdog);
            vm_life_set_alarm(vm);
        }
        platform_vcpu_start(0, entry.pc, entry.x0);
    }
    return err;
}

enum err vm_start(struct vm *vm)
{
    vm_stop(vm);
    if (!disks_are_ready(vm)) {
        vm->state = VM_START_DUE;
        return ERR_OK;
    }
    return run(vm);
}

static void start_again(struct vm *vm)
{
    if (vm_start(vm) != ERR_OK) {
        log_error("%s cannot be started; it stays off", vm->config->name);
    }
}

void vm_start_later(struct vm *vm, uint32_t wait_ms)
{
    if (wait_ms == 0) {
        start_again(vm);
        return;
    }
    vm_stop(vm);
    vm->state = VM_WAITING;
    vm->start_at = platform_milliseconds() + wait_ms;
    vm_life_set_alarm(vm);
}

void vm_stay_off(struct vm *vm)
{
    vm_stop(vm);
    vm->state = VM_SCRUB_DUE;
    vm_life_go_on(vm);
}

void vm_life_go_on(struct vm *vm)
{
    switch (vm->state) {
    case VM_WAITING:
        if (platform_milliseconds() >= vm->start_at) {
            start_again(vm);
        }
        break;
    case VM_START_DUE:
        if (disks_are_ready(vm)) {
            start_again(vm);
        }
        break;
    case VM_SCRUB_DUE:
        if (disks_are_ready(vm)) {
            platform_zero(vm->mem.host, vm->mem.bytes);
            vm->state = VM_OFF;
        }
        break;
    case VM_RUNNING:
        if (vm->rtc != NULL) {
            pl031_expire(vm->rtc);
        }
        if (vm->watchdog != NULL && !hold_is_complete(&vm->hold) && watchdog_expire(vm->watchdog)) {
            platform_tell_death();
            vm_life_end(vm, vm->config->on_crash, "has shown its watchdog no sign of life");
        }
        break;
    case VM_OFF:
    default:
        break;
    }
    vm_life_set_alarm(vm);
}

void vm_life_alarm(struct vm *vm)
{
    vm->alarm = PLATFORM_NEVER; /* it has fired */
    vm_life_go_on(vm);
}

/* Takes one restart out of the budget. False: it is used up, so the guest would only fail again. */
static bool may_restart(struct vm *vm, uint32_t *wait_ms)
{
    const struct restart_policy *policy = &vm->config->restart;

    if (restart_take(&vm->restart, policy, platform_milliseconds(), wait_ms) == ERR_OK) {
        return true;
    }
    log_error("%s has been restarted %u times within %u ms", vm->config->name, vm->restart.count,
              policy->window_ms);
    return false;
}

void vm_life_end(struct vm *vm, uint32_t action, const char *how)
{
    uint32_t wait_ms = 0;

    vm_stop(vm);
    if (action == VMM_EXIT_RESTART && may_restart(vm, &wait_ms)) {
        if (wait_ms != 0) {
            log_info("%s %s; restarting it in %u ms", vm->config->name, how, wait_ms);
        } else {
            log_info("%s %s; restarting it", vm->config->name, how);
        }
        vm_start_later(vm, wait_ms);
        return;
    }
    log_info("%s %s; it stays off", vm->config->name, how);
    vm_stay_off(vm);
    if (action == VMM_EXIT_HALT) {
        platform_halt();
        log_warn("this system does not let %s switch the machine off", vm->config->name);
    }
}
