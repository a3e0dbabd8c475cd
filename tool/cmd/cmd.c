/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/cmd/cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/mem.h"

#define DEFAULT_BOARD "qemu_virt_aarch64"

/* Every option of every subcommand. Those with a letter above 127 have no short form. */
enum {
    OPTION_HELP = 'h',
    OPTION_DEFINE = 'D',
    OPTION_OUTPUT = 'o',
    OPTION_PD_DIR = 'p',
    OPTION_KERNEL = 'k',
    OPTION_GUEST_DIR = 'g',
    OPTION_REPORT = 'r',
    OPTION_BOARD = 'b',
    OPTION_BOARD_DTB = 'd',
    OPTION_SDK_VERSION = 's',
    OPTION_DTB = 't',
    OPTION_UPLINK = 'u',
    OPTION_SDK_CORES = 'c',
};

static const struct documented_option {
    struct option option;
    const char *argument;
    const char *doc;
} known_options[] = {
    {{"help", no_argument, NULL, OPTION_HELP}, "", "show this help"},
    {{"define", required_argument, NULL, OPTION_DEFINE}, "NAME=VALUE", "set the variable ${NAME}"},
    {{"output", required_argument, NULL, OPTION_OUTPUT}, "FILE", "file to write"},
    {{"report", required_argument, NULL, OPTION_REPORT}, "FILE", "write the report of the image there"},
    {{"pd-dir", required_argument, NULL, OPTION_PD_DIR},
     "DIR",
     "look there for programs and files; may be given several times [pd/ beside this tool]"},
    {{"kernel", required_argument, NULL, OPTION_KERNEL},
     "FILE",
     "the bundled kernel [kernel.elf beside this tool]"},
    {{"guest-dir", required_argument, NULL, OPTION_GUEST_DIR},
     "DIR",
     "look there for guests' kernels and initramfs [guest/ beside this tool]"},
    {{"board", required_argument, NULL, OPTION_BOARD},
     "NAME",
     "board, instead of the one that the description names [" DEFAULT_BOARD "]"},
    {{"board-dtb", required_argument, NULL, OPTION_BOARD_DTB},
     "FILE",
     "device tree of the board, for devices passed through"},
    {{"dtb", required_argument, NULL, OPTION_DTB}, "FILE", "device tree of the board"},
    {{"sdk-version", required_argument, NULL, OPTION_SDK_VERSION},
     "VERSION",
     "version of the Microkit SDK, 2.0.1 to 2.3.0"},
    {{"sdk-cores", required_argument, NULL, OPTION_SDK_CORES},
     "COUNT",
     "cores that the SDK's kernel is built for (MAX_NUM_NODES of its configuration): 1, or more with smp-*"},
    {{"uplink", required_argument, NULL, OPTION_UPLINK},
     "[NAME=]NETWORK",
     "what QEMU joins an <uplink> to: user, tap:INTERFACE, socket:listen:PORT, socket:connect:PORT or none; "
     "without NAME "
     "all of them; may be given several times [user]"},
};
#define OPTION_COUNT (sizeof(known_options) / sizeof(known_options[0]))

static bool takes(const struct cmd_usage *usage, int letter)
{
    return letter == OPTION_HELP || strchr(usage->options, letter) != NULL;
}

static void print_help(const struct cmd_usage *usage)
{
    printf("usage: causeway %s [options] %s\n\n%s\n\noptions:\n", usage->name, usage->arguments, usage->doc);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct documented_option *known = &known_options[i];

        if (takes(usage, known->option.val)) {
            printf("  -%c, --%s%s%s\n        %s\n", known->option.val, known->option.name,
                   known->argument[0] == '\0' ? "" : " ", known->argument, known->doc);
        }
    }
}

static bool usage_error(const struct cmd_usage *usage, const char *what, const char *detail)
{
    fprintf(stderr, "causeway %s: %s%s\n", usage->name, what, detail);
    fprintf(stderr, "try: causeway %s --help\n", usage->name);
    return false;
}

static void add_search_dir(struct cmd_options *options, const char *dir)
{
    options->search_dirs =
        mem_grow(options->search_dirs, options->search_dir_count, sizeof(options->search_dirs[0]));
    options->search_dirs[options->search_dir_count++] = dir;
}

/* 1 to 255, else 0. */
static uint32_t parse_count(const char *text)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && value <= 255 ? (uint32_t)value : 0;
}

static bool apply_option(const struct cmd_usage *usage, struct cmd_options *options, int letter, char *value)
{
    switch (letter) {
    case OPTION_OUTPUT:
        options->output = value;
        return true;
    case OPTION_REPORT:
        options->report = value;
        return true;
    case OPTION_KERNEL:
        options->kernel = value;
        return true;
    case OPTION_GUEST_DIR:
        options->guest_dir = value;
        return true;
    case OPTION_BOARD:
        options->board = value;
        return true;
    case OPTION_BOARD_DTB:
    case OPTION_DTB:
        options->board_dtb = value;
        return true;
    case OPTION_SDK_VERSION:
        options->sdk_version = value;
        return true;
    case OPTION_SDK_CORES:
        options->sdk_cores = parse_count(value);
        return options->sdk_cores != 0 ||
               usage_error(usage, "--sdk-cores takes a number from 1 to 255, not ", value);
    case OPTION_UPLINK:
        options->uplinks = mem_grow(options->uplinks, options->uplink_count, sizeof(options->uplinks[0]));
        options->uplinks[options->uplink_count++] = value;
        return true;
    case OPTION_PD_DIR:
        add_search_dir(options, value);
        return true;
    default:
        return vars_define(&options->vars, value) || usage_error(usage, "-D takes NAME=VALUE, not ", value);
    }
}

/* Programs are looked for like all other files of a description: beside it first. */
static void search_beside_system(struct cmd_options *options)
{
    const char *slash = options->argument_count == 0 ? NULL : strrchr(options->arguments[0], '/');

    if (slash == NULL) {
        return;
    }
    options->system_dir = mem_printf("%.*s", (int)(slash + 1 - options->arguments[0]), options->arguments[0]);
    add_search_dir(options, options->system_dir);
    for (size_t i = options->search_dir_count - 1; i > 0; i--) {
        options->search_dirs[i] = options->search_dirs[i - 1];
    }
    options->search_dirs[0] = options->system_dir;
}

/* Everything the tool needs is built beside it. */
static void set_defaults(struct cmd_options *options)
{
    static const char *const names[] = {"kernel.elf", "pd", "guest"};
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    path[length < 0 ? 0 : length] = '\0';

    const char *slash = strrchr(path, '/');

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        options->defaults[i] =
            slash == NULL ? mem_strdup(names[i]) : mem_printf("%.*s/%s", (int)(slash - path), path, names[i]);
    }
    options->kernel = options->kernel == NULL ? options->defaults[0] : options->kernel;
    options->guest_dir = options->guest_dir == NULL ? options->defaults[2] : options->guest_dir;
    if (options->search_dir_count == 0) {
        add_search_dir(options, options->defaults[1]);
    }
    search_beside_system(options);
}

static bool take_arguments(const struct cmd_usage *usage, int argc, char **argv, struct cmd_options *options)
{
    for (int i = optind; i < argc; i++) {
        if (options->argument_count == usage->argument_count) {
            return usage_error(usage, "one argument too many: ", argv[i]);
        }
        options->arguments[options->argument_count++] = argv[i];
    }
    return options->argument_count == usage->argument_count ||
           usage_error(usage, "it needs: ", usage->arguments);
}

/* The tables getopt_long() wants, of the options this subcommand takes. */
static void list_options(const struct cmd_usage *usage, struct option *longs, char *shorts)
{
    size_t count = 0;

    *shorts++ = ':'; /* errors are ours to print */
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &known_options[i].option;

        if (!takes(usage, option->val)) {
            continue;
        }
        longs[count++] = *option;
        *shorts++ = (char)option->val;
        if (option->has_arg == required_argument) {
            *shorts++ = ':';
        }
    }
    *shorts = '\0';
    longs[count] = (struct option){0};
}

static bool parse_options(const struct cmd_usage *usage, int argc, char **argv, struct cmd_options *options,
                          int *status)
{
    struct option longs[OPTION_COUNT + 1];
    char shorts[2 * OPTION_COUNT + 2];
    int letter;

    list_options(usage, longs, shorts);
    optind = 0; /* glibc: begin afresh, whatever was parsed before */
    opterr = 0;
    while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (letter == OPTION_HELP) {
            print_help(usage);
            *status = CMD_OK;
            return false;
        }
        if (letter == '?' || letter == ':') {
            return usage_error(usage, letter == '?' ? "unknown option " : "value missing for ",
                               argv[optind - 1]);
        }
        if (!apply_option(usage, options, letter, optarg)) {
            return false;
        }
    }
    return true;
}

bool cmd_parse(const struct cmd_usage *usage, int argc, char **argv, struct cmd_options *options, int *status)
{
    *options = (struct cmd_options){.vars = {.use_environment = true}};
    *status = CMD_USAGE;
    if (!parse_options(usage, argc, argv, options, status) || !take_arguments(usage, argc, argv, options)) {
        cmd_free(options);
        return false;
    }
    set_defaults(options);
    *status = CMD_OK;
    return true;
}

void cmd_free(struct cmd_options *options)
{
    vars_free(&options->vars);
    free(options->search_dirs);
    free(options->uplinks);
    free(options->system_dir);
    for (size_t i = 0; i < sizeof(options->defaults) / sizeof(options->defaults[0]); i++) {
        free(options->defaults[i]);
    }
    *options = (struct cmd_options){0};
}

/* A misspelt -D would leave everything as it is without a word. */
static void warn_of_unused_variables(struct diag *diag, const struct vars *vars, const char *path)
{
    size_t index = 0;
    const char *name;

    while ((name = vars_unnamed(vars, &index)) != NULL) {
        diag_warning(diag, (struct loc){0}, "-D %s: there is no ${%s} in %s", name, name, path);
    }
}

struct model *cmd_load(const struct cmd_options *options, struct diag *diag, bool needs_files)
{
    struct expand_options expand = {
        .system_path = options->arguments[0],
        .guest_dir = options->guest_dir,
        .search_dirs = (const char *const *)options->search_dirs,
        .search_dir_count = options->search_dir_count,
        .board = options->board,
        .default_board = DEFAULT_BOARD,
        .board_dtb = options->board_dtb,
        .needs_files = needs_files,
        .microkit = options->sdk_version != NULL,
    };
    struct model *model;

    diag_show_source(diag);
    model = frontend_load(diag, &options->vars, &expand);
    warn_of_unused_variables(diag, &options->vars, options->arguments[0]);
    diag_print(diag, stderr);
    if (diag_error_count(diag) > 0) {
        fprintf(stderr, "causeway: %s: %d error%s\n", options->arguments[0], diag_error_count(diag),
                diag_error_count(diag) == 1 ? "" : "s");
        model_free(model);
        return NULL;
    }
    return model;
}

int cmd_inspect(const struct cmd_usage *usage, int argc, char **argv, cmd_inspection *inspection)
{
    struct cmd_options options;
    struct model *model;
    struct diag *diag;
    int status;

    if (!cmd_parse(usage, argc, argv, &options, &status)) {
        return status;
    }
    diag = diag_new();
    model = cmd_load(&options, diag, false);
    status = model == NULL ? CMD_FAILED : inspection(&options, model);
    model_free(model);
    diag_free(diag);
    cmd_free(&options);
    return status;
}
