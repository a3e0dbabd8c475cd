/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SEND_BYTES 4096u
#define SIZE_PACKET_BYTES 5

bool terminal_open(struct terminal *terminal, const char *folder, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    terminal->client = -1;
    terminal->listener = -1;
    if (snprintf(terminal->path, sizeof terminal->path, "%s/%s", folder, name) >=
        (int)sizeof terminal->path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, terminal->path, sizeof address.sun_path);
    terminal->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (terminal->listener < 0) {
        return false;
    }
    if (bind(terminal->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(terminal->listener, 4) != 0) {
        close(terminal->listener);
        terminal->listener = -1;
        return false;
    }
    return true;
}

static void drop_client(struct terminal *terminal)
{
    if (terminal->client >= 0) {
        close(terminal->client);
    }
    terminal->client = -1;
    terminal->input_first = 0;
    terminal->input_end = 0;
    terminal->is_deaf = false;
}

void terminal_close(struct terminal *terminal)
{
    if (terminal->listener < 0) {
        return;
    }
    terminal_send(terminal);
    drop_client(terminal);
    close(terminal->listener);
    terminal->listener = -1;
    unlink(terminal->path);
}

static void put_byte(struct terminal *terminal, uint8_t byte)
{
    if (terminal->head - terminal->tail == TERMINAL_BUFFER_BYTES) {
        terminal->tail++;
    }
    terminal->text[terminal->head++ % TERMINAL_BUFFER_BYTES] = byte;
}

void terminal_put(struct terminal *terminal, const void *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        put_byte(terminal, ((const uint8_t *)bytes)[i]);
    }
}

void terminal_put_history(struct terminal *terminal, const uint8_t *bytes, uint32_t count)
{
    uint8_t out[MUX_FILTER_OUT_BYTES];

    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] == '\r') {
            continue;
        }
        if (bytes[i] == '\n') {
            terminal_put(terminal, "\x1b[0m", mux_filter_end_line(&terminal->filter) ? 4 : 0);
            terminal_put(terminal, "\r\n", 2);
            continue;
        }
        terminal_put(terminal, out, (uint32_t)mux_filter_byte(&terminal->filter, bytes[i], out));
    }
}

void terminal_accept(struct terminal *terminal)
{
    int client = accept4(terminal->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (client >= 0) {
        drop_client(terminal);
        terminal->client = client;
    }
}

bool terminal_has_output(const struct terminal *terminal)
{
    return terminal->client >= 0 && !terminal->is_deaf && terminal->head != terminal->tail;
}

void terminal_send(struct terminal *terminal)
{
    while (terminal_has_output(terminal)) {
        uint32_t first = terminal->tail % TERMINAL_BUFFER_BYTES;
        uint32_t count = terminal->head - terminal->tail;
        count = count < TERMINAL_BUFFER_BYTES - first ? count : TERMINAL_BUFFER_BYTES - first;
        count = count < SEND_BYTES ? count : SEND_BYTES;
        ssize_t sent = send(terminal->client, &terminal->text[first], count, MSG_NOSIGNAL);
        if (sent <= 0) {
            terminal->is_deaf = errno != EAGAIN && errno != EINTR;
            return;
        }
        terminal->tail += (uint32_t)sent;
    }
}

bool terminal_keeps_up(const struct terminal *terminal)
{
    return terminal->client < 0 || terminal->is_deaf ||
           terminal->head - terminal->tail <= TERMINAL_BUFFER_BYTES / 2;
}

bool terminal_wants_input(const struct terminal *terminal)
{
    return terminal->client >= 0 && terminal->input_first == terminal->input_end;
}

void terminal_passed(struct terminal *terminal, uint32_t count)
{
    terminal->input_first += count;
}

bool terminal_receive(struct terminal *terminal, uint32_t *size)
{
    uint8_t *packet = terminal->input;

    if (!terminal_wants_input(terminal)) {
        return false;
    }
    ssize_t got = recv(terminal->client, packet, sizeof terminal->input, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got <= 0) {
        drop_client(terminal); /* nothing of it waits any more */
    } else if (packet[0] == TERMINAL_DATA) {
        terminal->input_first = 1;
        terminal->input_end = (uint32_t)got;
    } else if (packet[0] == TERMINAL_SIZE && got == SIZE_PACKET_BYTES) {
        *size = packet[1] | (uint32_t)packet[2] << 8 | (uint32_t)packet[3] << 16 | (uint32_t)packet[4] << 24;
        return true;
    }
    return false;
}
