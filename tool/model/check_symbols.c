/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"
#include "tool/model/check.h"

/* The symbols of one program that get a value. */
struct symbols {
    struct {
        const char *name;
        struct loc loc;
    } * items;
    size_t count;
};

/* A symbol that two ask for would have the value of whichever comes last. */
static void take(struct diag *diag, const struct model_pd *pd, struct symbols *symbols, const char *name,
                 struct loc loc)
{
    if (name == NULL) {
        return;
    }
    for (size_t i = 0; i < symbols->count; i++) {
        if (strcmp(symbols->items[i].name, name) == 0) {
            diag_error(diag, loc, "symbol \"%s\" of \"%s\" is set already", name, pd->name);
            diag_note(diag, symbols->items[i].loc, "here");
            return;
        }
    }
    symbols->items = mem_grow(symbols->items, symbols->count, sizeof(symbols->items[0]));
    symbols->items[symbols->count].name = name;
    symbols->items[symbols->count++].loc = loc;
}

static void take_maps(struct diag *diag, const struct model_pd *pd, struct symbols *symbols,
                      const struct model_map *maps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        take(diag, pd, symbols, maps[i].setvar_vaddr, maps[i].loc);
        take(diag, pd, symbols, maps[i].setvar_size, maps[i].loc);
        take(diag, pd, symbols, maps[i].setvar_prefill_size, maps[i].loc);
    }
}

/* What the elements inside the PD's own ask for. */
static void take_own(struct diag *diag, const struct model_pd *pd, struct symbols *symbols)
{
    take_maps(diag, pd, symbols, pd->maps, pd->map_count);
    for (size_t i = 0; i < pd->irq_count; i++) {
        take(diag, pd, symbols, pd->irqs[i].setvar_id, pd->irqs[i].loc);
    }
    for (size_t i = 0; i < pd->setvar_count; i++) {
        take(diag, pd, symbols, pd->setvars[i].symbol, pd->setvars[i].loc);
    }
    if (pd->vm != NULL) {
        take_maps(diag, pd, symbols, pd->vm->maps, pd->vm->map_count);
    }
    for (size_t i = 0; pd->vm != NULL && i < pd->vm->vcpu_count; i++) {
        take(diag, pd, symbols, pd->vm->vcpus[i].setvar_id, pd->vm->vcpus[i].loc);
    }
}

/* What its children and channels ask of its program. */
static void take_others(const struct model *model, struct diag *diag, const struct model_pd *pd,
                        struct symbols *symbols)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        if (model->pds[i]->parent == pd) {
            take(diag, pd, symbols, model->pds[i]->setvar_id, model->pds[i]->loc);
        }
    }
    for (size_t i = 0; i < 2 * model->channel_count; i++) {
        const struct model_channel_end *end = &model->channels[i / 2].ends[i % 2];

        if (end->pd == pd) {
            take(diag, pd, symbols, end->setvar_id, end->loc);
        }
    }
}

void check_symbols(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        struct symbols symbols = {0};

        take_own(diag, model->pds[i], &symbols);
        take_others(model, diag, model->pds[i], &symbols);
        free(symbols.items);
    }
}
