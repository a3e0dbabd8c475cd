/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/serial_frame/serial_frame.h"

#include "lib/base/mem.h"
#include "lib/blk/crc32.h"

#define END 0xffu
#define TOP_BIT 0x80u
/* From here on a byte takes two on the line. */
#define FIRST_LONG 0x7cu
#define SHIFT_BASE 0xfbu
/* The second of them is below. */
#define SECOND_END 0xc0u
#define NONCE_BYTES 8u
#define HEADER_BYTES 6u
#define CHECK_BYTES 4u

void serial_frame_put_u32(uint8_t bytes[4], uint32_t value)
{
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

uint32_t serial_frame_get_u32(const uint8_t bytes[4])
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put_nonce(uint8_t bytes[NONCE_BYTES], uint64_t nonce)
{
    serial_frame_put_u32(bytes, (uint32_t)nonce);
    serial_frame_put_u32(bytes + 4, (uint32_t)(nonce >> 32));
}

static size_t encode_byte(uint8_t byte, uint8_t *wire)
{
    if (byte < FIRST_LONG) {
        wire[0] = (uint8_t)(byte | TOP_BIT);
        return 1;
    }
    wire[0] = (uint8_t)(SHIFT_BASE + (byte >> 6));
    wire[1] = (uint8_t)(TOP_BIT | (byte & 0x3fu));
    return 2;
}

size_t serial_frame_encode(uint64_t nonce, const struct serial_frame *frame,
                           uint8_t wire[SERIAL_FRAME_WIRE_BYTES])
{
    uint8_t bytes[NONCE_BYTES + SERIAL_FRAME_BODY_BYTES];
    size_t end = NONCE_BYTES + HEADER_BYTES + frame->payload_bytes;
    size_t length = 0;

    put_nonce(bytes, nonce);
    bytes[NONCE_BYTES] = frame->type;
    bytes[NONCE_BYTES + 1] = frame->console;
    serial_frame_put_u32(&bytes[NONCE_BYTES + 2], frame->value);
    if (frame->payload_bytes > 0) {
        memcpy(&bytes[NONCE_BYTES + HEADER_BYTES], frame->payload, frame->payload_bytes);
    }
    serial_frame_put_u32(&bytes[end], crc32_of(bytes, end));
    for (size_t i = NONCE_BYTES; i < end + CHECK_BYTES; i++) {
        length += encode_byte(bytes[i], &wire[length]);
    }
    wire[length++] = END;
    return length;
}

size_t serial_frame_entry(uint8_t escape, uint64_t nonce, uint8_t keys[SERIAL_FRAME_ENTRY_BYTES])
{
    keys[0] = escape;
    keys[1] = SERIAL_FRAME_NONCE_START;
    for (uint32_t i = 0; i < SERIAL_FRAME_NONCE_DIGITS; i++) {
        keys[2 + 2 * i] = escape;
        keys[3 + 2 * i] = (uint8_t)(SERIAL_FRAME_NONCE_DIGIT | (nonce >> (60 - 4 * i) & 0xfu));
    }
    return SERIAL_FRAME_ENTRY_BYTES;
}

static void begin(struct serial_frame_decoder *decoder)
{
    decoder->used = NONCE_BYTES;
    decoder->high = 0;
    decoder->malformed = false;
}

void serial_frame_decoder_init(struct serial_frame_decoder *decoder, uint64_t nonce)
{
    put_nonce(decoder->body, nonce);
    begin(decoder);
}

/* The frame that is in `body`, if it is one. */
static enum serial_frame_event finish(struct serial_frame_decoder *decoder, struct serial_frame *frame)
{
    uint32_t used = decoder->used;
    bool whole =
        !decoder->malformed && decoder->high == 0 && used >= NONCE_BYTES + HEADER_BYTES + CHECK_BYTES;

    begin(decoder);
    if (!whole || serial_frame_get_u32(&decoder->body[used - CHECK_BYTES]) !=
                      crc32_of(decoder->body, used - CHECK_BYTES)) {
        return SERIAL_FRAME_BAD;
    }
    *frame = (struct serial_frame){.type = decoder->body[NONCE_BYTES],
                                   .console = decoder->body[NONCE_BYTES + 1],
                                   .value = serial_frame_get_u32(&decoder->body[NONCE_BYTES + 2]),
                                   .payload = &decoder->body[NONCE_BYTES + HEADER_BYTES],
                                   .payload_bytes = used - NONCE_BYTES - HEADER_BYTES - CHECK_BYTES};
    return SERIAL_FRAME_GOOD;
}

enum serial_frame_event serial_frame_decode(struct serial_frame_decoder *decoder, uint8_t byte,
                                            struct serial_frame *frame)
{
    if (byte < TOP_BIT) {
        return SERIAL_FRAME_PLAIN;
    }
    if (byte == END) {
        return finish(decoder, frame);
    }
    if (byte > SHIFT_BASE && decoder->high == 0) {
        decoder->high = (uint8_t)(byte - SHIFT_BASE);
        return SERIAL_FRAME_NOTHING;
    }
    if (decoder->used == sizeof decoder->body || (decoder->high != 0 && byte >= SECOND_END)) {
        decoder->malformed = true;
        return SERIAL_FRAME_NOTHING;
    }
    uint8_t low = byte & (decoder->high == 0 ? 0x7fu : 0x3fu);
    decoder->body[decoder->used++] = (uint8_t)(decoder->high << 6 | low);
    decoder->high = 0;
    return SERIAL_FRAME_NOTHING;
}
