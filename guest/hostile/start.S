/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of the hostile guest: an arm64 Image header, a stack, exception vectors that never give up.
 */
        .equ    STACK_BYTES, 0x10000

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
        mov     x1, #(3 << 20)          /* CPACR_EL1.FPEN: FP/SIMD accesses are attacks too */
        msr     cpacr_el1, x1
        isb
        bl      main_run
1:      wfi
        b       1b

/*
 * Every synchronous exception is counted and skipped, so that an attack that the hypervisor answers with an
 * abort or an Undefined Instruction goes on with the next one. An instruction abort returns to the caller.
 */
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

on_sync:
        stp     x0, x1, [sp, #-32]!
        stp     x2, x3, [sp, #16]
        adrp    x0, exception_count
        ldr     x1, [x0, :lo12:exception_count]
        add     x1, x1, #1
        str     x1, [x0, :lo12:exception_count]
        mrs     x1, esr_el1
        adrp    x0, exception_syndrome
        str     x1, [x0, :lo12:exception_syndrome]
        mrs     x2, elr_el1
        lsr     x1, x1, #26
        and     x1, x1, #0x3e           /* 0x20 and 0x21: instruction aborts; 0x22: PC alignment is 0x22 */
        cmp     x1, #0x20
        b.eq    1f
        cmp     x1, #0x22
        b.eq    1f
        add     x2, x2, #4
        b       2f
1:      mov     x2, x30                 /* a jump into the void: return from it */
2:      msr     elr_el1, x2
        ldp     x2, x3, [sp, #16]
        ldp     x0, x1, [sp], #32
        eret

/* Interrupts are taken from the CPU interface and counted; an attack may ask not to end them. */
on_irq:
        sub     sp, sp, #192
        stp     x0, x1, [sp, #0]
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x30, [sp, #144]
        mrs     x0, elr_el1
        mrs     x1, spsr_el1
        stp     x0, x1, [sp, #160]
        bl      gic_take                /* returns what to add to the saved state */
        mov     x2, x0
        ldp     x0, x1, [sp, #160]
        orr     x1, x1, x2
        msr     elr_el1, x0
        msr     spsr_el1, x1
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
        add     sp, sp, #192
        eret

        .bss
        .balign 16
        .skip   STACK_BYTES
stack_top:
        .balign 8
        .global exception_count
exception_count: .skip 8
        .global exception_syndrome
exception_syndrome: .skip 8
