/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Packets of gdb's remote serial protocol (gdb's manual, "Remote Protocol"): what comes in, byte by byte, and
 * what goes out. Who sends is distrusted: any bytes in any order give packets or nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Longest packet without its frame, both ways; gdb is told. */
#define RSP_PACKET_BYTES 4096u
/** A reply with every byte escaped, its frame, and acknowledgements in front of it. */
#define RSP_WIRE_BYTES (2u * RSP_PACKET_BYTES + 64u)

/** What a byte was. */
enum rsp_event {
    RSP_NOTHING = 0,
    RSP_PACKET,    /**< the end of a good packet: rsp->packet, rsp->packet_bytes */
    RSP_DAMAGED,   /**< the end of a packet whose check is wrong, or that is too long */
    RSP_INTERRUPT, /**< Ctrl-C */
    RSP_RESEND     /**< our last packet did not arrive */
};

enum rsp_state { RSP_IDLE = 0, RSP_BODY, RSP_CHECK_HIGH, RSP_CHECK_LOW };

/** What has come in. All 0: nothing. */
struct rsp {
    enum rsp_state state;
    bool is_escaped;
    bool is_too_long;
    uint8_t sum;
    uint8_t check;
    uint32_t packet_bytes;
    uint8_t packet[RSP_PACKET_BYTES + 1]; /**< with a NUL behind it when it is complete */
};

/** What goes out. All 0: nothing. */
struct rsp_reply {
    uint32_t used;
    uint32_t sent;
    uint32_t packet_first; /**< of the last packet, for RSP_RESEND */
    uint8_t sum;
    uint8_t wire[RSP_WIRE_BYTES];
};

/** Take one byte. */
enum rsp_event rsp_feed(struct rsp *rsp, uint8_t byte);

/** A byte outside of packets: an acknowledgement. */
void rsp_put_raw(struct rsp_reply *reply, uint8_t byte);

/** Begin a packet; what does not fit into RSP_PACKET_BYTES is left out. */
void rsp_begin(struct rsp_reply *reply);
/** A byte as it is, escaped where it has to be. */
void rsp_put(struct rsp_reply *reply, uint8_t byte);
void rsp_put_text(struct rsp_reply *reply, const char *text);
/** Two hexadecimal digits. */
void rsp_put_hex(struct rsp_reply *reply, uint8_t byte);
/** A number, as short as it can be. */
void rsp_put_number(struct rsp_reply *reply, uint64_t value);
/** `bytes` of a register, as they lie in memory. */
void rsp_put_value(struct rsp_reply *reply, uint64_t value, uint32_t bytes);
void rsp_end(struct rsp_reply *reply);

/** The last packet goes out again. */
void rsp_resend(struct rsp_reply *reply);

/* Parsing: *text moves behind what was read. */

/** A hexadecimal number, at least one digit; more than 64 bits are no number. */
bool rsp_take_number(const char **text, uint64_t *value);
/** A byte of two digits. */
bool rsp_take_hex(const char **text, uint8_t *byte);
/** `bytes` of a register, as rsp_put_value() puts them. */
bool rsp_take_value(const char **text, uint64_t *value, uint32_t bytes);
/** This character. */
bool rsp_take(const char **text, char character);
/** All of `word`. */
bool rsp_take_text(const char **text, const char *word);
