/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EL2 exception vectors. From EL0 and EL1: save everything into the running thread's struct arch_context,
 * found through TPIDR_EL2 (struct core, whose first member points at it), call trap_handle(), load whatever
 * context is the core's then. From EL2 itself: a bug of the kernel, panic.
 */
#include "kernel/aarch64/asm_offsets.h"

#define KIND_SYNC   0
#define KIND_IRQ    1
#define KIND_SERROR 2

    .macro  lower kind
    .balign 0x80
    stp     x0, x1, [sp, #-16]!
    mrs     x0, tpidr_el2
    ldr     x0, [x0]
    stp     x2, x3, [x0, #CONTEXT_X2]
    mov     x1, #\kind
    b       save
    .endm

    .macro  same
    .balign 0x80
    b       panic
    .endm

    .section .text.vectors, "ax"
    .balign 0x800
    .global vectors
vectors:
    same
    same
    same
    same
    .balign 0x80
    b       kernel_sync
    same
    same
    same
    lower   KIND_SYNC
    lower   KIND_IRQ
    lower   KIND_IRQ
    lower   KIND_SERROR
    lower   KIND_SYNC
    lower   KIND_IRQ
    lower   KIND_IRQ
    lower   KIND_SERROR

    .balign 0x80
save:
    stp     x4, x5, [x0, #CONTEXT_X4]
    stp     x6, x7, [x0, #CONTEXT_X6]
    stp     x8, x9, [x0, #CONTEXT_X8]
    stp     x10, x11, [x0, #CONTEXT_X10]
    stp     x12, x13, [x0, #CONTEXT_X12]
    stp     x14, x15, [x0, #CONTEXT_X14]
    stp     x16, x17, [x0, #CONTEXT_X16]
    stp     x18, x19, [x0, #CONTEXT_X18]
    stp     x20, x21, [x0, #CONTEXT_X20]
    stp     x22, x23, [x0, #CONTEXT_X22]
    stp     x24, x25, [x0, #CONTEXT_X24]
    stp     x26, x27, [x0, #CONTEXT_X26]
    stp     x28, x29, [x0, #CONTEXT_X28]
    ldp     x2, x3, [sp], #16
    stp     x2, x3, [x0, #CONTEXT_X0]
    mrs     x4, sp_el0
    stp     x30, x4, [x0, #CONTEXT_X30]
    mrs     x2, elr_el2
    mrs     x3, spsr_el2
    stp     x2, x3, [x0, #CONTEXT_PC]
    mov     x29, xzr
    mrs     x0, tpidr_el2
    bl      trap_handle
    mrs     x0, tpidr_el2

    /* vectors_resume(struct core *): never returns. */
    .global vectors_resume
vectors_resume:
    ldr     x0, [x0]
    ldp     x2, x3, [x0, #CONTEXT_PC]
    msr     elr_el2, x2
    msr     spsr_el2, x3
    ldp     x30, x4, [x0, #CONTEXT_X30]
    msr     sp_el0, x4
    ldp     x2, x3, [x0, #CONTEXT_X2]
    ldp     x4, x5, [x0, #CONTEXT_X4]
    ldp     x6, x7, [x0, #CONTEXT_X6]
    ldp     x8, x9, [x0, #CONTEXT_X8]
    ldp     x10, x11, [x0, #CONTEXT_X10]
    ldp     x12, x13, [x0, #CONTEXT_X12]
    ldp     x14, x15, [x0, #CONTEXT_X14]
    ldp     x16, x17, [x0, #CONTEXT_X16]
    ldp     x18, x19, [x0, #CONTEXT_X18]
    ldp     x20, x21, [x0, #CONTEXT_X20]
    ldp     x22, x23, [x0, #CONTEXT_X22]
    ldp     x24, x25, [x0, #CONTEXT_X24]
    ldp     x26, x27, [x0, #CONTEXT_X26]
    ldp     x28, x29, [x0, #CONTEXT_X28]
    ldp     x0, x1, [x0, #CONTEXT_X0]
    eret

    /* An exception of the kernel's own is a bug, apart from one: see irqchip_gicv2.c. Its instruction expects x0 and x1 to change. */
    .weak   irqchip_sre_write       /* a kernel for a GICv3 has none */
kernel_sync:
    mrs     x0, elr_el2
    ldr     x1, =irqchip_sre_write
    cmp     x0, x1
    b.ne    panic
    add     x0, x0, #4
    msr     elr_el2, x0
    eret

    /* The stack may be what broke: start over on it, nothing below returns. */
panic:
    mrs     x1, tpidr_el2
    ldr     x0, =start_stack_top
    cbz     x1, 1f
    ldr     x0, [x1, #CORE_STACK_TOP]
1:  mov     sp, x0
    mrs     x0, esr_el2
    mrs     x1, elr_el2
    mrs     x2, far_el2
    mov     x3, x30
    bl      panic_exception
    b       start_park
