/* SPDX-License-Identifier: BSD-2-Clause */
/* Where running systems are. */
#include "console/where.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tool/base/mem.h"

#define TITLE_BYTES 20
#define SAME_TITLE_MAX 100
#define PATH_BYTES 108u

static bool fail(const char *what)
{
    fprintf(stderr, "causeway: %s: %s\n", what, strerror(errno));
    return false;
}

static void root(char text[WHERE_BYTES])
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");

    if (runtime != NULL && runtime[0] == '/' && strlen(runtime) < WHERE_BYTES / 2) {
        (void)snprintf(text, WHERE_BYTES, "%s/causeway", runtime);
    } else {
        (void)snprintf(text, WHERE_BYTES, "/tmp/causeway-%u", (unsigned int)getuid());
    }
}

/* Somebody else's folder in /tmp would be a trap. */
static bool is_ours(const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0) {
        return false;
    }
    if (!S_ISDIR(status.st_mode) || status.st_uid != getuid() || (status.st_mode & 077) != 0) {
        errno = EPERM;
        return false;
    }
    return true;
}

static bool connect_to(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= (int)sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

/* Take the folder's lock, which ends with its holder. -1: a hub is at work there, or it is no folder. */
static int lock(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool is_alive(const char *folder)
{
    const int fd = lock(folder);

    if (fd >= 0) {
        close(fd);
        return false;
    }
    return errno == EWOULDBLOCK;
}

/* What a hub that was killed has left: sockets. */
static void clean(const char *folder)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (entry->d_type == DT_SOCK) {
            (void)unlinkat(dirfd(stream), entry->d_name, 0);
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
}

static void plain_title(const char *title, char text[TITLE_BYTES + 1])
{
    (void)snprintf(text, TITLE_BYTES + 1, "%s", title[0] == '\0' || title[0] == '.' ? "system" : title);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '/' || *c < ' ' ? '_' : *c;
    }
}

int where_make(const char *title, char folder[WHERE_BYTES])
{
    char base[WHERE_BYTES];
    char name[TITLE_BYTES + 1];
    int fd = -1;

    root(base);
    plain_title(title, name);
    if ((mkdir(base, 0700) != 0 && errno != EEXIST) || !is_ours(base)) {
        (void)fail(base);
        return -1;
    }
    for (unsigned int i = 1; i < SAME_TITLE_MAX && fd < 0; i++) {
        (void)snprintf(folder, WHERE_BYTES, i == 1 ? "%.32s/%s" : "%.32s/%s.%u", base, name, i);
        fd = mkdir(folder, 0700) == 0 || errno == EEXIST ? lock(folder) : -1;
    }
    if (fd < 0) {
        (void)fail(folder);
        return -1;
    }
    clean(folder);
    return fd;
}

/* The only live folder below `base`. Others are listed. */
static unsigned int find_below(const char *base, char folder[WHERE_BYTES])
{
    DIR *stream = is_ours(base) ? opendir(base) : NULL;
    const struct dirent *entry;
    unsigned int count = 0;

    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        char *path = mem_printf("%s/%s", base, entry->d_name);

        if (entry->d_name[0] != '.' && strlen(path) < WHERE_BYTES && is_alive(path)) {
            if (count == 1) {
                fprintf(stderr,
                        "causeway: several systems run; choose one with --dir, or CAUSEWAY_DIR:\n  %s\n",
                        folder);
            }
            if (count >= 1) {
                fprintf(stderr, "  %s\n", path);
            }
            memcpy(folder, path, strlen(path) + 1);
            count++;
        }
        free(path);
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return count;
}

bool where_find(const char *dir, char folder[WHERE_BYTES])
{
    char base[WHERE_BYTES];

    dir = dir == NULL ? getenv("CAUSEWAY_DIR") : dir;
    if (dir != NULL) {
        if (strlen(dir) >= WHERE_BYTES) {
            errno = ENAMETOOLONG;
            return fail(dir);
        }
        memcpy(folder, dir, strlen(dir) + 1);
        return true;
    }
    root(base);
    const unsigned int count = find_below(base, folder);

    if (count == 0) {
        fprintf(
            stderr,
            "causeway: no system runs (none in %s); start one with `make run` or `causeway attach`, or say "
            "where with --dir\n",
            base);
    }
    return count == 1;
}

int where_connect(const char *dir, const char *channel)
{
    char folder[WHERE_BYTES];
    char path[PATH_BYTES];

    if (!where_find(dir, folder)) {
        return -1;
    }
    if (snprintf(path, sizeof(path), "%s/%s", folder, channel) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        (void)fail(channel);
        return -1;
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect_to(fd, path)) {
        return fd;
    }
    if (errno == ENOENT) {
        fprintf(stderr,
                "causeway: %s has no channel \"%s\": the description does not ask for it, or the system "
                "has not booted yet\n",
                folder, channel);
    } else {
        (void)fail(path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}
