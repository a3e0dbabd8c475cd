/* SPDX-License-Identifier: BSD-2-Clause */
/* The timer PD: it wakes the disks' drivers and server, VMMs and switches. */
#include "tool/expand/expand.h"

#include "boards/board.h"
#include "lib/config/timer_config.h"

#define TIMER_NAME "timer"
#define GUARD_NAME "timer_guard"
/* The EL1 physical timer's interrupt (Arm BSA: PPI 14), which no kernel below uses. */
#define TIMER_INTID 30u
/* Above every client. */
#define TIMER_PRIORITY 254u

/* It serves calls in a few hundred instructions. */
static const struct desc_pd_options timer_options = {
    .priority = TIMER_PRIORITY, .budget = 1000, .stack_size = 0x1000, .program = "timer.elf"};
/* The budget is far more than it needs, and the period must be longer than the budget. */
static const struct desc_pd_options guard_options = {.priority = TIMER_PRIORITY,
                                                     .budget = 100,
                                                     .period = TIMER_GUARD_PERIOD_US,
                                                     .stack_size = 0x1000,
                                                     .program = "timer_guard.elf"};

/* See lib/config/timer_config.h. */
static bool add_guard(struct expand *expand, struct loc loc)
{
    struct model_pd *pd = expand_add_pd(expand, GUARD_NAME, loc, &guard_options);
    uint32_t *timer_id = &expand->timer_config.guard_channel;

    expand->timer_guard_pd = pd;

    if (!expand_channel_id(expand, expand->timer_pd, loc, timer_id)) {
        return false;
    }

    struct model_channel *link = model_add_channel(expand->model, loc);

    link->ends[0] =
        (struct model_channel_end){.pd = pd, .loc = loc, .id = TIMER_GUARD_CHANNEL, .notify = true};
    link->ends[1] = (struct model_channel_end){.pd = expand->timer_pd, .loc = loc, .id = *timer_id};
    return true;
}

static void map_clock(struct expand *expand, struct loc loc)
{
    const struct board_range *range = &expand->model->board->rtc.range;
    struct timer_config *config = &expand->timer_config;

    if (range->bytes == 0 || expand->clock_is_taken) {
        return;
    }

    struct model_mr *registers = model_add_mr(expand->model, range->name, loc);

    registers->kind = MODEL_MR_DEVICE;
    registers->size_bytes = range->bytes;
    registers->has_phys_addr = true;
    registers->phys_addr = range->base;
    config->rtc =
        expand_free_vaddr(expand->timer_pd, EXPAND_SMALL_BASE, registers->size_bytes, MODEL_PAGE_BYTES);
    config->rtc_offset = expand->model->board->rtc.seconds_offset;
    model_add_pd_map(expand->timer_pd, registers, config->rtc, MODEL_READ)->cached = false;
}

static bool add_timer(struct expand *expand, struct loc loc)
{
    expand->timer_pd = expand_add_pd(expand, TIMER_NAME, loc, &timer_options);
    if (!expand_channel_id(expand, expand->timer_pd, loc, &expand->timer_config.irq_channel)) {
        return false;
    }
    (void)model_add_irq(expand->timer_pd, TIMER_INTID, expand->timer_config.irq_channel);
    expand->timer_config.guard_channel = TIMER_NO_GUARD;
    map_clock(expand, loc);
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
