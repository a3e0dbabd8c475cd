/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "tool/cmd/cmd.h"

static const struct cmd_usage usage = {
    .name = "check",
    .arguments = "SYSTEM",
    .argument_count = 1,
    .doc = "Check a system description without building it. Files that it names may be missing.",
    .options = "Dpgbd",
};

static int print_ok(const struct cmd_options *options, const struct model *model)
{
    printf("%s: fine: %zu protection domains, %zu memory regions, %zu channels\n", options->arguments[0],
           model->pd_count, model->mr_count, model->channel_count);
    return CMD_OK;
}

int cmd_check(int argc, char **argv)
{
    return cmd_inspect(&usage, argc, argv, print_ok);
}
