/* SPDX-License-Identifier: BSD-2-Clause */
/** A debugger's breakpoints, in the guest's code and in the core's registers, and its watchpoints. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vmm_config.h"
#include "lib/guestmem/guestmem.h"

/** Breakpoints in code. */
#define DEBUG_POINTS_MAX_SOFT 64u
/** In registers, of each kind. */
#define DEBUG_POINTS_MAX_HARD 16u

/** As gdb numbers them in Z packets. */
enum debug_point_kind {
    DEBUG_POINT_SOFT = 0,
    DEBUG_POINT_HARD = 1,
    DEBUG_POINT_WRITE = 2,
    DEBUG_POINT_READ = 3,
    DEBUG_POINT_ACCESS = 4
};

/** One in the guest's code. */
struct debug_soft_point {
    bool is_set;
    uint64_t va;
    uint64_t gpa;
    uint32_t original; /**< the instruction that the BRK stands for */
};

/** One in the core's registers. */
struct debug_hard_point {
    bool is_set;
    enum debug_point_kind kind;
    uint64_t va;
    uint64_t bytes;
};

/** All of them. */
struct debug_points {
    const struct guestmem *mem;
    uint32_t vcpu_count;
    struct debug_soft_point soft[DEBUG_POINTS_MAX_SOFT];
    struct debug_hard_point breakpoints[DEBUG_POINTS_MAX_HARD];
    struct debug_hard_point watchpoints[DEBUG_POINTS_MAX_HARD];
};

/** Set one, of `bytes`; addresses are those of `vcpu` now. One that is there already stays. Errors: ERR_RANGE: the
 * address is in no memory that can have one, ERR_SPACE: there are no more, ERR_UNSUPPORTED: no such size. */
ERR_CHECKED enum err debug_points_set(struct debug_points *points, uint32_t vcpu, enum debug_point_kind kind,
                                      uint64_t va, uint64_t bytes);

/** Take one away, if it is there. */
void debug_points_clear(struct debug_points *points, enum debug_point_kind kind, uint64_t va, uint64_t bytes);

/** Take all away, and give the guest its code back. */
void debug_points_clear_all(struct debug_points *points);

/** None is set, whatever the registers had. */
void debug_points_reset(struct debug_points *points);

/** The guest's memory has been loaded again: those in its code are gone. */
void debug_points_forget_soft(struct debug_points *points);

/** Whether one in code is at `va`. */
bool debug_points_has_soft(const struct debug_points *points, uint64_t va);

/** The watchpoint that an access to `far` has hit: the closest. NULL: there is none. */
const struct debug_hard_point *debug_points_find_watch(const struct debug_points *points, uint64_t far);

/** In `bytes` of memory at `gpa` that have been copied to `copy`, BRKs of ours become what was there. */
void debug_points_hide(const struct debug_points *points, uint64_t gpa, uint8_t *copy, uint64_t bytes);
