/* SPDX-License-Identifier: BSD-2-Clause */
/** Lines of text from a tool, on a channel of the serial multiplexer, and answers of one line each. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/config/config.h"
#include "lib/ring/ring.h"

#define LINE_CHANNEL_BYTES 128u

/** One channel. All 0: there is none. */
struct line_channel {
    const struct config_link *config;
    struct ring link;
    bool has_link;
    bool is_too_long;    /**< the line under way */
    uint32_t connection; /**< of the tool at the other end, 0: none */
    uint32_t used;
    uint32_t sent, answer_bytes;
    char line[LINE_CHANNEL_BYTES];
    char answer[LINE_CHANNEL_BYTES];
};

/** Set up; bytes == 0: there is none. */
void line_channel_init(struct line_channel *channel, const struct config_link *config);

/** Whether `id` is its own. */
bool line_channel_owns(const struct line_channel *channel, microkit_channel id);

/** Its channel was notified: look at what has changed. */
void line_channel_notified(struct line_channel *channel);

/** The next line, without its end; NULL: none is there, or an answer waits to be sent, and a notification will come. */
const char *line_channel_next(struct line_channel *channel);

/** Answer the line. */
void line_channel_answer(struct line_channel *channel, const char *text);
