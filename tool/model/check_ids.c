/* SPDX-License-Identifier: BSD-2-Clause */
#include "boards/board.h"
#include "kernel/include/sysdesc.h"
#include "tool/model/check.h"

/* Who has taken each id of a PD. */
struct holders {
    struct {
        const char *what; /* NULL: free */
        struct loc loc;
    } of[MODEL_MAX_CHANNELS];
};

static void take(struct diag *diag, struct holders *holders, const struct model_pd *pd, const char *kind,
                 uint32_t id, const char *what, struct loc loc)
{
    if (id >= MODEL_MAX_CHANNELS) {
        diag_error(diag, loc, "%s id %u in \"%s\" is beyond the highest, %u", kind, id, pd->name,
                   MODEL_MAX_CHANNELS - 1);
    } else if (holders->of[id].what != NULL) {
        diag_error(diag, loc, "%s id %u of \"%s\" is taken", kind, id, pd->name);
        diag_note(diag, holders->of[id].loc, "by %s", holders->of[id].what);
    } else {
        holders->of[id].what = what;
        holders->of[id].loc = loc;
    }
}

/* Channels and interrupts share one id space. */
static void check_channel_ids(const struct model *model, const struct model_pd *pd, struct diag *diag)
{
    struct holders holders = {0};

    for (size_t i = 0; i < pd->irq_count; i++) {
        take(diag, &holders, pd, "channel", pd->irqs[i].channel, "this interrupt", pd->irqs[i].loc);
    }
    for (size_t i = 0; i < model->channel_count; i++) {
        for (size_t j = 0; j < 2; j++) {
            const struct model_channel_end *end = &model->channels[i].ends[j];

            if (end->pd == pd) {
                take(diag, &holders, pd, "channel", end->id, "this channel", end->loc);
            }
        }
    }
    if (pd->klog_reader) {
        take(diag, &holders, pd, "channel", pd->klog_channel, "the kernel's log", pd->loc);
    }
    if (pd->trace != NULL) {
        take(diag, &holders, pd, "channel", pd->trace_channel, "the kernel's events", pd->loc);
    }
}

/* Child PDs and vCPUs share the other. */
static void check_child_ids(const struct model *model, const struct model_pd *pd, struct diag *diag)
{
    struct holders holders = {0};

    for (size_t i = 0; i < model->pd_count; i++) {
        if (model->pds[i]->parent == pd) {
            take(diag, &holders, pd, "child", model->pds[i]->child_id, "this protection domain",
                 model->pds[i]->loc);
        }
    }
    for (size_t i = 0; pd->vm != NULL && i < pd->vm->vcpu_count; i++) {
        take(diag, &holders, pd, "child", pd->vm->vcpus[i].id, "this vCPU", pd->vm->vcpus[i].loc);
    }
}

static void check_channel_ends(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->channel_count; i++) {
        const struct model_channel *channel = &model->channels[i];

        if (channel->ends[0].pd == channel->ends[1].pd) {
            diag_error(diag, channel->loc,
                       "<channel>: both ends are in \"%s\"; a channel joins two protection "
                       "domains",
                       channel->ends[0].pd->name);
        }
        if (channel->ends[0].pp && channel->ends[1].pp) {
            diag_error(diag, channel->loc,
                       "<channel>: both ends have pp=\"true\", but only the one of lower priority can call");
        }
    }
}

static bool is_reserved(const struct model *model, uint32_t intid, const char **what)
{
    *what = intid == model->board->vtimer_irq        ? "the guests' virtual timer"
            : intid == model->board->hyptimer_irq    ? "the kernel's timer"
            : intid == model->board->maintenance_irq ? "the virtual interrupt controller"
                                                     : NULL;
    return *what != NULL;
}

struct irq_owner {
    struct loc loc;
    bool taken;
};

static void take_irq(const struct model *model, struct diag *diag, struct irq_owner *owners, uint32_t intid,
                     struct loc loc)
{
    const char *what;

    if (intid >= 32 + model->board->spi_count || intid >= SYSDESC_MAX_IRQ) {
        diag_error(diag, loc, "<irq>: irq=\"%u\": the interrupts of board %s end at %u", intid,
                   model->board->name, 32 + model->board->spi_count - 1);
    } else if (is_reserved(model, intid, &what)) {
        diag_error(diag, loc, "<irq>: irq=\"%u\" belongs to %s", intid, what);
    } else if (owners[intid].taken) {
        diag_error(diag, loc, "interrupt %u has two owners", intid);
        diag_note(diag, owners[intid].loc, "the other one is here");
    } else {
        owners[intid] = (struct irq_owner){.loc = loc, .taken = true};
    }
}

static void check_irqs(const struct model *model, struct diag *diag)
{
    struct irq_owner owners[SYSDESC_MAX_IRQ] = {0};

    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        for (size_t j = 0; j < pd->irq_count; j++) {
            take_irq(model, diag, owners, pd->irqs[j].intid, pd->irqs[j].loc);
        }
        for (size_t j = 0; pd->vm != NULL && j < pd->vm->direct_irq_count; j++) {
            take_irq(model, diag, owners, pd->vm->direct_irqs[j].intid, pd->vm->direct_irqs[j].loc);
        }
    }
}

void check_ids(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        check_channel_ids(model, model->pds[i], diag);
        check_child_ids(model, model->pds[i], diag);
    }
    check_channel_ends(model, diag);
    check_irqs(model, diag);
}
