/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway`: from a system description to a bootable image, and what one wants to know about it. */
#include <stdio.h>
#include <string.h>

#include "tool/cmd.h"
#include "tool/suggest.h"
#include "tool/verify/cmd_verify.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *doc;
} commands[] = {
    {"build", cmd_build, "build the bootable image of a system"},
    {"check", cmd_check, "check a system description without building it"},
    {"report", cmd_report, "show memory map, channels and who can reach whom"},
    {"dts", cmd_dts, "show the device tree of a guest"},
    {"graph", cmd_graph, "draw a system as SVG"},
    {"help", cmd_help, "explain the elements of system descriptions"},
    {"schema", cmd_schema, "print the RELAX NG schema of system descriptions"},
