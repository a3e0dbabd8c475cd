/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The serial multiplexer: many consoles on one serial line. The logic of the serial_mux PD, without a
 * platform.
 *
 * Output: a console's bytes go from its link into its scrollback and from there to the terminal. One console
 * has the focus: its output appears as it comes, an unfinished line (a prompt) included. The others' appears
 * in whole lines, with everything taken out that could disturb the terminal, behind the console's name. While
 * the focused console runs a full-screen program (mux_vt.h) the others' lines wait, and when a scrollback is
 * full, the oldest are dropped and counted. The kernel's log is one more console, as are the multiplexer's
 * own messages.
 *
 * A program on the host can ask for frames instead, with which it has a terminal for each console
 * (mux_frames.h).
 *
 * Fairness: the focused console gets every second turn, of at most MUX_SCREEN_TURN_BYTES, the others take
 * turns in between, and no more than SERIAL_MUX_IN_FLIGHT_BYTES wait at the driver. So an echo never waits
 * long, however many consoles flood.
 *
 * Flow control: a console whose scrollback is full of bytes not yet shown is not read any further, so its
 * sender waits (unless its policy is to drop); input is taken from the driver only as fast as the focused
 * console takes it. Nothing is lost either way; only the multiplexer's own keys are taken out (mux_keys.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/include/sysdesc.h"
#include "lib/account/account.h"
#include "lib/base/err.h"
#include "lib/config/serial_config.h"
#include "lib/ring/ring.h"
#include "pd/serial_mux/mux_console.h"
#include "pd/serial_mux/mux_frames.h"
#include "pd/serial_mux/mux_keys.h"
#include "pd/serial_mux/mux_screen.h"

#define SERIAL_MUX_CONSOLES (SERIAL_MUX_MAX_CLIENTS + 2u)
/** Shared by all consoles' scrollbacks. */
#define SERIAL_MUX_POOL_BYTES 0x100000u
#define SERIAL_MUX_IN_FLIGHT_BYTES 1024u
#define SERIAL_MUX_INPUT_BYTES 256u

/** What input that was taken has to wait for. */
enum serial_mux_wait {
    SERIAL_MUX_WAITS_NOT = 0,
    SERIAL_MUX_WAITS_FOR_CONSOLE, /**< the focused console's link is full */
    SERIAL_MUX_WAITS_FOR_SCREEN   /**< a command has no room to draw */
};

/** A multiplexer. Large: make it static. Set up with serial_mux_init(). */
struct serial_mux {
    const struct serial_mux_config *config;
    struct mux_console
        consoles[SERIAL_MUX_CONSOLES]; /**< clients, then the kernel's log, then our messages */
    uint32_t client_count;
    uint32_t focus;      /**< a client, or client_count (the log) if there are none */
    uint32_t next;       /**< whose turn it is among the others */
    uint32_t turn_bytes; /**< how much of that turn is used up */
    bool has_driver;
    struct ring driver;
    uint32_t driver_bytes; /**< what the driver's ring holds when full */
    struct mux_screen screen;
    struct mux_keys keys;
    struct mux_frames frames;
    uint8_t input[SERIAL_MUX_INPUT_BYTES]; /**< taken from the driver, not yet delivered */
    uint32_t input_first;
    uint32_t input_count;
    enum serial_mux_wait waiting;
    uint32_t replay; /**< console whose scrollback is being shown, or SERIAL_MUX_CONSOLES */
    uint64_t replay_at;
    uint64_t replay_end;
    const struct sysdesc_klog *klog; /**< NULL: none */
    uint64_t klog_read;
    struct account account; /**< whose output is being shown; the caller may start it */
    void (*notify)(void *context, uint32_t channel);
    void *notify_context;
    uint8_t pool[SERIAL_MUX_POOL_BYTES];
};

/**
 * Set up from a configuration, which has to outlive the multiplexer. The links' and the log's addresses in it
 * are used as they are. `notify` notifies a channel of the configuration.
 * Errors: ERR_RANGE (too many clients), those of ring_init() for the driver's link. A client whose link is
 * unusable is reported by its own silence only.
 */
ERR_CHECKED enum err serial_mux_init(struct serial_mux *mux, const struct serial_mux_config *config,
                                     void (*notify)(void *context, uint32_t channel), void *notify_context);

/** Something happened at some link or in the kernel's log: move bytes until nothing moves any more. */
void serial_mux_run(struct serial_mux *mux);

/** Print a line as the multiplexer's own. */
void serial_mux_say(struct serial_mux *mux, const char *format, ...) __attribute__((format(printf, 2, 3)));
