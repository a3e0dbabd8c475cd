/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Who may talk to the server: whoever knows the session's token, which is the first folder of every path, and has been led
 * here by nobody else: a page of another site that the user's browser shows knows no token, but might have a name of its own
 * lead to 127.0.0.1 (DNS rebinding), so the Host has to be ours; and it might open a WebSocket, so the Origin has to be.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GUARD_TOKEN_BYTES 33u /**< 128 bits in hexadecimal, and a NUL */

/** A new token. False if the system has no random numbers. */
bool guard_make_token(char token[GUARD_TOKEN_BYTES]);

/** What of a path is behind "/TOKEN/"; NULL: the token is not there. Takes as long for any wrong one. */
const char *guard_path(const char *token, const char *path);

/** Whether a Host header names this machine's loopback and our port. */
bool guard_host(const char *host, uint16_t port);

/** Whether an Origin header is of the page that `host` serves. A program that is no browser has none: "". */
bool guard_origin(const char *origin, const char *host);
