/* SPDX-License-Identifier: BSD-2-Clause */
/** "did you mean": the known name nearest to a mistyped one. */
#pragma once

/** Collects candidates for one mistyped name. Initialise with suggest_start(). */
struct suggest {
    const char *wanted;
    const char *best; /**< nearest so far, borrowed; NULL: none near enough */
    unsigned int distance;
};

/** Begin a search; `wanted` is borrowed. */
void suggest_start(struct suggest *suggest, const char *wanted);

/** Offer a name that exists; borrowed. */
void suggest_offer(struct suggest *suggest, const char *candidate);

/**
 * The end of a sentence: `; did you mean "lan"?` or, with nothing near enough, an empty string.
 * `text` has room for SUGGEST_TEXT_BYTES; returns it.
 */
#define SUGGEST_TEXT_BYTES 128u
const char *suggest_text(const struct suggest *suggest, char *text);
