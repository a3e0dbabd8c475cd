/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A guest's device tree, generated from what the system description decided.
 *
 * The tree follows Documentation/devicetree/bindings of Linux (arm/cpus.yaml, arm/psci.yaml,
 * interrupt-controller/arm,gic.yaml, timer/arm,arch_timer.yaml, virtio/mmio.yaml, serial/pl011.yaml,
 * rtc/arm,pl031.yaml, watchdog/arm,sbsa-gwdt.yaml, reserved-memory/, pci/host-generic-pci.yaml, chosen.yaml)
 * and the Devicetree Specification 0.4; dtc decompiles it without a warning. The same description gives the
 * same bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define FDT_GUEST_MAX_CPUS 8u
#define FDT_GUEST_TEXT_BYTES 256u

/**
 * Phandles that the generated tree gives out; others are free. Every node with a label has one: an overlay
 * that says `&uart0` needs it.
 */
enum fdt_guest_phandle {
    FDT_GUEST_PHANDLE_GIC = 1,
    FDT_GUEST_PHANDLE_CLOCK = 2, /**< the 24 MHz fixed clock of PL011 and PL031, only with one of them */
    FDT_GUEST_PHANDLE_V2M = 3,   /**< the MSI frame, only with PCI */
    FDT_GUEST_PHANDLE_UART = 4,
    FDT_GUEST_PHANDLE_PCI = 5,
    FDT_GUEST_PHANDLE_CHOSEN = 6,
    FDT_GUEST_PHANDLE_MEMORY = 7,
    FDT_GUEST_PHANDLE_PSCI = 8,
    FDT_GUEST_PHANDLE_TIMER = 9,
    FDT_GUEST_PHANDLE_WATCHDOG = 10,
    FDT_GUEST_PHANDLE_RTC = 11,
    FDT_GUEST_PHANDLE_FLASH = 12,
    FDT_GUEST_PHANDLE_VIRTIO = 16 /**< and those that follow, one per device */
};

/** Why a tree could not be built: one sentence without full stop, to be reported with the caller's place. */
struct fdt_error {
    char text[FDT_GUEST_TEXT_BYTES];
};

/** A malloc'd device tree blob; fdt_blob_free() it. */
struct fdt_blob {
    void *data;
    size_t bytes;
};

/** Guest-physical addresses [gpa, gpa + bytes). bytes == 0: there is none. */
struct fdt_range {
    uint64_t gpa;
    uint64_t bytes;
};

/** A device with one register window and one shared peripheral interrupt. window.bytes == 0: none. */
struct fdt_device {
    struct fdt_range window;
    uint32_t intid; /**< 32..1019 */
    bool edge;      /**< rising edge, else level high */
    bool dma_coherent;
    bool optional; /**< a tree of the user's may leave it out */
};

/** A child of /reserved-memory, inside RAM. */
struct fdt_reserved {
    const char *name; /**< node name without unit address */
    struct fdt_range range;
    bool no_map; /**< Linux keeps it out of its linear map */
};

/**
 * A generic ECAM host bridge with a GICv2m MSI frame; ecam.bytes == 0: none.
 * ecam.bytes is a power of two: 1 MiB a bus. Legacy INTx is not offered.
 */
struct fdt_pci {
    struct fdt_range ecam;
    struct fdt_range window;   /**< 32-bit non-prefetchable, mapped one to one, below 4 GiB */
    struct fdt_range window64; /**< 64-bit, mapped one to one; bytes == 0: none */
    struct fdt_range msi_frame;
    uint32_t msi_spi_first; /**< INTID of the first MSI */
    uint32_t msi_spi_count;
};

/** Everything the tree says. Strings and arrays are borrowed for the time of the call. */
struct fdt_guest {
    const char *model;          /**< NULL: "Causeway virtual machine" */
    const char *cpu_compatible; /**< e.g. "arm,cortex-a53"; NULL: "arm,armv8" */
    uint32_t cpu_count;         /**< 1..FDT_GUEST_MAX_CPUS */
    uint64_t mpidrs[FDT_GUEST_MAX_CPUS];
    struct fdt_range ram;
    struct fdt_range gicd;
    struct fdt_range gicc; /**< GICv2; bytes == 0: it is a GICv3 */
    struct fdt_range gicr; /**< GICv3: redistributors */

    const char *bootargs;    /**< NULL: none */
    struct fdt_range initrd; /**< inside RAM; bytes == 0: none */
    bool no_physical_timer;  /**< the virtual timer is the only one */
    bool psci_by_smc;        /**< PSCI's conduit, else HVC */
    const char *stdout_path; /**< NULL: the PL011 if there is one */
    const void *rng_seed;    /**< rng_seed_bytes of it; NULL: none */
    size_t rng_seed_bytes;
    bool has_kaslr_seed;
    uint64_t kaslr_seed;

    struct fdt_device pl011;
    struct fdt_device rtc;           /**< PL031 */
    struct fdt_range rom;            /**< of firmware; bytes == 0: none */
    struct fdt_range flash;          /**< CFI flash that the guest may write, 32 bits wide */
    struct fdt_device watchdog;      /**< two frames of equal size: control, refresh */
    uint32_t watchdog_seconds;       /**< how often it has to be refreshed */
    const struct fdt_device *virtio; /**< virtio-mmio transports, in the order Linux probes them */
    size_t virtio_count;
    struct fdt_pci pci;
    const struct fdt_reserved *reserved;
    size_t reserved_count;

    /** What passed-through devices take, to be kept apart from the rest; their nodes come later. */
    const struct fdt_range *passed_windows;
    size_t passed_window_count;
    const uint32_t *passed_intids;
    size_t passed_intid_count;
};

/**
 * Build the tree.
 *
 * Checks that windows are page-aligned (a virtio-mmio window: 512 bytes) and lie apart from RAM and from each
 * other, that interrupts are SPIs of one device each, and that initrd and reserved ranges lie inside RAM.
 * Labels for overlays are in /__symbols__: gic, psci, timer, chosen, memory, uart0, rtc, virtio0.., pcie.
 *
 * Returns ERR_RANGE or ERR_ALIGN for a description that contradicts itself, ERR_SPACE beyond 1 MiB; *error
 * then says what. *blob is valid on success only.
 */
ERR_CHECKED enum err fdt_guest_build(const struct fdt_guest *guest, struct fdt_blob *blob,
                                     struct fdt_error *error);

/** Free the blob's memory and zero it. */
void fdt_blob_free(struct fdt_blob *blob);
