/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * microkit.h as vmm/platform_sel4.c sees it in host tests: our API on top of libsel4's declarations, and the
 * places of capabilities that the SDK's header gives (Microkit manual, "Internals").
 */
#pragma once

#include "microkit/include/microkit.h"

#define BASE_VM_TCB_CAP 266
#define BASE_VCPU_CAP 330
