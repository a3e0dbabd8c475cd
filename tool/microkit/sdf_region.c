/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory regions, as Microkit wants them: which are written, with which pages, and which travel in programs.
 */
#include "tool/microkit/sdf_region.h"

bool sdf_region_is_carried(const struct model_mr *mr, const struct sdf_features *features)
{
    return mr->prefill != MODEL_PREFILL_NONE && !features->prefill;
}

/* Whether all maps of a region keep to its page size, which Microkit demands. */
static bool maps_fit_page_size(const struct model *model, const struct model_mr *mr)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        for (size_t j = 0; j < pd->map_count; j++) {
            if (pd->maps[j].mr == mr && pd->maps[j].vaddr % mr->page_size_bytes != 0) {
                return false;
            }
        }
        for (size_t j = 0; pd->vm != NULL && j < pd->vm->map_count; j++) {
            if (pd->vm->maps[j].mr == mr && pd->vm->maps[j].vaddr % mr->page_size_bytes != 0) {
                return false;
            }
        }
    }
    return mr->size_bytes % mr->page_size_bytes == 0 &&
           (!mr->has_phys_addr || mr->phys_addr % mr->page_size_bytes == 0);
}

static bool is_among(const struct model_mr *mr, const struct model_map *maps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (maps[i].mr == mr) {
            return true;
        }
    }
    return false;
}

bool sdf_region_is_used(const struct model *model, const struct model_mr *mr)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        if (is_among(mr, pd->maps, pd->map_count) ||
            (pd->vm != NULL && is_among(mr, pd->vm->maps, pd->vm->map_count))) {
            return true;
        }
        for (size_t j = 0; j < pd->setvar_count; j++) {
            if (pd->setvars[j].region_paddr == mr) {
                return true;
            }
        }
    }
    return false;
}

uint64_t sdf_region_page_bytes(const struct model *model, const struct model_mr *mr)
{
    return maps_fit_page_size(model, mr) ? mr->page_size_bytes : MODEL_PAGE_BYTES;
}
