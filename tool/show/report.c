/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/show/report.h"

#include <stdlib.h>
#include <string.h>

#include "boards/board.h"
#include "tool/base/file.h"
#include "tool/show/report_reach.h"

static void heading(FILE *out, const char *text)
{
    (void)fprintf(out, "\n%s\n", text);
    for (size_t i = 0; i < strlen(text); i++) {
        (void)fputc('-', out);
    }
    (void)fputc('\n', out);
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/** "4 KiB", "128 MiB" or, for odd sizes, "5000 B"; the buffer is the caller's. */
static const char *size_text(uint64_t bytes, char text[32])
{
    if (bytes >= 1u << 20 && bytes % (1u << 20) == 0) {
        (void)snprintf(text, 32, "%llu MiB", (unsigned long long)(bytes >> 20));
    } else if (bytes >= 1u << 10 && bytes % (1u << 10) == 0) {
        (void)snprintf(text, 32, "%llu KiB", (unsigned long long)(bytes >> 10));
    } else {
        (void)snprintf(text, 32, "%llu B", (unsigned long long)bytes);
    }
    return text;
}

static const char *perms_text(unsigned int perms, char text[4])
{
    text[0] = (perms & MODEL_READ) != 0 ? 'r' : '-';
    text[1] = (perms & MODEL_WRITE) != 0 ? 'w' : '-';
    text[2] = (perms & MODEL_EXECUTE) != 0 ? 'x' : '-';
    text[3] = '\0';
    return text;
}

/* Of each vCPU, if they differ. The column has the first one's. */
static void print_cores(const struct model_vm *vm, FILE *out)
{
    size_t shown = 0;

    for (size_t i = 1; i < vm->vcpu_count; i++) {
        shown = vm->vcpus[i].core != vm->vcpus[0].core ? vm->vcpu_count : shown;
    }
    for (size_t i = 0; i < shown; i++) {
        (void)fprintf(out, "%s%u", i == 0 ? " on cores " : " ", vm->vcpus[i].core);
    }
}

/* Who is on each core, if there are several. */
static void print_core(const struct model *model, uint32_t core, FILE *out)
{
    (void)fprintf(out, "  core %u:", core);
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        if (pd->core == core) {
            (void)fprintf(out, " %s", pd->name);
        }
        for (size_t j = 0; pd->vm != NULL && j < pd->vm->vcpu_count; j++) {
            if (pd->vm->vcpus[j].core == core) {
                (void)fprintf(out, " %s/%zu", pd->vm->name, j);
            }
        }
    }
    (void)fputc('\n', out);
}

static void print_placement(const struct model *model, FILE *out)
{
    const uint32_t count = model_core_count(model);

    if (count == 1) {
        return;
    }
    heading(out, "Cores, with protection domains and vCPUs");
    for (uint32_t core = 0; core < count; core++) {
        print_core(model, core, out);
    }
}

static void print_pds(const struct model *model, FILE *out)
{
    char size[32];

    heading(out, "Protection domains and virtual machines");
    (void)fprintf(out, "  %-24s %8s %10s %10s %4s %10s  %s\n", "name", "priority", "budget us", "period us",
                  "core", "stack", "program");
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        (void)fprintf(out, "  %-24s %8u %10llu %10llu %4u %10s  %s%s%s%s\n", pd->name, pd->priority,
                      (unsigned long long)pd->budget_us, (unsigned long long)pd->period_us, pd->core,
                      size_text(pd->stack_bytes, size),
                      pd->program_image != NULL ? last_name(pd->program_image) : "none",
                      pd->passive ? ", passive" : "", pd->parent != NULL ? ", child of " : "",
                      pd->parent != NULL ? pd->parent->name : "");
        if (pd->vm != NULL) {
            (void)fprintf(out, "    %-22s %8u %10llu %10llu %4u %10s  VM of %zu vCPU%s", pd->vm->name,
                          pd->vm->priority, (unsigned long long)pd->vm->budget_us,
                          (unsigned long long)pd->vm->period_us,
                          pd->vm->vcpu_count > 0 ? pd->vm->vcpus[0].core : 0, "-", pd->vm->vcpu_count,
                          pd->vm->vcpu_count == 1 ? "" : "s");
            print_cores(pd->vm, out);
            (void)fputs(pd->vm->debug ? ", which its VMM may debug" : "", out);
            (void)fputc('\n', out);
        }
    }
}

static void print_end(const struct model_channel_end *end, FILE *out)
{
    (void)fprintf(out, "%s:%u (%s%s%s)", end->pd->name, end->id, end->notify ? "notifies" : "",
                  end->notify && end->pp ? ", " : "", end->pp ? "calls" : "");
}

static void print_channels(const struct model *model, FILE *out)
{
    heading(out, "Channels");
    for (size_t i = 0; i < model->channel_count; i++) {
        const struct model_channel_end *ends = model->channels[i].ends;

        (void)fputs("  ", out);
        print_end(&ends[0], out);
        (void)fputs(" <-> ", out);
        print_end(&ends[1], out);
        (void)fputc('\n', out);
    }
    for (size_t i = 0; i < model->pd_count; i++) {
        if (model->pds[i]->klog_reader) {
            (void)fprintf(out, "  the kernel's log -> %s:%u\n", model->pds[i]->name,
                          model->pds[i]->klog_channel);
        }
        if (model->pds[i]->trace != NULL) {
            (void)fprintf(out, "  the kernel's events -> %s:%u\n", model->pds[i]->name,
                          model->pds[i]->trace_channel);
        }
        if (model->pds[i]->gets_seed) {
            (void)fprintf(out, "  the firmware's random seed -> %s, once\n", model->pds[i]->name);
        }
    }
}

/* What a PD can make a guest see without waking its VMM. */
static void print_posts(const struct model_pd *pd, FILE *out)
{
    for (size_t i = 0; i < pd->post_count; i++) {
        const struct model_post *post = &pd->posts[i];

        (void)fprintf(out, "       posted %s:%zu -> VM %s as ", pd->name, MODEL_POST_BASE + i,
                      post->vmm->vm->name);
        if (post->virq == 0) {
            (void)fprintf(out, "the guest chooses (MSI)");
        } else {
            (void)fprintf(out, "%u", post->virq);
        }
        if (post->delay_us != 0) {
            (void)fprintf(out, ", up to %u us late", post->delay_us);
        }
        (void)fputc('\n', out);
    }
}

static void print_interrupts(const struct model *model, FILE *out)
{
    heading(out, "Interrupts");
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        for (size_t j = 0; j < pd->irq_count; j++) {
            (void)fprintf(out, "  %4u %-5s -> %s:%u\n", pd->irqs[j].intid,
                          pd->irqs[j].edge ? "edge" : "level", pd->name, pd->irqs[j].channel);
        }
        for (size_t j = 0; pd->vm != NULL && j < pd->vm->direct_irq_count; j++) {
            const struct model_direct_irq *irq = &pd->vm->direct_irqs[j];

            (void)fprintf(out, "  %4u %-5s -> VM %s as %u\n", irq->intid, irq->edge ? "edge" : "level",
                          pd->vm->name, irq->virq);
        }
        print_posts(pd, out);
    }
}

static void print_maps_of(const struct model_mr *mr, const char *kind, const char *name,
                          const struct model_map *maps, size_t count, FILE *out)
{
    char perms[4];

    for (size_t i = 0; i < count; i++) {
        if (maps[i].mr == mr) {
            (void)fprintf(out, "      %s %s %s at 0x%llx%s\n", perms_text(maps[i].perms, perms), kind, name,
                          (unsigned long long)maps[i].vaddr, maps[i].cached ? "" : ", not cached");
        }
    }
}

static const char *kind_text(enum model_mr_kind kind)
{
    static const char *const names[] = {
        [MODEL_MR_MEMORY] = "memory",       [MODEL_MR_GUEST_RAM] = "guest RAM",
        [MODEL_MR_IMAGE] = "image",         [MODEL_MR_LINK] = "link",
        [MODEL_MR_DEVICE] = "device",       [MODEL_MR_KLOG] = "kernel log",
        [MODEL_MR_TRACE] = "kernel events",
    };

    return names[kind];
}

static void print_regions(const struct model *model, bool placed, FILE *out)
{
    char size[32];

    heading(out, "Memory regions and who maps them");
    for (size_t i = 0; i < model->mr_count; i++) {
        const struct model_mr *mr = model->mrs[i];

        (void)fprintf(out, "  \"%s\", %s, %s", mr->name, kind_text(mr->kind),
                      size_text(mr->size_bytes, size));
        if (placed || mr->has_phys_addr) {
            (void)fprintf(out, ", at 0x%llx", (unsigned long long)mr->phys_addr);
        }
        if (mr->prefill != MODEL_PREFILL_NONE) {
            (void)fprintf(out, ", holds %llu bytes%s%s", (unsigned long long)mr->prefill_bytes,
                          mr->prefill_path != NULL ? " of " : "",
                          mr->prefill_path != NULL ? last_name(mr->prefill_path) : "");
        }
        (void)fputc('\n', out);
        for (size_t j = 0; j < model->pd_count; j++) {
            const struct model_pd *pd = model->pds[j];

            print_maps_of(mr, "PD", pd->name, pd->maps, pd->map_count, out);
            if (pd->vm != NULL) {
                print_maps_of(mr, "VM", pd->vm->name, pd->vm->maps, pd->vm->map_count, out);
            }
        }
    }
}

static void print_physical(const struct image *image, FILE *out)
{
    const struct layout *layout = &image->layout;
    char size[32];

    heading(out, "Physical memory");
    for (size_t i = 0; i < layout->count; i++) {
        const struct layout_range *range = &layout->ranges[layout->by_base[i]];

        (void)fprintf(out, "  0x%010llx .. 0x%010llx %10s  %s\n", (unsigned long long)range->base,
                      (unsigned long long)(range->base + range->bytes - 1), size_text(range->bytes, size),
                      range->what);
    }
}

static void print_usage(const struct image *image, FILE *out)
{
    uint64_t ram = image->model->board->ram.bytes;
    uint64_t used = 0;
    char size[32];

    heading(out, "RAM");
    for (int kind = 0; kind < LAYOUT_KIND_COUNT; kind++) {
        uint64_t bytes = layout_bytes(&image->layout, (enum layout_kind)kind);

        if (kind != LAYOUT_DEVICE) {
            (void)fprintf(out, "  %-16s %12s\n", layout_kind_name((enum layout_kind)kind),
                          size_text(bytes, size));
            used += bytes;
        }
    }
    (void)fprintf(out, "  %-16s %12s", "in all", size_text(used, size));
    (void)fprintf(out, " of %s\n", size_text(ram, size));
}

void report_print(const struct model *model, const struct image *image, FILE *out)
{
    (void)fprintf(out, "System %s on board %s\n", model->name, model->board->name);
    print_pds(model, out);
    print_placement(model, out);
    print_channels(model, out);
    print_interrupts(model, out);
    heading(out, "Who can reach whom, and through what");
    (void)fputs("  A pair that is not listed shares nothing.\n", out);
    report_reach_print(model, out);
    print_regions(model, image != NULL, out);
    if (image != NULL) {
        print_physical(image, out);
        print_usage(image, out);
    }
}

enum err report_write(const struct model *model, const struct image *image, const char *path,
                      struct diag *diag)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    enum err err;

    if (out == NULL) {
        abort();
    }
    report_print(model, image, out);
    (void)fclose(out);
    err = file_write(path, text, bytes, 0644, diag);
    free(text);
    return err;
}
