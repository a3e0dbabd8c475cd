/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the supervisor has a VMM started again that has faulted: Microkit sets nothing but the program counter, so the
 * stack pointer is wherever it was. From here on there is a stack of our own. libmicrokit_reinit() brings back what libmicrokit
 * needs of its variables; init() sets up all of the VMM's own state.
 */
/* In .data, which is the first of what is writable: below it is code, so that an overrun harms nothing. */
    .section .data, "aw"
    .balign 16
restart_stack:
    .skip   0x4000
restart_stack_top:

    .section .bss, "aw", %nobits
    .balign 4
    .global restart_was
    .type restart_was, %object
restart_was:
    .skip   4
    .size restart_was, 4

    .section .text, "ax"
    .global pd_restart
    .type pd_restart, %function
pd_restart:
    ldr     x0, =restart_stack_top
    mov     sp, x0
    bl      libmicrokit_reinit
    ldr     x0, =restart_was
    mov     w1, #1
    str     w1, [x0]
    b       _start
