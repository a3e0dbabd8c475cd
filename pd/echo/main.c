/* SPDX-License-Identifier: BSD-2-Clause */
/* A program at a switch's port: frames in and out around echo.c, and a report of how many there were. */
#include <microkit.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/netclient/netclient.h"
#include "pd/echo/echo.h"

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

NETCLIENT_CONFIG;

static struct netclient net;
static struct echo_host host;
static uint8_t copy[9022];

static void answer(const uint8_t *frame, uint32_t bytes)
{
    if (bytes > sizeof(copy)) {
        return;
    }
    /* The switch could still change the frame: what is checked is a copy of it. */
    memcpy(copy, frame, bytes);
    const uint32_t length = echo_answer(&host, copy, bytes);
    uint8_t *to = length == 0 ? NULL : netclient_frame(&net, length);
    if (to != NULL) {
        memcpy(to, copy, length);
        netclient_send(&net, length);
    }
}

static void work(void)
{
    const uint8_t *frame;
    uint32_t bytes;

    while ((frame = netclient_receive(&net, &bytes)) != NULL) {
        answer(frame, bytes);
        netclient_done(&net);
    }
    netclient_flush(&net);
}

void init(void)
{
    const enum err err = netclient_init(&net, &netclient_config);

    if (err != ERR_OK || echo_parse_ip(netclient_config.ip, host.ip) != 0) {
        log_error("no port with an IPv4 address: <port switch=\"...\" pd=\"%s\" ip=\"...\"/> gives it one",
                  microkit_name);
        return;
    }
    memcpy(host.mac, net.mac, sizeof(host.mac));
    log_info("at %u.%u.%u.%u", host.ip[0], host.ip[1], host.ip[2], host.ip[3]);
    work();
}

void notified(microkit_channel channel)
{
    if (channel == net.channel) {
        (void)netclient_wake(&net);
        work();
    }
}
