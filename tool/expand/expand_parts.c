/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/include/sysdesc.h"
#include "tool/base/mem.h"
#include "tool/expand/expand.h"

uint64_t expand_period(uint64_t period, uint64_t budget)
{
    return period == 0 ? budget : period;
}

struct model_pd *expand_add_pd(struct expand *expand, const char *name, struct loc loc,
                               const struct desc_pd_options *options)
{
    struct model_pd *pd = model_add_pd(expand->model, name, loc);

    pd->priority = (uint32_t)options->priority;
    pd->budget_us = options->budget;
    pd->period_us = expand_period(options->period, options->budget);
    pd->stack_bytes = options->stack_size;
    pd->core = (uint32_t)options->cpu;
    pd->program_image = mem_strdup(options->program);
    return pd;
}

/* The mapping of `pd` that is in the way of [start, end), or NULL. */
static const struct model_map *map_in_the_way(const struct model_pd *pd, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < pd->map_count; i++) {
        const struct model_map *map = &pd->maps[i];

        if (map->vaddr < end && start < map->vaddr + map->mr->size_bytes) {
            return map;
        }
    }
    return NULL;
}

uint64_t expand_free_vaddr(const struct model_pd *pd, uint64_t base, uint64_t bytes, uint64_t align)
{
    uint64_t vaddr = base;
    const struct model_map *map;

    while ((map = map_in_the_way(pd, vaddr - MODEL_PAGE_BYTES, vaddr + bytes + MODEL_PAGE_BYTES)) != NULL) {
        vaddr = map->vaddr + map->mr->size_bytes + MODEL_PAGE_BYTES;
        vaddr = (vaddr + align - 1) / align * align;
        if (vaddr >= SYSDESC_PD_RESERVED_BASE) {
            break; /* the checks of the model report it */
        }
    }
    return vaddr;
}

bool expand_channel_id(struct expand *expand, const struct model_pd *pd, struct loc loc, uint32_t *id)
{
    *id = model_free_channel_id(expand->model, pd);
    if (*id < MODEL_MAX_CHANNELS) {
        return true;
    }
    diag_error(expand->diag, loc, "protection domain \"%s\" has no channel left for this: the limit is %u",
               pd->name, MODEL_MAX_CHANNELS);
    diag_note(expand->diag, pd->loc, "\"%s\" comes from here", pd->name);
    return false;
}

char *expand_unique_mr_name(const struct expand *expand, const char *stem)
{
    char *name = mem_strdup(stem);

    for (unsigned int i = 2; model_find_mr(expand->model, name) != NULL; i++) {
        free(name);
        name = mem_printf("%s_%u", stem, i);
    }
    return name;
}

static struct model_mr *add_link_mr(struct expand *expand, const struct node *node,
                                    const struct model_pd *from, const struct model_pd *to, uint64_t bytes)
{
    char *stem = mem_printf("%s_to_%s", from->name, to->name);
    char *name = expand_unique_mr_name(expand, stem);
    struct model_mr *mr = model_add_mr(expand->model, name, node->loc);

    mr->kind = MODEL_MR_LINK;
    mr->size_bytes = bytes;
    free(name);
    free(stem);
    return mr;
}

static void map_link(struct model_pd *pd, struct model_mr *own, struct model_mr *peer, uint32_t channel,
                     struct config_link *side)
{
    side->own = expand_free_vaddr(pd, EXPAND_SMALL_BASE, own->size_bytes, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(pd, own, side->own, MODEL_READ | MODEL_WRITE);
    side->peer = expand_free_vaddr(pd, EXPAND_SMALL_BASE, peer->size_bytes, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(pd, peer, side->peer, MODEL_READ);
    side->bytes = (uint32_t)own->size_bytes;
    side->channel = channel;
}

bool expand_link(struct expand *expand, const struct node *node, struct model_pd *a, struct model_pd *b,
                 uint64_t ring_bytes, struct config_link *a_side, struct config_link *b_side)
{
    /* A page for the header: the ring behind it is the largest power of two that fits. */
    uint64_t bytes = ring_bytes + MODEL_PAGE_BYTES;
    uint32_t a_id;
    uint32_t b_id;

    if (!expand_channel_id(expand, a, node->loc, &a_id) || !expand_channel_id(expand, b, node->loc, &b_id)) {
        return false;
    }

    struct model_mr *a_to_b = add_link_mr(expand, node, a, b, bytes);
    struct model_mr *b_to_a = add_link_mr(expand, node, b, a, bytes);
    struct model_channel *channel = model_add_channel(expand->model, node->loc);

    map_link(a, a_to_b, b_to_a, a_id, a_side);
    map_link(b, b_to_a, a_to_b, b_id, b_side);
    channel->ends[0] = (struct model_channel_end){.pd = a, .loc = node->loc, .id = a_id, .notify = true};
    channel->ends[1] = (struct model_channel_end){.pd = b, .loc = node->loc, .id = b_id, .notify = true};
    return true;
}

void expand_config_header(struct config_header *header, uint32_t magic, uint16_t version, size_t bytes)
{
    header->magic = magic;
    header->version = version;
    header->flags = CONFIG_FILLED;
    header->size_bytes = (uint32_t)bytes;
}

static bool is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Takes `path` over. */
static char *keep_if_file(char *path)
{
    if (!is_file(path)) {
        free(path);
        path = NULL;
    }
    return path;
}

char *expand_find_file(const struct expand *expand, const char *path)
{
    const char *system_path = expand->options->system_path;
    const char *slash = strrchr(system_path, '/');
    char *found = NULL;

    if (path[0] == '/') {
        return keep_if_file(mem_strdup(path));
    }
    found =
        keep_if_file(slash == NULL ? mem_strdup(path)
                                   : mem_printf("%.*s/%s", (int)(slash - system_path), system_path, path));
    for (size_t i = 0; found == NULL && i < expand->options->search_dir_count; i++) {
        found = keep_if_file(mem_printf("%s/%s", expand->options->search_dirs[i], path));
    }
    return found == NULL ? keep_if_file(mem_strdup(path)) : found;
}

/* What a guest that is switched off would have had. */
static const struct source_disabled *find_guest_of(const struct expand *expand, const char *name)
{
    static const char suffix[] = "_ram";
    size_t length = strlen(name);
    const struct source_disabled *off = NULL;

    if (length > strlen(suffix) && strcmp(&name[length - strlen(suffix)], suffix) == 0) {
        char *guest = mem_strndup(name, length - strlen(suffix));

        off = source_find_disabled(expand->source, "guest", guest);
        free(guest);
    }
    return off;
}

bool expand_mr_is_off(struct expand *expand, const struct node *node, const char *name)
{
    const struct source_disabled *off = source_find_disabled(expand->source, "memory_region", name);

    off = off == NULL ? find_guest_of(expand, name) : off;
    if (off != NULL) {
        diag_warning(expand->diag, node->loc, "<%s>: left out, as \"%s\" is switched off", node->spec->name,
                     name);
        diag_note(expand->diag, off->loc, "with this <%s>", off->element);
    }
    return off != NULL;
}

void expand_report_unknown(struct expand *expand, const struct node *node, const char *attribute,
                           const char *kind, const char *name, const char *suggestion)
{
    diag_error(expand->diag, node_loc(node, attribute), "<%s>: %s \"%s\" is not declared%s", node->spec->name,
               kind, name, suggestion);
}
