/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/tmux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "console/child.h"

#define ARGUMENTS 24
#define TEXT_BYTES 256
#define SESSION "causeway"
#define DEFAULT_COLS 160u
#define DEFAULT_ROWS 48u

/* Run tmux with the arguments, which end with NULL; what it prints, without the newline, goes to `text`. */
static bool run(const struct tmux *tmux, char *text, size_t bytes, const char *const *arguments)
{
    const char *argv[ARGUMENTS + 4] = {"tmux", "-S", tmux->socket};

    for (size_t i = 0; i < ARGUMENTS && arguments[i] != NULL; i++) {
        argv[3 + i] = arguments[i];
    }
    bool done = child_run((char *const *)argv, text, bytes);
    text[strcspn(text, "\n")] = '\0';
    return done;
}

static bool set_option(const struct tmux *tmux, const char *flag, const char *name, const char *value)
{
    char text[TEXT_BYTES];

    return run(tmux, text, sizeof text, (const char *const[]){"set-option", flag, name, value, NULL});
}

/* The names in the panes' borders are our own: guests may call their terminals anything. */
static void set_options(const struct tmux *tmux, const char *title)
{
    char status[64];

    (void)snprintf(status, sizeof status, "[%.40s] ", title);
    (void)set_option(tmux, "-g", "status-left", status);
    (void)set_option(tmux, "-g", "status-left-length", "48");
    (void)set_option(tmux, "-g", "status-right", " #{prefix} z: one alone   #{prefix} d: leave ");
    (void)set_option(tmux, "-g", "status-right-length", "60");
    (void)set_option(tmux, "-g", "pane-border-status", "top");
    (void)set_option(tmux, "-g", "pane-border-format", " #{@console} ");
    (void)set_option(tmux, "-g", "set-titles", "off");
    (void)set_option(tmux, "-g", "mouse", "on");
    (void)set_option(tmux, "-s", "escape-time", "20"); /* Escape is a key of the guests' programs */
}

static void name_pane(const struct tmux *tmux, const char *pane, const char *name)
{
    char text[TEXT_BYTES];

    (void)run(tmux, text, sizeof text,
              (const char *const[]){"set-option", "-p", "-t", pane, "@console", name, NULL});
    (void)run(tmux, text, sizeof text,
              (const char *const[]){"select-layout", "-t", tmux->window, "tiled", NULL});
}

/* Run the command `how`, which makes a pane, with what every pane has added. `text` says what went wrong. */
static bool make_pane(struct tmux *tmux, const char *const *how, const char *name, char text[TEXT_BYTES])
{
    const char *const rest[] = {
        "-P", "-F", "#{window_id} #{pane_id}", tmux->self, "--pane", "--attach", tmux->folder, name};
    const char *arguments[ARGUMENTS + 1] = {0};
    size_t count = 0;

    for (; how[count] != NULL; count++) {
        arguments[count] = how[count];
    }
    memcpy(&arguments[count], rest, sizeof rest);
    bool done = run(tmux, text, TEXT_BYTES, arguments);
    char *pane = strchr(text, ' ');
    if (!done || pane == NULL) {
        return false;
    }
    *pane++ = '\0';
    (void)snprintf(tmux->window, sizeof tmux->window, "%.31s", text);
    (void)snprintf(tmux->last, sizeof tmux->last, "%.31s", pane);
    name_pane(tmux, pane, name);
    return true;
}

static bool open_session(struct tmux *tmux, const char *name)
{
    struct winsize size = {.ws_col = 0};
    char cols[8];
    char rows[8];
    char text[TEXT_BYTES];

    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    (void)snprintf(cols, sizeof cols, "%u", size.ws_col > 0 ? size.ws_col : DEFAULT_COLS);
    (void)snprintf(rows, sizeof rows, "%u", size.ws_row > 1 ? size.ws_row - 1u : DEFAULT_ROWS);
    tmux->is_open = make_pane(tmux,
                              (const char *const[]){"new-session", "-d", "-s", SESSION, "-x", cols, "-y",
                                                    rows, "-n", "consoles", NULL},
                              name, text);
    if (!tmux->is_open) {
        fprintf(stderr, "causeway attach: tmux: %s\n", text);
    }
    return tmux->is_open;
}

/* Another pane in the window, or in a new one if there is no space. */
static void add_pane(struct tmux *tmux, const char *name)
{
    char text[TEXT_BYTES];

    if (!make_pane(tmux, (const char *const[]){"split-window", "-d", "-t", tmux->last, NULL}, name, text) &&
        !make_pane(tmux, (const char *const[]){"new-window", "-d", NULL}, name, text)) {
        fprintf(stderr, "causeway attach: tmux: no pane for %s: %s\n", name, text);
    }
}

bool tmux_open(struct tmux *tmux, const char *folder, const char *self, const char *title,
               const char *const *names, size_t name_count)
{
    char text[TEXT_BYTES];

    *tmux = (struct tmux){.self = self, .folder = folder, .client = -1};
    (void)snprintf(tmux->socket, sizeof tmux->socket, "%s/tmux", folder);
    unsetenv("TMUX"); /* else tmux takes the server it runs in for ours */
    if (!open_session(tmux, names[0])) {
        return false;
    }
    memcpy(tmux->first, tmux->last, sizeof tmux->first);
    set_options(tmux, title);
    for (size_t i = 1; i < name_count; i++) {
        add_pane(tmux, names[i]);
    }
    (void)run(tmux, text, sizeof text, (const char *const[]){"select-window", "-t", tmux->first, NULL});
    (void)run(tmux, text, sizeof text, (const char *const[]){"select-pane", "-t", tmux->first, NULL});
    return true;
}

bool tmux_show(struct tmux *tmux)
{
    char *const argv[] = {"tmux", "-S", tmux->socket, "attach-session", NULL};

    tmux->client = child_start(argv, -1, true);
    return tmux->client > 0;
}

bool tmux_exists(const struct tmux *tmux)
{
    char text[TEXT_BYTES];

    return tmux->is_open && run(tmux, text, sizeof text, (const char *const[]){"has-session", NULL});
}

void tmux_close(struct tmux *tmux)
{
    char text[TEXT_BYTES];

    if (tmux->is_open) {
        (void)run(tmux, text, sizeof text, (const char *const[]){"kill-server", NULL});
        child_end(tmux->client);
    }
    tmux->is_open = false;
    tmux->client = -1;
}
