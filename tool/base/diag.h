/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Diagnostics of the host tool: every error names the place, what is wrong and what would be right.
 *
 * Errors are collected and printed sorted by place when the run ends, so that one run shows all of them:
 *
 *     virtio_demo.system:12:5: error: <net>: switch "lam" is not declared; did you mean "lan"?
 *     virtio_demo.system:4:3: note: <switch name="lan"> is here
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/** A place in an input file. `file` is owned by the diagnostics context; NULL: no place. */
struct loc {
    const char *file;
    int line;   /**< 1-based; 0: the file as a whole */
    int column; /**< 1-based; 0: unknown */
};

struct diag;

/** A new, empty context. Never NULL (aborts the process when out of memory, as all of the tool does). */
struct diag *diag_new(void);
void diag_free(struct diag *diag);

/** Keep a copy of `file` for locs; returns the same pointer for the same name. */
const char *diag_intern(struct diag *diag, const char *file);

/** Report an error, printf-style: one sentence without full stop or newline. */
void diag_error(struct diag *diag, struct loc loc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Attach a note to the error just reported: where the other party is. */
void diag_note(struct diag *diag, struct loc loc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void diag_warning(struct diag *diag, struct loc loc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Errors reported so far, printed or not; notes and warnings do not count. */
int diag_error_count(const struct diag *diag);

/** Have diag_print() show the line of the file that a message is about, with a mark below the place. */
void diag_show_source(struct diag *diag);

/** Print everything collected, in order of place, and forget it; the count of errors stays. */
void diag_print(struct diag *diag, FILE *out);
