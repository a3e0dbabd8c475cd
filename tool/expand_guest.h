/* SPDX-License-Identifier: BSD-2-Clause */
/** What the parts of the expansion of a <guest> share: expand_guest.c and expand_linux.c. */
#pragma once

#include "tool/expand.h"
#include "tool/fdt_guest.h"

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
    const struct node *nets[VMM_CONFIG_MAX_DEVICES]; /**< in the order Linux numbers them: eth0, ... */
    size_t net_count;
};

/**
 * <linux>: kernel, initramfs, command line and, last, the device tree, for which everything else of the guest
 * has to be known. Fills the rest of guest->config.
 */
void expand_linux(struct expand *expand, struct expand_guest *guest);
