/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/fdt/fdt_view.h"

#include <stdbool.h>

#define FDT_MAGIC 0xd00dfeedu
#define FDT_HEADER_BYTES 40u

enum token { TOKEN_BEGIN_NODE = 1, TOKEN_END_NODE = 2, TOKEN_PROP = 3, TOKEN_NOP = 4, TOKEN_END = 9 };

/* A cursor over the structure block, [at, end) of blob. */
struct view {
    const uint8_t *blob;
    uint32_t at, end;
    uint32_t strings, strings_end;
};

static uint32_t load_be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3];
}

static bool block_fits(uint32_t offset, uint32_t bytes, uint32_t total)
{
    return offset <= total && bytes <= total - offset;
}

static enum err view_open(struct view *view, const void *blob, uint32_t blob_bytes)
{
    const uint8_t *header = blob;
    uint32_t total, strings_bytes, struct_bytes;

    if (blob_bytes < FDT_HEADER_BYTES || load_be32(header) != FDT_MAGIC) {
        return ERR_FORMAT;
    }
    total = load_be32(header + 4);
    strings_bytes = load_be32(header + 32);
    struct_bytes = load_be32(header + 36);
    view->blob = blob;
    view->at = load_be32(header + 8);
    view->strings = load_be32(header + 12);
    if (total > blob_bytes || !block_fits(view->at, struct_bytes, total) ||
        !block_fits(view->strings, strings_bytes, total) || view->at % 4 != 0) {
        return ERR_FORMAT;
    }
    view->end = view->at + struct_bytes;
    view->strings_end = view->strings + strings_bytes;
    return ERR_OK;
}

static bool view_word(struct view *view, uint32_t *word)
{
    if (!block_fits(view->at, 4, view->end)) {
        return false;
    }
    *word = load_be32(view->blob + view->at);
    view->at += 4;
    return true;
}

/* Skip `bytes` and the padding to the next word. */
static bool view_skip(struct view *view, uint32_t bytes)
{
    if (bytes > UINT32_MAX - 3u || !block_fits(view->at, (bytes + 3u) & ~3u, view->end)) {
        return false;
    }
    view->at += (bytes + 3u) & ~3u;
    return true;
}

/* Length of the string at `at`, which has to end before `end`; end - at if it doesn't. */
static uint32_t string_bytes(const struct view *view, uint32_t at, uint32_t end)
{
    uint32_t bytes = 0;

    while (at + bytes < end && view->blob[at + bytes] != 0) {
        bytes++;
    }
    return bytes;
}

static bool string_is(const struct view *view, uint32_t at, uint32_t end, const char *text)
{
    /* Byte by byte: the kernel looks with the MMU off. */
    for (uint32_t i = 0; at < end && i < end - at && view->blob[at + i] == (uint8_t)text[i]; i++) {
        if (text[i] == '\0') {
            return true;
        }
    }
    return false;
}

/* A PROP token was read: take its header and value. */
static bool view_property(struct view *view, uint32_t *name, const uint8_t **value, uint32_t *value_bytes)
{
    uint32_t bytes, name_offset;

    if (!view_word(view, &bytes) || !view_word(view, &name_offset)) {
        return false;
    }
    *value = view->blob + view->at;
    *value_bytes = bytes;
    *name =
        name_offset <= view->strings_end - view->strings ? view->strings + name_offset : view->strings_end;
    return view_skip(view, bytes);
}

enum err fdt_view_property(const void *blob, uint32_t blob_bytes, const char *path, const char *property,
                           const uint8_t **value, uint32_t *value_bytes)
{
    struct view view;
    uint32_t token, depth = 0, name;
    bool in_node = false;
    enum err err = view_open(&view, blob, blob_bytes);

    if (err != ERR_OK) {
        return err;
    }
    while (view_word(&view, &token) && token != TOKEN_END) {
        if (token == TOKEN_BEGIN_NODE) {
            depth++;
            in_node = depth == 2 && string_is(&view, view.at, view.end, path + 1);
            if (!view_skip(&view, string_bytes(&view, view.at, view.end) + 1)) {
                return ERR_FORMAT;
            }
        } else if (token == TOKEN_END_NODE) {
            if (depth == 0) {
                return ERR_FORMAT;
            }
            depth--;
            in_node = false;
        } else if (token == TOKEN_PROP) {
            if (!view_property(&view, &name, value, value_bytes)) {
                return ERR_FORMAT;
            }
            if (in_node && string_is(&view, name, view.strings_end, property)) {
                return ERR_OK;
            }
        } else if (token != TOKEN_NOP) {
            return ERR_FORMAT;
        }
    }
    return ERR_EMPTY;
}
