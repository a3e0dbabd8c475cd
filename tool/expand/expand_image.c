/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels, initramfs and device trees: files and blobs as read-only memory regions. */
#include <dirent.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/base/suggest.h"
#include "tool/expand/expand.h"

/* The arm64 Image header: Linux Documentation/arch/arm64/booting.rst. */
#define IMAGE_HEADER_BYTES 64u
#define IMAGE_TEXT_OFFSET 8u
#define IMAGE_SIZE 16u
#define IMAGE_MAGIC 56u

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
        return;
    }
    diag_error(expand->diag, loc, "<%s>: %s \"%s\": there is no file \"%s\"%s", node->spec->name, attribute,
               value, path, text);
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

static size_t read_start(const char *path, uint8_t *bytes, size_t count)
{
    FILE *file = fopen(path, "rb");
    size_t got = file == NULL ? 0 : fread(bytes, 1, count, file);

    if (file != NULL) {
        (void)fclose(file);
    }
    return got;
}

uint64_t expand_image_kernel_bytes(struct expand *expand, const struct model_mr *mr, struct loc loc)
{
    uint8_t header[IMAGE_HEADER_BYTES];

    if (read_start(mr->prefill_path, header, sizeof(header)) != sizeof(header) ||
        memcmp(&header[IMAGE_MAGIC], "ARM\x64", 4) != 0) {
        bool is_gzip = header[0] == 0x1f && header[1] == 0x8b;

        diag_error(expand->diag, loc, "<linux>: \"%s\" is not an arm64 Image%s", mr->prefill_path,
                   is_gzip ? "; uncompress it with gzip -d" : "");
        return 0;
    }

    uint64_t offset = read_le64(&header[IMAGE_TEXT_OFFSET]);
    uint64_t size = read_le64(&header[IMAGE_SIZE]);

    /* Kernels before 3.17 don't say how much they need. */
    size = size < mr->prefill_bytes ? mr->prefill_bytes : size;
    return offset > UINT64_MAX - size ? UINT64_MAX : offset + size;
}
