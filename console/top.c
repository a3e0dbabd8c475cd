/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway top`: asks the stats PD over its channel, and shows what it answers. */
#include "console/top.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "console/exit_code.h"
#include "console/loop.h"
#include "console/top_show.h"
#include "console/usage.h"
#include "console/where.h"
#include "tool/base/mem.h"

#define CHANNEL "top"
#define QUESTION "top\n"
/* An answer that has not come by then was lost on the line: it is asked for again. */
#define ANSWER_MS 3000
#define MIN_INTERVAL 0.1
#define MAX_INTERVAL 3600.0
#define MAX_COUNT 1000000000ul

static const char usage[] =
    "usage: causeway top [options]\n"
    "\n"
    "What protection domains, vCPUs and switches of a running system do, refreshed each second. The\n"
    "description has to ask for it: <stats><console/></stats>.\n"
    "Keys: c n e o i order by CPU, name, exits, notifications, interrupts; q leaves.\n"
    "\n"
    "options:\n"
    "  -d, --dir DIR        folder of the system [the one that runs]\n"
    "  -i, --interval SECONDS  between two looks, 0.1 to 3600 [1]\n"
    "  -n, --count N        end after N of them [never]\n"
    "  -s, --sort ORDER     cpu, name, exits, notifications, interrupts [cpu]\n"
    "  -j, --json           one line of JSON for each: sums, and what was added by the second\n"
    "  -h, --help           show this help\n";

static const struct option long_options[] = {{"dir", required_argument, NULL, 'd'},
                                             {"interval", required_argument, NULL, 'i'},
                                             {"count", required_argument, NULL, 'n'},
                                             {"sort", required_argument, NULL, 's'},
                                             {"json", no_argument, NULL, 'j'},
                                             {"help", no_argument, NULL, 'h'},
                                             {0}};

/* A run of the command. */
struct top {
    const char *dir;
    double interval;
    unsigned long count; /* 0: any */
    bool is_json;
    struct top_view view;
    int channel;
    int signals;
    bool has_keys;
    struct termios before;
    struct top_reader *reader;
    struct top_sample *last; /* NULL: none yet */
    unsigned long shown;
    double next; /* when to ask */
    bool waits;  /* for an answer */
    bool is_over;
};

static bool parse_order(const char *text, enum top_order *order)
{
    for (unsigned int i = 0; i < TOP_ORDER_COUNT; i++) {
        if (strcmp(text, top_show_order_name((enum top_order)i)) == 0) {
            *order = (enum top_order)i;
            return true;
        }
    }
    return usage_error("top", "--sort takes cpu, name, exits, notifications or interrupts, not ", text);
}

static bool parse_interval(const char *text, double *seconds)
{
    char *end;

    *seconds = strtod(text, &end);
    return (*end == '\0' && end != text && *seconds >= MIN_INTERVAL && *seconds <= MAX_INTERVAL) ||
           usage_error("top", "--interval takes seconds, 0.1 to 3600, not ", text);
}

static bool parse_count(const char *text, unsigned long *count)
{
    char *end;

    *count = strtoul(text, &end, 10);
    return (*end == '\0' && text[0] >= '0' && text[0] <= '9' && *count >= 1 && *count <= MAX_COUNT) ||
           usage_error("top", "--count takes a number from 1 on, not ", text);
}

/* True to go on; else *status is what to exit with. */
static bool parse(int argc, char **argv, struct top *top, int *status)
{
    int letter;

    optind = 0;
    opterr = 0;
    *status = EXIT_CODE_USAGE;
    while ((letter = getopt_long(argc, argv, ":d:i:n:s:jh", long_options, NULL)) != -1) {
        bool fine = true;

        switch (letter) {
        case 'd':
            top->dir = optarg;
            break;
        case 'i':
            fine = parse_interval(optarg, &top->interval);
            break;
        case 'n':
            fine = parse_count(optarg, &top->count);
            break;
        case 's':
            fine = parse_order(optarg, &top->view.order);
            break;
        case 'j':
            top->is_json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            *status = EXIT_CODE_OK;
            return false;
        default:
            fine = usage_option("top", letter, argv[optind - 1]);
        }
        if (!fine) {
            return false;
        }
    }
    return optind == argc || usage_error("top", "it takes no argument: ", argv[optind]);
}

/* The terminal. */

static void look_at_size(struct top *top)
{
    struct winsize size;

    if (top->view.is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 &&
        size.ws_col > 0) {
        top->view.rows = size.ws_row;
        top->view.cols = size.ws_col;
    }
}

static void open_terminal(struct top *top)
{
    struct termios raw;

    top->view.is_terminal = !top->is_json && isatty(STDOUT_FILENO) == 1;
    top->has_keys = top->view.is_terminal && tcgetattr(STDIN_FILENO, &top->before) == 0;
    if (top->has_keys) {
        raw = top->before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    if (top->view.is_terminal) {
        fputs("\x1b[?1049h\x1b[?25l\x1b[2J", stdout); /* a screen of its own, without the cursor */
    }
    look_at_size(top);
}

static void close_terminal(const struct top *top)
{
    if (top->view.is_terminal) {
        fputs("\x1b[?25h\x1b[?1049l", stdout);
        fflush(stdout);
    }
    if (top->has_keys) {
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &top->before);
    }
}

/* What happens. */

static void show(struct top *top)
{
    struct top_sample *sample = &top->reader->sample;

    if (top->is_json) {
        top_show_json(stdout, top->last, sample);
    } else {
        top_show_table(stdout, &top->view, top->last, sample);
    }
    top->is_over |= ferror(stdout) != 0;
    top->shown++;
    top->is_over |= top->count != 0 && top->shown >= top->count;
    top->last = top->last == NULL ? mem_zalloc(sizeof(*top->last)) : top->last;
    *top->last = *sample;
}

static void read_channel(struct top *top)
{
    char bytes[4096];
    const ssize_t got = recv(top->channel, bytes, sizeof(bytes), 0);

    if (got == 0 || (got < 0 && errno != EINTR)) {
        top->is_over = true;
    }
    for (ssize_t i = 0; i < got && !top->is_over; i++) {
        /* Another tool's answer may come as well: it is as good, but one a look is enough. */
        if (top_reader_byte(top->reader, bytes[i]) && top->waits) {
            top->waits = false;
            top->next = loop_seconds() + top->interval;
            show(top);
        }
    }
}

static void ask(struct top *top)
{
    const double now = loop_seconds();

    if (now >= top->next) {
        top->next = now + ANSWER_MS / 1000.0;
        top->waits = true;
        top->is_over |= send(top->channel, QUESTION, sizeof(QUESTION) - 1, MSG_NOSIGNAL) < 0;
    }
}

static void read_key(struct top *top)
{
    char key;

    if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q') {
        top->is_over = true;
        return;
    }
    const char *keys = "cneoi";
    const char *at = strchr(keys, key);

    if (at != NULL && key != '\0') {
        top->view.order = (enum top_order)(at - keys);
        top->next = loop_seconds();
    }
}

static void take_signal(struct top *top)
{
    struct signalfd_siginfo info;

    if (read(top->signals, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGWINCH) {
        look_at_size(top);
    } else {
        top->is_over = true;
    }
}

static void serve(struct top *top)
{
    while (!top->is_over) {
        ask(top);
        const double wait = (top->next - loop_seconds()) * 1000.0;
        struct pollfd fds[] = {{top->channel, POLLIN, 0},
                               {top->signals, POLLIN, 0},
                               {top->has_keys ? STDIN_FILENO : -1, POLLIN, 0}};
        if (poll(fds, 3, wait <= 0 ? 0 : (int)wait + 1) < 0 && errno != EINTR) {
            return;
        }
        if (fds[1].revents != 0) {
            take_signal(top);
        }
        if (fds[2].revents != 0) {
            read_key(top);
        }
        if (fds[0].revents != 0) {
            read_channel(top);
        }
    }
}

int top_main(int argc, char **argv)
{
    struct top top = {.interval = 1.0};
    int status;

    if (!parse(argc, argv, &top, &status)) {
        return status;
    }
    top.channel = where_connect(top.dir, CHANNEL);
    if (top.channel < 0) {
        return EXIT_CODE_FAILED;
    }
    top.signals = loop_catch_signals((const int[]){SIGWINCH, 0}, SFD_CLOEXEC);
    top.reader = mem_zalloc(sizeof(*top.reader));
    open_terminal(&top);
    serve(&top);
    close_terminal(&top);
    status = top.count != 0 && top.shown < top.count ? EXIT_CODE_FAILED : EXIT_CODE_OK;
    if (top.shown == 0) {
        fputs("causeway top: the system ended before it answered\n", stderr);
    }
    free(top.reader);
    free(top.last);
    close(top.channel);
    close(top.signals);
    return status;
}
