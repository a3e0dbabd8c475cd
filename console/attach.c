/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "console/exit_code.h"
#include "console/loop.h"
#include "console/terminal.h"

#define LEAVE_KEY 0x1du /* Ctrl-], as telnet has it */
#define READ_BYTES 4096

/* An attachment. */
struct attach {
    int hub;
    int signals;
    bool is_pane;
    bool is_terminal;
    bool input_is_over;
    bool is_over;
    uint8_t packet[TERMINAL_PACKET_BYTES]; /* input that the hub doesn't take yet */
    size_t packet_bytes;
    struct termios before;
};

static int connect_hub(const char *folder, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name);
    int hub = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (length >= (int)sizeof address.sun_path) {
        errno = ENAMETOOLONG;
    } else if (hub >= 0 && connect(hub, (struct sockaddr *)&address, sizeof address) == 0) {
        return hub;
    }
    fprintf(stderr, "causeway attach: %s/%s: %s\n", folder, name, strerror(errno));
    if (hub >= 0) {
        close(hub);
    }
    return -1;
}

static void send_size(const struct attach *attach)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        const uint8_t packet[] = {TERMINAL_SIZE, (uint8_t)size.ws_col, (uint8_t)(size.ws_col >> 8),
                                  (uint8_t)size.ws_row, (uint8_t)(size.ws_row >> 8)};
        (void)send(attach->hub, packet, sizeof packet, MSG_NOSIGNAL);
    }
}

/* Never waits: the hub may be waiting for us to take output. */
static void pass_input(struct attach *attach)
{
    if (send(attach->hub, attach->packet, attach->packet_bytes, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
        attach->packet_bytes = 0;
    } else if (errno != EAGAIN && errno != EINTR) {
        attach->is_over = true;
    }
}

static void take_input(struct attach *attach)
{
    uint8_t *bytes = attach->packet + 1;
    ssize_t got = read(STDIN_FILENO, bytes, sizeof attach->packet - 1);
    size_t count = got > 0 ? (size_t)got : 0;
    const uint8_t *leave = attach->is_terminal && !attach->is_pane ? memchr(bytes, LEAVE_KEY, count) : NULL;

    if (leave != NULL) {
        attach->is_over = true;
        count = (size_t)(leave - bytes);
    }
    if (count > 0) {
        attach->packet[0] = TERMINAL_DATA;
        attach->packet_bytes = 1 + count;
        pass_input(attach);
    } else if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
        attach->input_is_over = true;
        (void)shutdown(attach->hub, SHUT_WR); /* the hub closes once it has passed everything on */
    }
}

static void take_output(struct attach *attach)
{
    uint8_t bytes[READ_BYTES];
    ssize_t got = recv(attach->hub, bytes, sizeof bytes, 0);

    if (got == 0 || (got < 0 && errno != EINTR)) {
        attach->is_over = true;
    }
    for (ssize_t done = 0; done < got;) {
        ssize_t written = write(STDOUT_FILENO, bytes + done, (size_t)(got - done));
        if (written < 0 && errno != EINTR) {
            attach->is_over = true;
            return;
        }
        done += written > 0 ? written : 0;
    }
}

static void take_signal(struct attach *attach)
{
    struct signalfd_siginfo info;

    if (read(attach->signals, &info, sizeof info) != sizeof info) {
        return;
    }
    if (info.ssi_signo == SIGWINCH) {
        send_size(attach);
    } else {
        attach->is_over = true;
    }
}

static void serve(struct attach *attach)
{
    send_size(attach);
    while (!attach->is_over) {
        bool waits = attach->packet_bytes > 0;
        struct pollfd fds[] = {{attach->hub, (short)(POLLIN | (waits ? POLLOUT : 0)), 0},
                               {attach->signals, POLLIN, 0},
                               {waits || attach->input_is_over ? -1 : STDIN_FILENO, POLLIN, 0}};
        if (poll(fds, 3, -1) < 0 && errno != EINTR) {
            return;
        }
        if (fds[1].revents != 0) {
            take_signal(attach);
        }
        if ((fds[0].revents & ~POLLOUT) != 0) {
            take_output(attach);
        }
        if ((fds[0].revents & POLLOUT) != 0 && waits) {
            pass_input(attach);
        }
        if (fds[2].revents != 0 && !attach->is_over) {
            take_input(attach);
        }
    }
}

static void make_raw(struct attach *attach)
{
    struct termios raw;

    attach->is_terminal = tcgetattr(STDIN_FILENO, &attach->before) == 0;
    if (attach->is_terminal) {
        raw = attach->before;
        cfmakeraw(&raw);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
}

int attach_run(const char *folder, const char *name, bool is_pane)
{
    struct attach attach = {.hub = connect_hub(folder, name), .is_pane = is_pane};

    if (attach.hub < 0) {
        return EXIT_CODE_FAILED;
    }
    attach.signals = loop_catch_signals((const int[]){SIGWINCH, 0}, SFD_CLOEXEC);
    make_raw(&attach);
    if (attach.is_terminal && !is_pane) {
        fprintf(stderr, "%s: Ctrl-] leaves it\r\n", name);
    }
    serve(&attach);
    if (attach.is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &attach.before);
        fputs(is_pane ? "" : "\n", stderr);
    }
    close(attach.hub);
    close(attach.signals);
    return EXIT_CODE_OK;
}
