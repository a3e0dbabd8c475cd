/* SPDX-License-Identifier: BSD-2-Clause */
/** The bundled kernel's system calls from C. For the providers of microkit.h and vmm/platform.h only. */
#pragma once

#include <stdint.h>

/** What a system call returns in x0..x2. */
struct libmicrokit_result {
    uint64_t x0;
    uint64_t x1;
    uint64_t x2;
};

/** System call `number` (enum syscall_number) with x0..x3; see kernel/include/syscall.h. */
struct libmicrokit_result libmicrokit_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                                           uint64_t a3);

/** The PD's life: constructors, init(), then one event after another. Called by crt0.S. */
_Noreturn void libmicrokit_run(void);
