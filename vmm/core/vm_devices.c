/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/core/vm_devices.h"

#include <stddef.h>

#include "lib/base/log.h"

/* Registers beyond these are in no specification; the window in the description may be larger. */
#define MIN_WINDOW_BYTES 0x1000u

static enum err map(struct vm *vm, const struct vmm_device_config *config, mmio_handler *handler,
                    void *context)
{
    const uint64_t bytes = config->bytes != 0 ? config->bytes : MIN_WINDOW_BYTES;

    return mmio_add(&vm->mmio, config->gpa, bytes, handler, context);
}

static void pl011_on_notified(struct vm_device *device, microkit_channel channel)
{
    (void)channel;
    pl011_notified(&device->u.pl011);
}

static void pl011_on_reset(struct vm_device *device)
{
    pl011_reset(&device->u.pl011);
}

static const struct vm_device_ops pl011_ops = {.notified = pl011_on_notified, .reset = pl011_on_reset};

/* The link of an earlier virtio-console if the row of this UART names it, too; else NULL. */
static struct ring *find_shared_link(struct vm *vm, const struct vmm_device_config *config)
{
    for (uint32_t i = 0; i < vm->device_count; i++) {
        struct vm_device *other = &vm->devices[i];
        if (other->config->kind == VMM_DEVICE_CONSOLE && config->link.bytes != 0 &&
            other->config->link.own == config->link.own) {
            return &other->u.console.ports[0].link;
        }
    }
    return NULL;
}

static enum err add_pl011(struct vm *vm, struct vm_device *device)
{
    device->ops = &pl011_ops;
    const enum err err =
        pl011_init(&device->u.pl011, device->config, &device->line, find_shared_link(vm, device->config));
    return err != ERR_OK ? err : map(vm, device->config, pl011_access, &device->u.pl011);
}

/* Put a virtio device behind the transport that its row asks for. */
static enum err add_transport(struct vm *vm, struct vm_device *device, struct virtio_device *virtio)
{
    const struct vmm_device_config *config = device->config;

    if (config->transport == VMM_TRANSPORT_PCI && vm->config->pci.ecam_bytes != 0) {
        const enum err err = virtio_pci_init(&device->transport.pci, virtio, config, &vm->msi_frame);
        return err != ERR_OK ? err : pci_host_add(&vm->pci, &device->transport.pci.function);
    }
    if (config->transport != VMM_TRANSPORT_MMIO) {
        return ERR_UNSUPPORTED;
    }
    virtio_mmio_init(&device->transport.mmio, virtio, &device->line, (void *)(uintptr_t)config->registers);
    return map(vm, config, virtio_mmio_access, &device->transport.mmio);
}

static void net_on_notified(struct vm_device *device, microkit_channel channel)
{
    (void)channel;
    virtio_net_notified(&device->u.net);
}

static void virtio_on_reset(struct vm_device *device)
{
    if (device->config->transport == VMM_TRANSPORT_PCI) {
        virtio_pci_reset(&device->transport.pci);
    } else {
        virtio_mmio_reset(&device->transport.mmio);
    }
}

static void net_on_kicked(struct vm_device *device)
{
    virtio_net_kicked(&device->u.net);
}

static const struct vm_device_ops net_ops = {
    .notified = net_on_notified, .kicked = net_on_kicked, .reset = virtio_on_reset};

static void vhost_net_on_notified(struct vm_device *device, microkit_channel channel)
{
    (void)channel;
    vhost_net_notified(&device->u.vhost_net);
}

static const struct vm_device_ops vhost_net_ops = {.notified = vhost_net_on_notified,
                                                   .reset = virtio_on_reset};

static enum err add_vhost_net(struct vm *vm, struct vm_device *device)
{
    device->ops = &vhost_net_ops;
    const enum err err = vhost_net_init(&device->u.vhost_net, device->config, &vm->mem, &vm->scratch);
    return err != ERR_OK ? err : add_transport(vm, device, &device->u.vhost_net.device);
}

static enum err add_net(struct vm *vm, struct vm_device *device)
{
    if (device->config->u.net.datapath == VMM_DATAPATH_VHOST) {
        return add_vhost_net(vm, device);
    }
    if (device->config->u.net.datapath != VMM_DATAPATH_RING) {
        return ERR_UNSUPPORTED;
    }
    device->ops = &net_ops;
    const enum err err = virtio_net_init(&device->u.net, device->config, &vm->mem, &vm->scratch);
    return err != ERR_OK ? err : add_transport(vm, device, &device->u.net.device);
}

static void blk_on_notified(struct vm_device *device, microkit_channel channel)
{
    (void)channel;
    virtio_blk_notified(&device->u.blk);
}

static void blk_on_kicked(struct vm_device *device)
{
    virtio_blk_kicked(&device->u.blk);
}

static const struct vm_device_ops blk_ops = {
    .notified = blk_on_notified, .kicked = blk_on_kicked, .reset = virtio_on_reset};

static enum err add_blk(struct vm *vm, struct vm_device *device)
{
    device->ops = &blk_ops;
    const enum err err =
        virtio_blk_init(&device->u.blk, device->config, &vm->mem, &vm->scratch, &vm->blk_pool);
    return err != ERR_OK ? err : add_transport(vm, device, &device->u.blk.device);
}

static void console_on_notified(struct vm_device *device, microkit_channel channel)
{
    virtio_console_notified(&device->u.console, channel);
}

static const struct vm_device_ops console_ops = {.notified = console_on_notified, .reset = virtio_on_reset};

static enum err add_console(struct vm *vm, struct vm_device *device)
{
    device->ops = &console_ops;
    const enum err err = virtio_console_init(&device->u.console, device->config, &vm->mem, &vm->scratch);
    return err != ERR_OK ? err : add_transport(vm, device, &device->u.console.device);
}

static const struct vm_device_ops rng_ops = {.reset = virtio_on_reset};

static enum err add_rng(struct vm *vm, struct vm_device *device)
{
    device->ops = &rng_ops;
    const enum err err = virtio_rng_init(&device->u.rng, device->config, vm->config, &vm->mem, &vm->scratch);
    return err != ERR_OK ? err : add_transport(vm, device, &device->u.rng.device);
}

static void watchdog_on_reset(struct vm_device *device)
{
    watchdog_stop(&device->u.watchdog);
}

static const struct vm_device_ops watchdog_ops = {.reset = watchdog_on_reset};

static enum err add_watchdog(struct vm *vm, struct vm_device *device)
{
    device->ops = &watchdog_ops;
    watchdog_init(&device->u.watchdog, device->config, &device->line);
    vm->watchdog = &device->u.watchdog;
    return map(vm, device->config, watchdog_access, &device->u.watchdog);
}

static void rtc_on_reset(struct vm_device *device)
{
    pl031_reset(&device->u.rtc);
}

static const struct vm_device_ops rtc_ops = {.reset = rtc_on_reset};

static enum err add_rtc(struct vm *vm, struct vm_device *device)
{
    device->ops = &rtc_ops;
    pl031_init(&device->u.rtc, vm->config, &device->line);
    vm->rtc = &device->u.rtc;
    return map(vm, device->config, pl031_access, &device->u.rtc);
}

static void flash_on_reset(struct vm_device *device)
{
    flash_reset(&device->u.flash);
}

static const struct vm_device_ops flash_ops = {.reset = flash_on_reset};

static enum err add_flash(struct vm *vm, struct vm_device *device)
{
    device->ops = &flash_ops;
    const enum err err = flash_init(&device->u.flash, device->config);
    return err != ERR_OK ? err : map(vm, device->config, flash_access, &device->u.flash);
}

/* The physical interrupt of a passed-through device: on to the guest, acknowledged when the guest has ended
   it or, where the platform cannot see that, once it is pending there. */
static void passthrough_on_notified(struct vm_device *device, microkit_channel channel)
{
    vgic_pend(device->line.vgic, device->line.intid);
    if (!device->u.passthrough_acked_at_end) {
        microkit_irq_ack(channel);
    }
}

static const struct vm_device_ops passthrough_ops = {.notified = passthrough_on_notified};

enum err vm_devices_add(struct vm *vm, struct vm_device *device, const struct vmm_device_config *config)
{
    enum err err = ERR_UNSUPPORTED;

    device->config = config;
    device->line =
        (struct irq_line){.vgic = &vm->vgic, .intid = config->virq, .edge = config->virq_edge != 0};
    switch (config->kind) {
    case VMM_DEVICE_PL011:
        err = add_pl011(vm, device);
        break;
    case VMM_DEVICE_NET:
        err = add_net(vm, device);
        break;
    case VMM_DEVICE_BLOCK:
        err = add_blk(vm, device);
        break;
    case VMM_DEVICE_CONSOLE:
        err = add_console(vm, device);
        break;
    case VMM_DEVICE_ENTROPY:
        err = add_rng(vm, device);
        break;
    case VMM_DEVICE_WATCHDOG:
        err = add_watchdog(vm, device);
        break;
    case VMM_DEVICE_RTC:
        err = add_rtc(vm, device);
        break;
    case VMM_DEVICE_FLASH:
        err = add_flash(vm, device);
        break;
    case VMM_DEVICE_PASSTHROUGH:
        device->ops = &passthrough_ops;
        device->u.passthrough_acked_at_end = platform_irq_ack_at_end(config->virq, config->channel);
        err = ERR_OK;
        break;
    default:
        break;
    }
    if (err != ERR_OK) {
        log_error("device %s at 0x%llx: %s", config->name, (unsigned long long)config->gpa, err_text(err));
    }
    return err;
}

static void notify_peer(struct vm_device *device, const struct config_link *link)
{
    if (link->bytes != 0) {
        microkit_notify(link->channel);
        device->ops->notified(device, link->channel);
    }
}

void vm_devices_notify_peers(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->device_count; i++) {
        struct vm_device *device = &vm->devices[i];
        const struct vmm_device_config *config = device->config;

        notify_peer(device, &config->link);
        for (uint32_t port = 0; config->kind == VMM_DEVICE_CONSOLE && port < config->u.console.port_count;
             port++) {
            notify_peer(device, &config->u.console.ports[port].link);
        }
    }
}
