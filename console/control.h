/* SPDX-License-Identifier: BSD-2-Clause */
/** `causeway start`, `stop`, `reset`, `pause`, `resume`, `state` and `break`: a word to a guest's VMM. */
#pragma once

/** Any of the commands: argv[0] is its name. Returns enum exit_code. */
int control_main(int argc, char **argv);
