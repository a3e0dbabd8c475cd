/* SPDX-License-Identifier: BSD-2-Clause */
/** Reports how much of a second others have run, in thousandths: what it sees of time that passed without it.
 */
#include <microkit.h>
#include <stdint.h>

#include "lib/base/clock.h"

/* A jump of the counter longer than this between two readings was somebody else's time. */
#define GAP_MICROSECONDS 20u

void init(void)
{
    uint64_t hz = clock_hz();
    uint64_t start = clock_ticks();
    uint64_t last = start;
    uint64_t others = 0;

    while (last - start < hz) {
        uint64_t now = clock_ticks();

        if (now - last > hz / 1000000 * GAP_MICROSECONDS) {
            others += now - last;
        }
        last = now;
    }
    microkit_dbg_puts("others ran ");
    microkit_dbg_put32((uint32_t)(others * 1000 / hz));
    microkit_dbg_puts(" thousandths\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
