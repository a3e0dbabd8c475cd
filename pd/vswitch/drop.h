/* SPDX-License-Identifier: BSD-2-Clause */
/** Why the switch drops frames. */
#pragma once

#include "lib/config/vswitch_stats.h"

/** Short English name of a cause, static. */
const char *drop_text(enum vswitch_drop cause);
