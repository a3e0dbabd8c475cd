/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * How a core tells another one to look: a bit in a set, and an SGI if the set was empty.
 *
 * Bits are set and taken atomically. What a bit is about is written before it is set (release) and read after
 * it has been taken (acquire); so whatever was written before mail_post() is seen by who takes that bit.
 */
#pragma once

#include "kernel/core/kernel.h"

/** Bit of core->mail_words for a word of mail. */
#define MAIL_BIT(kind, word) ((uint32_t)(kind)*MAIL_WORDS + (word))
/** All of one kind. */
#define MAIL_BITS(kind) (((1ull << MAIL_WORDS) - 1) << MAIL_BIT(kind, 0))

/** `to`, another core, has to look at thread (or core) number `index`, for `kind`. */
void mail_post(struct core *to, enum mail_kind kind, uint32_t index);

/** Take which words of mail `core`, the calling one, has: bit MAIL_BIT(kind, word). */
uint64_t mail_take_words(struct core *core);

/** Take word `word` of what `core`, the calling one, has of `kind`. */
uint64_t mail_take(struct core *core, enum mail_kind kind, uint32_t word);

/** Take back that thread `index` has mail of `kind` for `core`, the calling one, if it has not been looked
 * at. */
void mail_drop(struct core *core, enum mail_kind kind, uint32_t index);
