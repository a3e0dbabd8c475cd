/* SPDX-License-Identifier: BSD-2-Clause */
/** The server's end of a console's socket (console/terminal.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PLUG_NAME_BYTES 64u
/** What all tabs together may have typed that has not been passed on: each waits for its last message. */
#define PLUG_INPUT_BYTES 16384u

/** A console. Set up with plug_open(). */
struct plug {
    int fd; /**< -1: gone */
    bool size_due;
    uint16_t cols;
    uint16_t rows;
    uint32_t first; /**< of `input`, what has not been passed on */
    uint32_t end;
    uint8_t input[PLUG_INPUT_BYTES];
};

/** Connect to a socket of a folder, without waiting from then on. -1, with errno set, if that fails. */
int plug_connect(const char *folder, const char *name, int type);

/** Connect to a console. False, with errno set, if that fails. */
bool plug_open(struct plug *plug, const char *folder, const char *name);

/** Something has been typed. False: there is no room, and it is lost. */
bool plug_type(struct plug *plug, const uint8_t *bytes, uint32_t count);

/** The terminal's size. */
void plug_resize(struct plug *plug, uint16_t cols, uint16_t rows);

/** Pass on what the hub takes now. True: nothing is left. */
bool plug_flush(struct plug *plug);
