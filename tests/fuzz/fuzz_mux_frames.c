/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The framed line, from both ends. Hostile consoles and a hostile host around the multiplexer: whatever they
 * say, all that it sends while frames are on is good frames; each console's bytes arrive as they were
 * written, in order, and nowhere else. And a hostile line around the host: it stays in bounds (mux_host.c
 * checks what it is told).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/fuzz_input.h"
#include "tests/mock/mux_host.h"

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static uint8_t written[MUX_FIXTURE_CLIENTS][MUX_HOST_TEXT_BYTES];
static size_t written_bytes[MUX_FIXTURE_CLIENTS];

/* A console writes anything: frames with the right nonce, for instance. */
static void write_any(struct mux_host *host, struct fuzz_input *input, uint32_t client)
{
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    uint8_t payload[64];
    uint32_t count = fuzz_input_u8(input) % sizeof payload;

    for (uint32_t i = 0; i < count; i++) {
        payload[i] = fuzz_input_u8(input);
    }
    struct serial_frame frame = {.type = fuzz_input_u8(input),
                                 .console = fuzz_input_u8(input),
                                 .value = fuzz_input_u32(input),
                                 .payload = payload,
                                 .payload_bytes = count};
    bool framed = (frame.type & 0x80) != 0;
    frame.type &= 0x0f;
    uint32_t length = framed ? (uint32_t)serial_frame_encode(host->line.nonce, &frame, wire) : count;
    length = ring_write(&host->f->clients[client], framed ? wire : payload, length);
    if (written_bytes[client] + length <= MUX_HOST_TEXT_BYTES) {
        memcpy(&written[client][written_bytes[client]], framed ? wire : payload, length);
    }
    written_bytes[client] += length;
}

/* What the host shows so far is what the console wrote. */
static void check_output(struct mux_host *host)
{
    for (uint32_t i = 0; i < MUX_FIXTURE_CLIENTS; i++) {
        require(host->consoles[i].lost == 0);
        require(host->consoles[i].bytes <= written_bytes[i]);
        require(memcmp(host->consoles[i].text, written[i], host->consoles[i].bytes) == 0);
    }
    require(host->plain_bytes == 0 && host->line.damaged == 0);
}

static void guest_step(struct mux_host *host, struct fuzz_input *input)
{
    uint8_t op = fuzz_input_u8(input);
    uint32_t client = op >> 4 & 1u;
    uint8_t bytes[300] = {0};
    char drain[512];

    switch (op & 7) {
    case 0:
    case 1:
    case 2:
        write_any(host, input, client);
        break;
    case 3:
        bytes[0] = fuzz_input_u8(input);
        (void)line_write(&host->line, client, bytes, fuzz_input_u8(input));
        break;
    case 4:
        (void)mux_fixture_read(host->f, client, drain, sizeof drain);
        break;
    case 5:
        host->consoles[client].is_slow = !host->consoles[client].is_slow;
        break;
    case 6:
        if (mux_fixture.channels == 0) {
            line_resize(&host->line, client, fuzz_input_u8(input), fuzz_input_u8(input));
        }
        break;
    default:
        mux_host_wait(host, (uint64_t)fuzz_input_u8(input) * 100);
        break;
    }
    mux_host_run(host);
    check_output(host);
}

/* Hostile guests, an honest host, a clean line. */
static void run_guests(struct mux_host *host, struct fuzz_input *input)
{
    mux_host_run(host);
    require(host->line.state == LINE_OPEN);
    memset(written_bytes, 0, sizeof written_bytes);
    while (input->bytes > 0 && written_bytes[0] < 0x40000 && written_bytes[1] < 0x40000) {
        guest_step(host, input);
    }
    for (uint32_t i = 0; i < MUX_FIXTURE_CLIENTS; i++) {
        host->consoles[i].is_slow = false;
    }
    mux_host_run(host);
    check_output(host);
    require(host->consoles[0].bytes == written_bytes[0] && host->consoles[1].bytes == written_bytes[1]);
    require(host->greetings == 1);
}

/* A frame of anything, for whichever end. */
static size_t any_frame(struct fuzz_input *input, uint64_t nonce, uint8_t *wire)
{
    uint8_t payload[SERIAL_FRAME_PAYLOAD_BYTES] = {0};
    uint32_t count = fuzz_input_u16(input) % (sizeof payload + 1);
    const struct serial_frame frame = {.type = fuzz_input_u8(input) & 15u,
                                       .console = fuzz_input_u8(input) & 63u,
                                       .value = fuzz_input_u32(input),
                                       .payload = payload,
                                       .payload_bytes = count};

    for (uint32_t i = 0; i < 32 && i < count; i++) {
        payload[i] = fuzz_input_u8(input);
    }
    return serial_frame_encode(nonce, &frame, wire);
}

/* What the multiplexer sent: frames, as long as it has to send such. */
static void check_wire(struct mux_host *host, struct serial_frame_decoder *decoder)
{
    struct mux_fixture *f = host->f;
    struct serial_frame frame;

    for (size_t i = 0; f->mux.frames.on && i < f->terminal_bytes; i++) {
        enum serial_frame_event event = serial_frame_decode(decoder, (uint8_t)f->terminal[i], &frame);
        require(event == SERIAL_FRAME_NOTHING || event == SERIAL_FRAME_GOOD);
    }
    f->terminal_bytes = 0;
}

/* A host that knows the nonce, and says anything. Commands of the plain terminal end the session, and the
 * run. */
static void run_host(struct mux_host *host, struct fuzz_input *input)
{
    struct mux_fixture *f = host->f;
    struct serial_frame_decoder decoder;
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    char drain[512];

    mux_host_run(host);
    serial_frame_decoder_init(&decoder, host->line.nonce);
    while (input->bytes > 0 && f->mux.frames.on) {
        uint8_t op = fuzz_input_u8(input);
        uint8_t byte = fuzz_input_u8(input);
        if ((op & 3) == 0) {
            (void)ring_write(&f->driver, &byte, 1);
        } else if ((op & 3) == 1) {
            (void)ring_write(&f->clients[op >> 4 & 1], "text\n", byte % 6u);
        } else if ((op & 3) == 2) {
            (void)mux_fixture_read(f, op >> 4 & 1, drain, sizeof drain);
        } else {
            uint32_t length = (uint32_t)any_frame(input, host->line.nonce, wire);
            (void)ring_write(&f->driver, wire, length);
        }
        mux_fixture_run(f);
        check_wire(host, &decoder);
    }
}

/* A line on which there may be anything. */
static void run_line(struct mux_host *host, struct fuzz_input *input)
{
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];

    while (input->bytes > 0) {
        uint8_t op = fuzz_input_u8(input);
        uint8_t byte = fuzz_input_u8(input);
        uint64_t nonce = (op & 8) != 0 ? host->line.call_nonce : host->line.nonce;
        if ((op & 3) == 0) {
            line_feed(&host->line, &byte, 1);
        } else if ((op & 3) == 1) {
            (void)line_write(&host->line, op >> 4, wire, byte);
            line_resize(&host->line, op >> 4, byte, byte);
            mux_host_wait(host, (uint64_t)byte * 50);
        } else {
            line_feed(&host->line, wire, any_frame(input, nonce, wire));
        }
        for (uint32_t i = 0; i < host->line.console_count; i++) {
            host->consoles[i].bytes = 0;
            line_consumed(&host->line, i, host->consoles[i].owed);
            host->consoles[i].owed = 0;
        }
        host->plain_bytes = 0;
        require(line_pump(&host->line, host->now_ms, ++host->nonce) >= 0);
        line_sent(&host->line, host->line.tx_used);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct mux_host *host = &mux_host;

    const uint8_t mode = fuzz_input_u8(&input);
    mux_fixture.channels = (mode & 0x80) != 0 ? 1u << 1 : 0; /* the second console is a tool's, or not */
    mux_host_start(host, &mux_fixture, MUX_FIXTURE_CLIENTS);
    line_set_tool(&host->line, 1, mode >> 7);
    switch ((mode & 0x7fu) % 3) {
    case 0:
        run_guests(host, &input);
        break;
    case 1:
        run_host(host, &input);
        break;
    default:
        run_line(host, &input);
        break;
    }
    return 0;
}
