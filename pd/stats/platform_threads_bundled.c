/* SPDX-License-Identifier: BSD-2-Clause */
/* What each core and thread has counted, as the bundled kernel tells an observer. */
#include <microkit.h>

#include "lib/base/mem.h"
#include "microkit/bundled/libmicrokit.h"
#include "pd/stats/platform_threads.h"

static bool read(uint64_t what, uint64_t counters[SYSCALL_COUNTER_COUNT])
{
    if (libmicrokit_call(SYSCALL_COUNTERS, what, 0, 0, 0).x0 != SYSCALL_OK) {
        return false;
    }
    for (uint32_t i = 0; i < SYSCALL_COUNTER_COUNT; i++) {
        counters[i] = microkit_mr_get((seL4_Uint8)i);
    }
    return true;
}

bool platform_thread_read(uint32_t number, struct platform_thread *thread)
{
    if (!read(SYSCALL_COUNTERS_THREAD + number, thread->counters)) {
        return false;
    }
    const uint64_t place = microkit_mr_get(SYSCALL_THREAD_PLACE);

    thread->core = place & 0xff;
    thread->priority = place >> 8 & 0xff;
    thread->parent = place >> 32 & 0xffff;
    thread->is_vcpu = (place >> 16 & 1) != 0;
    for (uint32_t i = 0; i < SYSCALL_THREAD_NAME_WORDS; i++) {
        const uint64_t word = microkit_mr_get((seL4_Uint8)(SYSCALL_THREAD_NAME + i));

        memcpy(&thread->name[8 * i], &word, sizeof(word));
    }
    thread->name[SYSDESC_NAME_BYTES - 1] = '\0';
    return true;
}

bool platform_core_read(uint32_t number, uint64_t counters[SYSCALL_COUNTER_COUNT])
{
    return number < SYSCALL_COUNTERS_THREAD && read(number, counters);
}
