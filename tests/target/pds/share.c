/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Runs without end and says once how much of the processor it had. Time between two looks at the counter is
 * its own if it is short, and somebody else's if it is long.
 */
#include <microkit.h>
#include <stdint.h>

#define MEASURED_MS 500u
#define OWN_US 20u

static uint64_t now(void)
{
    uint64_t ticks;

    __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}

static uint64_t frequency(void)
{
    uint64_t hertz;

    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hertz));
    return hertz;
}

static void measure(void)
{
    const uint64_t limit = frequency() * OWN_US / 1000000;
    const uint64_t start = now();
    const uint64_t end = start + frequency() * MEASURED_MS / 1000;
    uint64_t last = start;
    uint64_t own = 0;

    while (last < end) {
        uint64_t next = now();

        if (next - last < limit) {
            own += next - last;
        }
        last = next;
    }
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(" had percent: ");
    microkit_dbg_put32((seL4_Uint32)(own * 100 / (last - start)));
    microkit_dbg_puts("\n");
}

void init(void)
{
    /* Starting is not measured: everybody is there from the first notification on. */
    microkit_deferred_notify(1);
}

void notified(microkit_channel ch)
{
    (void)ch;
    measure();
    for (;;)
        ;
}
