/* SPDX-License-Identifier: BSD-2-Clause */
/** Figures that start.S and the C files of the hostile guest share. */
#pragma once

#define HOSTILE_STACK_BYTES 0x10000
