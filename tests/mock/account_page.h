/* SPDX-License-Identifier: BSD-2-Clause */
/** The page that the kernel looks at for a service's counts, and a clock that moves on whenever it is read.
 */
#pragma once

#include "lib/account/account.h"

/** Start `account` on a page of zeros; returns the page, the only one. */
static inline uint64_t *account_page_start(struct account *account, uint64_t (*clock)(void))
{
    static uint64_t page[512];

    for (size_t i = 0; i < 512; i++) {
        page[i] = 0;
    }
    account_init(account, page, clock);
    return page;
}

static inline uint64_t account_page_clock(void)
{
    static uint64_t ticks;

    return ticks += 10;
}

/** What client `id` was charged since the last call, and that nobody is entered. */
static inline uint64_t account_page_take(uint64_t *page, uint32_t id)
{
    const uint64_t used = page[SYSDESC_ACCOUNT_TICKS_WORD + id];

    page[SYSDESC_ACCOUNT_TICKS_WORD + id] = 0;
    return page[SYSDESC_ACCOUNT_WORD] == ACCOUNT_NOBODY ? used : UINT64_MAX;
}
