/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stats PD has counted, as it says it. */
#include "console/top_sample.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The next field of a line, which is cut there; NULL: there is none. */
static char *next_field(char **line)
{
    char *field = *line;

    if (field == NULL || *field == '\0') {
        return NULL;
    }
    char *end = strchr(field, ' ');

    *line = end == NULL ? NULL : end + 1;
    if (end != NULL) {
        *end = '\0';
    }
    return *field == '\0' ? NULL : field;
}

static bool parse_number(const char *text, uint64_t *value)
{
    uint64_t sum = 0;

    if (text == NULL || *text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        const uint64_t digit = (uint64_t)(*text - '0');

        if (*text < '0' || *text > '9' || sum > (UINT64_MAX - digit) / 10) {
            return false;
        }
        sum = 10 * sum + digit;
    }
    *value = sum;
    return true;
}

static bool next_number(char **line, uint64_t *value)
{
    return parse_number(next_field(line), value);
}

static bool copy_word(char *out, size_t bytes, const char *word)
{
    if (word == NULL || strlen(word) >= bytes) {
        return false;
    }
    for (; *word != '\0'; word++) {
        *out++ = isprint((unsigned char)*word) ? *word : '?';
    }
    *out = '\0';
    return true;
}

uint32_t top_sample_kind(const struct top_sample *sample, const char *name)
{
    for (uint32_t i = 0; i < sample->kind_count; i++) {
        if (strcmp(sample->kinds[i].name, name) == 0) {
            return i;
        }
    }
    return TOP_MAX_KINDS;
}

uint32_t top_sample_value(const struct top_kind *kind, const char *name)
{
    for (uint32_t i = 0; i < kind->count; i++) {
        if (strcmp(kind->values[i], name) == 0) {
            return i;
        }
    }
    return TOP_MAX_VALUES;
}

const struct top_row *top_sample_find(const struct top_sample *sample, const struct top_kind *kind,
                                      const struct top_row *row)
{
    for (uint32_t i = 0; i < sample->row_count; i++) {
        const struct top_row *other = &sample->rows[i];

        if (strcmp(other->name, row->name) == 0 && strcmp(other->type, row->type) == 0 &&
            strcmp(sample->kinds[other->kind].name, kind->name) == 0) {
            return other;
        }
    }
    return NULL;
}

static bool take_kind(struct top_sample *sample, char *line)
{
    struct top_kind *kind = &sample->kinds[sample->kind_count];
    const char *word = next_field(&line);

    if (sample->kind_count == TOP_MAX_KINDS || word == NULL ||
        top_sample_kind(sample, word) != TOP_MAX_KINDS || !copy_word(kind->name, sizeof(kind->name), word)) {
        return false;
    }
    kind->count = 0;
    while ((word = next_field(&line)) != NULL) {
        if (kind->count == TOP_MAX_VALUES || !copy_word(kind->values[kind->count++], TOP_WORD_BYTES, word)) {
            return false;
        }
    }
    sample->kind_count++;
    return line == NULL;
}

/* vCPUs of a machine have one name: they are told apart by their order. */
static bool number_vcpu(const struct top_sample *sample, struct top_row *row)
{
    uint32_t number = 0;
    const size_t length = strlen(row->name);

    for (uint32_t i = 0; i < sample->row_count; i++) {
        const struct top_row *other = &sample->rows[i];

        number += other->kind == row->kind && strcmp(other->type, row->type) == 0 &&
                  strncmp(other->name, row->name, length) == 0 && other->name[length] == '.';
    }
    return snprintf(row->name + length, sizeof(row->name) - length, ".%u", number) <
           (int)(sizeof(row->name) - length);
}

static bool take_thread(const struct top_sample *sample, struct top_row *row, char **line)
{
    uint64_t core;
    uint64_t priority;

    if (!copy_word(row->type, sizeof(row->type), next_field(line)) || !next_number(line, &core) ||
        !next_number(line, &priority)) {
        return false;
    }
    row->core = (uint32_t)core;
    row->priority = (uint32_t)priority;
    return strcmp(row->type, "vcpu") != 0 || number_vcpu(sample, row);
}

/* A port has two names. */
static bool take_port(struct top_row *row, char **line)
{
    char port[TOP_NAME_BYTES / 2];
    const size_t length = strlen(row->name);

    return length < sizeof(port) && copy_word(port, sizeof(port), next_field(line)) &&
           snprintf(row->name + length, sizeof(row->name) - length, ".%s", port) <
               (int)(sizeof(row->name) - length);
}

/* Two ports of a guest at one switch have one name: the second is told apart. */
static bool tell_apart(const struct top_sample *sample, struct top_row *row)
{
    const size_t length = strlen(row->name);

    for (uint32_t i = 2; top_sample_find(sample, &sample->kinds[row->kind], row) != NULL; i++) {
        if (snprintf(row->name + length, sizeof(row->name) - length, "#%u", i) >=
            (int)(sizeof(row->name) - length)) {
            return false;
        }
    }
    return true;
}

static bool take_row(struct top_sample *sample, uint32_t kind, char *line)
{
    struct top_row *row = &sample->rows[sample->row_count];
    const char *name = sample->kinds[kind].name;

    if (sample->row_count == TOP_MAX_ROWS) {
        return false;
    }
    *row = (struct top_row){.kind = kind};
    if (!copy_word(row->name, sizeof(row->name) - 8, next_field(&line)) ||
        (strcmp(name, "thread") == 0 && !take_thread(sample, row, &line)) ||
        (strcmp(name, "port") == 0 && !take_port(row, &line)) || !tell_apart(sample, row)) {
        return false;
    }
    for (uint32_t i = 0; i < sample->kinds[kind].count; i++) {
        if (!next_number(&line, &row->values[i])) {
            return false;
        }
    }
    sample->row_count++;
    return line == NULL;
}

/* A line of an answer. False: it is none. *is_end: it is the last. */
static bool take_line(struct top_sample *sample, char *line, bool *is_end)
{
    const char *word = next_field(&line);
    uint64_t number;

    if (word == NULL) {
        return false;
    }
    if (strcmp(word, "time") == 0) {
        return next_number(&line, &sample->ticks) && next_number(&line, &sample->hz) && sample->hz > 0;
    }
    if (strcmp(word, "of") == 0) {
        return take_kind(sample, line);
    }
    if (strcmp(word, "end") == 0) {
        *is_end = true;
        return next_number(&line, &number) && number == sample->number && sample->hz > 0;
    }
    const uint32_t kind = top_sample_kind(sample, word);

    return kind != TOP_MAX_KINDS && take_row(sample, kind, line);
}

static bool is_begin(const char *line, uint64_t *number)
{
    return strncmp(line, "begin ", 6) == 0 && parse_number(line + 6, number) && *number <= UINT32_MAX;
}

static bool end_line(struct top_reader *reader)
{
    struct top_sample *sample = &reader->sample;
    bool is_end = false;
    uint64_t number;

    reader->line[reader->line_bytes] = '\0';
    if (is_begin(reader->line, &number)) {
        reader->is_started = true;
        sample->number = (uint32_t)number;
        sample->hz = 0;
        sample->kind_count = 0;
        sample->row_count = 0;
        return false;
    }
    if (!reader->is_started) {
        return false;
    }
    reader->is_started = take_line(sample, reader->line, &is_end);
    const bool done = reader->is_started && is_end;

    reader->is_started = reader->is_started && !is_end;
    return done;
}

bool top_reader_byte(struct top_reader *reader, char byte)
{
    if (byte != '\n') {
        reader->is_long |= reader->line_bytes == sizeof(reader->line) - 1 || byte == '\0';
        if (!reader->is_long) {
            reader->line[reader->line_bytes++] = byte;
        }
        return false;
    }
    const bool was_long = reader->is_long;
    const bool done = !was_long && end_line(reader);

    reader->is_started = reader->is_started && !was_long;
    reader->is_long = false;
    reader->line_bytes = 0;
    return done;
}
