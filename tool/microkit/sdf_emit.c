/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/microkit/sdf_emit.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/image/pd_program.h"
#include "tool/image/prefill.h"
#include "tool/microkit/elf_save.h"
#include "tool/microkit/sdf_region.h"

/** Microkit's limits. */
#define MAX_PDS 63u
#define MIN_STACK_BYTES 0x1000ull
#define MAX_STACK_BYTES 0x1000000ull

/** The state of one emission. */
struct emission {
    struct model *model;
    const struct sdf_options *options;
    struct sdf_features features;
    struct diag *diag;
    unsigned int failures;
};

#define FAIL(emission, loc, ...) ((emission)->failures++, diag_error((emission)->diag, loc, __VA_ARGS__))

/** Names become file names. */
static void check_name(struct emission *emission, struct loc loc, const char *kind, const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

    if (name[0] == '\0' || name[0] == '.' || name[strspn(name, allowed)] != '\0') {
        FAIL(emission, loc,
             "%s \"%s\": for Microkit, names are made of letters, digits, \"_\", \"-\" and \".\", because "
             "files "
             "are named after them",
             kind, name);
    }
}

/* Only some of an SDK's configurations have a kernel for several cores. */
static void check_core(struct emission *emission, struct loc loc, const char *kind, const char *name,
                       uint32_t core)
{
    const uint32_t count = emission->options->core_count;

    if (core != 0 && !emission->features.cpu) {
        FAIL(emission, loc, "%s \"%s\": core %u needs Microkit 2.1.0 or later", kind, name, core);
    } else if (count != 0 && core >= count) {
        FAIL(emission, loc,
             "%s \"%s\": core %u: the SDK's configuration has %u core%s; those for several are called "
             "smp-debug, smp-release and the like (MICROKIT_CONFIG)",
             kind, name, core, count, count == 1 ? "" : "s");
    }
}

static void check_vm(struct emission *emission, const struct model_pd *pd)
{
    const struct model_vm *vm = pd->vm;

    for (size_t i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i].core != pd->core) { /* else it is reported with the VMM's */
            check_core(emission, vm->vcpus[i].loc, "VM", vm->name, vm->vcpus[i].core);
        }
    }
    if (vm->direct_irq_count > 0) {
        FAIL(emission, vm->direct_irqs[0].loc,
             "VM \"%s\": Microkit delivers interrupt %u to protection domains only, not straight to a vCPU",
             vm->name, vm->direct_irqs[0].intid);
    }
    for (size_t i = 0; i < vm->map_count; i++) {
        if (sdf_region_is_carried(vm->maps[i].mr, &emission->features)) {
            FAIL(emission, vm->maps[i].loc,
                 "VM \"%s\": mapping the prefilled region \"%s\" needs Microkit 2.2.0 or later", vm->name,
                 vm->maps[i].mr->name);
        }
    }
}

static void check_pd(struct emission *emission, const struct model_pd *pd)
{
    check_name(emission, pd->loc, "PD", pd->name);
    if (pd->stack_bytes < MIN_STACK_BYTES || pd->stack_bytes > MAX_STACK_BYTES ||
        pd->stack_bytes % MODEL_PAGE_BYTES != 0) {
        FAIL(emission, pd->loc, "PD \"%s\": a stack of 0x%llx bytes is not whole pages from 4 KiB to 16 MiB",
             pd->name, (unsigned long long)pd->stack_bytes);
    }
    if (pd->klog_reader) {
        FAIL(emission, pd->loc, "PD \"%s\": there is no kernel log to read on Microkit", pd->name);
    }
    if (pd->post_count > 0) {
        FAIL(emission, pd->posts[0].loc, "PD \"%s\": Microkit has no posted interrupts", pd->name);
    }
    check_core(emission, pd->loc, "PD", pd->name, pd->core);
    for (size_t i = 0; i < pd->map_count; i++) {
        const struct model_map *map = &pd->maps[i];

        if (sdf_region_is_carried(map->mr, &emission->features) && (map->perms & MODEL_WRITE) != 0) {
            FAIL(emission, map->loc,
                 "PD \"%s\": mapping the prefilled region \"%s\" writable needs Microkit 2.2.0 or later",
                 pd->name, map->mr->name);
        }
    }
    if (pd->vm != NULL) {
        check_vm(emission, pd);
    }
}

/* Until 2.1.0 Microkit has a block of its own for what is allocated in large pages; what its tool says when
 * that is full names no element. */
static void check_large_pages(struct emission *emission)
{
    const uint64_t limit = emission->features.pool_bytes;
    uint64_t bytes = 0;

    for (size_t i = 0; limit != 0 && i < emission->model->mr_count; i++) {
        const struct model_mr *mr = emission->model->mrs[i];
        const uint64_t before = bytes;

        if (mr->has_phys_addr || sdf_region_is_carried(mr, &emission->features) ||
            !sdf_region_is_used(emission->model, mr) ||
            sdf_region_page_bytes(emission->model, mr) == MODEL_PAGE_BYTES) {
            continue;
        }
        bytes += mr->size_bytes;
        if (before <= limit && bytes > limit) {
            FAIL(emission, mr->loc,
                 "with \"%s\", regions of 2 MiB pages (guests' RAM) are more than the %llu MiB that Microkit "
                 "before "
                 "2.1.0 can allocate; less RAM, or a newer SDK, would do",
                 mr->name, (unsigned long long)(limit >> 20));
        }
    }
}

static void check_model(struct emission *emission)
{
    const struct model *model = emission->model;

    if (model->pd_count > MAX_PDS) {
        FAIL(emission, model->pds[MAX_PDS]->loc, "%zu protection domains; Microkit takes up to %u",
             model->pd_count, MAX_PDS);
    }
    for (size_t i = 0; i < model->pd_count; i++) {
        check_pd(emission, model->pds[i]);
    }
    for (size_t i = 0; i < model->mr_count; i++) {
        if (model->mrs[i]->prefill != MODEL_PREFILL_NONE && emission->features.prefill) {
            check_name(emission, model->mrs[i]->loc, "memory region", model->mrs[i]->name);
        }
        if (model->mrs[i]->kind == MODEL_MR_KLOG) {
            FAIL(emission, model->mrs[i]->loc, "memory region \"%s\": there is no kernel log on Microkit",
                 model->mrs[i]->name);
        }
        if (model->mrs[i]->kind == MODEL_MR_TRACE) {
            FAIL(
                emission, model->mrs[i]->loc,
                "memory region \"%s\": Microkit's kernel records no events that a protection domain can read",
                model->mrs[i]->name);
        }
    }
    check_large_pages(emission);
}

/** Contents that travel in the PD's program. Returns the segments, to be freed with free(). */
static struct elf_program_segment *carried_segments(const struct emission *emission,
                                                    const struct model_pd *pd, size_t *count)
{
    struct elf_program_segment *segments = NULL;

    *count = 0;
    for (size_t i = 0; i < pd->map_count; i++) {
        const struct model_map *map = &pd->maps[i];

        if (sdf_region_is_carried(map->mr, &emission->features)) {
            segments = mem_grow(segments, *count, sizeof segments[0]);
            segments[(*count)++] = (struct elf_program_segment){
                .vaddr = map->vaddr,
                .mem_bytes = map->mr->size_bytes,
                .file_bytes = map->mr->prefill_bytes,
                .perms = map->perms,
                .data = map->mr->prefill_data,
            };
        }
    }
    return segments;
}

static enum err save_program(const struct emission *emission, const struct model_pd *pd,
                             const struct pd_program *program)
{
    char *path = mem_printf("%s/%s.elf", emission->options->output_dir, pd->name);
    size_t count;
    struct elf_program_segment *segments = carried_segments(emission, pd, &count);
    enum err err = elf_save(&program->program, segments, count, path, emission->diag);

    free(segments);
    free(path);
    return err;
}

static enum err emit_program(const struct emission *emission, const struct model_pd *pd)
{
    const struct sdf_options *options = emission->options;
    const struct pd_program_sdk sdk = {.setvar_id = emission->features.setvar_id,
                                       .prefill = emission->features.prefill};
    struct pd_program program;
    enum err err =
        pd_program_load(&program, pd, options->search_dirs, options->search_dir_count, emission->diag);

    if (err != ERR_OK) {
        return err;
    }
    err = pd_program_configure(&program, pd, emission->diag);
    if (err == ERR_OK) {
        err = pd_program_set_values(&program, emission->model, pd, &sdk, emission->diag);
    }
    if (err == ERR_OK) {
        err = save_program(emission, pd, &program);
    }
    pd_program_free(&program);
    return err;
}

static enum err emit_prefills(const struct emission *emission)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < emission->model->mr_count; i++) {
        const struct model_mr *mr = emission->model->mrs[i];

        if (mr->prefill != MODEL_PREFILL_NONE && emission->features.prefill) {
            char *path = mem_printf("%s/%s.bin", emission->options->output_dir, mr->name);
            enum err problem = file_write(path, mr->prefill_data, mr->prefill_bytes, 0644, emission->diag);

            err = problem != ERR_OK ? problem : err;
            free(path);
        }
    }
    return err;
}

static enum err emit_system(const struct emission *emission)
{
    char *path = mem_printf("%s/%s.system", emission->options->output_dir, emission->model->name);
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    enum err err;

    if (out == NULL) {
        abort();
    }
    sdf_emit_print(emission->model, emission->options->version, out);
    (void)fclose(out);
    err = file_write(path, text, bytes, 0644, emission->diag);
    free(text);
    free(path);
    return err;
}

enum err sdf_emit(struct model *model, const struct sdf_options *options, struct diag *diag)
{
    struct emission emission = {
        .model = model, .options = options, .features = sdf_version_features(options->version), .diag = diag};
    enum err err = prefill_load(model, options->search_dirs, options->search_dir_count, diag);

    check_model(&emission);
    if (err != ERR_OK || emission.failures > 0) {
        return err != ERR_OK ? err : ERR_UNSUPPORTED;
    }
    for (size_t i = 0; i < model->pd_count; i++) {
        enum err problem = emit_program(&emission, model->pds[i]);

        err = problem != ERR_OK ? problem : err;
    }
    if (err == ERR_OK) {
        err = emit_prefills(&emission);
    }
    return err == ERR_OK ? emit_system(&emission) : err;
}
