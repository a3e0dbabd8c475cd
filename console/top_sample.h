/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the stats PD has counted, as it says it (pd/stats/top.h): the host's side. The bytes come from the target, and are
 * not trusted: what is no whole answer is dropped, names are kept to printable characters.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_NAME_BYTES 72u
#define TOP_WORD_BYTES 24u
#define TOP_MAX_VALUES 40u
#define TOP_MAX_ROWS 400u
#define TOP_MAX_KINDS 8u
#define TOP_LINE_BYTES 2048u

/** What the values of rows of a kind are called. */
struct top_kind {
    char name[TOP_WORD_BYTES]; /**< "core", "thread", "switch", "port", "disk" */
    uint32_t count;
    char values[TOP_MAX_VALUES][TOP_WORD_BYTES];
};

/** A thing that counts. */
struct top_row {
    uint32_t kind;             /**< index */
    char name[TOP_NAME_BYTES]; /**< of a vCPU with its number behind it, of a port behind its switch's */
    char type[TOP_WORD_BYTES]; /**< of a thread: "pd", "vcpu"; else "" */
    uint32_t core;
    uint32_t priority;
    uint64_t values[TOP_MAX_VALUES];
};

/** A moment. */
struct top_sample {
    uint32_t number;
    uint64_t ticks;
    uint64_t hz;
    uint32_t kind_count;
    struct top_kind kinds[TOP_MAX_KINDS];
    uint32_t row_count;
    struct top_row rows[TOP_MAX_ROWS];
};

/** State between bytes. Zero-initialised. Large. */
struct top_reader {
    char line[TOP_LINE_BYTES];
    uint32_t line_bytes;
    bool is_long;    /**< the line under way is too long to be one */
    bool is_started; /**< `sample` is being filled, and all right so far */
    struct top_sample sample;
};

/** Feed a byte. True: it was the end of an answer, which is in reader->sample until the next byte. */
bool top_reader_byte(struct top_reader *reader, char byte);

/** Index of a kind of rows, or TOP_MAX_KINDS. */
uint32_t top_sample_kind(const struct top_sample *sample, const char *name);

/** Index of a value of a kind, or TOP_MAX_VALUES. */
uint32_t top_sample_value(const struct top_kind *kind, const char *name);

/** The same thing in an earlier sample, or NULL. */
const struct top_row *top_sample_find(const struct top_sample *sample, const struct top_kind *kind,
                                      const struct top_row *row);
