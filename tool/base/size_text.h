/* SPDX-License-Identifier: BSD-2-Clause */
/** Sizes as people write them. */
#pragma once

#include <stdint.h>

#define SIZE_TEXT_BYTES 32u
/** `bytes` as one writes it: "4K", "128M", "5000". Returns `text`, which has SIZE_TEXT_BYTES. */
const char *size_text(uint64_t bytes, char *text);
