/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"
#include "tool/cmd/cmd.h"
#include "tool/disk/disk_image.h"
#include "tool/disk/qemu_config.h"
#include "tool/image/image.h"
#include "tool/show/report.h"

static const struct cmd_usage build_usage = {
    .name = "build",
    .arguments = "SYSTEM",
    .argument_count = 1,
    .doc = "Build the bootable image of a system for the bundled kernel: --output is an ELF file whose "
           "segments\n"
           "lie at their final physical addresses. Images of disks that don't exist yet are created, and a\n"
           "configuration file for QEMU's -readconfig that has disks and network cards is written beside it, "
           "as NAME.qemu.",
    .options = "Dorpkgbdu",
};

static const struct cmd_usage report_usage = {
    .name = "report",
    .arguments = "SYSTEM",
    .argument_count = 1,
    .doc = "Show what a system is made of: memory map, channels, interrupts, who can reach whom and through\n"
           "what. The image is composed for it but not written, so everything it needs must have been built.",
    .options = "Dopkgbd",
};

static enum err compose(const struct cmd_options *options, struct model *model, struct diag *diag,
                        struct image **image)
{
    struct image_options image_options = {
        .kernel_path = options->kernel,
        .search_dirs = (const char *const *)options->search_dirs,
        .search_dir_count = options->search_dir_count,
    };

    return image_compose(model, &image_options, diag, image);
}

/* More of the configuration file for QEMU: how many cores the machine has to have. */
static enum err append_cores(const struct model *model, const char *output, struct diag *diag)
{
    const size_t length = strlen(output);
    const bool is_elf = length > 4 && strcmp(output + length - 4, ".elf") == 0;
    char *path = mem_printf("%.*s.qemu", (int)(is_elf ? length - 4 : length), output);
    const uint32_t count = model_core_count(model);
    FILE *file = count > 1 ? fopen(path, "a") : NULL;
    enum err err = ERR_OK;

    if (count > 1 && (file == NULL || fprintf(file, "\n[smp-opts]\n  cpus = \"%u\"\n", count) < 0)) {
        diag_error(diag, (struct loc){0}, "%s: cannot be written", path);
        err = ERR_IO;
    }
    if (file != NULL && fclose(file) != 0 && err == ERR_OK) {
        diag_error(diag, (struct loc){0}, "%s: cannot be written", path);
        err = ERR_IO;
    }
    free(path);
    return err;
}

static enum err build(const struct cmd_options *options, struct model *model, struct diag *diag)
{
    struct image *image = NULL;
    enum err err = compose(options, model, diag, &image);

    if (err == ERR_OK) {
        err = image_write(image, options->output, diag);
    }
    if (err == ERR_OK && options->report != NULL) {
        err = report_write(model, image, options->report, diag);
    }
    if (err == ERR_OK) {
        err = disk_image_create_all(model, options->output, diag);
    }
    if (err == ERR_OK) {
        err = qemu_config_write(model, options->output, options->uplinks, options->uplink_count, diag);
    }
    image_free(image);
    if (err == ERR_OK) {
        err = append_cores(model, options->output, diag);
    }
    return err;
}

static enum err report(const struct cmd_options *options, struct model *model, struct diag *diag)
{
    struct image *image = NULL;
    enum err err = compose(options, model, diag, &image);

    if (err == ERR_OK && options->output != NULL) {
        err = report_write(model, image, options->output, diag);
    } else if (err == ERR_OK) {
        report_print(model, image, stdout);
    }
    image_free(image);
    return err;
}

typedef enum err composition(const struct cmd_options *options, struct model *model, struct diag *diag);

static int run(const struct cmd_options *options, composition *compose_and_write)
{
    struct diag *diag = diag_new();
    struct model *model = cmd_load(options, diag, true);
    enum err err = model == NULL ? ERR_FORMAT : compose_and_write(options, model, diag);

    diag_print(diag, stderr);
    model_free(model);
    diag_free(diag);
    return err == ERR_OK ? CMD_OK : CMD_FAILED;
}

int cmd_build(int argc, char **argv)
{
    struct cmd_options options;
    int status;

    if (!cmd_parse(&build_usage, argc, argv, &options, &status)) {
        return status;
    }
    if (options.output == NULL) {
        fputs("causeway build: missing --output FILE, where to write the image\n", stderr);
        status = CMD_USAGE;
    } else {
        status = run(&options, build);
    }
    cmd_free(&options);
    return status;
}

int cmd_report(int argc, char **argv)
{
    struct cmd_options options;
    int status;

    if (!cmd_parse(&report_usage, argc, argv, &options, &status)) {
        return status;
    }
    status = run(&options, report);
    cmd_free(&options);
    return status;
}
