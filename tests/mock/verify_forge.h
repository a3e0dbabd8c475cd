/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A forger of images for the tests of `causeway verify`: composes a small, sound system in memory, lets a
 * test break it in any way, and writes the ELF file. Shares no code with the real composer.
 *
 * The system: `mux` (reads the kernel's log, passive higher-priority server), `vmm1` and `vmm2` with a VM
 * each (vm2 has two vCPUs), `uart` (the board's UART and its interrupt). mux and vmm1 share a link and a
 * channel; vmm1 also has posted interrupts from mux and its VM a doorbell to mux; vm1 has the RTC passed
 * through.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/include/sysdesc.h"
#include "tool/image/intent.h"

/** Where everything is, physically. */
#define FORGE_RAM_BASE 0x40000000ull
#define FORGE_RAM_BYTES 0x20000000ull
#define FORGE_FIRMWARE_BYTES 0x200000ull
#define FORGE_BASE 0x40200000ull /**< of the memory that the forger fills */
#define FORGE_BYTES 0x100000ull
#define FORGE_KERNEL_TEXT 0x40200000ull
#define FORGE_KERNEL_RODATA 0x40201000ull /**< sysdesc_address at its start */
#define FORGE_KERNEL_DATA 0x40202000ull   /**< 2 pages, then IPC buffers, then the log */
#define FORGE_IPC_BUFFERS 0x40204000ull   /**< 8 pages */
#define FORGE_KLOG 0x4020c000ull          /**< SYSDESC_KLOG_BYTES */
#define FORGE_TABLES 0x40220000ull        /**< descriptor rows, 16 pages, then translation tables */
#define FORGE_TABLES_BYTES 0x80000ull
#define FORGE_PD_TEXT(pd) (0x402a0000ull + (pd)*0x4000ull) /**< 1 page; then 1 of data */
#define FORGE_PD_DATA(pd) (FORGE_PD_TEXT(pd) + 0x1000ull)
#define FORGE_PD_STACK(pd) (FORGE_PD_TEXT(pd) + 0x2000ull) /**< 1 page, in one segment with the data */
#define FORGE_LINK_A 0x40500000ull                         /**< 2 pages each */
#define FORGE_LINK_B 0x40502000ull
#define FORGE_RAM1 0x48000000ull /**< 4 MiB each */
#define FORGE_RAM2 0x50000000ull
#define FORGE_GUEST_RAM_BYTES 0x400000ull
#define FORGE_UART 0x09000000ull
#define FORGE_RTC 0x09010000ull
#define FORGE_GICD 0x08000000ull
#define FORGE_GICC 0x08010000ull
#define FORGE_GICH 0x08030000ull
#define FORGE_GICV 0x08040000ull

/** Virtual and guest-physical addresses. */
#define FORGE_TEXT_VADDR 0x200000ull
#define FORGE_DATA_VADDR 0x201000ull
#define FORGE_STACK_VADDR (SYSDESC_PD_STACK_TOP - 0x1000ull)
#define FORGE_DEVICE_VADDR 0x10000000ull
#define FORGE_LINK_VADDR 0x20000000ull /**< A; B 0x2000 higher */
#define FORGE_KLOG_VADDR 0x30000000ull
#define FORGE_RAM_VADDR 0x40000000ull
#define FORGE_RAM_GPA 0x40000000ull
#define FORGE_GICC_GPA 0x08010000ull
#define FORGE_RTC_GPA 0x09010000ull
#define FORGE_DOORBELL_GPA 0x0a000050ull

enum forge_pd { FORGE_MUX, FORGE_VMM1, FORGE_VMM2, FORGE_UART_PD, FORGE_PD_COUNT };
enum forge_domain {
    FORGE_D_KERNEL,
    FORGE_D_MUX,
    FORGE_D_VMM1,
    FORGE_D_VMM2,
    FORGE_D_UART,
    FORGE_D_VM1,
    FORGE_D_VM2,
    FORGE_D_COUNT
};
enum forge_region {
    FORGE_R_RAM1,
    FORGE_R_RAM2,
    FORGE_R_LINK_A,
    FORGE_R_LINK_B,
    FORGE_R_UART,
    FORGE_R_RTC,
    FORGE_R_KLOG,
    FORGE_R_GICV,
    FORGE_R_KERNEL_UART,
    FORGE_R_KERNEL_GICD,
    FORGE_R_KERNEL_GICC,
    FORGE_R_KERNEL_GICH,
    FORGE_R_COUNT
};

#define FORGE_MAX_MAPPINGS 40u
#define FORGE_MAX_SEGMENTS 16u

struct forge_segment {
    uint64_t phys;
    uint64_t bytes;
    uint32_t flags;          /**< p_flags: 1 execute, 2 write, 4 read */
    uint64_t linked_further; /**< p_vaddr is so much above p_paddr */
};

/** The system at hand: change anything, then forge_write(). */
struct forge {
    uint8_t *memory; /**< FORGE_BYTES from FORGE_BASE */
    uint64_t entry;
    struct sysdesc *sys; /**< rows are inside `memory` */
    struct sysdesc_pd *pds;
    struct sysdesc_vcpu *vcpus;
    struct sysdesc_irq *irqs;
    struct sysdesc_doorbell *doorbells;
    struct sysdesc_post *posts;
    struct sysdesc_account *accounts; /**< 0: mux has vm1 pay, 1 and 2: each VMM its own VM */
    uint64_t roots[FORGE_D_COUNT];
    uint64_t next_table;
    struct forge_segment segments[FORGE_MAX_SEGMENTS];
    uint32_t segment_count;
    struct intent_header intent;
    struct intent_domain domains[FORGE_D_COUNT];
    struct intent_region regions[FORGE_R_COUNT];
    struct intent_mapping mappings[FORGE_MAX_MAPPINGS];
};

/** A sound system. forge_free() it. */
struct forge forge_new(void);
void forge_free(struct forge *forge);

/** Memory of the image at a physical address. */
void *forge_at(struct forge *forge, uint64_t phys);

/** Map `pages` pages for a domain of enum forge_domain; perms as enum intent_perms. Tables are made as
 * needed. */
void forge_map(struct forge *forge, uint32_t domain, uint64_t address, uint64_t phys, uint64_t pages,
               uint32_t perms);

/** The level-3 entry of an address that forge_map() mapped before. */
uint64_t *forge_entry(struct forge *forge, uint32_t domain, uint64_t address);

/** The entry of `address` at level 1 or 2 (level 3: forge_entry()). */
uint64_t *forge_entry_at_level(struct forge *forge, uint32_t domain, uint64_t address, unsigned int level);

/** The image file: malloc'd, *bytes long. Caller frees. */
uint8_t *forge_write(const struct forge *forge, size_t *bytes);
