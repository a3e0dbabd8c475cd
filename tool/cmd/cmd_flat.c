/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway flat`. */
#include <stdio.h>

#include "tool/cmd/cmd.h"
#include "tool/image/flat.h"

static const struct cmd_usage usage = {
    .name = "flat",
    .arguments = "IMAGE",
    .argument_count = 1,
    .doc = "Write an image that `causeway build` has made as a flat arm64 Image to --output: U-Boot's booti, "
           "and\n"
           "whatever else boots Linux, starts that.",
    .options = "o",
};

int cmd_flat(int argc, char **argv)
{
    struct cmd_options options = {0};
    struct diag *diag = diag_new();
    int status = CMD_OK;

    if (!cmd_parse(&usage, argc, argv, &options, &status)) {
        cmd_free(&options);
        return status;
    }
    if (options.output == NULL) {
        fputs("causeway flat: missing --output FILE\n", stderr);
        status = CMD_USAGE;
    } else {
        status = flat_write(options.arguments[0], options.output, diag) == ERR_OK ? CMD_OK : CMD_FAILED;
        diag_print(diag, stderr);
    }
    diag_free(diag);
    cmd_free(&options);
    return status;
}
