/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The latency probe: a bare-metal guest that sleeps until its timer rings, again and again, and reads the
 * counter in the first instructions of its vector. It waits SETTLE_MS for the others to begin, takes as many
 * samples as the word `samples=` of its command line says, and prints one line:
 *
 *     latency: samples N min A median B p99 C max D ns, the last in sample I
 *
 * With the word `compute=1` it does nothing of that, but computes forever: a neighbour.
 *
 * Before the first sample and after the last one it executes a hint that does nothing: a plugin of QEMU can
 * tell by them when to begin and end (bench/latency/qemu_plugin.c).
 */
#pragma once

#include <stdint.h>

/** Hints without a meaning, which processors treat as NOP (Arm ARM C6.2, HINT). */
#define LATENCY_HINT_BEGIN 118
#define LATENCY_HINT_END 119

/** Entry, with the device tree. Never returns. */
void latency_run(const void *fdt);

/** Called by the vector with the virtual counter as it was there. */
void latency_interrupt(uint64_t ticks);
