/* SPDX-License-Identifier: BSD-2-Clause */
/** `causeway dump`: a guest's memory and registers as an ELF core. */
#pragma once

/** The command; argv[0] is its name. Returns enum exit_code. */
int dump_main(int argc, char **argv);
