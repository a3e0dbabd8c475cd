/* SPDX-License-Identifier: BSD-2-Clause */
/** Subcommands of `causeway` and what they share: options, --help, loading a description. */
#pragma once

#include "tool/expand/frontend.h"

/** Exit codes of every subcommand. */
enum cmd_status {
    CMD_OK = 0,
    CMD_FAILED = 1, /**< errors were reported */
    CMD_USAGE = 2   /**< the command line is wrong */
};

/** Options that several subcommands take. Zero-initialise; strings are argv's. */
struct cmd_options {
    const char *output;      /**< -o */
    const char *report;      /**< --report */
    const char *kernel;      /**< --kernel */
    const char *guest_dir;   /**< --guest-dir */
    const char *board;       /**< --board */
    const char *sdk_version; /**< --sdk-version: for the Microkit SDK, NULL: for the bundled kernel */
    const char *board_dtb;   /**< --board-dtb */
    uint32_t sdk_cores;      /**< --sdk-cores, 0: not given */
    const char **uplinks;    /**< --uplink; owned */
    size_t uplink_count;
    const char **search_dirs; /**< --pd-dir, --search-path; owned */
    size_t search_dir_count;
    struct vars vars;         /**< -D */
    const char *arguments[2]; /**< those that are no options */
    size_t argument_count;
    char *system_dir;  /**< the description's, in front of search_dirs; NULL: this one; owned */
    char *defaults[3]; /**< kernel, PD and guest directory beside the tool's own program; owned */
};

/** One subcommand's command line. */
struct cmd_usage {
    const char *name;
    const char *arguments; /**< "SYSTEM", "SYSTEM GUEST" */
    size_t argument_count;
    const char *doc;     /**< what it does, a paragraph */
    const char *options; /**< letters of the options it takes, see cmd.c */
};

/**
 * Parse a command line (argv[0] is the subcommand). --help is answered here.
 * Returns true to go on; otherwise *status is what to exit with.
 */
bool cmd_parse(const struct cmd_usage *usage, int argc, char **argv, struct cmd_options *options,
               int *status);

/** Free what cmd_parse() allocated. */
void cmd_free(struct cmd_options *options);

/**
 * Load the description arguments[0]. `needs_files`: see struct expand_options.
 * Prints what was wrong; NULL unless the model can be used.
 */
struct model *cmd_load(const struct cmd_options *options, struct diag *diag, bool needs_files);

/** What a subcommand does with a model that has been loaded: its exit code. */
typedef int cmd_inspection(const struct cmd_options *options, const struct model *model);

/** The whole of a subcommand that only looks at a system, whose files may be missing: its exit code. */
int cmd_inspect(const struct cmd_usage *usage, int argc, char **argv, cmd_inspection *inspection);

/* The subcommands: argv[0] is their name. */
int cmd_build(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_sdf(int argc, char **argv);
int cmd_dts(int argc, char **argv);
int cmd_flat(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_graph(int argc, char **argv);
int cmd_new(int argc, char **argv);
int cmd_board_new(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_schema(int argc, char **argv);
/** A program of its own beside this one, causeway-NAME: it takes over, with the same arguments. */
int cmd_beside(int argc, char **argv);
/** Run the host's end of the serial line, which knows by argv[0] what is wanted of it. */
int cmd_console(int argc, char **argv);
