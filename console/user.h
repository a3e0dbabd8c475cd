/* SPDX-License-Identifier: BSD-2-Clause */
/** Our own terminal, with all consoles on it (view.h). Ctrl-a x ends everything, Ctrl-a a is Ctrl-a, as QEMU has it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "console/view.h"

#define USER_INPUT_BYTES 1024u
#define USER_OUTPUT_BYTES 1024u

/** Zero-initialised, then user_open(). */
struct user {
    bool is_wanted;
    bool is_raw; /**< the terminal's settings have to be put back */
    bool input_is_over;
    bool has_prefix; /**< the last key was Ctrl-a */
    struct termios before;
    struct view *view; /**< NULL: not shown yet */
    uint8_t input[USER_INPUT_BYTES];
    uint32_t input_first;
    uint32_t input_end;
    uint8_t output[USER_OUTPUT_BYTES];
    uint32_t output_first;
    uint32_t output_end;
};

/** Take the terminal, if it `is_wanted`. */
void user_open(struct user *user, bool is_wanted);

/** The consoles are known: show them. False: they can't be. */
bool user_show(struct user *user, struct line *line, uint8_t escape);

/** The terminal has another size, which is the consoles'. */
void user_resize(struct user *user, struct line *line);

/** Output has come of a console, or of the kernel's log. user->view has to be there. */
void user_put(struct user *user, uint32_t console, bool is_log, const uint8_t *bytes, uint32_t count);

/** Bytes of a console that wait to be shown. */
uint32_t user_pending(const struct user *user, uint32_t console);

/** What to wait for: a descriptor for input, and one for output, or -1. */
int user_input(const struct user *user);
int user_output(const struct user *user);

/** Go on. False: the user ends it. */
bool user_serve(struct user *user, struct line *line, bool has_input, bool has_room);

/** Show what is left, and give the terminal back. */
void user_close(struct user *user);
