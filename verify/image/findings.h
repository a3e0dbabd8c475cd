/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What `causeway verify` found wrong with an image: the rules, and the list of their violations.
 *
 * An image is malformed when it cannot be read as one at all (one sentence says why), else it has zero or
 * more violations, each of one rule.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"

/** Every property that verify proves. */
enum findings_rule {
    RULE_TABLE_AREA,         /**< translation tables and descriptor lie in read-only memory of the image */
    RULE_TABLE_SHARED,       /**< a translation table belongs to one place of one domain */
    RULE_TABLE_EXPOSED,      /**< no domain can write tables or descriptor; PDs and VMs cannot see them */
    RULE_DESCRIPTOR,         /**< translation descriptors are well-formed */
    RULE_KERNEL_EXPOSED,     /**< nobody maps the kernel's memory */
    RULE_UNDECLARED_SHARING, /**< a page of two domains lies in a declared region */
    RULE_UNDECLARED_MAPPING, /**< who maps a region has declared it, at this address */
    RULE_EXCESS_PERMISSION,  /**< a mapping has no more than the declared permissions */
    RULE_VM_MEMORY,          /**< a VM maps declared regions only */
    RULE_DEVICE_OWNER,       /**< a device has one owner */
    RULE_KERNEL_DEVICE,      /**< the kernel's devices are its own */
    RULE_DEVICE_UNDECLARED,  /**< what lies outside RAM is mapped by declaration only */
    RULE_DEVICE_ATTRIBUTE,   /**< device registers are mapped as Device memory */
    RULE_WX_PD,              /**< no memory that a PD executes is writable */
    RULE_WX_EL2,             /**< no memory that EL2 executes is writable */
    RULE_PD_TEXT,            /**< a PD executes read-only segments of the image only */
    RULE_PD_SEGMENT,         /**< a PD's own pages have no more than their ELF segment's permissions */
    RULE_PD_LAYOUT,          /**< the upper part of a PD's space holds stack and IPC buffer only */
    RULE_IPC_BUFFER,         /**< each PD has its own IPC buffer */
    RULE_EL2_IDENTITY,       /**< EL2 maps one to one */
    RULE_EL2_MEMORY,         /**< EL2 maps segments of the image and the kernel's devices only */
    RULE_FIRMWARE,           /**< image and mappings keep off the firmware's memory */
    RULE_ENTRY,              /**< entry points lie in executable memory */
    RULE_CHANNEL,            /**< both ends of channels agree */
    RULE_PPC_PRIORITY,       /**< protected procedures go to a strictly higher priority */
    RULE_IRQ_OWNER,          /**< a physical interrupt has one owner and both sides agree */
    RULE_CHILD,              /**< parents and children agree */
    RULE_VMID,               /**< VMIDs are unique */
    RULE_LIMIT,              /**< scheduling parameters and counts are in range */
    RULE_DOORBELL,           /**< doorbells name existing PDs and channels, one VM's each */
    RULE_POST,               /**< posted interrupts go to VMs whose VMM has a channel with who posts */
    RULE_ACCOUNT,            /**< a VM pays its VMM, services that it has a channel with, and their drivers */
    RULE_KLOG,               /**< the kernel's log goes to its declared reader, read-only */
    RULE_TRACE,         /**< its events go to their declared reader, read-only, in a region of their own */
    RULE_INTENT,        /**< declaration and descriptor agree */
    RULE_LOAD_ADDRESS,  /**< segments are loaded where they are linked */
    RULE_KERNEL_IMAGE,  /**< the kernel is the given one, byte for byte */
    RULE_PROGRAM_IMAGE, /**< a PD's program is the given one except for its configuration */
    RULE_LIBRARY,       /**< what libmicrokit knows of its PD is what the descriptor says */
    RULE_DESCRIPTION,   /**< on seL4: the description has something whose meaning is not known here */
    RULE_POLICY,        /**< the first of those about the lines of a policy, one for each kind of line */
    RULE_COUNT = RULE_POLICY + 29
};

/** Short identifier, such as "wx-pd". Never NULL. */
const char *findings_rule_name(enum findings_rule rule);
/** The rule about lines of `kind`, such as "channel", of a policy; RULE_COUNT: there are none. */
enum findings_rule findings_policy_rule(const char *kind);

#define FINDINGS_NAME_BYTES 64u
#define FINDINGS_TEXT_BYTES 1200u
/** A violation that has no address. */
#define FINDINGS_NO_ADDRESS UINT64_MAX
/** More violations than this are counted, not kept. */
#define FINDINGS_MAX 1000u

/** One violation. */
struct findings_item {
    enum findings_rule rule;
    char domain[FINDINGS_NAME_BYTES];
    uint64_t
        address;    /**< of the domain's space, or physical where the text says so, or FINDINGS_NO_ADDRESS */
    uint32_t fault; /**< those with the same number, not 0, have one cause */
    char region[FINDINGS_NAME_BYTES];
    char text[FINDINGS_TEXT_BYTES];
};

/** Zero it to start; findings_free() at the end. */
struct findings {
    struct findings_item *items;
    size_t count;   /**< kept: at most FINDINGS_MAX */
    size_t dropped; /**< beyond those */
    uint32_t fault; /**< of those that are added now */
    char malformed[FINDINGS_TEXT_BYTES];
};

/** Add a violation. `domain` and `region` are copied; printf-style text says what is wrong. */
void findings_add(struct findings *findings, enum findings_rule rule, const char *domain, uint64_t address,
                  const char *region, const char *format, ...) __attribute__((format(printf, 6, 7)));

/**
 * Violations that are added from now on with the same number have one cause, a bad mapping, and are printed
 * as one. 0: each stands for itself.
 */
void findings_group(struct findings *findings, uint32_t fault);
/** The number of the one fault that all violations up to now come from; 0: there are more, or none. */
uint32_t findings_only_fault(const struct findings *findings);

/** Say why the image is malformed (the first reason stays). Returns ERR_FORMAT. */
ERR_CHECKED enum err findings_malformed(struct findings *findings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Print one line for each fault. */
void findings_print(const struct findings *findings, const char *image, FILE *out);
/** Print all violations as a JSON array. */
void findings_print_json(const struct findings *findings, FILE *out);
/** Print a JSON string. */
void findings_print_string(const char *text, FILE *out);

/** Free what was collected and zero it. */
void findings_free(struct findings *findings);

/** Room for one more item of `item_bytes` behind `count` of them; for arrays that only grow by this. */
void *findings_grow(void *items, size_t count, size_t item_bytes);
