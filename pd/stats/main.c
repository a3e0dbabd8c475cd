/* SPDX-License-Identifier: BSD-2-Clause */
/* The stats PD: console link and counters around stats.c. */
#include <microkit.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/ring/ring.h"
#include "pd/stats/platform_counters.h"
#include "pd/stats/platform_trace.h"
#include "pd/stats/recorder.h"
#include "pd/stats/stats.h"
#include "pd/stats/top.h"
#include "pd/stats/tracer.h"

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

PD_CONFIG(stats_config, stats_config, STATS_CONFIG_SECTION) = {
    .header = {STATS_CONFIG_MAGIC, STATS_CONFIG_VERSION, 0, sizeof(struct stats_config), 0},
};

#define INPUT_BYTES 128u

static struct stats stats;
static struct ring console;
static struct top top;
static struct ring channel; /* of tools */
static bool has_channel;
static uint32_t tool; /* who is there */
static uint8_t answer[STATS_TOP_RING_BYTES];
static uint32_t answer_bytes, answer_sent;
static struct trace_rings rings;
static struct recorder recorder;
static struct tracer tracer;
static struct ring tracer_link;
static bool has_tracer;
static uint32_t tracing_tool; /* who is there */
static uint8_t message[TRACE_WIRE_MESSAGE_BYTES];
static uint32_t message_bytes, message_sent;

/* What the console does not take at once is dropped: a stats PD must not wait for its reader. */
static void print(void *context, const char *text, uint32_t bytes)
{
    (void)context;
    (void)ring_write(&console, text, bytes);
    if (ring_should_signal_data(&console)) {
        microkit_notify(stats_config.console.channel);
    }
}

static uint32_t counters(void *context, uint64_t values[STATS_COUNTER_MAX])
{
    (void)context;
    return platform_counters_read(values, STATS_COUNTER_MAX);
}

static uint64_t ticks(void *context)
{
    (void)context;
    return clock_ticks();
}

static const struct stats_ops ops = {.print = print, .counters = counters, .ticks = ticks};

/* `causeway top`: an answer is made as a whole, and goes out as there is room. */

static void add_to_answer(void *context, const char *text, uint32_t bytes)
{
    (void)context;
    bytes = bytes < sizeof answer - answer_bytes ? bytes : (uint32_t)sizeof answer - answer_bytes;
    memcpy(&answer[answer_bytes], text, bytes);
    answer_bytes += bytes;
}

static bool read_thread(void *context, uint32_t number, struct platform_thread *thread)
{
    (void)context;
    return platform_thread_read(number, thread);
}

static bool read_core(void *context, uint32_t number, uint64_t values[SYSCALL_COUNTER_COUNT])
{
    (void)context;
    return platform_core_read(number, values);
}

static struct top_ops top_ops = {
    .print = add_to_answer, .thread = read_thread, .core = read_core, .ticks = ticks};

static void look_who_is_there(void)
{
    if (ring_peer_offer(&channel) != tool) {
        tool = ring_peer_offer(&channel);
        top_restart(&top);
        answer_sent = answer_bytes;
    }
}

/* Whether it goes on at once. */
static bool give_answer(void)
{
    if (answer_sent == answer_bytes && top_is_asked(&top)) {
        answer_sent = 0;
        answer_bytes = 0;
        top_answer(&top);
    }
    answer_sent += ring_write(&channel, &answer[answer_sent], answer_bytes - answer_sent);
    if (ring_should_signal_data(&channel)) {
        microkit_notify(stats_config.top.channel);
    }
    return answer_sent < answer_bytes && ring_request_space(&channel, 1);
}

static void serve_tools(void)
{
    char text[INPUT_BYTES];
    uint32_t bytes;

    (void)ring_sync(&channel);
    look_who_is_there();
    do {
        while ((bytes = ring_read(&channel, text, sizeof text)) != 0) {
            top_input(&top, text, bytes);
        }
    } while (give_answer() || ring_request_data(&channel));
    if (ring_should_signal_space(&channel)) {
        microkit_notify(stats_config.top.channel);
    }
}

/* `causeway trace`: a message at a time, as there is room. */

static struct tracer_ops tracer_ops = {.thread = read_thread, .ticks = ticks};

static void print_line(void *context, const char *line)
{
    (void)context;
    microkit_dbg_puts(line);
}

static struct recorder_ops recorder_ops = {.print = print_line, .thread = read_thread, .ticks = ticks};

/* Whether it goes on at once. */
static bool give_messages(void)
{
    do {
        if (message_sent == message_bytes) {
            message_sent = 0;
            message_bytes = tracer_next(&tracer, message);
        }
        message_sent += ring_write(&tracer_link, &message[message_sent], message_bytes - message_sent);
    } while (message_bytes != 0 && message_sent == message_bytes);
    if (ring_should_signal_data(&tracer_link)) {
        microkit_notify(stats_config.tracer.channel);
    }
    return message_bytes != 0 && ring_request_space(&tracer_link, 1);
}

static void serve_tracer(void)
{
    char text[INPUT_BYTES];
    uint32_t bytes;

    (void)ring_sync(&tracer_link);
    if (ring_peer_offer(&tracer_link) != tracing_tool) {
        tracing_tool = ring_peer_offer(&tracer_link);
        tracer_restart(&tracer);
        message_sent = message_bytes;
    }
    do {
        while ((bytes = ring_read(&tracer_link, text, sizeof text)) != 0) {
            tracer_input(&tracer, text, bytes);
        }
    } while (give_messages() || ring_request_data(&tracer_link));
    if (ring_should_signal_space(&tracer_link)) {
        microkit_notify(stats_config.tracer.channel);
    }
}

static void take_input(void)
{
    char text[INPUT_BYTES];
    uint32_t bytes;

    do {
        while ((bytes = ring_read(&console, text, sizeof text)) != 0) {
            stats_input(&stats, text, bytes);
        }
    } while (ring_request_data(&console));
    if (ring_should_signal_space(&console)) {
        microkit_notify(stats_config.console.channel);
    }
}

static void init_channel(void)
{
    const struct config_link *link = &stats_config.top;

    if (link->bytes == 0 || ring_init(&channel, (void *)(uintptr_t)link->own,
                                      (const void *)(uintptr_t)link->peer, link->bytes) != ERR_OK) {
        return;
    }
    top_ops.hz = clock_hz();
    top_init(&top, &stats_config, &top_ops, NULL);
    has_channel = true;
    microkit_notify(link->channel);
    serve_tools();
}

static void init_tracer(void)
{
    const struct config_link *link = &stats_config.tracer;

    if (stats_config.trace == 0) {
        return;
    }
    rings = (struct trace_rings){.trace = (const void *)(uintptr_t)stats_config.trace,
                                 .cores = stats_config.trace_cores,
                                 .records = stats_config.trace_ring_bytes / SYSDESC_TRACE_RECORD_BYTES,
                                 .skip = platform_trace_skip()};
    tracer_ops.hz = clock_hz();
    recorder_ops.hz = clock_hz();
    recorder_init(&recorder, &rings, &recorder_ops, NULL);
    if (link->bytes == 0 || ring_init(&tracer_link, (void *)(uintptr_t)link->own,
                                      (const void *)(uintptr_t)link->peer, link->bytes) != ERR_OK) {
        return;
    }
    tracer_init(&tracer, &rings, &tracer_ops, NULL);
    has_tracer = true;
    microkit_notify(link->channel);
    serve_tracer();
}

void init(void)
{
    const struct config_link *link = &stats_config.console;

    if (!config_is_valid(&stats_config.header, STATS_CONFIG_MAGIC, STATS_CONFIG_VERSION,
                         sizeof stats_config) ||
        link->bytes == 0) {
        log_error("no configuration with a console");
        return;
    }
    const enum err err =
        ring_init(&console, (void *)(uintptr_t)link->own, (const void *)(uintptr_t)link->peer, link->bytes);
    if (err != ERR_OK) {
        log_error("console: %s", err_text(err));
        return;
    }
    stats_init(&stats, &stats_config, &ops, NULL);
    microkit_notify(link->channel);
    take_input();
    init_channel();
    init_tracer();
}

void notified(microkit_channel id)
{
    if (rings.trace != NULL && id == stats_config.trace_channel) {
        recorder_look(&recorder);
        return;
    }
    if (has_tracer && id == stats_config.tracer.channel) {
        serve_tracer();
        return;
    }
    if (has_channel && id == stats_config.top.channel) {
        serve_tools();
        return;
    }
    (void)ring_sync(&console);
    take_input();
}
