/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP echo. What a connection has sent lies in a buffer of its own, as large as the window that it is offered, and leaves it
 * for lwIP's as that has room: so a peer that sends and never reads stops itself, and takes nothing from the others. lwIP's
 * callbacks only take data in; what sends and closes is tcp_echo_work(), outside of them, where no pcb is in use.
 */
#include "pd/echo/tcp_echo.h"

#include <stdbool.h>
#include <stddef.h>

#include <lwip/sys.h>
#include <lwip/tcp.h>

/* A connection that does nothing for so long ends. */
#define IDLE_MS 300000u

struct connection {
    struct tcp_pcb *pcb; /* NULL: free */
    uint32_t first;      /* of the bytes that have to go back */
    uint32_t count;
    uint32_t active_ms; /* when something last came */
    bool has_ended;     /* the peer sends no more */
    uint8_t bytes[TCP_WND];
};

static struct connection connections[ECHO_CONNECTIONS];

static uint32_t smaller(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

/* lwIP has ended the connection and freed its pcb. */
static void on_error(void *argument, err_t error)
{
    struct connection *connection = argument;

    (void)error;
    connection->pcb = NULL;
}

/* Data, or NULL at their end. The window is no larger than the buffer: a peer that exceeds it is not heard by lwIP. */
static err_t on_data(void *argument, struct tcp_pcb *pcb, struct pbuf *data, err_t error)
{
    struct connection *connection = argument;

    (void)pcb;
    (void)error; /* lwIP says ERR_OK only */
    connection->active_ms = sys_now();
    if (data == NULL) {
        connection->has_ended = true;
        return ERR_OK;
    }
    if (data->tot_len > sizeof(connection->bytes) - connection->count) {
        return ERR_MEM; /* lwIP keeps it */
    }
    const uint32_t end = (connection->first + connection->count) % sizeof(connection->bytes);
    const uint32_t part = smaller(data->tot_len, (uint32_t)sizeof(connection->bytes) - end);
    (void)pbuf_copy_partial(data, connection->bytes + end, (u16_t)part, 0);
    (void)pbuf_copy_partial(data, connection->bytes, (u16_t)(data->tot_len - part), (u16_t)part);
    connection->count += data->tot_len;
    (void)pbuf_free(data);
    return ERR_OK;
}

/* A free place, or that of the connection that was active the longest time ago, which it ends. */
static struct connection *make_place(void)
{
    const uint32_t now = sys_now();
    struct connection *oldest = &connections[0];

    for (uint32_t i = 0; i < ECHO_CONNECTIONS; i++) {
        if (connections[i].pcb == NULL) {
            return &connections[i];
        }
        if (now - connections[i].active_ms > now - oldest->active_ms) {
            oldest = &connections[i];
        }
    }
    tcp_abort(oldest->pcb); /* calls on_error() */
    return oldest;
}

static err_t on_connection(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)argument;
    if (error != ERR_OK || pcb == NULL) {
        return ERR_VAL;
    }
    struct connection *connection = make_place();
    connection->pcb = pcb;
    connection->first = 0;
    connection->count = 0;
    connection->has_ended = false;
    connection->active_ms = sys_now();
    tcp_arg(pcb, connection);
    tcp_recv(pcb, on_data);
    tcp_err(pcb, on_error);
    return ERR_OK;
}

/* Hand to lwIP what it has room for, and widen the window by as much. */
static void send_back(struct connection *connection)
{
    struct tcp_pcb *pcb = connection->pcb;

    while (connection->count > 0) {
        const uint32_t part =
            smaller(connection->count, (uint32_t)sizeof(connection->bytes) - connection->first);
        const u16_t bytes = (u16_t)smaller(part, tcp_sndbuf(pcb));

        if (bytes == 0 ||
            tcp_write(pcb, connection->bytes + connection->first, bytes, TCP_WRITE_FLAG_COPY) != ERR_OK) {
            break;
        }
        connection->first = (connection->first + bytes) % (uint32_t)sizeof(connection->bytes);
        connection->count -= bytes;
        tcp_recved(pcb, bytes);
    }
    (void)tcp_output(pcb);
}

static void end(struct connection *connection)
{
    struct tcp_pcb *pcb = connection->pcb;

    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
    connection->pcb = NULL;
    if (tcp_close(pcb) != ERR_OK) {
        tcp_abort(pcb);
    }
}

void tcp_echo_work(void)
{
    for (uint32_t i = 0; i < ECHO_CONNECTIONS; i++) {
        struct connection *connection = &connections[i];

        if (connection->pcb == NULL) {
            continue;
        }
        send_back(connection);
        if (connection->has_ended && connection->count == 0) {
            end(connection);
        } else if (sys_now() - connection->active_ms > IDLE_MS) {
            tcp_abort(connection->pcb);
        }
    }
}

int tcp_echo_listen(uint16_t port)
{
    struct tcp_pcb *pcb = tcp_new();

    if (pcb == NULL || tcp_bind(pcb, IP_ADDR_ANY, port) != ERR_OK) {
        return -1;
    }
    pcb = tcp_listen_with_backlog(pcb, ECHO_CONNECTIONS);
    if (pcb == NULL) {
        return -1;
    }
    tcp_accept(pcb, on_connection);
    return 0;
}
