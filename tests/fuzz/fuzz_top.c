/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway top` reads whatever a target says: it stays in bounds, and shows printable text. */
#include <stdio.h>
#include <stdlib.h>

#include "console/top_show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text[i] != '\n' && ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct top_reader reader;
    static struct top_sample last;
    const struct top_view view = {.order =
                                      size > 0 ? (enum top_order)(data[0] % TOP_ORDER_COUNT) : TOP_ORDER_CPU};
    bool has_last = false;

    reader.line_bytes = 0;
    reader.is_long = false;
    reader.is_started = false;
    for (size_t i = 0; i < size; i++) {
        if (!top_reader_byte(&reader, (char)data[i])) {
            continue;
        }
        char *text = NULL;
        size_t bytes = 0;
        FILE *out = open_memstream(&text, &bytes);
        if (out == NULL) {
            abort();
        }
        top_show_table(out, &view, has_last ? &last : NULL, &reader.sample);
        top_show_json(out, has_last ? &last : NULL, &reader.sample);
        fclose(out);
        check_text(text, bytes);
        free(text);
        last = reader.sample;
        has_last = true;
    }
    return 0;
}
