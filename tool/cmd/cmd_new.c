/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway new`: a folder of one's own, with a description, a Makefile and a program. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/cmd/cmd.h"

/* As long as a system's name may be. */
#define NAME_MAX_BYTES 31u
#define PLACEHOLDER "@NAME@"

static const struct cmd_usage usage = {
    .name = "new",
    .arguments = "FOLDER",
    .argument_count = 1,
    .doc = "Make a folder of your own, outside Causeway's sources: a description with a Debian guest, a "
           "program\n"
           "that answers ping beside it, and a Makefile. `make run` there builds and starts all of it. The\n"
           "folder may exist, if it is empty.",
    .options = "",
};

/* Templates beside this program, and what they are called; "@NAME@" in a name or a text is the system's name. */
static const struct {
    const char *template;
    const char *name;
} files[] = {
    {"new/new.system", PLACEHOLDER ".system"},
    {"new/Makefile", "Makefile"},
    {"new/hello.c", "hello.c"},
};
#define FILE_COUNT (sizeof(files) / sizeof(files[0]))

static int fail(const char *path, const char *why)
{
    fprintf(stderr, "causeway new: %s: %s\n", path, why);
    return CMD_FAILED;
}

/* The folder's last component, as a system's name; NULL after an error was printed. */
static char *system_name(const char *folder)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    char *path = realpath(folder, NULL);
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    char *name = slash == NULL ? NULL : mem_strdup(slash + 1);

    free(path);
    if (name != NULL &&
        (strspn(name, allowed) != strlen(name) || name[0] == '\0' || strlen(name) > NAME_MAX_BYTES)) {
        fprintf(stderr,
                "causeway new: \"%s\": the folder's name becomes the system's: at most %u letters, digits, _ "
                "and -\n",
                name, NAME_MAX_BYTES);
        free(name);
        return NULL;
    }
    if (name == NULL) {
        (void)fail(folder, strerror(errno));
    }
    return name;
}

/* `text` with the system's name in its places. */
static char *fill_in(const char *text, const char *name)
{
    char *result = mem_strdup("");

    for (const char *place; (place = strstr(text, PLACEHOLDER)) != NULL; text = place + strlen(PLACEHOLDER)) {
        char *longer = mem_printf("%s%.*s%s", result, (int)(place - text), text, name);

        free(result);
        result = longer;
    }
    char *whole = mem_printf("%s%s", result, text);
    free(result);
    return whole;
}

static int write_new(const char *path, const char *text)
{
    FILE *file = fopen(path, "wx");

    if (file == NULL) {
        return fail(path, strerror(errno));
    }
    const bool good = fputs(text, file) >= 0;
    return fclose(file) == 0 && good ? CMD_OK : fail(path, strerror(errno));
}

static int write_file(const char *own, size_t index, const char *folder, const char *name)
{
    char *from = mem_printf("%s/%s", own, files[index].template);
    char *base = fill_in(files[index].name, name);
    char *to = mem_printf("%s/%s", folder, base);
    struct diag *diag = diag_new();
    uint8_t *data = NULL;
    size_t bytes;
    int status = CMD_FAILED;

    if (file_read(from, (struct loc){0}, diag, &data, &bytes) == ERR_OK) {
        char *template = mem_printf("%.*s", (int)bytes, (const char *)data);
        char *text = fill_in(template, name);

        status = write_new(to, text);
        free(text);
        free(template);
        free(data);
    }
    diag_print(diag, stderr);
    diag_free(diag);
    free(to);
    free(base);
    free(from);
    return status;
}

/* The folder of this program if it is an installed one; NULL after an error was printed. */
static char *own_folder(void)
{
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    path[length < 0 ? 0 : length] = '\0';

    char *slash = strrchr(path, '/');
    char *folder = mem_printf("%.*s", slash == NULL ? 0 : (int)(slash - path), path);
    char *rules = mem_printf("%s/causeway.mk", folder);
    const bool is_installed = file_is(rules);

    free(rules);
    if (!is_installed) {
        fputs("causeway new: this is Causeway in its build folder; `make install PREFIX=FOLDER` installs "
              "what a\n"
              "folder of your own needs, and `FOLDER/bin/causeway new` makes one\n",
              stderr);
        free(folder);
        return NULL;
    }
    return folder;
}

/* Hidden files, those of a version control system, do not count. */
static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Make the folder, or take one that is empty. */
static int claim(const char *folder)
{
    struct dirent **entries = NULL;

    if (mkdir(folder, 0777) == 0) {
        return CMD_OK;
    }
    if (errno != EEXIST) {
        return fail(folder, strerror(errno));
    }
    const int count = scandir(folder, &entries, is_visible, NULL);
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    if (count != 0) {
        return fail(folder, count < 0 ? strerror(errno) : "it is not empty");
    }
    return CMD_OK;
}

static int make_folder(const char *own, const char *folder)
{
    char *name = NULL;
    int status = claim(folder);

    if (status != CMD_OK) {
        return status;
    }
    name = system_name(folder);
    if (name == NULL) {
        return CMD_FAILED;
    }
    for (size_t i = 0; i < FILE_COUNT && status == CMD_OK; i++) {
        status = write_file(own, i, folder, name);
    }
    if (status == CMD_OK) {
        printf("%s: there are %s.system, a Makefile and hello.c; `make run` in it starts the system\n",
               folder, name);
    }
    free(name);
    return status;
}

int cmd_new(int argc, char **argv)
{
    struct cmd_options options;
    int status;

    if (!cmd_parse(&usage, argc, argv, &options, &status)) {
        return status;
    }
    char *own = own_folder();
    status = own == NULL ? CMD_FAILED : make_folder(own, options.arguments[0]);
    free(own);
    cmd_free(&options);
    return status;
}
