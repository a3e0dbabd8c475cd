/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/restart/restart.h"

static uint32_t next_wait(uint32_t wait_ms, const struct restart_policy *policy)
{
    const uint64_t doubled = wait_ms == 0 ? policy->backoff_ms : 2ull * wait_ms;

    return doubled < policy->backoff_max_ms ? (uint32_t)doubled : policy->backoff_max_ms;
}

enum err restart_take(struct restart *restart, const struct restart_policy *policy, uint64_t now_ms,
                      uint32_t *wait_ms)
{
    if (restart->count == 0 || now_ms - restart->window_start_ms >= policy->window_ms) {
        restart->window_start_ms = now_ms;
        restart->count = 0;
    }
    if (policy->limit != 0 && restart->count >= policy->limit) {
        return ERR_SPACE;
    }
    /* It may have been taken back before its wait was over, so that the last one lies ahead. */
    if (now_ms >= restart->last_ms && now_ms - restart->last_ms >= policy->window_ms) {
        restart->wait_ms = 0;
    }
    restart->count += restart->count < UINT32_MAX;
    *wait_ms = restart->wait_ms;
    restart->last_ms = now_ms + restart->wait_ms;
    if (policy->backoff_ms != 0) {
        restart->wait_ms = next_wait(restart->wait_ms, policy);
    }
    return ERR_OK;
}
