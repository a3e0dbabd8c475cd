/* SPDX-License-Identifier: BSD-2-Clause */
/** Channels, interrupts, doorbells and posted interrupts of the system descriptor: who can wake whom. */
#pragma once

#include "verify/image/facts.h"
#include "verify/image/findings.h"
#include "verify/image/walk.h"

/** Check every channel end, interrupt row, doorbell and posted interrupt. */
void rule_channels_run(const struct facts *facts, const struct walk *walk, struct findings *findings);
