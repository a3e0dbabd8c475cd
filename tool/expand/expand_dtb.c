/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's device tree: generated or brought along, passed-through nodes, overlays. */
#include <stdlib.h>
#include <string.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/expand/expand_guest.h"
#include "tool/fdt/fdt_board.h"
#include "tool/fdt/fdt_custom.h"
#include "tool/fdt/fdt_passthrough.h"

/* Whose tree it is, for what fdt_custom_check() reports. */
struct report_context {
    struct expand *expand;
    struct loc loc;
    const char *file;
};

static void report(void *context, const char *text)
{
    const struct report_context *report_context = context;

    diag_error(report_context->expand->diag, report_context->loc, "<linux>: \"%s\": %s", report_context->file,
               text);
}

/* Read a device tree that an attribute names. False after an error was reported. */
static bool read_tree(struct expand *expand, const struct node *node, const char *attribute, const char *name,
                      struct fdt_blob *blob)
{
    struct loc loc = node_loc(node, attribute);
    char *path = expand_find_file(expand, name);
    struct fdt_error error;
    uint8_t *data = NULL;
    bool fine = path != NULL && file_read(path, loc, expand->diag, &data, &blob->bytes) == ERR_OK;

    if (path == NULL) {
        diag_error(expand->diag, loc, "<linux>: %s: there is no file \"%s\"", attribute, name);
    }
    if (fine && fdt_board_check(data, blob->bytes, &error) != ERR_OK) {
        diag_error(expand->diag, loc, "<linux>: %s: \"%s\": %s", attribute, name, error.text);
        fine = false;
    }
    if (!fine) {
        free(data);
    }
    blob->data = fine ? data : NULL;
    free(path);
    return fine;
}

/* Whether the tree, of file `file`, describes the guest as it is. */
static bool agrees(struct expand *expand, const struct fdt_guest *fdt, const struct node *node,
                   const char *attribute, const char *file, const struct fdt_blob *blob)
{
    struct report_context context = {expand, node_loc(node, attribute), file};
    const struct fdt_reporter reporter = {report, &context};

    return fdt_custom_check(blob->data, fdt, &reporter) == 0;
}

static bool apply_overlay(struct expand *expand, const struct fdt_guest *fdt, const struct node *node,
                          const char *name, struct fdt_blob *blob)
{
    struct fdt_blob overlay;
    struct fdt_error error;
    enum err err;

    if (!read_tree(expand, node, "overlay", name, &overlay)) {
        return false;
    }
    err = fdt_custom_overlay(blob, overlay.data, overlay.bytes, &error);
    fdt_blob_free(&overlay);
    if (err != ERR_OK) {
        diag_error(expand->diag, node_loc(node, "overlay"), "<linux>: \"%s\": %s", name, error.text);
        return false;
    }
    return agrees(expand, fdt, node, "overlay", name, blob);
}

static bool apply_overlays(struct expand *expand, const struct fdt_guest *fdt, const struct node *node,
                           struct fdt_blob *blob)
{
    const struct desc_linux *desc = node->fields;
    char *names = mem_strdup(desc->overlay == NULL ? "" : desc->overlay);
    char *rest = names;
    bool fine = true;

    for (char *name = strsep(&rest, " \t\n"); name != NULL && fine; name = strsep(&rest, " \t\n")) {
        fine = name[0] == '\0' || apply_overlay(expand, fdt, node, name, blob);
    }
    free(names);
    return fine;
}

static bool generate(struct expand *expand, const struct expand_guest *guest, const struct fdt_guest *fdt,
                     struct fdt_blob *blob)
{
    struct fdt_error error;
    size_t culprit;

    if (fdt_guest_build(fdt, blob, &error) != ERR_OK) {
        diag_error(expand->diag, guest->node->loc, "<guest>: no device tree can be made: %s", error.text);
        return false;
    }
    if (guest->passed_node_count > 0 &&
        fdt_passthrough_copy(blob, expand->board_dtb.data, guest->passed_nodes, guest->passed_node_count,
                             &culprit, &error) != ERR_OK) {
        diag_error(expand->diag, node_loc(guest->passed_descriptions[culprit], "node"),
                   "<passthrough>: \"%s\": %s", guest->passed_nodes[culprit].path, error.text);
        return false;
    }
    return true;
}

/* A tree of the user's: as it is, except for what only we know. */
static bool bring(struct expand *expand, const struct fdt_guest *fdt, const struct node *node,
                  struct fdt_blob *blob)
{
    const struct desc_linux *desc = node->fields;
    struct fdt_error error;

    if (!read_tree(expand, node, "dtb", desc->dtb, blob)) {
        return false;
    }
    if (!agrees(expand, fdt, node, "dtb", desc->dtb, blob)) {
        return false;
    }
    if (fdt_custom_complete(blob, fdt, &error) != ERR_OK) {
        diag_error(expand->diag, node_loc(node, "dtb"), "<linux>: \"%s\": %s", desc->dtb, error.text);
        return false;
    }
    return true;
}

bool expand_dtb(struct expand *expand, const struct expand_guest *guest, const struct node *linux_node,
                struct fdt_blob *blob)
{
    const struct desc_linux *desc =
        linux_node->spec == &lang_linux ? linux_node->fields : NULL; /* a <firmware> gets a generated one */
    struct fdt_guest fdt = guest->fdt;
    bool fine;

    *blob = (struct fdt_blob){NULL, 0};
    if (guest->stdout_path[0] != '\0' && fdt.pl011.window.bytes == 0) {
        fdt.stdout_path = guest->stdout_path;
    }
    fine = desc == NULL || desc->dtb == NULL ? generate(expand, guest, &fdt, blob)
                                             : bring(expand, &fdt, linux_node, blob);
    fine = fine && (desc == NULL || apply_overlays(expand, &fdt, linux_node, blob));
    if (!fine) {
        fdt_blob_free(blob);
    }
    return fine;
}
