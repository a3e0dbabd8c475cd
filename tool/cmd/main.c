/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway`: from a system description to a bootable image, and what one wants to know about it. */
#include <stdio.h>
#include <string.h>

#include "tool/base/suggest.h"
#include "tool/cmd/cmd.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *doc;
} commands[] = {
    {"build", cmd_build, "build the bootable image of a system"},
    {"check", cmd_check, "check a system description without building it"},
    {"report", cmd_report, "show memory map, channels and who can reach whom"},
    {"dts", cmd_dts, "show the device tree of a guest"},
    {"attach", cmd_console,
     "run a system, or join one that runs: its consoles, and the tools below beside them"},
    {"console", cmd_console, "the same, with a terminal for each console in tmux"},
    {"top", cmd_console, "what each part of a running system does, live: CPU, exits, packets"},
    {"web", cmd_beside, "a page for a browser: the system's picture, live, consoles, buttons"},
    {"trace", cmd_console, "write who ran when and why guests were left, for babeltrace2 or Perfetto"},
    {"gdb", cmd_console, "debug a guest of a system that runs"},
    {"dump", cmd_console, "write a guest's memory and registers as an ELF core"},
    {"start", cmd_console, "start a guest that is off"},
    {"stop", cmd_console, "switch a guest off"},
    {"reset", cmd_console, "let a guest begin again"},
    {"pause", cmd_console, "hold a guest where it is"},
    {"resume", cmd_console, "let a guest go on"},
    {"state", cmd_console, "say whether a guest runs"},
    {"break", cmd_console, "send a break to a guest's UART: Magic SysRq"},
    {"graph", cmd_graph, "draw a system as SVG"},
    {"flat", cmd_flat, "write an image as a flat arm64 Image, for U-Boot"},
    {"new", cmd_new, "make a folder of your own: a description, a program and a Makefile"},
    {"board-new", cmd_board_new, "write a board's data from its device tree"},
    {"help", cmd_help, "explain the elements of system descriptions"},
    {"schema", cmd_schema, "print the RELAX NG schema of system descriptions"},
    {"sdf", cmd_sdf, "write a system for the seL4 Microkit SDK"},
    {"policy", cmd_beside,
     "derive from a description what an image of it may grant: for review and for verify"},
    {"verify", cmd_beside, "prove from an image that its domains are isolated as declared"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *out)
{
    fputs("usage: causeway COMMAND [options] ...\n       causeway --version\n\ncommands:\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].doc);
    }
    fputs("\n`causeway COMMAND --help` says more about each.\n", out);
}

static int unknown_command(const char *name)
{
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    suggest_start(&suggest, name);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        suggest_offer(&suggest, commands[i].name);
    }
    fprintf(stderr, "causeway: there is no command \"%s\"%s\n", name, suggest_text(&suggest, suggestion));
    return CMD_USAGE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        print_usage(argc > 1 ? stdout : stderr);
        return argc > 1 ? CMD_OK : CMD_USAGE;
    }
    if (strcmp(name, "--version") == 0) {
        puts("causeway " CAUSEWAY_VERSION);
        return CMD_OK;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    return unknown_command(name);
}
