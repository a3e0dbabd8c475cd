/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, of the platform seam: the same counter on both platforms. */
#include "lib/base/clock.h"
#include "vmm/platform.h"

uint64_t platform_milliseconds(void)
{
    return clock_milliseconds();
}

uint32_t platform_counter_hz(void)
{
    return clock_hz();
}
