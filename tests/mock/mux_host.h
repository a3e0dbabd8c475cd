/* SPDX-License-Identifier: BSD-2-Clause */
/** The host's end of the line (console/line.h), joined to a multiplexer with its peers (mux_fixture.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/line.h"
#include "tests/mock/mux_fixture.h"

#define MUX_HOST_TEXT_BYTES 0x80000u
#define MUX_HOST_ESCAPE 0x1cu

/** What a console showed on the host. */
struct mux_host_console {
    char text[MUX_HOST_TEXT_BYTES]; /**< NUL-terminated */
    size_t bytes;
    size_t history; /**< of these, bytes that were shown before */
    uint64_t lost;
    bool is_slow; /**< nobody takes its output: `owed` is kept back */
    uint32_t owed;
};

/** The host. */
struct mux_host {
    struct mux_fixture *f;
    struct line line;
    uint64_t now_ms;
    uint64_t nonce; /**< of the next call */
    unsigned int greetings;
    struct mux_host_console consoles[LINE_MAX_CONSOLES];
    char plain[MUX_HOST_TEXT_BYTES]; /**< NUL-terminated */
    size_t plain_bytes;
    /** Called, if set, with what goes over the line, which it may change; returns how much of it arrives. */
    size_t (*noise)(uint8_t *bytes, size_t count, bool to_mux);
};

/** The only one: it is large. */
extern struct mux_host mux_host;

/** A fixture with its consoles, and a host that has not called yet. */
void mux_host_start(struct mux_host *host, struct mux_fixture *f, uint32_t client_count);

/** Let time pass. */
void mux_host_wait(struct mux_host *host, uint64_t ms);

/** Move bytes both ways until both ends are at rest. */
void mux_host_run(struct mux_host *host);

/** What console `console` showed since the last call; valid until it shows more. */
const char *mux_host_shown(struct mux_host *host, uint32_t console);

/** What came besides frames, likewise. */
const char *mux_host_plain(struct mux_host *host);
