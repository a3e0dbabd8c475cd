/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/expand/expand.h"

#include <stdlib.h>
#include <string.h>

#include "boards/board.h"
#include "tool/base/mem.h"
#include "tool/base/suggest.h"

static const struct board *find_board(struct expand *expand, const char *name)
{
    const struct board *board = board_find(name);
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    if (board == NULL) {
        suggest_start(&suggest, name);
        for (size_t i = 0; board_at(i) != NULL; i++) {
            suggest_offer(&suggest, board_at(i)->name);
        }
        diag_error(expand->diag, node_loc(expand->root, "board"), "<system>: there is no board \"%s\"%s",
                   name, suggest_text(&suggest, suggestion));
        for (size_t i = 0; board_at(i) != NULL; i++) {
            diag_note(expand->diag, node_loc(expand->root, "board"), "there is %s", board_at(i)->name);
        }
    }
    return board;
}

/* "systems/virtio_demo.system" describes "virtio_demo". */
static char *name_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *start = slash == NULL ? path : slash + 1;

    return mem_strndup(start, strcspn(start, "."));
}

typedef void expand_element(struct expand *expand, const struct node *node);

static void for_each(struct expand *expand, const struct element_spec *spec, expand_element *element)
{
    for (size_t i = 0; i < expand->root->child_count; i++) {
        if (expand->root->children[i]->spec == spec) {
            element(expand, expand->root->children[i]);
        }
    }
}

/* Regions that don't say take the largest page that everything about them is aligned to, as in Microkit. */
static void choose_page_size(const struct model *model, struct model_mr *mr)
{
    uint64_t bits = mr->size_bytes | (mr->has_phys_addr ? mr->phys_addr : 0);

    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        for (size_t j = 0; j < pd->map_count; j++) {
            bits |= pd->maps[j].mr == mr ? pd->maps[j].vaddr : 0;
        }
        for (size_t j = 0; pd->vm != NULL && j < pd->vm->map_count; j++) {
            bits |= pd->vm->maps[j].mr == mr ? pd->vm->maps[j].vaddr : 0;
        }
    }
    mr->page_size_bytes = bits % MODEL_LARGE_PAGE_BYTES == 0 ? MODEL_LARGE_PAGE_BYTES : MODEL_PAGE_BYTES;
}

static void choose_page_sizes(struct model *model)
{
    for (size_t i = 0; i < model->mr_count; i++) {
        if (model->mrs[i]->page_size_bytes == 0) {
            choose_page_size(model, model->mrs[i]);
        }
    }
}

static bool is_clock_taken(struct expand *expand, const struct board_range *range)
{
    for (size_t i = 0; i < expand->model->mr_count; i++) {
        const struct model_mr *mr = expand->model->mrs[i];

        if (mr->has_phys_addr && range->base < mr->phys_addr + mr->size_bytes &&
            mr->phys_addr < range->base + range->bytes) {
            return true;
        }
    }
    return expand_passthrough_takes(expand, range);
}

struct model *expand_system(struct diag *diag, const struct source *source, const struct node *root,
                            const struct expand_options *options)
{
    const struct desc_system *desc = root->fields;
    struct expand expand = {
        .diag = diag,
        .source = source,
        .options = options,
        .root = root,
        .model = model_new(),
    };

    expand.model->name = desc->name == NULL ? name_of_file(options->system_path) : mem_strdup(desc->name);
    expand.model->board = find_board(&expand, options->board != NULL ? options->board
                                              : desc->board != NULL  ? desc->board
                                                                     : options->default_board);
    if (expand.model->board == NULL) {
        model_free(expand.model);
        return NULL;
    }
    expand_realtime(&expand);
    expand_sdf(&expand);
    expand.clock_is_taken = is_clock_taken(&expand, &expand.model->board->rtc.range);
    expand.own_pd_count = expand.model->pd_count;
    for_each(&expand, &lang_serial, expand_serial);
    for_each(&expand, &lang_switch, expand_switch);
    for_each(&expand, &lang_disk, expand_disk);
    for_each(&expand, &lang_uplink, expand_uplink);
    for_each(&expand, &lang_switch_port, expand_pd_port);
    for_each(&expand, &lang_timer, expand_pd_timer);
    expand_entropy(&expand);
    for_each(&expand, &lang_guest, expand_guest);
    for_each(&expand, &lang_stats, expand_stats);
    expand_serial_finish(&expand);
    expand_switch_finish(&expand);
    expand_disk_finish(&expand);
    expand_timer_finish(&expand);
    expand_supervisor_finish(&expand);
    expand_realtime_check(&expand);
    expand_sdf_maps(&expand);
    choose_page_sizes(expand.model);
    free(expand.switches);
    for (size_t i = 0; i < expand.missing_count; i++) {
        free(expand.missing[i]);
    }
    free(expand.missing);
    fdt_blob_free(&expand.board_dtb);
    node_free(expand.default_entropy);
    node_free(expand.default_blk_server);
    if (expand.model->pd_count == 0 && diag_error_count(diag) == 0) {
        diag_error(diag, root->loc, "<system>: it is empty; it needs a <guest> or a <protection_domain>");
    }
    return expand.model;
}
