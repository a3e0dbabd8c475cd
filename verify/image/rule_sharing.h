/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What two mappings of the same physical memory have to obey: two domains share declared regions only, nobody
 * shares with the kernel except for IPC buffers, log and UART, devices have one owner, and what is executable
 * at one address isn't writable at another. Also: who can see the translation tables.
 */
#pragma once

#include "verify/image/facts.h"
#include "verify/image/findings.h"
#include "verify/image/walk.h"

/** What the proof covered. */
struct check_sharing_summary {
    uint64_t pages;               /**< mapped, counted per domain */
    uint32_t shared_region_count; /**< declared regions that two or more domains really map */
    uint32_t device_count;        /**< declared devices with an owner */
};

/**
 * Check all mappings of `walk` pairwise, by a sweep over physical memory. Regions must not overlap. Returns
 * ERR_FORMAT for an image that is absurdly complex.
 */
ERR_CHECKED enum err rule_sharing_run(const struct facts *facts, const struct walk *walk,
                                      struct findings *findings, struct check_sharing_summary *summary);
