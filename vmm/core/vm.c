/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/core/vm.h"

#include <stddef.h>

#include "lib/aarch64/esr.h"
#include "vmm/core/crash.h"
#include "vmm/core/trng.h"
#include "vmm/core/vm_control.h"
#include "vmm/core/vm_devices.h"
#include "vmm/core/vm_life.h"

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
    vm_devices_notify_peers(vm);
    return ERR_OK;
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

/* A GICv2's distributor, or a GICv3's with its redistributors. */
static enum err add_interrupt_controller(struct vm *vm)
{
    const struct vmm_config *config = vm->config;
    const bool is_v3 = config->gicr_bytes != 0;

    if (is_v3 && config->gicr_bytes != (uint64_t)config->vcpu_count * VGIC_V3_REDIST_BYTES) {
        return ERR_RANGE;
    }
    enum err err = is_v3 ? vgic_v3_init(&vm->vgic, config->vcpu_count, config->spi_count)
                         : vgic_init(&vm->vgic, config->vcpu_count, config->spi_count);
    if (err == ERR_OK) {
        err = mmio_add(&vm->mmio, config->gicd_gpa, config->gicd_bytes, is_v3 ? vgic_v3_access : vgic_access,
                       &vm->vgic);
    }
    if (err == ERR_OK && is_v3) {
        err = mmio_add(&vm->mmio, config->gicr_gpa, config->gicr_bytes, vgic_v3_access_redist, &vm->vgic);
    }
    return err;
}

/* As on a bus: EDK2 stores to variables in its ROM, and goes on without. */
static enum mmio_result ignore_store(void *context, struct mmio_access *access)
{
    (void)context;
    return access->is_write ? MMIO_DONE : MMIO_ERROR;
}

static enum err add_rom(struct vm *vm)
{
    const struct vmm_config *config = vm->config;

    return config->rom_bytes == 0
               ? ERR_OK
               : mmio_add(&vm->mmio, config->load_gpa, config->rom_bytes, ignore_store, NULL);
}

/* If this VMM has been started again, its guest may still be running. */
static void stop_vcpus(const struct vmm_config *config)
{
    for (uint32_t vcpu = 0; vcpu < config->vcpu_count; vcpu++) {
        platform_vcpu_stop(vcpu);
    }
}

static void add_debugger(struct vm *vm)
{
    hold_init(&vm->hold, vm->config->vcpu_count);
    vm->debugger.config = vm->config;
    vm->debugger.mem = &vm->mem;
    vm->debugger.hold = &vm->hold;
    vm->debugger.is_on = vm->psci.on;
    vm->debugger.irqs_on = &vm->vgic.groups;
    vm->held_since = PLATFORM_NEVER;
    debugger_init(&vm->debugger);
    line_channel_init(&vm->control, &vm->config->control);
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
    stop_vcpus(config);
    err = add_interrupt_controller(vm);
    if (err != ERR_OK) {
        log_error("configuration: interrupt controller: %s", err_text(err));
        return err;
    }
    err = add_pci(vm);
    if (err == ERR_OK) {
        err = add_rom(vm);
    }
    if (err == ERR_OK) {
        err = add_devices(vm);
    }
    if (err == ERR_OK) {
        add_debugger(vm);
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
    const bool is_kick = channel == vm->config->kick_channel;

    if (line_channel_owns(&vm->control, channel)) {
        vm_control_notified(vm);
        return;
    }
    if (debugger_owns(&vm->debugger, channel)) {
        debugger_notified(&vm->debugger);
        vm_life_held(vm);
        return;
    }

    for (uint32_t i = 0; i < vm->device_count; i++) {
        struct vm_device *device = &vm->devices[i];
        if (is_kick && device->ops->kicked != NULL) {
            device->ops->kicked(device);
        } else if (!is_kick && owns_channel(device->config, channel)) {
            device->ops->notified(device, channel);
        }
    }
    vm_life_go_on(vm);
}

void vm_alarm(struct vm *vm)
{
    vm_life_alarm(vm);
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
        vm_life_set_alarm(vm);
        exit->u.mmio.value = access.value;
        return PLATFORM_RESUME_DONE;
    }
    /* As on hardware, where nobody answers; the guest's own fault handler says more than we could. */
    log_warn_limited(&vm->stray_accesses, "%s: %s at 0x%llx (%s of %u bytes, pc 0x%llx)", vm->config->name,
                     esr_abort_is_forbidden(exit->syndrome) ? "read-only memory" : "no device",
                     (unsigned long long)exit->u.mmio.gpa, access.is_write ? "store" : "load",
                     access.width_bytes, (unsigned long long)exit->pc);
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
        vm_life_end(vm, vm->config->on_off, "has switched itself off");
        return PLATFORM_RESUME_STAY;
    case PSCI_ACTION_RESET:
        vm_life_end(vm, vm->config->on_reset, "has asked for a reset");
        return PLATFORM_RESUME_STAY;
    case PSCI_ACTION_RETURN:
    default:
        return PLATFORM_RESUME_DONE;
    }
}

static bool is_abort(const struct platform_exit *exit)
{
    const uint32_t class = esr_class(exit->syndrome);

    return class == ESR_EC_IABORT || class == ESR_EC_DABORT;
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
    platform_tell_death();
    vm_life_end(vm, vm->config->on_crash, "has crashed");
    return PLATFORM_RESUME_STAY;
}

static enum platform_resume on_debug(struct vm *vm, const struct platform_exit *exit)
{
    const enum platform_resume resume = debugger_exit(&vm->debugger, exit);

    vm_life_held(vm);
    return resume;
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
    case PLATFORM_EXIT_UNDEFINED:
        log_warn_limited(&vm->stray_registers, "%s: instruction not there (esr 0x%llx, pc 0x%llx)",
                         vm->config->name, (unsigned long long)exit->syndrome, (unsigned long long)exit->pc);
        return PLATFORM_RESUME_UNDEF;
    case PLATFORM_EXIT_DEBUG:
        return on_debug(vm, exit);
    case PLATFORM_EXIT_CRASH:
        return on_crash(vm, exit);
    case PLATFORM_EXIT_NONE:
    default:
        return PLATFORM_RESUME_DONE;
    }
}
