/* SPDX-License-Identifier: BSD-2-Clause */
/* <guest>: a VMM's PD with its virtual machine, RAM and devices. */
#include "tool/expand/expand_guest.h"

#include <stdlib.h>
#include <string.h>

#include "boards/board.h"
#include "tool/base/mem.h"
#include "tool/model/firmware_calls.h"
#include "tool/model/guest_machine.h"

#define SPI_FIRST 32u
/* Linux counts in seconds. */
#define MIN_WATCHDOG_MS 1000u
#define TOOL_RING_BYTES 0x4000u

/* At the VMM's address of the same value if that is free: addresses in its log then mean what they say. */
static void add_ram(struct expand *expand, struct expand_guest *guest)
{
    char *stem = mem_printf("%s_ram", guest->desc->name);
    char *name = expand_unique_mr_name(expand, stem);
    struct model_mr *ram = model_add_mr(expand->model, name, node_loc(guest->node, "ram"));
    uint64_t gpa = guest->desc->ram_base;

    ram->kind = MODEL_MR_GUEST_RAM;
    ram->size_bytes = guest->desc->ram;
    ram->page_size_bytes = MODEL_LARGE_PAGE_BYTES;
    (void)model_add_vm_map(guest->vm, ram, gpa, MODEL_READ | MODEL_WRITE | MODEL_EXECUTE);
    guest->config.ram_gpa = gpa;
    guest->config.ram_bytes = ram->size_bytes;
    guest->config.ram_vaddr = expand_free_vaddr(guest->vmm, gpa < 0x40000000 ? 0x40000000 : gpa,
                                                ram->size_bytes, MODEL_LARGE_PAGE_BYTES);
    (void)model_add_pd_map(guest->vmm, ram, guest->config.ram_vaddr, MODEL_READ | MODEL_WRITE);
    guest->fdt.ram = (struct fdt_range){gpa, ram->size_bytes};
    free(name);
    free(stem);
}

#define GICD_SGIR 0xf00u /* IHI 0048B 4.3.15 */

/* The cores of `cpus`, as many as there are vCPUs, or one for all; without it that of the VMM. */
static void place_vcpus(struct expand *expand, struct expand_guest *guest)
{
    const char *text = guest->desc->cpus;
    const struct loc loc = node_loc(guest->node, "cpus");
    uint32_t count = 0;
    bool sound = true;

    for (size_t i = 0; i < guest->vm->vcpu_count; i++) {
        guest->vm->vcpus[i].core = guest->vmm->core;
    }
    while (text != NULL && sound && *(text += strspn(text, " \t\n,")) != '\0') {
        char *end;
        const unsigned long core = strtoul(text, &end, 10);

        sound = end != text && strspn(end, " \t\n,") + (*end == '\0') > 0 && core < SYSDESC_MAX_CORES;
        if (sound && count < guest->vm->vcpu_count) {
            guest->vm->vcpus[count].core = (uint32_t)core;
            guest->vm->vcpus[count].loc = loc;
        }
        count++;
        text = end;
    }
    if (!sound || (count > 1 && count != guest->vm->vcpu_count)) {
        diag_error(expand->diag, loc,
                   "cpus=\"%s\": needs the core of each of the guest's %zu vCPUs, or one for all, such as "
                   "\"0\" or \"0 1\"; cores are 0 to %u",
                   guest->desc->cpus, guest->vm->vcpu_count, SYSDESC_MAX_CORES - 1);
    }
    for (size_t i = 1; sound && count == 1 && i < guest->vm->vcpu_count; i++) {
        guest->vm->vcpus[i].core = guest->vm->vcpus[0].core;
        guest->vm->vcpus[i].loc = loc;
    }
}

static void add_vcpus(struct expand *expand, struct expand_guest *guest)
{
    guest->config.vcpu_count = (uint32_t)guest->desc->vcpus;
    guest->fdt.cpu_count = guest->config.vcpu_count;
    for (uint32_t i = 0; i < guest->config.vcpu_count; i++) {
        struct model_vcpu *vcpu = model_add_vcpu(guest->vm, i);

        vcpu->vmpidr = i;
        guest->config.vcpu_child[i] = i;
        guest->fdt.mpidrs[i] = i;
    }
    guest->vm->sgir_gpa = GUEST_MACHINE_GICD_GPA + GICD_SGIR;
    place_vcpus(expand, guest);
}

static void add_interrupt_controller(struct expand *expand, struct expand_guest *guest)
{
    const struct board *board = expand->model->board;

    guest->config.gicd_gpa = GUEST_MACHINE_GICD_GPA;
    guest->config.gicd_bytes = GUEST_MACHINE_GICD_BYTES;
    guest->fdt.gicd = (struct fdt_range){GUEST_MACHINE_GICD_GPA, GUEST_MACHINE_GICD_BYTES};
    /* seL4 takes an HVC for a system call if x7 looks like one. */
    guest->fdt.psci_by_smc = expand->options->microkit;
    /* There the core's own physical timer is open to guests, but its interrupt is another's. */
    guest->fdt.no_physical_timer = expand->options->microkit;
    if (board->gic_kind == SYSDESC_GIC_V3) {
        guest->config.gicr_gpa = GUEST_MACHINE_GICR_GPA;
        guest->config.gicr_bytes = guest->config.vcpu_count * GUEST_MACHINE_GICR_BYTES;
        guest->fdt.gicr = (struct fdt_range){GUEST_MACHINE_GICR_GPA, guest->config.gicr_bytes};
    } else {
        guest->vm->gicc_gpa = GUEST_MACHINE_GICC_GPA;
        guest->config.gicc_gpa = GUEST_MACHINE_GICC_GPA;
        guest->fdt.gicc = (struct fdt_range){GUEST_MACHINE_GICC_GPA, board->gicv.bytes};
    }
    if (board->gic_kind == SYSDESC_GIC_V3 && expand->options->microkit) {
        diag_error(expand->diag, guest->node->loc,
                   "<guest>: board %s has a GICv3; on seL4 guests run on boards with a GICv2 only",
                   board->name);
    }
}

static void add_net(struct expand *expand, struct expand_guest *guest, const struct node *node)
{
    const struct desc_net *desc = node->fields;
    struct vmm_device_config *device = expand_guest_device(expand, guest, node);
    char *name = mem_printf("net%zu", guest->net_count);

    if (device != NULL) {
        device->transport = expand_guest_transport(guest, &desc->transport);
    }
    if (device != NULL && expand_switch_connect(expand, node, guest->desc->name, guest->vmm, device)) {
        device->kind = VMM_DEVICE_NET;
        strncpy(device->name, name, sizeof(device->name) - 1);
        device->u.net.mtu = (uint16_t)desc->mtu;
        device->u.net.mac_is_fixed = desc->check_mac || desc->guard != NULL ? 1 : 0;
        device->u.net.speed_mbps = expand_port_speed(desc->rate_kbps);
        device->u.net.features_off = expand_net_features(expand, node, "features_off", desc->features_off);
        device->queue_size =
            expand_net_queue_size(expand, node, device->u.net.features_off, guest->desc->ram);
        device->u.net.datapath = desc->datapath;
        expand_switch_check_ring(expand, node, device->u.net.features_off);
        expand_guest_place_virtio(guest, &desc->transport, device);
        if (desc->datapath == VMM_DATAPATH_VHOST) {
            expand_vhost_wire(expand, node, guest->vmm, device);
        } else {
            expand_ring_wire(expand, node, guest->vmm, &guest->config, device);
        }
        guest->nets[guest->net_count++] = node;
    }
    free(name);
}

static void add_block(struct expand *expand, struct expand_guest *guest, const struct node *node)
{
    const struct desc_block *desc = node->fields;
    struct vmm_device_config *device = expand_guest_device(expand, guest, node);
    char *name = mem_printf("block%zu", guest->block_count);

    if (device != NULL && expand_block_connect(expand, node, guest->desc->name, guest->vmm, device)) {
        device->kind = VMM_DEVICE_BLOCK;
        strncpy(device->name, name, sizeof(device->name) - 1);
        device->queue_size = (uint32_t)desc->queue_size;
        expand_guest_place_virtio(guest, &desc->transport, device);
        expand_link_wire(expand, node, guest->vmm, &guest->config, device, 1);
        guest->block_count++;
    }
    free(name);
}

/* Nobody asked for it by name: a device tree of one's own need not have it, nor has a guest full of devices.
 */
static void add_rng(struct expand_guest *guest)
{
    struct vmm_device_config *device = &guest->config.devices[guest->config.device_count];

    if (!guest->desc->rng || guest->config.has_entropy == 0 ||
        guest->config.device_count == VMM_CONFIG_MAX_DEVICES) {
        return;
    }
    device->kind = VMM_DEVICE_ENTROPY;
    strncpy(device->name, "rng", sizeof(device->name) - 1);
    expand_guest_place_virtio(guest, NULL, device);
    if (device->transport == VMM_TRANSPORT_MMIO) {
        guest->virtio[guest->fdt.virtio_count - 1].optional = true;
    }
}

/* Whether a device that is passed through lies where the clock would. */
static bool is_clocks_place_taken(const struct expand_guest *guest)
{
    bool taken = false;

    for (size_t i = 0; i < guest->fdt.passed_window_count; i++) {
        const struct fdt_range *window = &guest->passed_windows[i];

        taken = taken || (window->gpa < GUEST_MACHINE_RTC_GPA + GUEST_MACHINE_RTC_BYTES &&
                          GUEST_MACHINE_RTC_GPA < window->gpa + window->bytes);
    }
    for (size_t i = 0; i < guest->fdt.passed_intid_count; i++) {
        taken = taken || guest->passed_intids[i] == GUEST_MACHINE_RTC_INTID;
    }
    return taken;
}

/* Nobody asked for it by name, either; and no clock is better than one that nobody has set. */
static void add_rtc(const struct expand *expand, struct expand_guest *guest)
{
    struct vmm_device_config *device = &guest->config.devices[guest->config.device_count];

    if (!guest->desc->rtc || expand->timer_config.rtc == 0 || is_clocks_place_taken(guest) ||
        guest->config.device_count == VMM_CONFIG_MAX_DEVICES) {
        return;
    }
    device->kind = VMM_DEVICE_RTC;
    strncpy(device->name, "rtc", sizeof(device->name) - 1);
    device->gpa = GUEST_MACHINE_RTC_GPA;
    device->bytes = GUEST_MACHINE_RTC_BYTES;
    device->virq = GUEST_MACHINE_RTC_INTID;
    guest->fdt.rtc =
        (struct fdt_device){.window = {device->gpa, device->bytes}, .intid = device->virq, .optional = true};
    guest->config.device_count++;
}

/* The guest switches it on by itself, with the first sign of life. */
static void add_watchdog(struct expand *expand, struct expand_guest *guest)
{
    const struct desc_guest *desc = guest->desc;
    struct vmm_device_config *device;

    if (desc->watchdog_ms == 0) {
        return;
    }
    if (desc->watchdog_ms < MIN_WATCHDOG_MS) {
        diag_error(expand->diag, node_loc(guest->node, "watchdog_ms"),
                   "<guest>: watchdog_ms=\"%llu\": it must be 0 or at least %u",
                   (unsigned long long)desc->watchdog_ms, MIN_WATCHDOG_MS);
        return;
    }
    device = expand_guest_device(expand, guest, guest->node);
    if (device == NULL) {
        return;
    }
    device->kind = VMM_DEVICE_WATCHDOG;
    strncpy(device->name, "watchdog", sizeof(device->name) - 1);
    device->gpa = GUEST_MACHINE_WATCHDOG_GPA;
    device->bytes = GUEST_MACHINE_WATCHDOG_BYTES;
    device->virq = GUEST_MACHINE_WATCHDOG_INTID;
    device->u.watchdog = (struct vmm_watchdog_config){.limit_ms = (uint32_t)desc->watchdog_ms,
                                                      .boot_ms = (uint32_t)desc->watchdog_boot_ms};
    guest->fdt.watchdog = (struct fdt_device){.window = {device->gpa, device->bytes}, .intid = device->virq};
    guest->fdt.watchdog_seconds = device->u.watchdog.limit_ms / 1000;
    guest->config.device_count++;
}

static void add_children(struct expand *expand, struct expand_guest *guest)
{
    for (size_t i = 0; i < guest->node->child_count; i++) {
        const struct node *child = guest->node->children[i];

        if (child->spec == &lang_console) {
            expand_console(expand, guest, child);
        } else if (child->spec == &lang_net) {
            add_net(expand, guest, child);
        } else if (child->spec == &lang_block) {
            add_block(expand, guest, child);
        } else if (child->spec == &lang_vm_map) {
            expand_sdf_map(expand, child, NULL, guest->vm);
        } else if (child->spec == &lang_reserved_memory) {
            expand_reserved_memory(expand, guest, child);
        } else if (child->spec == &lang_passthrough) {
            expand_passthrough(expand, guest, child);
        }
    }
}

/* SPIs come in groups of 32; at least two groups, so that small changes don't alter what a guest sees. */
static uint32_t spi_count(const struct expand_guest *guest)
{
    const struct vmm_config *config = &guest->config;
    uint32_t end = SPI_FIRST + 64;

    if (config->pci.ecam_bytes != 0) {
        end = guest->fdt.pci.msi_spi_first + guest->fdt.pci.msi_spi_count;
    }
    for (uint32_t i = 0; i < config->device_count; i++) {
        end = config->devices[i].virq >= end ? config->devices[i].virq + 1 : end;
    }
    for (size_t i = 0; i < guest->fdt.passed_intid_count; i++) {
        end = guest->passed_intids[i] >= end ? guest->passed_intids[i] + 1 : end;
    }
    return (end - SPI_FIRST + 31) / 32 * 32;
}

/* What becomes of the guest at its end: to switch the machine off its VMM needs that call of the firmware,
   and gets no other. Microkit's kernels give nobody the firmware's calls. */
static uint32_t exit_action(struct expand *expand, const struct expand_guest *guest, const char *attribute,
                            uint32_t action)
{
    if (action == VMM_EXIT_HALT && !expand->options->microkit) {
        firmware_calls_add(guest->vmm, SMCCC_PSCI_SYSTEM_OFF);
    } else if (action == VMM_EXIT_HALT) {
        diag_error(expand->diag, node_loc(guest->node, attribute),
                   "<guest>: %s=\"halt\": on seL4 nothing can switch the machine off; \"stop\" and "
                   "\"restart\" are what there is",
                   attribute);
    }
    return action;
}

static void add_vm(struct expand *expand, struct expand_guest *guest)
{
    const struct desc_guest *desc = guest->desc;
    char *vmm_name = mem_printf("%s_vmm", desc->name);

    guest->vmm = expand_add_pd(expand, vmm_name, guest->node->loc, &desc->vmm);
    guest->vm = model_add_vm(guest->vmm, desc->name, guest->node->loc);
    guest->vm->priority = (uint32_t)desc->priority;
    guest->vm->budget_us = desc->budget;
    guest->vm->period_us = expand_period(desc->period, desc->budget);
    guest->vm->sve = desc->sve;
    if (desc->sve && expand->options->microkit) {
        diag_error(
            expand->diag, node_loc(guest->node, "sve"),
            "<guest>: sve=\"true\": Microkit's kernels don't switch SVE; only the bundled kernel does");
    }
    guest->vm->debug = desc->debug;
    strncpy(guest->config.name, desc->name, sizeof(guest->config.name) - 1);
    guest->config.on_off = exit_action(expand, guest, "on_off", desc->on_off);
    guest->config.on_reset = exit_action(expand, guest, "on_reset", desc->on_reset);
    guest->config.on_crash = exit_action(expand, guest, "on_crash", desc->on_crash);
    guest->config.restart = (struct restart_policy){.limit = (uint32_t)desc->restart_limit,
                                                    .window_ms = (uint32_t)desc->restart_window_ms,
                                                    .backoff_ms = (uint32_t)desc->restart_backoff_ms,
                                                    .backoff_max_ms = (uint32_t)desc->restart_backoff_max_ms};
    free(vmm_name);
}

static bool is_taken(struct expand *expand, const struct node *node, const char *name)
{
    for (size_t i = 0; i < expand->model->pd_count; i++) {
        const struct model_vm *vm = expand->model->pds[i]->vm;

        if (vm != NULL && strcmp(vm->name, name) == 0) {
            diag_error(expand->diag, node_loc(node, "name"), "<guest>: name \"%s\" is taken", name);
            diag_note(expand->diag, vm->loc, "by the virtual machine here");
            return true;
        }
    }
    return false;
}

/* A channel for a tool to the guest's VMM, if the attribute of that name grants it. */
static void add_channel(struct expand *expand, struct expand_guest *guest, const char *attribute,
                        bool granted, const char *kind, struct config_link *link)
{
    if (!granted) {
        return;
    }
    if (expand->options->microkit) {
        diag_error(expand->diag, node_loc(guest->node, attribute),
                   "<guest>: %s=\"true\": only the bundled kernel lets a VMM hold its vCPUs", attribute);
        return;
    }
    char *name = mem_printf("%s.%s", guest->desc->name, kind);

    (void)expand_serial_channel(expand, guest->node, name, guest->vmm, TOOL_RING_BYTES, 0, link);
    free(name);
}

/* What the VMM serves by itself. A device with a page that the guest reads is mapped already. */
static void note_emulated(const struct expand_guest *guest)
{
    const struct vmm_config *config = &guest->config;

    model_add_emulated(guest->vm, "interrupt distributor", config->gicd_gpa, config->gicd_bytes);
    for (uint32_t i = 0; i < config->device_count; i++) {
        const struct vmm_device_config *device = &config->devices[i];

        if (device->transport != VMM_TRANSPORT_PCI && device->registers == 0 && device->bytes != 0) {
            model_add_emulated(guest->vm, device->name, device->gpa, device->bytes);
        }
    }
    if (config->pci.ecam_bytes != 0) {
        model_add_emulated(guest->vm, "PCI window", config->pci.window_gpa, config->pci.window_bytes);
        model_add_emulated(guest->vm, "PCI configuration space", config->pci.ecam_gpa,
                           config->pci.ecam_bytes);
        model_add_emulated(guest->vm, "MSI frame", config->pci.msi_gpa, config->pci.msi_bytes);
    }
}

/* One thing to start with. */
static void check_start(struct expand *expand, const struct node *node)
{
    const struct node *kernel = node_first(node, &lang_linux);
    const struct node *firmware = node_first(node, &lang_firmware);

    if (kernel == NULL && firmware == NULL && !node->broken) {
        diag_error(expand->diag, node->loc, "<guest>: it lacks a <linux> or a <firmware> inside");
    } else if (kernel != NULL && firmware != NULL) {
        diag_error(expand->diag, firmware->loc,
                   "<guest>: it starts with a <linux> or a <firmware>, not both");
        diag_note(expand->diag, kernel->loc, "the <linux> is here");
    }
}

void expand_guest(struct expand *expand, const struct node *node)
{
    struct expand_guest guest = {
        .node = node, .desc = node->fields, .config = {.kick_channel = VMM_CONFIG_NO_CHANNEL}};

    if (guest.desc->name == NULL || is_taken(expand, node, guest.desc->name)) {
        return;
    }
    check_start(expand, node);
    add_vm(expand, &guest);
    if (guest.desc->ram != 0) { /* else it was reported */
        add_ram(expand, &guest);
    }
    add_vcpus(expand, &guest);
    add_interrupt_controller(expand, &guest);
    add_children(expand, &guest);
    add_watchdog(expand, &guest);
    expand_firmware_flash(expand, &guest);
    expand_entropy_connect(expand, &guest);
    add_rng(&guest);
    (void)expand_timer_connect(expand, node->loc, guest.vmm, &guest.config.timer_channel);
    add_rtc(expand, &guest);
    add_channel(expand, &guest, "debug", guest.desc->debug, "gdb", &guest.config.debug);
    add_channel(expand, &guest, "control", guest.desc->control, "ctl", &guest.config.control);
    note_emulated(&guest);
    guest.config.spi_count = spi_count(&guest);
    guest.fdt.virtio = guest.virtio;
    guest.fdt.reserved = guest.reserved;
    guest.fdt.passed_windows = guest.passed_windows;
    guest.fdt.passed_intids = guest.passed_intids;
    expand_supervisor_connect(expand, &guest);
    expand_linux(expand, &guest);
    expand_firmware(expand, &guest);
    expand_config_header(&guest.config.header, VMM_CONFIG_MAGIC, VMM_CONFIG_VERSION, sizeof(guest.config));
    (void)model_add_config(guest.vmm, VMM_CONFIG_SECTION, &guest.config, sizeof(guest.config));
    free(guest.reserved);
    free(guest.reserved_nodes);
    expand_passthrough_free(&guest);
}
