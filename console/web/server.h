/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * `causeway web`: serves the page, and WebSockets for its tabs, on 127.0.0.1; a client of the hub's sockets as other commands
 * are. What a tab sends is taken apart by message.h, who may connect says guard.h, what a tab is told says session.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** What to serve. */
struct server_options {
    const char *folder; /**< of the hub */
    const char *pages;  /**< folder of the page's files */
    uint16_t port;      /**< 0: any that is free */
    bool is_read_only;
};

/** Serve until the system or the user ends it. Returns an exit code. */
int server_run(const struct server_options *options);
