/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "kernel/include/sysdesc.h"
#include "tool/base/mem.h"
#include "tool/image/descriptor.h"

#define FIRST_SPI 32u
#define FIRST_PPI 16u

/** What a check needs; `failures` counts reported errors. */
struct check {
    const struct model *model;
    struct diag *diag;
    unsigned int failures;
};

/** Who holds a channel id of the PD at hand, or an interrupt. */
struct holder {
    const char *what; /**< NULL: nobody */
    struct loc loc;
};

#define FAIL(check, loc, ...) ((check)->failures++, diag_error((check)->diag, loc, __VA_ARGS__))

static void check_scheduling(struct check *check, struct loc loc, const char *kind, const char *name,
                             uint32_t priority, uint64_t budget_us, uint64_t period_us)
{
    if (priority > 254) {
        FAIL(check, loc, "%s \"%s\": priority %u is above 254", kind, name, priority);
    }
    if (budget_us == 0 || budget_us > period_us || period_us > UINT32_MAX) {
        FAIL(check, loc, "%s \"%s\": a budget of %llu us in a period of %llu us is not 1 .. period .. %u",
             kind, name, (unsigned long long)budget_us, (unsigned long long)period_us, UINT32_MAX);
    }
    if (strlen(name) >= SYSDESC_NAME_BYTES) {
        FAIL(check, loc, "%s \"%s\": the name is longer than %u characters", kind, name,
             SYSDESC_NAME_BYTES - 1);
    }
}

static void check_core(struct check *check, struct loc loc, const char *kind, const char *name, uint32_t core)
{
    uint32_t limit = check->model->board->core_count;

    limit = limit < SYSDESC_MAX_CORES ? limit : SYSDESC_MAX_CORES;
    if (core >= limit) {
        FAIL(check, loc, "%s \"%s\": there is no core %u; the board offers %u, counted from 0", kind, name,
             core, limit);
    }
}

/** Take an id below SYSDESC_MAX_CHANNELS in `holders` for `what`; used once only. */
static void take(struct check *check, struct holder *holders, uint32_t id, const struct model_pd *pd,
                 const char *id_kind, const char *what, struct loc loc)
{
    if (id >= SYSDESC_MAX_CHANNELS) {
        FAIL(check, loc, "PD \"%s\": %s %u of %s is above %u", pd->name, id_kind, id, what,
             SYSDESC_MAX_CHANNELS - 1);
    } else if (holders[id].what != NULL) {
        FAIL(check, loc, "PD \"%s\": %s %u of %s is taken by %s", pd->name, id_kind, id, what,
             holders[id].what);
        diag_note(check->diag, holders[id].loc, "%s is here", holders[id].what);
    } else {
        holders[id] = (struct holder){.what = what, .loc = loc};
    }
}

static void check_channel_ids(struct check *check, const struct model_pd *pd)
{
    struct holder holders[SYSDESC_MAX_CHANNELS] = {0};

    for (size_t i = 0; i < 2 * check->model->channel_count; i++) {
        const struct model_channel_end *end = &check->model->channels[i / 2].ends[i % 2];

        if (end->pd == pd) {
            take(check, holders, end->id, pd, "channel id", "a channel", end->loc);
        }
    }
    for (size_t i = 0; i < pd->irq_count; i++) {
        take(check, holders, pd->irqs[i].channel, pd, "channel id", "an interrupt", pd->irqs[i].loc);
    }
    if (pd->klog_reader) {
        take(check, holders, pd->klog_channel, pd, "channel id", "the kernel's log", pd->loc);
    }
}

static void check_child_ids(struct check *check, const struct model_pd *pd)
{
    struct holder holders[SYSDESC_MAX_CHANNELS] = {0};

    for (size_t i = 0; i < check->model->pd_count; i++) {
        const struct model_pd *child = check->model->pds[i];

        if (child->parent == pd) {
            take(check, holders, child->child_id, pd, "child id", child->name, child->loc);
        }
    }
    for (size_t i = 0; pd->vm != NULL && i < pd->vm->vcpu_count; i++) {
        take(check, holders, pd->vm->vcpus[i].id, pd, "child id", "a vCPU", pd->vm->vcpus[i].loc);
    }
}

/** Whether the PD's channel leads to the VMM: a guest reaches no more than its VMM does. */
static bool is_channel_to(const struct model *model, const struct model_pd *pd, uint32_t channel,
                          const struct model_pd *vmm)
{
    for (size_t i = 0; i < 2 * model->channel_count; i++) {
        const struct model_channel_end *end = &model->channels[i / 2].ends[i % 2];
        const struct model_channel_end *other = &model->channels[i / 2].ends[1 - i % 2];

        if (end->pd == pd && end->id == channel && (other->pd == vmm || pd == vmm)) {
            return true;
        }
    }
    return false;
}

static void check_doorbell(struct check *check, const struct model_pd *vmm,
                           const struct model_doorbell *doorbell)
{
    const struct model_vm *vm = vmm->vm;
    uint32_t width = doorbell->width_bytes;

    for (size_t i = 0; i < vm->map_count; i++) {
        const struct model_map *map = &vm->maps[i];

        /* Read-only memory is no hindrance: the store that rings is not let through. */
        if ((map->perms & MODEL_WRITE) != 0 && doorbell->gpa >= map->vaddr &&
            doorbell->gpa - map->vaddr < map->mr->size_bytes) {
            FAIL(check, map->loc,
                 "VM \"%s\": memory region \"%s\", which it can write, covers the doorbell at 0x%llx",
                 vm->name, map->mr->name, (unsigned long long)doorbell->gpa);
        }
    }
    if (doorbell->delay_us > UINT16_MAX) {
        FAIL(check, vm->loc,
             "VM \"%s\": the doorbell at 0x%llx may be late by %u us; at most %u are possible", vm->name,
             (unsigned long long)doorbell->gpa, doorbell->delay_us, UINT16_MAX);
    }
    if (width > 8 || (width & (width - 1)) != 0) {
        FAIL(check, vm->loc, "VM \"%s\": the doorbell at 0x%llx is %u bytes wide, not 1, 2, 4 or 8", vm->name,
             (unsigned long long)doorbell->gpa, width);
    }
    const bool is_own = doorbell->own_channel && doorbell->pd == vmm;
    if (!doorbell->ignore && !is_own && !is_channel_to(check->model, doorbell->pd, doorbell->channel, vmm)) {
        FAIL(check, vm->loc,
             "VM \"%s\": the doorbell at 0x%llx notifies channel %u of \"%s\", which is none that joins it "
             "with \"%s\"",
             vm->name, (unsigned long long)doorbell->gpa, doorbell->channel,
             doorbell->pd != NULL ? doorbell->pd->name : "nobody", vmm->name);
    }
}

static void check_vm(struct check *check, const struct model_pd *vmm)
{
    const struct model_vm *vm = vmm->vm;

    check_scheduling(check, vm->loc, "VM", vm->name, vm->priority, vm->budget_us, vm->period_us);
    if (vm->vcpu_count == 0) {
        FAIL(check, vm->loc, "VM \"%s\" has no vCPU", vm->name);
    }
    for (size_t i = 0; i < vm->vcpu_count; i++) {
        check_core(check, vm->vcpus[i].loc, "VM", vm->name, vm->vcpus[i].core);
    }
    for (size_t i = 0; i < vm->doorbell_count; i++) {
        check_doorbell(check, vmm, &vm->doorbells[i]);
    }
}

static void check_end(struct check *check, const struct model_channel_end *end,
                      const struct model_channel_end *other)
{
    if (end->pp && other->pd->priority <= end->pd->priority) {
        FAIL(check, end->loc,
             "channel from \"%s\" to \"%s\": a protected procedure call must go to a higher priority, not "
             "from "
             "%u to %u",
             end->pd->name, other->pd->name, end->pd->priority, other->pd->priority);
    }
}

static void check_post(struct check *check, const struct model_pd *pd, const struct model_post *post)
{
    const char *target = post->vmm->name;

    if (post->vmm->vm == NULL || post->vmm->vm->vcpu_count == 0) {
        FAIL(check, post->loc, "posted interrupt from \"%s\" to \"%s\": there is no virtual machine there",
             pd->name, target);
    }
    if ((post->virq != 0 && post->virq < FIRST_PPI) || post->virq >= SYSDESC_MAX_IRQ ||
        post->delay_us > UINT16_MAX) {
        FAIL(check, post->loc,
             "posted interrupt from \"%s\" to \"%s\": %u, late by up to %u us, is not one from %u to %u, "
             "late by up to %u us",
             pd->name, target, post->virq, post->delay_us, FIRST_PPI, SYSDESC_MAX_IRQ - 1, UINT16_MAX);
    }
    if (pd == post->vmm || !is_channel_to(check->model, pd, post->channel, post->vmm)) {
        FAIL(check, post->loc,
             "posted interrupt from \"%s\" to \"%s\": channel %u is none that joins the two", pd->name,
             target, post->channel);
    }
}

static void take_irq(struct check *check, struct holder *holders, uint32_t intid, const char *owner,
                     struct loc loc)
{
    uint32_t limit = FIRST_SPI + check->model->board->spi_count;

    limit = limit < SYSDESC_MAX_IRQ ? limit : SYSDESC_MAX_IRQ;
    if (intid < FIRST_PPI || intid >= limit) {
        FAIL(check, loc, "\"%s\": interrupt %u does not exist; the board has %u to %u", owner, intid,
             FIRST_PPI, limit - 1);
    } else if (holders[intid].what != NULL) {
        FAIL(check, loc, "\"%s\": interrupt %u is taken by \"%s\"", owner, intid, holders[intid].what);
        diag_note(check->diag, holders[intid].loc, "\"%s\" is here", holders[intid].what);
    } else {
        holders[intid] = (struct holder){.what = owner, .loc = loc};
    }
}

static void check_irqs(struct check *check)
{
    const struct board *board = check->model->board;
    struct holder *holders = mem_zalloc(SYSDESC_MAX_IRQ * sizeof *holders);

    holders[board->maintenance_irq].what = "kernel";
    holders[board->hyptimer_irq].what = "kernel";
    holders[board->vtimer_irq].what = "kernel";
    for (size_t i = 0; i < check->model->pd_count; i++) {
        const struct model_pd *pd = check->model->pds[i];

        for (size_t j = 0; j < pd->irq_count; j++) {
            take_irq(check, holders, pd->irqs[j].intid, pd->name, pd->irqs[j].loc);
        }
        for (size_t j = 0; pd->vm != NULL && j < pd->vm->direct_irq_count; j++) {
            take_irq(check, holders, pd->vm->direct_irqs[j].intid, pd->vm->name, pd->vm->direct_irqs[j].loc);
        }
    }
    free(holders);
}

static void check_counts(struct check *check)
{
    const struct model *model = check->model;
    size_t vcpu_count = 0;
    size_t klog_readers = 0;
    size_t seeded = 0;
    size_t post_count = 0;
    size_t doorbell_count = 0;

    for (size_t i = 0; i < model->pd_count; i++) {
        vcpu_count += model->pds[i]->vm != NULL ? model->pds[i]->vm->vcpu_count : 0;
        doorbell_count += model->pds[i]->vm != NULL ? model->pds[i]->vm->doorbell_count : 0;
        post_count += model->pds[i]->post_count;
        klog_readers += model->pds[i]->klog_reader ? 1 : 0;
        seeded += model->pds[i]->gets_seed ? 1 : 0;
    }
    if (model->pd_count == 0 || model->pd_count > SYSDESC_MAX_PDS) {
        FAIL(check, (struct loc){0}, "%zu protection domains; the kernel takes 1 to %u", model->pd_count,
             SYSDESC_MAX_PDS);
    }
    if (vcpu_count > SYSDESC_MAX_VCPUS) {
        FAIL(check, (struct loc){0}, "%zu vCPUs; the kernel takes up to %u", vcpu_count, SYSDESC_MAX_VCPUS);
    }
    if (post_count > SYSDESC_MAX_POSTS || doorbell_count > SYSDESC_MAX_DOORBELLS) {
        FAIL(check, (struct loc){0},
             "%zu posted interrupts and %zu doorbells; the kernel takes up to %u and %u", post_count,
             doorbell_count, SYSDESC_MAX_POSTS, SYSDESC_MAX_DOORBELLS);
    }
    if (seeded > 1) {
        FAIL(check, (struct loc){0}, "%zu protection domains get the firmware's random seed; only one can",
             seeded);
    }
    if (klog_readers > 1) {
        FAIL(check, (struct loc){0}, "%zu protection domains read the kernel's log; only one can",
             klog_readers);
    }
}

enum err descriptor_check(const struct model *model, struct diag *diag)
{
    struct check check = {.model = model, .diag = diag};

    check_counts(&check);
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        check_scheduling(&check, pd->loc, "PD", pd->name, pd->priority, pd->budget_us, pd->period_us);
        check_core(&check, pd->loc, "PD", pd->name, pd->core);
        check_channel_ids(&check, pd);
        check_child_ids(&check, pd);
        if (pd->vm != NULL) {
            check_vm(&check, pd);
        }
        for (size_t j = 0; j < pd->post_count; j++) {
            check_post(&check, pd, &pd->posts[j]);
        }
    }
    for (size_t i = 0; i < model->channel_count; i++) {
        check_end(&check, &model->channels[i].ends[0], &model->channels[i].ends[1]);
        check_end(&check, &model->channels[i].ends[1], &model->channels[i].ends[0]);
    }
    check_irqs(&check);
    return check.failures == 0 ? ERR_OK : ERR_UNSUPPORTED;
}
