/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the supervisor has a VMM started anew that has faulted: Microkit sets nothing but the program counter, so the
 * stack pointer is wherever it was. From here on there is a stack of our own. What libmicrokit keeps in .data stays as
 * it is, but for the pointer to the IPC buffer; init() sets up all of the VMM's own state.
 */
    .section .bss.restart_stack, "aw", %nobits
    .balign 16
restart_stack:
    .skip   0x4000
restart_stack_top:

    .section .text, "ax"
    .global pd_restart
    .type pd_restart, %function
pd_restart:
    ldr     x0, =restart_stack_top
    mov     sp, x0
    ldr     x0, =__sel4_ipc_buffer
    ldr     x1, =__sel4_ipc_buffer_obj
    str     x1, [x0]
    b       _start
