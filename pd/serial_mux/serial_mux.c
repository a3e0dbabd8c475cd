/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/serial_mux/serial_mux.h"

#include <stdarg.h>
#include <stddef.h>

#include "lib/base/format.h"
#include "lib/base/mem.h"
#include "pd/serial_mux/mux_command.h"

/* Bytes taken from one link before the next has its turn. */
#define TAKE_BYTES 4096u
#define OWN_SCROLLBACK_BYTES 16384u
#define NO_REPLAY SERIAL_MUX_CONSOLES

static const char kernel_name[] = "kernel";
static const char own_name[] = "mux";

static struct mux_console *focused(struct serial_mux *mux)
{
    return &mux->consoles[mux->focus];
}

static uint32_t console_count(const struct serial_mux *mux)
{
    return mux->client_count + 2;
}

static struct mux_console *own_console(struct serial_mux *mux)
{
    return &mux->consoles[mux->client_count + 1];
}

/* Clients that are part of the plain terminal. */
static uint32_t terminal_count(const struct serial_mux_config *config)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < config->client_count; i++) {
        count += (config->clients[i].flags & SERIAL_MUX_CLIENT_CHANNEL) == 0;
    }
    return count;
}

/* Who has the input at start. */
static uint32_t first_focus(const struct serial_mux_config *config)
{
    const uint32_t focus = config->focus < config->client_count ? config->focus : 0;

    for (uint32_t i = 0; i < config->client_count; i++) {
        const uint32_t index = (focus + i) % config->client_count;
        if ((config->clients[index].flags & SERIAL_MUX_CLIENT_CHANNEL) == 0) {
            return index;
        }
    }
    return config->client_count;
}

/* The largest power of two up to the usual size that all consoles can have. */
static uint32_t scrollback_bytes(uint32_t consoles)
{
    uint32_t bytes = MUX_CONSOLE_SCROLLBACK_BYTES;
    while (bytes * consoles > SERIAL_MUX_POOL_BYTES - OWN_SCROLLBACK_BYTES) {
        bytes /= 2;
    }
    return bytes;
}

static void init_client(struct serial_mux *mux, uint32_t index)
{
    const struct serial_mux_client_config *config = &mux->config->clients[index];
    struct mux_console *console = &mux->consoles[index];
    console->colour = config->colour;
    console->named = mux->keys.count > 1;
    console->is_channel = (config->flags & SERIAL_MUX_CLIENT_CHANNEL) != 0;
    console->overflow = (config->flags & SERIAL_MUX_CLIENT_DROP) != 0 ? MUX_CONSOLE_DROP : MUX_CONSOLE_BLOCK;
    console->silent = (config->flags & SERIAL_MUX_CLIENT_SILENT) != 0;
    console->has_link = config->link.bytes != 0 &&
                        ring_init(&console->link, (void *)(uintptr_t)config->link.own,
                                  (const void *)(uintptr_t)config->link.peer, config->link.bytes) == ERR_OK;
}

static void init_consoles(struct serial_mux *mux)
{
    uint8_t *text = mux->pool;
    uint32_t bytes = scrollback_bytes(mux->client_count + 1);
    for (uint32_t i = 0; i < mux->client_count; i++) {
        const char *name = mux->config->clients[i].name;
        mux_console_init(&mux->consoles[i], name, (uint32_t)strnlen(name, CONFIG_NAME_BYTES), text, bytes);
        init_client(mux, i);
        text += bytes;
    }
    mux_console_init(&mux->consoles[mux->client_count], kernel_name, sizeof kernel_name - 1, text, bytes);
    mux->consoles[mux->client_count].overflow = MUX_CONSOLE_DROP;
    mux->consoles[mux->client_count].named = true;
    mux_console_init(own_console(mux), own_name, sizeof own_name - 1, text + bytes, OWN_SCROLLBACK_BYTES);
    own_console(mux)->overflow = MUX_CONSOLE_DROP;
    own_console(mux)->named = true;
}

enum err serial_mux_init(struct serial_mux *mux, const struct serial_mux_config *config,
                         void (*notify)(void *context, uint32_t channel), void *notify_context)
{
    if (config->client_count > SERIAL_MUX_MAX_CLIENTS) {
        return ERR_RANGE;
    }
    memset(mux, 0, sizeof *mux);
    mux->config = config;
    mux->client_count = config->client_count;
    mux->focus = first_focus(config);
    mux->replay = NO_REPLAY;
    mux->screen.colours = (config->flags & SERIAL_MUX_NO_COLOURS) == 0;
    mux->keys.escape = (uint8_t)config->escape;
    mux->keys.count = terminal_count(config);
    mux->klog = (const struct sysdesc_klog *)(uintptr_t)config->klog;
    mux->notify = notify;
    mux->notify_context = notify_context;
    init_consoles(mux);
    if (config->driver.bytes == 0) {
        return ERR_OK;
    }
    enum err err = ring_init(&mux->driver, (void *)(uintptr_t)config->driver.own,
                             (const void *)(uintptr_t)config->driver.peer, config->driver.bytes);
    mux->has_driver = err == ERR_OK;
    mux->driver_bytes = mux->has_driver ? ring_space(&mux->driver) : 0;
    return err;
}

/* Whether a console's output is to appear on the terminal now. */
static bool is_displayed(struct serial_mux *mux, const struct mux_console *console)
{
    if (console->is_channel) {
        return console->tool != SERIAL_MUX_OFFER_NO_TOOL; /* there is none but with frames */
    }
    if (mux->frames.on || console == focused(mux) || console == own_console(mux)) {
        return true;
    }
    return !console->silent && !mux_vt_is_full_screen(&focused(mux)->vt);
}

static bool take_output(struct serial_mux *mux)
{
    bool progress = false;
    for (uint32_t i = 0; i < mux->client_count; i++) {
        struct mux_console *console = &mux->consoles[i];
        bool may_drop = console->overflow == MUX_CONSOLE_DROP || !is_displayed(mux, console);
        uint32_t taken = mux_console_take(console, TAKE_BYTES, may_drop);
        progress |= taken > 0;
        if (taken > 0) { /* what shows and sends it is mostly for the last one as well */
            account_enter(&mux->account, mux->config->clients[i].link.channel);
        }
        if (!mux->frames.on && console->silent && console != focused(mux)) {
            console->shown = console->written;
            console->line_start = console->written;
        }
        if (console->is_channel && console->tool == SERIAL_MUX_OFFER_NO_TOOL) {
            console->shown = console->written;
            mux->frames.flows[i].at = console->written;
        }
        if (taken > 0 && ring_should_signal_space(&console->link)) {
            mux->notify(mux->notify_context, mux->config->clients[i].link.channel);
        }
    }
    return progress;
}

static bool take_klog(struct serial_mux *mux)
{
    struct mux_console *console = &mux->consoles[mux->client_count];
    if (mux->klog == NULL) {
        return false;
    }
    uint64_t written = __atomic_load_n(&mux->klog->written, __ATOMIC_ACQUIRE);
    if (written - mux->klog_read > SYSDESC_KLOG_TEXT_BYTES) {
        console->dropped += written - mux->klog_read - SYSDESC_KLOG_TEXT_BYTES;
        mux->klog_read = written - SYSDESC_KLOG_TEXT_BYTES;
    }
    bool progress = mux->klog_read < written;
    while (mux->klog_read < written) {
        uint64_t offset = mux->klog_read % SYSDESC_KLOG_TEXT_BYTES;
        uint64_t count = SYSDESC_KLOG_TEXT_BYTES - offset;
        if (count > written - mux->klog_read) {
            count = written - mux->klog_read;
        }
        mux_console_append(console, &mux->klog->text[offset], (uint32_t)count);
        mux->klog_read += count;
    }
    if (!mux->frames.on && console->silent) {
        console->shown = console->written;
    }
    return progress;
}

/* Show a console in the background: whole lines, up to what is left of its turn. False: there was nothing. */
static bool show_lines(struct serial_mux *mux, struct mux_console *console)
{
    bool any = false;
    if (!is_displayed(mux, console)) {
        return false;
    }
    while (mux->turn_bytes < MUX_SCREEN_TURN_BYTES && mux_screen_has_room(&mux->screen)) {
        uint32_t length = mux_console_line(console, console->shown);
        if (length == 0) {
            break;
        }
        any = true;
        mux_screen_erase(&mux->screen, focused(mux));
        if (console->dropped != console->reported) {
            mux_screen_report_drops(&mux->screen, console);
            continue;
        }
        mux_screen_line(&mux->screen, console, console->shown, length, "");
        console->shown += length;
        mux->turn_bytes += length;
    }
    console->line_start = console->shown;
    return any;
}

static bool show_focused(struct serial_mux *mux)
{
    struct mux_console *console = focused(mux);
    if (console->shown == console->written || !mux_screen_has_room(&mux->screen)) {
        return false;
    }
    if (console->dropped != console->reported) {
        mux_screen_erase(&mux->screen, console);
        mux_screen_report_drops(&mux->screen, console);
        console->erased = false; /* what it had on the screen is among what was dropped */
        console->at_line_start = true;
        console->line_start = console->shown;
        return true;
    }
    mux_screen_redraw(&mux->screen, console);
    return !mux_screen_has_room(&mux->screen) || mux_screen_live(&mux->screen, console);
}

/* Go on with the turn of one of the other consoles; if it is over, the next that has something to show. */
static bool show_next(struct serial_mux *mux)
{
    for (uint32_t i = 0; i <= console_count(mux) && mux_screen_has_room(&mux->screen); i++) {
        struct mux_console *console = &mux->consoles[mux->next];
        bool any = console != focused(mux) && show_lines(mux, console);
        if (any && mux->turn_bytes < MUX_SCREEN_TURN_BYTES) {
            return true;
        }
        mux->next = (mux->next + 1) % console_count(mux);
        mux->turn_bytes = 0;
        if (any) {
            return true;
        }
    }
    return false;
}

static bool show_replay(struct serial_mux *mux)
{
    struct mux_console *console = &mux->consoles[mux->replay];
    mux_screen_erase(&mux->screen, focused(mux));
    if (mux->replay_at < mux_console_oldest(console)) {
        mux->replay_at = mux_console_oldest(console);
    }
    if (mux->replay_at >= mux->replay_end) {
        mux->replay = NO_REPLAY;
        return true;
    }
    uint64_t left = mux->replay_end - mux->replay_at;
    uint32_t length = mux_console_line(console, mux->replay_at);
    if (length == 0 || length > left) {
        length = left < MUX_CONSOLE_LINE_BYTES ? (uint32_t)left : MUX_CONSOLE_LINE_BYTES;
    }
    mux_screen_line(&mux->screen, console, mux->replay_at, length, ".log");
    mux->replay_at += length;
    return true;
}

static bool show(struct serial_mux *mux)
{
    if (mux->frames.on) {
        return mux_frames_show(mux);
    }
    bool any = false;
    bool more = true;
    while (more && mux_screen_has_room(&mux->screen)) {
        if (mux->replay != NO_REPLAY) {
            more = show_replay(mux);
        } else {
            more = show_focused(mux);
            more |= show_next(mux);
        }
        any |= more;
    }
    if (mux_screen_has_room(&mux->screen) && mux->replay == NO_REPLAY) {
        mux_screen_redraw(&mux->screen, focused(mux));
    }
    return any;
}

/* Pass what is ready to the driver, but never let more than a little wait there. */
static bool send(struct serial_mux *mux)
{
    if (!mux->has_driver) {
        mux_screen_sent(&mux->screen, mux->screen.used);
        return false;
    }
    uint32_t waiting = mux->driver_bytes - ring_space(&mux->driver);
    uint32_t count = mux->screen.used;
    if (waiting + count > SERIAL_MUX_IN_FLIGHT_BYTES) {
        count = waiting < SERIAL_MUX_IN_FLIGHT_BYTES ? SERIAL_MUX_IN_FLIGHT_BYTES - waiting : 0;
    }
    uint32_t sent = count > 0 ? ring_write(&mux->driver, mux->screen.out, count) : 0;
    mux_screen_sent(&mux->screen, sent);
    return sent > 0;
}

/* Deliver a run of plain input to the focused console. Returns how many bytes it took. */
static uint32_t deliver(struct serial_mux *mux, const uint8_t *bytes, uint32_t count)
{
    struct mux_console *console = focused(mux);
    if (!console->has_link || ring_is_broken(&console->link)) {
        return count; /* nobody there to take it, ever */
    }
    uint32_t taken = ring_write(&console->link, bytes, count);
    console->input += taken;
    if (memchr(bytes, '\r', taken) != NULL || memchr(bytes, '\n', taken) != NULL) {
        mux_vt_enter(&console->vt);
    }
    return taken;
}

static uint32_t plain_run(const struct serial_mux *mux)
{
    uint32_t count = 0;
    while (count < mux->input_count && mux->input[mux->input_first + count] != mux->keys.escape) {
        count++;
    }
    return count;
}

/* A byte that is not part of any command, while frames are on: theirs, or noise. */
static bool framed_byte(struct serial_mux *mux, uint8_t byte)
{
    if (!mux->frames.on || mux_keys_is_busy(&mux->keys) || byte == mux->keys.escape) {
        return false;
    }
    mux_frames_input(mux, byte);
    return true;
}

/* Any command of the plain terminal brings it back: somebody looks at it. */
static void run_command(struct serial_mux *mux, const struct mux_command *command)
{
    if (mux->frames.on && command->action != MUX_ACTION_NONE && command->action != MUX_ACTION_FRAMES) {
        mux_frames_stop(mux);
    }
    mux_command_run(mux, command);
}

/* One step of input processing. Returns false, with the reason set, if it has to wait. */
static bool input_step(struct serial_mux *mux, uint32_t *done)
{
    uint8_t byte = mux->input[mux->input_first];
    if (framed_byte(mux, byte)) {
        *done = 1;
        return true;
    }
    if (!mux_keys_is_busy(&mux->keys) && byte != mux->keys.escape) {
        *done = deliver(mux, &mux->input[mux->input_first], plain_run(mux));
        mux->waiting = *done == 0 ? SERIAL_MUX_WAITS_FOR_CONSOLE : SERIAL_MUX_WAITS_NOT;
        return *done > 0;
    }
    if (!mux_screen_has_room(&mux->screen)) {
        mux->waiting = SERIAL_MUX_WAITS_FOR_SCREEN; /* a command may have to draw */
        return false;
    }
    struct mux_keys before = mux->keys;
    struct mux_command command = mux_keys_byte(&mux->keys, byte);
    if (command.action == MUX_ACTION_INPUT && !mux->frames.on) {
        *done = deliver(mux, &byte, 1);
        if (*done == 0) {
            mux->keys = before;
            mux->waiting = SERIAL_MUX_WAITS_FOR_CONSOLE;
        }
        return *done > 0;
    }
    run_command(mux, &command);
    *done = command.again ? 0 : 1;
    return true;
}

static bool take_input(struct serial_mux *mux)
{
    bool progress = false;
    for (;;) {
        if (mux->input_count == 0 && mux->has_driver) {
            mux->input_first = 0;
            mux->input_count = ring_read(&mux->driver, mux->input, sizeof mux->input);
        }
        uint32_t done = 0;
        mux->waiting = SERIAL_MUX_WAITS_NOT;
        if (mux->input_count == 0 || !input_step(mux, &done)) {
            return progress;
        }
        mux->input_first += done;
        mux->input_count -= done;
        progress = true;
    }
}

static void notify_peers(struct serial_mux *mux)
{
    for (uint32_t i = 0; i < mux->client_count; i++) {
        struct mux_console *console = &mux->consoles[i];
        if (console->has_link && ring_should_signal_data(&console->link)) {
            mux->notify(mux->notify_context, mux->config->clients[i].link.channel);
        }
    }
    if (mux->has_driver) {
        bool data = ring_should_signal_data(&mux->driver);
        bool space = ring_should_signal_space(&mux->driver);
        if (data || space) {
            mux->notify(mux->notify_context, mux->config->driver.channel);
        }
    }
}

/* A client that restarted begins on a new line, and takes its full-screen program with it. */
static void sync_clients(struct serial_mux *mux)
{
    for (uint32_t i = 0; i < mux->client_count; i++) {
        struct mux_console *console = &mux->consoles[i];
        if (!console->has_link || !ring_sync(&console->link)) {
            continue;
        }
        if (!console->is_channel && console->written > 0 &&
            mux_console_byte(console, console->written - 1) != '\n') {
            mux_console_append(console, "\n", 1);
        }
        if (!mux->frames.on && i == mux->focus && mux_vt_is_full_screen(&console->vt)) {
            mux_screen_leave(&mux->screen, console);
            mux_screen_enter(console);
        }
    }
    if (mux->has_driver) {
        (void)ring_sync(&mux->driver);
    }
}

/* Ask every peer for a notification. Returns true if there is something to do already. */
static bool request_all(struct serial_mux *mux)
{
    bool more = false;
    for (uint32_t i = 0; i < mux->client_count; i++) {
        struct mux_console *console = &mux->consoles[i];
        bool may_drop = console->overflow == MUX_CONSOLE_DROP || !is_displayed(mux, console);
        bool has_room = may_drop || console->written - console->shown < console->capacity;
        more |= console->has_link && has_room && ring_request_data(&console->link);
    }
    if (mux->waiting == SERIAL_MUX_WAITS_FOR_CONSOLE) {
        more |= ring_request_space(&focused(mux)->link, 1);
    }
    if (mux->has_driver) {
        more |= mux->input_count == 0 && ring_request_data(&mux->driver);
        more |= mux->screen.used > 0 &&
                ring_request_space(&mux->driver, mux->driver_bytes - SERIAL_MUX_IN_FLIGHT_BYTES / 2);
    }
    return mux->frames.on ? more | mux_frames_request(mux) : more;
}

void serial_mux_run(struct serial_mux *mux)
{
    sync_clients(mux);
    do {
        bool progress = true;
        while (progress) {
            progress = take_input(mux);
            progress |= take_klog(mux);
            progress |= take_output(mux);
            progress |= show(mux);
            progress |= send(mux);
            notify_peers(mux);
        }
    } while (request_all(mux));
    account_enter(&mux->account, ACCOUNT_NOBODY);
}
