/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/serial_mux/mux_command.h"

#include "lib/base/format.h"
#include "lib/base/mem.h"

#define NAME(console) (int)(console)->name_bytes, (console)->name
#define NOT_FOUND UINT32_MAX

/* Consoles that a user may name: the last one is the kernel's log, where there is one (not on seL4). */
static uint32_t console_count(const struct serial_mux *mux)
{
    return mux->client_count + (mux->klog != NULL);
}

static uint32_t find_name(const struct serial_mux *mux, const char *name)
{
    for (uint32_t i = 0; i < console_count(mux); i++) {
        const struct mux_console *console = &mux->consoles[i];
        if (!console->is_channel && strlen(name) == console->name_bytes &&
            memcmp(name, console->name, console->name_bytes) == 0) {
            return i;
        }
    }
    return NOT_FOUND;
}

/* The terminal with this number. Number 0 is the kernel's log, which comes after the clients in the table. */
static uint32_t find_number(const struct serial_mux *mux, uint32_t number)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < mux->client_count && number > 0; i++) {
        count += !mux->consoles[i].is_channel;
        if (count == number) {
            return i;
        }
    }
    return number == 0 && mux->klog != NULL ? mux->client_count : NOT_FOUND;
}

static uint32_t find_target(struct serial_mux *mux, const struct mux_command *command)
{
    uint32_t index = mux->focus;
    if (command->target == MUX_TARGET_NUMBER) {
        index = find_number(mux, command->number);
    } else if (command->target == MUX_TARGET_NAME) {
        index = find_name(mux, command->name);
    }
    if (index == NOT_FOUND) {
        serial_mux_say(mux, "no such console");
    }
    return index;
}

static void focus(struct serial_mux *mux, uint32_t index)
{
    if (index == NOT_FOUND) {
        return;
    }
    if (index >= mux->client_count) {
        serial_mux_say(mux, "%.*s takes no input", NAME(&mux->consoles[index]));
        return;
    }
    if (index != mux->focus) {
        mux_screen_leave(&mux->screen, &mux->consoles[mux->focus]);
        mux->focus = index;
        mux_screen_enter(&mux->consoles[index]);
    }
    serial_mux_say(mux, "input goes to %.*s", NAME(&mux->consoles[index]));
}

static void silence(struct serial_mux *mux, uint32_t index)
{
    if (index == NOT_FOUND) {
        return;
    }
    struct mux_console *console = &mux->consoles[index];
    console->silent = !console->silent;
    serial_mux_say(mux, "%.*s is %s", NAME(console),
                   console->silent ? "silent while another has the input" : "shown again");
}

static void start_replay(struct serial_mux *mux, uint32_t index)
{
    if (index != NOT_FOUND) {
        mux->replay = index;
        mux->replay_at = mux_console_oldest(&mux->consoles[index]);
        mux->replay_end = mux->consoles[index].written;
    }
}

static const char *state_of(const struct serial_mux *mux, uint32_t index)
{
    const struct mux_console *console = &mux->consoles[index];
    if (index == mux->focus) {
        return "input";
    }
    if (index < mux->client_count && !console->has_link) {
        return "no link";
    }
    if (console->has_link && ring_is_broken(&console->link)) {
        return "broken";
    }
    return console->silent ? "silent" : "";
}

static void list(struct serial_mux *mux)
{
    serial_mux_say(mux, " N  %-16s %-8s %12s %12s %12s", "name", "", "written", "not shown", "typed");
    for (uint32_t i = mux->klog != NULL ? 0 : 1; i <= mux->keys.count; i++) {
        const uint32_t index = find_number(mux, i);
        const struct mux_console *console = &mux->consoles[index];
        char name[CONFIG_NAME_BYTES + 1];
        format_print(name, sizeof name, "%.*s", NAME(console));
        serial_mux_say(mux, "%2u  %-16s %-8s %12llu %12llu %12llu", i, name, state_of(mux, index),
                       (unsigned long long)console->written, (unsigned long long)console->dropped,
                       (unsigned long long)console->input);
    }
}

static void help(struct serial_mux *mux)
{
    static const char *const lines[] = {
        "g NAME     input to console NAME, then Enter",
        "n p        input to the next, previous console",
        "s N        silence console N, or show it again",
        "b N        the last output of console N",
        "l          list consoles     c   colours on, off     ?   this help",
    };
    char escape[8];
    uint8_t byte = mux->keys.escape;
    format_print(escape, sizeof escape, byte < 0x20 ? "Ctrl-%c" : "%c", byte < 0x20 ? byte + '@' : byte);
    serial_mux_say(mux, "After %s:", escape);
    serial_mux_say(mux, "  N          input to console N%s",
                   mux->klog != NULL ? " (0 is the kernel's log, which takes none)" : "");
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        serial_mux_say(mux, "  %s", lines[i]);
    }
    serial_mux_say(mux, "  %-10s %s itself; N may also be a name or nothing, then Enter", escape, escape);
}

static uint32_t neighbour(const struct serial_mux *mux, uint32_t step)
{
    uint32_t index = mux->focus;

    for (uint32_t i = 0; i < mux->client_count; i++) {
        index = (index + step) % mux->client_count;
        if (!mux->consoles[index].is_channel) {
            return index;
        }
    }
    return NOT_FOUND;
}

static void start_frames(struct serial_mux *mux, uint64_t nonce)
{
    mux->replay = SERIAL_MUX_CONSOLES;
    mux_screen_leave(&mux->screen, &mux->consoles[mux->focus]);
    mux_frames_start(mux, nonce);
}

void mux_command_run(struct serial_mux *mux, const struct mux_command *command)
{
    switch (command->action) {
    case MUX_ACTION_FOCUS:
        focus(mux, find_target(mux, command));
        break;
    case MUX_ACTION_NEXT:
        focus(mux, neighbour(mux, 1));
        break;
    case MUX_ACTION_PREVIOUS:
        focus(mux, neighbour(mux, mux->client_count - 1));
        break;
    case MUX_ACTION_SILENCE:
        silence(mux, find_target(mux, command));
        break;
    case MUX_ACTION_BACKLOG:
        start_replay(mux, find_target(mux, command));
        break;
    case MUX_ACTION_LIST:
        list(mux);
        break;
    case MUX_ACTION_COLOURS:
        mux->screen.colours = !mux->screen.colours;
        serial_mux_say(mux, "colours are %s", mux->screen.colours ? "on" : "off");
        break;
    case MUX_ACTION_HELP:
        help(mux);
        break;
    case MUX_ACTION_FRAMES:
        start_frames(mux, command->nonce);
        break;
    case MUX_ACTION_INPUT:
    case MUX_ACTION_NONE:
        break;
    }
}
