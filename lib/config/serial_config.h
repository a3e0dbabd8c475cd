/* SPDX-License-Identifier: BSD-2-Clause */
/** Configuration of the serial multiplexer and of the UART driver PD. See config.h for the rules. */
#pragma once

#include "lib/config/config.h"

#define SERIAL_MUX_CONFIG_MAGIC 0x584d5343u /* "CSMX" */
#define SERIAL_MUX_CONFIG_VERSION 2u
#define SERIAL_MUX_CONFIG_SECTION ".serial_mux_config"
#define SERIAL_MUX_MAX_CLIENTS 32u

#define UART_CONFIG_MAGIC 0x54415543u /* "CUAT" */
#define UART_CONFIG_VERSION 2u
#define UART_CONFIG_SECTION ".uart_config"

enum serial_mux_client_flags {
    SERIAL_MUX_CLIENT_DROP = 1u << 0,   /**< output that the terminal is too slow for is dropped and counted;
                                             else the sender waits */
    SERIAL_MUX_CLIENT_SILENT = 1u << 1, /**< not shown unless it has the input */
    SERIAL_MUX_CLIENT_PORT = 1u << 2,   /**< a program's port, not a terminal: gets no window on the host */
    SERIAL_MUX_CLIENT_CHANNEL =
        1u << 3, /**< for a tool on the host (docs/serial.md): no part of the plain terminal */
    SERIAL_MUX_CLIENT_SHARED = 1u << 4 /**< of a channel: several tools may listen and speak at once */
};

enum serial_mux_flags {
    SERIAL_MUX_NO_COLOURS = 1u << 0 /**< names are not coloured until the user asks for it */
};

/** One console: a byte-stream link to a VMM or another PD. */
struct serial_mux_client_config {
    char name[CONFIG_NAME_BYTES];
    uint32_t colour; /**< ANSI SGR foreground code 30..37 or 90..97; 0: none */
    uint32_t flags;  /**< enum serial_mux_client_flags */
    struct config_link link;
};

/**
 * What the multiplexer offers (ring_offer()) on a console's link: the terminal's size in characters, 0: not
 * known.
 */
#define SERIAL_MUX_OFFER_SIZE(cols, rows) ((uint32_t)(cols) | (uint32_t)(rows) << 16)
#define SERIAL_MUX_OFFER_COLS(offer) ((uint16_t)(offer))
#define SERIAL_MUX_OFFER_ROWS(offer) ((uint16_t)((offer) >> 16))

/**
 * On a channel's link the offer is the tool's connection: 0: no tool is there, and what is written goes nowhere;
 * another value than before: another tool, to which nothing that was written before will go.
 */
#define SERIAL_MUX_OFFER_NO_TOOL 0u

struct serial_mux_config {
    struct config_header header;
    struct config_link driver; /**< to the UART driver PD */
    uint64_t klog;             /**< vaddr of struct sysdesc_klog, 0: none */
    uint32_t klog_channel;     /**< the kernel's notification for new log text */
    uint32_t escape;           /**< escape byte, default 0x1c (Ctrl-\) */
    uint32_t focus;            /**< client that has the input at start */
    uint32_t client_count;
    uint32_t flags; /**< enum serial_mux_flags */
    uint32_t reserved;
    struct serial_mux_client_config clients[SERIAL_MUX_MAX_CLIENTS];
};

struct uart_config {
    struct config_header header;
    uint64_t registers; /**< vaddr of the device */
    uint32_t irq_channel;
    uint32_t kind;           /**< enum sysdesc_uart_kind */
    struct config_link link; /**< byte stream to the multiplexer */
};
