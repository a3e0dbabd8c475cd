/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/mem.h"

static enum err read_stream(FILE *stream, const char *path, struct loc loc, struct diag *diag, uint8_t *data,
                            size_t bytes)
{
    size_t done = fread(data, 1, bytes, stream);

    if (done == bytes) {
        return ERR_OK;
    }
    diag_error(diag, loc, "cannot read %s: %s", path,
               ferror(stream) != 0 ? strerror(errno) : "it became shorter while it was read");
    return ERR_IO;
}

enum err file_read(const char *path, struct loc loc, struct diag *diag, uint8_t **data, size_t *bytes)
{
    FILE *stream = fopen(path, "rb");
    struct stat status;
    enum err err;

    if (stream == NULL || fstat(fileno(stream), &status) != 0) {
        diag_error(diag, loc, "cannot open %s: %s", path, strerror(errno));
        err = ERR_IO;
    } else if (!S_ISREG(status.st_mode)) {
        diag_error(diag, loc, "%s is not a regular file", path);
        err = ERR_IO;
    } else if ((uint64_t)status.st_size > FILE_MAX_BYTES) {
        diag_error(diag, loc, "%s has %llu bytes; at most %llu are allowed", path,
                   (unsigned long long)status.st_size, FILE_MAX_BYTES);
        err = ERR_SPACE;
    } else {
        *bytes = (size_t)status.st_size;
        *data = mem_zalloc(*bytes);
        err = read_stream(stream, path, loc, diag, *data, *bytes);
        if (err != ERR_OK) {
            free(*data);
        }
    }
    if (stream != NULL) {
        (void)fclose(stream);
    }
    return err;
}

/** Errno of the first step that failed, 0 if all of it is on disk. */
static int write_descriptor(int fd, const uint8_t *data, size_t bytes)
{
    while (bytes > 0) {
        ssize_t done = write(fd, data, bytes);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return done < 0 ? errno : EIO;
        }
        data += done;
        bytes -= (size_t)done;
    }
    return 0;
}

static int write_temporary(const char *temporary, const void *data, size_t bytes, unsigned int mode)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    int problem;

    if (fd < 0) {
        return errno;
    }
    problem = write_descriptor(fd, data, bytes);
    if (close(fd) != 0 && problem == 0) {
        problem = errno;
    }
    return problem;
}

enum err file_write(const char *path, const void *data, size_t bytes, unsigned int mode, struct diag *diag)
{
    char *temporary = mem_printf("%s.part-%ld", path, (long)getpid());
    int problem = write_temporary(temporary, data, bytes, mode);

    if (problem == 0 && rename(temporary, path) != 0) {
        problem = errno;
    }
    if (problem != 0) {
        (void)unlink(temporary);
        diag_error(diag, (struct loc){0}, "cannot write %s: %s", path, strerror(problem));
    }
    free(temporary);
    return problem == 0 ? ERR_OK : ERR_IO;
}

bool file_is(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

char *file_find(const char *name, const char *const *dirs, size_t dir_count)
{
    if (file_is(name)) {
        return mem_strdup(name);
    }
    for (size_t i = 0; i < dir_count && name[0] != '/'; i++) {
        char *path = mem_printf("%s/%s", dirs[i], name);

        if (file_is(path)) {
            return path;
        }
        free(path);
    }
    return NULL;
}
