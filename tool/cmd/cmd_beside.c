/* SPDX-License-Identifier: BSD-2-Clause */
/* Subcommands that are programs of their own, which share nothing with this one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/cmd/cmd.h"

#define PATH_BYTES 4096u

/* "causeway-NAME" in the folder of this program. False if that is not known. */
static bool find_program(const char *name, char path[PATH_BYTES])
{
    char own[PATH_BYTES];
    ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
    char *slash;

    if (length < 0) {
        return false;
    }
    own[length] = '\0';
    slash = strrchr(own, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return snprintf(path, PATH_BYTES, "%s/causeway-%s", own, name) < (int)PATH_BYTES;
}

/* Become "causeway-PROGRAM". */
static int run(const char *program, char **argv)
{
    char path[PATH_BYTES];

    if (find_program(program, path)) {
        (void)execv(path, argv);
        fprintf(stderr, "causeway: %s: %s\n", path, strerror(errno));
    } else {
        fputs("causeway: the folder of this program is not known\n", stderr);
    }
    return CMD_USAGE;
}

int cmd_beside(int argc, char **argv)
{
    (void)argc;
    return run(argv[0], argv);
}

int cmd_console(int argc, char **argv)
{
    (void)argc;
    return run("console", argv);
}
