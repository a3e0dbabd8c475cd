/* SPDX-License-Identifier: BSD-2-Clause */
/* What joins PDs and VMs besides channels: doorbells, posted interrupts, and what only one PD can have. */
#include "kernel/include/sysdesc.h"
#include "tool/model/check.h"

#define FIRST_PPI 16u

/* Whether the PD's channel leads to the VMM: a guest reaches no more than its VMM does. */
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

/* Read-only memory is no hindrance: the store that rings is not let through. */
static void check_doorbell_maps(const struct model_vm *vm, const struct model_doorbell *doorbell,
                                struct diag *diag)
{
    for (size_t i = 0; i < vm->map_count; i++) {
        const struct model_map *map = &vm->maps[i];

        if ((map->perms & MODEL_WRITE) != 0 && doorbell->gpa >= map->vaddr &&
            doorbell->gpa - map->vaddr < map->mr->size_bytes) {
            diag_error(diag, map->loc,
                       "VM \"%s\": memory region \"%s\", which it can write, covers the doorbell at 0x%llx",
                       vm->name, map->mr->name, (unsigned long long)doorbell->gpa);
        }
    }
}

static void check_doorbell(const struct model *model, const struct model_pd *vmm,
                           const struct model_doorbell *doorbell, struct diag *diag)
{
    const struct model_vm *vm = vmm->vm;
    const uint32_t width = doorbell->width_bytes;
    const bool is_own = doorbell->own_channel && doorbell->pd == vmm;

    check_doorbell_maps(vm, doorbell, diag);
    if (doorbell->delay_us > UINT16_MAX) {
        diag_error(diag, vm->loc,
                   "VM \"%s\": the doorbell at 0x%llx may be late by %u us; at most %u are possible",
                   vm->name, (unsigned long long)doorbell->gpa, doorbell->delay_us, UINT16_MAX);
    }
    if (width > 8 || (width & (width - 1)) != 0) {
        diag_error(diag, vm->loc, "VM \"%s\": the doorbell at 0x%llx is %u bytes wide, not 1, 2, 4 or 8",
                   vm->name, (unsigned long long)doorbell->gpa, width);
    }
    if (!doorbell->ignore && !is_own && !is_channel_to(model, doorbell->pd, doorbell->channel, vmm)) {
        diag_error(
            diag, vm->loc,
            "VM \"%s\": the doorbell at 0x%llx notifies channel %u of \"%s\", which is none that joins "
            "it with \"%s\"",
            vm->name, (unsigned long long)doorbell->gpa, doorbell->channel,
            doorbell->pd != NULL ? doorbell->pd->name : "nobody", vmm->name);
    }
}

static void check_post(const struct model *model, const struct model_pd *pd, const struct model_post *post,
                       struct diag *diag)
{
    const char *target = post->vmm->name;

    if (post->vmm->vm == NULL || post->vmm->vm->vcpu_count == 0) {
        diag_error(diag, post->loc,
                   "posted interrupt from \"%s\" to \"%s\": there is no virtual machine there", pd->name,
                   target);
    }
    if ((post->virq != 0 && post->virq < FIRST_PPI) || post->virq >= SYSDESC_MAX_IRQ ||
        post->delay_us > UINT16_MAX) {
        diag_error(diag, post->loc,
                   "posted interrupt from \"%s\" to \"%s\": %u, late by up to %u us, is not one from %u to "
                   "%u, late by up to %u us",
                   pd->name, target, post->virq, post->delay_us, FIRST_PPI, SYSDESC_MAX_IRQ - 1, UINT16_MAX);
    }
    if (pd == post->vmm || !is_channel_to(model, pd, post->channel, post->vmm)) {
        diag_error(diag, post->loc,
                   "posted interrupt from \"%s\" to \"%s\": channel %u is none that joins the two", pd->name,
                   target, post->channel);
    }
}

static void check_counts(const struct model *model, struct diag *diag)
{
    size_t klog_readers = 0;
    size_t trace_readers = 0;
    size_t seeded = 0;
    size_t posts = 0;
    size_t doorbells = 0;

    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        doorbells += pd->vm != NULL ? pd->vm->doorbell_count : 0;
        posts += pd->post_count;
        klog_readers += pd->klog_reader ? 1 : 0;
        trace_readers += pd->trace != NULL ? 1 : 0;
        seeded += pd->gets_seed ? 1 : 0;
    }
    if (posts > SYSDESC_MAX_POSTS || doorbells > SYSDESC_MAX_DOORBELLS) {
        diag_error(diag, (struct loc){0},
                   "%zu posted interrupts and %zu doorbells; the kernel takes up to %u and %u", posts,
                   doorbells, SYSDESC_MAX_POSTS, SYSDESC_MAX_DOORBELLS);
    }
    if (seeded > 1) {
        diag_error(diag, (struct loc){0},
                   "%zu protection domains get the firmware's random seed; only one can", seeded);
    }
    if (trace_readers > 1) {
        diag_error(diag, (struct loc){0}, "%zu protection domains read the kernel's events; only one can",
                   trace_readers);
    }
    if (klog_readers > 1) {
        diag_error(diag, (struct loc){0}, "%zu protection domains read the kernel's log; only one can",
                   klog_readers);
    }
}

void check_wiring(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        for (size_t j = 0; pd->vm != NULL && j < pd->vm->doorbell_count; j++) {
            check_doorbell(model, pd, &pd->vm->doorbells[j], diag);
        }
        for (size_t j = 0; j < pd->post_count; j++) {
            check_post(model, pd, &pd->posts[j], diag);
        }
    }
    check_counts(model, diag);
}
