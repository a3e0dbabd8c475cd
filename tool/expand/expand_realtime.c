/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * <guest realtime="true">: the set-up of docs/realtime.md. What works for other guests goes below the one with deadlines,
 * wherever the description does not say a priority of its own; and what nevertheless makes it wait is named.
 */
#include <stddef.h>
#include <string.h>

#include "tool/expand/expand.h"

/* Priorities of services and VMMs of others are that much lower than by default, so their order stays. */
#define LOWERED_BY 80u
/* Below its VMM, above all that is lowered. */
#define GUEST_PRIORITY 190u

/* Where an element keeps a priority that is lowered. */
struct place {
    const struct element_spec *element;
    const char *attribute;
    size_t offset;
};

static const struct place places[] = {
    {&lang_serial, "priority", offsetof(struct desc_serial, mux.priority)},
    {&lang_serial, "driver_priority", offsetof(struct desc_serial, driver.priority)},
    {&lang_switch, "priority", offsetof(struct desc_switch, options.priority)},
    {&lang_block_server, "priority", offsetof(struct desc_block_server, options.priority)},
    {&lang_disk, "driver_priority", offsetof(struct desc_disk, driver.priority)},
    {&lang_stats, "priority", offsetof(struct desc_stats, options.priority)},
    {&lang_guest, "vmm_priority", offsetof(struct desc_guest, vmm.priority)},
};

static bool is_realtime(const struct node *node)
{
    return node->spec == &lang_guest && ((const struct desc_guest *)node->fields)->realtime;
}

void expand_realtime_lower(const struct expand *expand, struct node *node)
{
    if (!expand->realtime || is_realtime(node)) {
        return;
    }
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i].element == node->spec && !node_has(node, places[i].attribute)) {
            *(uint64_t *)(void *)((char *)node->fields + places[i].offset) -= LOWERED_BY;
        }
    }
}

void expand_realtime(struct expand *expand)
{
    for (size_t i = 0; i < expand->root->child_count; i++) {
        struct node *node = expand->root->children[i];

        if (is_realtime(node)) {
            expand->realtime = true;
            if (!node_has(node, "priority")) {
                ((struct desc_guest *)node->fields)->priority = GUEST_PRIORITY;
            }
        }
    }
    for (size_t i = 0; i < expand->root->child_count; i++) {
        expand_realtime_lower(expand, expand->root->children[i]);
    }
}

/* Those that run for a moment at a time, and whose callers have to be below them. */
static bool is_short(const struct expand *expand, const struct model_pd *pd)
{
    return pd == expand->entropy_pd || pd == expand->timer_pd || pd == expand->supervisor_pd ||
           pd == expand->timer_guard_pd;
}

static void warn_of(const struct expand *expand, const struct model_vm *vm, const char *kind,
                    const char *name, struct loc loc, uint32_t priority)
{
    diag_warning(
        expand->diag, loc,
        "%s \"%s\" has priority %u: guest \"%s\" with realtime=\"true\" (priority %u) waits while it runs",
        kind, name, priority, vm->name, vm->priority);
    diag_note(expand->diag, vm->loc, "the guest is here");
}

static void check_others(const struct expand *expand, const struct model_pd *vmm)
{
    for (size_t i = 0; i < expand->model->pd_count; i++) {
        const struct model_pd *pd = expand->model->pds[i];

        if (pd == vmm) {
            continue;
        }
        if (pd->vm != NULL && pd->vm->priority >= vmm->vm->priority) {
            warn_of(expand, vmm->vm, "guest", pd->vm->name, pd->vm->loc, pd->vm->priority);
        } else if (pd->priority >= vmm->vm->priority && !is_short(expand, pd)) {
            warn_of(expand, vmm->vm, pd->vm != NULL ? "VMM" : "protection domain", pd->name, pd->loc,
                    pd->priority);
        }
    }
}

/* A VMM calls its switches, so they have to be above it; a disk's requests are served when the guest sleeps. */
static void check_device(const struct expand *expand, const struct model_pd *vmm, const struct node *device)
{
    if (device->spec == &lang_net) {
        diag_warning(
            expand->diag, device->loc,
            "<net>: guest \"%s\" has realtime=\"true\": a card takes a switch above its VMM (<switch "
            "priority=\"%u\"> or more), and then the guest waits for what that does for others",
            vmm->vm->name, vmm->priority + 1);
    } else if (device->spec == &lang_block) {
        diag_warning(expand->diag, device->loc,
                     "<block>: guest \"%s\" has realtime=\"true\", but its requests are handled below its "
                     "priority of %u: "
                     "they have no deadlines",
                     vmm->vm->name, vmm->vm->priority);
    }
}

static void check_guest(const struct expand *expand, const struct node *node, const struct model_pd *vmm)
{
    if (vmm->vm->budget_us < vmm->vm->period_us) {
        diag_warning(expand->diag, node_loc(node, "budget"),
                     "<guest>: realtime=\"true\" with a budget of %llu us in %llu: what uses it up has to "
                     "wait for the rest "
                     "of the period",
                     (unsigned long long)vmm->vm->budget_us, (unsigned long long)vmm->vm->period_us);
    }
    check_others(expand, vmm);
    for (size_t i = 0; i < node->child_count; i++) {
        check_device(expand, vmm, node->children[i]);
    }
}

void expand_realtime_check(const struct expand *expand)
{
    for (size_t i = 0; i < expand->root->child_count; i++) {
        const struct node *node = expand->root->children[i];
        const struct desc_guest *desc = node->fields;

        for (size_t j = 0; is_realtime(node) && desc->name != NULL && j < expand->model->pd_count; j++) {
            const struct model_pd *pd = expand->model->pds[j];

            if (pd->vm != NULL && strcmp(pd->vm->name, desc->name) == 0) {
                check_guest(expand, node, pd);
            }
        }
    }
}
