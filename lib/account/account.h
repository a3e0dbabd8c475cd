/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A service's side of accounts: for whom it works.
 *
 * A PD that serves several guests calls account_enter() whenever it turns to another one's work. The bundled
 * kernel has the guests pay by that (kernel/include/sysdesc.h, SYSDESC_ACCOUNT_WORD); a change costs no call.
 * Without a page for the counts, on other kernels, nothing is counted.
 */
#pragma once

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

/** Nobody's work so far. `words`: the PD's IPC buffer, or NULL; `clock`: clock_ticks(). */
void account_init(struct account *account, uint64_t *words, uint64_t (*clock)(void));

/** From now on the PD works for the client with this channel, or for ACCOUNT_NOBODY. Others: nobody. */
void account_enter(struct account *account, uint32_t client);
