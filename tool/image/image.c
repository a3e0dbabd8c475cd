/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/image.h"

#include <stdlib.h>

#include "boards/board.h"
#include "kernel/include/sysdesc.h"
#include "tool/base/mem.h"
#include "tool/image/descriptor.h"
#include "tool/image/image_kernel.h"
#include "tool/image/image_memory.h"
#include "tool/image/prefill.h"

/** Rows for PDs and VMs, in order of declaration. */
static void create_rows(struct image *image)
{
    const struct model *model = image->model;
    size_t vcpu = 0;

    image->pds = mem_zalloc(model->pd_count * sizeof image->pds[0]);
    image->vms = mem_zalloc(model->pd_count * sizeof image->vms[0]);
    image->mr_ranges = mem_zalloc(model->mr_count * sizeof image->mr_ranges[0]);
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        image->pds[i].pd = pd;
        if (pd->vm != NULL) {
            image->vms[image->vm_count++] = (struct image_vm){.vm = pd->vm, .pd = i, .first_vcpu = vcpu};
            vcpu += pd->vm->vcpu_count;
        }
    }
    image->pd_count = model->pd_count;
}

/** Load every program there is, so that one run reports all that are missing. */
static enum err load_inputs(struct image *image, const struct image_options *options, struct diag *diag)
{
    enum err err = image_kernel_load(image, options->kernel_path, diag);
    enum err problem = prefill_load(image->model, options->search_dirs, options->search_dir_count, diag);

    err = problem != ERR_OK ? problem : err;
    for (size_t i = 0; i < image->pd_count; i++) {
        struct image_pd *pd = &image->pds[i];

        problem =
            pd_program_load(&pd->program, pd->pd, options->search_dirs, options->search_dir_count, diag);
        if (problem == ERR_OK) {
            problem = pd_program_configure(&pd->program, pd->pd, diag);
        }
        err = problem != ERR_OK ? problem : err;
    }
    return err;
}

/** With the regions' addresses known, finish the programs. */
static enum err set_symbols(struct image *image, struct diag *diag)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < image->pd_count; i++) {
        struct image_pd *pd = &image->pds[i];
        enum err problem = pd_program_set_symbols(&pd->program, image->model, pd->pd, diag);

        err = problem != ERR_OK ? problem : err;
    }
    return err;
}

/** List and check all address spaces of PDs and VMs and build their tables. */
static enum err build_spaces(struct image *image, struct diag *diag)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < image->pd_count; i++) {
        enum err problem = image_memory_list_pd(image, i, diag);

        if (problem == ERR_OK) {
            problem = space_build(&image->pds[i].space, SPACE_STAGE2, &image->pool, &image->pds[i].root);
        }
        err = problem != ERR_OK ? problem : err;
    }
    for (size_t i = 0; i < image->vm_count; i++) {
        enum err problem = image_memory_list_vm(image, i, diag);

        if (problem == ERR_OK) {
            problem = space_build(&image->vms[i].space, SPACE_STAGE2, &image->pool, &image->vms[i].root);
        }
        err = problem != ERR_OK ? problem : err;
    }
    return err;
}

/**
 * The tables are last in the layout, because only now it is known how many there are: what lies where decides
 * where blocks are possible. EL2's own tables map the others, so they come in as an upper bound.
 */
static enum err place_tables(struct image *image, struct diag *diag)
{
    uint64_t descriptor_pages = (image->descriptor_bytes + MODEL_PAGE_BYTES - 1) / MODEL_PAGE_BYTES;
    uint64_t known = (descriptor_pages + image->pool.count) * MODEL_PAGE_BYTES;
    uint64_t bytes = known + image_kernel_table_bound(image, known) * STAGE2_TABLE_BYTES;
    enum err err;

    image->tables_range = layout_add(&image->layout, &(struct layout_range){.what = "the system's tables",
                                                                            .kind = LAYOUT_TABLES,
                                                                            .bytes = bytes,
                                                                            .align = MODEL_PAGE_BYTES});
    err = layout_solve(&image->layout, &image->model->board->ram, diag);
    if (err != ERR_OK) {
        return err;
    }
    image_kernel_list_space(image);
    err = space_check(&image->el2_space, "the kernel", 1ull << STAGE2_INPUT_BITS, false, diag);
    if (err == ERR_OK) {
        err = space_build(&image->el2_space, SPACE_EL2, &image->pool, &image->el2_root);
    }
    image->pool_base = image->layout.ranges[image->tables_range].base + descriptor_pages * MODEL_PAGE_BYTES;
    return err;
}

static enum err compose(struct image *image, const struct image_options *options, struct diag *diag)
{
    enum err err;
    enum err problem;

    create_rows(image);
    err = load_inputs(image, options, diag);
    if (err == ERR_OK) {
        err = image_memory_lay_out(image, diag);
    }
    if (err != ERR_OK) {
        return err;
    }
    err = set_symbols(image, diag);
    problem = build_spaces(image, diag);
    err = problem != ERR_OK ? problem : err;
    if (err != ERR_OK) {
        return err;
    }
    descriptor_create(image);
    err = place_tables(image, diag);
    if (err != ERR_OK) {
        return err;
    }
    stage2_place(&image->pool, image->pool_base);
    descriptor_set_addresses(image);
    return image_kernel_set_descriptor(image, image->layout.ranges[image->tables_range].base);
}

enum err image_compose(struct model *model, const struct image_options *options, struct diag *diag,
                       struct image **image)
{
    enum err err;

    *image = mem_zalloc(sizeof **image);
    (*image)->model = model;
    err = compose(*image, options, diag);
    if (err != ERR_OK) {
        image_free(*image);
        *image = NULL;
    }
    return err;
}

void image_free(struct image *image)
{
    if (image == NULL) {
        return;
    }
    for (size_t i = 0; i < image->pd_count; i++) {
        pd_program_free(&image->pds[i].program);
        space_free(&image->pds[i].space);
    }
    for (size_t i = 0; i < image->vm_count; i++) {
        space_free(&image->vms[i].space);
    }
    elf_program_free(&image->kernel);
    space_free(&image->el2_space);
    layout_free(&image->layout);
    stage2_free(&image->pool);
    free(image->pds);
    free(image->vms);
    free(image->mr_ranges);
    free(image->descriptor);
    free(image);
}
