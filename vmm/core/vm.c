/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/core/vm.h"

#include <stddef.h>

#include "vmm/core/crash.h"
#include "vmm/core/image.h"
#include "vmm/core/trng.h"
#include "vmm/core/vm_devices.h"

/* ESR_EL2, exception class (Arm DDI 0487). */
#define ESR_CLASS_SHIFT 26
#define ESR_CLASS_MASK 0x3fu
#define ESR_CLASS_FETCH 0x20u
#define ESR_CLASS_DATA 0x24u

/* Aborts of one instruction in a row after which a guest is given up. */
#define MAX_SAME_ABORTS 16u

static enum err add_devices(struct vm *vm)
{
    const struct vmm_config *config = vm->config;

    for (uint32_t i = 0; i < config->device_count; i++) {
        if (config->devices[i].kind == VMM_DEVICE_NONE) {
            continue;
        }
        const enum err err = vm_devices_add(vm, &vm->devices[vm->device_count], &config->devices[i]);
        if (err != ERR_OK) {
            return err;
        }
        vm->device_count++;
    }
    return ERR_OK;
}

/* SPIs go to other vCPUs than before: who interrupts without us has to know. */
static void on_spi_moved(void *context)
{
    struct vm *vm = context;

    for (uint32_t i = 0; i < vm->device_count; i++) {
        vm_devices_reroute(&vm->devices[i]);
    }
}

/* The host bridge and the frame for its MSIs, if the machine has them. */
static enum err add_pci(struct vm *vm)
{
    const struct vmm_pci_config *config = &vm->config->pci;

    if (config->ecam_bytes == 0) {
        return ERR_OK;
    }
    pci_host_init(&vm->pci, config->window_gpa);
    vm->msi_frame = (struct gicv2m){.vgic = &vm->vgic,
                                    .gpa = config->msi_gpa,
                                    .spi_first = config->msi_first,
                                    .spi_count = config->msi_count};
    enum err err =
        mmio_add(&vm->mmio, config->ecam_gpa, config->ecam_bytes, pci_host_access_config, &vm->pci);
    if (err == ERR_OK) {
        err = mmio_add(&vm->mmio, config->window_gpa, config->window_bytes, pci_host_access_window, &vm->pci);
    }
    if (err == ERR_OK) {
        err = mmio_add(&vm->mmio, config->msi_gpa, config->msi_bytes, gicv2m_access, &vm->msi_frame);
    }
    if (err != ERR_OK) {
        log_error("configuration: PCI host bridge: %s", err_text(err));
    }
    return err;
}

enum err vm_init(struct vm *vm, const struct vmm_config *config)
{
    vm->config = config;
    if (config->device_count > VMM_CONFIG_MAX_DEVICES) {
        log_error("configuration: %u devices, at most %u can be served", config->device_count,
                  VMM_CONFIG_MAX_DEVICES);
        return ERR_RANGE;
    }
    enum err err = guestmem_init(&vm->mem, gpa_of(config->ram_gpa), (void *)(uintptr_t)config->ram_vaddr,
                                 config->ram_bytes);
    if (err != ERR_OK) {
        log_error("configuration: guest RAM: %s", err_text(err));
        return err;
    }
    platform_init(config);
    err = vgic_init(&vm->vgic, config->vcpu_count, config->spi_count);
    vm->vgic.moved = on_spi_moved;
    vm->vgic.moved_context = vm;
    if (err == ERR_OK) {
        err = mmio_add(&vm->mmio, config->gicd_gpa, config->gicd_bytes, vgic_access, &vm->vgic);
    }
    if (err != ERR_OK) {
        log_error("configuration: interrupt controller: %s", err_text(err));
        return err;
    }
    err = add_pci(vm);
    return err != ERR_OK ? err : add_devices(vm);
}

void vm_stop(struct vm *vm)
{
    vm->running = false;
    vm->start_due = false;
    for (uint32_t vcpu = 0; vcpu < vm->config->vcpu_count; vcpu++) {
        platform_vcpu_stop(vcpu);
    }
}

/* What a disk is like has to be known when the guest looks, and nobody else may write to its RAM. */
static bool disks_are_ready(const struct vm *vm)
{
    bool ready = true;

    for (uint32_t i = 0; i < vm->device_count; i++) {
        const struct vm_device *device = &vm->devices[i];

        ready = ready && (device->config->kind != VMM_DEVICE_BLOCK || virtio_blk_is_ready(&device->u.blk));
    }
    return ready;
}

enum err vm_start(struct vm *vm)
{
    const struct vmm_config *config = vm->config;
    struct image_entry entry;

    vm_stop(vm);
    for (uint32_t i = 0; i < vm->device_count; i++) {
        if (vm->devices[i].ops->reset != NULL) {
            vm->devices[i].ops->reset(&vm->devices[i]);
        }
    }
    vm->start_due = !disks_are_ready(vm);
    if (vm->start_due) {
        return ERR_OK;
    }
    vgic_reset(&vm->vgic);
    psci_reset(&vm->psci, config->vcpu_count, config->ram_gpa, config->ram_bytes);
    enum err err = image_load(config, &vm->mem, &entry);
    if (err == ERR_OK) {
        err = trng_seed_guest(config, &vm->mem);
    }
    if (err == ERR_OK) {
        vm->running = true;
        platform_vcpu_start(0, entry.pc, entry.x0);
    }
    return err;
}

/* The channels that a device's row names. */
static bool owns_channel(const struct vmm_device_config *config, microkit_channel channel)
{
    if (config->kind == VMM_DEVICE_PASSTHROUGH) {
        return config->channel == channel;
    }
    if (config->kind == VMM_DEVICE_NET && config->u.net.datapath == VMM_DATAPATH_VHOST) {
        return config->link.channel == channel;
    }
    for (uint32_t i = 0; config->kind == VMM_DEVICE_CONSOLE && i < config->u.console.port_count; i++) {
        const struct config_link *link = &config->u.console.ports[i].link;
        if (link->bytes != 0 && link->channel == channel) {
            return true;
        }
    }
    return config->link.bytes != 0 && config->link.channel == channel;
}

void vm_notified(struct vm *vm, microkit_channel channel)
{
    for (uint32_t i = 0; i < vm->device_count; i++) {
        struct vm_device *device = &vm->devices[i];
        if (owns_channel(device->config, channel)) {
            device->ops->notified(device, channel);
        }
    }
    if (vm->start_due && disks_are_ready(vm) && vm_start(vm) != ERR_OK) {
        log_error("%s is not started", vm->config->name);
    }
}

/* Takes one restart out of the budget. False: it is used up, so the guest would only fail again. */
static bool may_restart(struct vm *vm)
{
    const uint64_t now = platform_milliseconds();

    if (vm->config->restart_limit == 0) {
        return true;
    }
    if (vm->restart_count == 0 || now - vm->restart_window_start >= vm->config->restart_window_ms) {
        vm->restart_window_start = now;
        vm->restart_count = 0;
    }
    if (vm->restart_count == vm->config->restart_limit) {
        log_error("%s has been restarted %u times within %u ms", vm->config->name, vm->restart_count,
                  vm->config->restart_window_ms);
        return false;
    }
    vm->restart_count++;
    return true;
}

/* The guest has ended in one way or another; `action` is enum vmm_exit_action. */
static void end(struct vm *vm, uint32_t action, const char *how)
{
    vm_stop(vm);
    if (action == VMM_EXIT_RESTART && may_restart(vm)) {
        log_info("%s %s; restarting it", vm->config->name, how);
        if (vm_start(vm) != ERR_OK) {
            log_error("%s cannot be restarted; it stays off", vm->config->name);
        }
        return;
    }
    log_info("%s %s; it stays off", vm->config->name, how);
    if (action == VMM_EXIT_HALT) {
        platform_halt();
        log_warn("this system does not let %s switch the machine off", vm->config->name);
    }
}

static enum platform_resume on_mmio(struct vm *vm, struct platform_exit *exit)
{
    struct mmio_access access = {
        .value = exit->u.mmio.is_write ? exit->u.mmio.value : 0,
        .width_bytes = exit->u.mmio.width_bytes,
        .vcpu = exit->vcpu,
        .is_write = exit->u.mmio.is_write,
    };

    if (mmio_dispatch(&vm->mmio, exit->u.mmio.gpa, &access) == MMIO_DONE) {
        exit->u.mmio.value = access.value;
        return PLATFORM_RESUME_DONE;
    }
    /* As on hardware, where nobody answers; the guest's own fault handler says more than we could. */
    log_warn_limited(&vm->stray_accesses, "%s: no device at 0x%llx (%s of %u bytes, pc 0x%llx)",
                     vm->config->name, (unsigned long long)exit->u.mmio.gpa,
                     access.is_write ? "store" : "load", access.width_bytes, (unsigned long long)exit->pc);
    return PLATFORM_RESUME_ABORT;
}

static enum platform_resume on_call(struct vm *vm, struct platform_exit *exit)
{
    if (trng_call(vm->config, exit->u.call.args)) {
        return PLATFORM_RESUME_DONE;
    }
    switch (psci_call(&vm->psci, exit->vcpu, exit->u.call.args)) {
    case PSCI_ACTION_CPU_OFF:
        return PLATFORM_RESUME_STAY;
    case PSCI_ACTION_OFF:
        end(vm, vm->config->on_off, "has switched itself off");
        return PLATFORM_RESUME_STAY;
    case PSCI_ACTION_RESET:
        end(vm, vm->config->on_reset, "has asked for a reset");
        return PLATFORM_RESUME_STAY;
    case PSCI_ACTION_RETURN:
    default:
        return PLATFORM_RESUME_DONE;
    }
}

static bool is_abort(const struct platform_exit *exit)
{
    const uint64_t class = exit->syndrome >> ESR_CLASS_SHIFT & ESR_CLASS_MASK;

    return class == ESR_CLASS_FETCH || class == ESR_CLASS_DATA;
}

/* The same instruction again and again, with no other exit in between: the guest's handler cannot deal with
   it, as when its vectors are not in memory. */
static bool is_hopeless(struct vm *vm, const struct platform_exit *exit)
{
    uint32_t *count = &vm->abort_count[exit->vcpu];

    *count = vm->aborted_at[exit->vcpu] == exit->pc ? *count + 1 : 1;
    vm->aborted_at[exit->vcpu] = exit->pc;
    return *count > MAX_SAME_ABORTS;
}

/* What cannot be emulated. An access to nowhere is the guest's to handle, as on hardware. */
static enum platform_resume on_crash(struct vm *vm, const struct platform_exit *exit)
{
    if (is_abort(exit) && !is_hopeless(vm, exit)) {
        log_warn_limited(&vm->stray_accesses, "%s: access to 0x%llx that cannot be emulated (pc 0x%llx)",
                         vm->config->name, (unsigned long long)exit->u.crash.gpa,
                         (unsigned long long)exit->pc);
        return PLATFORM_RESUME_ABORT;
    }
    crash_report(vm->config->name, exit, "cannot go on");
    end(vm, vm->config->on_crash, "has crashed");
    return PLATFORM_RESUME_STAY;
}

enum platform_resume vm_exit(struct vm *vm, struct platform_exit *exit)
{
    if (exit->reason != PLATFORM_EXIT_CRASH) {
        vm->abort_count[exit->vcpu] = 0;
    }
    switch (exit->reason) {
    case PLATFORM_EXIT_MMIO:
        return on_mmio(vm, exit);
    case PLATFORM_EXIT_CALL:
        return on_call(vm, exit);
    case PLATFORM_EXIT_SYSREG:
        log_warn_limited(&vm->stray_registers, "%s: system register not there (esr 0x%llx, pc 0x%llx)",
                         vm->config->name, (unsigned long long)exit->syndrome, (unsigned long long)exit->pc);
        return PLATFORM_RESUME_UNDEF;
    case PLATFORM_EXIT_CRASH:
        return on_crash(vm, exit);
    case PLATFORM_EXIT_NONE:
    default:
        return PLATFORM_RESUME_DONE;
    }
}
