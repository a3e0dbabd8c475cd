/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, of the platform seam: the same counter on both platforms. */
#include "lib/base/clock.h"
#include "vmm/platform.h"

uint64_t platform_milliseconds(void)
{
    const uint64_t ticks = clock_ticks();
    const uint64_t hz = clock_hz();

    return ticks / hz * 1000 + ticks % hz * 1000 / hz;
}
