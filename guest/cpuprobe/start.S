/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of a Linux program without a C library: argc and argv lie on the stack (AArch64 ELF ABI). */
        .text
        .global _start
_start:
        ldr     x0, [sp]
        add     x1, sp, #8
        bl      cpuprobe_main
        mov     x8, #94                 /* exit_group */
        svc     #0
