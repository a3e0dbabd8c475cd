/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/web/bundle.h"

#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_FOLDERS 16
#define FIRST_MODULE "public/Terminal.js"
#define PATH_BYTES 4096

/* nftw() has no context. */
static FILE *script;
static size_t folder_bytes;

static bool ends_in(const char *text, const char *end)
{
    const size_t length = strlen(text), count = strlen(end);

    return length >= count && strcmp(text + length - count, end) == 0;
}

static int add_file(const char *path, const struct stat *status, int type, struct FTW *where)
{
    char bytes[4096];
    size_t got;

    (void)status;
    (void)where;
    if (type != FTW_F || !ends_in(path, ".js") || ends_in(path, ".test.js")) {
        return 0;
    }
    const char *name = path + folder_bytes + 1;
    FILE *in = strpbrk(name, "\"\\\n") == NULL ? fopen(path, "re") : NULL;

    if (in == NULL) {
        return -1;
    }
    fprintf(script, "causewayModules[\"%.*s\"] = function (exports, require, module) {\n",
            (int)strlen(name) - 3, name);
    while ((got = fread(bytes, 1, sizeof(bytes), in)) > 0) {
        (void)fwrite(bytes, 1, got, script);
    }
    fputs("\n};\n", script);
    fclose(in);
    return 0;
}

static int fail(const char *folder)
{
    fprintf(stderr, "causeway web: xterm.js is not in %s: %s (Debian: apt install node-xterm libjs-xterm)\n",
            folder, strerror(errno));
    return -1;
}

int bundle_open(const char *folder)
{
    char first[PATH_BYTES];
    const int file = memfd_create("xterm.js", MFD_CLOEXEC);

    (void)snprintf(first, sizeof(first), "%s/" FIRST_MODULE, folder);
    if (file < 0 || access(first, R_OK) != 0 || access(BUNDLE_STYLE, R_OK) != 0) {
        return fail(folder);
    }
    script = fdopen(dup(file), "w");
    folder_bytes = strlen(folder);
    if (script == NULL) {
        return fail(folder);
    }
    fputs("\"use strict\";\nvar causewayModules = {};\n", script);
    const int status = nftw(folder, add_file, MAX_FOLDERS, FTW_PHYS);

    return fclose(script) == 0 && status == 0 ? file : fail(folder);
}
