/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/virtio_device.h"

#include <stddef.h>

#include "lib/base/mem.h"

#define DRIVER_BITS                                                                                          \
    (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK |                            \
     VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_FAILED)

enum err virtio_device_init(struct virtio_device *device, const struct virtio_device_setup *setup)
{
    if (setup->queue_count > VMM_CONFIG_MAX_QUEUES) {
        return ERR_RANGE;
    }
    if (setup->queue_size == 0 || setup->queue_size > VIRTQ_MAX_SIZE ||
        (setup->queue_size & (setup->queue_size - 1)) != 0) {
        return ERR_FORMAT;
    }
    *device = (struct virtio_device){.setup = *setup};
    return ERR_OK;
}

void virtio_device_attach(struct virtio_device *device, const struct virtio_transport_ops *ops,
                          void *transport)
{
    device->transport_ops = ops;
    device->transport = transport;
}

static bool queue_exists(const struct virtio_device *device, uint32_t index)
{
    return index < device->setup.queue_count;
}

void virtio_device_reset(struct virtio_device *device)
{
    for (uint32_t i = 0; i < VMM_CONFIG_MAX_QUEUES; i++) {
        virtq_disable(&device->queues[i]);
        device->layouts[i] = (struct virtq_layout){.size = device->setup.queue_size};
    }
    device->status = 0;
    device->selected = (struct virtio_selectors){0};
    device->posted = false;
    device->features = 0;
    device->setup.ops->reset(device->setup.context);
}

uint8_t virtio_device_status(const struct virtio_device *device)
{
    const struct virtio_device_ops *ops = device->setup.ops;
    const bool lingers =
        device->status == 0 && ops->is_quiesced != NULL && !ops->is_quiesced(device->setup.context);

    return lingers ? VIRTIO_STATUS_NEEDS_RESET : device->status;
}

void virtio_device_quiesced(struct virtio_device *device)
{
    if (device->transport_ops->status_changed != NULL) {
        device->transport_ops->status_changed(device->transport);
    }
}

uint64_t virtio_device_offered(const struct virtio_device *device)
{
    return device->setup.features | VIRTIO_F_VERSION_1;
}

/* Selector values from 2 on are reserved: there are 64 bits. */
static uint32_t feature_word(uint64_t features, uint32_t selected)
{
    return selected > 1 ? 0 : (uint32_t)(features >> (32 * selected));
}

uint32_t virtio_device_selected_features(const struct virtio_device *device)
{
    return feature_word(virtio_device_offered(device), device->selected.device_features);
}

uint32_t virtio_device_written_features(const struct virtio_device *device)
{
    return feature_word(device->features, device->selected.driver_features);
}

void virtio_device_set_features(struct virtio_device *device, uint32_t value)
{
    if (device->selected.driver_features > 1 || (device->status & VIRTIO_STATUS_FEATURES_OK) != 0) {
        return;
    }
    const unsigned int shift = 32 * device->selected.driver_features;
    device->features = (device->features & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
}

bool virtio_device_has(const struct virtio_device *device, uint64_t features)
{
    return (device->status & VIRTIO_STATUS_FEATURES_OK) != 0 && (device->features & features) == features;
}

bool virtio_device_is_running(const struct virtio_device *device)
{
    return (device->status & (VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED)) ==
           VIRTIO_STATUS_DRIVER_OK;
}

/* Section 2.2: no bit that wasn't offered, and no legacy driver. */
static bool features_are_good(const struct virtio_device *device)
{
    const uint64_t features = device->features;

    if ((features & ~virtio_device_offered(device)) != 0 || (features & VIRTIO_F_VERSION_1) == 0) {
        return false;
    }
    return device->setup.ops->accepts == NULL || device->setup.ops->accepts(device->setup.context, features);
}

void virtio_device_set_status(struct virtio_device *device, uint8_t value)
{
    if (value == 0) {
        virtio_device_reset(device);
        return;
    }
    /* Bits once set stay until a reset; the driver must not clear them (section 2.1.1). */
    uint8_t added = (uint8_t)(value & DRIVER_BITS & ~device->status);
    if ((added & VIRTIO_STATUS_FEATURES_OK) != 0 && !features_are_good(device)) {
        added &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK; /* the driver reads it back and sees the refusal */
    }
    const bool starts = (added & VIRTIO_STATUS_DRIVER_OK) != 0;
    if (starts && ((device->status | added) & VIRTIO_STATUS_FEATURES_OK) == 0) {
        virtio_device_fail(device, "DRIVER_OK without FEATURES_OK", ERR_STATE);
        return;
    }
    device->status |= added;
    if (starts && virtio_device_is_running(device)) {
        device->setup.ops->start(device->setup.context);
    }
}

const struct virtq_layout *virtio_device_layout(const struct virtio_device *device)
{
    return queue_exists(device, device->selected.queue) ? &device->layouts[device->selected.queue] : NULL;
}

/* The selected queue's layout while it may be changed, else NULL. */
static struct virtq_layout *open_layout(struct virtio_device *device)
{
    const uint32_t index = device->selected.queue;

    return queue_exists(device, index) && !device->queues[index].ready ? &device->layouts[index] : NULL;
}

static void set_half(gpa_t *address, bool high, uint32_t value)
{
    if (high) {
        address->value = (address->value & 0xffffffffu) | (uint64_t)value << 32;
    } else {
        address->value = (address->value & ~0xffffffffull) | value;
    }
}

void virtio_device_set_queue_address(struct virtio_device *device, enum virtio_queue_part part, bool high,
                                     uint32_t value)
{
    struct virtq_layout *layout = open_layout(device);

    if (layout == NULL) {
        return;
    }
    switch (part) {
    case VIRTIO_QUEUE_DESC:
        set_half(&layout->desc, high, value);
        break;
    case VIRTIO_QUEUE_DRIVER:
        set_half(&layout->avail, high, value);
        break;
    default:
        set_half(&layout->used, high, value);
        break;
    }
}

void virtio_device_set_queue_size(struct virtio_device *device, uint32_t value)
{
    struct virtq_layout *layout = open_layout(device);

    if (layout != NULL) {
        /* What doesn't fit becomes 0, which no queue may have: refused when the queue is enabled. */
        layout->size = value <= VIRTQ_MAX_SIZE ? (uint16_t)value : 0;
    }
}

bool virtio_device_queue_is_enabled(const struct virtio_device *device, uint32_t index)
{
    return queue_exists(device, index) && device->queues[index].ready;
}

void virtio_device_queue_enable(struct virtio_device *device, uint32_t index, bool enable)
{
    if (!queue_exists(device, index) || enable == device->queues[index].ready) {
        return;
    }
    if (!enable) {
        virtq_disable(&device->queues[index]);
        if (device->setup.ops->queue_disabled != NULL) {
            device->setup.ops->queue_disabled(device->setup.context, (uint16_t)index);
        }
        return;
    }
    if ((device->status & VIRTIO_STATUS_FEATURES_OK) == 0) {
        virtio_device_fail(device, "queue enabled before FEATURES_OK", ERR_STATE);
        return;
    }
    const struct virtq_features features = {
        .event_idx = virtio_device_has(device, VIRTIO_F_EVENT_IDX),
        .indirect = virtio_device_has(device, VIRTIO_F_INDIRECT_DESC),
    };
    const enum err err = virtq_enable(&device->queues[index], device->setup.mem, &device->layouts[index],
                                      device->setup.queue_size, features);
    if (err != ERR_OK) {
        virtio_device_fail(device, "bad queue", err);
    } else if (virtio_device_has(device, VIRTIO_F_RING_RESET) && virtio_device_is_running(device)) {
        device->setup.ops->queue_enabled(device->setup.context, (uint16_t)index);
    }
}

void virtio_device_queue_reset(struct virtio_device *device, uint32_t index)
{
    if (!virtio_device_has(device, VIRTIO_F_RING_RESET) || !virtio_device_queue_is_enabled(device, index)) {
        return;
    }
    virtq_disable(&device->queues[index]);
    device->layouts[index] = (struct virtq_layout){.size = device->setup.queue_size};
    device->setup.ops->queue_reset(device->setup.context, (uint16_t)index);
}

void virtio_device_kick(struct virtio_device *device, uint32_t index)
{
    if (queue_exists(device, index) && virtio_device_is_running(device) &&
        virtq_is_ready(&device->queues[index])) {
        device->setup.ops->kick(device->setup.context, (uint16_t)index);
    }
}

static bool config_holds(const struct virtio_device *device, uint64_t offset, uint32_t bytes)
{
    return bytes <= sizeof(uint64_t) && offset <= device->setup.config_bytes &&
           bytes <= device->setup.config_bytes - offset;
}

uint64_t virtio_device_config_read(const struct virtio_device *device, uint64_t offset, uint32_t bytes)
{
    uint64_t value = 0;

    if (config_holds(device, offset, bytes)) {
        memcpy(&value, (const uint8_t *)device->setup.config + offset, bytes);
    }
    return value;
}

void virtio_device_config_write(struct virtio_device *device, uint64_t offset, uint64_t value, uint32_t bytes)
{
    if (config_holds(device, offset, bytes) && device->setup.ops->config_write != NULL) {
        device->setup.ops->config_write(device->setup.context, (uint32_t)offset, &value, bytes);
    }
}

void virtio_device_config_changed(struct virtio_device *device)
{
    device->config_generation++;
    if ((device->status & VIRTIO_STATUS_DRIVER_OK) != 0) {
        device->transport_ops->config_interrupt(device->transport);
    }
}

void virtio_device_publish(struct virtio_device *device, uint16_t index)
{
    struct virtq *vq = &device->queues[index];

    virtq_publish(vq);
    if (virtq_should_interrupt(vq)) {
        device->transport_ops->queue_interrupt(device->transport, index);
    }
}

void virtio_device_publish_deferred(struct virtio_device *device, uint16_t index, uint32_t delay_us)
{
    struct virtq *vq = &device->queues[index];

    if (delay_us == 0 || device->transport_ops->queue_interrupt_deferred == NULL) {
        virtio_device_publish(device, index);
        return;
    }
    virtq_publish(vq);
    if (virtq_should_interrupt(vq)) {
        device->transport_ops->queue_interrupt_deferred(device->transport, index, delay_us);
    }
}

void virtio_device_fail(struct virtio_device *device, const char *what, enum err err)
{
    if ((device->status & VIRTIO_STATUS_NEEDS_RESET) != 0) {
        return;
    }
    log_warn_limited(&device->complaints, "%s: broken driver: %s: %s; device needs a reset",
                     device->setup.name, what, err_text(err));
    device->status |= VIRTIO_STATUS_NEEDS_RESET;
    /* Section 2.1.2: once the driver is up, it has to be told. */
    if ((device->status & VIRTIO_STATUS_DRIVER_OK) != 0) {
        device->transport_ops->config_interrupt(device->transport);
    }
}
