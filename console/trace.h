/* SPDX-License-Identifier: BSD-2-Clause */
/** `causeway trace`: the kernel's events, as files. */
#pragma once

/** Returns an exit code. */
int trace_main(int argc, char **argv);
