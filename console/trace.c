/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway trace`: has the kernel's events recorded for a while, and writes them to files. */
#include "console/trace.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/exit_code.h"
#include "console/loop.h"
#include "console/trace_files.h"
#include "console/usage.h"
#include "console/where.h"
#include "tool/base/mem.h"

#define CHANNEL "trace"
/* What is silent for so long has lost what it was told. */
#define SILENCE_S 10.0
#define MIN_SECONDS 0.001
#define MAX_SECONDS 3600.0
#define DEFAULT_FOLDER "causeway-trace"
#define DEFAULT_FILE "causeway-trace.json"

static const char usage[] =
    "usage: causeway trace [options]\n"
    "\n"
    "Who ran when on which core, exits and their causes, interrupts, notifications, calls, restarts and "
    "faults of a\n"
    "running system, from the rings that its kernel writes. The description has to ask for it: <stats "
    "trace=\"true\">.\n"
    "The newest that a ring holds are given, and it is said how many are missing.\n"
    "\n"
    "options:\n"
    "  -d, --dir DIR          folder of the system [the one that runs]\n"
    "  -s, --seconds SECONDS  how long to record, 0.001 to 3600; Ctrl-C ends it sooner [1]\n"
    "  -l, --last             what the rings hold now, of the time before\n"
    "  -f, --format FORMAT    ctf, for babeltrace2 and Trace Compass, or json, for ui.perfetto.dev and "
    "chrome://tracing\n"
    "                         [by the name behind -o: json if it ends in .json]\n"
    "  -o, --output PATH      folder (ctf) or file (json; - for standard output) [causeway-trace, "
    "causeway-trace.json]\n"
    "  -h, --help             show this help\n";

static const struct option long_options[] = {{"dir", required_argument, NULL, 'd'},
                                             {"seconds", required_argument, NULL, 's'},
                                             {"last", no_argument, NULL, 'l'},
                                             {"format", required_argument, NULL, 'f'},
                                             {"output", required_argument, NULL, 'o'},
                                             {"help", no_argument, NULL, 'h'},
                                             {0}};

enum format { FORMAT_BY_NAME, FORMAT_CTF, FORMAT_JSON };

/* A run of the command. */
struct trace {
    const char *dir;
    const char *output;
    enum format format;
    double seconds;
    bool is_last, has_seconds;
    int channel;
    int signals;
    double deadline; /* when to stop it, or to give up */
    bool is_asked;   /* for what was recorded */
    bool is_over;
    struct trace_wire_reader *reader;
    struct trace_log *log;
};

static bool parse_seconds(const char *text, struct trace *trace)
{
    char *end;

    trace->seconds = strtod(text, &end);
    trace->has_seconds = true;
    return (*end == '\0' && end != text && trace->seconds >= MIN_SECONDS && trace->seconds <= MAX_SECONDS) ||
           usage_error("trace", "--seconds takes 0.001 to 3600, not ", text);
}

static bool parse_format(const char *text, enum format *format)
{
    *format = strcmp(text, "ctf") == 0    ? FORMAT_CTF
              : strcmp(text, "json") == 0 ? FORMAT_JSON
                                          : FORMAT_BY_NAME;
    return *format != FORMAT_BY_NAME || usage_error("trace", "--format takes ctf or json, not ", text);
}

static bool parse_option(int letter, char **argv, struct trace *trace)
{
    switch (letter) {
    case 'd':
        trace->dir = optarg;
        return true;
    case 's':
        return parse_seconds(optarg, trace);
    case 'l':
        trace->is_last = true;
        return true;
    case 'f':
        return parse_format(optarg, &trace->format);
    case 'o':
        trace->output = optarg;
        return true;
    default:
        return usage_option("trace", letter, argv[optind - 1]);
    }
}

static bool ends_in(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static bool choose_format(struct trace *trace)
{
    const char *output = trace->output;

    if (trace->format == FORMAT_BY_NAME) {
        trace->format = output != NULL && (strcmp(output, "-") == 0 || ends_in(output, ".json")) ? FORMAT_JSON
                                                                                                 : FORMAT_CTF;
    }
    if (output == NULL) {
        trace->output = trace->format == FORMAT_JSON ? DEFAULT_FILE : DEFAULT_FOLDER;
    }
    if (trace->format == FORMAT_CTF && strcmp(trace->output, "-") == 0) {
        return usage_error("trace", "a folder of files in CTF needs a name behind -o, not ", trace->output);
    }
    return true;
}

/* True to go on; else *status is what to exit with. */
static bool parse(int argc, char **argv, struct trace *trace, int *status)
{
    int letter;

    optind = 0;
    opterr = 0;
    *status = EXIT_CODE_USAGE;
    while ((letter = getopt_long(argc, argv, ":d:s:lf:o:h", long_options, NULL)) != -1) {
        if (letter == 'h') {
            fputs(usage, stdout);
            *status = EXIT_CODE_OK;
            return false;
        }
        if (!parse_option(letter, argv, trace)) {
            return false;
        }
    }
    if (optind != argc) {
        return usage_error("trace", "it takes no argument: ", argv[optind]);
    }
    if (trace->is_last && trace->has_seconds) {
        return usage_error("trace", "--last is about the time before: it goes without ", "--seconds");
    }
    return choose_format(trace);
}

static void say(struct trace *trace, const char *line)
{
    trace->is_over |= send(trace->channel, line, strlen(line), MSG_NOSIGNAL) < 0;
    trace->deadline = loop_seconds() + SILENCE_S;
}

static void stop(struct trace *trace)
{
    trace->is_asked = true;
    say(trace, "stop\n");
}

static void read_channel(struct trace *trace)
{
    static struct trace_wire_message message;
    uint8_t bytes[4096];
    const ssize_t got = recv(trace->channel, bytes, sizeof(bytes), 0);

    trace->is_over |= got == 0 || (got < 0 && errno != EINTR);
    for (ssize_t i = 0; i < got; i++) {
        trace_wire_byte(trace->reader, bytes[i]);
        while (trace_wire_next(trace->reader, &message)) {
            const bool was_started = trace->log->is_started;

            trace_log_take(trace->log, &message);
            if (trace->log->is_started && !was_started && !trace->is_asked) {
                trace->deadline = loop_seconds() + trace->seconds;
            }
        }
    }
    if (got > 0 && (trace->is_asked || !trace->log->is_started)) {
        trace->deadline = loop_seconds() + SILENCE_S;
    }
    trace->is_over |= trace->log->is_ended;
}

/* The first one ends the recording, the next one all of it. */
static void take_signal(struct trace *trace)
{
    struct signalfd_siginfo info;

    if (read(trace->signals, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGINT &&
        trace->log->is_started && !trace->is_asked) {
        stop(trace);
    } else {
        trace->is_over = true;
    }
}

static void serve(struct trace *trace)
{
    trace->is_asked = trace->is_last;
    say(trace, trace->is_last ? "last\n" : "start\n");
    while (!trace->is_over) {
        const double wait = (trace->deadline - loop_seconds()) * 1000.0;
        struct pollfd fds[] = {{trace->channel, POLLIN, 0}, {trace->signals, POLLIN, 0}};
        const int ready = poll(fds, 2, wait <= 0 ? 0 : (int)wait + 1);

        if (ready < 0 && errno != EINTR) {
            return;
        }
        if (ready == 0 && trace->log->is_started && !trace->is_asked) {
            stop(trace);
        } else if (ready == 0 && trace->deadline <= loop_seconds()) {
            return;
        }
        if (fds[1].revents != 0) {
            take_signal(trace);
        }
        if (fds[0].revents != 0) {
            read_channel(trace);
        }
    }
}

static bool write_json(const struct trace *trace)
{
    const bool is_stdout = strcmp(trace->output, "-") == 0;
    FILE *out = is_stdout ? stdout : fopen(trace->output, "w");

    if (out == NULL) {
        fprintf(stderr, "causeway trace: %s: %s\n", trace->output, strerror(errno));
        return false;
    }
    trace_json_write(out, trace->log);
    const bool failed = ferror(out) != 0;
    if ((is_stdout ? fflush(out) : fclose(out)) != 0 || failed) {
        fprintf(stderr, "causeway trace: %s: %s\n", trace->output, strerror(errno));
        return false;
    }
    return true;
}

/* The time that a core's events span. */
static double span(const struct trace_log *log, const struct trace_log_core *core)
{
    return core->count == 0 ? 0
                            : (double)(core->events[core->count - 1].ticks - core->events[0].ticks) / log->hz;
}

static void print_summary(const struct trace *trace)
{
    const struct trace_log *log = trace->log;

    fprintf(stderr, "%s: %zu events of %u core%s\n", trace->output, trace_log_count(log), log->core_count,
            log->core_count == 1 ? "" : "s");
    for (uint32_t i = 0; i < log->core_count; i++) {
        const uint64_t lost = trace_log_lost(&log->cores[i]);

        if (lost != 0) {
            fprintf(stderr,
                    "core %u: %" PRIu64 " lost; its ring holds %u events, which were the last %.3f s. "
                    "<stats trace_bytes=\"...\"> makes it longer\n",
                    i, lost, log->ring_records, span(log, &log->cores[i]));
        }
    }
    if (!log->is_ended) {
        fputs("the end is missing: the system, or its line, has stopped before\n", stderr);
    }
    if (log->refused != 0 || trace->reader->skipped != 0) {
        fprintf(stderr, "%" PRIu64 " messages and %" PRIu64 " bytes made no sense and were left out\n",
                log->refused, trace->reader->skipped);
    }
}

static int finish(const struct trace *trace)
{
    if (!trace->log->is_greeted) {
        fputs("causeway trace: the system has not answered\n", stderr);
        return EXIT_CODE_FAILED;
    }
    const bool is_fine =
        trace->format == FORMAT_JSON ? write_json(trace) : trace_ctf_write(trace->output, trace->log);
    if (!is_fine) {
        return EXIT_CODE_FAILED;
    }
    print_summary(trace);
    return trace->log->is_ended ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

int trace_main(int argc, char **argv)
{
    struct trace trace = {.seconds = 1.0};
    int status;

    if (!parse(argc, argv, &trace, &status)) {
        return status;
    }
    trace.channel = where_connect(trace.dir, CHANNEL);
    if (trace.channel < 0) {
        return EXIT_CODE_FAILED;
    }
    trace.signals = loop_catch_signals(NULL, SFD_CLOEXEC);
    trace.reader = mem_zalloc(sizeof(*trace.reader));
    trace.log = mem_zalloc(sizeof(*trace.log));
    serve(&trace);
    status = finish(&trace);
    trace_log_free(trace.log);
    free(trace.log);
    free(trace.reader);
    close(trace.channel);
    close(trace.signals);
    return status;
}
