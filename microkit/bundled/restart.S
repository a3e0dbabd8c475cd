/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of a PD for a parent that trusts nothing of what the PD has left behind: clears .bss first. A PD without .data
 * (vmm/pristine.ld) then is as it was when the machine started, as all else is read-only. The kernel sets SP.
 */
    .section .text.restart, "ax"
    .global pd_restart
    .type pd_restart, %function
pd_restart:
    ldr     x0, =__bss_start
    ldr     x1, =__bss_end
1:  cmp     x0, x1
    b.hs    _start
    stp     xzr, xzr, [x0], #16
    b       1b
