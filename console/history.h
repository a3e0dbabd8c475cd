/* SPDX-License-Identifier: BSD-2-Clause */
/** Output of a console that was on a terminal before: shown again, it must ask that terminal nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pd/serial_mux/mux_filter.h"

#define HISTORY_OUT_BYTES (MUX_FILTER_OUT_BYTES + 8u)

/** Feed one byte; returns how many bytes of `out` to show for it. `filter` is zero-initialised at the start. */
size_t history_byte(struct mux_filter *filter, uint8_t byte, uint8_t out[HISTORY_OUT_BYTES]);
