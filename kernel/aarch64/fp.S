/* SPDX-License-Identifier: BSD-2-Clause */
/* FP/SIMD registers to and from struct arch_fp. CPTR_EL2.TFP has to be clear. */
#include "kernel/aarch64/asm_offsets.h"

    .arch   armv8-a+fp+simd

    .section .text.fp_save, "ax"
    .global fp_save
    .type fp_save, %function
fp_save:
    stp     q0, q1, [x0], #32
    stp     q2, q3, [x0], #32
    stp     q4, q5, [x0], #32
    stp     q6, q7, [x0], #32
    stp     q8, q9, [x0], #32
    stp     q10, q11, [x0], #32
    stp     q12, q13, [x0], #32
    stp     q14, q15, [x0], #32
    stp     q16, q17, [x0], #32
    stp     q18, q19, [x0], #32
    stp     q20, q21, [x0], #32
    stp     q22, q23, [x0], #32
    stp     q24, q25, [x0], #32
    stp     q26, q27, [x0], #32
    stp     q28, q29, [x0], #32
    stp     q30, q31, [x0], #32
    mrs     x1, fpcr
    mrs     x2, fpsr
    stp     x1, x2, [x0]
    ret

    .section .text.fp_load, "ax"
    .global fp_load
    .type fp_load, %function
fp_load:
    ldp     q0, q1, [x0], #32
    ldp     q2, q3, [x0], #32
    ldp     q4, q5, [x0], #32
    ldp     q6, q7, [x0], #32
    ldp     q8, q9, [x0], #32
    ldp     q10, q11, [x0], #32
    ldp     q12, q13, [x0], #32
    ldp     q14, q15, [x0], #32
    ldp     q16, q17, [x0], #32
    ldp     q18, q19, [x0], #32
    ldp     q20, q21, [x0], #32
    ldp     q22, q23, [x0], #32
    ldp     q24, q25, [x0], #32
    ldp     q26, q27, [x0], #32
    ldp     q28, q29, [x0], #32
    ldp     q30, q31, [x0], #32
    ldp     x1, x2, [x0]
    msr     fpcr, x1
    msr     fpsr, x2
    ret

    /* The same with SVE: void sve_save(struct arch_sve *, struct arch_fp *). CPTR_EL2.TZ has to be clear as well. */
    .arch   armv8.2-a+sve

    .section .text.sve_save, "ax"
    .global sve_save
    .type sve_save, %function
sve_save:
    add     x2, x0, #SVE_P
    str     z0, [x0, #0, mul vl]
    str     z1, [x0, #1, mul vl]
    str     z2, [x0, #2, mul vl]
    str     z3, [x0, #3, mul vl]
    str     z4, [x0, #4, mul vl]
    str     z5, [x0, #5, mul vl]
    str     z6, [x0, #6, mul vl]
    str     z7, [x0, #7, mul vl]
    str     z8, [x0, #8, mul vl]
    str     z9, [x0, #9, mul vl]
    str     z10, [x0, #10, mul vl]
    str     z11, [x0, #11, mul vl]
    str     z12, [x0, #12, mul vl]
    str     z13, [x0, #13, mul vl]
    str     z14, [x0, #14, mul vl]
    str     z15, [x0, #15, mul vl]
    str     z16, [x0, #16, mul vl]
    str     z17, [x0, #17, mul vl]
    str     z18, [x0, #18, mul vl]
    str     z19, [x0, #19, mul vl]
    str     z20, [x0, #20, mul vl]
    str     z21, [x0, #21, mul vl]
    str     z22, [x0, #22, mul vl]
    str     z23, [x0, #23, mul vl]
    str     z24, [x0, #24, mul vl]
    str     z25, [x0, #25, mul vl]
    str     z26, [x0, #26, mul vl]
    str     z27, [x0, #27, mul vl]
    str     z28, [x0, #28, mul vl]
    str     z29, [x0, #29, mul vl]
    str     z30, [x0, #30, mul vl]
    str     z31, [x0, #31, mul vl]
    str     p0, [x2, #0, mul vl]
    str     p1, [x2, #1, mul vl]
    str     p2, [x2, #2, mul vl]
    str     p3, [x2, #3, mul vl]
    str     p4, [x2, #4, mul vl]
    str     p5, [x2, #5, mul vl]
    str     p6, [x2, #6, mul vl]
    str     p7, [x2, #7, mul vl]
    str     p8, [x2, #8, mul vl]
    str     p9, [x2, #9, mul vl]
    str     p10, [x2, #10, mul vl]
    str     p11, [x2, #11, mul vl]
    str     p12, [x2, #12, mul vl]
    str     p13, [x2, #13, mul vl]
    str     p14, [x2, #14, mul vl]
    str     p15, [x2, #15, mul vl]
    rdffr   p0.b
    str     p0, [x2, #16, mul vl]
    mrs     x2, fpcr
    mrs     x3, fpsr
    add     x1, x1, #FP_FPCR
    stp     x2, x3, [x1]
    ret

    .section .text.sve_load, "ax"
    .global sve_load
    .type sve_load, %function
sve_load:
    add     x2, x0, #SVE_P
    ldr     p0, [x2, #16, mul vl]
    wrffr   p0.b
    ldr     z0, [x0, #0, mul vl]
    ldr     z1, [x0, #1, mul vl]
    ldr     z2, [x0, #2, mul vl]
    ldr     z3, [x0, #3, mul vl]
    ldr     z4, [x0, #4, mul vl]
    ldr     z5, [x0, #5, mul vl]
    ldr     z6, [x0, #6, mul vl]
    ldr     z7, [x0, #7, mul vl]
    ldr     z8, [x0, #8, mul vl]
    ldr     z9, [x0, #9, mul vl]
    ldr     z10, [x0, #10, mul vl]
    ldr     z11, [x0, #11, mul vl]
    ldr     z12, [x0, #12, mul vl]
    ldr     z13, [x0, #13, mul vl]
    ldr     z14, [x0, #14, mul vl]
    ldr     z15, [x0, #15, mul vl]
    ldr     z16, [x0, #16, mul vl]
    ldr     z17, [x0, #17, mul vl]
    ldr     z18, [x0, #18, mul vl]
    ldr     z19, [x0, #19, mul vl]
    ldr     z20, [x0, #20, mul vl]
    ldr     z21, [x0, #21, mul vl]
    ldr     z22, [x0, #22, mul vl]
    ldr     z23, [x0, #23, mul vl]
    ldr     z24, [x0, #24, mul vl]
    ldr     z25, [x0, #25, mul vl]
    ldr     z26, [x0, #26, mul vl]
    ldr     z27, [x0, #27, mul vl]
    ldr     z28, [x0, #28, mul vl]
    ldr     z29, [x0, #29, mul vl]
    ldr     z30, [x0, #30, mul vl]
    ldr     z31, [x0, #31, mul vl]
    ldr     p0, [x2, #0, mul vl]
    ldr     p1, [x2, #1, mul vl]
    ldr     p2, [x2, #2, mul vl]
    ldr     p3, [x2, #3, mul vl]
    ldr     p4, [x2, #4, mul vl]
    ldr     p5, [x2, #5, mul vl]
    ldr     p6, [x2, #6, mul vl]
    ldr     p7, [x2, #7, mul vl]
    ldr     p8, [x2, #8, mul vl]
    ldr     p9, [x2, #9, mul vl]
    ldr     p10, [x2, #10, mul vl]
    ldr     p11, [x2, #11, mul vl]
    ldr     p12, [x2, #12, mul vl]
    ldr     p13, [x2, #13, mul vl]
    ldr     p14, [x2, #14, mul vl]
    ldr     p15, [x2, #15, mul vl]
    add     x1, x1, #FP_FPCR
    ldp     x2, x3, [x1]
    msr     fpcr, x2
    msr     fpsr, x3
    ret

    /* uint64_t sve_vector_bytes(void): how far apart sve_save() puts vectors. */
    .section .text.sve_vector_bytes, "ax"
    .global sve_vector_bytes
    .type sve_vector_bytes, %function
sve_vector_bytes:
    rdvl    x0, #1
    ret
