/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer PD: it wakes the disks' drivers and server, monitors and switches. */
#include "tool/expand.h"

#include "lib/config/timer_config.h"
#include "tool/mem.h"

#define TIMER_NAME "timer"
#define TIMER_PROGRAM "timer.elf"
/* Above every client, whose calls it serves in a few hundred instructions. */
#define TIMER_PRIORITY 254u
#define TIMER_BUDGET_US 1000u
#define TIMER_STACK_BYTES 0x1000u
/* The EL1 physical timer's interrupt (Arm BSA: PPI 14), which no kernel below uses. */
#define TIMER_INTID 30u
#define GUARD_NAME "timer_guard"
#define GUARD_PROGRAM "timer_guard.elf"
/* Far more than it needs, and what a period is to be longer than. */
#define GUARD_BUDGET_US 100u

/* See lib/config/timer_config.h. */
static bool add_guard(struct expand *expand, struct loc loc)
{
    struct model_pd *pd = model_add_pd(expand->model, GUARD_NAME, loc);
    uint32_t *timer_id = &expand->timer_config.guard_channel;

    pd->priority = TIMER_PRIORITY;
    pd->budget_us = GUARD_BUDGET_US;
    pd->period_us = TIMER_GUARD_PERIOD_US;
    pd->stack_bytes = TIMER_STACK_BYTES;
    pd->program_image = mem_strdup(GUARD_PROGRAM);
    if (!expand_channel_id(expand, expand->timer_pd, loc, timer_id)) {
        return false;
    }

    struct model_channel *link = model_add_channel(expand->model, loc);

    link->ends[0] =
        (struct model_channel_end){.pd = pd, .loc = loc, .id = TIMER_GUARD_CHANNEL, .notify = true};
    link->ends[1] = (struct model_channel_end){.pd = expand->timer_pd, .loc = loc, .id = *timer_id};
    return true;
}

static bool add_timer(struct expand *expand, struct loc loc)
{
    struct model_pd *pd = model_add_pd(expand->model, TIMER_NAME, loc);

    pd->priority = TIMER_PRIORITY;
    pd->budget_us = TIMER_BUDGET_US;
    pd->period_us = TIMER_BUDGET_US;
    pd->stack_bytes = TIMER_STACK_BYTES;
    pd->program_image = mem_strdup(TIMER_PROGRAM);
    expand->timer_pd = pd;
    if (!expand_channel_id(expand, pd, loc, &expand->timer_config.irq_channel)) {
        return false;
    }
    (void)model_add_irq(pd, TIMER_INTID, expand->timer_config.irq_channel);
    expand->timer_config.guard_channel = TIMER_NO_GUARD;
    return !expand->options->microkit || add_guard(expand, loc);
}

bool expand_timer_connect(struct expand *expand, struct loc loc, struct model_pd *client, uint32_t *channel)
{
    struct timer_config *config = &expand->timer_config;
    uint32_t timer_id;

    if ((expand->timer_pd == NULL && !add_timer(expand, loc)) ||
        !expand_channel_id(expand, client, loc, channel) ||
        !expand_channel_id(expand, expand->timer_pd, loc, &timer_id)) {
        return false;
    }

    struct model_channel *link = model_add_channel(expand->model, loc);

    link->ends[0] = (struct model_channel_end){.pd = client, .loc = loc, .id = *channel, .pp = true};
    link->ends[1] =
        (struct model_channel_end){.pd = expand->timer_pd, .loc = loc, .id = timer_id, .notify = true};
    config->clients[config->client_count++] = timer_id;
    return true;
}

void expand_timer_finish(struct expand *expand)
{
    if (expand->timer_pd != NULL) {
        expand_config_header(&expand->timer_config.header, TIMER_CONFIG_MAGIC, TIMER_CONFIG_VERSION,
                             sizeof(expand->timer_config));
        (void)model_add_config(expand->timer_pd, TIMER_CONFIG_SECTION, &expand->timer_config,
                               sizeof(expand->timer_config));
    }
}
