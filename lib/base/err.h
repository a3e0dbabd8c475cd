/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The one error type of the project.
 *
 * Every function that can fail returns `enum err`; 0 (ERR_OK) is success. The type is marked
 * warn_unused_result through ERR_CHECKED so that no failure goes unseen. `bool` only answers questions.
 */
#pragma once

/** Marks a function whose result the caller has to look at. */
#define ERR_CHECKED __attribute__((warn_unused_result))

/** What went wrong. err_text() has a sentence for each. */
enum err {
    ERR_OK = 0,      /**< success */
    ERR_RANGE,       /**< an address, index or length lies outside what it may name */
    ERR_ALIGN,       /**< a value is not aligned as required */
    ERR_FORMAT,      /**< malformed data: bad magic, version, header or encoding */
    ERR_LOOP,        /**< a chain is longer than its queue, or loops */
    ERR_OVERRUN,     /**< a peer's index ran ahead of what the queue can hold */
    ERR_SPACE,       /**< no room: buffer, ring or table is full */
    ERR_EMPTY,       /**< nothing there to take */
    ERR_STATE,       /**< not allowed in the present state */
    ERR_UNSUPPORTED, /**< valid, but not offered here */
    ERR_DENIED,      /**< the caller has no authority for this */
    ERR_IO,          /**< a device or file failed */
    ERR_COUNT        /**< number of codes; not an error */
};

/**
 * One short English sentence (no full stop, no newline) for `code`.
 * Never returns NULL: an unknown value gets "unknown error". The string is static.
 */
const char *err_text(enum err code);
