/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/fdt/fdt_custom.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/fdt/fdt_board.h"

#define LIMIT_BYTES 0x100000u

/** A copy of *blob with room to grow. */
static void *open_larger(const struct fdt_blob *blob)
{
    void *larger = calloc(1, LIMIT_BYTES);
    if (larger == NULL) {
        abort();
    }
    if (fdt_open_into(blob->data, larger, LIMIT_BYTES) != 0) {
        free(larger);
        return NULL;
    }
    return larger;
}

static enum err replace(struct fdt_blob *blob, void *larger, int result, const char *what,
                        struct fdt_error *error)
{
    if (result == 0) {
        result = fdt_pack(larger);
    }
    if (result != 0) {
        free(larger);
        return fdt_error_set(error, result == -FDT_ERR_NOSPACE ? ERR_SPACE : ERR_FORMAT, "%s: %s", what,
                             result == -FDT_ERR_NOTFOUND
                                 ? "it refers to a label or node that the guest's device tree does not have"
                                 : fdt_strerror(result));
    }
    free(blob->data);
    blob->data = larger;
    blob->bytes = fdt_totalsize(larger);
    return ERR_OK;
}

enum err fdt_custom_overlay(struct fdt_blob *guest, const void *overlay, size_t bytes,
                            struct fdt_error *error)
{
    void *larger;
    void *copy;
    int result;
    enum err err = fdt_board_check(overlay, bytes, error);
    if (err != ERR_OK) {
        return err;
    }
    larger = open_larger(guest);
    copy = malloc(bytes); /* applying it changes it */
    if (copy == NULL) {
        abort();
    }
    if (larger == NULL) {
        free(copy);
        return fdt_error_set(error, ERR_SPACE, "the guest's device tree is too large");
    }
    memcpy(copy, overlay, bytes);
    result = fdt_overlay_apply(larger, copy);
    free(copy);
    return replace(guest, larger, result, "the overlay does not apply", error);
}

static int set_string(void *fdt, int node, const char *name, const char *value)
{
    return fdt_setprop(fdt, node, name, value, (int)strlen(value) + 1);
}

static int set_chosen(void *fdt, const struct fdt_guest *guest)
{
    int chosen = fdt_path_offset(fdt, "/chosen");
    int result = 0;
    if (chosen == -FDT_ERR_NOTFOUND) {
        chosen = fdt_add_subnode(fdt, 0, "chosen");
    }
    if (chosen < 0) {
        return chosen;
    }
    if (guest->initrd.bytes != 0) {
        result = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", guest->initrd.gpa);
        result = result != 0 ? result
                             : fdt_setprop_u64(fdt, chosen, "linux,initrd-end",
                                               guest->initrd.gpa + guest->initrd.bytes);
    }
    if (result == 0 && guest->rng_seed != NULL) {
        result = fdt_setprop(fdt, chosen, "rng-seed", guest->rng_seed, (int)guest->rng_seed_bytes);
    }
    if (result == 0 && guest->has_kaslr_seed) {
        result = fdt_setprop_u64(fdt, chosen, "kaslr-seed", guest->kaslr_seed);
    }
    if (result == 0 && guest->bootargs != NULL && fdt_getprop(fdt, chosen, "bootargs", NULL) == NULL) {
        result = set_string(fdt, chosen, "bootargs", guest->bootargs);
    }
    if (result == 0 && guest->stdout_path != NULL && fdt_getprop(fdt, chosen, "stdout-path", NULL) == NULL) {
        result = set_string(fdt, chosen, "stdout-path", guest->stdout_path);
    }
    return result;
}

enum err fdt_custom_complete(struct fdt_blob *blob, const struct fdt_guest *guest, struct fdt_error *error)
{
    void *larger = open_larger(blob);
    if (larger == NULL) {
        return fdt_error_set(error, ERR_SPACE, "the device tree is larger than %u bytes", LIMIT_BYTES);
    }
    return replace(blob, larger, set_chosen(larger, guest), "cannot complete the device tree", error);
}
