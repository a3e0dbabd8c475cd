/* SPDX-License-Identifier: BSD-2-Clause */
/** `causeway top`: what each PD, vCPU, switch and disk does, live. */
#pragma once

/** Returns an exit code. */
int top_main(int argc, char **argv);
