/* SPDX-License-Identifier: BSD-2-Clause */
/** The command `causeway verify`. */
#pragma once

/**
 * `verify [--quiet] IMAGE`: argv[0] is "verify". Prints the proof's summary, or each violation on a line of
 * its own on stderr. Returns the exit code: 0 proved, 1 violated, 2 malformed image or wrong usage.
 */
int cmd_verify(int argc, char **argv);
