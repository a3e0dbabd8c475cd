/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/show/report_reach.h"

/** A PD, or its VM if `is_vm`. */
struct party {
    const struct model_pd *pd;
    bool is_vm;
};

static const char *name_of(struct party party)
{
    return party.is_vm ? party.pd->vm->name : party.pd->name;
}

static const char *kind_of(struct party party)
{
    return party.is_vm ? "VM" : "PD";
}

/** Permissions with which a party maps a region; 0 if it doesn't. */
static unsigned int access_to(struct party party, const struct model_mr *mr)
{
    const struct model_map *maps = party.is_vm ? party.pd->vm->maps : party.pd->maps;
    size_t count = party.is_vm ? party.pd->vm->map_count : party.pd->map_count;
    unsigned int perms = 0;

    for (size_t i = 0; i < count; i++) {
        if (maps[i].mr == mr) {
            perms |= maps[i].perms;
        }
    }
    return perms;
}

/** Prints the pair's heading before its first line. */
struct pair {
    struct party from, to;
    bool headed;
    FILE *out;
};

static FILE *line(struct pair *pair)
{
    if (!pair->headed) {
        (void)fprintf(pair->out, "  %s %s -> %s %s\n", kind_of(pair->from), name_of(pair->from),
                      kind_of(pair->to), name_of(pair->to));
        pair->headed = true;
    }
    (void)fputs("      ", pair->out);
    return pair->out;
}

static void print_channel(struct pair *pair, const struct model_channel_end *end,
                          const struct model_channel_end *other)
{
    if (pair->from.is_vm || pair->to.is_vm || end->pd != pair->from.pd || other->pd != pair->to.pd) {
        return;
    }
    if (end->notify) {
        (void)fprintf(line(pair), "notification, channel %u, there %u\n", end->id, other->id);
    }
    if (end->pp) {
        (void)fprintf(line(pair), "protected procedure call, channel %u, there %u\n", end->id, other->id);
    }
}

static void print_posts(struct pair *pair)
{
    const struct model_pd *pd = pair->from.pd;

    for (size_t i = 0; !pair->from.is_vm && pair->to.is_vm && i < pd->post_count; i++) {
        if (pd->posts[i].vmm == pair->to.pd) {
            char which[16] = "by MSI";

            if (pd->posts[i].virq != 0) {
                (void)snprintf(which, sizeof which, "%u", pd->posts[i].virq);
            }
            (void)fprintf(line(pair), "posted interrupt %s, id %zu\n", which, (size_t)MODEL_POST_BASE + i);
        }
    }
}

static void print_control(struct pair *pair)
{
    const struct model_vm *vm = pair->from.pd->vm;

    if (!pair->from.is_vm && !pair->to.is_vm && pair->to.pd->parent == pair->from.pd) {
        (void)fprintf(line(pair), "parent: starts, stops and handles its faults, child %u\n",
                      pair->to.pd->child_id);
    }
    if (!pair->from.is_vm && pair->to.is_vm && pair->to.pd == pair->from.pd) {
        (void)fprintf(line(pair), "VMM: runs it and handles its faults\n");
    }
    for (size_t i = 0; pair->from.is_vm && !pair->to.is_vm && i < vm->doorbell_count; i++) {
        if (vm->doorbells[i].pd == pair->to.pd && vm->doorbells[i].idle) {
            (void)fprintf(line(pair), "pauses of its vCPUs, there channel %u\n", vm->doorbells[i].channel);
        } else if (vm->doorbells[i].pd == pair->to.pd && !vm->doorbells[i].ignore) {
            (void)fprintf(line(pair), "doorbell at 0x%llx, there channel %u\n",
                          (unsigned long long)vm->doorbells[i].gpa, vm->doorbells[i].channel);
        }
    }
}

/** Memory through which data of `from` comes to `to`: the one writes it, the other reads it. */
static void print_memory(struct pair *pair, const struct model *model)
{
    for (size_t i = 0; i < model->mr_count; i++) {
        unsigned int from = access_to(pair->from, model->mrs[i]);
        unsigned int to = access_to(pair->to, model->mrs[i]);

        if ((from & MODEL_WRITE) != 0 && to != 0) {
            (void)fprintf(line(pair), "memory \"%s\", 0x%llx bytes%s\n", model->mrs[i]->name,
                          (unsigned long long)model->mrs[i]->size_bytes,
                          (to & MODEL_WRITE) != 0 ? ", which it writes too" : "");
        }
    }
}

static void print_pair(const struct model *model, struct party from, struct party to, FILE *out)
{
    struct pair pair = {.from = from, .to = to, .out = out};

    print_control(&pair);
    for (size_t i = 0; i < model->channel_count; i++) {
        print_channel(&pair, &model->channels[i].ends[0], &model->channels[i].ends[1]);
        print_channel(&pair, &model->channels[i].ends[1], &model->channels[i].ends[0]);
    }
    print_posts(&pair);
    print_memory(&pair, model);
}

void report_reach_print(const struct model *model, FILE *out)
{
    for (size_t i = 0; i < 2 * model->pd_count; i++) {
        struct party from = {.pd = model->pds[i / 2], .is_vm = i % 2 != 0};

        for (size_t j = 0; j < 2 * model->pd_count; j++) {
            struct party to = {.pd = model->pds[j / 2], .is_vm = j % 2 != 0};

            if (i != j && (!from.is_vm || from.pd->vm != NULL) && (!to.is_vm || to.pd->vm != NULL)) {
                print_pair(model, from, to, out);
            }
        }
    }
}
