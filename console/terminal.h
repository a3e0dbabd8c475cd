/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * One console on the host: what it wrote and nobody has read yet, and a socket for whoever shows it.
 *
 * The socket is of SOCK_SEQPACKET in the folder of the hub. Who connects gets output as it is, a packet being
 * any piece of it, and sends TERMINAL_DATA or TERMINAL_SIZE packets. One at a time: who comes later takes
 * over. Without anybody the last TERMINAL_BUFFER_BYTES are kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pd/serial_mux/mux_filter.h"

#define TERMINAL_BUFFER_BYTES 0x10000u
#define TERMINAL_PACKET_BYTES 1025u

/** First byte of a packet to the hub. */
enum terminal_packet {
    TERMINAL_DATA = 'D', /**< input follows */
    TERMINAL_SIZE = 'S'  /**< columns and rows follow, two bytes each, little-endian */
};

/** A console. Set up with terminal_open(). */
struct terminal {
    char path[108]; /**< of the socket */
    int listener;   /**< -1: not open */
    int client;     /**< -1: nobody */
    uint8_t text[TERMINAL_BUFFER_BYTES];
    uint32_t head; /**< bytes put in */
    uint32_t tail; /**< bytes taken out */
    struct mux_filter filter;
    uint32_t owed;                        /**< bytes of output to be acknowledged once there is room */
    uint8_t input[TERMINAL_PACKET_BYTES]; /**< a packet of the client that is being taken */
    uint32_t input_first;
    uint32_t input_end;
    bool is_deaf; /**< the client takes no output any more; there may still be input of its */
};

/** Make the socket FOLDER/NAME. False, with errno set, if that fails. */
bool terminal_open(struct terminal *terminal, const char *folder, const char *name);

/** Remove it, and let the client go. Output that it can take at once it still gets. */
void terminal_close(struct terminal *terminal);

/** Add output. The oldest is lost if nobody takes it in time. */
void terminal_put(struct terminal *terminal, const void *bytes, uint32_t count);

/** Add output that was on a terminal before, made harmless. */
void terminal_put_history(struct terminal *terminal, const uint8_t *bytes, uint32_t count);

/** Somebody connects. */
void terminal_accept(struct terminal *terminal);

/** Whether there is output that a client waits for. */
bool terminal_has_output(const struct terminal *terminal);

/** Give the client what it takes now. */
void terminal_send(struct terminal *terminal);

/** Whether output that was put may be acknowledged: it has been taken, or nobody wants it. */
bool terminal_keeps_up(const struct terminal *terminal);

/** Whether to read from the client: there is one, and nothing of it waits. */
bool terminal_wants_input(const struct terminal *terminal);

/** `count` bytes of `input` have been passed on. */
void terminal_passed(struct terminal *terminal, uint32_t count);

/** Read a packet of the client, if there is no other. True, with *size set, if it was the terminal's new
 * size. */
bool terminal_receive(struct terminal *terminal, uint32_t *size);
