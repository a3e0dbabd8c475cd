/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Physical memory: who lies where.
 *
 * Everything that takes memory asks with layout_add(): at a fixed address (firmware, kernel, regions with a
 * phys_addr) or anywhere in RAM. layout_solve() then gives out addresses: the same requests in the same order
 * always get the same. Fixed ranges may lie outside RAM (devices); those are checked against each other only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boards/board.h"
#include "lib/base/err.h"
#include "tool/base/diag.h"

/** What a range is for; sums in the report go by it. */
enum layout_kind {
    LAYOUT_FIRMWARE,
    LAYOUT_KERNEL,
    LAYOUT_TABLES,
    LAYOUT_PROGRAM, /**< segments and stacks of PDs */
    LAYOUT_MEMORY,  /**< memory regions in RAM */
    LAYOUT_DEVICE,  /**< outside RAM */
    LAYOUT_KIND_COUNT
};

struct layout_range {
    const char *what; /**< "memory region "net1"", "the kernel": as errors and reports say it; owned */
    struct loc loc;
    enum layout_kind kind;
    uint64_t base; /**< input if fixed, else the result */
    uint64_t bytes;
    uint64_t align; /**< a power of two; not used if fixed */
    bool fixed;
    bool behind; /**< not loaded: behind what is, so that a flat image has no hole */
};

/** All requests, in order of layout_add(). Zero-initialised: empty. */
struct layout {
    struct layout_range *ranges;
    size_t count;
    size_t *by_base; /**< after layout_solve(): indices of ranges in ascending order of base */
};

/** Ask for a range; `request->what` is copied. Returns its index in layout->ranges. */
size_t layout_add(struct layout *layout, const struct layout_range *request);

/**
 * Give every request its base. Fixed ranges first, then the others first-fit in order of layout_add().
 * Errors, all reported: ERR_STATE (two fixed ranges overlap), ERR_SPACE (RAM is too small: the message says
 * how much is asked for and by what), ERR_RANGE (a fixed range reaches out of RAM).
 */
ERR_CHECKED enum err layout_solve(struct layout *layout, const struct board_range *ram, struct diag *diag);

/** Sum of the ranges of a kind, in bytes. */
uint64_t layout_bytes(const struct layout *layout, enum layout_kind kind);

/** "program", "memory regions", ...: a static string. */
const char *layout_kind_name(enum layout_kind kind);

/** Free all requests; the layout is empty then. */
void layout_free(struct layout *layout);
