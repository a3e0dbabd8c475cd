/* SPDX-License-Identifier: BSD-2-Clause */
/** The counter of the generic timer, a PD's clock. Target only; logic that needs time gets it passed in. */
#pragma once

#include <stdint.h>

/** Counts up at clock_hz() since boot and never goes back. */
uint64_t clock_ticks(void);

/** CNTFRQ_EL0: ticks a second, never 0. */
uint32_t clock_hz(void);
