/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The address space of one domain (PD, VM, kernel) as a list of named ranges, before it becomes tables.
 *
 * Kept apart from the tables so that two things mapped over each other are an error that names both.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"
#include "tool/image/stage2.h"

struct space_range {
    const char *what; /**< as errors and reports name it; owned */
    struct loc loc;
    uint64_t address;
    uint64_t phys;
    uint64_t bytes;
    unsigned int perms; /**< enum stage2_perms */
    enum stage2_memory memory;
};

/** Zero-initialised: empty. */
struct space {
    struct space_range *ranges;
    size_t count;
};

/** Add a range; `range->what` is copied. */
void space_add(struct space *space, const struct space_range *range);

/**
 * Sort by address and check: whole pages, below `limit`, readable, no overlap, and for `wx_allowed` == false
 * nothing both writable and executable. `owner` names the domain in errors ("PD "vmm1"").
 * Errors, all reported: ERR_ALIGN, ERR_RANGE, ERR_DENIED (permissions), ERR_STATE (overlap).
 */
ERR_CHECKED enum err space_check(struct space *space, const char *owner, uint64_t limit, bool wx_allowed,
                                 struct diag *diag);

/** Whose tables: a PD's or VM's stage 2, or EL2's own stage 1. */
enum space_stage { SPACE_STAGE2, SPACE_EL2 };

/**
 * Make the tables of a checked space in `pool`: *root gets the level-1 table's index. Fails only if
 * space_check() was not called or failed.
 */
ERR_CHECKED enum err space_build(const struct space *space, enum space_stage stage, struct stage2_pool *pool,
                                 size_t *root);

/** Free all ranges; the space is empty then. */
void space_free(struct space *space);
