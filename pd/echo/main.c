/* SPDX-License-Identifier: BSD-2-Clause */
/* A program at a switch's port: frames and time for echo.c. */
#include <microkit.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/netclient/netclient.h"
#include "lib/timer_client/timer_client.h"
#include "pd/echo/echo.h"

/* So many frames, and then what they led to is sent. */
#define BATCH 64u

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

NETCLIENT_CONFIG;

static struct netclient net;
static struct timer_client alarm;

static uint32_t now(void)
{
    return (uint32_t)clock_milliseconds();
}

static void broken(const char *what)
{
    log_error("lwIP: %s", what);
    __builtin_trap();
}

static uint8_t *reserve(uint32_t bytes)
{
    return netclient_frame(&net, bytes);
}

static void send(uint32_t bytes)
{
    netclient_send(&net, bytes);
}

static const struct echo_link link = {.frame = reserve, .send = send, .now = now, .broken = broken};

/* Up to BATCH frames. True: there are more. */
static bool take_frames(void)
{
    const uint8_t *frame;
    uint32_t bytes;

    for (uint32_t i = 0; i < BATCH; i++) {
        frame = netclient_receive(&net, &bytes);
        if (frame == NULL) {
            return false;
        }
        echo_receive(frame, bytes);
        netclient_done(&net);
    }
    return true;
}

static void work(void)
{
    uint32_t wait_ms;
    bool has_more;

    do {
        has_more = take_frames();
        wait_ms = echo_work();
        netclient_flush(&net);
    } while (has_more);
    timer_client_set(&alarm, wait_ms == UINT32_MAX ? TIMER_CLIENT_NEVER
                                                   : clock_ticks_of(clock_milliseconds() + wait_ms));
}

void init(void)
{
    const enum err err = netclient_init(&net, &netclient_config);
    struct echo_address address;

    if (err != ERR_OK || echo_address_parse(netclient_config.ip, &address) != 0) {
        log_error("no port with an IPv4 address: <port switch=\"...\" pd=\"%s\" ip=\"...\"/> gives it one",
                  microkit_name);
        return;
    }
    if (netclient_config.has_timer != 1) {
        log_error("no timer, which TCP needs: <timer pd=\"%s\"/> gives it one", microkit_name);
        return;
    }
    timer_client_init(&alarm, netclient_config.timer_channel);
    if (echo_init(&link, net.mac, &address, net.mtu) != 0) {
        log_error("lwIP has no room for what is needed from the start");
        return;
    }
    log_info("at %u.%u.%u.%u/%u", address.ip[0], address.ip[1], address.ip[2], address.ip[3], address.prefix);
    work();
}

void notified(microkit_channel channel)
{
    if (channel == net.channel) {
        (void)netclient_wake(&net);
    } else {
        timer_client_heard(&alarm);
    }
    work();
}
