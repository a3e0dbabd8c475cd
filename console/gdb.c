/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/gdb.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/child.h"
#include "console/exit_code.h"
#include "console/usage.h"
#include "console/where.h"

#define PATH_BYTES 128
#define RELAY_BYTES 4096
#define MAX_PORT 65535

static const char usage[] =
    "usage: causeway gdb [options] GUEST [-- GDB'S ARGUMENTS]\n"
    "\n"
    "Debug a guest whose description says debug=\"true\": gdb-multiarch is started and finds all its vCPUs "
    "stopped,\n"
    "as threads. When it leaves, the guest goes on. A kernel's symbols come from its file, as with any gdb:\n"
    "causeway gdb vm1 -- vmlinux\n"
    "\n"
    "options:\n"
    "  -d, --dir DIR    folder of the system's sockets [the one system that runs]\n"
    "  -p, --port PORT  start no gdb, but wait for one on this TCP port of 127.0.0.1; ends with that gdb\n"
    "  -h, --help       show this help\n";

static const struct option long_options[] = {{"dir", required_argument, NULL, 'd'},
                                             {"port", required_argument, NULL, 'p'},
                                             {"help", no_argument, NULL, 'h'},
                                             {0}};

struct options {
    const char *folder;
    const char *guest;
    uint16_t port; /* 0: none */
};

static int complain(const char *what, const char *detail)
{
    usage_error("gdb", what, detail);
    return EXIT_CODE_USAGE;
}

static bool parse_port(const char *text, uint16_t *port)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);

    *port = (uint16_t)value;
    return *text != '\0' && *end == '\0' && value >= 1 && value <= MAX_PORT;
}

/* True to go on; else *status is what to exit with. */
static bool parse(int argc, char **argv, struct options *options, int *status)
{
    int letter;

    optind = 0;
    opterr = 0;
    *status = EXIT_CODE_USAGE;
    while ((letter = getopt_long(argc, argv, "+:d:p:h", long_options, NULL)) != -1) {
        switch (letter) {
        case 'd':
            options->folder = optarg;
            break;
        case 'p':
            if (!parse_port(optarg, &options->port)) {
                *status = complain("a port is 1 to 65535, not ", optarg);
                return false;
            }
            break;
        case 'h':
            fputs(usage, stdout);
            *status = EXIT_CODE_OK;
            return false;
        default:
            *status = complain(letter == ':' ? "value missing for " : "unknown option ", argv[optind - 1]);
            return false;
        }
    }
    if (optind == argc) {
        *status = complain("it needs the name of a guest", "");
        return false;
    }
    options->guest = argv[optind++];
    if (optind < argc && strcmp(argv[optind], "--") != 0) {
        *status = complain("put gdb's own arguments behind --, not ", argv[optind]);
        return false;
    }
    optind += optind < argc;
    return true;
}

/* Become gdb. Its files are read before its commands run, so ours may come first. */
static int run_gdb(const char *path, char **arguments, int count)
{
    static const char *const programs[] = {"gdb-multiarch", "aarch64-linux-gnu-gdb", "gdb"};
    const char *program = NULL;
    char command[PATH_BYTES + 32];
    char **argv = calloc((size_t)count + 4, sizeof(char *));

    for (size_t i = 0; program == NULL && i < sizeof(programs) / sizeof(programs[0]); i++) {
        program = child_is_installed(programs[i]) ? programs[i] : NULL;
    }
    if (program == NULL || argv == NULL) {
        fputs("causeway gdb: gdb-multiarch is not installed (Debian: apt install gdb-multiarch)\n", stderr);
        free(argv);
        return EXIT_CODE_FAILED;
    }
    (void)snprintf(command, sizeof(command), "target remote %s", path);
    argv[0] = (char *)(uintptr_t)program;
    argv[1] = (char *)(uintptr_t) "-ex";
    argv[2] = command;
    memcpy(argv + 3, arguments, (size_t)count * sizeof(char *));
    (void)execvp(program, argv);
    fprintf(stderr, "causeway gdb: %s: %s\n", program, strerror(errno));
    free(argv);
    return EXIT_CODE_FAILED;
}

static int listen_on(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(listener, 1) == 0) {
        return listener;
    }
    fprintf(stderr, "causeway gdb: port %u of 127.0.0.1: %s\n", port, strerror(errno));
    if (listener >= 0) {
        close(listener);
    }
    return -1;
}

/* What one end has to say goes to the other. False: it is gone. */
static bool pass(int from, int to)
{
    char bytes[RELAY_BYTES];
    const ssize_t got = read(from, bytes, sizeof(bytes));

    for (ssize_t done = 0; done < got;) {
        const ssize_t sent = send(to, bytes + done, (size_t)(got - done), MSG_NOSIGNAL);

        if (sent < 0) {
            return false;
        }
        done += sent;
    }
    return got > 0;
}

static void relay(int gdb, int guest)
{
    for (;;) {
        struct pollfd fds[] = {{gdb, POLLIN, 0}, {guest, POLLIN, 0}};

        if (poll(fds, 2, -1) < 0 || (fds[0].revents != 0 && !pass(gdb, guest)) ||
            (fds[1].revents != 0 && !pass(guest, gdb))) {
            return;
        }
    }
}

static int serve_port(const struct options *options, const char *channel)
{
    const int listener = listen_on(options->port);
    int gdb, guest;

    if (listener < 0) {
        return EXIT_CODE_FAILED;
    }
    printf("target remote 127.0.0.1:%u\n", options->port);
    fflush(stdout);
    gdb = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    close(listener);
    guest = gdb >= 0 ? where_connect(options->folder, channel) : -1;
    if (guest >= 0) {
        relay(gdb, guest);
        close(guest);
    }
    if (gdb >= 0) {
        close(gdb);
    }
    return guest >= 0 ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

int gdb_main(int argc, char **argv)
{
    struct options options = {0};
    char folder[WHERE_BYTES], channel[PATH_BYTES / 2], path[PATH_BYTES];
    int status;

    if (!parse(argc, argv, &options, &status)) {
        return status;
    }
    if (snprintf(channel, sizeof(channel), "%s.gdb", options.guest) >= (int)sizeof(channel)) {
        return complain("no guest has so long a name: ", options.guest);
    }
    if (!where_find(options.folder, folder)) {
        return EXIT_CODE_FAILED;
    }
    if (options.port != 0) {
        return serve_port(&options, channel);
    }
    (void)snprintf(path, sizeof(path), "%s/%s", folder, channel);
    if (access(path, F_OK) != 0) {
        fprintf(stderr,
                "causeway gdb: %s: %s: its description has no <guest name=\"%s\" debug=\"true\">, or the "
                "system has not "
                "booted yet\n",
                path, strerror(errno), options.guest);
        return EXIT_CODE_FAILED;
    }
    return run_gdb(path, argv + optind, argc - optind);
}
