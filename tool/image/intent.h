/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a system description declared, as far as isolation goes: the ELF section `.causeway.intent` of an
 * image.
 *
 * The composer (image.c) writes it from the model, never from the page tables; `causeway verify` holds the
 * page tables of the same image against it. It lists the domains, the memory that more than one of them may
 * reach (declared memory regions, and the few pages that the kernel shares by design), and every mapping of
 * those regions. What is *not* in it must be private: a PD's program segments and stack, the kernel, its
 * tables.
 *
 * Shared by PDs of memory without a declaration, and so not listed: a PD's IPC buffer, which is the one page
 * at SYSDESC_PD_IPC_BUFFER that both the PD and the kernel map read-write (its physical address is in the
 * PD's row of the system descriptor).
 *
 * The section is not loaded (SHT_PROGBITS, no SHF_ALLOC). Layout: struct intent_header, then at the offsets
 * it gives domains, regions and mappings, packed in this order. Little-endian, fixed width, no padding bytes
 * that are not named. Mappings are grouped by region in the order of regions.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

#define INTENT_SECTION ".causeway.intent"
#define INTENT_MAGIC 0x544e45544e495743ull /* "CWINTENT" read as little-endian bytes */
#define INTENT_VERSION 2u
#define INTENT_NAME_BYTES 64u

/** Start of the section. */
struct intent_header {
    uint64_t magic;
    uint32_t version;
    uint32_t size_bytes; /**< of everything: header, domains, regions, mappings */
    uint32_t domain_count;
    uint32_t region_count;
    uint32_t mapping_count;
    uint32_t reserved;
    uint64_t domain_offset; /**< bytes from the start of the section */
    uint64_t region_offset;
    uint64_t mapping_offset;
    uint64_t ram_base; /**< the board's RAM: anything outside it is a device */
    uint64_t ram_bytes;
    uint64_t firmware_bytes; /**< from ram_base: nothing of the image may lie there */
};
static_assert(sizeof(struct intent_header) == 80, "no hidden padding");

enum intent_domain_kind {
    INTENT_DOMAIN_KERNEL = 0, /**< EL2 itself; always domain 0; `root` is sysdesc.el2_root (stage 1) */
    INTENT_DOMAIN_PD = 1,
    INTENT_DOMAIN_VM = 2 /**< one per virtual machine, however many vCPUs it has */
};

/** One holder of a translation table. PDs come in the order of the system descriptor's table, then VMs. */
struct intent_domain {
    char name[INTENT_NAME_BYTES]; /**< NUL-terminated; a VM is "<pd>/<vm>" */
    uint32_t kind;                /**< enum intent_domain_kind */
    uint32_t index;               /**< row of sysdesc's PD table, or the VM's first row of its vCPU table */
    uint64_t root;                /**< physical address of the level-1 table */
};
static_assert(sizeof(struct intent_domain) == 80, "no hidden padding");

enum intent_region_kind {
    INTENT_REGION_MEMORY = 0,    /**< enum model_mr_kind from here to TRACE */
    INTENT_REGION_GUEST_RAM = 1, /**< not in the ELF */
    INTENT_REGION_IMAGE = 2,
    INTENT_REGION_LINK = 3,
    INTENT_REGION_DEVICE = 4,        /**< device registers declared by the description */
    INTENT_REGION_KLOG = 5,          /**< the kernel's log ring; mapping of domain 0 included */
    INTENT_REGION_TRACE = 6,         /**< the kernel's rings of events, not in the ELF; likewise */
    INTENT_REGION_KERNEL_DEVICE = 7, /**< registers the kernel uses (board data); mapped by domain 0 */
    INTENT_REGION_GICV = 8           /**< the GIC's virtual CPU interface, the same page(s) for every VM: the
                                          hardware banks it per running vCPU */
};

/** A range of physical memory that somebody maps by declaration. Regions may be mapped by nobody. */
struct intent_region {
    char name[INTENT_NAME_BYTES]; /**< NUL-terminated */
    uint64_t phys;                /**< page-aligned */
    uint64_t size_bytes;          /**< multiple of the page */
    uint32_t kind;                /**< enum intent_region_kind */
    uint32_t mapping_first;       /**< its mappings: [first, first + count) */
    uint32_t mapping_count;
    uint32_t reserved;
};
static_assert(sizeof(struct intent_region) == 96, "no hidden padding");

enum intent_perms {
    INTENT_READ = 1u << 0, /**< values of enum model_perms */
    INTENT_WRITE = 1u << 1,
    INTENT_EXECUTE = 1u << 2,
    INTENT_UNCACHED = 1u << 3 /**< mapped cached="false" */
};

/**
 * One declared mapping: the whole region at `address` of the domain's space.
 *
 * A KERNEL_DEVICE region may cover the same pages as a DEVICE region: the UART, which the kernel uses for
 * early output and panics, belongs otherwise to its driver.
 */
struct intent_mapping {
    uint32_t region; /**< index */
    uint32_t domain; /**< index */
    uint64_t address;
    uint32_t perms; /**< enum intent_perms */
    uint32_t reserved;
};
static_assert(sizeof(struct intent_mapping) == 24, "no hidden padding");
