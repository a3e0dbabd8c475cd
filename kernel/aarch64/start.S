/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry at EL2, MMU and interrupts off. Only the first core goes on; others are parked. */
#define STACK_BYTES 0x4000

    .section .text.start, "ax"
    .global _start
    .type _start, %function
_start:
    msr     daifset, #0xf
    mrs     x0, mpidr_el1
    tst     x0, #0xffffff
    b.ne    park
    mrs     x0, CurrentEL
    cmp     x0, #(2 << 2)
    b.ne    park

    ldr     x0, =bss_start
    ldr     x1, =bss_end
1:  cmp     x0, x1
    b.hs    2f
    stp     xzr, xzr, [x0], #16
    b       1b
2:  ldr     x0, =start_stack_top
    mov     sp, x0
    msr     spsel, #1
    mov     sp, x0
    ldr     x0, =vectors
    msr     vbar_el2, x0
    isb
    mov     x29, xzr
    mov     x30, xzr
    b       main_boot

    .global start_park
start_park:
park:
    wfi
    b       park

    .bss
    .balign 16
    .space  STACK_BYTES
    .global start_stack_top
start_stack_top:
