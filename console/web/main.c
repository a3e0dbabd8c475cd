/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway-web`, which `causeway web` starts. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/exit_code.h"
#include "console/usage.h"
#include "console/web/server.h"
#include "console/where.h"

#define PATH_BYTES 4096
#define MAX_PORT 65535

static const char usage[] =
    "usage: causeway web [options]\n"
    "\n"
    "A page for a browser on this machine: what a running system has and does, as a picture that moves; a\n"
    "terminal for each console; what happens; buttons for guests with control=\"true\". Traffic and load "
    "need\n"
    "<stats><console/></stats>. The address is printed: it has a password in it, of this run only.\n"
    "\n"
    "options:\n"
    "  -d, --dir DIR     folder of the system [the one that runs]\n"
    "  -p, --port PORT   of 127.0.0.1 [one that is free]\n"
    "  -r, --read-only   nothing can be typed, and no button does anything\n"
    "  -h, --help        show this help\n";

static const struct option long_options[] = {{"dir", required_argument, NULL, 'd'},
                                             {"port", required_argument, NULL, 'p'},
                                             {"read-only", no_argument, NULL, 'r'},
                                             {"help", no_argument, NULL, 'h'},
                                             {0}};

static bool parse_port(const char *text, uint16_t *port)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);

    *port = (uint16_t)value;
    return (*text >= '0' && *text <= '9' && *end == '\0' && value >= 1 && value <= MAX_PORT) ||
           usage_error("web", "a port is 1 to 65535, not ", text);
}

/* True to go on; else *status is what to exit with. */
static bool parse(int argc, char **argv, struct server_options *options, int *status)
{
    int letter;
    bool fine = true;

    optind = 0;
    opterr = 0;
    *status = EXIT_CODE_USAGE;
    while (fine && (letter = getopt_long(argc, argv, ":d:p:rh", long_options, NULL)) != -1) {
        switch (letter) {
        case 'd':
            options->folder = optarg;
            break;
        case 'p':
            fine = parse_port(optarg, &options->port);
            break;
        case 'r':
            options->is_read_only = true;
            break;
        case 'h':
            fputs(usage, stdout);
            *status = EXIT_CODE_OK;
            return false;
        default:
            fine = usage_option("web", letter, argv[optind - 1]);
        }
    }
    return fine && (optind == argc || usage_error("web", "it takes no argument: ", argv[optind]));
}

/* The page's files are beside this program. */
static bool find_pages(char path[PATH_BYTES])
{
    const ssize_t length = readlink("/proc/self/exe", path, PATH_BYTES - 16);

    path[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(path, '/');

    if (slash != NULL) {
        memcpy(slash, "/web", sizeof("/web"));
        if (access(path, R_OK | X_OK) == 0) {
            return true;
        }
    }
    fprintf(stderr, "causeway web: %s: the page's files are not there\n", path);
    return false;
}

int main(int argc, char **argv)
{
    struct server_options options = {0};
    char folder[WHERE_BYTES];
    char pages[PATH_BYTES];
    int status;

    if (!parse(argc, argv, &options, &status)) {
        return status;
    }
    if (!find_pages(pages) || !where_find(options.folder, folder)) {
        return EXIT_CODE_FAILED;
    }
    options.folder = folder;
    options.pages = pages;
    return server_run(&options);
}
