/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "console/child.h"
#include "console/where.h"
#include "tool/base/mem.h"

#define LINE_SOCKET "line"
#define CONNECT_STEP_MS 100

static bool fail(const char *what)
{
    fprintf(stderr, "causeway attach: %s: %s\n", what, strerror(errno));
    return false;
}

static bool open_folder(struct place *place, const char *folder, const char *title)
{
    if (folder == NULL) {
        place->lock = where_make(title, place->folder);
        place->made_folder = place->lock >= 0;
        return place->made_folder;
    }
    if (snprintf(place->folder, sizeof place->folder, "%s", folder) >= (int)sizeof place->folder) {
        errno = ENAMETOOLONG;
        return fail(folder);
    }
    place->made_folder = mkdir(folder, 0700) == 0;
    return place->made_folder || errno == EEXIST || fail(folder);
}

static bool socket_address(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(address->sun_path, path, strlen(path) + 1);
    return true;
}

static int connect_socket(const char *path)
{
    struct sockaddr_un address;
    int line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (line < 0 || !socket_address(&address, path) ||
        connect(line, (struct sockaddr *)&address, sizeof address) != 0) {
        return -1;
    }
    return line;
}

/* The speed of a real line stays as it was set, with stty for instance. */
static int open_device(const char *path)
{
    struct termios raw;
    int line = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (line >= 0 && tcgetattr(line, &raw) == 0) {
        cfmakeraw(&raw);
        raw.c_cflag |= CLOCAL | CREAD;
        (void)tcsetattr(line, TCSANOW, &raw);
    }
    return line;
}

static bool open_line(struct place *place, const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        return fail(path);
    }
    place->line = S_ISSOCK(status.st_mode) ? connect_socket(path) : open_device(path);
    if (place->line < 0) {
        return fail(path);
    }
    return fcntl(place->line, F_SETFL, O_NONBLOCK) == 0;
}

/* With our end of its serial line added. */
static pid_t start_program(char *const *command, const char *path, int output)
{
    size_t count = 0;
    while (command[count] != NULL) {
        count++;
    }
    char *where = mem_printf("unix:%s", path);
    char option[] = "-serial";
    char **argv = mem_zalloc((count + 3) * sizeof argv[0]);
    memcpy(argv, command, count * sizeof argv[0]);
    argv[count] = option;
    argv[count + 1] = where;
    pid_t pid = child_start(argv, output, false);
    free(argv);
    free(where);
    return pid;
}

/* What the program said, when it ended before it had a serial line. */
static bool report_program(struct place *place)
{
    char text[4096];
    ssize_t got;

    while ((got = read(place->program_output, text, sizeof text)) > 0) {
        (void)!write(STDERR_FILENO, text, (size_t)got);
    }
    fputs("causeway attach: the program ended before it opened its serial line\n", stderr);
    return false;
}

static bool wait_for_line(struct place *place, int listener)
{
    struct pollfd fd = {listener, POLLIN, 0};

    while (poll(&fd, 1, CONNECT_STEP_MS) == 0) {
        int status;
        if (waitpid(place->program, &status, WNOHANG) != 0) {
            place->program = -1;
            return report_program(place);
        }
    }
    place->line = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return place->line >= 0 || fail("accept");
}

static bool run_program(struct place *place, char *const *command)
{
    struct sockaddr_un address;
    char path[sizeof place->folder + sizeof LINE_SOCKET];
    int output[2];
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(path, sizeof path, "%s/%s", place->folder, LINE_SOCKET);
    if (listener < 0 || !socket_address(&address, path) ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0 ||
        pipe2(output, O_CLOEXEC) != 0) {
        return fail(path);
    }
    place->program = start_program(command, path, output[1]);
    close(output[1]);
    place->program_output = output[0];
    bool connected = place->program > 0 && wait_for_line(place, listener);
    close(listener);
    unlink(path);
    return connected;
}

bool place_open(struct place *place, const char *folder, const char *title, const char *line,
                char *const *command)
{
    *place = (struct place){.line = -1, .program = -1, .program_output = -1, .lock = -1};
    if (!open_folder(place, folder, title)) {
        return false;
    }
    return line != NULL ? open_line(place, line) : run_program(place, command);
}

void place_close(struct place *place)
{
    child_end(place->program);
    if (place->line >= 0) {
        close(place->line);
    }
    if (place->program_output >= 0) {
        close(place->program_output);
    }
    if (place->made_folder) {
        char path[sizeof place->folder + 8];
        (void)snprintf(path, sizeof path, "%s/tmux", place->folder);
        unlink(path);
        (void)rmdir(place->folder);
    }
    if (place->lock >= 0) {
        close(place->lock);
    }
}
