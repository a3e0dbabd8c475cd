/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "console/history.h"

#define SEND_BYTES 4096u
#define SIZE_PACKET_BYTES 5

void terminal_init(struct terminal *terminal)
{
    terminal->listener = -1;
    for (uint32_t i = 0; i < TERMINAL_CLIENTS; i++) {
        terminal->clients[i].fd = -1;
    }
}

bool terminal_open(struct terminal *terminal, const char *folder, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    terminal_init(terminal);
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

static void drop_client(struct terminal_client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
    }
    client->fd = -1;
}

/* Output. */

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
    uint8_t out[HISTORY_OUT_BYTES];

    for (uint32_t i = 0; i < count; i++) {
        terminal_put(terminal, out, (uint32_t)history_byte(&terminal->filter, bytes[i], out));
    }
}

void terminal_drop(struct terminal *terminal)
{
    terminal->tail = terminal->head;
    for (uint32_t i = 0; i < TERMINAL_CLIENTS; i++) {
        terminal->clients[i].tail = terminal->head;
    }
}

/* What a client that does not keep up with the others has lost, it does not wait for. */
static uint32_t tail_of(const struct terminal *terminal, const struct terminal_client *client)
{
    const bool has_lost = terminal->head - client->tail > TERMINAL_BUFFER_BYTES;

    return has_lost ? terminal->head - TERMINAL_BUFFER_BYTES : client->tail;
}

static bool has_output(const struct terminal *terminal, const struct terminal_client *client)
{
    return client->fd >= 0 && !client->is_deaf && client->tail != terminal->head;
}

static void give_output(struct terminal *terminal, struct terminal_client *client)
{
    while (has_output(terminal, client)) {
        client->tail = tail_of(terminal, client);
        const uint32_t first = client->tail % TERMINAL_BUFFER_BYTES;
        uint32_t count = terminal->head - client->tail;
        count = count < TERMINAL_BUFFER_BYTES - first ? count : TERMINAL_BUFFER_BYTES - first;
        count = count < SEND_BYTES ? count : SEND_BYTES;
        const ssize_t sent = send(client->fd, &terminal->text[first], count, MSG_NOSIGNAL);
        if (sent <= 0) {
            client->is_deaf = errno != EAGAIN && errno != EINTR;
            return;
        }
        client->tail += (uint32_t)sent;
        if ((int32_t)(client->tail - terminal->tail) > 0) {
            terminal->tail = client->tail;
        }
    }
}

bool terminal_keeps_up(const struct terminal *terminal)
{
    bool anybody = false;

    for (uint32_t i = 0; i < TERMINAL_CLIENTS; i++) {
        const struct terminal_client *client = &terminal->clients[i];
        const bool listens = client->fd >= 0 && !client->is_deaf;

        anybody |= listens;
        if (listens && terminal->head - client->tail <= TERMINAL_BUFFER_BYTES / 2) {
            return true; /* the quickest decides: one alone loses nothing, a slow one holds up nobody */
        }
    }
    return !anybody;
}

void terminal_close(struct terminal *terminal)
{
    if (terminal->listener < 0) {
        return;
    }
    for (uint32_t i = 0; i < TERMINAL_CLIENTS; i++) {
        give_output(terminal, &terminal->clients[i]);
        drop_client(&terminal->clients[i]);
    }
    close(terminal->listener);
    terminal->listener = -1;
    unlink(terminal->path);
}

/* Clients and what they say. */

/* A free place, or that of the client that came first. */
static struct terminal_client *find_place(struct terminal *terminal)
{
    struct terminal_client *first = &terminal->clients[0];

    for (uint32_t i = 0; i < TERMINAL_CLIENTS; i++) {
        struct terminal_client *client = &terminal->clients[i];

        if (client->fd < 0) {
            return client;
        }
        first = (int32_t)(client->number - first->number) < 0 ? client : first;
    }
    return first;
}

static void accept_all(struct terminal *terminal)
{
    int fd;

    while ((fd = accept4(terminal->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        struct terminal_client *client = find_place(terminal);

        drop_client(client);
        client->fd = fd;
        client->number = terminal->count++;
        client->tail = terminal->tail;
        client->is_deaf = false;
        client->input_first = 0;
        client->input_end = 0;
    }
}

/* Whether a packet may be read. */
static bool has_passed_all(const struct terminal_client *client)
{
    return client->fd >= 0 && client->input_first == client->input_end;
}

/* Read a packet. True: it was a size. False also if there was none. */
static bool receive(struct terminal_client *client, uint32_t *size)
{
    uint8_t *packet = client->input;
    const ssize_t got = recv(client->fd, packet, sizeof client->input, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got <= 0) {
        drop_client(client); /* nothing of it waits any more */
    } else if (packet[0] == TERMINAL_DATA) {
        client->input_first = 1;
        client->input_end = (uint32_t)got;
    } else if (packet[0] == TERMINAL_SIZE && got == SIZE_PACKET_BYTES) {
        *size = packet[1] | (uint32_t)packet[2] << 8 | (uint32_t)packet[3] << 16 | (uint32_t)packet[4] << 24;
        return true;
    }
    return false;
}

void terminal_fds(const struct terminal *terminal, struct pollfd fds[TERMINAL_FDS])
{
    fds[0] = (struct pollfd){terminal->listener, POLLIN, 0};
    for (uint32_t i = 0; i < TERMINAL_CLIENTS; i++) {
        const struct terminal_client *client = &terminal->clients[i];
        const int events =
            (has_passed_all(client) ? POLLIN : 0) | (has_output(terminal, client) ? POLLOUT : 0);

        fds[1 + i] = (struct pollfd){events != 0 ? client->fd : -1, (short)events, 0};
    }
}

bool terminal_serve(struct terminal *terminal, terminal_writer *write, void *context, uint32_t *size)
{
    bool is_resized = false;

    if (terminal->listener < 0) {
        return false;
    }
    accept_all(terminal);
    for (uint32_t i = 0; i < TERMINAL_CLIENTS; i++) {
        struct terminal_client *client = &terminal->clients[i];

        if (has_passed_all(client)) {
            is_resized |= receive(client, size);
        }
        if (client->fd >= 0 && client->input_first != client->input_end) {
            client->input_first +=
                write(context, &client->input[client->input_first], client->input_end - client->input_first);
        }
        give_output(terminal, client);
    }
    return is_resized;
}
