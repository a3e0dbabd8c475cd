/* SPDX-License-Identifier: BSD-2-Clause */
/** What is shown of two samples: a table, or a line of JSON. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "console/top_sample.h"

/** By what rows are ordered: the largest first, names by the alphabet. */
enum top_order {
    TOP_ORDER_CPU = 0,
    TOP_ORDER_NAME,
    TOP_ORDER_EXITS,
    TOP_ORDER_NOTIFICATIONS,
    TOP_ORDER_INTERRUPTS,
    TOP_ORDER_COUNT
};

/** Its name, as in `--sort`. */
const char *top_show_order_name(enum top_order order);

/** How it is shown. */
struct top_view {
    enum top_order order;
    uint32_t rows; /**< lines of the terminal, 0: any number */
    uint32_t cols; /**< 0: any */
    bool is_terminal;
};

/** What has happened between `before` and `now`; `before` NULL: since the start. */
void top_show_table(FILE *out, const struct top_view *view, const struct top_sample *before,
                    const struct top_sample *now);

/** The same as a line of JSON, with the sums as well. */
void top_show_json(FILE *out, const struct top_sample *before, const struct top_sample *now);
