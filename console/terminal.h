/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * One console on the host: what it wrote and nobody has read yet, and a socket for whoever shows it.
 *
 * The socket is of SOCK_SEQPACKET in the folder of the hub. Who connects gets output as it is, a packet being
 * any piece of it, and sends TERMINAL_DATA or TERMINAL_SIZE packets. Several may be there at once: all of them get what
 * comes from then on, what is typed is put together in the order in which it comes, and the last size that is said
 * counts. One that comes when there is no place left takes that of the one that came first. Without anybody the last
 * TERMINAL_BUFFER_BYTES are kept for whoever comes next.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "pd/serial_mux/mux_filter.h"

#define TERMINAL_BUFFER_BYTES 0x10000u
#define TERMINAL_PACKET_BYTES 1025u
#define TERMINAL_CLIENTS 4u
#define TERMINAL_FDS (1u + TERMINAL_CLIENTS)

/** First byte of a packet to the hub. */
enum terminal_packet {
    TERMINAL_DATA = 'D', /**< input follows */
    TERMINAL_SIZE = 'S'  /**< columns and rows follow, two bytes each, little-endian */
};

/** Somebody who shows a console. */
struct terminal_client {
    int fd;                               /**< -1: nobody */
    uint32_t number;                      /**< in the order in which they came */
    uint32_t tail;                        /**< position of the next byte of output for it */
    bool is_deaf;                         /**< it takes no output any more; there may still be input of its */
    uint8_t input[TERMINAL_PACKET_BYTES]; /**< a packet that is being taken */
    uint32_t input_first;
    uint32_t input_end;
};

/** A console. Set up with terminal_open(). */
struct terminal {
    char path[108]; /**< of the socket */
    int listener;   /**< -1: not open */
    uint32_t count; /**< clients so far */
    struct terminal_client clients[TERMINAL_CLIENTS];
    uint8_t text[TERMINAL_BUFFER_BYTES];
    uint32_t head; /**< bytes put in */
    uint32_t tail; /**< bytes that somebody has got, or that were lost */
    struct mux_filter filter;
    uint32_t owed; /**< bytes of output to be acknowledged once there is room */
};

/** Where input goes: takes as much as there is room for now, and returns how much that is. */
typedef uint32_t terminal_writer(void *context, const uint8_t *bytes, uint32_t count);

/** A terminal that is not open: terminal_close() may be called for it. */
void terminal_init(struct terminal *terminal);

/** Make the socket FOLDER/NAME. False, with errno set, if that fails. */
bool terminal_open(struct terminal *terminal, const char *folder, const char *name);

/** Remove it, and let its clients go. Output that they can take at once they still get. */
void terminal_close(struct terminal *terminal);

/** Add output. The oldest is lost if nobody takes it in time. */
void terminal_put(struct terminal *terminal, const void *bytes, uint32_t count);

/** Add output that was on a terminal before, made harmless. */
void terminal_put_history(struct terminal *terminal, const uint8_t *bytes, uint32_t count);

/** Forget output that nobody has got yet. */
void terminal_drop(struct terminal *terminal);

/** What to wait for, into `fds`. For input that waits to be passed on, call terminal_serve() when that can be. */
void terminal_fds(const struct terminal *terminal, struct pollfd fds[TERMINAL_FDS]);

/**
 * Everything that can be done without waiting. What was typed goes to `write`. True, with *size set, if a client has said
 * its terminal's size: columns | rows << 16.
 */
bool terminal_serve(struct terminal *terminal, terminal_writer *write, void *context, uint32_t *size);

/** Whether output that was put may be acknowledged: somebody has taken it, or nobody wants it. */
bool terminal_keeps_up(const struct terminal *terminal);
