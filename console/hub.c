/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/hub.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "console/channel.h"
#include "console/child.h"
#include "console/exit_code.h"
#include "console/line.h"
#include "console/listing.h"
#include "console/logbook.h"
#include "console/loop.h"
#include "console/place.h"
#include "console/terminal.h"
#include "console/tmux.h"
#include "console/user.h"
#include "tool/base/mem.h"

#define TERMINALS (LINE_MAX_CONSOLES + 1u)
#define LOG LINE_MAX_CONSOLES
#define READ_BYTES 4096
/* Before the terminals' own. */
enum fixed_fd { FD_LINE = 0, FD_SIGNALS, FD_PROGRAM, FD_USER, FD_SCREEN, FD_FIXED };
#define FD_CHANNELS (FD_FIXED + TERMINAL_FDS * TERMINALS)
#define FD_MAX (FD_CHANNELS + CHANNEL_FDS * LINE_MAX_CONSOLES)

/** The hub. */
struct hub {
    const struct hub_options *options;
    struct place place;
    struct line line;
    struct tmux tmux;
    char self[4096]; /* our own program's file */
    struct terminal terminals[TERMINALS];
    struct channel *channels[LINE_MAX_CONSOLES]; /* NULL: it is a terminal */
    struct logbook logbooks[TERMINALS];
    struct user user;
    bool is_greeted;
    bool asks_user; /* he has looked away, and may come back */
    bool is_over;
    int signals;
    int status;
};

static uint64_t now_ms(void)
{
    return loop_clock_ms(CLOCK_MONOTONIC);
}

static uint64_t unix_ms(void)
{
    return loop_clock_ms(CLOCK_REALTIME);
}

static uint64_t random_nonce(void)
{
    uint64_t nonce = 0;

    if (getrandom(&nonce, sizeof nonce, 0) != sizeof nonce) {
        nonce = now_ms() << 20 ^ (uint64_t)getpid(); /* never seen to happen */
    }
    return nonce;
}

/* What is of no console; on our own terminal as long as there is nothing else on it. */
static void put_log(struct hub *hub, const void *bytes, uint32_t count)
{
    terminal_put(&hub->terminals[LOG], bytes, count);
    logbook_put(&hub->logbooks[LOG], bytes, count, unix_ms());
    if (!hub->is_greeted || hub->options->with_view) {
        (void)!write(STDOUT_FILENO, bytes, count);
    }
}

__attribute__((format(printf, 2, 3))) static void say(struct hub *hub, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    terminal_put(&hub->terminals[LOG], "\r\n-- ", 5);
    terminal_put(&hub->terminals[LOG], text,
                 length < (int)sizeof text ? (uint32_t)length : (uint32_t)sizeof text - 1);
    terminal_put(&hub->terminals[LOG], " --\r\n", 5);
}

/* What the line says. */

static bool is_log(const struct hub *hub, uint32_t console)
{
    return (hub->line.consoles[console].flags & SERIAL_FRAME_CONSOLE_LOG) != 0;
}

/* The kernel's log has bare newlines. */
static void put_kernel_log(struct hub *hub, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            terminal_put(&hub->terminals[LOG], "\r", 1);
        }
        terminal_put(&hub->terminals[LOG], &bytes[i], 1);
    }
}

static void on_output(void *context, uint32_t console, enum line_output kind, const uint8_t *bytes,
                      uint32_t count)
{
    struct hub *hub = context;
    struct terminal *terminal = &hub->terminals[console];

    if (hub->channels[console] != NULL) {
        channel_put(hub->channels[console], bytes, count);
        return;
    }
    /* What was on the bare line before is on our terminal already, if the system is ours. */
    if (hub->user.view != NULL && (kind == LINE_OUTPUT_NEW || hub->options->command == NULL)) {
        user_put(&hub->user, console, is_log(hub, console), bytes, count);
    }
    logbook_put(&hub->logbooks[is_log(hub, console) ? LOG : console], bytes, count, unix_ms());
    if (is_log(hub, console)) {
        put_kernel_log(hub, bytes, count);
        line_consumed(&hub->line, console, count);
        return;
    }
    if (kind == LINE_OUTPUT_HISTORY) {
        terminal_put_history(terminal, bytes, count);
    } else {
        terminal_put(terminal, bytes, count);
    }
    terminal->owed += count;
}

static void on_lost(void *context, uint32_t console, uint32_t count)
{
    struct hub *hub = context;
    char text[64];
    int length = snprintf(text, sizeof text, "\r\n-- %u bytes not shown --\r\n", count);

    if (hub->channels[console] == NULL) { /* tools' protocols have checks of their own */
        terminal_put(&hub->terminals[is_log(hub, console) ? LOG : console], text, (uint32_t)length);
    }
}

static void on_plain(void *context, const uint8_t *bytes, uint32_t count)
{
    put_log(context, bytes, count);
}

static void show_places(const struct hub *hub)
{
    printf("\nThe consoles are in %s:\n", hub->place.folder);
    for (uint32_t i = 0; i <= hub->line.console_count; i++) {
        const char *name = i < hub->line.console_count ? hub->line.consoles[i].name : "log";
        if (i == hub->line.console_count || (!is_log(hub, i) && hub->channels[i] == NULL)) {
            printf("  causeway console --attach %s %s\n", hub->place.folder, name);
        }
    }
    fflush(stdout);
}

static void open_tmux(struct hub *hub)
{
    const char *names[TERMINALS];
    size_t count = 0;
    ssize_t length = readlink("/proc/self/exe", hub->self, sizeof hub->self - 1);

    hub->self[length < 0 ? 0 : length] = '\0';
    for (uint32_t i = 0; i < hub->line.console_count; i++) {
        if (hub->line.consoles[i].flags == 0) {
            names[count++] = hub->line.consoles[i].name;
        }
    }
    names[count++] = "log";
    if (!tmux_open(&hub->tmux, hub->place.folder, hub->self, hub->options->title, names, count) ||
        !tmux_show(&hub->tmux)) {
        hub->is_over = true;
        hub->status = EXIT_CODE_FAILED;
    }
}

static bool open_log(struct hub *hub, uint32_t index, const char *name)
{
    const char *folder = hub->options->log_folder;

    if (folder == NULL || logbook_open(&hub->logbooks[index], folder, name)) {
        return true;
    }
    fprintf(stderr, "causeway attach: %s/%s.log: %s\n", folder, name, strerror(errno));
    return false;
}

static bool open_console(struct hub *hub, uint32_t index)
{
    const struct line_console *console = &hub->line.consoles[index];

    if ((console->flags & SERIAL_FRAME_CONSOLE_CHANNEL) == 0) {
        return open_log(hub, index, console->name) &&
               terminal_open(&hub->terminals[index], hub->place.folder, console->name);
    }
    hub->channels[index] = mem_zalloc(sizeof(struct channel));
    return channel_open(hub->channels[index], hub->place.folder, console->name,
                        (console->flags & SERIAL_FRAME_CONSOLE_SHARED) != 0, (uint32_t)random_nonce());
}

/* The kernel's log comes again with the session, where there is one: what came of it on the bare line goes. */
static void drop_plain_log(struct hub *hub)
{
    for (uint32_t i = 0; i < hub->line.console_count; i++) {
        if (is_log(hub, i) && hub->line.consoles[i].received == 0) {
            terminal_drop(&hub->terminals[LOG]);
        }
    }
}

static void on_greeted(void *context)
{
    struct hub *hub = context;

    if (hub->is_greeted) {
        say(hub, "the multiplexer has been called again");
        return;
    }
    hub->is_greeted = true;
    drop_plain_log(hub);
    for (uint32_t i = 0; i < hub->line.console_count; i++) {
        if (!is_log(hub, i) && !open_console(hub, i)) {
            fprintf(stderr, "causeway attach: %s: %s\n", hub->line.consoles[i].name, strerror(errno));
            hub->is_over = true;
            hub->status = EXIT_CODE_FAILED;
        }
    }
    listing_write(hub->place.folder, hub->options->title, &hub->line);
    if (hub->options->with_tmux && !hub->is_over) {
        open_tmux(hub);
    } else if (hub->options->with_view) {
        hub->is_over |= !user_show(&hub->user, &hub->line, hub->options->escape);
    } else {
        show_places(hub);
    }
}

static const struct line_ops line_ops = {
    .greeted = on_greeted, .output = on_output, .lost = on_lost, .plain = on_plain};

/* What happens. */

/* A program of ours ends in a moment, and says how it went (reap()). */
static void lose_line(struct hub *hub)
{
    close(hub->place.line);
    hub->place.line = -1;
    hub->is_over = hub->place.program < 0;
}

static void read_line(struct hub *hub)
{
    uint8_t bytes[READ_BYTES];
    ssize_t got = read(hub->place.line, bytes, sizeof bytes);

    if (got > 0) {
        line_feed(&hub->line, bytes, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        lose_line(hub);
    }
}

static void write_line(struct hub *hub)
{
    ssize_t sent = write(hub->place.line, hub->line.tx, hub->line.tx_used);

    if (sent > 0) {
        line_sent(&hub->line, (uint32_t)sent);
    } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        lose_line(hub);
    }
}

static void read_program(struct hub *hub)
{
    uint8_t bytes[READ_BYTES];
    ssize_t got = read(hub->place.program_output, bytes, sizeof bytes);

    if (got > 0) {
        put_log(hub, bytes, (uint32_t)got);
    } else if (got == 0) {
        close(hub->place.program_output);
        hub->place.program_output = -1;
    }
}

/* The user ended the session, or he only looked away. */
static void leave_tmux(struct hub *hub)
{
    hub->tmux.client = -1;
    if (!tmux_exists(&hub->tmux)) {
        hub->is_over = true;
        return;
    }
    hub->asks_user = true;
    printf("The system runs on. Enter: back to its consoles; Ctrl-C: end it.\n");
    fflush(stdout);
}

static void ask_user(struct hub *hub)
{
    char answer[256];

    if (read(STDIN_FILENO, answer, sizeof answer) <= 0) {
        hub->is_over = true;
        return;
    }
    hub->asks_user = false;
    hub->is_over = !tmux_exists(&hub->tmux) || !tmux_show(&hub->tmux);
}

static void reap(struct hub *hub)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == hub->tmux.client) {
            leave_tmux(hub);
        } else if (pid == hub->place.program) {
            hub->place.program = -1;
            hub->is_over = true;
            hub->status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_CODE_FAILED;
        }
    }
}

static void take_signal(struct hub *hub)
{
    struct signalfd_siginfo info;

    if (read(hub->signals, &info, sizeof info) != sizeof info) {
        return;
    }
    if (info.ssi_signo == SIGCHLD) {
        reap(hub);
    } else if (info.ssi_signo == SIGWINCH) {
        user_resize(&hub->user, &hub->line);
    } else {
        hub->is_over = true;
    }
}

/* Where what is typed, or said by tools, goes. */
struct console_line {
    struct line *line;
    uint32_t index;
};

static uint32_t write_console(void *context, const uint8_t *bytes, uint32_t count)
{
    const struct console_line *to = context;

    return line_write(to->line, to->index, bytes, count);
}

/* The log takes no input, but Ctrl-C, which is for the system as a whole. */
static uint32_t write_log(void *context, const uint8_t *bytes, uint32_t count)
{
    struct hub *hub = context;

    hub->is_over |= memchr(bytes, 3, count) != NULL;
    return count;
}

static void serve_terminal(struct hub *hub, uint32_t index)
{
    struct terminal *terminal = &hub->terminals[index];
    struct console_line to = {&hub->line, index};
    uint32_t size;

    if (index == LOG) {
        (void)terminal_serve(terminal, write_log, hub, &size);
    } else if (terminal_serve(terminal, write_console, &to, &size)) {
        line_resize(&hub->line, index, SERIAL_MUX_OFFER_COLS(size), SERIAL_MUX_OFFER_ROWS(size));
    }
    const uint32_t waiting = index == LOG ? 0 : user_pending(&hub->user, index);
    if (terminal->owed > waiting && terminal_keeps_up(terminal)) {
        line_consumed(&hub->line, index, terminal->owed - waiting);
        terminal->owed = waiting;
    }
}

static void serve_channel(struct hub *hub, uint32_t index)
{
    struct channel *channel = hub->channels[index];
    struct console_line to = {&hub->line, index};
    const uint32_t done = channel_serve(channel, write_console, &to);

    if (done > 0) {
        line_consumed(&hub->line, index, done);
    }
    if (channel->has_changed) {
        channel->has_changed = false;
        line_set_tool(&hub->line, index, channel_tool(channel));
    }
}

/* Returns how many there are. */
static size_t fill_fds(const struct hub *hub, struct pollfd fds[FD_MAX])
{
    size_t count = FD_CHANNELS;

    fds[FD_LINE] =
        (struct pollfd){hub->place.line, (short)(POLLIN | (hub->line.tx_used > 0 ? POLLOUT : 0)), 0};
    fds[FD_SIGNALS] = (struct pollfd){hub->signals, POLLIN, 0};
    fds[FD_PROGRAM] = (struct pollfd){hub->place.program_output, POLLIN, 0};
    fds[FD_USER] = (struct pollfd){hub->asks_user ? STDIN_FILENO : user_input(&hub->user), POLLIN, 0};
    fds[FD_SCREEN] = (struct pollfd){user_output(&hub->user), POLLOUT, 0};
    for (uint32_t i = 0; i < TERMINALS; i++) {
        terminal_fds(&hub->terminals[i], &fds[FD_FIXED + TERMINAL_FDS * i]);
    }
    for (uint32_t i = 0; i < LINE_MAX_CONSOLES; i++) {
        if (hub->channels[i] != NULL) {
            count += channel_fds(hub->channels[i], line_can_write(&hub->line, i), &fds[count]);
        }
    }
    return count;
}

static void handle(struct hub *hub, const struct pollfd fds[FD_MAX])
{
    if (fds[FD_LINE].revents != 0) {
        read_line(hub);
    }
    if (fds[FD_PROGRAM].revents != 0) {
        read_program(hub);
    }
    if (fds[FD_SIGNALS].revents != 0) {
        take_signal(hub);
    }
    if (fds[FD_USER].revents != 0 && hub->asks_user) {
        ask_user(hub);
    }
    hub->is_over |=
        !user_serve(&hub->user, &hub->line, fds[FD_USER].revents != 0, fds[FD_SCREEN].revents != 0);
    for (uint32_t i = 0; i < TERMINALS; i++) {
        serve_terminal(hub, i);
    }
    for (uint32_t i = 0; i < LINE_MAX_CONSOLES; i++) {
        if (hub->channels[i] != NULL) {
            serve_channel(hub, i);
        }
    }
}

static void serve(struct hub *hub)
{
    struct pollfd fds[FD_MAX];

    while (!hub->is_over) {
        int wait_ms = line_pump(&hub->line, now_ms(), random_nonce());
        if (hub->line.tx_used > 0 && hub->place.line >= 0) {
            write_line(hub);
        }
        const size_t count = fill_fds(hub, fds);
        if (poll(fds, count, wait_ms) < 0) {
            if (errno != EINTR) {
                return;
            }
            continue;
        }
        handle(hub, fds);
    }
}

/* Another program may use the line after us. */
static void leave_line(struct hub *hub)
{
    struct pollfd fd = {hub->place.line, POLLOUT, 0};

    line_leave(&hub->line);
    while (hub->place.line >= 0 && hub->line.tx_used > 0 && poll(&fd, 1, 500) == 1 &&
           (fd.revents & POLLOUT) != 0) {
        uint32_t before = hub->line.tx_used;
        write_line(hub);
        if (hub->line.tx_used == before) {
            return;
        }
    }
}

int hub_run(const struct hub_options *options)
{
    static struct hub hub; /* large */

    hub.options = options;
    hub.tmux.client = -1;
    hub.signals = loop_catch_signals((const int[]){SIGCHLD, SIGWINCH, 0}, SFD_CLOEXEC | SFD_NONBLOCK);
    user_open(&hub.user, options->with_view);
    for (uint32_t i = 0; i < TERMINALS; i++) {
        terminal_init(&hub.terminals[i]);
    }
    if (!place_open(&hub.place, options->folder, options->title, options->line, options->command)) {
        hub.status = EXIT_CODE_FAILED;
    } else if (!open_log(&hub, LOG, "log")) {
        hub.status = EXIT_CODE_FAILED;
    } else if (!terminal_open(&hub.terminals[LOG], hub.place.folder, "log")) {
        fprintf(stderr, "causeway attach: %s: %s\n", hub.terminals[LOG].path, strerror(errno));
        hub.status = EXIT_CODE_FAILED;
    } else {
        line_init(&hub.line, &line_ops, &hub, options->escape, random_nonce());
        serve(&hub);
        leave_line(&hub);
    }
    tmux_close(&hub.tmux);
    user_close(&hub.user);
    for (uint32_t i = 0; i < TERMINALS; i++) {
        terminal_close(&hub.terminals[i]);
        logbook_close(&hub.logbooks[i]);
    }
    for (uint32_t i = 0; i < LINE_MAX_CONSOLES; i++) {
        if (hub.channels[i] != NULL) {
            channel_close(hub.channels[i]);
            free(hub.channels[i]);
        }
    }
    listing_remove(hub.place.folder);
    place_close(&hub.place);
    close(hub.signals);
    return hub.status;
}
