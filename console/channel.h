/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A channel on the host: a socket for tools (a debugger, `causeway top`) that talk to a PD over the line.
 *
 * The socket is of SOCK_STREAM in the folder of the hub; bytes go as they are. A channel that is not shared has one
 * tool at a time, and who comes later finds the end of the stream at once. A shared one gives its output to all, and
 * who is so slow that the others would wait is let go.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_TOOLS 8u
#define CHANNEL_BUFFER_BYTES 0x10000u
#define CHANNEL_INPUT_BYTES 1024u
#define CHANNEL_FDS (1u + CHANNEL_TOOLS)

/** A tool that is connected. */
struct channel_tool {
    int fd;        /**< -1: nobody */
    uint32_t head; /**< bytes put in */
    uint32_t tail; /**< bytes taken out */
    uint32_t input_first;
    uint32_t input_end;
    bool input_is_over; /**< it says nothing more, and may still listen */
    uint8_t input[CHANNEL_INPUT_BYTES];
    uint8_t output[CHANNEL_BUFFER_BYTES];
};

/** A channel. Set up with channel_open(). */
struct channel {
    char path[108]; /**< of the socket */
    int listener;   /**< -1: not open */
    bool is_shared;
    uint32_t connection; /**< number of the last one */
    uint32_t count;      /**< of tools that are connected */
    bool has_changed;    /**< the far end has to hear of that */
    uint32_t owed;       /**< bytes of output to be acknowledged once there is room */
    struct channel_tool tools[CHANNEL_TOOLS];
};

/** Takes input of tools; returns how many bytes of it. */
typedef uint32_t channel_writer(void *context, const uint8_t *bytes, uint32_t count);

/** Make the socket FOLDER/NAME. `connection` is random. False, with errno set, if that fails. */
bool channel_open(struct channel *channel, const char *folder, const char *name, bool is_shared,
                  uint32_t connection);

/** Remove it, and let everybody go. */
void channel_close(struct channel *channel);

/** What to wait for, into `fds`. `takes_input`: the line would take some. Returns how many. */
size_t channel_fds(const struct channel *channel, bool takes_input, struct pollfd fds[CHANNEL_FDS]);

/** Output has come, no more than may be owed. */
void channel_put(struct channel *channel, const uint8_t *bytes, uint32_t count);

/**
 * Everything that can be done without waiting. What tools say goes to `write`. Returns how many bytes of output
 * may be acknowledged.
 */
uint32_t channel_serve(struct channel *channel, channel_writer *write, void *context);

/** Who the far end must be told is at the channel: a connection's number, or 0 for none. */
uint32_t channel_tool(const struct channel *channel);
