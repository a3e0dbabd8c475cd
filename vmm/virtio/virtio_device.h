/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A virtio device as seen between its transport (virtio_mmio.c) and its kind (virtio_net.c): status and
 * feature negotiation (virtio 1.2, sections 2.1, 2.2, 3.1), queues, config space. A transport decodes
 * registers and calls the functions here; a kind supplies a `struct virtio_device_ops`.
 *
 * A driver that breaks the rules gets DEVICE_NEEDS_RESET and one rate-limited log line; its queues then stand
 * still until it resets the device.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/config/vmm_config.h"
#include "lib/guestmem/guestmem.h"
#include "lib/virtio/spec.h"
#include "lib/virtq/virtq.h"

/** What a kind of device does. `context` is the kind's own state. Optional ones may be NULL. */
struct virtio_device_ops {
    /** The driver has set DRIVER_OK: queues that are ready may be used from now on. */
    void (*start)(void *context);
    /** The device is being reset: forget chains in flight. The queues are disabled already. */
    void (*reset)(void *context);
    /** The driver has put something into queue `index`, which is ready. */
    void (*kick)(void *context, uint16_t index);
    /** Optional: the driver has disabled queue `index`, which may have been in use. */
    void (*queue_disabled)(void *context, uint16_t index);
    /**
     * With VIRTIO_F_RING_RESET: the driver has reset queue `index` of a device that may be running: forget
     * its chains in flight, and touch it no more. The other queues go on.
     */
    void (*queue_reset)(void *context, uint16_t index);
    /** With VIRTIO_F_RING_RESET: queue `index` is ready, while the device runs. */
    void (*queue_enabled)(void *context, uint16_t index);
    /** Optional: may the driver have exactly `features`, a subset of those offered? */
    bool (*accepts)(void *context, uint64_t features);
    /**
     * Optional: interrupts of queue `index` that nobody hears of first may go to virtual interrupt `intid` of
     * vCPU `vcpu`; 0: each must be told to the transport. Called when that changes, also before start().
     */
    void (*queue_routed)(void *context, uint16_t index, uint32_t vcpu, uint32_t intid);
    /** Optional: is nothing of the driver's memory in use any more that was given before the last reset? */
    bool (*is_quiesced)(const void *context);
    /** Optional: a checked store of `bytes` at `offset` of the config space. */
    void (*config_write)(void *context, uint32_t offset, const void *from, uint32_t bytes);
};

/** How a device reaches its driver: implemented by the transport. */
struct virtio_transport_ops {
    /** There is news in the used ring of queue `index`. */
    void (*queue_interrupt)(void *transport, uint16_t index);
    /** The same, but it may be up to `delay_us` late. NULL: the transport knows only "at once". */
    void (*queue_interrupt_deferred)(void *transport, uint16_t index, uint32_t delay_us);
    /** The config space or the status has changed. */
    void (*config_interrupt)(void *transport);
    /** The status has changed, and no interrupt goes with that. NULL: it is asked for each time. */
    void (*status_changed)(void *transport);
};

/** What virtio_device_init() needs. All pointers must outlive the device. */
struct virtio_device_setup {
    const char *name; /**< for log lines */
    uint32_t id;      /**< enum virtio_id */
    const struct virtio_device_ops *ops;
    void *context;
    const struct guestmem *mem;
    uint64_t features; /**< offered; VERSION_1 is added */
    const void *config;
    uint32_t config_bytes;
    uint16_t queue_count; /**< up to VMM_CONFIG_MAX_QUEUES */
    uint16_t queue_size;  /**< largest size of each; a power of two up to VIRTQ_MAX_SIZE */
};

/** What the driver has selected in a transport's registers. */
struct virtio_selectors {
    uint32_t device_features; /**< which 32 of the bits offered it reads */
    uint32_t driver_features; /**< and which of its own it writes */
    uint32_t queue;
};

/** State common to all virtio devices. */
struct virtio_device {
    struct virtio_device_setup setup;
    const struct virtio_transport_ops *transport_ops;
    void *transport;
    uint64_t features; /**< what the driver has written */
    struct virtio_selectors selected;
    uint32_t config_generation;
    uint8_t status; /**< enum virtio_status */
    bool posted;    /**< queue interrupts are edges that may reach the driver without us, and whose
                       acknowledgement    nobody hears: always assume there is one */
    struct virtq_layout layouts[VMM_CONFIG_MAX_QUEUES];
    struct virtq queues[VMM_CONFIG_MAX_QUEUES];
    struct log_limit complaints;
};

/** Errors: ERR_RANGE (queue count), ERR_FORMAT (queue size no power of two, or too large). */
ERR_CHECKED enum err virtio_device_init(struct virtio_device *device,
                                        const struct virtio_device_setup *setup);

/** Connect the device to its transport. */
void virtio_device_attach(struct virtio_device *device, const struct virtio_transport_ops *ops,
                          void *transport);

/** Back to the state after power-on (section 2.4). */
void virtio_device_reset(struct virtio_device *device);

/** The driver writes the status register (sections 2.1.1 and 3.1.1); 0 resets. */
void virtio_device_set_status(struct virtio_device *device, uint8_t value);

/**
 * What the driver reads there. A reset is not over (section 2.4.1), and shows as NEEDS_RESET, until the
 * device has let go of the driver's memory; a driver that does not wait for that goes on all the same.
 */
uint8_t virtio_device_status(const struct virtio_device *device);

/** The device has let go of the driver's memory: tell who reads the status. */
void virtio_device_quiesced(struct virtio_device *device);

/** Features offered. */
uint64_t virtio_device_offered(const struct virtio_device *device);

/** Those 32 of them that the driver has selected. */
uint32_t virtio_device_selected_features(const struct virtio_device *device);

/** The driver writes the 32 feature bits that it has selected; ignored once FEATURES_OK is set. */
void virtio_device_set_features(struct virtio_device *device, uint32_t value);

/** The 32 bits of its own that the driver has selected, as it wrote them. */
uint32_t virtio_device_written_features(const struct virtio_device *device);

/** Was every bit of `features` negotiated? */
bool virtio_device_has(const struct virtio_device *device, uint64_t features);

/** DRIVER_OK and not broken: may the queues be used? */
bool virtio_device_is_running(const struct virtio_device *device);

/** Layout of the selected queue, or NULL: there is none. */
const struct virtq_layout *virtio_device_layout(const struct virtio_device *device);

/** Addresses of a queue's parts; the driver writes them in halves of 32 bits. */
enum virtio_queue_part { VIRTIO_QUEUE_DESC, VIRTIO_QUEUE_DRIVER, VIRTIO_QUEUE_DEVICE };

/** The driver writes half of an address of the selected queue; ignored while that is ready. */
void virtio_device_set_queue_address(struct virtio_device *device, enum virtio_queue_part part, bool high,
                                     uint32_t value);

/**
 * The driver writes the size of the selected queue; ignored while that is ready. What no queue may have makes
 * enabling it fail.
 */
void virtio_device_set_queue_size(struct virtio_device *device, uint32_t value);

/** Is queue `index` enabled? False for queues that don't exist. */
bool virtio_device_queue_is_enabled(const struct virtio_device *device, uint32_t index);

/** The driver enables or disables queue `index`. A bad layout breaks the device. */
void virtio_device_queue_enable(struct virtio_device *device, uint32_t index, bool enable);

/**
 * The driver resets queue `index` alone (section 2.6.1): done when this returns, its layout as after a reset
 * of the device. Ignored without VIRTIO_F_RING_RESET, and for a queue that isn't enabled.
 */
void virtio_device_queue_reset(struct virtio_device *device, uint32_t index);

/** The driver notifies queue `index`. Ignored unless the device runs and the queue is ready. */
void virtio_device_kick(struct virtio_device *device, uint32_t index);

/**
 * The one accessor of the config space. Loads beyond its end give 0; stores beyond it, and to devices without
 * config_write, are dropped.
 */
uint64_t virtio_device_config_read(const struct virtio_device *device, uint64_t offset, uint32_t bytes);
void virtio_device_config_write(struct virtio_device *device, uint64_t offset, uint64_t value,
                                uint32_t bytes);

/** The kind has changed its config space: new generation and a configuration interrupt. */
void virtio_device_config_changed(struct virtio_device *device);

/** Publish what was added to queue `index` and interrupt the driver if it wants that. */
void virtio_device_publish(struct virtio_device *device, uint16_t index);

/** As virtio_device_publish(), for an interrupt that may be up to `delay_us` late. */
void virtio_device_publish_deferred(struct virtio_device *device, uint16_t index, uint32_t delay_us);

/** The driver broke the rules, as `what` says: DEVICE_NEEDS_RESET, one log line. */
void virtio_device_fail(struct virtio_device *device, const char *what, enum err err);
