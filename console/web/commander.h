/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Commands to guests, over their control channels: one at a time, as each channel has room for one tool, and is left as soon as
 * the answer is there. While nobody commands anything each guest is asked for its state now and then.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "console/web/store.h"

#define COMMANDER_LINE_BYTES 160u

/** A command under way, and those that wait. Set up with commander_init(). */
struct commander {
    struct store *store;
    const char *folder;
    int fd;           /**< of the command under way, -1: none */
    uint32_t guest;   /**< its */
    const char *verb; /**< its */
    uint64_t deadline_ms;
    uint32_t tries;
    uint32_t line_bytes;
    char line[COMMANDER_LINE_BYTES];  /**< answer so far */
    const char *wanted[STORE_GUESTS]; /**< NULL: nothing */
    uint64_t ask_at_ms[STORE_GUESTS]; /**< when its state is due */
};

/** `store` and `folder` have to outlive it. */
void commander_init(struct commander *commander, struct store *store, const char *folder);

/** A user wants a guest to do something. False: it has not done the last thing yet. */
bool commander_want(struct commander *commander, uint32_t guest, const char *verb);

/** Begin what is due, if nothing is under way: *fd is new then, and true is returned. Give up what takes too long. */
bool commander_step(struct commander *commander, bool anybody_looks, uint64_t now_ms, uint64_t unix_ms);

/** There is something to be read from `fd`. False: nothing more will be: close it, `fd` is -1 already. */
bool commander_read(struct commander *commander, uint64_t now_ms, uint64_t unix_ms);
