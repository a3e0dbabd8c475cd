/* SPDX-License-Identifier: BSD-2-Clause */
/** A serial multiplexer with its peers, which the test plays: consoles, the UART driver and the kernel. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pd/serial_mux/serial_mux.h"

#define MUX_FIXTURE_CLIENTS 3u
#define MUX_FIXTURE_REGION_BYTES (0x4000u + 0x1000u)
#define MUX_FIXTURE_DRIVER_CHANNEL 40u
#define MUX_FIXTURE_TEXT_BYTES 0x80000u

/** Consoles are called vm1, vm2, vm3 and have channels 0, 1, 2. */
struct mux_fixture {
    struct serial_mux_config config;
    struct serial_mux mux;
    struct ring clients[MUX_FIXTURE_CLIENTS];
    struct ring driver;
    struct sysdesc_klog klog;
    unsigned int notified[64];
    uint32_t channels; /**< a bit for each client that is a channel from the next start on */
    char
        terminal[MUX_FIXTURE_TEXT_BYTES]; /**< what the driver has got since the last clear, NUL-terminated */
    size_t terminal_bytes;
    _Alignas(64) uint8_t regions[MUX_FIXTURE_CLIENTS + 1][2][MUX_FIXTURE_REGION_BYTES];
};

/** The only one: it is large. */
extern struct mux_fixture mux_fixture;

/** Everything new, no text shown yet, colours off, a log of the kernel. Aborts if that fails. */
void mux_fixture_start(struct mux_fixture *f, uint32_t client_count);

/** Client `client` (re)starts. */
void mux_fixture_start_client(struct mux_fixture *f, uint32_t client);

/** A console writes; returns how many bytes its link took. Does not run the multiplexer. */
uint32_t mux_fixture_write(struct mux_fixture *f, uint32_t client, const char *text);

/** The user types; returns how many bytes the link took. Does not run the multiplexer. */
uint32_t mux_fixture_type(struct mux_fixture *f, const char *text);

/** The kernel logs. */
void mux_fixture_log(struct mux_fixture *f, const char *text);

/** Run the multiplexer once, without taking its output. */
void mux_fixture_run_once(struct mux_fixture *f);

/** Run the multiplexer, and take its output, until both are at rest. */
void mux_fixture_run(struct mux_fixture *f);

/** What was shown since the last call of this or the start; valid until the next run. */
const char *mux_fixture_shown(struct mux_fixture *f);

/** What console `client` got of input, NUL-terminated, into `text`; returns its length. */
size_t mux_fixture_read(struct mux_fixture *f, uint32_t client, char *text, size_t bytes);
