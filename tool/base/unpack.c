/* SPDX-License-Identifier: BSD-2-Clause */
/* Compressed data: the program that unpacks it reads a file without a name and writes into a pipe. */
#include "tool/base/unpack.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"

#define FIRST_BYTES 0x100000u
#define NO_PROGRAM 127

extern char **environ;

static const struct unpack_format formats[] = {
    {"gzip", "gzip", "\x1f\x8b", 2},
    {"zstd", "zstd", "\x28\xb5\x2f\xfd", 4},
    {"lz4", "lz4", "\x04\x22\x4d\x18", 4},
    {"lz4", "lz4", "\x02\x21\x4c\x18", 4}, /* as Linux' own makefiles write it */
    {"xz", "xz-utils",
     "\xfd"
     "7zXZ",
     5},
    {"bzip2", "bzip2", "BZh", 3},
    {"lzma", "xz-utils", "\x5d\0\0", 3},
    {"lzop", "lzop", "\x89LZO", 4},
};

const struct unpack_format *unpack_find(const uint8_t *data, size_t bytes)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (bytes >= formats[i].magic_bytes && memcmp(data, formats[i].magic, formats[i].magic_bytes) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}

const struct unpack_format *unpack_named(const char *name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}

/* All that comes out of `from`. */
static enum err read_all(int from, uint8_t **out, size_t *out_bytes)
{
    size_t room = FIRST_BYTES;
    size_t used = 0;
    uint8_t *data = mem_zalloc(room);
    ssize_t got;

    while ((got = read(from, data + used, room - used)) > 0) {
        used += (size_t)got;
        if (used > FILE_MAX_BYTES) {
            free(data);
            return ERR_SPACE;
        }
        if (used == room) {
            uint8_t *larger = mem_zalloc(2 * room);

            memcpy(larger, data, used);
            free(data);
            data = larger;
            room *= 2;
        }
    }
    if (got < 0) {
        free(data);
        return ERR_IO;
    }
    *out = data;
    *out_bytes = used;
    return ERR_OK;
}

static int start(const struct unpack_format *format, int input, const int output[2], pid_t *child)
{
    char name[16];
    char options[] = "-dcq";
    char *arguments[] = {name, options, NULL};
    posix_spawn_file_actions_t actions;
    int error;

    (void)snprintf(name, sizeof(name), "%s", format->name);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_addclose(&actions, output[0]);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1, 0);
    error = posix_spawnp(child, name, &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static enum err run(const struct unpack_format *format, int input, uint8_t **out, size_t *out_bytes)
{
    int output[2];
    int status = 0;
    pid_t child;
    enum err err;

    if (pipe(output) != 0) {
        return ERR_IO;
    }
    if (start(format, input, output, &child) != 0) {
        (void)close(output[0]);
        (void)close(output[1]);
        return ERR_UNSUPPORTED;
    }
    (void)close(output[1]);
    err = read_all(output[0], out, out_bytes);
    (void)close(output[0]);
    if (waitpid(child, &status, 0) != child) {
        status = -1;
    }
    if (err == ERR_OK && status != 0) {
        free(*out);
        err = WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM ? ERR_UNSUPPORTED : ERR_FORMAT;
    }
    return err;
}

enum err unpack_run(const struct unpack_format *format, const uint8_t *data, size_t bytes, uint8_t **out,
                    size_t *out_bytes)
{
    FILE *input = tmpfile();
    enum err err = ERR_IO;

    if (input == NULL) {
        return ERR_IO;
    }
    if (fwrite(data, 1, bytes, input) == bytes && fflush(input) == 0 &&
        lseek(fileno(input), 0, SEEK_SET) == 0) {
        err = run(format, fileno(input), out, out_bytes);
    }
    (void)fclose(input);
    return err;
}
