/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/layout.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"
#include "tool/base/range.h"

/** So many of the largest requests are named when RAM runs out. */
#define LARGEST_SHOWN 5u

size_t layout_add(struct layout *layout, const struct layout_range *request)
{
    layout->ranges = mem_grow(layout->ranges, layout->count, sizeof layout->ranges[0]);
    layout->ranges[layout->count] = *request;
    layout->ranges[layout->count].what = mem_strdup(request->what);
    return layout->count++;
}

void layout_free(struct layout *layout)
{
    for (size_t i = 0; i < layout->count; i++) {
        free((char *)layout->ranges[i].what);
    }
    free(layout->ranges);
    free(layout->by_base);
    *layout = (struct layout){0};
}

uint64_t layout_bytes(const struct layout *layout, enum layout_kind kind)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < layout->count; i++) {
        if (layout->ranges[i].kind == kind) {
            sum += layout->ranges[i].bytes;
        }
    }
    return sum;
}

const char *layout_kind_name(enum layout_kind kind)
{
    static const char *const names[LAYOUT_KIND_COUNT] = {
        [LAYOUT_FIRMWARE] = "firmware", [LAYOUT_KERNEL] = "kernel",         [LAYOUT_TABLES] = "tables",
        [LAYOUT_PROGRAM] = "programs",  [LAYOUT_MEMORY] = "memory regions", [LAYOUT_DEVICE] = "devices",
    };

    return names[kind];
}

/** Index in by_base of the first placed range whose base is at or above `base`. */
static size_t position(const struct layout *layout, size_t placed, uint64_t base)
{
    size_t low = 0;

    while (low < placed && layout->ranges[layout->by_base[low]].base < base) {
        low++;
    }
    return low;
}

static void insert(struct layout *layout, size_t *placed, size_t range)
{
    size_t at = position(layout, *placed, layout->ranges[range].base);

    memmove(&layout->by_base[at + 1], &layout->by_base[at], (*placed - at) * sizeof layout->by_base[0]);
    layout->by_base[at] = range;
    (*placed)++;
}

static bool overlap(const struct layout_range *a, const struct layout_range *b)
{
    return range_overlaps(a->base, a->bytes, b->base, b->bytes);
}

/** ERR_RANGE for a fixed range that wraps, or begins or ends in RAM without lying in it. */
static enum err check_fixed(const struct layout_range *range, const struct board_range *ram,
                            struct diag *diag)
{
    struct layout_range all = {.base = ram->base, .bytes = ram->bytes};
    bool inside = range->base >= ram->base && range->base - ram->base <= ram->bytes &&
                  range->bytes <= ram->bytes - (range->base - ram->base);
    bool wraps = range->bytes > UINT64_MAX - range->base;

    if (!wraps && (inside || (range->kind == LAYOUT_DEVICE && !overlap(range, &all)))) {
        return ERR_OK;
    }
    diag_error(diag, range->loc, "%s at 0x%llx, 0x%llx bytes long, does not lie in RAM (0x%llx..0x%llx)",
               range->what, (unsigned long long)range->base, (unsigned long long)range->bytes,
               (unsigned long long)ram->base, (unsigned long long)(ram->base + ram->bytes - 1));
    return ERR_RANGE;
}

static enum err place_fixed(struct layout *layout, const struct board_range *ram, size_t *placed,
                            struct diag *diag)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < layout->count; i++) {
        const struct layout_range *range = &layout->ranges[i];

        if (!range->fixed) {
            continue;
        }
        if (check_fixed(range, ram, diag) != ERR_OK) {
            err = ERR_RANGE;
            continue;
        }
        for (size_t j = 0; j < *placed; j++) {
            const struct layout_range *other = &layout->ranges[layout->by_base[j]];

            if (overlap(range, other)) {
                diag_error(diag, range->loc, "%s at 0x%llx, 0x%llx bytes long, overlaps %s at 0x%llx",
                           range->what, (unsigned long long)range->base, (unsigned long long)range->bytes,
                           other->what, (unsigned long long)other->base);
                if (other->loc.file != NULL) { /* the board's things come from no file */
                    diag_note(diag, other->loc, "%s is here", other->what);
                }
                err = ERR_STATE;
            }
        }
        insert(layout, placed, i);
    }
    return err;
}

/** First fit: the lowest aligned gap of RAM between placed ranges. */
static bool place(struct layout *layout, const struct board_range *ram, size_t placed,
                  struct layout_range *range)
{
    uint64_t at = ram->base;

    for (size_t i = position(layout, placed, ram->base);; i++) {
        const struct layout_range *next = i < placed ? &layout->ranges[layout->by_base[i]] : NULL;
        uint64_t end =
            next != NULL && next->base < ram->base + ram->bytes ? next->base : ram->base + ram->bytes;
        uint64_t aligned = (at + range->align - 1) & ~(range->align - 1);

        if (aligned <= end && range->bytes <= end - aligned) {
            range->base = aligned;
            return true;
        }
        if (next == NULL || end != next->base) {
            return false;
        }
        at = next->base + next->bytes;
    }
}

static int compare_size(const void *a, const void *b)
{
    const struct layout_range *first = *(const struct layout_range *const *)a;
    const struct layout_range *second = *(const struct layout_range *const *)b;

    if (first->bytes != second->bytes) {
        return first->bytes > second->bytes ? -1 : 1;
    }
    return first < second ? -1 : first > second;
}

static double mebibytes(uint64_t bytes)
{
    return (double)bytes / (1024.0 * 1024.0);
}

/** Say how much RAM is asked for and by what. */
static void report_shortage(const struct layout *layout, const struct board_range *ram,
                            const struct layout_range *failed, struct diag *diag)
{
    const struct layout_range **sorted = mem_zalloc(layout->count * sizeof *sorted);
    uint64_t total = 0;
    size_t count = 0;

    for (size_t i = 0; i < layout->count; i++) {
        if (layout->ranges[i].kind != LAYOUT_DEVICE) {
            sorted[count++] = &layout->ranges[i];
            total += layout->ranges[i].bytes;
        }
    }
    qsort(sorted, count, sizeof *sorted, compare_size);
    diag_error(
        diag, failed->loc,
        "out of RAM: no room for %s (%.1f MiB); the system asks for %.1f MiB and the board has %.1f MiB",
        failed->what, mebibytes(failed->bytes), mebibytes(total), mebibytes(ram->bytes));
    for (size_t i = 0; i < count && i < LARGEST_SHOWN; i++) {
        diag_note(diag, sorted[i]->loc, "%s takes %.1f MiB", sorted[i]->what, mebibytes(sorted[i]->bytes));
    }
    free(sorted);
}

/* Turns of placing. The tables come last of all, as their number depends on where everything else lies. */
enum turn { PLACE_FIRST, PLACE_BEHIND, PLACE_TABLES };

static enum turn turn_of(const struct layout_range *range)
{
    return range->kind == LAYOUT_TABLES ? PLACE_TABLES : range->behind ? PLACE_BEHIND : PLACE_FIRST;
}

static enum err place_free(struct layout *layout, const struct board_range *ram, size_t *placed,
                           enum turn turn, struct diag *diag)
{
    for (size_t i = 0; i < layout->count; i++) {
        struct layout_range *range = &layout->ranges[i];

        if (range->fixed || turn_of(range) != turn) {
            continue;
        }
        if (!place(layout, ram, *placed, range)) {
            report_shortage(layout, ram, range, diag);
            return ERR_SPACE;
        }
        insert(layout, placed, i);
    }
    return ERR_OK;
}

enum err layout_solve(struct layout *layout, const struct board_range *ram, struct diag *diag)
{
    size_t placed = 0;
    enum err err;

    free(layout->by_base);
    layout->by_base = mem_zalloc(layout->count * sizeof layout->by_base[0]);
    err = place_fixed(layout, ram, &placed, diag);
    if (err != ERR_OK) {
        return err;
    }
    err = place_free(layout, ram, &placed, PLACE_FIRST, diag);
    if (err == ERR_OK) {
        err = place_free(layout, ram, &placed, PLACE_BEHIND, diag);
    }
    if (err == ERR_OK) {
        err = place_free(layout, ram, &placed, PLACE_TABLES, diag);
    }
    return err;
}
