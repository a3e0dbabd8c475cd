/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Frames: many consoles' bytes on one serial line, between the multiplexer and `causeway console` on the
 * host.
 *
 * On the line every byte of a frame has its top bit set, and a frame ends with 0xff, which stands for nothing
 * else. So whoever writes plain text to the same UART (a kernel that panics, seL4's debug output), even into
 * the middle of a frame, neither breaks a frame nor is mistaken for one; and what a guest writes is inside
 * frames, encoded, so that it can neither end one nor begin one:
 *
 *     b < 0x7c        b | 0x80
 *     other           0xfb + (b >> 6), then 0x80 | (b & 0x3f)
 *     end of frame    0xff
 *
 * Decoded, a frame is type (1), console (1), value (4, little-endian), payload, check (4). The check is the
 * CRC-32 of the session's nonce, which the host has chosen and no guest knows, followed by the frame. So what
 * noise has damaged is not taken for a frame, nor is anything that a guest wrote to the bare line before the
 * session began. What was lost shows in the positions: see enum serial_frame_type.
 *
 * Flow is controlled by credit in both directions and for each console by itself: a side sends no more of a
 * console's bytes than the other has said that it will take. Positions and limits count the console's bytes
 * in that direction, modulo 2^32, output since the multiplexer started, input since the session began; so a
 * lost credit is made good by the next, and a session that follows another goes on where that one was.
 *
 * A session begins when the user's side sends, to a multiplexer that serves a plain terminal, escape DEL and
 * then the 16 nibbles of the nonce, highest first, each as escape (0x80 | nibble). It ends with LEAVE, or
 * when a command of the plain terminal is typed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL_FRAME_VERSION 1u
#define SERIAL_FRAME_PAYLOAD_BYTES 448u
#define SERIAL_FRAME_BODY_BYTES (6u + SERIAL_FRAME_PAYLOAD_BYTES + 4u)
/** The longest frame on the line. */
#define SERIAL_FRAME_WIRE_BYTES (2u * SERIAL_FRAME_BODY_BYTES + 1u)

#define SERIAL_FRAME_NONCE_START 0x7fu
#define SERIAL_FRAME_NONCE_DIGIT 0x80u
#define SERIAL_FRAME_NONCE_DIGITS 16u

/** What a frame says. `value` is what stands behind the name here. */
enum serial_frame_type {
    /* From the multiplexer. */
    SERIAL_FRAME_HELLO = 1, /**< SERIAL_FRAME_VERSION; `console` is how many there are. The session begins. */
    SERIAL_FRAME_CONSOLE,   /**< flags; payload: see SERIAL_FRAME_CONSOLE_COLOUR and so on. One for each */
    SERIAL_FRAME_PONG,      /**< the PING's. All positions and limits are told again */
    /* In both directions. */
    SERIAL_FRAME_DATA, /**< position of the first byte of the payload; bytes below it were lost or dropped */
    SERIAL_FRAME_CREDIT, /**< limit: bytes up to this position may be sent */
    /* From the host; SIZE of a channel in both directions. */
    SERIAL_FRAME_SIZE, /**< columns | rows << 16 of the console's terminal. Of a channel: the tool's connection, 0:
                            there is none. Said back, and DATA behind that is for this tool */
    SERIAL_FRAME_PING, /**< any */
    SERIAL_FRAME_LEAVE /**< 0: back to a plain terminal */
};

/** Where things are in the payload of SERIAL_FRAME_CONSOLE. The first is a byte, then come positions of
 * output. */
#define SERIAL_FRAME_CONSOLE_COLOUR 0u  /**< SGR code, 0: none */
#define SERIAL_FRAME_CONSOLE_START 1u   /**< of the first byte that will be sent */
#define SERIAL_FRAME_CONSOLE_HISTORY 5u /**< what is below was shown before, perhaps elsewhere */
#define SERIAL_FRAME_CONSOLE_END 9u     /**< of what has been written so far */
#define SERIAL_FRAME_CONSOLE_NAME 13u   /**< the rest */

/** Flags of SERIAL_FRAME_CONSOLE. */
enum serial_frame_console_flags {
    SERIAL_FRAME_CONSOLE_LOG = 1u << 0,     /**< the kernel's log: takes no input */
    SERIAL_FRAME_CONSOLE_PORT = 1u << 1,    /**< a program's port, not a terminal */
    SERIAL_FRAME_CONSOLE_CHANNEL = 1u << 2, /**< for a tool; without one what it writes is dropped */
    SERIAL_FRAME_CONSOLE_SHARED = 1u << 3   /**< a channel for several tools at once */
};

/** A frame. Its payload is the caller's, or the decoder's until the next byte. */
struct serial_frame {
    uint8_t type;
    uint8_t console;
    uint32_t value;
    const uint8_t *payload;
    uint32_t payload_bytes;
};

/** Encode a frame, with at most SERIAL_FRAME_PAYLOAD_BYTES of payload. Returns its length on the line. */
size_t serial_frame_encode(uint64_t nonce, const struct serial_frame *frame,
                           uint8_t wire[SERIAL_FRAME_WIRE_BYTES]);

/** The keys that begin a session, into `keys`; returns their length. */
#define SERIAL_FRAME_ENTRY_BYTES (2u * (1u + SERIAL_FRAME_NONCE_DIGITS))
size_t serial_frame_entry(uint8_t escape, uint64_t nonce, uint8_t keys[SERIAL_FRAME_ENTRY_BYTES]);

/** What a byte of the line was. */
enum serial_frame_event {
    SERIAL_FRAME_NOTHING = 0, /**< part of a frame */
    SERIAL_FRAME_PLAIN,       /**< no part of any frame */
    SERIAL_FRAME_GOOD,        /**< the end of a frame, which was returned */
    SERIAL_FRAME_BAD          /**< the end of a frame that was damaged, or of another session */
};

/** State between bytes. Set up with serial_frame_decoder_init(). */
struct serial_frame_decoder {
    uint8_t body[8 + SERIAL_FRAME_BODY_BYTES]; /**< the nonce, then what was decoded */
    uint32_t used;
    uint8_t high;   /**< the next byte's top two bits, from the byte before it; 0: none */
    bool malformed; /**< the frame under way can't be one */
};

/** Begin: frames of the session `nonce` are good. */
void serial_frame_decoder_init(struct serial_frame_decoder *decoder, uint64_t nonce);

/** Feed one byte of the line. */
enum serial_frame_event serial_frame_decode(struct serial_frame_decoder *decoder, uint8_t byte,
                                            struct serial_frame *frame);

/** Four bytes, little-endian. */
void serial_frame_put_u32(uint8_t bytes[4], uint32_t value);
uint32_t serial_frame_get_u32(const uint8_t bytes[4]);
