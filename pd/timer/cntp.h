/* SPDX-License-Identifier: BSD-2-Clause */
/** The EL1 physical timer (Arm DDI 0487, D12), which seL4 as Microkit builds it leaves to user level. */
#pragma once

#include <stdint.h>

/** The physical counter, in ticks. */
uint64_t cntp_now(void);

/** Raise the timer's interrupt from `deadline` on; UINT64_MAX: never. Also what takes the interrupt back. */
void cntp_set(uint64_t deadline);
