/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/mux_host.h"

#include <stdlib.h>
#include <string.h>

struct mux_host mux_host;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void on_greeted(void *context)
{
    ((struct mux_host *)context)->greetings++;
}

static void on_output(void *context, uint32_t console, enum line_output kind, const uint8_t *bytes,
                      uint32_t count)
{
    struct mux_host *host = context;
    struct mux_host_console *to = &host->consoles[console];

    require(console < host->line.console_count && count > 0);
    require(to->bytes + count < sizeof to->text);
    memcpy(&to->text[to->bytes], bytes, count);
    to->bytes += count;
    to->history += kind == LINE_OUTPUT_HISTORY ? count : 0;
    to->owed += count;
    require(to->owed <= LINE_WINDOW_BYTES);
}

static void on_lost(void *context, uint32_t console, uint32_t count)
{
    struct mux_host *host = context;

    require(console < host->line.console_count && count > 0);
    host->consoles[console].lost += count;
}

static void on_plain(void *context, const uint8_t *bytes, uint32_t count)
{
    struct mux_host *host = context;

    require(host->plain_bytes + count < sizeof host->plain);
    memcpy(&host->plain[host->plain_bytes], bytes, count);
    host->plain_bytes += count;
}

static const struct line_ops ops = {
    .greeted = on_greeted, .output = on_output, .lost = on_lost, .plain = on_plain};

void mux_host_start(struct mux_host *host, struct mux_fixture *f, uint32_t client_count)
{
    mux_fixture_start(f, client_count);
    host->f = f;
    host->now_ms = 1000;
    host->nonce = 0x1f83d9abfb41bd6bull;
    host->greetings = 0;
    host->noise = NULL;
    host->plain_bytes = 0;
    for (uint32_t i = 0; i < LINE_MAX_CONSOLES; i++) {
        struct mux_host_console *console = &host->consoles[i];
        console->bytes = 0;
        console->history = 0;
        console->lost = 0;
        console->is_slow = false;
        console->owed = 0;
    }
    line_init(&host->line, &ops, host, MUX_HOST_ESCAPE, host->nonce);
}

void mux_host_wait(struct mux_host *host, uint64_t ms)
{
    host->now_ms += ms;
}

static void consume(struct mux_host *host)
{
    for (uint32_t i = 0; i < host->line.console_count; i++) {
        struct mux_host_console *console = &host->consoles[i];
        if (!console->is_slow && console->owed > 0) {
            line_consumed(&host->line, i, console->owed);
            console->owed = 0;
        }
    }
}

/* What the host has to say, as far as it fits into the driver's link. */
static bool send(struct mux_host *host)
{
    uint8_t bytes[LINE_TX_BYTES];
    uint32_t count = host->line.tx_used;

    if (count > ring_space(&host->f->driver)) {
        count = ring_space(&host->f->driver);
    }
    if (count == 0) {
        return false;
    }
    memcpy(bytes, host->line.tx, count);
    line_sent(&host->line, count);
    size_t arrives = host->noise != NULL ? host->noise(bytes, count, true) : count;
    require(ring_write(&host->f->driver, bytes, (uint32_t)arrives) == arrives);
    return true;
}

static bool receive(struct mux_host *host)
{
    struct mux_fixture *f = host->f;

    mux_fixture_run(f);
    size_t count = f->terminal_bytes;
    f->terminal_bytes = 0;
    size_t arrives = host->noise != NULL ? host->noise((uint8_t *)f->terminal, count, false) : count;
    line_feed(&host->line, (const uint8_t *)f->terminal, arrives);
    return count > 0;
}

void mux_host_run(struct mux_host *host)
{
    bool more = true;

    while (more) {
        consume(host);
        (void)line_pump(&host->line, host->now_ms, ++host->nonce);
        more = send(host);
        more |= receive(host);
    }
}

const char *mux_host_shown(struct mux_host *host, uint32_t console)
{
    struct mux_host_console *from = &host->consoles[console];

    from->text[from->bytes] = '\0';
    from->bytes = 0;
    return from->text;
}

const char *mux_host_plain(struct mux_host *host)
{
    host->plain[host->plain_bytes] = '\0';
    host->plain_bytes = 0;
    return host->plain;
}
