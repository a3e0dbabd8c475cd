/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of the latency probe: an arm64 Image header, a stack, and a vector that reads the counter first of all. */
        .equ    STACK_BYTES, 0x4000

        .section .head, "ax"
        .global _start
_start:
        b       boot
        .long   0
        .quad   0x200000                /* text_offset */
        .quad   image_bytes             /* image_size, from the linker script */
        .quad   0x2                     /* flags: little-endian, 4K pages */
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

boot:
        adrp    x1, stack_top
        add     x1, x1, :lo12:stack_top
        mov     sp, x1
        adrp    x1, vectors
        add     x1, x1, :lo12:vectors
        msr     vbar_el1, x1
        isb
        bl      latency_run
1:      wfi
        b       1b

        .macro  vector label
        .balign 0x80
        b       \label
        .endm

        .balign 0x800
        .text
        .balign 0x800
vectors:
        .rept   4
        vector  on_sync
        vector  on_irq
        vector  on_irq
        vector  on_sync
        .endr

        /* A mistake of this program. It goes silent, which its harness takes for a failure. */
on_sync:
        wfi
        b       on_sync

on_irq:
        sub     sp, sp, #176
        stp     x0, x1, [sp, #0]
        isb
        mrs     x0, cntvct_el0
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x30, [sp, #144]
        bl      latency_interrupt
        ldp     x0, x1, [sp, #0]
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x30, [sp, #144]
        add     sp, sp, #176
        eret

        .bss
        .balign 16
        .skip   STACK_BYTES
stack_top:
