/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/show/graph.h"

#include <stdlib.h>
#include <string.h>

#include "boards/board.h"
#include "tool/base/mem.h"

/* A string of the dot language. Names can't hold quotes, but this doesn't rely on it. */
static void print_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_size(uint64_t bytes, FILE *out)
{
    if (bytes >= 0x100000 && bytes % 0x100000 == 0) {
        fprintf(out, "%llu MiB", (unsigned long long)(bytes >> 20));
    } else {
        fprintf(out, "%llu KiB", (unsigned long long)(bytes >> 10));
    }
}

static size_t pd_index(const struct model *model, const struct model_pd *pd)
{
    size_t i = 0;

    while (i < model->pd_count && model->pds[i] != pd) {
        i++;
    }
    return i;
}

static const struct model_mr *guest_ram(const struct model_vm *vm)
{
    for (size_t i = 0; i < vm->map_count; i++) {
        if (vm->maps[i].mr->kind == MODEL_MR_GUEST_RAM) {
            return vm->maps[i].mr;
        }
    }
    return NULL;
}

/* On which core it is, in a system on several. */
static void print_core(const struct model *model, uint32_t core, FILE *out)
{
    if (model_core_count(model) > 1) {
        fprintf(out, ", core %u", core);
    }
}

/* Those of its vCPUs, in their order; one if it is the same. */
static void print_vm_cores(const struct model *model, const struct model_vm *vm, FILE *out)
{
    bool differ = false;

    for (size_t i = 1; i < vm->vcpu_count; i++) {
        differ = differ || vm->vcpus[i].core != vm->vcpus[0].core;
    }
    if (!differ) {
        print_core(model, vm->vcpus[0].core, out);
        return;
    }
    fputs(", cores", out);
    for (size_t i = 0; i < vm->vcpu_count; i++) {
        fprintf(out, " %u", vm->vcpus[i].core);
    }
}

static void print_vm(const struct model *model, const struct model_pd *pd, FILE *out)
{
    const struct model_mr *ram = guest_ram(pd->vm);
    size_t index = pd_index(model, pd);

    fprintf(out, "  vm%zu [shape=box, style=\"rounded,filled\", fillcolor=\"#dbeafe\", label=", index);
    print_string(pd->vm->name, out);
    fprintf(out, " + \"\\n%zu vCPU%s, priority %u", pd->vm->vcpu_count, pd->vm->vcpu_count == 1 ? "" : "s",
            pd->vm->priority);
    print_vm_cores(model, pd->vm, out);
    fputc('"', out);
    if (ram != NULL) {
        fputs(" + \"\\n", out);
        print_size(ram->size_bytes, out);
        fputs(" RAM\"", out);
    }
    fprintf(out, "];\n  pd%zu -> vm%zu [dir=both, label=\"faults\", style=dashed];\n", index, index);
}

static void print_pds(const struct model *model, FILE *out)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        fprintf(out, "  pd%zu [shape=box, style=filled, fillcolor=\"#fef3c7\", label=", i);
        print_string(pd->name, out);
        fprintf(out, " + \"\\npriority %u", pd->priority);
        print_core(model, pd->core, out);
        fputs("\"];\n", out);
        if (pd->vm != NULL) {
            print_vm(model, pd, out);
        }
        if (pd->parent != NULL) {
            fprintf(out, "  pd%zu -> pd%zu [label=\"child %u\", style=dashed];\n",
                    pd_index(model, pd->parent), i, pd->child_id);
        }
    }
}

static bool maps(const struct model_pd *pd, const struct model_mr *mr)
{
    for (size_t i = 0; i < pd->map_count; i++) {
        if (pd->maps[i].mr == mr) {
            return true;
        }
    }
    return false;
}

/* Bytes that two PDs share for the link a channel belongs to: both halves come from the channel's place. A
   lone one is the status page of a port that works in the guest's RAM. */
static uint64_t link_bytes(const struct model *model, const struct model_channel *channel)
{
    uint64_t bytes = 0;
    size_t halves = 0;

    for (size_t i = 0; i < model->mr_count; i++) {
        const struct model_mr *mr = model->mrs[i];

        if (mr->kind == MODEL_MR_LINK && memcmp(&mr->loc, &channel->loc, sizeof(mr->loc)) == 0 &&
            maps(channel->ends[0].pd, mr) && maps(channel->ends[1].pd, mr)) {
            bytes += mr->size_bytes;
            halves++;
        }
    }
    return halves > 1 ? bytes : 0;
}

static bool same_origin(const struct model_channel *a, const struct model_channel *b)
{
    return a->ends[0].pd == b->ends[0].pd && a->ends[1].pd == b->ends[1].pd &&
           memcmp(&a->loc, &b->loc, sizeof(a->loc)) == 0;
}

/* What joins two PDs for one element of the description: perhaps several channels, drawn as one edge. */
struct edge {
    unsigned int channels;
    bool sends[2];
    bool calls;
    uint64_t link_bytes;
};

/* Sums up the channels that come with channel `index`; false if an earlier one of them was drawn. */
static bool sum_up(const struct model *model, size_t index, struct edge *edge)
{
    const struct model_channel *channel = &model->channels[index];

    *edge = (struct edge){.link_bytes = link_bytes(model, channel)};
    for (size_t i = 0; i < model->channel_count; i++) {
        const struct model_channel *other = &model->channels[i];

        if (!same_origin(channel, other)) {
            continue;
        }
        if (i < index) {
            return false;
        }
        edge->channels++;
        for (size_t end = 0; end < 2; end++) {
            edge->sends[end] = edge->sends[end] || other->ends[end].notify || other->ends[end].pp;
            edge->calls = edge->calls || other->ends[end].pp;
        }
    }
    return true;
}

static void print_edge(const struct model *model, const struct model_channel *channel,
                       const struct edge *edge, FILE *out)
{
    fprintf(out, "  pd%zu -> pd%zu [dir=%s, label=\"", pd_index(model, channel->ends[0].pd),
            pd_index(model, channel->ends[1].pd),
            edge->sends[0] && edge->sends[1] ? "both"
            : edge->sends[0]                 ? "forward"
            : edge->sends[1]                 ? "back"
                                             : "none");
    if (edge->link_bytes > 0) {
        fputs("link, ", out);
        print_size(edge->link_bytes, out);
    } else if (edge->channels > 1) {
        fprintf(out, "%u channels", edge->channels);
    }
    fprintf(out, "%s%s\"", edge->calls && edge->channels > 1 ? "\\n" : "", edge->calls ? "calls" : "");
    if (edge->channels == 1) {
        fprintf(out, ", taillabel=\"%u\", headlabel=\"%u\"", channel->ends[0].id, channel->ends[1].id);
    }
    fputs("];\n", out);
}

static void print_channels(const struct model *model, FILE *out)
{
    struct edge edge;

    for (size_t i = 0; i < model->channel_count; i++) {
        if (sum_up(model, i, &edge)) {
            print_edge(model, &model->channels[i], &edge, out);
        }
    }
}

static size_t count_holders(const struct model *model, const struct model_mr *mr)
{
    size_t holders = 0;

    for (size_t i = 0; i < model->pd_count; i++) {
        holders += maps(model->pds[i], mr) ? 1 : 0;
    }
    return holders;
}

static bool posts_to(const struct model_pd *pd, const struct model_pd *vmm)
{
    for (size_t i = 0; i < pd->post_count; i++) {
        if (pd->posts[i].vmm == vmm) {
            return true;
        }
    }
    return false;
}

/* A guest's RAM is part of its node; an edge says who else has it, and who interrupts it. */
static void print_ram_sharing(const struct model *model, FILE *out)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *owner = model->pds[i];
        const struct model_mr *ram = owner->vm == NULL ? NULL : guest_ram(owner->vm);

        for (size_t j = 0; ram != NULL && j < model->pd_count; j++) {
            if (model->pds[j] != owner && maps(model->pds[j], ram)) {
                bool posts = posts_to(model->pds[j], owner);

                fprintf(out, "  pd%zu -> vm%zu [dir=%s, style=dotted, label=\"RAM%s\"];\n", j, i,
                        posts ? "forward" : "none", posts ? "\\ninterrupts" : "");
            }
        }
    }
}

/* Regions that say something: devices, and what several PDs share beside links, guests' RAM and images. */
static bool is_drawn(const struct model *model, const struct model_mr *mr)
{
    return mr->kind == MODEL_MR_DEVICE || (mr->kind == MODEL_MR_MEMORY && count_holders(model, mr) > 1);
}

static void print_holders(const struct model *model, const struct model_mr *mr, size_t index, FILE *out)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_vm *vm = model->pds[i]->vm;

        if (maps(model->pds[i], mr)) {
            fprintf(out, "  pd%zu -> mr%zu [dir=none, style=dotted];\n", i, index);
        }
        for (size_t j = 0; vm != NULL && j < vm->map_count; j++) {
            if (vm->maps[j].mr == mr) {
                fprintf(out, "  vm%zu -> mr%zu [dir=none, style=dotted];\n", i, index);
            }
        }
    }
}

static void print_regions(const struct model *model, FILE *out)
{
    for (size_t i = 0; i < model->mr_count; i++) {
        const struct model_mr *mr = model->mrs[i];
        bool is_device = mr->kind == MODEL_MR_DEVICE;

        if (!is_drawn(model, mr)) {
            continue;
        }
        fprintf(out, "  mr%zu [shape=%s, style=filled, fillcolor=\"%s\", label=", i,
                is_device ? "component" : "note", is_device ? "#fecaca" : "#e5e7eb");
        print_string(mr->name, out);
        fputs(" + \"\\n", out);
        print_size(mr->size_bytes, out);
        fputs("\"];\n", out);
        print_holders(model, mr, i, out);
    }
}

/* A disk hangs at its driver, which the front end calls after it. */
static void print_disks(const struct model *model, FILE *out)
{
    for (size_t i = 0; i < model->disk_count; i++) {
        const struct model_disk *disk = &model->disks[i];
        char *name = mem_printf("%s_driver", disk->name);

        fprintf(out, "  disk%zu [shape=cylinder, style=filled, fillcolor=\"#dcfce7\", label=", i);
        print_string(disk->name, out);
        fputs(" + \"\\n\" + ", out);
        print_string(disk->image, out);
        if (disk->size_bytes != 0) {
            fputs(" + \"\\n", out);
            print_size(disk->size_bytes, out);
            fputc('"', out);
        }
        fprintf(out, "];\n  pd%zu -> disk%zu [dir=none];\n", pd_index(model, model_find_pd(model, name)), i);
        free(name);
    }
}

void graph_print(const struct model *model, FILE *out)
{
    fputs("digraph system {\n  label=", out);
    print_string(model->name, out);
    fprintf(out, " + \" on %s\";\n", model->board->name);
    fputs("  labelloc=t;\n  fontname=sans;\n  node [fontname=sans, fontsize=11];\n"
          "  edge [fontname=sans, fontsize=9];\n",
          out);
    print_pds(model, out);
    print_channels(model, out);
    print_ram_sharing(model, out);
    print_regions(model, out);
    print_disks(model, out);
    fputs("}\n", out);
}
