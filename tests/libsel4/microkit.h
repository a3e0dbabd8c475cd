/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * microkit.h as vmm/platform_sel4.c sees it in host tests, and every PD in `make test-sdk`: our API on top of
 * libsel4's declarations, and the places of capabilities that the SDK's header gives (Microkit manual,
 * "Internals").
 */
#pragma once

#include "microkit/include/microkit.h"

/* What the oldest SDK that we take (2.0.1), or its kernel on the boards here, does not have. */
#pragma GCC poison microkit_pd_resume microkit_arm_smc_call

#define TCB_CAP 6
#define BASE_VM_TCB_CAP 266
#define BASE_VCPU_CAP 330

/** A signal waits to go with the next system call. */
extern seL4_Bool microkit_have_signal;
