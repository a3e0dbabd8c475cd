/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole front end on any bytes: read, expand, check, and print all that can be made of it, for either
 * platform. What it calls fine, the back ends have to take.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libfdt.h>

#include "tool/base/mem.h"
#include "tool/expand/frontend.h"
#include "tool/microkit/sdf_emit.h"
#include "tool/show/graph.h"
#include "tool/show/report.h"

#define OVERLAY_BYTES 512u
#define IMAGE_BYTES 4096u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Files that descriptions may name: what the fixtures and systems/ call them. */
static char folder[] = "/tmp/causeway-fuzz-XXXXXX";
static const char *const guests[] = {"tiny", "debian", "demo"};
static const char *board_dtb; /* NULL: none was made */

static void write_file(const char *name, const void *data, size_t bytes)
{
    char *path = mem_printf("%s/%s", folder, name);
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(data, 1, bytes, file) != bytes || fclose(file) != 0) {
        abort();
    }
    free(path);
}

static void write_guest(const char *name)
{
    uint8_t image[IMAGE_BYTES] = {0};
    char *path = mem_printf("%s/%s", folder, name);
    char *kernel = mem_printf("%s/Image", name);
    char *initrd = mem_printf("%s/initrd.cpio.gz", name);

    image[18] = 1; /* image_size: 64 KiB */
    memcpy(&image[56], "ARM\x64", 4);
    (void)mkdir(path, 0700);
    write_file(kernel, image, sizeof(image));
    write_file(initrd, "initramfs", 9);
    free(initrd);
    free(kernel);
    free(path);
}

static void write_overlay(void)
{
    uint8_t overlay[OVERLAY_BYTES];
    int fragment;

    (void)fdt_create_empty_tree(overlay, sizeof(overlay));
    fragment = fdt_add_subnode(overlay, 0, "fragment@0");
    (void)fdt_setprop_string(overlay, fragment, "target-path", "/");
    (void)fdt_add_subnode(overlay, fdt_add_subnode(overlay, fragment, "__overlay__"), "note");
    write_file("note.dtbo", overlay, fdt_totalsize(overlay));
}

static void remove_files(void)
{
    char *command = mem_printf("rm -rf %s", folder);

    (void)!system(command);
    free(command);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    (void)atexit(remove_files);
    for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++) {
        write_guest(guests[i]);
    }
    write_overlay();
    board_dtb = access("fuzz_board.dtb", R_OK) == 0 ? "fuzz_board.dtb" : NULL;
    return 0;
}

/* Every error about a fine model is one that `check` should have found. */
static void must_be_silent(struct diag *diag, const char *what)
{
    if (diag_error_count(diag) > 0) {
        (void)fprintf(stderr, "a description that was called fine: %s says\n", what);
        diag_print(diag, stderr);
        abort();
    }
}

/* For Microkit. */
static void emit(const struct model *model, FILE *out)
{
    const struct sdf_version version = {.major = 2, .minor = 3, .patch = 0};
    struct diag *diag = diag_new();
    struct xml_element *root;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);

    sdf_emit_print(model, version, file);
    (void)fclose(file);
    (void)fwrite(text, 1, bytes, out);
    root = xml_read_text(diag, "emitted", text, bytes);
    must_be_silent(diag, "the XML parser"); /* what else Microkit can't do, sdf_emit() says first */
    xml_free(root);
    free(text);
    diag_free(diag);
}

static void use(const struct model *model, bool microkit, FILE *out)
{
    graph_print(model, out);
    report_print(model, NULL, out);
    if (microkit) {
        emit(model, out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *path = mem_printf("%s/fuzz.system", folder);
    struct expand_options options = {
        .system_path = path,
        .guest_dir = folder,
        .default_board = "qemu_virt_aarch64",
        .board_dtb = board_dtb,
        .needs_files = (size & 1) != 0,
        .microkit = (size & 2) != 0,
    };
    struct vars vars = {0};
    struct diag *diag = diag_new();
    FILE *out = fopen("/dev/null", "w");
    struct model *model;

    (void)vars_define(&vars, "SET=12");
    model = frontend_load_text(diag, &vars, &options, (const char *)data, size);
    if (model != NULL && diag_error_count(diag) == 0) {
        use(model, options.microkit, out);
    }
    diag_print(diag, out);
    (void)fclose(out);
    model_free(model);
    diag_free(diag);
    vars_free(&vars);
    free(path);
    return 0;
}
