/* SPDX-License-Identifier: BSD-2-Clause */
/** The other end of a gdb stub: packets out, packets back, several on their way at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** More than the stub ever sends. */
#define STUB_PACKET_BYTES 8192u

/** A connection. */
struct stub {
    int fd;
    size_t first, end; /**< of what was received and not looked at */
    uint8_t received[STUB_PACKET_BYTES];
    size_t packet_bytes;
    uint8_t packet[STUB_PACKET_BYTES + 1]; /**< the last, unescaped, with a NUL behind it */
};

/** Send a packet. False: the connection is gone. */
bool stub_send(struct stub *stub, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Wait for the next packet. False: none came within 20 s, or it was damaged. */
bool stub_receive(struct stub *stub);

/** Both. */
bool stub_ask(struct stub *stub, const char *packet);
