/* SPDX-License-Identifier: BSD-2-Clause */
/* A tool's lines. One answer is on its way at a time, so a tool that does not read its answers is not listened to. */
#include "vmm/debug/line_channel.h"

#include <stddef.h>

#include "lib/base/format.h"

void line_channel_init(struct line_channel *channel, const struct config_link *config)
{
    *channel = (struct line_channel){.config = config};
    if (config->bytes == 0) {
        return;
    }
    channel->has_link = ring_init(&channel->link, (void *)(uintptr_t)config->own,
                                  (const void *)(uintptr_t)config->peer, config->bytes) == ERR_OK;
    if (channel->has_link) {
        microkit_notify(config->channel);
        (void)ring_request_data(&channel->link);
    }
}

bool line_channel_owns(const struct line_channel *channel, microkit_channel id)
{
    return channel->has_link && channel->config->channel == id;
}

void line_channel_notified(struct line_channel *channel)
{
    (void)ring_sync(&channel->link);
    const uint32_t connection = ring_peer_offer(&channel->link);

    if (connection != channel->connection) {
        channel->connection = connection;
        channel->used = 0;
        channel->is_too_long = false;
        channel->sent = channel->answer_bytes;
    }
}

/* True: nothing of the last answer is left. */
static bool flush(struct line_channel *channel)
{
    do {
        channel->sent += ring_write(&channel->link, channel->answer + channel->sent,
                                    channel->answer_bytes - channel->sent);
    } while (channel->sent < channel->answer_bytes && ring_request_space(&channel->link, 1));
    if (ring_should_signal_data(&channel->link)) {
        microkit_notify(channel->config->channel);
    }
    return channel->sent == channel->answer_bytes;
}

/* True: the line is complete. */
static bool take(struct line_channel *channel, char byte)
{
    if (byte == '\n') {
        channel->line[channel->used] = '\0';
        return true;
    }
    if (channel->used == sizeof(channel->line) - 1) {
        channel->is_too_long = true;
    } else if (byte != '\r') {
        channel->line[channel->used++] = byte;
    }
    return false;
}

const char *line_channel_next(struct line_channel *channel)
{
    char byte;

    while (flush(channel)) {
        if (ring_read(&channel->link, &byte, 1) == 1) {
            if (!take(channel, byte)) {
                continue;
            }
            channel->used = 0;
            if (!channel->is_too_long) {
                return channel->line;
            }
            channel->is_too_long = false;
            line_channel_answer(channel, "error: a line is too long");
        } else if (!ring_request_data(&channel->link)) {
            break;
        }
    }
    if (ring_should_signal_space(&channel->link)) {
        microkit_notify(channel->config->channel);
    }
    return NULL;
}

void line_channel_answer(struct line_channel *channel, const char *text)
{
    channel->sent = 0;
    channel->answer_bytes = (uint32_t)format_print(channel->answer, sizeof(channel->answer), "%s\n", text);
}
