/* SPDX-License-Identifier: BSD-2-Clause */
/** `causeway gdb`: gdb at a guest, over its channel. */
#pragma once

/** The command; argv[0] is its name. Returns enum exit_code, or becomes gdb. */
int gdb_main(int argc, char **argv);
