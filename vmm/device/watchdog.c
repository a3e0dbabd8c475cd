/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/device/watchdog.h"

#include "vmm/platform.h"

#define MS_PER_SECOND 1000u

static uint64_t ms_of(uint64_t ticks)
{
    const uint64_t hz = platform_counter_hz();

    return ticks / hz * MS_PER_SECOND + ticks % hz * MS_PER_SECOND / hz;
}

static uint64_t ticks_of(uint64_t ms)
{
    const uint64_t hz = platform_counter_hz();

    return ms / MS_PER_SECOND * hz + ms % MS_PER_SECOND * hz / MS_PER_SECOND;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void watchdog_init(struct watchdog *watchdog, const struct vmm_device_config *config, struct irq_line *line)
{
    *watchdog = (struct watchdog){.line = line,
                                  .limit_ms = config->u.watchdog.limit_ms,
                                  .boot_ms = config->u.watchdog.boot_ms,
                                  .signal_at = PLATFORM_NEVER,
                                  .end_at = PLATFORM_NEVER};
}

static void switch_off(struct watchdog *watchdog)
{
    watchdog->status &= ~(uint32_t)WATCHDOG_EN;
    watchdog->signal_at = PLATFORM_NEVER;
    watchdog->end_at = PLATFORM_NEVER;
}

/* An explicit refresh: a store to WRR, WCS or WOR. */
static void refresh(struct watchdog *watchdog)
{
    const uint64_t now = platform_milliseconds();
    const uint64_t stage_ms = ms_of(watchdog->wor);

    watchdog->guest_has_begun = true;
    watchdog->status &= ~(uint32_t)(WATCHDOG_WS0 | WATCHDOG_WS1);
    irq_line_set(watchdog->line, false);
    if ((watchdog->status & WATCHDOG_EN) == 0) {
        switch_off(watchdog);
        return;
    }
    watchdog->signal_at = now + stage_ms;
    watchdog->end_at = now + smaller(2 * stage_ms, watchdog->limit_ms);
}

void watchdog_start(struct watchdog *watchdog)
{
    irq_line_set(watchdog->line, false);
    watchdog->wor = (uint32_t)smaller(ticks_of(watchdog->limit_ms / 2), UINT32_MAX);
    watchdog->status = WATCHDOG_EN | (watchdog->ended ? WATCHDOG_WS1 : 0u);
    watchdog->guest_has_begun = false;
    watchdog->ended = false;
    watchdog->signal_at = PLATFORM_NEVER;
    watchdog->end_at = platform_milliseconds() + watchdog->boot_ms;
}

void watchdog_stop(struct watchdog *watchdog)
{
    switch_off(watchdog);
}

void watchdog_delay(struct watchdog *watchdog, uint64_t milliseconds)
{
    if (watchdog->signal_at != PLATFORM_NEVER) {
        watchdog->signal_at += milliseconds;
    }
    if (watchdog->end_at != PLATFORM_NEVER) {
        watchdog->end_at += milliseconds;
    }
}

uint64_t watchdog_due(const struct watchdog *watchdog)
{
    return smaller(watchdog->signal_at, watchdog->end_at);
}

bool watchdog_expire(struct watchdog *watchdog)
{
    const uint64_t now = platform_milliseconds();

    if (now >= watchdog->signal_at) {
        watchdog->signal_at = PLATFORM_NEVER;
        watchdog->status |= WATCHDOG_WS0;
        irq_line_set(watchdog->line, true);
    }
    if (now < watchdog->end_at) {
        return false;
    }
    switch_off(watchdog);
    watchdog->ended = true;
    return true;
}

/* The counter's value at which the next signal rises. */
static uint64_t compare_value(const struct watchdog *watchdog)
{
    const uint64_t due = watchdog_due(watchdog);

    return due == PLATFORM_NEVER ? 0 : ticks_of(due);
}

static uint64_t read_control(const struct watchdog *watchdog, uint64_t offset)
{
    switch (offset) {
    case WATCHDOG_WCS:
        return watchdog->status;
    case WATCHDOG_WOR:
        return watchdog->wor;
    case WATCHDOG_WCV_LOW:
        return (uint32_t)compare_value(watchdog);
    case WATCHDOG_WCV_HIGH:
        return compare_value(watchdog) >> 32;
    default:
        return 0; /* W_IIDR too: version 0 */
    }
}

static void write_control(struct watchdog *watchdog, uint64_t offset, uint64_t value)
{
    switch (offset) {
    case WATCHDOG_WCS:
        watchdog->status = (watchdog->status & ~(uint32_t)WATCHDOG_EN) | ((uint32_t)value & WATCHDOG_EN);
        refresh(watchdog);
        break;
    case WATCHDOG_WOR:
        watchdog->wor = (uint32_t)value;
        refresh(watchdog);
        break;
    default:
        break; /* WCV too: when the guest ends is not for it to say */
    }
}

enum mmio_result watchdog_access(void *context, struct mmio_access *access)
{
    struct watchdog *watchdog = context;
    const bool is_control = access->offset < WATCHDOG_FRAME_BYTES;

    if (access->width_bytes != 4 || (access->offset & 3) != 0) {
        return MMIO_DONE;
    }
    if (!access->is_write) {
        access->value = is_control ? read_control(watchdog, access->offset) : 0;
    } else if (is_control) {
        write_control(watchdog, access->offset, access->value);
    } else if (access->offset - WATCHDOG_FRAME_BYTES == WATCHDOG_WRR) {
        refresh(watchdog);
    }
    return MMIO_DONE;
}
