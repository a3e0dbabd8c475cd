/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "tool/cmd.h"

static const struct cmd_usage usage = {
    .name = "check",
    .arguments = "SYSTEM",
    .argument_count = 1,
    .doc = "Check a system description without building it. Files that it names may be missing.",
    .options = "Dpgbd",
};

int cmd_check(int argc, char **argv)
{
    struct cmd_options options;
    struct model *model;
    struct diag *diag;
    int status;

    if (!cmd_parse(&usage, argc, argv, &options, &status)) {
        return status;
    }
    diag = diag_new();
    model = cmd_load(&options, diag, false);
    if (model != NULL) {
        printf("%s: fine: %zu protection domains, %zu memory regions, %zu channels\n", options.arguments[0],
               model->pd_count, model->mr_count, model->channel_count);
    }
    status = model == NULL ? CMD_FAILED : CMD_OK;
    model_free(model);
    diag_free(diag);
    cmd_free(&options);
    return status;
}
