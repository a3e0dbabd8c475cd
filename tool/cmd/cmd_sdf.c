/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/base/mem.h"
#include "tool/cmd/cmd.h"
#include "tool/disk/disk_image.h"
#include "tool/disk/qemu_config.h"
#include "tool/microkit/sdf_emit.h"
#include "tool/show/report.h"

static const struct cmd_usage sdf_usage = {
    .name = "sdf",
    .arguments = "SYSTEM",
    .argument_count = 1,
    .doc =
        "Write a system for the seL4 Microkit SDK into the folder --output: a .system file, the configured\n"
        "programs and the contents of memory regions. The SDK's own tool makes an image from them, with the\n"
        "folder as its search path.",
    .options = "Dorpgbdscu",
};

static enum err make_folder(const char *path, struct diag *diag)
{
    struct stat status;

    if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))) {
        return ERR_OK;
    }
    diag_error(diag, (struct loc){0}, "cannot make the folder %s: %s", path, strerror(errno));
    return ERR_IO;
}

static enum err emit(const struct cmd_options *options, struct diag *diag)
{
    struct sdf_options sdf = {.output_dir = options->output,
                              .core_count = options->sdk_cores,
                              .search_dirs = (const char *const *)options->search_dirs,
                              .search_dir_count = options->search_dir_count};
    struct model *model = NULL;
    enum err err = sdf_version_parse(options->sdk_version, diag, &sdf.version);

    if (err == ERR_OK) {
        model = cmd_load(options, diag, true);
        err = model == NULL ? ERR_FORMAT : make_folder(options->output, diag);
    }
    if (err == ERR_OK) {
        err = sdf_emit(model, &sdf, diag);
    }
    if (err == ERR_OK && options->report != NULL) {
        err = report_write(model, NULL, options->report, diag);
    }
    /* Beside the folder, which is the SDK's alone. */
    if (err == ERR_OK) {
        err = disk_image_create_all(model, options->output, diag);
    }
    if (err == ERR_OK) {
        err = qemu_config_write(model, options->output, options->uplinks, options->uplink_count, diag);
    }
    model_free(model);
    return err;
}

static int finish(struct cmd_options *options, struct diag *diag, enum err err)
{
    diag_print(diag, stderr);
    diag_free(diag);
    cmd_free(options);
    return err == ERR_OK ? CMD_OK : CMD_FAILED;
}

int cmd_sdf(int argc, char **argv)
{
    struct cmd_options options;
    struct diag *diag;
    int status;

    if (!cmd_parse(&sdf_usage, argc, argv, &options, &status)) {
        return status;
    }
    if (options.output == NULL || options.sdk_version == NULL) {
        fputs("causeway sdf: missing --output FOLDER or --sdk-version VERSION\n", stderr);
        cmd_free(&options);
        return CMD_USAGE;
    }
    diag = diag_new();
    return finish(&options, diag, emit(&options, diag));
}
