/* SPDX-License-Identifier: BSD-2-Clause */
/** Files of events that other programs read. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "console/trace_log.h"

/**
 * Common Trace Format 1.8 (diamon.org/ctf), as babeltrace2 and Trace Compass read it: the text that describes the streams,
 * and one stream for each core, `core`. An error shows in ferror().
 */
void trace_ctf_metadata(FILE *out, const struct trace_log *log);
void trace_ctf_stream(FILE *out, const struct trace_log *log, uint32_t core);

/** The same as a folder of files, which must not be there yet or be empty. False: it was said why not. */
bool trace_ctf_write(const char *folder, const struct trace_log *log);

/** Chrome's trace events, as ui.perfetto.dev and chrome://tracing open them: a lane for each core and for each thread. */
void trace_json_write(FILE *out, const struct trace_log *log);
