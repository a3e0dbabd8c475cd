/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer PD: wakes the disks' drivers and server, switches, and VMMs (for watchdogs, clocks, restarts that
 * wait, and on seL4 guests that sleep) in time; and knows the time of day.
 */
#include <microkit.h>

#include <stdbool.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/config/timer_config.h"
#include "pd/timer/cntp.h"
#include "pd/timer/timer.h"

/* The tool overwrites this section in its copy of the ELF. Not static: the compiler must not know the value.
 */
PD_CONFIG(timer_config, timer_config, TIMER_CONFIG_SECTION) = {
    .header = {TIMER_CONFIG_MAGIC, TIMER_CONFIG_VERSION, 0, sizeof(struct timer_config), 0},
};

const struct log_sink log_sink = {microkit_name, microkit_dbg_puts};

static struct timer timer;
static bool usable;
static struct log_limit complaints;
static bool knows_time_of_day;
static uint64_t epoch_ms; /* the time of day when the counter was 0, modulo 2^64 */

/* Notify whose time has come and set the hardware to the next; again if that has passed meanwhile. */
static void serve(void)
{
    uint64_t now = clock_ticks();

    do {
        for (uint64_t expired = timer_expire(&timer, now); expired != 0; expired &= expired - 1) {
            microkit_notify((microkit_channel)__builtin_ctzll(expired));
        }
        now = clock_ticks();
    } while (timer_next(&timer) <= now);
    cntp_set(timer_next(&timer));
}

/* The register says when a second has begun, but not how long ago. */
#define HALF_A_SECOND_MS 500u

/* Once for all: whoever asks hears the same, and the board's clock may be slow to read. */
static void read_time_of_day(void)
{
    if (timer_config.rtc != 0) {
        const uint64_t seconds =
            *(const volatile uint32_t *)(uintptr_t)(timer_config.rtc + timer_config.rtc_offset);

        epoch_ms = seconds * 1000 + HALF_A_SECOND_MS - clock_milliseconds();
        knows_time_of_day = true;
    }
}

void init(void)
{
    if (!config_is_valid(&timer_config.header, TIMER_CONFIG_MAGIC, TIMER_CONFIG_VERSION,
                         sizeof timer_config) ||
        timer_config.client_count > TIMER_MAX_CLIENTS ||
        timer_init(&timer, timer_config.clients, timer_config.client_count) != ERR_OK) {
        log_error("no valid configuration: build the image with `causeway build`");
        return;
    }
    usable = true;
    read_time_of_day();
    cntp_set(TIMER_NEVER);
    microkit_irq_ack(timer_config.irq_channel);
}

static bool is_guarded(void)
{
    return timer_config.guard_channel != TIMER_NO_GUARD;
}

void notified(microkit_channel ch)
{
    bool ack = false;

    if (!usable) {
        return;
    }
    if (ch == timer_config.irq_channel) {
        ack = !is_guarded() || timer_interrupt(&timer, clock_ticks());
        if (!ack) {
            log_warn_limited(&complaints, "the physical timer interrupts without cause: a guest sets it");
        }
    } else if (is_guarded() && ch == timer_config.guard_channel) {
        ack = timer_visit(&timer);
    }
    serve();
    if (ack) {
        microkit_irq_ack(timer_config.irq_channel);
    }
}

static microkit_msginfo tell_time_of_day(microkit_msginfo request)
{
    if (!knows_time_of_day || microkit_msginfo_get_count(request) != 0) {
        return microkit_msginfo_new(TIMER_INVALID, 0);
    }
    microkit_mr_set(0, epoch_ms);
    return microkit_msginfo_new(TIMER_OK, 1);
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    if (usable && microkit_msginfo_get_label(msginfo) == TIMER_CLOCK) {
        return tell_time_of_day(msginfo);
    }
    if (!usable || microkit_msginfo_get_label(msginfo) != TIMER_SET ||
        microkit_msginfo_get_count(msginfo) != 1 || timer_set(&timer, ch, microkit_mr_get(0)) != ERR_OK) {
        return microkit_msginfo_new(TIMER_INVALID, 0);
    }
    serve();
    return microkit_msginfo_new(TIMER_OK, 0);
}
