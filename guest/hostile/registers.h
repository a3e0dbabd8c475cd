/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Every system register of EL1 and EL0 that there can be, by its encoding: one guest keeps what it reads,
 * another fills all it can write, and the first one looks again. Commands of the shell: registers keep, fill,
 * check.
 */
#pragma once

/** Run `registers WHAT`. */
void registers_command(const char *what);
