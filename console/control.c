/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/control.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/exit_code.h"
#include "console/usage.h"
#include "console/where.h"

#define NAME_BYTES 64
#define LINE_BYTES 256
#define WAIT_MS 10000
/* Another command, or a page that asks for the guest's state, may have the channel for a moment. */
#define TRIES 30
#define AGAIN_MS 100
#define BUSY (-1)

static const char usage[] = "usage: causeway start|stop|reset|pause|resume|state [--dir DIR] GUEST\n"
                            "       causeway break [--dir DIR] GUEST CHARACTER\n"
                            "\n"
                            "Control a guest whose description says control=\"true\".\n"
                            "  start    let it begin, if it is off\n"
                            "  stop     as if its power were cut; it stays off\n"
                            "  reset    begin again, whatever it does\n"
                            "  pause    hold all its vCPUs where they are; resume lets them go on\n"
                            "  state    running, paused, waiting or off\n"
                            "  break    a break on its UART's line and a character behind it: Magic SysRq, "
                            "for Linux. h lists the characters.\n"
                            "\n"
                            "options:\n"
                            "  -d, --dir DIR    folder of the system's sockets [the one system that runs]\n"
                            "  -h, --help       show this help\n";

static const struct option long_options[] = {
    {"dir", required_argument, NULL, 'd'}, {"help", no_argument, NULL, 'h'}, {0}};

static int complain(const char *command, const char *what, const char *detail)
{
    usage_error(command, what, detail);
    return EXIT_CODE_USAGE;
}

/* True to go on; else *status is what to exit with. */
static bool parse(int argc, char **argv, const char **folder, int *status)
{
    int letter;

    optind = 0;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, "+:d:h", long_options, NULL)) != -1) {
        if (letter == 'd') {
            *folder = optarg;
        } else if (letter == 'h') {
            fputs(usage, stdout);
            *status = EXIT_CODE_OK;
            return false;
        } else {
            *status =
                complain(argv[0], letter == ':' ? "value missing for " : "unknown option ", argv[optind - 1]);
            return false;
        }
    }
    return true;
}

/* One line of answer, without its end. False, with errno set: 0 is the end of the stream. */
static bool receive_line(int fd, char line[LINE_BYTES])
{
    size_t used = 0;

    while (used < LINE_BYTES - 1) {
        struct pollfd ready = {fd, POLLIN, 0};

        errno = ETIMEDOUT;
        if (poll(&ready, 1, WAIT_MS) != 1) {
            return false;
        }
        errno = 0;
        if (read(fd, &line[used], 1) != 1) {
            return false;
        }
        if (line[used] == '\n') {
            line[used] = '\0';
            return true;
        }
        used++;
    }
    return false;
}

/* False: the channel was taken, or its system has ended. */
static bool exchange(int fd, const char *line, char answer[LINE_BYTES])
{
    return send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line) && receive_line(fd, answer);
}

/* BUSY: nobody has answered, and another try may help. */
static int ask(const char *command, int fd, const char *line, bool is_last)
{
    char answer[LINE_BYTES];

    if (!exchange(fd, line, answer)) {
        if (!is_last && errno != ETIMEDOUT) {
            return BUSY;
        }
        fprintf(
            stderr,
            "causeway %s: no answer: another `causeway` controls this guest now, or the system has ended\n",
            command);
        return EXIT_CODE_FAILED;
    }
    if (strncmp(answer, "ok", 2) != 0) {
        fprintf(stderr, "causeway %s: %s\n", command, answer);
        return EXIT_CODE_FAILED;
    }
    if (answer[2] == ' ') {
        puts(answer + 3);
    }
    return EXIT_CODE_OK;
}

int control_main(int argc, char **argv)
{
    const char *command = argv[0], *folder = NULL;
    const bool is_break = strcmp(command, "break") == 0;
    char channel[NAME_BYTES], line[LINE_BYTES];
    int status;

    if (!parse(argc, argv, &folder, &status)) {
        return status;
    }
    if (argc - optind != (is_break ? 2 : 1)) {
        return complain(
            command,
            is_break ? "it needs the name of a guest and a character" : "it needs the name of a guest", "");
    }
    if (is_break &&
        (strlen(argv[optind + 1]) != 1 || argv[optind + 1][0] <= ' ' || argv[optind + 1][0] > '~')) {
        return complain(command, "one visible character, not ", argv[optind + 1]);
    }
    if (snprintf(channel, sizeof(channel), "%s.ctl", argv[optind]) >= (int)sizeof(channel)) {
        return complain(command, "no guest has so long a name: ", argv[optind]);
    }
    (void)snprintf(line, sizeof(line), "%s%s%s\n", command, is_break ? " " : "",
                   is_break ? argv[optind + 1] : "");

    status = BUSY;
    for (int i = 1; status == BUSY && i <= TRIES; i++) {
        const int fd = where_connect(folder, channel);

        if (fd < 0) {
            return EXIT_CODE_FAILED;
        }
        status = ask(command, fd, line, i == TRIES);
        close(fd);
        if (status == BUSY) {
            (void)poll(NULL, 0, AGAIN_MS);
        }
    }
    return status;
}
