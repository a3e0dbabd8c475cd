/* SPDX-License-Identifier: BSD-2-Clause */
/** What each core and thread has counted: one file per platform, chosen at link time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/include/syscall.h"
#include "kernel/include/sysdesc.h"

/** A PD or a vCPU. */
struct platform_thread {
    char name[SYSDESC_NAME_BYTES]; /**< NUL-terminated; a vCPU's is its machine's */
    bool is_vcpu;
    uint32_t core;
    uint32_t priority;
    uint32_t parent; /**< row of the PD that handles its faults, SYSDESC_NO_PARENT: none does */
    uint64_t counters[SYSCALL_COUNTER_COUNT];
};

/** Thread `number`, from 0. False: there are no more, or the platform does not tell. */
bool platform_thread_read(uint32_t number, struct platform_thread *thread);

/** The counters of core `number`, from 0. False: there are no more, or the platform does not tell. */
bool platform_core_read(uint32_t number, uint64_t counters[SYSCALL_COUNTER_COUNT]);
