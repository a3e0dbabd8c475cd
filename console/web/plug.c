/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/web/plug.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "console/terminal.h"

int plug_connect(const char *folder, const char *name, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name) >=
        (int)sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool plug_open(struct plug *plug, const char *folder, const char *name)
{
    memset(plug, 0, sizeof(*plug));
    plug->fd = plug_connect(folder, name, SOCK_SEQPACKET);
    return plug->fd >= 0;
}

bool plug_type(struct plug *plug, const uint8_t *bytes, uint32_t count)
{
    if (plug->first > 0) {
        memmove(plug->input, plug->input + plug->first, plug->end - plug->first);
        plug->end -= plug->first;
        plug->first = 0;
    }
    if (count > sizeof(plug->input) - plug->end) {
        return false;
    }
    memcpy(plug->input + plug->end, bytes, count);
    plug->end += count;
    return true;
}

void plug_resize(struct plug *plug, uint16_t cols, uint16_t rows)
{
    plug->size_due = true;
    plug->cols = cols;
    plug->rows = rows;
}

/* False: it has to wait, or nobody is there. */
static bool say(const struct plug *plug, const uint8_t *packet, size_t count)
{
    return send(plug->fd, packet, count, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

bool plug_flush(struct plug *plug)
{
    uint8_t packet[TERMINAL_PACKET_BYTES];

    if (plug->fd < 0) {
        plug->first = plug->end; /* for nobody */
        return true;
    }
    if (plug->size_due) {
        const uint8_t size[] = {TERMINAL_SIZE, (uint8_t)plug->cols, (uint8_t)(plug->cols >> 8),
                                (uint8_t)plug->rows, (uint8_t)(plug->rows >> 8)};

        plug->size_due = !say(plug, size, sizeof(size));
    }
    while (plug->first < plug->end && !plug->size_due) {
        uint32_t count = plug->end - plug->first;

        count = count < sizeof(packet) - 1 ? count : (uint32_t)sizeof(packet) - 1;
        packet[0] = TERMINAL_DATA;
        memcpy(packet + 1, plug->input + plug->first, count);
        if (!say(plug, packet, 1 + count)) {
            break;
        }
        plug->first += count;
    }
    return plug->first == plug->end && !plug->size_due;
}
