/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/mux_fixture.h"

#include <stdlib.h>
#include <string.h>

#define DRIVER_REGION MUX_FIXTURE_CLIENTS

struct mux_fixture mux_fixture;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void count_notification(void *context, uint32_t channel)
{
    struct mux_fixture *f = context;
    f->notified[channel]++;
}

static struct config_link link_of(struct mux_fixture *f, uint32_t region, uint32_t channel)
{
    return (struct config_link){.own = (uint64_t)(uintptr_t)f->regions[region][0],
                                .peer = (uint64_t)(uintptr_t)f->regions[region][1],
                                .bytes = MUX_FIXTURE_REGION_BYTES,
                                .channel = channel};
}

static void start_peer(struct mux_fixture *f, struct ring *ring, uint32_t region)
{
    require(ring_init(ring, f->regions[region][1], f->regions[region][0], MUX_FIXTURE_REGION_BYTES) ==
            ERR_OK);
    (void)ring_request_data(ring);
}

void mux_fixture_start_client(struct mux_fixture *f, uint32_t client)
{
    start_peer(f, &f->clients[client], client);
}

void mux_fixture_start(struct mux_fixture *f, uint32_t client_count)
{
    memset(f->regions, 0, sizeof f->regions);
    memset(&f->klog, 0, sizeof f->klog);
    memset(f->notified, 0, sizeof f->notified);
    f->config = (struct serial_mux_config){.driver = link_of(f, DRIVER_REGION, MUX_FIXTURE_DRIVER_CHANNEL),
                                           .klog = (uint64_t)(uintptr_t)&f->klog,
                                           .escape = 0x1c,
                                           .flags = SERIAL_MUX_NO_COLOURS,
                                           .client_count = client_count};
    for (uint32_t i = 0; i < client_count; i++) {
        f->config.clients[i] = (struct serial_mux_client_config){
            .name = {'v', 'm', (char)('1' + i)},
            .colour = 32 + i,
            .flags = (f->channels >> i & 1) != 0 ? SERIAL_MUX_CLIENT_CHANNEL : 0,
            .link = link_of(f, i, i)};
    }
    require(serial_mux_init(&f->mux, &f->config, count_notification, f) == ERR_OK);
    start_peer(f, &f->driver, DRIVER_REGION);
    for (uint32_t i = 0; i < client_count; i++) {
        mux_fixture_start_client(f, i);
    }
    f->terminal_bytes = 0;
    mux_fixture_run(f);
    (void)mux_fixture_shown(f);
}

uint32_t mux_fixture_write(struct mux_fixture *f, uint32_t client, const char *text)
{
    return ring_write(&f->clients[client], text, (uint32_t)strlen(text));
}

uint32_t mux_fixture_type(struct mux_fixture *f, const char *text)
{
    return ring_write(&f->driver, text, (uint32_t)strlen(text));
}

void mux_fixture_log(struct mux_fixture *f, const char *text)
{
    for (; *text != '\0'; text++) {
        f->klog.text[f->klog.written % SYSDESC_KLOG_TEXT_BYTES] = *text;
        f->klog.written++;
    }
}

void mux_fixture_run_once(struct mux_fixture *f)
{
    serial_mux_run(&f->mux);
}

void mux_fixture_run(struct mux_fixture *f)
{
    uint32_t count = 1;
    while (count > 0) {
        serial_mux_run(&f->mux);
        count = ring_read(&f->driver, f->terminal + f->terminal_bytes,
                          (uint32_t)(sizeof f->terminal - 1 - f->terminal_bytes));
        f->terminal_bytes += count;
        require(!ring_is_broken(&f->driver));
    }
}

const char *mux_fixture_shown(struct mux_fixture *f)
{
    f->terminal[f->terminal_bytes] = '\0';
    f->terminal_bytes = 0;
    return f->terminal;
}

size_t mux_fixture_read(struct mux_fixture *f, uint32_t client, char *text, size_t bytes)
{
    uint32_t count = ring_read(&f->clients[client], text, (uint32_t)bytes - 1);
    text[count] = '\0';
    return count;
}
