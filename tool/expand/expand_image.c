/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels, initramfs and device trees: files and blobs as read-only memory regions. */
#include <dirent.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/base/file.h"
#include "tool/base/kernel_file.h"
#include "tool/base/mem.h"
#include "tool/base/suggest.h"
#include "tool/expand/expand.h"

/* The arm64 Image header: Linux Documentation/arch/arm64/booting.rst. */
#define IMAGE_TEXT_OFFSET 8u
#define IMAGE_SIZE 16u

static uint64_t page_round_up(uint64_t bytes)
{
    return (bytes + MODEL_PAGE_BYTES - 1) / MODEL_PAGE_BYTES * MODEL_PAGE_BYTES;
}

static struct model_mr *add_image_mr(struct expand *expand, const char *stem, struct loc loc, uint64_t bytes)
{
    char *name = expand_unique_mr_name(expand, stem);
    struct model_mr *mr = model_add_mr(expand->model, name, loc);

    mr->kind = MODEL_MR_IMAGE;
    mr->size_bytes = page_round_up(bytes > 0 ? bytes : 1);
    mr->prefill_bytes = bytes;
    free(name);
    return mr;
}

static struct model_mr *find_image_mr(const struct expand *expand, const char *path)
{
    for (size_t i = 0; i < expand->model->mr_count; i++) {
        struct model_mr *mr = expand->model->mrs[i];

        if (mr->kind == MODEL_MR_IMAGE && mr->prefill_path != NULL && strcmp(mr->prefill_path, path) == 0) {
            return mr;
        }
    }
    return NULL;
}

static bool is_guest_name(const char *value)
{
    return strchr(value, '/') == NULL;
}

/* The end of a sentence: what there is below the guest directory that `value` may have meant. */
static const char *suggest_guest(const struct expand *expand, const char *value, const char *file, char *text)
{
    struct dirent **entries = NULL;
    int count = scandir(expand->options->guest_dir, &entries, NULL, alphasort);
    struct suggest suggest;

    suggest_start(&suggest, value);
    for (int i = 0; i < count; i++) {
        char *path = mem_printf("%s/%s/%s", expand->options->guest_dir, entries[i]->d_name, file);

        if (file_is(path)) {
            suggest_offer(&suggest, entries[i]->d_name);
        }
        free(path);
    }
    (void)suggest_text(&suggest, text);
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    return text;
}

/* Whether it is the first time that `path` isn't there: a dozen guests may boot the same kernel. */
static bool is_news(struct expand *expand, const char *path)
{
    for (size_t i = 0; i < expand->missing_count; i++) {
        if (strcmp(expand->missing[i], path) == 0) {
            return false;
        }
    }
    expand->missing = mem_grow(expand->missing, expand->missing_count, sizeof(expand->missing[0]));
    expand->missing[expand->missing_count++] = mem_strdup(path);
    return true;
}

/* Who names a file beside the description without a slash means that, and not one of the guest directory. */
static void hint_at_path(struct expand *expand, struct loc loc, const char *value)
{
    char *found = is_guest_name(value) ? expand_find_file(expand, value) : NULL;

    if (found != NULL) {
        diag_note(expand->diag, loc, "there is a file \"%s\": \"./%s\" names it", found, value);
    }
    free(found);
}

static void report_missing(struct expand *expand, const struct node *node, const char *attribute,
                           const char *value, const char *path, const char *file)
{
    struct loc loc = node_loc(node, attribute);
    struct stat status;
    bool is_directory = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
    char text[SUGGEST_TEXT_BYTES] = "";

    if (is_directory) {
        diag_error(expand->diag, loc, "<%s>: %s \"%s\": \"%s\" is a directory, not a file", node->spec->name,
                   attribute, value, path);
        return;
    }
    if (is_guest_name(value)) {
        (void)suggest_guest(expand, value, file, text);
    }
    if (!expand->options->needs_files) {
        diag_warning(expand->diag, loc, "<%s>: %s \"%s\": there is no file \"%s\" yet%s", node->spec->name,
                     attribute, value, path, text);
        hint_at_path(expand, loc, value);
        return;
    }
    diag_error(expand->diag, loc, "<%s>: %s \"%s\": there is no file \"%s\"%s", node->spec->name, attribute,
               value, path, text);
    hint_at_path(expand, loc, value);
    if (is_guest_name(value) && text[0] == '\0') {
        diag_note(expand->diag, loc, "`make guest` fetches and builds the demo guests' files");
    }
}

static char *image_path(const struct expand *expand, const char *value, const char *file)
{
    char *found = is_guest_name(value) ? NULL : expand_find_file(expand, value);

    if (is_guest_name(value)) {
        return mem_printf("%s/%s/%s", expand->options->guest_dir, value, file);
    }
    return found == NULL ? mem_strdup(value) : found;
}

/* "Image" of "debian" is the region debian_Image; of a path, its last component. */
static char *image_name(const char *value, const char *file)
{
    const char *slash = strrchr(value, '/');

    return is_guest_name(value) ? mem_printf("%.40s_%s", value, file)
                                : mem_printf("%.60s", slash == NULL ? value : slash + 1);
}

char *expand_image_find(struct expand *expand, const struct node *node, const char *attribute,
                        const char *value, const char *file, uint64_t *bytes)
{
    char *path = image_path(expand, value, file);
    struct stat status = {0};

    if (!file_is(path) || stat(path, &status) != 0) {
        if (is_news(expand, path)) {
            report_missing(expand, node, attribute, value, path, file);
        }
    } else if (status.st_size == 0) {
        diag_error(expand->diag, node_loc(node, attribute), "<%s>: \"%s\" is empty", node->spec->name, path);
    } else {
        *bytes = (uint64_t)status.st_size;
        return path;
    }
    free(path);
    return NULL;
}

struct model_mr *expand_image_file(struct expand *expand, const struct node *node, const char *attribute,
                                   const char *value, const char *file)
{
    uint64_t bytes;
    char *path = expand_image_find(expand, node, attribute, value, file, &bytes);
    struct model_mr *mr = path == NULL ? NULL : find_image_mr(expand, path);

    if (path != NULL && mr == NULL) {
        char *name = image_name(value, file);

        mr = add_image_mr(expand, name, node_loc(node, attribute), bytes);
        mr->prefill = MODEL_PREFILL_FILE;
        mr->prefill_path = mem_strdup(path);
        free(name);
    }
    free(path);
    return mr;
}

struct model_mr *expand_image_blob(struct expand *expand, const char *name, struct loc loc, const void *data,
                                   size_t bytes)
{
    struct model_mr *mr = add_image_mr(expand, name, loc, bytes);

    mr->prefill = MODEL_PREFILL_BLOB;
    mr->prefill_data = mem_dup(data, bytes);
    return mr;
}

struct config_blob expand_image_map(struct model_pd *pd, struct model_mr *mr)
{
    struct config_blob blob = {0};

    if (mr != NULL) {
        blob.vaddr = expand_free_vaddr(pd, EXPAND_LARGE_BASE, mr->size_bytes, MODEL_PAGE_BYTES);
        blob.bytes = mr->prefill_bytes;
        (void)model_add_pd_map(pd, mr, blob.vaddr, MODEL_READ);
    }
    return blob;
}

static uint64_t read_le64(const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return le64toh(value);
}

/* RAM from its start that an Image needs, with its bss; kernels before 3.17 don't say how much that is. */
static uint64_t kernel_bytes(const uint8_t *image, uint64_t bytes)
{
    uint64_t offset = read_le64(&image[IMAGE_TEXT_OFFSET]);
    uint64_t size = read_le64(&image[IMAGE_SIZE]);

    size = size < bytes ? bytes : size;
    return offset > UINT64_MAX - size ? UINT64_MAX : offset + size;
}

struct model_mr *expand_image_kernel(struct expand *expand, const struct node *node, const char *attribute,
                                     const char *value, const char *file, uint64_t *ram_bytes)
{
    uint64_t bytes;
    char *path = expand_image_find(expand, node, attribute, value, file, &bytes);
    struct model_mr *mr = path == NULL ? NULL : find_image_mr(expand, path);
    struct kernel_file kernel = {0};

    *ram_bytes = 0;
    if (path != NULL && kernel_file_read(path, node_loc(node, attribute), expand->diag, &kernel) == ERR_OK) {
        *ram_bytes = kernel_bytes(kernel.data, kernel.bytes);
        if (mr == NULL) {
            char *name = image_name(value, file);

            mr = add_image_mr(expand, name, node_loc(node, attribute), kernel.bytes);
            mr->prefill = kernel.is_unpacked ? MODEL_PREFILL_BLOB : MODEL_PREFILL_FILE;
            mr->prefill_data = kernel.is_unpacked ? mem_dup(kernel.data, kernel.bytes) : NULL;
            mr->prefill_path = mem_strdup(path);
            free(name);
        }
    } else {
        mr = NULL;
    }
    kernel_file_free(&kernel);
    free(path);
    return mr;
}
