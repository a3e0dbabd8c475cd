/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The EL1 physical timer (Arm DDI 0487, D12), which seL4 as Microkit builds it leaves to user level, and the
 * bundled kernel to the PD that has its interrupt: it sets the timer when the PD's access traps.
 */
#pragma once

#include <stdint.h>

/** Raise the timer's interrupt from `deadline` on, which is a time of clock_ticks(); UINT64_MAX: never. Also
 * what takes the interrupt back. */
void cntp_set(uint64_t deadline);
