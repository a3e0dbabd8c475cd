/* SPDX-License-Identifier: BSD-2-Clause */
/** System calls of PDs (kernel/include/syscall.h). */
#pragma once

#include "kernel/core/kernel.h"

/** Carry out the call whose number and arguments are in the registers of `pd`, which has just made it. */
void syscall_handle(struct pd *pd);
