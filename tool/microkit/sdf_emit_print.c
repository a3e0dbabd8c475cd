/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "boards/board.h"
#include "tool/microkit/sdf_emit.h"
#include "tool/microkit/sdf_region.h"

/** What Microkit calls its own first thread, which hears of faults that nobody else hears of. */
#define MICROKIT_MONITOR "monitor"

/** Where it goes, for which SDK, and how deep in elements we are. */
struct printer {
    const struct model *model;
    struct sdf_features features;
    FILE *out;
    unsigned int depth;
};

/** Start an element: indentation, "<name". */
static void open_tag(const struct printer *printer, const char *name)
{
    (void)fprintf(printer->out, "%*s<%s", (int)(4 * printer->depth), "", name);
}

/** End a start tag: empty element or not. */
static void close_tag(const struct printer *printer, bool empty)
{
    (void)fputs(empty ? " />\n" : ">\n", printer->out);
}

static void end_element(const struct printer *printer, const char *name)
{
    (void)fprintf(printer->out, "%*s</%s>\n", (int)(4 * printer->depth), "", name);
}

static void put_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        default:
            (void)fputc(*text, out);
        }
    }
}

/** A text attribute; nothing for NULL. */
static void put_text(const struct printer *printer, const char *name, const char *value)
{
    if (value != NULL) {
        (void)fprintf(printer->out, " %s=\"", name);
        put_escaped(printer->out, value);
        (void)fputc('"', printer->out);
    }
}

const char *sdf_emit_pd_name(const struct model_pd *pd)
{
    return strcmp(pd->name, MICROKIT_MONITOR) == 0 ? MICROKIT_MONITOR "_pd" : pd->name;
}

static void put_decimal(const struct printer *printer, const char *name, uint64_t value)
{
    (void)fprintf(printer->out, " %s=\"%" PRIu64 "\"", name, value);
}

static void put_hex(const struct printer *printer, const char *name, uint64_t value)
{
    (void)fprintf(printer->out, " %s=\"0x%" PRIx64 "\"", name, value);
}

static void print_map(const struct printer *printer, const struct model_map *map, bool in_vm)
{
    char perms[4] = {0};
    size_t count = 0;

    perms[count++] = 'r';
    if ((map->perms & MODEL_WRITE) != 0) {
        perms[count++] = 'w';
    }
    if ((map->perms & MODEL_EXECUTE) != 0) {
        perms[count++] = 'x';
    }
    open_tag(printer, "map");
    put_text(printer, "mr", map->mr->name);
    put_hex(printer, "vaddr", map->vaddr);
    put_text(printer, "perms", perms);
    if (!map->cached || map->mr->kind == MODEL_MR_DEVICE) {
        put_text(printer, "cached", "false");
    }
    if (!in_vm) {
        put_text(printer, "setvar_vaddr", map->setvar_vaddr);
        put_text(printer, "setvar_size", map->setvar_size);
        put_text(printer, "setvar_prefill_size",
                 printer->features.prefill && map->mr->prefill != MODEL_PREFILL_NONE
                     ? map->setvar_prefill_size
                     : NULL);
    }
    close_tag(printer, true);
}

static void print_maps(const struct printer *printer, const struct model_map *maps, size_t count, bool in_vm)
{
    for (size_t i = 0; i < count; i++) {
        if (!sdf_region_is_carried(maps[i].mr, &printer->features)) {
            print_map(printer, &maps[i], in_vm);
        }
    }
}

static void print_irqs(const struct printer *printer, const struct model_pd *pd)
{
    for (size_t i = 0; i < pd->irq_count; i++) {
        open_tag(printer, "irq");
        put_decimal(printer, "irq", pd->irqs[i].intid);
        put_decimal(printer, "id", pd->irqs[i].channel);
        put_text(printer, "trigger", pd->irqs[i].edge ? "edge" : "level");
        put_text(printer, "setvar_id", printer->features.setvar_id ? pd->irqs[i].setvar_id : NULL);
        close_tag(printer, true);
    }
}

static void print_setvars(const struct printer *printer, const struct model_pd *pd)
{
    for (size_t i = 0; i < pd->setvar_count; i++) {
        if (pd->setvars[i].region_paddr != NULL) {
            open_tag(printer, "setvar");
            put_text(printer, "symbol", pd->setvars[i].symbol);
            put_text(printer, "region_paddr", pd->setvars[i].region_paddr->name);
            close_tag(printer, true);
        }
    }
}

static void print_vcpus(const struct printer *printer, const struct model_vm *vm)
{
    for (size_t i = 0; i < vm->vcpu_count; i++) {
        open_tag(printer, "vcpu");
        put_decimal(printer, "id", vm->vcpus[i].id);
        if (printer->features.cpu && vm->vcpus[i].core != 0) {
            put_decimal(printer, "cpu", vm->vcpus[i].core);
        }
        close_tag(printer, true);
    }
}

static void print_vm(struct printer *printer, const struct model_vm *vm)
{
    open_tag(printer, "virtual_machine");
    put_text(printer, "name", vm->name);
    put_decimal(printer, "priority", vm->priority);
    put_decimal(printer, "budget", vm->budget_us);
    put_decimal(printer, "period", vm->period_us);
    close_tag(printer, false);
    printer->depth++;
    print_vcpus(printer, vm);
    print_maps(printer, vm->maps, vm->map_count, true);
    if (vm->gicc_gpa != 0) {
        open_tag(printer, "map");
        put_text(printer, "mr", SDF_EMIT_GICV_NAME);
        put_hex(printer, "vaddr", vm->gicc_gpa);
        put_text(printer, "perms", "rw");
        put_text(printer, "cached", "false");
        close_tag(printer, true);
    }
    printer->depth--;
    end_element(printer, "virtual_machine");
}

static void put_pd_attributes(const struct printer *printer, const struct model_pd *pd)
{
    put_text(printer, "name", sdf_emit_pd_name(pd));
    if (pd->parent != NULL) {
        put_decimal(printer, "id", pd->child_id);
        put_text(printer, "setvar_id", printer->features.setvar_id ? pd->setvar_id : NULL);
    }
    put_decimal(printer, "priority", pd->priority);
    put_decimal(printer, "budget", pd->budget_us);
    put_decimal(printer, "period", pd->period_us);
    put_hex(printer, "stack_size", pd->stack_bytes);
    if (pd->passive) {
        put_text(printer, "passive", "true");
    }
    if (pd->smc_count != 0) { /* Microkit does not tell calls apart */
        put_text(printer, "smc", "true");
    }
    if (printer->features.cpu && pd->core != 0) {
        put_decimal(printer, "cpu", pd->core);
    }
    if (printer->features.fpu && !pd->fpu) {
        put_text(printer, "fpu", "false");
    }
}

/** A PD without its children. */
static void begin_pd(struct printer *printer, const struct model_pd *pd)
{
    open_tag(printer, "protection_domain");
    put_pd_attributes(printer, pd);
    close_tag(printer, false);
    printer->depth++;
    open_tag(printer, "program_image");
    (void)fputs(" path=\"", printer->out);
    put_escaped(printer->out, pd->name);
    (void)fputs(".elf\"", printer->out);
    close_tag(printer, true);
    print_maps(printer, pd->maps, pd->map_count, false);
    print_irqs(printer, pd);
    print_setvars(printer, pd);
    if (pd->vm != NULL) {
        print_vm(printer, pd->vm);
    }
}

static void end_pd(struct printer *printer)
{
    printer->depth--;
    end_element(printer, "protection_domain");
}

/** The first PD after `after` (NULL: from the start) whose parent is `parent`. */
static const struct model_pd *next_child(const struct model *model, const struct model_pd *parent,
                                         const struct model_pd *after)
{
    bool passed = after == NULL;

    for (size_t i = 0; i < model->pd_count; i++) {
        if (passed && model->pds[i]->parent == parent) {
            return model->pds[i];
        }
        passed = passed || model->pds[i] == after;
    }
    return NULL;
}

/** All PDs, children inside their parents: a walk of the tree without recursion. */
static void print_pds(struct printer *printer)
{
    const struct model_pd *parent = NULL;
    const struct model_pd *pd = next_child(printer->model, NULL, NULL);

    while (pd != NULL || parent != NULL) {
        if (pd != NULL) {
            begin_pd(printer, pd);
            parent = pd;
            pd = next_child(printer->model, parent, NULL);
        } else {
            end_pd(printer);
            pd = next_child(printer->model, parent->parent, parent);
            parent = parent->parent;
        }
    }
}

static void print_region(const struct printer *printer, const struct model_mr *mr)
{
    open_tag(printer, "memory_region");
    put_text(printer, "name", mr->name);
    put_hex(printer, "size", mr->size_bytes);
    put_hex(printer, "page_size", sdf_region_page_bytes(printer->model, mr));
    if (mr->has_phys_addr) {
        put_hex(printer, "phys_addr", mr->phys_addr);
    }
    if (mr->prefill != MODEL_PREFILL_NONE) {
        (void)fputs(" prefill_path=\"", printer->out);
        put_escaped(printer->out, mr->name);
        (void)fputs(".bin\"", printer->out);
    }
    close_tag(printer, true);
}

static bool has_gicv(const struct model *model)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        if (model->pds[i]->vm != NULL && model->pds[i]->vm->gicc_gpa != 0) {
            return true;
        }
    }
    return false;
}

static void print_regions(const struct printer *printer)
{
    const struct board_range *gicv = &printer->model->board->gicv;

    for (size_t i = 0; i < printer->model->mr_count; i++) {
        if (!sdf_region_is_carried(printer->model->mrs[i], &printer->features) &&
            sdf_region_is_used(printer->model, printer->model->mrs[i])) {
            print_region(printer, printer->model->mrs[i]);
        }
    }
    if (has_gicv(printer->model)) {
        open_tag(printer, "memory_region");
        put_text(printer, "name", SDF_EMIT_GICV_NAME);
        put_hex(printer, "size", gicv->bytes);
        put_hex(printer, "page_size", MODEL_PAGE_BYTES);
        put_hex(printer, "phys_addr", gicv->base);
        close_tag(printer, true);
    }
}

static void print_channels(struct printer *printer)
{
    for (size_t i = 0; i < printer->model->channel_count; i++) {
        open_tag(printer, "channel");
        close_tag(printer, false);
        printer->depth++;
        for (size_t side = 0; side < 2; side++) {
            const struct model_channel_end *end = &printer->model->channels[i].ends[side];

            open_tag(printer, "end");
            put_text(printer, "pd", sdf_emit_pd_name(end->pd));
            put_decimal(printer, "id", end->id);
            put_text(printer, "pp", end->pp ? "true" : NULL);
            put_text(printer, "notify", end->notify ? NULL : "false");
            put_text(printer, "setvar_id", printer->features.setvar_id ? end->setvar_id : NULL);
            close_tag(printer, true);
        }
        printer->depth--;
        end_element(printer, "channel");
    }
}

void sdf_emit_print(const struct model *model, struct sdf_version version, FILE *out)
{
    struct printer printer = {
        .model = model, .features = sdf_version_features(version), .out = out, .depth = 1};

    (void)fprintf(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!-- Made by causeway for Microkit %u.%u.%u; change the description it was made from. -->\n"
        "<system>\n",
        version.major, version.minor, version.patch);
    print_regions(&printer);
    print_pds(&printer);
    print_channels(&printer);
    (void)fputs("</system>\n", out);
}
