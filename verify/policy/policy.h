/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A policy while it is made: regions with their holders, channels with their ends, and the lines that are
 * known at once. docs/verify.md has the grammar. Nothing is ever freed: the program is short-lived.
 *
 * A *role* is what something is for in a protection domain: "net0.own", "port.vm1", "at 0x4000000". One thing
 * may have several, which are then joined by "+" in alphabetic order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boards/board.h"
#include "verify/policy/description.h"

#define POLICY_MAX_ROLES 40u

/** Permissions of a holder. */
enum policy_perms {
    POLICY_READ = 1,
    POLICY_WRITE = 2,
    POLICY_EXECUTE = 4,
    POLICY_UNCACHED = 8 /**< Normal memory, not cached */
};

/** The roles of one thing. */
struct policy_roles {
    const char *names[POLICY_MAX_ROLES];
    size_t count;
};

/** A domain that has a region: a PD's name, or "vm:" and a virtual machine's. */
struct policy_holder {
    const char *domain;
    struct policy_roles roles;
    unsigned int perms;
};

/** Memory or device registers. */
struct policy_region {
    const char *name; /**< in the description; NULL: it has none there */
    uint64_t bytes;   /**< 0: as many as a file has */
    bool is_device, is_fixed, is_klog, is_trace;
    bool is_target;         /**< of a DMA: somebody knows its physical address */
    uint64_t phys;          /**< device or fixed */
    uint64_t prefill_bytes; /**< of the file it starts with */
    struct policy_holder *holders;
    size_t holder_count;
};

/** A line whose value is a region, known when all its holders are. */
struct policy_target {
    const char *key;
    const struct policy_region *region;
};

/** One end of a channel. */
struct policy_end {
    const char *pd;
    struct policy_roles roles;
    bool notify, call;
};

/** A channel. */
struct policy_channel {
    struct policy_end ends[2];
};

struct policy {
    bool sel4; /**< for seL4, else for the bundled kernel */
    const char *system;
    const struct board *board;
    const char *board_dtb; /**< path, NULL: none given */
    uint64_t cores;
    struct policy_region **regions;
    size_t region_count;
    struct policy_channel **channels;
    size_t channel_count;
    bool has_realtime; /**< there is a <guest realtime="true"> */
    struct policy_target *targets;
    size_t target_count;
    char **lines;
    size_t line_count;
};

/** What a generated PD has unless the description says otherwise. */
struct policy_pd_defaults {
    const char *priority, *budget, *program, *stack;
    uint64_t period_budgets; /**< the period in budgets */
    bool is_lowered;         /**< below guests with realtime="true" */
};

/** Add a line. */
void policy_add(struct policy *policy, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** A set of one role; roles of `list` joined, with `suffix` behind each. */
struct policy_roles policy_role(const char *name);
struct policy_roles policy_suffix(const struct policy_roles *list, const char *suffix);
const char *policy_join(const struct policy_roles *list);

/** A region nobody holds yet. */
struct policy_region *policy_region(struct policy *policy, const char *name, uint64_t bytes);
/** Board registers: the region there, or a new one. */
struct policy_region *policy_device(struct policy *policy, uint64_t phys, uint64_t bytes);
/** Let `domain` have it; if it has, only add the roles. */
void policy_hold(struct policy_region *region, const char *domain, struct policy_roles roles,
                 unsigned int perms);
/** The region of that name, or NULL. */
struct policy_region *policy_find_region(const struct policy *policy, const char *name);
/** Somebody learns the region's physical address: a line of `key`, which ends in ": ", and the region. */
void policy_reveal(struct policy *policy, const char *key, struct policy_region *region);

/** A channel. */
struct policy_channel *policy_connect(struct policy *policy, struct policy_end a, struct policy_end b);
/** The regions of a link: what each end writes. */
struct policy_link_regions {
    struct policy_region *a_writes, *b_writes;
};

/** A link: two regions that one side writes and the other reads each, and a channel to notify by. */
struct policy_link_regions policy_link(struct policy *policy, const char *a, struct policy_roles a_roles,
                                       const char *b, struct policy_roles b_roles, uint64_t ring_bytes);

/**
 * Lines for a PD: program, schedule, stack. Attributes of `node` (NULL: none) are looked up with `prefix` in
 * front.
 */
void policy_pd(struct policy *policy, const char *name, const xmlNode *node, const char *prefix,
               const struct policy_pd_defaults *defaults);
/** The line "schedule". */
void policy_schedule(struct policy *policy, const char *who, const xmlNode *node, const char *prefix,
                     const struct policy_pd_defaults *defaults, const char *core);

/** A line "config" of `pd` for its part `element`, from NAME=value texts, of which those that
 * are NULL are left out. */
void policy_config(struct policy *policy, const char *pd, const char *element, const char **fields,
                   size_t field_count);
/** NAME=value, or NULL if that is 0, "" or NULL. */
const char *policy_number(const char *name, uint64_t value);
const char *policy_hex(const char *name, uint64_t value);
const char *policy_text(const char *name, const char *value);
#define POLICY_CONFIG(policy, pd, element, ...)                                                              \
    policy_config(policy, pd, element, (const char *[]){__VA_ARGS__},                                        \
                  sizeof((const char *[]){__VA_ARGS__}) / sizeof(const char *))

/** Print everything, sorted. */
void policy_print(struct policy *policy);
