/* SPDX-License-Identifier: BSD-2-Clause */
/* All consoles on one terminal, by the multiplexer's own logic. */
#include "console/view.h"

#include <string.h>

#define NO_TERMINAL (SERIAL_FRAME_CONSOLE_LOG | SERIAL_FRAME_CONSOLE_PORT | SERIAL_FRAME_CONSOLE_CHANNEL)

/* Nobody sleeps here: both ends are looked at in turn. */
static void notify(void *context, uint32_t channel)
{
    (void)context;
    (void)channel;
}

/* The multiplexer's end of a link. */
static struct config_link link_of(uint8_t regions[2][VIEW_REGION_BYTES], uint32_t channel)
{
    return (struct config_link){.own = (uint64_t)(uintptr_t)regions[0],
                                .peer = (uint64_t)(uintptr_t)regions[1],
                                .bytes = VIEW_REGION_BYTES,
                                .channel = channel};
}

static bool open_ours(struct ring *ring, uint8_t regions[2][VIEW_REGION_BYTES])
{
    return ring_init(ring, regions[1], regions[0], VIEW_REGION_BYTES) == ERR_OK;
}

static void add_console(struct view *view, const struct line_console *console, uint32_t index)
{
    struct view_console *shown = &view->consoles[view->count];
    struct serial_mux_client_config *client = &view->config.clients[view->count];

    shown->index = index;
    memcpy(client->name, console->name, strnlen(console->name, sizeof(client->name)));
    client->colour = console->colour;
    client->link = link_of(shown->regions, view->count);
    view->count++;
}

/* seL4 has none. */
static bool has_log(const struct line *line)
{
    for (uint32_t i = 0; i < line->console_count; i++) {
        if ((line->consoles[i].flags & SERIAL_FRAME_CONSOLE_LOG) != 0) {
            return true;
        }
    }
    return false;
}

bool view_open(struct view *view, const struct line *line, uint8_t escape)
{
    memset(view, 0, sizeof(*view));
    for (uint32_t i = 0; i < line->console_count; i++) {
        if ((line->consoles[i].flags & NO_TERMINAL) == 0 && view->count < SERIAL_MUX_MAX_CLIENTS) {
            add_console(view, &line->consoles[i], i);
        }
    }
    view->config.driver = link_of(view->terminal_regions, SERIAL_MUX_MAX_CLIENTS);
    view->config.klog = has_log(line) ? (uint64_t)(uintptr_t)&view->log : 0;
    view->config.escape = escape;
    view->config.client_count = view->count;
    bool fine = serial_mux_init(&view->mux, &view->config, notify, NULL) == ERR_OK &&
                open_ours(&view->terminal, view->terminal_regions);
    for (uint32_t i = 0; i < view->count; i++) {
        fine = fine && open_ours(&view->consoles[i].ring, view->consoles[i].regions);
    }
    return fine;
}

void view_resize(struct view *view, uint32_t cols)
{
    view->mux.screen.cols = cols;
}

static struct view_console *find(struct view *view, uint32_t index)
{
    for (uint32_t i = 0; i < view->count; i++) {
        if (view->consoles[i].index == index) {
            return &view->consoles[i];
        }
    }
    return NULL;
}

void view_put(struct view *view, uint32_t index, const uint8_t *bytes, uint32_t count)
{
    struct view_console *console = find(view, index);

    if (console != NULL) {
        (void)ring_write(&console->ring, bytes, count);
    }
}

uint32_t view_pending(struct view *view, uint32_t index)
{
    struct view_console *console = find(view, index);

    return console == NULL ? 0 : console->ring.capacity_bytes - ring_space(&console->ring);
}

void view_log(struct view *view, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        view->log.text[view->log.written % SYSDESC_KLOG_TEXT_BYTES] = (char)bytes[i];
        view->log.written++;
    }
}

uint32_t view_type(struct view *view, const uint8_t *bytes, uint32_t count)
{
    return ring_write(&view->terminal, bytes, count);
}

static void pass_input(struct view_console *console, struct line *line)
{
    do {
        if (console->input_first == console->input_end) {
            console->input_first = 0;
            console->input_end = ring_read(&console->ring, console->input, sizeof(console->input));
        }
        console->input_first += line_write(line, console->index, &console->input[console->input_first],
                                           console->input_end - console->input_first);
    } while (console->input_end > 0 && console->input_first == console->input_end);
}

void view_serve(struct view *view, struct line *line)
{
    serial_mux_run(&view->mux);
    for (uint32_t i = 0; i < view->count; i++) {
        pass_input(&view->consoles[i], line);
    }
}

uint32_t view_take(struct view *view, uint8_t *bytes, uint32_t limit)
{
    serial_mux_run(&view->mux);
    return ring_read(&view->terminal, bytes, limit);
}
