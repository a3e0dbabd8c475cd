/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway-console`, which `causeway attach` and its neighbours start; by its name it knows what is wanted. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/attach.h"
#include "console/child.h"
#include "console/control.h"
#include "console/dump.h"
#include "console/exit_code.h"
#include "console/gdb.h"
#include "console/hub.h"
#include "console/top.h"
#include "console/trace.h"
#include "console/usage.h"
#include "console/where.h"

#define DEFAULT_ESCAPE 0x1c
#define LAST_CONTROL 31

static const char usage[] =
    "usage: causeway attach [options] -- COMMAND ...\n"
    "       causeway attach [options] LINE\n"
    "       causeway attach [--dir DIR] --console NAME\n"
    "\n"
    "A terminal for each console of a system, in a tmux pane of its own; sizes of the panes reach the "
    "guests.\n"
    "COMMAND is QEMU's, and gets a -serial option added; it ends when the consoles do. LINE is the serial "
    "line\n"
    "of a system that runs already: a device, a pseudo-terminal or a socket.\n"
    "\n"
    "options:\n"
    "  -e, --escape KEY   the multiplexer's escape key, as a number or like ^\\ [^\\]\n"
    "  -d, --dir DIR      folder for the consoles' sockets, 50 characters at most [one that other commands\n"
    "                     find: /tmp/causeway-UID/TITLE, or in $XDG_RUNTIME_DIR]\n"
    "  -n, --no-tmux      only make the sockets; --console shows one on a terminal of your choice\n"
    "  -T, --terminal     all consoles on this terminal, as on the bare line, with its keys: Ctrl-\\ ? is "
    "help,\n"
    "                     Ctrl-a x ends the system, Ctrl-a a is Ctrl-a\n"
    "  -l, --log DIR      append each console's output to DIR/NAME.log, with the time in front of each line\n"
    "  -t, --title NAME   of the system\n"
    "  -c, --console NAME be the terminal of console NAME, or `log`, of the system that runs, or of the one "
    "in\n"
    "                     DIR: Ctrl-] leaves it. Input that is no terminal is passed on as it is:\n"
    "                     causeway attach --console vm1 <file\n"
    "  -a, --attach DIR   the same: causeway console --attach DIR vm1\n"
    "  -h, --help         show this help\n";

static const struct option long_options[] = {
    {"escape", required_argument, NULL, 'e'}, {"dir", required_argument, NULL, 'd'},
    {"no-tmux", no_argument, NULL, 'n'},      {"title", required_argument, NULL, 't'},
    {"attach", required_argument, NULL, 'a'}, {"console", required_argument, NULL, 'c'},
    {"pane", no_argument, NULL, 'p'}, /* between us and tmux */
    {"terminal", no_argument, NULL, 'T'},     {"log", required_argument, NULL, 'l'},
    {"help", no_argument, NULL, 'h'},         {0}};

/* A command line. */
struct options {
    struct hub_options hub;
    const char *attach;  /* a folder */
    const char *console; /* in it, or in the one that is found */
    bool is_pane;
};

static bool parse_escape(const char *text, uint8_t *escape)
{
    char *end;
    unsigned long value = text[0] == '^' && text[1] >= '@' && text[1] <= '_' && text[2] == '\0'
                              ? (unsigned long)text[1] - '@'
                              : strtoul(text, &end, 0);

    *escape = (uint8_t)value;
    return value >= 1 && value <= LAST_CONTROL && (text[0] == '^' || *end == '\0');
}

static int complain(const char *what, const char *detail)
{
    usage_error("attach", what, detail);
    return EXIT_CODE_USAGE;
}

/* True to go on; else *status is what to exit with. */
static bool parse(int argc, char **argv, struct options *options, int *status)
{
    int letter;

    optind = 0;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, "+:e:d:nTl:t:a:c:h", long_options, NULL)) != -1) {
        switch (letter) {
        case 'e':
            if (!parse_escape(optarg, &options->hub.escape)) {
                *status = complain("an escape key is a control character, 1 to 31 or like ^A, not ", optarg);
                return false;
            }
            break;
        case 'd':
            options->hub.folder = optarg;
            break;
        case 'n':
            options->hub.with_tmux = false;
            break;
        case 'T':
            options->hub.with_tmux = false;
            options->hub.with_view = true;
            break;
        case 'l':
            options->hub.log_folder = optarg;
            break;
        case 't':
            options->hub.title = optarg;
            break;
        case 'a':
            options->attach = optarg;
            break;
        case 'c':
            options->console = optarg;
            break;
        case 'p':
            options->is_pane = true;
            break;
        case 'h':
            fputs(usage, stdout);
            *status = EXIT_CODE_OK;
            return false;
        default:
            *status = complain(letter == ':' ? "value missing for " : "unknown option ", argv[optind - 1]);
            return false;
        }
    }
    return true;
}

/* Be the terminal of one console. */
static int show_console(const struct options *options)
{
    char folder[WHERE_BYTES];
    const char *dir = options->attach != NULL ? options->attach : options->hub.folder;

    return where_find(dir, folder) ? attach_run(folder, options->console, options->is_pane)
                                   : EXIT_CODE_FAILED;
}

static int attach_main(int argc, char **argv)
{
    struct options options = {.hub = {.escape = DEFAULT_ESCAPE, .with_tmux = true, .title = "causeway"}};
    int status;

    if (!parse(argc, argv, &options, &status)) {
        return status;
    }
    const bool is_command = optind > 1 && strcmp(argv[optind - 1], "--") == 0;
    const int wanted = options.console == NULL ? 1 : 0;

    if (optind + wanted > argc || (!is_command && optind + wanted < argc)) {
        return complain(optind == argc ? "it needs a line, or -- and a command" : "one argument too many: ",
                        optind == argc ? "" : argv[argc - 1]);
    }
    if (options.attach != NULL || options.console != NULL) {
        options.console = options.console != NULL ? options.console : argv[optind];
        return show_console(&options);
    }
    if (options.hub.with_tmux && !child_is_installed("tmux")) {
        fputs("causeway attach: tmux is not installed (Debian: apt install tmux).\n"
              "With --no-tmux, each console is shown by `causeway attach --console NAME` instead.\n",
              stderr);
        return EXIT_CODE_FAILED;
    }
    options.hub.line = is_command ? NULL : argv[optind];
    options.hub.command = is_command ? &argv[optind] : NULL;
    return hub_run(&options.hub);
}

/* What `causeway NAME` runs; the first for any other name. */
static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"attach", attach_main}, {"console", attach_main}, {"top", top_main},        {"trace", trace_main},
    {"gdb", gdb_main},       {"dump", dump_main},      {"start", control_main},  {"stop", control_main},
    {"reset", control_main}, {"pause", control_main},  {"resume", control_main}, {"state", control_main},
    {"break", control_main},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

int main(int argc, char **argv)
{
    const char *name = argc > 0 ? argv[0] : "";

    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return commands[i].run(argc, argv);
        }
    }
    return attach_main(argc, argv);
}
