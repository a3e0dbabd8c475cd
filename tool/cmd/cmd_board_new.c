/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway board-new`: a board's folder from its device tree. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/cmd/cmd.h"
#include "tool/fdt/fdt_new_board.h"

static const struct cmd_usage usage = {
    .name = "board-new",
    .arguments = "NAME",
    .argument_count = 1,
    .doc = "Write a board's data from its device tree: NAME/board_NAME.c, board_NAME.h and board.mk in the "
           "folder\n"
           "that --output names (boards). A person checks them: docs/boards/porting.md.",
    .options = "to",
};

static int fail(const char *what, const char *detail)
{
    fprintf(stderr, "causeway board-new: %s%s\n", what, detail);
    return CMD_FAILED;
}

/* It becomes part of a C identifier and of file names. */
static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

    return name[0] != '\0' && strlen(name) < 32 && strspn(name, allowed) == strlen(name);
}

static FILE *create(const char *folder, const char *name, const char *suffix)
{
    char *path = mem_printf("%s/%s%s", folder, name, suffix);
    FILE *file = fopen(path, "wx");

    if (file == NULL) {
        fprintf(stderr, "causeway board-new: %s: %s\n", path, strerror(errno));
    }
    free(path);
    return file;
}

static bool finish(FILE *file)
{
    const bool failed = ferror(file) != 0;

    return fclose(file) == 0 && !failed;
}

static int write_files(const struct fdt_new_board *board, const char *folder, const char *name,
                       const char *model)
{
    char *stem = mem_printf("board_%s", name);
    FILE *c = create(folder, stem, ".c");
    FILE *h = c == NULL ? NULL : create(folder, stem, ".h");
    FILE *mk = h == NULL ? NULL : create(folder, "board", ".mk");
    bool done = mk != NULL;

    free(stem);
    if (mk != NULL) {
        fdt_new_board_print_c(board, name, c);
        fdt_new_board_print_h(name, model, h);
        fdt_new_board_print_mk(board, name, mk);
        done = finish(mk);
    }
    done &= h == NULL || finish(h);
    done &= c == NULL || finish(c);
    return done ? CMD_OK : CMD_FAILED;
}

static int write_board(const void *dtb, const char *parent, const char *name)
{
    struct fdt_new_board board;
    struct fdt_error error = {{0}};
    const char *model = fdt_board_string(dtb, 0, "model");

    if (fdt_new_board_read(dtb, &board, &error) != ERR_OK) {
        return fail("the device tree cannot be used: ", error.text);
    }
    char *folder = mem_printf("%s/%s", parent, name);
    int status = CMD_FAILED;
    if (mkdir(folder, 0777) != 0) {
        fprintf(stderr, "causeway board-new: %s: %s\n", folder, strerror(errno));
    } else {
        status = write_files(&board, folder, name, model != NULL ? model : name);
    }
    if (status == CMD_OK) {
        printf("%s: look for CHECK, and add the board to boards/board.c (docs/boards/porting.md)\n", folder);
    }
    free(folder);
    return status;
}

static int read_and_write(const struct cmd_options *options)
{
    struct fdt_error error = {{0}};
    struct diag *diag = diag_new();
    uint8_t *dtb = NULL;
    size_t bytes;
    int status = CMD_FAILED;

    if (file_read(options->board_dtb, (struct loc){0}, diag, &dtb, &bytes) != ERR_OK) {
        diag_print(diag, stderr);
    } else if (fdt_board_check(dtb, bytes, &error) != ERR_OK) {
        (void)fail("no device tree: ", error.text);
    } else {
        status =
            write_board(dtb, options->output != NULL ? options->output : "boards", options->arguments[0]);
    }
    free(dtb);
    diag_free(diag);
    return status;
}

int cmd_board_new(int argc, char **argv)
{
    struct cmd_options options;
    int status;

    if (!cmd_parse(&usage, argc, argv, &options, &status)) {
        return status;
    }
    if (!is_name(options.arguments[0])) {
        status = fail("a name has lower-case letters, digits and underscores, at most 31, not ",
                      options.arguments[0]);
    } else if (options.board_dtb == NULL) {
        status = fail("missing --dtb", "");
    } else {
        status = read_and_write(&options);
    }
    cmd_free(&options);
    return status;
}
