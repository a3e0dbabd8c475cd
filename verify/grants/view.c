/* SPDX-License-Identifier: BSD-2-Clause */
/* A system's channels and regions as grants. */
#include "verify/grants/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/grants/config.h"

void view_free(struct view *view)
{
    for (uint32_t i = 0; i < view->pd_count; i++) {
        struct view_program *program = &view->pds[i].program;
        elf64_close(&program->elf);
        elf64_close(&program->symbols);
        free(program->file);
        free(program->symbols_file);
        free(view->pds[i].windows);
    }
    for (size_t i = 0; i < view->region_count; i++) {
        free(view->regions[i].holders);
    }
    free(view->pds);
    free(view->regions);
    free(view->dmas);
    *view = (struct view){0};
}

void view_add_window(struct view *view, uint32_t pd, uint64_t address, const char *role)
{
    struct view_pd *owner = &view->pds[pd];
    for (size_t i = 0; i < owner->window_count; i++) {
        if (owner->windows[i].address == address) {
            owner->windows[i].role = grants_join(view->grants, owner->windows[i].role, role);
            return;
        }
    }
    owner->windows = findings_grow(owner->windows, owner->window_count, sizeof *owner->windows);
    owner->windows[owner->window_count++] = (struct view_window){address, role, false};
}

void view_add_channel_role(struct view *view, uint32_t pd, uint32_t id, const char *role)
{
    if (id < SYSDESC_MAX_CHANNELS) {
        const char **roles = &view->pds[pd].channel_roles[id];
        *roles = grants_join(view->grants, *roles, role);
    } else if (id >= SYSDESC_POST_BASE && id - SYSDESC_POST_BASE < SYSDESC_MAX_POSTS) {
        const char **roles = &view->pds[pd].post_roles[id - SYSDESC_POST_BASE];
        *roles = grants_join(view->grants, *roles, role);
    }
}

void view_add_dma(struct view *view, uint32_t pd, const char *symbol, const char *line)
{
    view->dmas = findings_grow(view->dmas, view->dma_count, sizeof *view->dmas);
    view->dmas[view->dma_count++] = (struct view_dma){.pd = pd, .symbol = symbol, .line = line};
}

const char *view_window_role(struct view *view, uint32_t pd, uint64_t address)
{
    for (size_t i = 0; pd != VIEW_VM && i < view->pds[pd].window_count; i++) {
        if (view->pds[pd].windows[i].address == address) {
            view->pds[pd].windows[i].is_held = true;
            return view->pds[pd].windows[i].role;
        }
    }
    return grants_format(view->grants, "at 0x%" PRIx64, address);
}

const char *view_channel_role(struct view *view, uint32_t pd, uint32_t id)
{
    if (id < SYSDESC_MAX_CHANNELS && view->pds[pd].channel_roles[id] != NULL) {
        return view->pds[pd].channel_roles[id];
    }
    if (view->pds[pd].config != NULL && view->pds[pd].config->other_role != NULL) {
        return view->pds[pd].config->other_role;
    }
    return grants_format(view->grants, "id %u", id);
}

const char *view_child_role(struct view *view, uint32_t pd, uint32_t id)
{
    if (id < SYSDESC_MAX_CHANNELS && view->pds[pd].child_roles[id] != NULL) {
        return view->pds[pd].child_roles[id];
    }
    return grants_format(view->grants, "child %u", id);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** A region's holders as text, sorted, with what each may do or without. The caller frees the array. */
static const char **list_holders(struct view *view, const struct view_region *region, bool perms)
{
    const char **texts = calloc(region->holder_count + 1, sizeof *texts);
    if (texts == NULL) {
        abort();
    }
    for (size_t i = 0; i < region->holder_count; i++) {
        const struct view_holder *holder = &region->holders[i];
        texts[i] = grants_format(view->grants, "%s %s%s%s", holder->domain,
                                 view_window_role(view, holder->pd, holder->address), perms ? " " : "",
                                 perms ? holder->perms : "");
    }
    qsort(texts, region->holder_count, sizeof *texts, compare_texts);
    return texts;
}

const char *view_designate(struct view *view, const struct view_region *region)
{
    const char **texts;
    const char *first;
    if (region->holder_count == 0) {
        return "unmapped";
    }
    texts = list_holders(view, region, false);
    first = texts[0];
    free(texts);
    return first;
}

struct view_region *view_region_at(struct view *view, uint64_t phys)
{
    for (size_t i = 0; i < view->region_count; i++) {
        if (view->regions[i].phys == phys && view->regions[i].bytes != 0) {
            return &view->regions[i];
        }
    }
    return NULL;
}

/** Memory that nobody writes carries nothing from one to another. */
static bool is_constant(const struct view_region *region)
{
    bool is_written = region->is_device || region->is_klog || region->is_trace || region->is_target;
    for (size_t i = 0; i < region->holder_count; i++) {
        is_written |= region->holders[i].writes;
    }
    return !is_written;
}

/** Whether a region has a guest's kernel, ROM, initramfs or device tree, whose size no description says. */
static bool is_file(struct view *view, const struct view_region *region)
{
    bool found = false;
    for (size_t i = 0; i < region->holder_count; i++) {
        if (region->holders[i].pd == VIEW_VM) { /* a ROM */
            found |= strcmp(region->holders[i].perms, "rx") == 0;
            continue;
        }
        const char *role = view_window_role(view, region->holders[i].pd, region->holders[i].address);
        found |= strcmp(role, "kernel") == 0 || strcmp(role, "initrd") == 0 || strcmp(role, "dtb") == 0 ||
                 (region->is_carried && strncmp(role, "region.", strlen("region.")) == 0);
    }
    return found;
}

static void add_region(struct view *view, const struct view_region *region)
{
    struct grants *grants = view->grants;
    const char *size = grants_format(grants, "0x%" PRIx64, region->bytes);
    const char *length = is_constant(region) && is_file(view, region) ? "file" : size;
    const char *list = NULL;
    const char **texts;
    if (region->holder_count == 0) {
        return;
    }
    if (is_constant(region)) {
        for (size_t i = 0; i < region->holder_count; i++) {
            const struct view_holder *holder = &region->holders[i];
            grants_add(grants, "constant %s %s: %s %s", holder->domain,
                       view_window_role(view, holder->pd, holder->address), length, holder->perms);
        }
        return;
    }
    texts = list_holders(view, region, true);
    for (size_t i = 0; i < region->holder_count; i++) {
        list = grants_format(grants, "%s%s%s", i == 0 ? "" : list, i == 0 ? "" : "; ", texts[i]);
    }
    if (region->is_device) {
        grants_add(grants, "device 0x%" PRIx64 " %s: %s", region->phys, size, list);
    } else {
        grants_add(grants, "memory %s: %s",
                   region->is_klog    ? "klog"
                   : region->is_trace ? "trace"
                                      : size,
                   list);
    }
    free(texts);
}

static const char *may(const struct view_channel *channel)
{
    return channel->notify && channel->call ? "notify,call"
           : channel->notify                ? "notify"
           : channel->call                  ? "call"
                                            : "none";
}

/** Each channel once: from the end that comes first in the text. A half one, which is a violation too, as it
 * is. */
static void add_channel(struct view *view, uint32_t pd, uint32_t id)
{
    const struct view_channel *end = &view->pds[pd].channels[id];
    const struct view_channel *other = &view->pds[end->peer].channels[end->peer_id];
    const char *a = grants_format(view->grants, "%s %s", view->pds[pd].name, view_channel_role(view, pd, id));
    const char *b = grants_format(view->grants, "%s %s", view->pds[end->peer].name,
                                  view_channel_role(view, end->peer, end->peer_id));
    bool is_mutual = other->is_valid && other->peer == pd && other->peer_id == id;
    int order = strcmp(a, b);
    if (end->is_own) {
        grants_add(view->grants, "channel %s: doorbells", a);
        return;
    }
    if (order < 0 || (order == 0 && pd <= end->peer) || !is_mutual) {
        grants_add(view->grants, "channel %s - %s: %s / %s", a, b, may(end),
                   is_mutual ? may(other) : "not so");
    }
}

/** What a configuration names and isn't there: no policy has such a line. */
static void add_dangling(struct view *view, const struct view_pd *pd)
{
    for (size_t i = 0; i < pd->window_count; i++) {
        if (!pd->windows[i].is_held) {
            grants_add(view->grants, "memory nowhere: %s %s", pd->name, pd->windows[i].role);
        }
    }
    for (uint32_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
        if (pd->channel_roles[id] != NULL && !pd->channels[id].is_used) {
            grants_add(view->grants, "channel %s %s: nowhere", pd->name, pd->channel_roles[id]);
        }
    }
    for (uint32_t i = pd->post_count; i < SYSDESC_MAX_POSTS; i++) {
        if (pd->post_roles[i] != NULL) {
            grants_add(view->grants, "post %s %s: nowhere", pd->name, pd->post_roles[i]);
        }
    }
}

void view_add_grants(struct view *view)
{
    for (uint32_t i = 0; i < view->pd_count; i++) {
        for (uint32_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
            if (view->pds[i].channels[id].is_valid) {
                add_channel(view, i, id);
            }
        }
    }
    for (size_t i = 0; i < view->dma_count; i++) {
        if (view->dmas[i].region != NULL) {
            view->dmas[i].region->is_target = true;
        }
    }
    for (size_t i = 0; i < view->region_count; i++) {
        add_region(view, &view->regions[i]);
    }
    for (size_t i = 0; i < view->dma_count; i++) {
        const struct view_dma *dma = &view->dmas[i];
        grants_add(view->grants, "%s%s", dma->line,
                   dma->region == NULL ? "no region" : view_designate(view, dma->region));
    }
    for (uint32_t i = 0; i < view->pd_count; i++) {
        add_dangling(view, &view->pds[i]);
    }
}
