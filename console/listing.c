/* SPDX-License-Identifier: BSD-2-Clause */
/* What a system has, in a file beside its sockets. */
#include "console/listing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME ".system"
#define PATH_BYTES 128
#define LINE_BYTES 256

static const char *const words[] = {
    [LISTING_CONSOLE] = "console", [LISTING_PORT] = "port", [LISTING_CHANNEL] = "channel"};
#define KINDS (sizeof(words) / sizeof(words[0]))

static enum listing_kind kind_of(uint32_t flags)
{
    if ((flags & SERIAL_FRAME_CONSOLE_CHANNEL) != 0) {
        return LISTING_CHANNEL;
    }
    return (flags & SERIAL_FRAME_CONSOLE_PORT) != 0 ? LISTING_PORT : LISTING_CONSOLE;
}

/* Who reads it sees it whole. */
void listing_write(const char *folder, const char *title, const struct line *line)
{
    char path[PATH_BYTES], fresh[PATH_BYTES + 4];

    (void)snprintf(path, sizeof(path), "%s/" NAME, folder);
    (void)snprintf(fresh, sizeof(fresh), "%s.new", path);
    FILE *out = fopen(fresh, "we");

    if (out == NULL) {
        return;
    }
    fprintf(out, "title %.60s\n", title);
    for (uint32_t i = 0; i < line->console_count; i++) {
        const struct line_console *console = &line->consoles[i];

        if ((console->flags & SERIAL_FRAME_CONSOLE_LOG) == 0) {
            fprintf(out, "%s %s\n", words[kind_of(console->flags)], console->name);
        }
    }
    if (fclose(out) == 0) {
        (void)rename(fresh, path);
    }
}

void listing_remove(const char *folder)
{
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), "%s/" NAME, folder);
    (void)unlink(path);
}

static void take_title(struct listing *listing, const char *title)
{
    (void)snprintf(listing->title, sizeof(listing->title), "%s", title);
    for (char *c = listing->title; *c != '\0'; c++) {
        *c = *c >= ' ' && *c <= '~' ? *c : '?';
    }
}

static bool is_name(const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

    return name[0] != '\0' && name[0] != '.' && strlen(name) <= CONFIG_NAME_BYTES &&
           name[strspn(name, good)] == '\0';
}

static bool take_line(struct listing *listing, const char *word, const char *rest)
{
    if (strcmp(word, "title") == 0) {
        take_title(listing, rest);
        return true;
    }
    for (size_t kind = 0; kind < KINDS; kind++) {
        if (strcmp(word, words[kind]) == 0 && is_name(rest) && listing->count < LINE_MAX_CONSOLES) {
            struct listing_entry *entry = &listing->entries[listing->count++];

            entry->kind = (enum listing_kind)kind;
            (void)snprintf(entry->name, sizeof(entry->name), "%s", rest);
            return true;
        }
    }
    return false;
}

bool listing_read(const char *folder, struct listing *listing)
{
    char path[PATH_BYTES], line[LINE_BYTES];
    bool is_good = true;

    memset(listing, 0, sizeof(*listing));
    (void)snprintf(path, sizeof(path), "%s/" NAME, folder);
    FILE *in = fopen(path, "re");

    if (in == NULL) {
        return false;
    }
    while (is_good && fgets(line, sizeof(line), in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = strchr(line, ' ');

        if (rest != NULL) {
            *rest++ = '\0';
        }
        is_good = rest != NULL && take_line(listing, line, rest);
    }
    fclose(in);
    errno = is_good ? 0 : EBADMSG;
    return is_good;
}
