/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway-policy`: what an image of a description may grant, one line for each right. docs/verify.md */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boards/board.h"
#include "verify/policy/system.h"

#define DEFAULT_BOARD "qemu_virt_aarch64"
#define MAX_LIST 64

static const char usage[] =
    "usage: causeway policy [options] SYSTEM\n"
    "\n"
    "Derives from a system description, by an expansion of its own, what must hold of every image of it: "
    "who\n"
    "may share what memory and how, who may notify or call whom, own which device, interrupt and part of a "
    "disk; "
    "what a\n"
    "device may write; which ports may talk; when and where everything runs. One sorted line for each "
    "right,\n"
    "with names, on standard output: to be read, kept and signed. `causeway verify --policy` compares an "
    "image\n"
    "with it.\n"
    "\n"
    "  --sel4              for the description that `causeway sdf` makes for the seL4 Microkit SDK\n"
    "  -o, --output FILE   write it there\n"
    "  -D NAME=VALUE       a variable of the description\n"
    "  --board NAME        the board, instead of the one that the description names [" DEFAULT_BOARD "]\n"
    "  --board-dtb FILE    the board's device tree, for <passthrough>\n"
    "  --search-path DIR   look there for files that memory regions start with\n";

/* The command line. */
struct options {
    bool sel4;
    const char *output, *board, *board_dtb, *system;
    char *definitions[MAX_LIST];
    int definition_count;
    char *search_dirs[MAX_LIST];
    size_t search_dir_count;
};

static void parse(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"sel4", no_argument, NULL, 's'},         {"output", required_argument, NULL, 'o'},
        {"board", required_argument, NULL, 'b'},  {"board-dtb", required_argument, NULL, 't'},
        {"pd-dir", required_argument, NULL, 'p'}, {"search-path", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int letter;

    while ((letter = getopt_long(argc, argv, "o:D:h", longs, NULL)) != -1) {
        switch (letter) {
        case 's':
            options->sel4 = true;
            break;
        case 'o':
            options->output = optarg;
            break;
        case 'b':
            options->board = optarg;
            break;
        case 't':
            options->board_dtb = optarg;
            break;
        case 'D':
            options->definitions[options->definition_count % MAX_LIST] = optarg;
            options->definition_count++;
            break;
        case 'p':
            options->search_dirs[options->search_dir_count % MAX_LIST] = optarg;
            options->search_dir_count++;
            break;
        default:
            fputs(usage, letter == 'h' ? stdout : stderr);
            exit(letter == 'h' ? 0 : 2);
        }
    }
    options->system = argv[optind];
    if (optind + 1 != argc || options->definition_count > MAX_LIST || options->search_dir_count > MAX_LIST) {
        fputs(usage, stderr);
        exit(2);
    }
}

/* "systems/virtio_demo.system" describes "virtio_demo". */
static const char *name_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *start = slash == NULL ? path : slash + 1;

    return description_format("%.*s", (int)strcspn(start, "."), start);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct policy policy = {.sel4 = false};
    struct system system = {.policy = &policy};
    const char *board;

    parse(argc, argv, &options);
    system.root = description_read(options.system, options.definitions, options.definition_count);
    board = options.board != NULL ? options.board : description_text(system.root, "board", DEFAULT_BOARD);
    system.search_dirs = options.search_dirs;
    system.search_dir_count = options.search_dir_count;
    policy.sel4 = options.sel4;
    policy.board_dtb = options.board_dtb;
    policy.system = description_text(system.root, "name", name_of_file(options.system));
    policy.board = board_find(board);
    if (policy.board == NULL) {
        description_fail(system.root, "there is no board \"%s\"", board);
    }
    if (options.output != NULL && freopen(options.output, "w", stdout) == NULL) {
        description_fail(NULL, "%s cannot be written", options.output);
    }
    system_expand(&system);
    policy_print(&policy);
    return fflush(stdout) == 0 ? 0 : 1;
}
