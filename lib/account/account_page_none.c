/* SPDX-License-Identifier: BSD-2-Clause */
/* Microkit's kernels know no accounts. */
#include "lib/account/account.h"

uint64_t *account_page(void)
{
    return NULL;
}
