/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/serial_mux/mux_frames.h"

#include "lib/base/mem.h"
#include "pd/serial_mux/serial_mux.h"

/* What a console without a working link is said to take: it goes nowhere. */
#define SINK_BYTES 4096u
/* The host is told of dropped output without having given credit once there is so much of it. */
#define UNTOLD_BYTES 0x4000u

_Static_assert(SERIAL_FRAME_WIRE_BYTES <= MUX_SCREEN_ROOM_BYTES, "a frame fits the room");

static uint32_t console_count(const struct serial_mux *mux)
{
    return mux->client_count + 1;
}

static bool link_works(const struct mux_console *console)
{
    return console->has_link && !ring_is_broken(&console->link);
}

void mux_frames_start(struct serial_mux *mux, uint64_t nonce)
{
    struct mux_frames *frames = &mux->frames;

    *frames = (struct mux_frames){.on = true, .nonce = nonce};
    serial_frame_decoder_init(&frames->decoder, nonce);
    for (uint32_t i = 0; i < console_count(mux); i++) {
        const struct mux_console *console = &mux->consoles[i];
        uint64_t oldest = console->is_channel ? console->shown : mux_console_oldest(console);
        frames->flows[i] = (struct mux_frames_flow){
            .at = oldest, .history = console->shown, .told = (uint32_t)oldest, .limit = (uint32_t)oldest};
    }
}

/* Another tool is at a channel: nothing of what was for the last one goes to it. */
static void change_tool(struct serial_mux *mux, uint32_t index, uint32_t tool)
{
    struct mux_console *console = &mux->consoles[index];

    if (!console->has_link || console->tool == tool) {
        return;
    }
    (void)mux_console_take(console, console->link.capacity_bytes, true);
    console->tool = tool;
    console->shown = console->written;
    mux->frames.flows[index].at = console->written;
    ring_offer(&console->link, tool);
    mux->notify(mux->notify_context, mux->config->clients[index].link.channel);
}

void mux_frames_stop(struct serial_mux *mux)
{
    mux->frames.on = false;
    for (uint32_t i = 0; i < console_count(mux); i++) {
        struct mux_console *console = &mux->consoles[i];
        if (console->is_channel) {
            change_tool(mux, i, SERIAL_MUX_OFFER_NO_TOOL);
        }
        console->vt = (struct mux_vt){0};
        console->at_line_start = true;
        console->carriage_return = false;
        console->erased = false;
        mux_screen_enter(console);
    }
}

static void put(struct serial_mux *mux, const struct serial_frame *frame)
{
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];

    mux_screen_put(&mux->screen, wire, (uint32_t)serial_frame_encode(mux->frames.nonce, frame, wire));
}

/* Input. */

static void take_data(struct serial_mux *mux, const struct serial_frame *frame)
{
    struct mux_console *console = &mux->consoles[frame->console];

    if (frame->console >= mux->client_count) {
        return;
    }
    mux->frames.flows[frame->console].input = frame->value + frame->payload_bytes;
    if (link_works(console)) {
        console->input += ring_write(&console->link, frame->payload, frame->payload_bytes);
    }
}

static void take_size(struct serial_mux *mux, const struct serial_frame *frame)
{
    struct mux_console *console = &mux->consoles[frame->console];

    if (console->is_channel) {
        change_tool(mux, frame->console, frame->value);
        mux->frames.flows[frame->console].tool_due = true;
    } else if (frame->console < mux->client_count && console->has_link) {
        ring_offer(&console->link, frame->value);
        mux->notify(mux->notify_context, mux->config->clients[frame->console].link.channel);
    }
}

/* Tell everything again: noise may have taken what was told before. */
static void take_ping(struct serial_mux *mux, const struct serial_frame *frame)
{
    mux->frames.pong = true;
    mux->frames.pong_value = frame->value;
    for (uint32_t i = 0; i < console_count(mux); i++) {
        struct mux_frames_flow *flow = &mux->frames.flows[i];
        flow->granted = flow->input;
        flow->told = (uint32_t)flow->at - UNTOLD_BYTES;
    }
}

static void take_frame(struct serial_mux *mux, const struct serial_frame *frame)
{
    if (frame->console >= console_count(mux)) {
        return;
    }
    switch (frame->type) {
    case SERIAL_FRAME_DATA:
        take_data(mux, frame);
        break;
    case SERIAL_FRAME_CREDIT:
        mux->frames.flows[frame->console].limit = frame->value;
        break;
    case SERIAL_FRAME_SIZE:
        take_size(mux, frame);
        break;
    case SERIAL_FRAME_PING:
        take_ping(mux, frame);
        break;
    case SERIAL_FRAME_LEAVE:
        mux_frames_stop(mux);
        break;
    default: /* of a later version */
        break;
    }
}

void mux_frames_input(struct serial_mux *mux, uint8_t byte)
{
    struct serial_frame frame;
    enum serial_frame_event event = serial_frame_decode(&mux->frames.decoder, byte, &frame);

    if (event == SERIAL_FRAME_GOOD) {
        take_frame(mux, &frame);
    }
    mux->frames.damaged += event == SERIAL_FRAME_BAD;
}

/* Room in a console's link for input; `half` of what it holds when empty. */
static uint32_t input_room(struct mux_console *console, uint32_t *half)
{
    *half = (link_works(console) ? console->link.capacity_bytes : SINK_BYTES) / 2;
    return link_works(console) ? ring_space(&console->link) : SINK_BYTES;
}

/* Whether so little credit is left that more is due as soon as half of the link is free. */
static bool wants_credit(const struct mux_frames_flow *flow, uint32_t half)
{
    return flow->granted - flow->input < half || flow->granted - flow->input > 2 * half;
}

bool mux_frames_request(struct serial_mux *mux)
{
    bool more = false;

    if (mux->frames.greeting <= console_count(mux) || !mux_screen_has_room(&mux->screen)) {
        return false; /* the driver's notification for room comes first */
    }
    for (uint32_t i = 0; i < mux->client_count; i++) {
        struct mux_console *console = &mux->consoles[i];
        uint32_t half;
        (void)input_room(console, &half);
        more |= wants_credit(&mux->frames.flows[i], half) && link_works(console) &&
                ring_request_space(&console->link, half);
    }
    return more;
}

/* Output. */

static uint32_t flags_of(const struct serial_mux *mux, uint32_t index)
{
    const uint32_t flags = index < mux->client_count ? mux->config->clients[index].flags : 0;

    if (index >= mux->client_count) {
        return SERIAL_FRAME_CONSOLE_LOG;
    }
    if ((flags & SERIAL_MUX_CLIENT_CHANNEL) != 0) {
        return SERIAL_FRAME_CONSOLE_CHANNEL |
               ((flags & SERIAL_MUX_CLIENT_SHARED) != 0 ? SERIAL_FRAME_CONSOLE_SHARED : 0);
    }
    return (flags & SERIAL_MUX_CLIENT_PORT) != 0 ? SERIAL_FRAME_CONSOLE_PORT : 0;
}

static bool show_greeting(struct serial_mux *mux)
{
    uint32_t number = mux->frames.greeting;
    uint8_t payload[SERIAL_FRAME_CONSOLE_NAME + CONFIG_NAME_BYTES];

    if (number > console_count(mux)) {
        return false;
    }
    mux->frames.greeting++;
    if (number == 0) {
        put(mux, &(struct serial_frame){.type = SERIAL_FRAME_HELLO,
                                        .console = (uint8_t)console_count(mux),
                                        .value = SERIAL_FRAME_VERSION});
        return true;
    }
    const struct mux_console *console = &mux->consoles[number - 1];
    const struct mux_frames_flow *flow = &mux->frames.flows[number - 1];
    payload[SERIAL_FRAME_CONSOLE_COLOUR] = (uint8_t)console->colour;
    serial_frame_put_u32(&payload[SERIAL_FRAME_CONSOLE_START], (uint32_t)flow->at);
    serial_frame_put_u32(&payload[SERIAL_FRAME_CONSOLE_HISTORY], (uint32_t)flow->history);
    serial_frame_put_u32(&payload[SERIAL_FRAME_CONSOLE_END], (uint32_t)console->written);
    memcpy(&payload[SERIAL_FRAME_CONSOLE_NAME], console->name, console->name_bytes);
    put(mux, &(struct serial_frame){.type = SERIAL_FRAME_CONSOLE,
                                    .console = (uint8_t)(number - 1),
                                    .value = flags_of(mux, number - 1),
                                    .payload = payload,
                                    .payload_bytes = SERIAL_FRAME_CONSOLE_NAME + console->name_bytes});
    return true;
}

static bool show_pong(struct serial_mux *mux)
{
    bool due = mux->frames.pong && mux_screen_has_room(&mux->screen);

    if (due) {
        mux->frames.pong = false;
        put(mux, &(struct serial_frame){.type = SERIAL_FRAME_PONG, .value = mux->frames.pong_value});
    }
    return due;
}

static bool show_tool(struct serial_mux *mux, uint32_t index)
{
    struct mux_frames_flow *flow = &mux->frames.flows[index];
    bool due = flow->tool_due && mux_screen_has_room(&mux->screen);

    if (due) {
        flow->tool_due = false;
        put(mux, &(struct serial_frame){.type = SERIAL_FRAME_SIZE,
                                        .console = (uint8_t)index,
                                        .value = mux->consoles[index].tool});
    }
    return due;
}

static bool show_credit(struct serial_mux *mux, uint32_t index)
{
    struct mux_frames_flow *flow = &mux->frames.flows[index];
    uint32_t half;
    uint32_t room = input_room(&mux->consoles[index], &half);

    if (index >= mux->client_count || room < half || !wants_credit(flow, half) ||
        !mux_screen_has_room(&mux->screen)) {
        return false;
    }
    flow->granted = flow->input + room;
    put(mux, &(struct serial_frame){
                 .type = SERIAL_FRAME_CREDIT, .console = (uint8_t)index, .value = flow->granted});
    return true;
}

/* Bytes of a console that may be sent now, at most a frame's. */
static uint32_t sendable(const struct mux_console *console, const struct mux_frames_flow *flow)
{
    int32_t credit = (int32_t)(flow->limit - (uint32_t)flow->at);
    uint64_t count = console->written - flow->at;

    if (credit <= 0) {
        return 0;
    }
    count = count < (uint32_t)credit ? count : (uint32_t)credit;
    return count < SERIAL_FRAME_PAYLOAD_BYTES ? (uint32_t)count : SERIAL_FRAME_PAYLOAD_BYTES;
}

static bool show_data(struct serial_mux *mux, uint32_t index)
{
    struct mux_console *console = &mux->consoles[index];
    struct mux_frames_flow *flow = &mux->frames.flows[index];
    uint8_t payload[SERIAL_FRAME_PAYLOAD_BYTES];
    uint64_t oldest = mux_console_oldest(console);

    if (flow->at < oldest) { /* overwritten: by its policy, or because it was history */
        flow->at = oldest < flow->history ? oldest : console->shown;
    }
    if (flow->tool_due) { /* it would be taken for the last tool's */
        return false;
    }
    uint32_t position = (uint32_t)flow->at;
    uint32_t count = sendable(console, flow);
    if ((count == 0 && position - flow->told < UNTOLD_BYTES) || !mux_screen_has_room(&mux->screen)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        payload[i] = mux_console_byte(console, flow->at + i);
    }
    put(mux, &(struct serial_frame){.type = SERIAL_FRAME_DATA,
                                    .console = (uint8_t)index,
                                    .value = position,
                                    .payload = payload,
                                    .payload_bytes = count});
    flow->at += count;
    flow->told = position + count;
    console->shown = console->shown < flow->at ? flow->at : console->shown;
    return true;
}

/* A frame or two of the next console that has something to say. */
static bool show_turn(struct serial_mux *mux)
{
    for (uint32_t i = 0; i < console_count(mux); i++) {
        uint32_t index = mux->frames.next;
        mux->frames.next = (index + 1) % console_count(mux);
        bool any = show_tool(mux, index);
        any |= show_credit(mux, index);
        any |= show_data(mux, index);
        if (any) {
            return true;
        }
    }
    return false;
}

bool mux_frames_show(struct serial_mux *mux)
{
    bool any = false;
    bool more = true;

    while (more && mux_screen_has_room(&mux->screen)) {
        more = show_greeting(mux) || show_pong(mux) || show_turn(mux);
        any |= more;
    }
    return any;
}
