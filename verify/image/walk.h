/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Walks translation tables: every descriptor of every domain, into a list of what is mapped where.
 *
 * Arm ARM (DDI 0487) D8.3, VMSAv8-64 translation table formats: 4 KiB granule, 39-bit input addresses,
 * starting at level 1. Stage 2 of PDs and VMs, stage 1 of EL2. Only descriptor bits whose meaning is known
 * here are accepted: the contiguous hint, for instance, could make a mapping larger than it looks, and so is
 * a violation.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "verify/image/facts.h"
#include "verify/image/findings.h"

/** Physically contiguous memory mapped with the same rights: [address, + bytes) -> [phys, + bytes). */
struct walk_map {
    uint64_t address;
    uint64_t phys;
    uint64_t bytes;
    uint32_t domain;
    uint32_t perms; /**< enum intent_perms: INTENT_READ, INTENT_WRITE, INTENT_EXECUTE */
    bool device;    /**< Device memory, else Normal */
    bool uncached;  /**< Normal memory, but not write-back */
    uint32_t
        fault; /**< the number of what check_maps_run() found wrong with it: see findings_group(); 0: nothing */
};

/** A page that holds a translation table. */
struct walk_table {
    uint64_t phys;
    uint32_t domain;
};

/** The result. walk_free() it. */
struct walk {
    struct walk_map *maps; /**< by domain, then by address */
    size_t map_count;
    struct walk_table *tables; /**< in the order of the walk */
    size_t table_count;
    uint32_t *slots; /**< hash of `tables`: index + 1, 0 is free */
    size_t slot_count;
};

/**
 * Walk the tables of every domain. Violations: table-area, table-shared, descriptor. Returns ERR_FORMAT for
 * an image that is absurdly complex.
 */
ERR_CHECKED enum err walk_domains(struct walk *walk, const struct facts *facts, struct findings *findings);

/** The mapping of `domain` that has `address`, or NULL. */
const struct walk_map *walk_find(const struct walk *walk, uint32_t domain, uint64_t address);
void walk_free(struct walk *walk);
