/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What cores and threads have counted, for whoever watches the system.
 *
 * Nobody stops for it: another core's figures are read while it goes on, each by itself, so that two of them may be of
 * two moments.
 */
#pragma once

#include "kernel/core/kernel.h"

/** SYSCALL_COUNTERS of `pd`; `what` is its x0. */
enum syscall_status observe_counters(struct pd *pd, uint64_t what);
