/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vhost data path of a <net>: the switch gets the guest's RAM and the guest's kicks, the guest the
 * switch's interrupts, and the VMM one channel with the switch and a page to read how it fares
 * (lib/config/vhost_protocol.h). One channel, so that a switch has enough of them for all its ports.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/net/virtio_net_hdr.h"
#include "tool/base/mem.h"
#include "tool/expand/expand.h"

/* The offset that virtio-mmio's driver stores to when it kicks (virtio 1.2, 4.2.2). */
#define VIRTIO_MMIO_QUEUE_NOTIFY 0x50u
/* And what it stores to when it has seen a queue's interrupt. */
#define VIRTIO_MMIO_INTERRUPT_ACK 0x64u
#define VIRTIO_MMIO_INTERRUPT_QUEUE 1u
#define VIRTIO_MMIO_REGISTER_BYTES 4u

/* The guest's RAM among the maps of its VM. */
static const struct model_map *find_ram(const struct model_vm *vm)
{
    for (size_t i = 0; i < vm->map_count; i++) {
        if (vm->maps[i].mr->kind == MODEL_MR_GUEST_RAM) {
            return &vm->maps[i];
        }
    }
    return NULL;
}

/* Where `pd` has `mr` mapped already, 0: nowhere. */
static uint64_t mapped_at(const struct model_pd *pd, const struct model_mr *mr)
{
    for (size_t i = 0; i < pd->map_count; i++) {
        if (pd->maps[i].mr == mr) {
            return pd->maps[i].vaddr;
        }
    }
    return 0;
}

static void map_ram(struct model_pd *lan, const struct model_map *ram, struct vswitch_port_config *port)
{
    uint64_t vaddr = mapped_at(lan, ram->mr);

    if (vaddr == 0) {
        vaddr = expand_free_vaddr(lan, EXPAND_LARGE_BASE, ram->mr->size_bytes, MODEL_LARGE_PAGE_BYTES);
        (void)model_add_pd_map(lan, ram->mr, vaddr, MODEL_READ | MODEL_WRITE);
    }
    port->ram_gpa = ram->vaddr;
    port->ram_vaddr = vaddr;
    port->ram_bytes = ram->mr->size_bytes;
}

/* The channel of VMM and switch. False after an error was reported. */
static bool add_channel(struct expand *expand, const struct node *net, struct model_pd *vmm,
                        struct model_pd *lan, uint32_t *vmm_id, uint32_t *lan_id)
{
    struct model_channel *channel;

    if (!expand_channel_id(expand, vmm, net->loc, vmm_id) ||
        !expand_channel_id(expand, lan, net->loc, lan_id)) {
        return false;
    }
    channel = model_add_channel(expand->model, net->loc);
    channel->ends[0] =
        (struct model_channel_end){.pd = vmm, .loc = net->loc, .id = *vmm_id, .notify = true, .pp = true};
    channel->ends[1] = (struct model_channel_end){.pd = lan, .loc = net->loc, .id = *lan_id, .notify = true};
    return true;
}

/* An interrupt that the switch posts; which one is known when the device has its place. Returns its id. */
static uint32_t add_post(const struct node *net, struct model_pd *vmm, struct model_pd *lan, uint32_t channel,
                         uint64_t delay_us)
{
    struct model_post *post = model_add_post(lan, vmm, channel);

    post->loc = net->loc;
    post->delay_us = (uint32_t)delay_us;
    return MODEL_POST_BASE + (uint32_t)lan->post_count - 1;
}

static void add_interrupts(const struct expand *expand, const struct node *net, struct model_pd *vmm,
                           struct model_pd *lan, uint32_t transport, struct vswitch_port_config *port)
{
    const struct desc_net *desc = net->fields;

    port->interrupt = port->deferred_interrupt = port->link.channel;
    if (expand->options->microkit) { /* the VMM interrupts, and the switch is late by itself */
        port->deferred_us = (uint32_t)desc->tx_delay_us;
        return;
    }
    port->interrupt = port->deferred_interrupt = add_post(net, vmm, lan, port->link.channel, 0);
    /* Where the guest says what is posted, it may want another interrupt for what it has sent. */
    if (desc->tx_delay_us != 0 || transport == VMM_TRANSPORT_PCI) {
        port->deferred_interrupt = add_post(net, vmm, lan, port->link.channel, desc->tx_delay_us);
    }
}

/* A page that `writer` writes and `reader` reads; where each has it mapped. */
static void add_page(struct expand *expand, const struct node *net, const char *what, struct model_pd *writer,
                     uint64_t *writer_vaddr, struct model_pd *reader, uint64_t *reader_vaddr)
{
    char *stem = mem_printf("%s_to_%s_%s", writer->name, reader->name, what);
    char *name = expand_unique_mr_name(expand, stem);
    struct model_mr *page = model_add_mr(expand->model, name, net->loc);

    page->kind = MODEL_MR_LINK;
    page->size_bytes = MODEL_PAGE_BYTES;
    page->page_size_bytes = MODEL_PAGE_BYTES;
    *writer_vaddr = expand_free_vaddr(writer, EXPAND_SMALL_BASE, page->size_bytes, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(writer, page, *writer_vaddr, MODEL_READ | MODEL_WRITE);
    *reader_vaddr = expand_free_vaddr(reader, EXPAND_SMALL_BASE, page->size_bytes, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(reader, page, *reader_vaddr, MODEL_READ);
    free(name);
    free(stem);
}

bool expand_vhost_connect(struct expand *expand, const struct node *net, struct model_pd *vmm,
                          struct model_pd *lan, struct vmm_device_config *device,
                          struct vswitch_port_config *port)
{
    const struct desc_net *desc = net->fields;
    const struct model_map *ram = find_ram(vmm->vm);

    if (ram == NULL) { /* its size was wrong, and that reported */
        return false;
    }
    if (!add_channel(expand, net, vmm, lan, &device->link.channel, &port->link.channel)) {
        return false;
    }
    add_interrupts(expand, net, vmm, lan, device->transport, port);
    add_page(expand, net, "status", lan, &port->status, vmm, &device->u.net.status);
    /* On seL4 nobody but the VMM sees its guest pause. */
    if (expand->options->microkit && desc->rx_window != 0) {
        add_page(expand, net, "idle_count", vmm, &device->u.net.idle_count, lan, &port->idle_count);
    }
    map_ram(lan, ram, port);
    return true;
}

void expand_register_window(struct expand *expand, const struct node *node, struct model_pd *vmm,
                            struct vmm_device_config *device, uint64_t bytes)
{
    char *stem = mem_printf("%s_%s_registers", vmm->vm->name, device->name);
    char *name = expand_unique_mr_name(expand, stem);
    struct model_mr *page = model_add_mr(expand->model, name, node->loc);

    page->size_bytes = bytes;
    page->page_size_bytes = MODEL_PAGE_BYTES;
    device->registers = expand_free_vaddr(vmm, EXPAND_SMALL_BASE, page->size_bytes, MODEL_PAGE_BYTES);
    /* Uncached, as the guest's driver has it: neither may see what the other has only in a cache. */
    model_add_pd_map(vmm, page, device->registers, MODEL_READ | MODEL_WRITE)->cached = false;
    model_add_vm_map(vmm->vm, page, device->gpa, MODEL_READ)->cached = false;
    free(name);
    free(stem);
}

/* What `lan` posts for its channel `id` is interrupt `virq`. */
static void set_posted(struct model_pd *lan, uint32_t id, uint32_t virq)
{
    for (size_t i = 0; i < lan->post_count; i++) {
        if (lan->posts[i].channel == id) {
            lan->posts[i].virq = virq;
        }
    }
}

static struct model_pd *peer_of(const struct model *model, const struct model_pd *vmm, uint32_t id,
                                uint32_t *peer_id)
{
    for (size_t i = 0; i < model->channel_count; i++) {
        const struct model_channel *channel = &model->channels[i];

        if (channel->ends[0].pd == vmm && channel->ends[0].id == id) {
            *peer_id = channel->ends[1].id;
            return channel->ends[1].pd;
        }
    }
    return NULL;
}

/* Kicks of the data queues notify channel `channel` of `pd`. The control queue's are for the VMM. On PCI
   notifications have a page of their own; a driver stores 16 bits there or, with more features, 32. */
static void add_kicks(struct model_vm *vm, const struct vmm_device_config *device, uint32_t queue_count,
                      struct model_pd *pd, uint32_t channel, uint32_t delay_us)
{
    for (uint32_t queue = 0; queue < queue_count; queue++) {
        struct model_doorbell *doorbell = model_add_doorbell(vm);

        if (device->transport == VMM_TRANSPORT_PCI) {
            doorbell->gpa =
                device->gpa + VMM_CONFIG_PCI_NOTIFY_OFFSET + (uint64_t)queue * VMM_CONFIG_PCI_NOTIFY_BYTES;
        } else {
            doorbell->gpa = device->gpa + VIRTIO_MMIO_QUEUE_NOTIFY;
            doorbell->width_bytes = VIRTIO_MMIO_REGISTER_BYTES;
            doorbell->match_value = true;
            doorbell->value = queue;
        }
        doorbell->pd = pd;
        doorbell->channel = channel;
        doorbell->delay_us = delay_us;
    }
}

/* Acknowledging a queue's interrupt does nothing: the bit always reads as set (virtio_device.h). */
static void swallow_acknowledgements(struct model_vm *vm, const struct vmm_device_config *device)
{
    struct model_doorbell *ack = model_add_doorbell(vm);

    ack->gpa = device->gpa + VIRTIO_MMIO_INTERRUPT_ACK;
    ack->width_bytes = VIRTIO_MMIO_REGISTER_BYTES;
    ack->match_value = true;
    ack->value = VIRTIO_MMIO_INTERRUPT_QUEUE;
    ack->ignore = true;
}

/* The kernel tells `pd` of pauses, on `channel`. */
static void add_idle(struct model_vm *vm, struct model_pd *pd, uint32_t channel)
{
    struct model_doorbell *idle = model_add_doorbell(vm);

    idle->gpa = UINT64_MAX;
    idle->idle = true;
    idle->pd = pd;
    idle->channel = channel;
}

void expand_vhost_wire(struct expand *expand, const struct node *net, struct model_pd *vmm,
                       struct vmm_device_config *device)
{
    const struct desc_net *desc = net->fields;
    uint32_t channel = 0;
    struct model_pd *lan = peer_of(expand->model, vmm, device->link.channel, &channel);

    add_kicks(vmm->vm, device, VIRTIO_NET_QUEUES, lan, channel, (uint32_t)desc->kick_delay_us);
    /* On PCI what is posted is the guest's choice, of which its VMM tells the kernel. */
    if (device->transport != VMM_TRANSPORT_PCI) {
        set_posted(lan, channel, device->virq);
        expand_register_window(expand, net, vmm, device, MODEL_PAGE_BYTES);
        if (!expand->options->microkit) {
            swallow_acknowledgements(vmm->vm, device);
        }
    }
    if (desc->rx_window != 0 && !expand->options->microkit) {
        add_idle(vmm->vm, lan, channel);
    }
}

/* The same shortcuts, but what they wake is the guest's own VMM, on a channel for nothing else: a kick
   buys work that an answer on the link must not (lib/virtq/virtq.h). */
void expand_link_wire(struct expand *expand, const struct node *node, struct model_pd *vmm,
                      struct vmm_config *config, struct vmm_device_config *device, uint32_t queue_count)
{
    const bool pci = device->transport == VMM_TRANSPORT_PCI;
    const size_t first = vmm->vm->doorbell_count;

    if (!pci) {
        expand_register_window(expand, node, vmm, device, MODEL_PAGE_BYTES);
    }
    if (expand->options->microkit || (config->kick_channel == VMM_CONFIG_NO_CHANNEL &&
                                      !expand_channel_id(expand, vmm, node->loc, &config->kick_channel))) {
        return;
    }
    add_kicks(vmm->vm, device, queue_count, vmm, config->kick_channel, 0);
    for (size_t i = first; i < vmm->vm->doorbell_count; i++) {
        vmm->vm->doorbells[i].own_channel = true;
    }
    if (!pci) {
        swallow_acknowledgements(vmm->vm, device);
    }
}

void expand_ring_wire(struct expand *expand, const struct node *net, struct model_pd *vmm,
                      struct vmm_config *config, struct vmm_device_config *device)
{
    const struct desc_net *desc = net->fields;

    expand_link_wire(expand, net, vmm, config, device, VIRTIO_NET_QUEUES);
    if (expand->options->microkit) {
        return;
    }
    device->u.net.tx_delay_us = (uint32_t)desc->tx_delay_us;
    if (desc->rx_window != 0) {
        add_idle(vmm->vm, vmm, device->link.channel);
        device->u.net.window = (uint32_t)desc->rx_window;
    }
}
