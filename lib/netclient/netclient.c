/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames between a program and its port at a switch. */
#include "lib/netclient/netclient.h"

#include <microkit.h>

#include "lib/base/mem.h"

enum err netclient_init(struct netclient *net, const struct netclient_config *config)
{
    if (!config_is_valid(&config->header, NETCLIENT_CONFIG_MAGIC, NETCLIENT_CONFIG_VERSION,
                         sizeof(*config)) ||
        config->link.bytes == 0) {
        return ERR_FORMAT;
    }
    *net = (struct netclient){.channel = config->link.channel, .mtu = config->mtu};
    memcpy(net->mac, config->mac, sizeof(net->mac));
    const enum err err =
        ring_init(&net->ring, (void *)config->link.own, (const void *)config->link.peer, config->link.bytes);
    if (err == ERR_OK) {
        microkit_notify(net->channel);
    }
    return err;
}

bool netclient_wake(struct netclient *net)
{
    return ring_sync(&net->ring);
}

const uint8_t *netclient_receive(struct netclient *net, uint32_t *bytes)
{
    struct ring_record record;
    const uint8_t *data;

    do {
        if (ring_peek(&net->ring, &record, &data) == ERR_OK) {
            /* A switch that obeys its own rules sends nothing else. */
            if (record.length_bytes >= NETCLIENT_FRAME_MIN && record.meta == 0) {
                net->received++;
                *bytes = record.length_bytes;
                return data;
            }
            ring_release(&net->ring);
        }
    } while (ring_request_data(&net->ring));
    return NULL;
}

void netclient_done(struct netclient *net)
{
    ring_release(&net->ring);
}

uint8_t *netclient_frame(struct netclient *net, uint32_t bytes)
{
    uint8_t *data;

    if (bytes < NETCLIENT_FRAME_MIN || ring_reserve(&net->ring, bytes, &data) != ERR_OK) {
        net->dropped++;
        return NULL;
    }
    return data;
}

void netclient_send(struct netclient *net, uint32_t bytes)
{
    net->sent++;
    ring_commit(&net->ring, bytes, 0);
}

void netclient_flush(struct netclient *net)
{
    const bool data = ring_should_signal_data(&net->ring);
    const bool space = ring_should_signal_space(&net->ring);

    if (data || space) {
        microkit_notify(net->channel);
    }
}
