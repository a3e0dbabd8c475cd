/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/web/store.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "console/json.h"
#include "console/top_show.h"
#include "tool/base/mem.h"

#define CONTROL_SUFFIX ".ctl"
#define TOP_CHANNEL "top"
#define LOG_NAME "log"

static void add_guest(struct store *store, const char *channel)
{
    const size_t length = strlen(channel), suffix = sizeof(CONTROL_SUFFIX) - 1;

    if (length > suffix && strcmp(channel + length - suffix, CONTROL_SUFFIX) == 0) {
        struct store_guest *guest = &store->guests[store->guest_count++];

        memcpy(guest->name, channel, length - suffix);
    }
}

void store_init(struct store *store, const struct listing *listing, bool is_read_only)
{
    memset(store, 0, sizeof(*store));
    memcpy(store->title, listing->title, sizeof(store->title));
    store->is_read_only = is_read_only;
    store->version = 1;
    for (uint32_t i = 0; i < listing->count; i++) {
        const struct listing_entry *entry = &listing->entries[i];

        if (entry->kind == LISTING_CONSOLE) {
            memcpy(store->consoles[store->console_count++].name, entry->name, sizeof(entry->name));
        } else if (entry->kind == LISTING_CHANNEL) {
            store->has_top |= strcmp(entry->name, TOP_CHANNEL) == 0;
            add_guest(store, entry->name);
        }
    }
    memcpy(store->consoles[store->console_count++].name, LOG_NAME, sizeof(LOG_NAME));
}

void store_free(struct store *store)
{
    free(store->top);
    store->top = NULL;
}

/* Events. */

void store_event(struct store *store, enum store_level level, uint64_t unix_ms, const char *format, ...)
{
    struct store_event *event = &store->events[store->event_count++ % STORE_EVENTS];
    va_list args;

    event->unix_ms = unix_ms;
    event->level = level;
    va_start(args, format);
    (void)vsnprintf(event->text, sizeof(event->text), format, args);
    va_end(args);
}

static bool has_any(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(text, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* What kernel, VMMs and supervisor say when something is wrong. */
static enum store_level level_of(const char *line)
{
    static const char *const bad[] = {"fault", "panic", "error", "cannot", "stopped"};
    static const char *const odd[] = {"warning", "restart", "watchdog", "dropped"};

    if (has_any(line, bad, sizeof(bad) / sizeof(bad[0]))) {
        return STORE_ERROR;
    }
    return has_any(line, odd, sizeof(odd) / sizeof(odd[0])) ? STORE_WARNING : STORE_INFO;
}

static void end_line(struct store *store, uint64_t unix_ms)
{
    store->line[store->line_bytes] = '\0';
    if (store->line_bytes > 0) {
        store_event(store, level_of(store->line), unix_ms, "%s", store->line);
    }
    store->line_bytes = 0;
}

static void take_log(struct store *store, uint8_t byte, uint64_t unix_ms)
{
    if (byte == '\n') {
        end_line(store, unix_ms);
    } else if (byte >= ' ' && store->line_bytes < sizeof(store->line) - 1) {
        store->line[store->line_bytes++] = (char)byte;
    }
}

/* Consoles. */

void store_output(struct store *store, uint32_t console, const uint8_t *bytes, uint32_t count,
                  uint64_t unix_ms)
{
    struct store_console *to = &store->consoles[console];
    const bool is_log = console + 1 == store->console_count;

    for (uint32_t i = 0; i < count; i++) {
        to->text[to->head++ % STORE_SCROLL_BYTES] = bytes[i];
        if (is_log) {
            take_log(store, bytes[i], unix_ms);
        }
    }
}

uint32_t store_oldest(const struct store_console *console)
{
    return console->head > STORE_SCROLL_BYTES ? console->head - STORE_SCROLL_BYTES : 0;
}

/* Figures. */

static void take_sample(struct store *store)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    if (out == NULL) {
        return;
    }
    fputs("{\"kind\":\"top\",\"top\":", out);
    top_show_json(out, store->has_last ? &store->last : NULL, &store->reader.sample);
    fputc('}', out);
    if (fclose(out) == 0) {
        free(store->top);
        store->top = text;
        store->top_number++;
    } else {
        free(text);
    }
    store->last = store->reader.sample;
    store->has_last = true;
}

void store_counted(struct store *store, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (top_reader_byte(&store->reader, bytes[i])) {
            take_sample(store);
        }
    }
}

/* Guests. */

static bool is_question(const char *verb)
{
    return strcmp(verb, "state") == 0;
}

void store_asked(struct store *store, uint32_t guest, const char *verb)
{
    if (!is_question(verb)) {
        store->guests[guest].is_busy = true;
        store->version++;
    }
}

static bool is_word(const char *text)
{
    const size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz");

    return length > 0 && length < STORE_STATE_BYTES && text[length] == '\0';
}

static void take_state(struct store *store, struct store_guest *guest, const char *state, uint64_t unix_ms)
{
    if (!is_word(state) || strcmp(state, guest->state) == 0) {
        return;
    }
    if (guest->state[0] != '\0') {
        store_event(store, strcmp(state, "running") == 0 ? STORE_INFO : STORE_WARNING, unix_ms, "%s is %s",
                    guest->name, state);
    }
    (void)snprintf(guest->state, sizeof(guest->state), "%s", state);
    store->version++;
}

void store_answered(struct store *store, uint32_t guest, const char *verb, const char *answer,
                    uint64_t unix_ms)
{
    struct store_guest *of = &store->guests[guest];
    const bool is_good = answer != NULL && strncmp(answer, "ok", 2) == 0;

    if (is_question(verb)) {
        if (is_good && answer[2] == ' ') {
            take_state(store, of, answer + 3, unix_ms);
        }
        return;
    }
    of->is_busy = false;
    store->version++;
    if (is_good) {
        store_event(store, STORE_INFO, unix_ms, "%s: %s: done", of->name, verb);
    } else {
        store_event(store, STORE_ERROR, unix_ms, "%s: %s: %.120s", of->name, verb,
                    answer != NULL ? answer
                                   : "no answer: another tool controls this guest now, or it is gone");
    }
}

void store_end(struct store *store, uint64_t unix_ms)
{
    if (!store->has_ended) {
        store->has_ended = true;
        store->version++;
        store_event(store, STORE_WARNING, unix_ms, "the system has ended");
    }
}

/* JSON. */

void store_put_system(const struct store *store, FILE *out)
{
    fputs("{\"kind\":\"system\",\"title\":", out);
    json_put_string(out, store->title);
    fprintf(out, ",\"readOnly\":%s,\"hasTop\":%s,\"hasEnded\":%s,\"consoles\":[",
            store->is_read_only ? "true" : "false", store->has_top ? "true" : "false",
            store->has_ended ? "true" : "false");
    for (uint32_t i = 0; i < store->console_count; i++) {
        fputs(i == 0 ? "" : ",", out);
        json_put_string(out, store->consoles[i].name);
    }
    fputs("],\"guests\":[", out);
    for (uint32_t i = 0; i < store->guest_count; i++) {
        fputs(i == 0 ? "{\"name\":" : ",{\"name\":", out);
        json_put_string(out, store->guests[i].name);
        fputs(",\"state\":", out);
        json_put_string(out, store->guests[i].state);
        fprintf(out, ",\"isBusy\":%s}", store->guests[i].is_busy ? "true" : "false");
    }
    fputs("]}", out);
}

void store_put_event(const struct store *store, uint32_t number, FILE *out)
{
    static const char *const levels[] = {"info", "warning", "error"};
    const struct store_event *event = &store->events[number % STORE_EVENTS];

    fprintf(out, "{\"kind\":\"event\",\"number\":%u,\"time\":%llu,\"level\":\"%s\",\"text\":", number,
            (unsigned long long)event->unix_ms, levels[event->level]);
    json_put_string(out, event->text);
    fputc('}', out);
}
