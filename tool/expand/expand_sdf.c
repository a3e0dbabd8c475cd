/* SPDX-License-Identifier: BSD-2-Clause */
/* Microkit's own elements: one object of the model each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "boards/board.h"
#include "tool/base/mem.h"
#include "tool/base/suggest.h"
#include "tool/expand/expand.h"
#include "tool/model/firmware_calls.h"

static uint64_t round_up(uint64_t bytes, uint64_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

static void report_missing_file(struct expand *expand, const struct node *node, const char *attribute,
                                const char *path)
{
    struct loc loc = node_loc(node, attribute);

    if (expand->options->needs_files) {
        diag_error(expand->diag, loc, "<%s>: %s=\"%s\": there is no such file", node->spec->name, attribute,
                   path);
    } else {
        diag_warning(expand->diag, loc, "<%s>: %s=\"%s\": there is no such file yet", node->spec->name,
                     attribute, path);
    }
}

static void set_prefill(struct expand *expand, const struct node *node, struct model_mr *mr)
{
    const struct desc_memory_region *desc = node->fields;
    char *path = desc->prefill_path == NULL ? NULL : expand_find_file(expand, desc->prefill_path);
    struct stat status = {0};

    if (desc->prefill_path == NULL) {
        return;
    }
    if (path == NULL || stat(path, &status) != 0) {
        report_missing_file(expand, node, "prefill_path", desc->prefill_path);
    }
    mr->prefill = MODEL_PREFILL_FILE;
    mr->prefill_path = path == NULL ? mem_strdup(desc->prefill_path) : path;
    mr->prefill_bytes = (uint64_t)status.st_size;
    if (mr->size_bytes == 0 && !node->broken) {
        mr->size_bytes =
            round_up(mr->prefill_bytes, desc->page_size == 0 ? MODEL_PAGE_BYTES : desc->page_size);
    } else if (mr->prefill_bytes > mr->size_bytes && !node->broken) {
        diag_error(expand->diag, node_loc(node, "size"),
                   "<memory_region>: size=\"0x%llx\" is too small for the %llu bytes of \"%s\"",
                   (unsigned long long)mr->size_bytes, (unsigned long long)mr->prefill_bytes,
                   desc->prefill_path);
    }
}

static bool is_in_ram(const struct board *board, const struct model_mr *mr)
{
    return mr->phys_addr >= board->ram.base && mr->phys_addr - board->ram.base < board->ram.bytes;
}

/* Where the kernel lies is known to the back end only, but this to everybody. */
static void check_firmware(struct expand *expand, const struct node *node, const struct model_mr *mr)
{
    const struct board *board = expand->model->board;

    if (mr->has_phys_addr && mr->size_bytes != 0 && !expand->options->microkit && is_in_ram(board, mr) &&
        mr->phys_addr - board->ram.base < board->firmware_bytes) {
        diag_error(
            expand->diag, node_loc(node, "phys_addr"),
            "<memory_region>: phys_addr=\"0x%llx\": the firmware leaves its device tree in the first %llu "
            "KiB of RAM",
            (unsigned long long)mr->phys_addr, (unsigned long long)board->firmware_bytes >> 10);
    }
}

/* A region about which something was reported keeps size 0, which further checks take as "unknown". */
static void expand_mr(struct expand *expand, const struct node *node)
{
    const struct desc_memory_region *desc = node->fields;
    struct model_mr *mr;

    if (desc->name == NULL) {
        return;
    }
    mr = model_add_mr(expand->model, desc->name, node->loc);
    mr->size_bytes = node->broken ? 0 : desc->size;
    mr->page_size_bytes = desc->page_size; /* 0: chosen once all mappings are known */
    mr->has_phys_addr = node_has(node, "phys_addr");
    mr->phys_addr = desc->phys_addr;
    if (mr->has_phys_addr && !is_in_ram(expand->model->board, mr)) {
        mr->kind = MODEL_MR_DEVICE;
    }
    if (mr->size_bytes == 0 && desc->prefill_path == NULL && !node->broken) {
        diag_error(
            expand->diag, node->loc,
            "<memory_region>: attribute \"size\" is missing; only with prefill_path it can be left out");
    }
    if (mr->page_size_bytes != 0 && mr->page_size_bytes != MODEL_PAGE_BYTES &&
        mr->page_size_bytes != MODEL_LARGE_PAGE_BYTES) {
        diag_error(expand->diag, node_loc(node, "page_size"),
                   "<memory_region>: page_size=\"0x%llx\": pages are of 0x%llx or 0x%llx bytes",
                   (unsigned long long)mr->page_size_bytes, MODEL_PAGE_BYTES, MODEL_LARGE_PAGE_BYTES);
        mr->page_size_bytes = 0;
    }
    set_prefill(expand, node, mr);
    check_firmware(expand, node, mr);
}

static void expand_irq(struct expand *expand, const struct node *node, struct model_pd *pd)
{
    const struct desc_irq *desc = node->fields;
    struct model_irq *irq;

    (void)expand;
    if (node->broken) {
        return;
    }
    irq = model_add_irq(pd, (uint32_t)desc->irq, (uint32_t)desc->id);
    irq->loc = node->loc;
    irq->edge = desc->trigger == 1;
    irq->setvar_id = mem_strdup(desc->setvar_id);
}

static void expand_vm(struct expand *expand, const struct node *node, struct model_pd *pd)
{
    const struct desc_virtual_machine *desc = node->fields;
    struct model_vm *vm;

    (void)expand;
    if (desc->name == NULL) {
        return;
    }
    vm = model_add_vm(pd, desc->name, node->loc);
    vm->priority = (uint32_t)desc->priority;
    vm->budget_us = desc->budget;
    vm->period_us = expand_period(desc->period, desc->budget);
    for (size_t i = 0; i < node->child_count; i++) {
        const struct node *child = node->children[i];
        const struct desc_vcpu *fields = child->fields;

        if (child->spec == &lang_vcpu && !child->broken) {
            struct model_vcpu *vcpu = model_add_vcpu(vm, (uint32_t)fields->id);

            vcpu->loc = child->loc;
            vcpu->core = node_has(child, "cpu") ? (uint32_t)fields->cpu : pd->core;
            vcpu->vmpidr = vm->vcpu_count - 1;
            vcpu->setvar_id = mem_strdup(fields->setvar_id);
        }
    }
}

/* Who builds the image hears of a missing program then; who only looks at the description hears of it here. */
static void look_for_program(struct expand *expand, const struct node *image, const char *attribute,
                             const char *path)
{
    char *found = path == NULL || expand->options->needs_files ? NULL : expand_find_file(expand, path);

    if (path != NULL && !expand->options->needs_files && found == NULL) {
        report_missing_file(expand, image, attribute, path);
    }
    free(found);
}

static void expand_program(struct expand *expand, const struct node *node, struct model_pd *pd)
{
    const struct node *image = node_first(node, &lang_program_image);

    if (image != NULL) {
        const struct desc_program_image *desc = image->fields;

        pd->program_image = mem_strdup(desc->path);
        pd->path_for_symbols = mem_strdup(desc->path_for_symbols);
        look_for_program(expand, image, "path", desc->path);
        look_for_program(expand, image, "path_for_symbols", desc->path_for_symbols);
    }
}

static void expand_pd(struct expand *expand, const struct node *node, struct model_pd *parent)
{
    const struct desc_pd *desc = node->fields;
    struct model_pd *pd = model_add_pd(expand->model, desc->name == NULL ? "" : desc->name, node->loc);

    pd->priority = (uint32_t)desc->priority;
    pd->budget_us = desc->budget;
    pd->period_us = expand_period(desc->period, desc->budget);
    pd->passive = desc->passive;
    if (desc->smc != NULL) {
        firmware_calls_parse(expand->diag, node_loc(node, "smc"), desc->smc, pd);
    }
    pd->fpu = desc->fpu;
    pd->stack_bytes = desc->stack_size;
    pd->core = (uint32_t)desc->cpu;
    pd->parent = parent;
    pd->child_id = (uint32_t)desc->id;
    pd->setvar_id = mem_strdup(desc->setvar_id);
    expand_program(expand, node, pd);
    for (size_t i = 0; i < node->child_count; i++) {
        const struct node *child = node->children[i];

        if (child->spec == &lang_irq) {
            expand_irq(expand, child, pd);
        } else if (child->spec == &lang_vm) {
            expand_vm(expand, child, pd);
        } else if (child->spec == &lang_child_pd) {
            expand_pd(expand, child, pd);
        }
    }
}

/* A PD that another element stands for has the channels which that gives it; that is reported. */
static bool is_generated(struct expand *expand, const struct node *node, const char *attribute,
                         const char *name)
{
    for (size_t i = 0; i < expand->root->child_count; i++) {
        const struct node *child = expand->root->children[i];
        const struct xml_attribute *other = xml_find(child->xml, "name");

        if (other != NULL && child->spec != &lang_mr && strcmp(other->value, name) == 0) {
            diag_error(
                expand->diag, node_loc(node, attribute),
                "<%s>: \"%s\" is a <%s>, whose channels come with it; this takes a <protection_domain>",
                node->spec->name, name, child->spec->name);
            diag_note(expand->diag, child->loc, "\"%s\" is here", name);
            return true;
        }
    }
    return false;
}

static struct model_pd *find_pd(struct expand *expand, const struct node *node, const char *attribute,
                                const char *name)
{
    struct model_pd *pd = model_find_pd(expand->model, name);
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    if (pd == NULL && !is_generated(expand, node, attribute, name)) {
        suggest_start(&suggest, name);
        for (size_t i = 0; i < expand->model->pd_count; i++) {
            suggest_offer(&suggest, expand->model->pds[i]->name);
        }
        expand_report_unknown(expand, node, attribute, "protection domain", name,
                              suggest_text(&suggest, suggestion));
    }
    return pd;
}

static bool is_switched_off(struct expand *expand, const struct node *channel, const char *name)
{
    const struct source_disabled *off = source_find_disabled(expand->source, "protection_domain", name);

    if (off == NULL || model_find_pd(expand->model, name) != NULL) {
        return false;
    }
    diag_warning(expand->diag, channel->loc, "<channel>: left out, as \"%s\" is switched off", name);
    diag_note(expand->diag, off->loc, "\"%s\" is here", name);
    return true;
}

static void expand_channel(struct expand *expand, const struct node *node)
{
    struct model_channel_end ends[2] = {0};

    if (node->broken) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        const struct node *end = node->children[i];
        const struct desc_end *desc = end->fields;

        if (desc->pd == NULL || end->broken) {
            return;
        }
        if (is_switched_off(expand, node, desc->pd)) {
            return;
        }
        ends[i] = (struct model_channel_end){
            .loc = end->loc, .id = (uint32_t)desc->id, .pp = desc->pp, .notify = desc->notify};
    }
    for (size_t i = 0; i < 2; i++) {
        const struct desc_end *desc = node->children[i]->fields;

        ends[i].pd = find_pd(expand, node->children[i], "pd", desc->pd);
    }
    if (ends[0].pd != NULL && ends[1].pd != NULL) {
        struct model_channel *channel = model_add_channel(expand->model, node->loc);

        for (size_t i = 0; i < 2; i++) {
            const struct desc_end *desc = node->children[i]->fields;

            channel->ends[i] = ends[i];
            channel->ends[i].setvar_id = mem_strdup(desc->setvar_id);
        }
    }
}

void expand_sdf(struct expand *expand)
{
    const struct node *root = expand->root;

    for (size_t i = 0; i < root->child_count; i++) {
        if (root->children[i]->spec == &lang_mr) {
            expand_mr(expand, root->children[i]);
        }
    }
    for (size_t i = 0; i < root->child_count; i++) {
        if (root->children[i]->spec == &lang_pd) {
            expand_pd(expand, root->children[i], NULL);
        }
    }
    for (size_t i = 0; i < root->child_count; i++) {
        if (root->children[i]->spec == &lang_channel) {
            expand_channel(expand, root->children[i]);
        }
    }
}

static struct model_mr *find_mr(struct expand *expand, const struct node *node, const char *attribute,
                                const char *name)
{
    struct model_mr *mr = model_find_mr(expand->model, name);
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    if (mr == NULL && !expand_mr_is_off(expand, node, name)) {
        suggest_start(&suggest, name);
        for (size_t i = 0; i < expand->model->mr_count; i++) {
            suggest_offer(&suggest, expand->model->mrs[i]->name);
        }
        expand_report_unknown(expand, node, attribute, "memory region", name,
                              suggest_text(&suggest, suggestion));
    }
    return mr;
}

void expand_sdf_map(struct expand *expand, const struct node *node, struct model_pd *pd, struct model_vm *vm)
{
    const struct desc_map *desc = node->fields;
    struct model_mr *mr = desc->mr == NULL ? NULL : find_mr(expand, node, "mr", desc->mr);
    struct model_map *map;

    if (mr == NULL || node->broken) {
        return;
    }
    map = pd != NULL ? model_add_pd_map(pd, mr, desc->vaddr, desc->perms)
                     : model_add_vm_map(vm, mr, desc->vaddr, desc->perms);
    map->loc = node->loc;
    map->cached = desc->cached;
    map->setvar_vaddr = mem_strdup(desc->setvar_vaddr);
    map->setvar_size = mem_strdup(desc->setvar_size);
    map->setvar_prefill_size = mem_strdup(desc->setvar_prefill_size);
    if (desc->setvar_prefill_size != NULL && mr->prefill == MODEL_PREFILL_NONE) {
        diag_error(expand->diag, node_loc(node, "setvar_prefill_size"),
                   "<%s>: setvar_prefill_size: memory region \"%s\" has no prefill_path", node->spec->name,
                   desc->mr);
    }
}

static void expand_setvar(struct expand *expand, const struct node *node, struct model_pd *pd)
{
    const struct desc_setvar *desc = node->fields;
    struct model_mr *mr =
        desc->region_paddr == NULL ? NULL : find_mr(expand, node, "region_paddr", desc->region_paddr);

    if (mr != NULL && !node->broken) {
        struct model_setvar *setvar = model_add_setvar(pd, desc->symbol);

        setvar->loc = node->loc;
        setvar->region_paddr = mr;
    }
}

static void expand_vm_maps(struct expand *expand, const struct node *node, struct model_vm *vm)
{
    for (size_t i = 0; vm != NULL && i < node->child_count; i++) {
        if (node->children[i]->spec == &lang_vm_map) {
            expand_sdf_map(expand, node->children[i], NULL, vm);
        }
    }
}

/* PDs were added in the order of this same walk, depth first; *index counts along. */
static void expand_pd_maps(struct expand *expand, const struct node *node, size_t *index)
{
    struct model_pd *pd = expand->model->pds[(*index)++];

    for (size_t i = 0; i < node->child_count; i++) {
        const struct node *child = node->children[i];

        if (child->spec == &lang_map) {
            expand_sdf_map(expand, child, pd, NULL);
        } else if (child->spec == &lang_setvar) {
            expand_setvar(expand, child, pd);
        } else if (child->spec == &lang_vm) {
            expand_vm_maps(expand, child, pd->vm);
        } else if (child->spec == &lang_child_pd) {
            expand_pd_maps(expand, child, index);
        }
    }
}

void expand_sdf_maps(struct expand *expand)
{
    const struct node *root = expand->root;
    size_t index = 0;

    for (size_t i = 0; i < root->child_count; i++) {
        if (root->children[i]->spec == &lang_pd) {
            expand_pd_maps(expand, root->children[i], &index);
        }
    }
}
