/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A system as an image of the bundled kernel (view_image.c) or a description for seL4 (view_sdf.c) makes it,
 * in the terms that both have: PDs with configurations and channels, and regions with their holders. From it
 * come the grants that are compared with a policy.
 *
 * What an id or an address is for in a PD, its *role*, is in the PD's configuration (config.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/include/sysdesc.h"
#include "verify/grants/grants.h"
#include "verify/image/elf64.h"

/** An address of a PD, and what is there. */
struct view_window {
    uint64_t address;
    const char *role;
    bool is_held; /**< a region is there */
};

/** A PD's end of a channel. */
struct view_channel {
    bool is_valid, notify, call;
    bool is_own;   /**< nobody else has an end of it: it is for doorbells */
    bool is_used;  /**< it is an end, or stands for an interrupt or the kernel log */
    uint32_t peer; /**< PD */
    uint32_t peer_id;
};

struct config_struct; /* config.h */

/** The program that a PD was made from, as it was built: where its configuration and variables are. */
struct view_program {
    uint8_t *file; /**< owned */
    size_t file_bytes;
    struct elf64 elf;     /**< zero: there is no such file */
    struct elf64 symbols; /**< zero: those of `elf` */
    uint8_t *symbols_file;
};

struct view_pd {
    const char *name;
    struct view_program program;
    const struct elf64 *patched;        /**< sel4: the program as it was emitted */
    const struct config_struct *config; /**< NULL: it has none, or that is not filled */
    const uint8_t *config_data;         /**< a copy, of the grants' texts */
    struct view_window *windows;
    size_t window_count;
    struct view_channel channels[SYSDESC_MAX_CHANNELS];
    const char *channel_roles[SYSDESC_MAX_CHANNELS];
    const char *child_roles[SYSDESC_MAX_CHANNELS];
    const char *post_roles[SYSDESC_MAX_POSTS]; /**< of id SYSDESC_POST_BASE + index */
    uint32_t post_count;
};

/** A domain's mapping of a region. */
struct view_holder {
    const char *domain;
    uint32_t pd; /**< or VIEW_VM */
    uint64_t address;
    const char *perms; /**< as a policy has them, with what part of the region it is if it isn't all */
    bool writes;
};
#define VIEW_VM UINT32_MAX

struct view_region {
    uint64_t phys, bytes;
    const char *name; /**< sel4: by which others refer to it */
    bool is_device, is_klog, is_trace, is_target, is_fixed;
    bool is_carried; /**< sel4: a PD's own copy of a region that others may have, too */
    struct view_holder *holders;
    size_t holder_count;
};

/** A region whose physical address is a variable of a PD, which is so that a device may reach it. */
struct view_dma {
    uint32_t pd;
    const char *symbol;
    const char *line;           /**< what the region stands behind in the grants */
    struct view_region *region; /**< NULL until it is known */
};

/** A system. */
struct view {
    struct grants *grants;
    struct view_pd *pds;
    uint32_t pd_count;
    struct view_region *regions;
    size_t region_count;
    struct view_dma *dmas;
    size_t dma_count;
};

/** Free what a view has; its texts are those of *grants. */
void view_free(struct view *view);

/** Note what an address or an id of a PD is for; several uses are joined. */
void view_add_window(struct view *view, uint32_t pd, uint64_t address, const char *role);
void view_add_channel_role(struct view *view, uint32_t pd, uint32_t id, const char *role);

/** Note that a variable has a region's address. */
void view_add_dma(struct view *view, uint32_t pd, const char *symbol, const char *line);

/** The role of an address, channel id or child id; "at 0x..", "id .." or "child .." if there is none. */
const char *view_window_role(struct view *view, uint32_t pd, uint64_t address);
const char *view_channel_role(struct view *view, uint32_t pd, uint32_t id);
const char *view_child_role(struct view *view, uint32_t pd, uint32_t id);

/** A region's first holder, which stands for it in other lines. */
const char *view_designate(struct view *view, const struct view_region *region);
/** The region at a physical address, or NULL. */
struct view_region *view_region_at(struct view *view, uint64_t phys);

/** Lines for channels and regions. */
void view_add_grants(struct view *view);
