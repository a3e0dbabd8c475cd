/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets for tools that talk to a PD over the line. */
#include "console/channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

bool channel_open(struct channel *channel, const char *folder, const char *name, bool is_shared,
                  uint32_t connection)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(channel, 0, sizeof(*channel));
    channel->listener = -1;
    channel->is_shared = is_shared;
    channel->connection = connection;
    for (size_t i = 0; i < CHANNEL_TOOLS; i++) {
        channel->tools[i].fd = -1;
    }
    if (snprintf(channel->path, sizeof(channel->path), "%s/%s", folder, name) >= (int)sizeof(channel->path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address.sun_path, channel->path, sizeof(address.sun_path));
    channel->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (channel->listener < 0) {
        return false;
    }
    if (bind(channel->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(channel->path, 0600) != 0 || listen(channel->listener, (int)CHANNEL_TOOLS) != 0) {
        close(channel->listener);
        channel->listener = -1;
        return false;
    }
    return true;
}

static void drop(struct channel *channel, struct channel_tool *tool)
{
    close(tool->fd);
    tool->fd = -1;
    channel->count--;
    channel->has_changed |= channel->count == 0;
}

void channel_close(struct channel *channel)
{
    if (channel->listener < 0) {
        return;
    }
    for (size_t i = 0; i < CHANNEL_TOOLS; i++) {
        if (channel->tools[i].fd >= 0) {
            drop(channel, &channel->tools[i]);
        }
    }
    close(channel->listener);
    channel->listener = -1;
    unlink(channel->path);
}

static struct channel_tool *free_tool(struct channel *channel)
{
    const size_t limit = channel->is_shared ? CHANNEL_TOOLS : 1;

    for (size_t i = 0; i < limit; i++) {
        if (channel->tools[i].fd < 0) {
            return &channel->tools[i];
        }
    }
    return NULL;
}

static void accept_all(struct channel *channel)
{
    int fd;

    while ((fd = accept4(channel->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        struct channel_tool *tool = free_tool(channel);

        if (tool == NULL) {
            close(fd);
            continue;
        }
        tool->fd = fd;
        tool->head = 0;
        tool->tail = 0;
        tool->input_first = 0;
        tool->input_end = 0;
        tool->input_is_over = false;
        channel->count++;
        channel->connection += channel->connection == UINT32_MAX ? 2 : 1; /* 0 is nobody */
        channel->has_changed = true;
    }
}

size_t channel_fds(const struct channel *channel, bool takes_input, struct pollfd fds[CHANNEL_FDS])
{
    size_t count = 0;

    fds[count++] = (struct pollfd){channel->listener, POLLIN, 0};
    for (size_t i = 0; i < CHANNEL_TOOLS; i++) {
        const struct channel_tool *tool = &channel->tools[i];
        const bool reads = !tool->input_is_over && (tool->input_first == tool->input_end || takes_input);
        const int events = (reads ? POLLIN : 0) | (tool->head != tool->tail ? POLLOUT : 0);

        if (tool->fd >= 0) {
            fds[count++] = (struct pollfd){events != 0 ? tool->fd : -1, (short)events, 0};
        }
    }
    return count;
}

static void put(struct channel_tool *tool, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        tool->output[tool->head++ % CHANNEL_BUFFER_BYTES] = bytes[i];
    }
}

void channel_put(struct channel *channel, const uint8_t *bytes, uint32_t count)
{
    channel->owed += count;
    for (size_t i = 0; i < CHANNEL_TOOLS; i++) {
        struct channel_tool *tool = &channel->tools[i];

        if (tool->fd < 0) {
            continue;
        }
        if (CHANNEL_BUFFER_BYTES - (tool->head - tool->tail) < count) {
            drop(channel, tool); /* only one of several gets here: see may_acknowledge() */
        } else {
            put(tool, bytes, count);
        }
    }
}

/* False: it has gone. */
static bool take_input(struct channel_tool *tool, channel_writer *write, void *context)
{
    for (;;) {
        if (tool->input_first < tool->input_end) {
            tool->input_first +=
                write(context, &tool->input[tool->input_first], tool->input_end - tool->input_first);
        }
        if (tool->input_first < tool->input_end || tool->input_is_over) {
            return true;
        }
        const ssize_t got = recv(tool->fd, tool->input, sizeof(tool->input), 0);

        if (got < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        tool->input_is_over = got == 0;
        tool->input_first = 0;
        tool->input_end = (uint32_t)got;
    }
}

/* False: it has gone. */
static bool give_output(struct channel_tool *tool)
{
    while (tool->head != tool->tail) {
        const uint32_t first = tool->tail % CHANNEL_BUFFER_BYTES;
        uint32_t count = tool->head - tool->tail;

        count = count < CHANNEL_BUFFER_BYTES - first ? count : CHANNEL_BUFFER_BYTES - first;
        const ssize_t sent = send(tool->fd, &tool->output[first], count, MSG_NOSIGNAL);

        if (sent <= 0) {
            return sent < 0 && (errno == EAGAIN || errno == EINTR);
        }
        tool->tail += (uint32_t)sent;
    }
    return true;
}

/* Whether it has closed its end altogether: a tool that only ends its input still listens. */
static bool has_hung_up(const struct channel_tool *tool)
{
    struct pollfd fd = {tool->fd, 0, 0};

    return tool->input_is_over && poll(&fd, 1, 0) == 1 && (fd.revents & (POLLHUP | POLLERR)) != 0;
}

/* The quickest tool decides: so one alone loses nothing, and a slow one holds up nobody else. */
static bool may_acknowledge(const struct channel *channel)
{
    bool any = channel->count == 0;

    for (size_t i = 0; i < CHANNEL_TOOLS; i++) {
        const struct channel_tool *tool = &channel->tools[i];
        any |= tool->fd >= 0 && tool->head - tool->tail <= CHANNEL_BUFFER_BYTES / 2;
    }
    return any;
}

uint32_t channel_serve(struct channel *channel, channel_writer *write, void *context)
{
    if (channel->listener < 0) {
        return 0;
    }
    for (size_t i = 0; i < CHANNEL_TOOLS; i++) {
        struct channel_tool *tool = &channel->tools[i];

        if (tool->fd >= 0 && (!take_input(tool, write, context) || !give_output(tool) || has_hung_up(tool))) {
            drop(channel, tool);
        }
    }
    accept_all(channel);
    const uint32_t done = may_acknowledge(channel) ? channel->owed : 0;

    channel->owed -= done;
    return done;
}

uint32_t channel_tool(const struct channel *channel)
{
    return channel->count > 0 ? channel->connection : 0;
}
