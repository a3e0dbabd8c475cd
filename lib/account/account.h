/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A service's side of accounts: for which VM it works.
 *
 * A PD that serves several guests calls account_enter() whenever it turns to another one's work. The bundled
 * kernel has the guests pay by that (kernel/include/sysdesc.h, SYSDESC_ACCOUNT_WORD); a change costs no call.
 * Without a page for the counts, on other kernels, nothing is counted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/include/sysdesc.h"

/** Nobody's work: the rest, which is for who made the PD work. */
#define ACCOUNT_NOBODY SYSDESC_ACCOUNT_NOBODY

struct account {
    uint64_t *words;         /**< the IPC buffer; NULL: nothing is counted */
    uint64_t (*clock)(void); /**< ticks of CNTVCT_EL0 */
    uint64_t since;          /**< when `client` was entered */
    uint32_t client;
};

/** The page that the kernel looks at, or NULL: account_page_kernel.c, account_page_none.c. */
uint64_t *account_page(void);

/** Nobody's work so far. `page`: account_page(); `clock`: clock_ticks(). All zeros is an account without a
 * page. */
static inline void account_init(struct account *account, uint64_t *page, uint64_t (*clock)(void))
{
    *account = (struct account){.words = page, .clock = clock, .client = ACCOUNT_NOBODY};
    if (page != NULL) {
        __atomic_store_n(&page[SYSDESC_ACCOUNT_WORD], ACCOUNT_NOBODY, __ATOMIC_RELAXED);
    }
}

/* What the kernel takes while this PD does not run, maybe between two steps: then a little is divided
 * wrongly, once. */
static inline void account_add(uint64_t *words, uint32_t client, uint64_t used)
{
    uint64_t *ticks = &words[SYSDESC_ACCOUNT_TICKS_WORD + client];
    const uint64_t clients = __atomic_load_n(&words[SYSDESC_ACCOUNTS_WORD], __ATOMIC_RELAXED);

    __atomic_store_n(ticks, __atomic_load_n(ticks, __ATOMIC_RELAXED) + used, __ATOMIC_RELAXED);
    __atomic_store_n(&words[SYSDESC_ACCOUNTS_WORD], clients | 1ull << client, __ATOMIC_RELAXED);
}

/** From now on the PD works for the client with this channel, or for ACCOUNT_NOBODY. Others: nobody. */
static inline void account_enter(struct account *account, uint32_t client)
{
    uint64_t *words = account->words;

    if (words == NULL || client == account->client) {
        return;
    }
    const uint64_t now = account->clock();

    if (account->client < ACCOUNT_NOBODY) {
        account_add(words, account->client, now - account->since);
    }
    account->client = client < ACCOUNT_NOBODY ? client : ACCOUNT_NOBODY;
    account->since = now;
    __atomic_store_n(&words[SYSDESC_ACCOUNT_WORD], account->client, __ATOMIC_RELAXED);
}
