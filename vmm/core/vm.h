/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * One virtual machine: its memory, devices and life. main.c turns Microkit's entry points into these calls.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/config/vmm_config.h"
#include "lib/guestmem/guestmem.h"
#include "lib/virtq/virtq.h"
#include "vmm/bus/mmio.h"
#include "vmm/core/psci.h"
#include "vmm/debug/debugger.h"
#include "vmm/debug/line_channel.h"
#include "vmm/device/flash.h"
#include "vmm/device/pl011.h"
#include "vmm/device/pl031.h"
#include "vmm/device/watchdog.h"
#include "vmm/pci/pci_host.h"
#include "vmm/platform.h"
#include "vmm/vgic/gicv2m.h"
#include "vmm/vgic/irq_line.h"
#include "vmm/vgic/vgic.h"
#include "vmm/virtio/vhost_net.h"
#include "vmm/virtio/virtio_blk.h"
#include "vmm/virtio/virtio_console.h"
#include "vmm/virtio/virtio_mmio.h"
#include "vmm/virtio/virtio_net.h"
#include "vmm/virtio/virtio_pci.h"
#include "vmm/virtio/virtio_rng.h"

struct vm_device;

/** What the machine does with a kind of device. Any may be NULL. */
struct vm_device_ops {
    /** `channel`, one of the device's, was notified. */
    void (*notified)(struct vm_device *device, microkit_channel channel);
    /** The guest has stored to a doorbell, which may have been one of this device's. */
    void (*kicked)(struct vm_device *device);
    /** The machine is reset. */
    void (*reset)(struct vm_device *device);
};

/** One device of the machine. */
struct vm_device {
    const struct vmm_device_config *config;
    const struct vm_device_ops *ops;
    struct irq_line line;
    union {
        struct virtio_mmio mmio;
        struct virtio_pci pci;
    } transport; /**< of a virtio device: what its row says */
    union {
        bool passthrough_acked_at_end;
        struct pl011 pl011;
        struct virtio_net net;
        struct vhost_net vhost_net;
        struct virtio_blk blk;
        struct virtio_console console;
        struct virtio_rng rng;
        struct watchdog watchdog;
        struct pl031 rtc;
        struct flash flash;
    } u;
};

/** What becomes of a machine. */
enum vm_state {
    VM_OFF = 0,
    VM_WAITING,   /**< it starts when its time has come */
    VM_START_DUE, /**< it starts when its disks are ready */
    VM_SCRUB_DUE, /**< it stays off, and its RAM is cleared when its disks are idle */
    VM_RUNNING
};

/** One machine. Large: keep it static. */
struct vm {
    const struct vmm_config *config;
    enum vm_state state;
    uint64_t start_at;         /**< VM_WAITING: platform_milliseconds() of its start */
    struct watchdog *watchdog; /**< one of the devices, or NULL */
    struct pl031 *rtc;         /**< likewise */
    uint64_t alarm;            /**< what the platform was asked for */
    struct guestmem mem;
    struct vgic vgic;
    struct psci psci;
    struct mmio_map mmio;
    struct pci_host pci;
    struct gicv2m msi_frame;
    struct vm_device devices[VMM_CONFIG_MAX_DEVICES];
    uint32_t device_count;
    struct virtq_chain scratch;                 /**< shared by all devices: one chain is in hand at a time */
    uint64_t aborted_at[VMM_CONFIG_MAX_VCPUS];  /**< program counter of the last abort that was given back */
    uint32_t abort_count[VMM_CONFIG_MAX_VCPUS]; /**< how often in a row */
    struct virtio_blk_pool blk_pool;            /**< likewise, by all disks */
    struct restart restart;
    struct hold hold;
    struct debugger debugger;
    struct line_channel control;
    uint64_t
        held_since; /**< platform_milliseconds() since when all vCPUs are held; PLATFORM_NEVER: they are not */
    struct log_limit stray_accesses;
    struct log_limit stray_registers;
};

/**
 * Build the machine that `config` describes, which must outlive it. Logs what is wrong.
 * Errors: ERR_FORMAT, ERR_RANGE, ERR_ALIGN, ERR_SPACE, ERR_UNSUPPORTED (device kind or transport).
 */
ERR_CHECKED enum err vm_init(struct vm *vm, const struct vmm_config *config);

/**
 * Reset everything, load the guest again and let it run, at once or as soon as its disks are ready. Errors:
 * those of guest_loader_load(); it is then stopped.
 */
ERR_CHECKED enum err vm_start(struct vm *vm);

/** vm_start(), but only after so many milliseconds. Logs what goes wrong. */
void vm_start_later(struct vm *vm, uint32_t wait_ms);

/** Stop all vCPUs and reset all devices, so that nobody works on the guest's memory any more. */
void vm_stop(struct vm *vm);

/** vm_stop(), and clear the RAM as soon as no disk writes to it any more. */
void vm_stay_off(struct vm *vm);

/** Channel `channel` was notified. */
void vm_notified(struct vm *vm, microkit_channel channel);

/** Time has passed: do what is due. */
void vm_alarm(struct vm *vm);

/** A vCPU stopped as *exit says; results are put into *exit. Returns how it goes on. */
enum platform_resume vm_exit(struct vm *vm, struct platform_exit *exit);
