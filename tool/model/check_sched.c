/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "boards/board.h"
#include "kernel/include/sysdesc.h"
#include "tool/model/check.h"

static void check_budget(struct diag *diag, struct loc loc, const char *kind, const char *name,
                         uint64_t budget, uint64_t period)
{
    if (budget > period) {
        diag_error(diag, loc, "%s \"%s\": its period of %llu us is smaller than its budget of %llu us", kind,
                   name, (unsigned long long)period, (unsigned long long)budget);
    }
}

static void check_core(const struct model *model, struct diag *diag, struct loc loc, const char *name,
                       uint32_t core)
{
    uint32_t cores =
        model->board->core_count < SYSDESC_MAX_CORES ? model->board->core_count : SYSDESC_MAX_CORES;

    if (core >= cores) {
        diag_error(diag, loc, "\"%s\": cpu=\"%u\": board %s has cores 0 to %u", name, core,
                   model->board->name, cores - 1);
    }
}

/* A guest that its VMM cannot interrupt keeps what comes for it from being delivered. The same priority is what both have
   that say nothing of it: they take turns, as Microkit has it. */
static void check_vm(const struct model *model, struct diag *diag, const struct model_pd *pd)
{
    const struct model_vm *vm = pd->vm;

    check_budget(diag, vm->loc, "virtual machine", vm->name, vm->budget_us, vm->period_us);
    for (size_t i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i].core != pd->core) { /* else it was checked with the VMM's */
            check_core(model, diag, vm->vcpus[i].loc, vm->name, vm->vcpus[i].core);
        }
    }
    if (vm->priority > pd->priority) {
        diag_error(diag, vm->loc,
                   "virtual machine \"%s\" has priority %u; it must not be above the %u of its VMM \"%s\"",
                   vm->name, vm->priority, pd->priority, pd->name);
    }
}

/* Whether it is a <channel>, whose ends have places of their own, and not part of another element. */
static bool is_written(const struct model_channel *channel)
{
    return memcmp(&channel->loc, &channel->ends[0].loc, sizeof(channel->loc)) != 0;
}

static void check_calls(const struct model_channel *channel, struct diag *diag)
{
    for (size_t i = 0; i < 2; i++) {
        const struct model_channel_end *caller = &channel->ends[i];
        const struct model_channel_end *callee = &channel->ends[1 - i];

        if (caller->pp && callee->pd->passive && caller->pd->core != callee->pd->core) {
            diag_error(diag, caller->loc,
                       "%s\"%s\" (core %u) cannot call \"%s\" (core %u): a passive protection domain runs on "
                       "its caller's core; place both on one (cpu=), or give it a budget (passive=\"false\")",
                       is_written(channel) ? "<end>: " : "", caller->pd->name, caller->pd->core,
                       callee->pd->name, callee->pd->core);
        }
        if (caller->pp && !callee->pp && caller->pd != callee->pd &&
            caller->pd->priority >= callee->pd->priority) {
            diag_error(diag, caller->loc,
                       "%s\"%s\" (priority %u) cannot call \"%s\" (priority %u): calls go to strictly higher "
                       "priority",
                       is_written(channel) ? "<end>: " : "", caller->pd->name, caller->pd->priority,
                       callee->pd->name, callee->pd->priority);
            diag_note(diag, callee->pd->loc, "\"%s\" is here", callee->pd->name);
        }
    }
}

static void check_limits(const struct model *model, struct diag *diag)
{
    size_t vcpus = 0;

    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_vm *vm = model->pds[i]->vm;

        vcpus += vm == NULL ? 0 : vm->vcpu_count;
        if (vm != NULL && vcpus > SYSDESC_MAX_VCPUS && vcpus - vm->vcpu_count <= SYSDESC_MAX_VCPUS) {
            diag_error(diag, vm->loc, "virtual machine \"%s\" is beyond the limit of %u vCPUs", vm->name,
                       SYSDESC_MAX_VCPUS);
        }
    }
    if (model->pd_count > SYSDESC_MAX_PDS) {
        diag_error(diag, model->pds[SYSDESC_MAX_PDS]->loc,
                   "protection domain \"%s\" is beyond the limit of %u; the system has %zu",
                   model->pds[SYSDESC_MAX_PDS]->name, SYSDESC_MAX_PDS, model->pd_count);
    }
}

void check_sched(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        check_budget(diag, pd->loc, "protection domain", pd->name, pd->budget_us, pd->period_us);
        check_core(model, diag, pd->loc, pd->name, pd->core);
        if (pd->vm != NULL) {
            check_vm(model, diag, pd);
        }
    }
    for (size_t i = 0; i < model->channel_count; i++) {
        check_calls(&model->channels[i], diag);
    }
    check_limits(model, diag);
}
