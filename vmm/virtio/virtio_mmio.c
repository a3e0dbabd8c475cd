/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/virtio_mmio.h"

#include <stddef.h>

static uint32_t read_register(const struct virtio_mmio *mmio, uint32_t offset)
{
    const struct virtio_device *device = mmio->device;

    switch (offset) {
    case VIRTIO_MMIO_MAGIC_VALUE:
        return VIRTIO_MMIO_MAGIC;
    case VIRTIO_MMIO_VERSION:
        return 2;
    case VIRTIO_MMIO_DEVICE_ID:
        return device->setup.id;
    case VIRTIO_MMIO_VENDOR_ID:
        return VIRTIO_MMIO_VENDOR;
    case VIRTIO_MMIO_DEVICE_FEATURES:
        return virtio_device_selected_features(device);
    case VIRTIO_MMIO_QUEUE_NUM_MAX:
        return virtio_device_layout(device) != NULL ? device->setup.queue_size : 0;
    case VIRTIO_MMIO_QUEUE_READY:
        return virtio_device_queue_is_enabled(device, device->selected.queue);
    case VIRTIO_MMIO_INTERRUPT_STATUS:
        /* A posted interrupt sets no bit here, yet the driver has to look at its queues. */
        return mmio->interrupt_status | (device->posted ? VIRTIO_MMIO_INTERRUPT_QUEUE : 0);
    case VIRTIO_MMIO_STATUS:
        return virtio_device_status(device);
    case VIRTIO_MMIO_SHM_LEN_LOW:
    case VIRTIO_MMIO_SHM_LEN_HIGH:
    case VIRTIO_MMIO_SHM_BASE_LOW:
    case VIRTIO_MMIO_SHM_BASE_HIGH:
        return 0xffffffffu; /* no shared memory regions */
    case VIRTIO_MMIO_CONFIG_GENERATION:
        return device->config_generation;
    default:
        return 0;
    }
}

/* A register as a guest reads it, into the page. In one store: the guest may be looking. */
static void refresh_register(const struct virtio_mmio *mmio, uint32_t offset)
{
    if (mmio->page != NULL) {
        __atomic_store_n(&mmio->page[offset / 4], read_register(mmio, offset), __ATOMIC_RELAXED);
    }
}

/* All registers and the config space. Costs more than most of what changes a register. */
static void refresh_page(struct virtio_mmio *mmio)
{
    mmio->shown_generation = mmio->device->config_generation;
    if (mmio->page == NULL) {
        return;
    }
    for (uint32_t offset = 0; offset < VIRTIO_MMIO_CONFIG; offset += 4) {
        refresh_register(mmio, offset);
    }
    for (uint32_t offset = 0; offset < mmio->device->setup.config_bytes; offset += 4) {
        const uint32_t left = mmio->device->setup.config_bytes - offset;
        const uint64_t word = virtio_device_config_read(mmio->device, offset, left < 4 ? left : 4);

        __atomic_store_n(&mmio->page[(VIRTIO_MMIO_CONFIG + offset) / 4], (uint32_t)word, __ATOMIC_RELAXED);
    }
}

static void update_line(struct virtio_mmio *mmio, uint32_t status)
{
    mmio->interrupt_status = status;
    /* Before the interrupt: the driver's first look must find its cause. */
    refresh_register(mmio, VIRTIO_MMIO_INTERRUPT_STATUS);
    irq_line_set(mmio->line, status != 0);
}

static void queue_interrupt(void *transport, uint16_t index)
{
    struct virtio_mmio *mmio = transport;

    (void)index; /* one line for all queues */
    if (mmio->device->posted) {
        irq_line_set(mmio->line, true); /* the bit is set already, for the driver to see */
        return;
    }
    update_line(mmio, mmio->interrupt_status | VIRTIO_MMIO_INTERRUPT_QUEUE);
}

static void queue_interrupt_deferred(void *transport, uint16_t index, uint32_t delay_us)
{
    struct virtio_mmio *mmio = transport;

    if (!mmio->device->posted || !irq_line_set_deferred(mmio->line, delay_us)) {
        queue_interrupt(mmio, index);
    }
}

static void config_interrupt(void *transport)
{
    struct virtio_mmio *mmio = transport;

    refresh_page(mmio); /* the config space and, if the device needs a reset, its status */
    update_line(mmio, mmio->interrupt_status | VIRTIO_MMIO_INTERRUPT_CONFIG);
}

static void status_changed(void *transport)
{
    refresh_register(transport, VIRTIO_MMIO_STATUS);
}

static const struct virtio_transport_ops transport_ops = {
    .queue_interrupt = queue_interrupt,
    .queue_interrupt_deferred = queue_interrupt_deferred,
    .config_interrupt = config_interrupt,
    .status_changed = status_changed,
};

void virtio_mmio_init(struct virtio_mmio *mmio, struct virtio_device *device, struct irq_line *line,
                      void *page)
{
    *mmio = (struct virtio_mmio){.device = device, .line = line, .page = page};
    virtio_device_attach(device, &transport_ops, mmio);
}

void virtio_mmio_reset(struct virtio_mmio *mmio)
{
    virtio_device_reset(mmio->device);
    refresh_page(mmio);
    update_line(mmio, 0);
}

/* Registers of the selected queue (section 4.2.2.2). */
static void write_queue(struct virtio_device *device, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case VIRTIO_MMIO_QUEUE_NUM:
        virtio_device_set_queue_size(device, value);
        break;
    case VIRTIO_MMIO_QUEUE_DESC_LOW:
    case VIRTIO_MMIO_QUEUE_DESC_HIGH:
        virtio_device_set_queue_address(device, VIRTIO_QUEUE_DESC, offset == VIRTIO_MMIO_QUEUE_DESC_HIGH,
                                        value);
        break;
    case VIRTIO_MMIO_QUEUE_DRIVER_LOW:
    case VIRTIO_MMIO_QUEUE_DRIVER_HIGH:
        virtio_device_set_queue_address(device, VIRTIO_QUEUE_DRIVER, offset == VIRTIO_MMIO_QUEUE_DRIVER_HIGH,
                                        value);
        break;
    case VIRTIO_MMIO_QUEUE_DEVICE_LOW:
    case VIRTIO_MMIO_QUEUE_DEVICE_HIGH:
        virtio_device_set_queue_address(device, VIRTIO_QUEUE_DEVICE, offset == VIRTIO_MMIO_QUEUE_DEVICE_HIGH,
                                        value);
        break;
    default:
        break;
    }
}

static void write_status(struct virtio_mmio *mmio, uint8_t value)
{
    if (value == 0) {
        virtio_mmio_reset(mmio);
    } else {
        virtio_device_set_status(mmio->device, value);
    }
}

static void write_register(struct virtio_mmio *mmio, uint32_t offset, uint32_t value)
{
    struct virtio_selectors *selected = &mmio->device->selected;

    switch (offset) {
    case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
        selected->device_features = value;
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES:
        virtio_device_set_features(mmio->device, value);
        break;
    case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
        selected->driver_features = value;
        break;
    case VIRTIO_MMIO_QUEUE_SEL:
        selected->queue = value;
        break;
    case VIRTIO_MMIO_QUEUE_READY:
        virtio_device_queue_enable(mmio->device, selected->queue, (value & 1) != 0);
        break;
    case VIRTIO_MMIO_QUEUE_RESET:
        if (value == 1) {
            virtio_device_queue_reset(mmio->device, selected->queue);
        }
        break;
    case VIRTIO_MMIO_QUEUE_NOTIFY:
        virtio_device_kick(mmio->device, value);
        break;
    case VIRTIO_MMIO_INTERRUPT_ACK:
        /* Not an edge, should the line stay up: the driver knows of what remains. */
        mmio->interrupt_status &= ~value;
        refresh_register(mmio, VIRTIO_MMIO_INTERRUPT_STATUS);
        if (mmio->interrupt_status == 0) {
            irq_line_set(mmio->line, false);
        }
        break;
    case VIRTIO_MMIO_STATUS:
        write_status(mmio, (uint8_t)value);
        break;
    default:
        write_queue(mmio->device, offset, value);
        break;
    }
}

enum mmio_result virtio_mmio_access(void *context, struct mmio_access *access)
{
    struct virtio_mmio *mmio = context;
    const uint64_t offset = access->offset;

    if (offset >= VIRTIO_MMIO_CONFIG) {
        if (access->is_write) {
            virtio_device_config_write(mmio->device, offset - VIRTIO_MMIO_CONFIG, access->value,
                                       access->width_bytes);
            refresh_page(mmio);
        } else {
            access->value =
                virtio_device_config_read(mmio->device, offset - VIRTIO_MMIO_CONFIG, access->width_bytes);
        }
        return MMIO_DONE;
    }
    const bool valid = access->width_bytes == 4 && (offset & 3) == 0;
    if (!access->is_write) {
        access->value = valid ? read_register(mmio, (uint32_t)offset) : 0;
    } else if (valid) {
        write_register(mmio, (uint32_t)offset, (uint32_t)access->value);
        /* A kick may have been a command that changed the config space. */
        if ((offset != VIRTIO_MMIO_INTERRUPT_ACK && offset != VIRTIO_MMIO_QUEUE_NOTIFY) ||
            mmio->shown_generation != mmio->device->config_generation) {
            refresh_page(mmio);
        }
    }
    return MMIO_DONE;
}
