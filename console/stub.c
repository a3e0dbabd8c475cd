/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/stub.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define WAIT_MS 20000
#define BODY_BYTES 128
#define ESCAPE '}'
#define ESCAPED_BIT 0x20

bool stub_send(struct stub *stub, const char *format, ...)
{
    char body[BODY_BYTES], wire[BODY_BYTES + 8];
    uint8_t sum = 0;
    va_list args;

    va_start(args, format);
    (void)vsnprintf(body, sizeof(body), format, args);
    va_end(args);
    for (const char *c = body; *c != '\0'; c++) {
        sum = (uint8_t)(sum + (uint8_t)*c);
    }
    const int length = snprintf(wire, sizeof(wire), "$%s#%02x", body, sum);

    return send(stub->fd, wire, (size_t)length, MSG_NOSIGNAL) == length;
}

/* -1: nothing came in time, or the other end is gone. */
static int next_byte(struct stub *stub)
{
    if (stub->first == stub->end) {
        struct pollfd ready = {stub->fd, POLLIN, 0};
        const ssize_t got =
            poll(&ready, 1, WAIT_MS) == 1 ? recv(stub->fd, stub->received, sizeof(stub->received), 0) : -1;

        if (got <= 0) {
            return -1;
        }
        stub->first = 0;
        stub->end = (size_t)got;
    }
    return stub->received[stub->first++];
}

static bool take_check(struct stub *stub, uint8_t sum)
{
    char text[3] = {(char)next_byte(stub), (char)next_byte(stub), '\0'};

    return strtoul(text, NULL, 16) == sum;
}

bool stub_receive(struct stub *stub)
{
    bool is_escaped = false;
    uint8_t sum = 0;
    int byte;

    do {
        byte = next_byte(stub);
    } while (byte >= 0 && byte != '$'); /* acknowledgements */
    for (stub->packet_bytes = 0; (byte = next_byte(stub)) >= 0 && byte != '#';) {
        sum = (uint8_t)(sum + byte);
        if (byte == ESCAPE && !is_escaped) {
            is_escaped = true;
            continue;
        }
        if (stub->packet_bytes == STUB_PACKET_BYTES) {
            return false;
        }
        stub->packet[stub->packet_bytes++] = (uint8_t)(is_escaped ? byte ^ ESCAPED_BIT : byte);
        is_escaped = false;
    }
    stub->packet[stub->packet_bytes] = '\0';
    return byte == '#' && take_check(stub, sum);
}

bool stub_ask(struct stub *stub, const char *packet)
{
    return stub_send(stub, "%s", packet) && stub_receive(stub);
}
