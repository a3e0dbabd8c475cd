/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/line.h"

#include <string.h>

static bool has_room(const struct line *line)
{
    return LINE_TX_BYTES - line->tx_used >= SERIAL_FRAME_WIRE_BYTES;
}

static void put(struct line *line, const struct serial_frame *frame)
{
    line->tx_used += (uint32_t)serial_frame_encode(line->nonce, frame, &line->tx[line->tx_used]);
}

static void start_calling(struct line *line, uint64_t nonce)
{
    line->state = LINE_CALLING;
    line->call_nonce = nonce;
    line->deadline_ms = 0;
    line->ping_due = false;
    line->waits_for_pong = false;
    serial_frame_decoder_init(&line->caller, nonce);
}

void line_init(struct line *line, const struct line_ops *ops, void *context, uint8_t escape, uint64_t nonce)
{
    *line = (struct line){.ops = ops, .context = context, .escape = escape};
    serial_frame_decoder_init(&line->decoder, nonce);
    start_calling(line, nonce);
}

/* From the line. */

static void take_hello(struct line *line, const struct serial_frame *frame)
{
    if (frame->value != SERIAL_FRAME_VERSION || frame->console > LINE_MAX_CONSOLES) {
        return;
    }
    line->decoder = line->caller;
    line->nonce = line->call_nonce;
    line->has_session = true;
    line->state = LINE_GREETING;
    line->greeted = 0;
    line->console_count = frame->console;
    line->deadline_ms = 0;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/* Names become names of files. */
static bool set_name(char name[CONFIG_NAME_BYTES + 1], const uint8_t *bytes, uint32_t count)
{
    memset(name, 0, CONFIG_NAME_BYTES + 1);
    for (uint32_t i = 0; i < count; i++) {
        name[i] = (char)bytes[i];
        if (!is_name_char(name[i])) {
            return false;
        }
    }
    return count > 0 && name[0] != '.';
}

static bool is_channel(const struct line_console *console)
{
    return (console->flags & SERIAL_FRAME_CONSOLE_CHANNEL) != 0;
}

static void take_console(struct line *line, const struct serial_frame *frame)
{
    struct line_console *console = &line->consoles[line->greeted];
    struct line_console next = {.flags = frame->value, .size = console->size};
    uint32_t name_bytes = frame->payload_bytes - SERIAL_FRAME_CONSOLE_NAME;

    if (line->state != LINE_GREETING || frame->console != line->greeted ||
        frame->payload_bytes <= SERIAL_FRAME_CONSOLE_NAME || name_bytes > CONFIG_NAME_BYTES ||
        !set_name(next.name, &frame->payload[SERIAL_FRAME_CONSOLE_NAME], name_bytes)) {
        return; /* the greeting stays incomplete, and the multiplexer will be called again */
    }
    next.size_due = next.size != 0 || is_channel(&next); /* a host before us may have left a tool there */
    uint32_t start = serial_frame_get_u32(&frame->payload[SERIAL_FRAME_CONSOLE_START]);
    uint32_t end = serial_frame_get_u32(&frame->payload[SERIAL_FRAME_CONSOLE_END]);
    next.colour = frame->payload[SERIAL_FRAME_CONSOLE_COLOUR];
    next.history = serial_frame_get_u32(&frame->payload[SERIAL_FRAME_CONSOLE_HISTORY]);
    /* A second session goes on where the first was, unless the multiplexer has been restarted. */
    bool goes_on = strcmp(next.name, console->name) == 0 && console->received - start <= end - start;
    next.received = goes_on ? console->received : start;
    next.consumed = goes_on ? console->consumed : start;
    next.granted = start;
    *console = next;
    line->greeted++;
    if (line->greeted == line->console_count) {
        line->state = LINE_OPEN;
        line->deadline_ms = 0;
        line->ops->greeted(line->context);
    }
}

static void give(struct line *line, uint32_t index, enum line_output kind, const uint8_t *bytes,
                 uint32_t count)
{
    if (count > 0) {
        line->consoles[index].received += count;
        line->ops->output(line->context, index, kind, bytes, count);
    }
}

static void take_data(struct line *line, const struct serial_frame *frame)
{
    struct line_console *console = &line->consoles[frame->console];
    const uint8_t *bytes = frame->payload;
    uint32_t count = frame->payload_bytes;
    int32_t ahead = (int32_t)(frame->value - console->received);

    if (ahead < 0) { /* known from the last session */
        uint32_t known = count < (uint32_t) - (int64_t)ahead ? count : (uint32_t) - (int64_t)ahead;
        bytes += known;
        count -= known;
    } else if (ahead > 0) {
        console->received += (uint32_t)ahead;
        console->consumed += (uint32_t)ahead;
        line->ops->lost(line->context, frame->console, (uint32_t)ahead);
    }
    /* More than was granted would overrun whoever holds it. */
    uint32_t room = LINE_WINDOW_BYTES - (console->received - console->consumed);
    count = count < room ? count : room;
    int32_t history = (int32_t)(console->history - console->received);
    if (is_channel(console) && (console->size == LINE_NO_TOOL || console->tool != console->size)) {
        console->received += count; /* for nobody, or a tool that has left */
        console->consumed += count;
        return;
    }
    uint32_t old = history <= 0 ? 0 : (uint32_t)history < count ? (uint32_t)history : count;
    give(line, frame->console, LINE_OUTPUT_HISTORY, bytes, old);
    give(line, frame->console, LINE_OUTPUT_NEW, bytes + old, count - old);
}

static void take_pong(struct line *line, const struct serial_frame *frame)
{
    if (!line->waits_for_pong || frame->value != line->ping) {
        return;
    }
    line->waits_for_pong = false;
    line->state = LINE_OPEN;
    line->deadline_ms = 0;
    for (uint32_t i = 0; i < line->console_count; i++) {
        line->consoles[i].granted = line->consoles[i].consumed; /* so credit is due */
        line->consoles[i].position_due = line->consoles[i].sent != 0;
        line->consoles[i].size_due |= is_channel(&line->consoles[i]);
    }
}

static void take_frame(struct line *line, const struct serial_frame *frame)
{
    if (frame->type == SERIAL_FRAME_CONSOLE) {
        take_console(line, frame);
    } else if (frame->type == SERIAL_FRAME_PONG) {
        take_pong(line, frame);
    } else if (line->state == LINE_GREETING || frame->console >= line->console_count) {
        return;
    } else if (frame->type == SERIAL_FRAME_DATA) {
        take_data(line, frame);
    } else if (frame->type == SERIAL_FRAME_CREDIT) {
        line->consoles[frame->console].limit = frame->value;
    } else if (frame->type == SERIAL_FRAME_SIZE) {
        line->consoles[frame->console].tool = frame->value;
    }
}

static void ask(struct line *line)
{
    if (!line->waits_for_pong) {
        line->ping++;
        line->ping_due = true;
        line->waits_for_pong = true;
        line->deadline_ms = 0;
    }
}

static void doubt(struct line *line)
{
    if (line->state == LINE_OPEN) {
        line->state = LINE_DOUBTFUL;
        ask(line);
    }
}

/* A byte of the answer to a call. True: it was the end of one. */
static bool is_answer(struct line *line, uint8_t byte)
{
    struct serial_frame frame;

    if (line->state != LINE_CALLING ||
        serial_frame_decode(&line->caller, byte, &frame) != SERIAL_FRAME_GOOD ||
        frame.type != SERIAL_FRAME_HELLO) {
        return false;
    }
    take_hello(line, &frame);
    return line->state == LINE_GREETING;
}

static void feed_byte(struct line *line, uint8_t byte)
{
    struct serial_frame frame;

    if (is_answer(line, byte)) {
        return;
    }
    enum serial_frame_event event = serial_frame_decode(&line->decoder, byte, &frame);
    if (!line->has_session && event != SERIAL_FRAME_PLAIN) {
        return; /* no frame, as there is no session: what a guest writes to the plain line may look like one
                 */
    }
    if (event == SERIAL_FRAME_PLAIN) {
        doubt(line);
        line->ops->plain(line->context, &byte, 1);
    } else if (event == SERIAL_FRAME_BAD) {
        line->damaged++;
        doubt(line);
    } else if (event == SERIAL_FRAME_GOOD && frame.type == SERIAL_FRAME_HELLO) {
        /* An earlier call, answered late: the same session again. */
        line->caller = line->decoder;
        line->call_nonce = line->nonce;
        take_hello(line, &frame);
    } else if (event == SERIAL_FRAME_GOOD) {
        take_frame(line, &frame);
    }
}

void line_feed(struct line *line, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        feed_byte(line, bytes[i]);
    }
}

/* To the line. */

static void say_credit(struct line *line, uint32_t index)
{
    struct line_console *console = &line->consoles[index];
    uint32_t limit = console->consumed + LINE_WINDOW_BYTES;

    if (limit - console->granted >= LINE_WINDOW_BYTES / 2 && has_room(line)) {
        console->granted = limit;
        put(line,
            &(struct serial_frame){.type = SERIAL_FRAME_CREDIT, .console = (uint8_t)index, .value = limit});
    }
}

static void say_size(struct line *line, uint32_t index)
{
    struct line_console *console = &line->consoles[index];

    if (console->size_due && has_room(line)) {
        console->size_due = false;
        put(line, &(struct serial_frame){
                      .type = SERIAL_FRAME_SIZE, .console = (uint8_t)index, .value = console->size});
    }
}

static void say_position(struct line *line, uint32_t index)
{
    struct line_console *console = &line->consoles[index];

    if (console->position_due && has_room(line)) {
        console->position_due = false;
        put(line, &(struct serial_frame){
                      .type = SERIAL_FRAME_DATA, .console = (uint8_t)index, .value = console->sent});
    }
}

static void say_call(struct line *line)
{
    if (has_room(line)) {
        line->tx_used +=
            (uint32_t)serial_frame_entry(line->escape, line->call_nonce, &line->tx[line->tx_used]);
    }
}

static void say_all(struct line *line)
{
    for (uint32_t i = 0; i < line->console_count; i++) {
        say_size(line, i);
        say_credit(line, i);
        say_position(line, i);
    }
    if (line->ping_due && has_room(line)) {
        line->ping_due = false;
        put(line, &(struct serial_frame){.type = SERIAL_FRAME_PING, .value = line->ping});
    }
}

/* Whether the time is over for what is waited for; it begins with the first question. */
static bool is_over(struct line *line, uint64_t now_ms, uint64_t limit_ms)
{
    if (line->deadline_ms == 0) {
        line->deadline_ms = now_ms + limit_ms;
    }
    return now_ms >= line->deadline_ms;
}

static void check_time(struct line *line, uint64_t now_ms, uint64_t nonce)
{
    if (line->state == LINE_GREETING || line->waits_for_pong) {
        if (is_over(line, now_ms, LINE_PONG_MS)) {
            start_calling(line, nonce);
        }
    } else if (line->state == LINE_OPEN && is_over(line, now_ms, LINE_PING_MS)) {
        ask(line);
        (void)is_over(line, now_ms, LINE_PONG_MS);
    }
}

int line_pump(struct line *line, uint64_t now_ms, uint64_t nonce)
{
    check_time(line, now_ms, nonce);
    if (line->state == LINE_CALLING) {
        if (is_over(line, now_ms, 0)) {
            line->deadline_ms = now_ms + LINE_CALL_MS;
            say_call(line);
        }
    } else if (line->state != LINE_GREETING) {
        say_all(line);
    }
    return (int)(line->deadline_ms - now_ms);
}

void line_sent(struct line *line, uint32_t count)
{
    line->tx_used -= count;
    memmove(line->tx, &line->tx[count], line->tx_used);
}

/* Bytes that may be sent to a console now. */
static uint32_t credit_of(const struct line *line, uint32_t index)
{
    if (line->state != LINE_OPEN || index >= line->console_count || !has_room(line)) {
        return 0;
    }
    int32_t credit = (int32_t)(line->consoles[index].limit - line->consoles[index].sent);
    return credit < 0 ? 0 : (uint32_t)credit;
}

bool line_can_write(const struct line *line, uint32_t console)
{
    return credit_of(line, console) > 0;
}

uint32_t line_write(struct line *line, uint32_t console, const uint8_t *bytes, uint32_t count)
{
    uint32_t done = 0;

    while (done < count && line_can_write(line, console)) {
        uint32_t part = credit_of(line, console);
        part = part < SERIAL_FRAME_PAYLOAD_BYTES ? part : SERIAL_FRAME_PAYLOAD_BYTES;
        part = part < count - done ? part : count - done;
        put(line, &(struct serial_frame){.type = SERIAL_FRAME_DATA,
                                         .console = (uint8_t)console,
                                         .value = line->consoles[console].sent,
                                         .payload = bytes + done,
                                         .payload_bytes = part});
        line->consoles[console].sent += part;
        done += part;
    }
    return done;
}

void line_consumed(struct line *line, uint32_t console, uint32_t count)
{
    line->consoles[console].consumed += count;
}

void line_resize(struct line *line, uint32_t console, uint16_t cols, uint16_t rows)
{
    uint32_t size = SERIAL_MUX_OFFER_SIZE(cols, rows);

    if (console < LINE_MAX_CONSOLES && line->consoles[console].size != size) {
        line->consoles[console].size = size;
        line->consoles[console].size_due = true;
    }
}

void line_set_tool(struct line *line, uint32_t console, uint32_t connection)
{
    if (console < LINE_MAX_CONSOLES) {
        line->consoles[console].size = connection;
        line->consoles[console].size_due = true;
    }
}

void line_leave(struct line *line)
{
    if (line->has_session && has_room(line)) {
        put(line, &(struct serial_frame){.type = SERIAL_FRAME_LEAVE});
    }
}
