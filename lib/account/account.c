/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts a service's time by client, where the bundled kernel looks for it. */
#include "lib/account/account.h"

#include <stddef.h>

static void store(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

void account_init(struct account *account, uint64_t *words, uint64_t (*clock)(void))
{
    *account = (struct account){.words = words, .clock = clock, .client = ACCOUNT_NOBODY};
    if (words != NULL) {
        store(&words[SYSDESC_ACCOUNT_WORD], ACCOUNT_NOBODY);
    }
}

/* The kernel looks while this PD does not run. If that is between these steps, a little is divided wrongly
 * once. */
void account_enter(struct account *account, uint32_t client)
{
    uint64_t *words = account->words;

    if (words == NULL || client == account->client) {
        return;
    }
    const uint64_t now = account->clock();

    if (account->client < ACCOUNT_NOBODY) {
        uint64_t *ticks = &words[SYSDESC_ACCOUNT_TICKS_WORD + account->client];

        store(ticks, load(ticks) + now - account->since);
        store(&words[SYSDESC_ACCOUNTS_WORD], load(&words[SYSDESC_ACCOUNTS_WORD]) | 1ull << account->client);
    }
    account->client = client < ACCOUNT_NOBODY ? client : ACCOUNT_NOBODY;
    account->since = now;
    store(&words[SYSDESC_ACCOUNT_WORD], account->client);
}
