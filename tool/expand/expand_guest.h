/* SPDX-License-Identifier: BSD-2-Clause */
/** What the parts of the expansion of a <guest> share: expand_guest.c, _linux.c, _reserved.c, _passthrough.c
 * and _dtb.c.
 */
#pragma once

#include "tool/expand/expand.h"
#include "tool/fdt/fdt_guest.h"

/** A guest being expanded. */
struct expand_guest {
    const struct node *node;
    const struct desc_guest *desc;
    struct model_pd *vmm;
    struct model_vm *vm;
    struct vmm_config config;
    struct fdt_guest fdt;
    struct fdt_device virtio[VMM_CONFIG_MAX_DEVICES];
    struct fdt_reserved *reserved;
    const struct node **reserved_nodes;              /**< their elements */
    const struct node *nets[VMM_CONFIG_MAX_DEVICES]; /**< in the order Linux numbers them: eth0, ... */
    size_t net_count;
    size_t block_count;
    bool has_dtb;                     /**< with <firmware>: at the start of RAM */
    uint32_t pci_count;               /**< devices behind the PCI host bridge */
    struct fdt_range *passed_windows; /**< what passed-through devices take, for `fdt` */
    uint32_t *passed_intids;
    struct fdt_passed *passed_nodes;         /**< with the description's texts */
    const struct node **passed_descriptions; /**< their <passthrough> elements */
    size_t passed_node_count;
    bool has_hvc;          /**< the guest's terminal is a virtio console */
    uint64_t uart_gpa;     /**< PL011 that is the guest's console, emulated or passed through; 0: none */
    char stdout_path[128]; /**< of a passed-through one */
};

/** The next free device of the configuration, or NULL after an error about `node` was reported. */
struct vmm_device_config *expand_guest_device(struct expand *expand, struct expand_guest *guest,
                                              const struct node *node);

/** enum vmm_transport of a device of `guest`; `transport` NULL: the guest's. */
uint32_t expand_guest_transport(const struct expand_guest *guest, const struct desc_transport *transport);

/**
 * Give a virtio device what its transport needs: registers and an interrupt, or a BAR and MSIs; in the device
 * tree too. Count it. `transport` NULL: that of the guest.
 */
void expand_guest_place_virtio(struct expand_guest *guest, const struct desc_transport *transport,
                               struct vmm_device_config *device);

/** <console>: a PL011, or a virtio console with one to start with. */
void expand_console(struct expand *expand, struct expand_guest *guest, const struct node *node);

/** <reserved_memory>: into the device tree, unless something about it is wrong. */
void expand_reserved_memory(struct expand *expand, struct expand_guest *guest, const struct node *node);
/** Once the guest's images have their places: none of them is in reserved memory. */
void expand_reserved_check_images(struct expand *expand, const struct expand_guest *guest,
                                  uint64_t kernel_bytes);
/** Likewise of a firmware at `gpa`, and of its device tree. */
void expand_reserved_check_firmware(struct expand *expand, const struct expand_guest *guest, uint64_t gpa,
                                    uint64_t bytes);

/** <passthrough>: map a device's registers into the guest and route its interrupts. */
void expand_passthrough(struct expand *expand, struct expand_guest *guest, const struct node *node);

/** Free what expand_passthrough() allocated in *guest. */
void expand_passthrough_free(struct expand_guest *guest);

/**
 * The guest's device tree: generated or the description's own, with nodes passed through and overlays, held
 * against what the guest has. False after errors were reported. The caller frees the blob.
 */
bool expand_dtb(struct expand *expand, const struct expand_guest *guest, const struct node *linux_node,
                struct fdt_blob *blob);

/**
 * <linux>: kernel, initramfs, command line and, last, the device tree, for which everything else of the guest
 * has to be known. Fills the rest of guest->config.
 */
void expand_linux(struct expand *expand, struct expand_guest *guest);

/** <firmware>: likewise. */
void expand_firmware(struct expand *expand, struct expand_guest *guest);
/** Its flash, one of the guest's devices. */
void expand_firmware_flash(struct expand *expand, struct expand_guest *guest);

/** Make the guest's device tree and have its VMM load it at config.dtb_gpa; `node`: <linux> or <firmware>. */
void expand_dtb_add(struct expand *expand, struct expand_guest *guest, const struct node *node);
