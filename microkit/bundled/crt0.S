/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a PD. The kernel starts it with all registers 0 but SP, at the first start and at each restart.
 * A restart of the same image keeps .data and .bss as they are, as on seL4.
 */
    .section .text.start, "ax"
    .global _start
    .type _start, %function
_start:
    mov     x29, xzr
    mov     x30, xzr
    b       libmicrokit_run
