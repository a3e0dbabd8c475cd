/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry (docs/silicon.md has the contract): EL2, interrupts in any state, MMU and caches in any state as long as
 * addresses are physical ones, x0 the device tree or 0. It begins with the header of an arm64 Image (Linux,
 * Documentation/arm64/booting.rst), so that whatever boots Linux boots it.
 *
 * Nothing is believed of the caches: what the boot loader may still hold of the image is written back before
 * the MMU goes off, and what its caches may hold of the memory that is written with the MMU off is thrown away
 * behind that. No instruction here may use the stack before.
 */
#include "kernel/aarch64/asm_offsets.h"

#define STACK_BYTES 0x4000
#define FDT_MAGIC_AS_LOADED 0xedfe0dd0
#define FDT_MAX_BYTES 0x200000
#define CURRENT_EL2 (2 << 2)
#define SCTLR_EL2_OFF 0x30c50830
#define HCR_EL2_PLAIN 0x80000000
#define CTR_DMINLINE_SHIFT 16

    .section .text.start, "ax"
    .global _start
    .type _start, %function
_start:
    b       entry
    .long   0
    .quad   image_offset            /* from the start of RAM */
    .quad   0                       /* bytes: the tool knows */
    .quad   0x2                     /* little-endian, 4 KiB pages, as near to the start of RAM as possible */
    .quad   0, 0, 0
    .ascii  "ARM\x64"
    .long   0

entry:
    msr     daifset, #0xf
    mov     x19, x0
    adr     x21, _start
    ldr     x22, =_start
    mrs     x20, CurrentEL
    cmp     x20, #CURRENT_EL2
    b.ne    wrong
    cmp     x21, x22
    b.ne    wrong

    /* What the boot loader's caches hold of the image goes to memory: text, the descriptor, all of it. */
    ldr     x0, =sysdesc_address
    ldr     x0, [x0]
    cbz     x0, park
    ldr     x1, [x0, #SYSDESC_IMAGE_END]
    mov     x0, x21
    bl      clean
    /* And the device tree, if x0 is one. */
    cbz     x19, 2f
    tst     x19, #7
    b.ne    1f
    ldr     w0, [x19]
    ldr     w1, =FDT_MAGIC_AS_LOADED
    cmp     w0, w1
    b.ne    1f
    ldr     w1, [x19, #4]
    rev     w1, w1
    mov     w2, #FDT_MAX_BYTES
    cmp     w1, w2
    b.hi    1f
    mov     x0, x19
    add     x1, x0, x1
    bl      clean
    b       2f
1:  mov     x19, xzr

2:  ldr     x0, =SCTLR_EL2_OFF
    msr     sctlr_el2, x0
    isb
    /* No host extensions: they change what EL2's registers mean. */
    mov     x0, #HCR_EL2_PLAIN
    msr     hcr_el2, x0
    isb
    tlbi    alle2
    ic      iallu
    dsb     sy
    isb

    ldr     x0, =bss_start
    ldr     x1, =bss_end
3:  cmp     x0, x1
    b.hs    4f
    stp     xzr, xzr, [x0], #16
    b       3b
4:  dsb     sy
    /* Clean lines may have come in from there while the caches were on. */
    ldr     x0, =bss_start
    bl      invalidate

    ldr     x0, =start_stack_top
    mov     sp, x0
    msr     spsel, #1
    mov     sp, x0
    ldr     x0, =vectors
    msr     vbar_el2, x0
    isb
    mov     x0, x19
    mov     x29, xzr
    mov     x30, xzr
    b       main_boot

/* x2 = bytes of the smallest data cache line, x0 down to the start of its line. Changes x2, x3. */
    .macro  first_line
    mrs     x3, ctr_el0
    ubfx    x3, x3, #CTR_DMINLINE_SHIFT, #4
    mov     x2, #4
    lsl     x2, x2, x3
    sub     x3, x2, #1
    bic     x0, x0, x3
    .endm

/* Write [x0, x1) back to memory, and drop it from the caches. */
clean:
    first_line
5:  cmp     x0, x1
    b.hs    6f
    dc      civac, x0
    add     x0, x0, x2
    b       5b
6:  dsb     sy
    ret

/* Drop [x0, x1) from the caches; both lie at the borders of pages. */
invalidate:
    first_line
7:  cmp     x0, x1
    b.hs    8f
    dc      ivac, x0
    add     x0, x0, x2
    b       7b
8:  dsb     sy
    ret

/* A core that the boot core has started (start.h): no stack before the MMU is on, or the cache would not know of it. */
    .global start_secondary
    .type start_secondary, %function
start_secondary:
    msr     daifset, #0xf
    mrs     x1, CurrentEL
    cmp     x1, #CURRENT_EL2
    b.ne    park
    ldr     x1, =SCTLR_EL2_OFF
    msr     sctlr_el2, x1
    isb
    mov     x1, #HCR_EL2_PLAIN
    msr     hcr_el2, x1
    isb
    ldp     x1, x2, [x0, #START_MAIR]
    msr     mair_el2, x1
    msr     tcr_el2, x2
    ldp     x1, x2, [x0, #START_TTBR0]
    msr     ttbr0_el2, x1
    dsb     sy
    isb
    tlbi    alle2
    ic      iallu
    dsb     sy
    isb
    msr     sctlr_el2, x2
    isb
    ldp     x1, x0, [x0, #START_STACK_TOP]
    msr     spsel, #1
    mov     sp, x1
    ldr     x1, =vectors
    msr     vbar_el2, x1
    isb
    mov     x29, xzr
    mov     x30, xzr
    b       main_secondary

/* Entered at another exception level, or at another address: say so, where the UART can be found. */
wrong:
    adrp    x0, start_stack_top
    add     x0, x0, :lo12:start_stack_top
    msr     spsel, #1
    mov     sp, x0
    lsr     x0, x20, #2
    sub     x1, x21, x22
    bl      main_wrong_entry

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
