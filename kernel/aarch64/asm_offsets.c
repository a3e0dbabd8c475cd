/* SPDX-License-Identifier: BSD-2-Clause */
/* Where members of structures lie, for assembly: compiled to assembly, of which mk/target.mk makes
 * asm_offsets.h. */
#include "kernel/aarch64/start.h"
#include "kernel/core/kernel.h"

#define OFFSET(name, type, member) __asm__ volatile("\n-> " name " %0" ::"i"(offsetof(type, member)))
#define PAIR(n) OFFSET("CONTEXT_X" #n, struct arch_context, x[n])

_Static_assert(offsetof(struct core, context) == 0, "vectors.S finds the context at the start of the core");
_Static_assert(offsetof(struct thread, context) == 0, "a thread's context is the thread");

void asm_offsets_list(void);
void asm_offsets_list(void)
{
    PAIR(0);
    PAIR(2);
    PAIR(4);
    PAIR(6);
    PAIR(8);
    PAIR(10);
    PAIR(12);
    PAIR(14);
    PAIR(16);
    PAIR(18);
    PAIR(20);
    PAIR(22);
    PAIR(24);
    PAIR(26);
    PAIR(28);
    PAIR(30);
    OFFSET("CONTEXT_PC", struct arch_context, pc);
    OFFSET("CORE_STACK_TOP", struct core, stack_top);
    OFFSET("START_MAIR", struct start_core, mair);
    OFFSET("START_TTBR0", struct start_core, ttbr0);
    OFFSET("START_STACK_TOP", struct start_core, stack_top);
    OFFSET("FP_FPCR", struct arch_fp, fpcr);
    OFFSET("SVE_P", struct arch_sve, p);
    OFFSET("SYSDESC_IMAGE_END", struct sysdesc, image_end);
}
