/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Hints without a meaning, which processors treat as NOP (Arm ARM C6.2, HINT). A plugin of QEMU that counts a guest's
 * instructions can begin and end with them.
 */
#pragma once

#define MARK_HINT_BEGIN 116
#define MARK_HINT_END 117

/** Counting begins here. */
static inline void mark_begin(void)
{
    __asm__ volatile("hint #116" ::: "memory");
}

/** And ends here. */
static inline void mark_end(void)
{
    __asm__ volatile("hint #117" ::: "memory");
}
