/* SPDX-License-Identifier: BSD-2-Clause */
/* What is shown of two samples. */
#include "console/top_show.h"

#include <stdlib.h>
#include <string.h>

#include "console/json.h"

#define LINE_BYTES 256

static const char *const order_names[TOP_ORDER_COUNT] = {"cpu", "name", "exits", "notifications",
                                                         "interrupts"};

const char *top_show_order_name(enum top_order order)
{
    return order_names[order];
}

/* Two samples, and the time between. */
struct span {
    const struct top_sample *before; /* NULL: since the start */
    const struct top_sample *now;
    double seconds;
};

static struct span span_of(const struct top_sample *before, const struct top_sample *now)
{
    const bool follows = before != NULL && before->ticks < now->ticks;
    const uint64_t ticks = follows ? now->ticks - before->ticks : now->ticks;

    return (struct span){.before = follows ? before : NULL,
                         .now = now,
                         .seconds = ticks == 0 ? 1.0 : (double)ticks / (double)now->hz};
}

/* What was added to value `index` of a row. A thing that counts less than before was started again. */
static uint64_t added(const struct span *span, const struct top_row *row, uint32_t index)
{
    const struct top_kind *kind = &span->now->kinds[row->kind];
    const struct top_row *then = span->before == NULL ? NULL : top_sample_find(span->before, kind, row);
    const uint64_t value = row->values[index];

    return then == NULL || then->values[index] > value ? value : value - then->values[index];
}

/* The same by the second, of the value with that name; 0: there is none. */
static double rate(const struct span *span, const struct top_row *row, const char *name)
{
    const uint32_t index = top_sample_value(&span->now->kinds[row->kind], name);

    return index == TOP_MAX_VALUES ? 0 : (double)added(span, row, index) / span->seconds;
}

static double cpu_percent(const struct span *span, const struct top_row *row)
{
    const double percent = 100.0 * rate(span, row, "run_ticks") / (double)span->now->hz;

    return percent > 100.0 ? 100.0 : percent;
}

/* Order of rows. */

static const struct span *sorted_span;
static enum top_order sorted_order;

static double order_key(const struct top_row *row)
{
    switch (sorted_order) {
    case TOP_ORDER_EXITS:
        return rate(sorted_span, row, "exits");
    case TOP_ORDER_NOTIFICATIONS:
        return rate(sorted_span, row, "notifications");
    case TOP_ORDER_INTERRUPTS:
        return rate(sorted_span, row, "virtual_interrupts");
    default:
        return cpu_percent(sorted_span, row);
    }
}

static int compare(const void *left, const void *right)
{
    const struct top_row *a = *(const struct top_row *const *)left;
    const struct top_row *b = *(const struct top_row *const *)right;
    const double difference = sorted_order == TOP_ORDER_NAME ? 0 : order_key(b) - order_key(a);

    return difference > 0 ? 1 : difference < 0 ? -1 : strcmp(a->name, b->name);
}

/* Rows of a kind, in order; returns how many. */
static uint32_t sort_rows(const struct span *span, enum top_order order, const char *kind_name,
                          const struct top_row *rows[TOP_MAX_ROWS])
{
    const uint32_t kind = top_sample_kind(span->now, kind_name);
    uint32_t count = 0;

    for (uint32_t i = 0; i < span->now->row_count; i++) {
        if (span->now->rows[i].kind == kind) {
            rows[count++] = &span->now->rows[i];
        }
    }
    sorted_span = span;
    sorted_order = order;
    qsort(rows, count, sizeof(rows[0]), compare);
    return count;
}

/* The table. */

struct page {
    FILE *out;
    const struct top_view *view;
    uint32_t lines; /* printed so far */
};

/* A line, cut at the terminal's edge. */
static void put_line(struct page *page, const char *text)
{
    const uint32_t cols = page->view->cols;

    if (page->view->rows != 0 && page->lines + 1 >= page->view->rows) {
        return;
    }
    fprintf(page->out, "%.*s%s\n", cols == 0 ? LINE_BYTES : (int)cols, text,
            page->view->is_terminal ? "\x1b[K" : "");
    page->lines++;
}

/* A rate in five characters. */
static const char *short_number(double value, char text[16])
{
    static const char units[] = " kMG";
    size_t unit = 0;

    while (value >= 9999.5 && unit < sizeof(units) - 2) {
        value /= 1000;
        unit++;
    }
    (void)snprintf(text, 16, unit == 0 ? "%.0f" : "%.1f%c", value, units[unit]);
    return text;
}

static int add_rate(char *line, int used, double value, int width)
{
    char text[16];

    return used +
           snprintf(line + used, (size_t)(LINE_BYTES - used), " %*s", width, short_number(value, text));
}

static const struct {
    const char *title;
    const char *value;
} thread_columns[] = {
    {"exits", "exits"},         {"mmio", "exits_mmio"},         {"doorb", "exits_doorbell"},
    {"wfi", "exits_wfi"},       {"call", "exits_call"},         {"sysreg", "exits_sysreg"},
    {"irq", "exits_irq"},       {"virq", "virtual_interrupts"}, {"post", "posted_interrupts"},
    {"notif", "notifications"}, {"calls", "syscalls"},          {"switch", "switches"},
};
#define THREAD_COLUMNS (sizeof(thread_columns) / sizeof(thread_columns[0]))

static void put_cores(struct page *page, const struct span *span)
{
    const struct top_row *rows[TOP_MAX_ROWS];
    const uint32_t count = sort_rows(span, TOP_ORDER_NAME, "core", rows);
    char line[LINE_BYTES];
    int used = snprintf(line, sizeof(line), "up %.0f s", (double)span->now->ticks / (double)span->now->hz);

    for (uint32_t i = 0; i < count && used < LINE_BYTES - 40; i++) {
        const double idle = 100.0 * rate(span, rows[i], "idle_ticks") / (double)span->now->hz;

        used += snprintf(line + used, (size_t)(LINE_BYTES - used), "   core %s %.1f %% busy", rows[i]->name,
                         idle > 100.0 ? 0.0 : 100.0 - idle);
    }
    put_line(page, line);
}

static void put_threads(struct page *page, const struct span *span)
{
    const struct top_row *rows[TOP_MAX_ROWS];
    const uint32_t count = sort_rows(span, page->view->order, "thread", rows);
    char line[LINE_BYTES];
    int used =
        snprintf(line, sizeof(line), "%-18s %-4s %4s %4s %6s", "NAME", "kind", "core", "prio", "cpu %");

    if (count == 0) {
        return;
    }
    for (size_t i = 0; i < THREAD_COLUMNS; i++) {
        used += snprintf(line + used, (size_t)(LINE_BYTES - used), " %6s", thread_columns[i].title);
    }
    put_line(page, line);
    for (uint32_t i = 0; i < count; i++) {
        used = snprintf(line, sizeof(line), "%-18.40s %-4s %4u %4u %6.1f", rows[i]->name, rows[i]->type,
                        rows[i]->core, rows[i]->priority, cpu_percent(span, rows[i]));
        for (size_t k = 0; k < THREAD_COLUMNS; k++) {
            used = add_rate(line, used, rate(span, rows[i], thread_columns[k].value), 6);
        }
        put_line(page, line);
    }
}

/* Rows of another kind, with all their values that are not 0: "name: a 1  b 2". */
static void put_others(struct page *page, const struct span *span, const char *kind, const char *title)
{
    const struct top_row *rows[TOP_MAX_ROWS];
    const uint32_t count = sort_rows(span, TOP_ORDER_NAME, kind, rows);
    char text[16];

    if (count > 0) {
        put_line(page, "");
        put_line(page, title);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct top_kind *names = &span->now->kinds[rows[i]->kind];
        char line[LINE_BYTES];
        int used = snprintf(line, sizeof(line), "%-18.60s", rows[i]->name);

        for (uint32_t k = 0; k < names->count && used < LINE_BYTES - 48; k++) {
            if (rows[i]->values[k] != 0) {
                used += snprintf(line + used, (size_t)(LINE_BYTES - used), "  %s %s", names->values[k],
                                 short_number((double)added(span, rows[i], k) / span->seconds, text));
            }
        }
        put_line(page, line);
    }
}

void top_show_table(FILE *out, const struct top_view *view, const struct top_sample *before,
                    const struct top_sample *now)
{
    const struct span span = span_of(before, now);
    struct page page = {.out = out, .view = view};
    char line[LINE_BYTES];

    fputs(view->is_terminal ? "\x1b[H" : "", out);
    put_cores(&page, &span);
    (void)snprintf(line, sizeof(line), "all by the second%s; sorted by %s",
                   span.before == NULL ? ", since the start" : "", order_names[view->order]);
    put_line(&page, line);
    put_line(&page, "");
    put_threads(&page, &span);
    put_others(&page, &span, "switch", "SWITCHES");
    put_others(&page, &span, "port", "PORTS");
    put_others(&page, &span, "disk", "DISKS");
    fputs(view->is_terminal ? "\x1b[J" : "", out);
    fflush(out);
}

/* JSON. */

static void put_row(FILE *out, const struct span *span, const struct top_row *row)
{
    const struct top_kind *kind = &span->now->kinds[row->kind];

    fputs("{\"name\":", out);
    json_put_string(out, row->name);
    if (row->type[0] != '\0') {
        fputs(",\"type\":", out);
        json_put_string(out, row->type);
        fprintf(out, ",\"core\":%u,\"priority\":%u", row->core, row->priority);
    }
    if (top_sample_value(kind, "run_ticks") != TOP_MAX_VALUES) {
        fprintf(out, ",\"cpu_percent\":%.3f", cpu_percent(span, row));
    }
    fputs(",\"total\":{", out);
    for (uint32_t i = 0; i < kind->count; i++) {
        fputs(i == 0 ? "" : ",", out);
        json_put_string(out, kind->values[i]);
        fprintf(out, ":%llu", (unsigned long long)row->values[i]);
    }
    fputs("},\"per_second\":{", out);
    for (uint32_t i = 0; i < kind->count; i++) {
        fputs(i == 0 ? "" : ",", out);
        json_put_string(out, kind->values[i]);
        fprintf(out, ":%.3f", (double)added(span, row, i) / span->seconds);
    }
    fputs("}}", out);
}

void top_show_json(FILE *out, const struct top_sample *before, const struct top_sample *now)
{
    const struct span span = span_of(before, now);

    fprintf(out, "{\"ticks\":%llu,\"hz\":%llu,\"seconds\":%.6f", (unsigned long long)now->ticks,
            (unsigned long long)now->hz, span.seconds);
    for (uint32_t kind = 0; kind < now->kind_count; kind++) {
        bool any = false;

        fputc(',', out);
        json_put_string(out, now->kinds[kind].name);
        fputs(":[", out);
        for (uint32_t i = 0; i < now->row_count; i++) {
            if (now->rows[i].kind == kind) {
                fputs(any ? "," : "", out);
                put_row(out, &span, &now->rows[i]);
                any = true;
            }
        }
        fputc(']', out);
    }
    fputs("}\n", out);
    fflush(out);
}
