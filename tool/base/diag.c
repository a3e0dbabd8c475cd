/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/base/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"

/* Far more than anybody reads; bounds the memory and time a hostile description can cost. */
#define MAX_MESSAGES 1000u
/* Longer lines help nobody. */
#define MAX_EXCERPT 200

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

struct message {
    enum severity severity;
    struct loc loc;
    struct loc sort_loc; /* a note sorts with the message it belongs to */
    size_t sequence;
    size_t file_order;
    char *text;
};

struct diag {
    struct message *messages;
    size_t message_count;
    char **files;
    size_t file_count;
    int error_count;
    bool shows_source;
    bool dropping; /* the last error was dropped, so are its notes */
};

struct diag *diag_new(void)
{
    return mem_zalloc(sizeof(struct diag));
}

static void forget_messages(struct diag *diag)
{
    for (size_t i = 0; i < diag->message_count; i++) {
        free(diag->messages[i].text);
    }
    free(diag->messages);
    diag->messages = NULL;
    diag->message_count = 0;
}

void diag_free(struct diag *diag)
{
    if (diag == NULL) {
        return;
    }
    forget_messages(diag);
    for (size_t i = 0; i < diag->file_count; i++) {
        free(diag->files[i]);
    }
    free(diag->files);
    free(diag);
}

const char *diag_intern(struct diag *diag, const char *file)
{
    for (size_t i = 0; i < diag->file_count; i++) {
        if (strcmp(diag->files[i], file) == 0) {
            return diag->files[i];
        }
    }
    diag->files = mem_grow(diag->files, diag->file_count, sizeof(diag->files[0]));
    diag->files[diag->file_count] = mem_strdup(file);
    return diag->files[diag->file_count++];
}

/* Messages without a place come first, then files in the order they were opened. */
static size_t file_order(const struct diag *diag, const char *file)
{
    for (size_t i = 0; file != NULL && i < diag->file_count; i++) {
        if (diag->files[i] == file) {
            return i + 1;
        }
    }
    return 0;
}

static void add_message(struct diag *diag, enum severity severity, struct loc loc, const char *format,
                        va_list args)
{
    bool attached = severity == SEVERITY_NOTE && diag->message_count > 0;
    struct loc sort_loc = attached ? diag->messages[diag->message_count - 1].sort_loc : loc;

    diag->dropping = severity == SEVERITY_NOTE ? diag->dropping : diag->message_count >= MAX_MESSAGES;
    if (diag->dropping) {
        return;
    }
    diag->messages = mem_grow(diag->messages, diag->message_count, sizeof(diag->messages[0]));

    struct message *message = &diag->messages[diag->message_count];

    message->severity = severity;
    message->loc = loc;
    message->sort_loc = sort_loc;
    message->sequence = diag->message_count++;
    message->file_order = file_order(diag, sort_loc.file);
    if (vasprintf(&message->text, format, args) < 0) {
        message->text = mem_strdup("(message lost)");
    }
}

void diag_error(struct diag *diag, struct loc loc, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_message(diag, SEVERITY_ERROR, loc, format, args);
    va_end(args);
    diag->error_count++;
}

void diag_note(struct diag *diag, struct loc loc, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_message(diag, SEVERITY_NOTE, loc, format, args);
    va_end(args);
}

void diag_warning(struct diag *diag, struct loc loc, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_message(diag, SEVERITY_WARNING, loc, format, args);
    va_end(args);
}

int diag_error_count(const struct diag *diag)
{
    return diag->error_count;
}

void diag_show_source(struct diag *diag)
{
    diag->shows_source = true;
}

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_messages(const void *left, const void *right)
{
    const struct message *a = left;
    const struct message *b = right;
    int order = compare_numbers(a->file_order, b->file_order);

    if (order == 0) {
        order = compare_numbers((size_t)a->sort_loc.line, (size_t)b->sort_loc.line);
    }
    if (order == 0) {
        order = compare_numbers((size_t)a->sort_loc.column, (size_t)b->sort_loc.column);
    }
    return order != 0 ? order : compare_numbers(a->sequence, b->sequence);
}

static void print_place(struct loc loc, FILE *out)
{
    if (loc.file == NULL) {
        fputs("causeway: ", out);
        return;
    }
    fprintf(out, "%s:", loc.file);
    if (loc.line > 0) {
        fprintf(out, "%d:", loc.line);
    }
    if (loc.line > 0 && loc.column > 0) {
        fprintf(out, "%d:", loc.column);
    }
    fputc(' ', out);
}

/* Text may quote the input: keep a message on its one line and the terminal sane. */
static void print_text(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '\t') {
            fputc(' ', out); /* one column, as places count */
        } else if (byte < 0x20 || byte == 0x7f) {
            fprintf(out, "\\x%02x", byte);
        } else {
            fputc(byte, out);
        }
    }
    fputc('\n', out);
}

/* The line is read again, as nobody keeps the text; a file that has gone since just isn't shown. */
static char *read_line(struct loc loc)
{
    FILE *file = loc.file == NULL || loc.line == 0 ? NULL : fopen(loc.file, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length = -1;

    for (int i = 0; file != NULL && i < loc.line; i++) {
        length = getline(&line, &room, file);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (length > 0 && line[length - 1] == '\n') {
        line[length - 1] = '\0';
    }
    if (length < 0 || length > MAX_EXCERPT) {
        free(line);
        line = NULL;
    }
    return line;
}

static void print_excerpt(struct loc loc, FILE *out)
{
    char *line = read_line(loc);

    if (line != NULL) {
        fprintf(out, "%6d | ", loc.line);
        print_text(line, out);
    }
    if (line != NULL && loc.column > 0) {
        fprintf(out, "       | %*s^\n", loc.column - 1, "");
    }
    free(line);
}

void diag_print(struct diag *diag, FILE *out)
{
    static const char *const severity_names[] = {"error: ", "warning: ", "note: "};

    if (diag->message_count > 1) {
        qsort(diag->messages, diag->message_count, sizeof(diag->messages[0]), compare_messages);
    }
    for (size_t i = 0; i < diag->message_count; i++) {
        const struct message *message = &diag->messages[i];

        print_place(message->loc, out);
        fputs(severity_names[message->severity], out);
        print_text(message->text, out);
        if (diag->shows_source) {
            print_excerpt(message->loc, out);
        }
    }
    if (diag->message_count >= MAX_MESSAGES) {
        fprintf(out, "causeway: note: only the first %u messages are shown\n", MAX_MESSAGES);
    }
    forget_messages(diag);
}
