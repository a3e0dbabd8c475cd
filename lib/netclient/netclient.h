/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A program's end of a switch's port (`<port switch="lan" pd="...">`): Ethernet frames in and out.
 *
 *     NETCLIENT_CONFIG;                     once, in one file of the program
 *     static struct netclient net;
 *
 *     void init(void)     { if (netclient_init(&net, &netclient_config) == ERR_OK) { work(); } }
 *     void notified(microkit_channel channel)
 *     {
 *         if (channel == net.channel) { netclient_wake(&net); work(); }
 *     }
 *     static void work(void)
 *     {
 *         const uint8_t *frame;
 *         uint32_t bytes;
 *         while ((frame = netclient_receive(&net, &bytes)) != NULL) { ...; netclient_done(&net); }
 *         netclient_flush(&net);
 *     }
 *
 * A frame that is received lies where the switch wrote it, and the switch could still change it: what is
 * decided by a byte is decided by a copy of it. Frames come complete, with their checksums: nothing is
 * offered to the switch. None is longer than the port's MTU and 18 bytes. docs/networks.md has a complete
 * program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/config/netclient_config.h"
#include "lib/ring/ring.h"

/** An Ethernet header. */
#define NETCLIENT_FRAME_MIN 14u

/** The configuration, which the tool fills in; for a program that has a `<timer>` but no port, too. */
#define NETCLIENT_CONFIG                                                                                     \
    __attribute__((section(NETCLIENT_CONFIG_SECTION), used)) struct netclient_config netclient_config = {    \
        .header = {.magic = NETCLIENT_CONFIG_MAGIC,                                                          \
                   .version = NETCLIENT_CONFIG_VERSION,                                                      \
                   .size_bytes = sizeof(struct netclient_config)}}

/** A port's end. `channel`, `mac`, `mtu` and the counters are for reading, the rest is private. */
struct netclient {
    struct ring ring;
    uint32_t channel; /**< to the switch */
    uint8_t mac[6];
    uint16_t mtu;
    uint64_t received, sent, dropped; /**< frames; dropped: to send, for want of room */
};

/**
 * Set up our end and tell the switch. Errors: ERR_FORMAT (the program is in no port: the tool did not fill in
 * the configuration), those of ring_init().
 */
ERR_CHECKED enum err netclient_init(struct netclient *net, const struct netclient_config *config);

/** The switch notified: before anything else. True if the switch began again, so that what was under way is
 * lost. */
bool netclient_wake(struct netclient *net);

/** The next frame and its length, or NULL: none, and there will be a notification when one comes. */
const uint8_t *netclient_receive(struct netclient *net, uint32_t *bytes);

/** Done with the frame that netclient_receive() gave. */
void netclient_done(struct netclient *net);

/**
 * Where to put a frame of up to `bytes` bytes, for netclient_send(). NULL: there is no room, which the switch
 * makes soon, or `bytes` is no possible length. A second call replaces the first.
 */
uint8_t *netclient_frame(struct netclient *net, uint32_t bytes);

/** Send what was put there, with its final length. */
void netclient_send(struct netclient *net, uint32_t bytes);

/** At the end of a turn: notify the switch of all that was sent and received, if it waits for that. */
void netclient_flush(struct netclient *net);
