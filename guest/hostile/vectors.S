/* SPDX-License-Identifier: BSD-2-Clause */
/* FP/SIMD registers all at once. */
        .arch   armv8-a+fp+simd
        .text

        /* void vectors_fill(uint64_t pattern) */
        .global vectors_fill
vectors_fill:
        dup     v0.2d, x0
        dup     v1.2d, x0
        dup     v2.2d, x0
        dup     v3.2d, x0
        dup     v4.2d, x0
        dup     v5.2d, x0
        dup     v6.2d, x0
        dup     v7.2d, x0
        dup     v8.2d, x0
        dup     v9.2d, x0
        dup     v10.2d, x0
        dup     v11.2d, x0
        dup     v12.2d, x0
        dup     v13.2d, x0
        dup     v14.2d, x0
        dup     v15.2d, x0
        dup     v16.2d, x0
        dup     v17.2d, x0
        dup     v18.2d, x0
        dup     v19.2d, x0
        dup     v20.2d, x0
        dup     v21.2d, x0
        dup     v22.2d, x0
        dup     v23.2d, x0
        dup     v24.2d, x0
        dup     v25.2d, x0
        dup     v26.2d, x0
        dup     v27.2d, x0
        dup     v28.2d, x0
        dup     v29.2d, x0
        dup     v30.2d, x0
        dup     v31.2d, x0
        ret

        /* uint64_t vectors_differ(uint64_t pattern): bits in which any of them does */
        .global vectors_differ
vectors_differ:
        mov     x3, xzr
        umov    x1, v0.d[0]
        umov    x2, v0.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v1.d[0]
        umov    x2, v1.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v2.d[0]
        umov    x2, v2.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v3.d[0]
        umov    x2, v3.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v4.d[0]
        umov    x2, v4.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v5.d[0]
        umov    x2, v5.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v6.d[0]
        umov    x2, v6.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v7.d[0]
        umov    x2, v7.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v8.d[0]
        umov    x2, v8.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v9.d[0]
        umov    x2, v9.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v10.d[0]
        umov    x2, v10.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v11.d[0]
        umov    x2, v11.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v12.d[0]
        umov    x2, v12.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v13.d[0]
        umov    x2, v13.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v14.d[0]
        umov    x2, v14.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v15.d[0]
        umov    x2, v15.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v16.d[0]
        umov    x2, v16.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v17.d[0]
        umov    x2, v17.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v18.d[0]
        umov    x2, v18.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v19.d[0]
        umov    x2, v19.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v20.d[0]
        umov    x2, v20.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v21.d[0]
        umov    x2, v21.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v22.d[0]
        umov    x2, v22.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v23.d[0]
        umov    x2, v23.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v24.d[0]
        umov    x2, v24.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v25.d[0]
        umov    x2, v25.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v26.d[0]
        umov    x2, v26.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v27.d[0]
        umov    x2, v27.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v28.d[0]
        umov    x2, v28.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v29.d[0]
        umov    x2, v29.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v30.d[0]
        umov    x2, v30.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        umov    x1, v31.d[0]
        umov    x2, v31.d[1]
        eor     x1, x1, x0
        eor     x2, x2, x0
        orr     x3, x3, x1
        orr     x3, x3, x2
        mov     x0, x3
        ret
