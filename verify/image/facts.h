/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What an image says about itself: the system descriptor that the kernel will obey, and the declaration
 * (tool/image/intent.h) it is held against. Everything is copied out of the file and bounds-checked once,
 * here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/include/sysdesc.h"

#include "lib/base/err.h"
#include "tool/image/intent.h"
#include "verify/image/elf64.h"
#include "verify/image/findings.h"

#define FACTS_PAGE_BYTES 0x1000u
#define FACTS_KERNEL 0u /**< the domain index of EL2 */

/** Physical memory [phys, phys + bytes). */
struct facts_range {
    uint64_t phys;
    uint64_t bytes;
};

/** One domain as the descriptor has it: domain 0 is EL2, then the PDs, then the VMs. */
struct facts_domain {
    char name[INTENT_NAME_BYTES]; /**< from the declaration, NUL-terminated */
    enum intent_domain_kind kind;
    uint32_t index; /**< PD row, or the VM's first vCPU row */
    uint64_t root;
};

struct facts {
    const struct elf64 *elf;
    uint64_t sysdesc_phys;
    struct sysdesc sys;
    struct sysdesc_pd *pds;
    struct sysdesc_vcpu *vcpus;
    struct sysdesc_irq *irqs;
    struct sysdesc_doorbell *doorbells;
    struct sysdesc_post *posts;
    struct sysdesc_account *accounts;

    struct intent_header intent;
    struct intent_region *regions; /**< in order of address; names NUL-terminated */
    uint32_t region_count;         /**< without the kernel's devices and empty ones, which follow */
    bool regions_overlap; /**< or domains differ: a violation after which nothing can be said about memory */
    struct intent_mapping *mappings;

    struct facts_domain *domains;
    uint32_t domain_count;
    struct facts_range ipc_buffers; /**< the kernel's array of IPC buffers */
    struct facts_range klog;        /**< the kernel's log ring */
    struct facts_range trace;       /**< its rings of events, as the descriptor has them; 0 bytes: none */
};

/**
 * Read everything. Returns ERR_FORMAT, with the reason in *findings, for an image that cannot be judged;
 * contradictions between descriptor and declaration are violations. facts_free() frees it in any case.
 */
ERR_CHECKED enum err facts_read(struct facts *facts, const struct elf64 *elf, struct findings *findings);
void facts_free(struct facts *facts);

/** A PD's or VM's domain index, of PD row `pd` or vCPU row `vcpu`. The rows must exist. */
uint32_t facts_domain_of_pd(uint32_t pd);
uint32_t facts_domain_of_vcpu(const struct facts *facts, uint32_t vcpu);

/** The name of PD row `pd`, and of the VM of vCPU row `vcpu`. The rows must exist. */
const char *facts_pd_name(const struct facts *facts, uint32_t pd);
const char *facts_vcpu_name(const struct facts *facts, uint32_t vcpu);

/** The first region (kernel's devices apart) that ends above `phys`, or NULL. Regions must not overlap. */
const struct intent_region *facts_region_from(const struct facts *facts, uint64_t phys);

/** The first region of kind KERNEL_DEVICE that has a byte of [phys, phys + bytes), or NULL. */
const struct intent_region *facts_kernel_device_in(const struct facts *facts, uint64_t phys, uint64_t bytes);

/** Whether [phys, phys + bytes) lies wholly in the board's RAM. */
bool facts_is_ram(const struct facts *facts, uint64_t phys, uint64_t bytes);
