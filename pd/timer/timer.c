/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/timer/timer.h"

enum err timer_init(struct timer *timer, const uint32_t *clients, uint32_t client_count)
{
    *timer = (struct timer){0};
    if (client_count > TIMER_CHANNELS) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < client_count; i++) {
        if (clients[i] >= TIMER_CHANNELS) {
            return ERR_RANGE;
        }
        timer->clients |= 1ull << clients[i];
    }
    return ERR_OK;
}

enum err timer_set(struct timer *timer, uint32_t channel, uint64_t deadline)
{
    if (channel >= TIMER_CHANNELS || (timer->clients >> channel & 1) == 0) {
        return ERR_DENIED;
    }
    timer->deadlines[channel] = deadline;
    return ERR_OK;
}

uint64_t timer_next(const struct timer *timer)
{
    uint64_t next = TIMER_NEVER;

    for (uint64_t left = timer->clients; left != 0; left &= left - 1) {
        const uint64_t deadline = timer->deadlines[__builtin_ctzll(left)];
        if (deadline != 0 && deadline < next) {
            next = deadline;
        }
    }
    return next;
}

uint64_t timer_expire(struct timer *timer, uint64_t now)
{
    uint64_t expired = 0;

    for (uint64_t left = timer->clients; left != 0; left &= left - 1) {
        const uint32_t channel = (uint32_t)__builtin_ctzll(left);
        if (timer->deadlines[channel] != 0 && timer->deadlines[channel] <= now) {
            timer->deadlines[channel] = 0;
            expired |= 1ull << channel;
        }
    }
    return expired;
}

bool timer_interrupt(struct timer *timer, uint64_t now)
{
    if (timer_next(timer) <= now) {
        return true;
    }
    timer->strays++;
    timer->held = timer->strays > TIMER_STRAYS;
    return !timer->held;
}

bool timer_visit(struct timer *timer)
{
    const bool held = timer->held;

    timer->strays = 0;
    timer->held = false;
    return held;
}
