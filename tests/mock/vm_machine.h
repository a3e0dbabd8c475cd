/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A whole virtual machine on the host with a device of each kind and data path, and peers that play along:
 * for unit tests and fuzzers of what a guest can make its VMM do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/ring/ring.h"
#include "vmm/core/vm.h"

#define VM_MACHINE_RAM 0x40000000ull
#define VM_MACHINE_RAM_BYTES 0x40000ull
#define VM_MACHINE_GICD 0x08000000ull
#define VM_MACHINE_UART 0x09000000ull
/** Register windows of the virtio devices are a page each from here on, in the order of the configuration. */
#define VM_MACHINE_VIRTIO 0x0a000000ull
/** A PCI host bridge, and the frame that takes its MSIs. */
#define VM_MACHINE_ECAM 0x20000000ull
#define VM_MACHINE_WINDOW 0x30000000ull
#define VM_MACHINE_MSI 0x38000000ull
#define VM_MACHINE_MSI_FIRST 64u
#define VM_MACHINE_LINKS 6u
#define VM_MACHINE_LINK_BYTES 0x5000u
#define VM_MACHINE_BUFFER_BYTES 0x10000u

/** Devices of the configuration. */
enum vm_machine_device {
    VM_MACHINE_CONSOLE = 0, /**< virtio, with a port; before the UART, which shares its link */
    VM_MACHINE_PL011,
    VM_MACHINE_NET,
    VM_MACHINE_VHOST,
    VM_MACHINE_BLOCK_COPY,
    VM_MACHINE_BLOCK_SHARED,
    VM_MACHINE_RNG,
    VM_MACHINE_PASSTHROUGH,
    VM_MACHINE_PCI_RNG, /**< slot 0 of the bridge */
    VM_MACHINE_DEVICES
};

/** Channels: link N is channel 1 + N; these are the others. */
enum vm_machine_channel { VM_MACHINE_VHOST_CHANNEL = 20, VM_MACHINE_ENTROPY, VM_MACHINE_IRQ };

/** The whole. There is one at a time, and it is large: keep it on the heap. */
struct vm_machine {
    struct vm vm;
    struct vmm_config config;
    uint8_t *ram;
    uint8_t *buffer; /**< region of the copying disk */
    struct ring peers[VM_MACHINE_LINKS];
    void *regions[VM_MACHINE_LINKS][2]; /**< the machine's and the peer's */
    uint64_t vhost_reply;               /**< label that the switch answers with */
    struct vhost_status vhost_status;   /**< its status page */
    uint64_t entropy_reply;             /**< label that the entropy PD answers with */
    uint32_t block_status;              /**< what the block server answers requests with */
    uint64_t image[64];                 /**< an arm64 Image of sorts */
    uint8_t dtb[256];
};

/** Built and started; the disks' server has said what they are like. */
struct vm_machine *vm_machine_new(void);
void vm_machine_free(struct vm_machine *machine);

/** The block server tells both disks what they are like, and the machine is notified. */
void vm_machine_tell_disks(struct vm_machine *machine);

/** The peers take what was sent: the block server answers all requests, the others drop what they get. */
void vm_machine_run_peers(struct vm_machine *machine);

/** The vCPU loads or stores `width_bytes` at `gpa`; *value is what is stored, or was loaded. */
enum platform_resume vm_machine_access(struct vm_machine *machine, uint64_t gpa, uint32_t width_bytes,
                                       bool is_write, uint64_t *value);

/** Address of register `offset` of a device. */
uint64_t vm_machine_register(enum vm_machine_device device, uint32_t offset);
