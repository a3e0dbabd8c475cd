/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/fdt/fdt_passthrough.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/fdt/fdt_board.h"

#define LIMIT_BYTES 0x100000u
#define PATH_BYTES 256u
#define NODES_MAX 64u
#define CELLS_MAX 64u
#define MAX_DEPTH 16u
#define NO_NODE (-1)

/** A node below the guest's root that is copied from the board. */
struct entry {
    int board_node;
    uint32_t clock_hz; /**< as in struct fdt_passed */
};

/** A node of the board that something refers to, or a clock that has taken its place; and its phandle in the guest. */
struct reference {
    int board_node;    /**< NO_NODE: a clock that is made here */
    uint32_t clock_hz; /**< of that */
    uint32_t phandle;
    char guest_path[PATH_BYTES];
};

struct copier {
    const void *board;
    void *guest;
    struct entry entries[NODES_MAX];
    size_t entry_count;
    struct reference references[NODES_MAX];
    size_t reference_count;
    uint32_t next_phandle;
    uint32_t clock_hz; /**< of the entry that is being copied */
    struct fdt_error *error;
};

/** Properties that hold phandles: by name or by its end. */
struct phandle_list {
    const char *name;
    bool is_suffix;
    const char
        *cells; /**< property of the provider that says how many cells follow; NULL: `fixed_cells` do */
    int fixed_cells;
    bool is_firmwares; /**< what firmware sets up once, and a guest may do without */
};
static const struct phandle_list phandle_lists[] = {
    {"clocks", false, "#clock-cells", 0, true},
    {"resets", false, "#reset-cells", 0, true},
    {"power-domains", false, "#power-domain-cells", 0, true},
    {"gpio-ranges", false, NULL, 3, true},
    {"dmas", false, "#dma-cells", 0, true},
    {"gpios", false, "#gpio-cells", 0, false},
    {"-gpios", true, "#gpio-cells", 0, false},
    {"-gpio", true, "#gpio-cells", 0, false},
    {"phys", false, "#phy-cells", 0, false},
    {"pwms", false, "#pwm-cells", 0, false},
    {"mboxes", false, "#mbox-cells", 0, false},
    {"io-channels", false, "#io-channel-cells", 0, false},
    {"interrupts-extended", false, "#interrupt-cells", 0, false},
    {"interrupt-parent", false, NULL, 0, false},
    {"phy-handle", false, NULL, 0, false},
    {"nvmem-cells", false, NULL, 0, false},
    {"memory-region", false, NULL, 0, false},
    {"-supply", true, NULL, 0, false},
};

/** What has no meaning in a guest, or is made again. */
static const char *const dropped[] = {"phandle",
                                      "linux,phandle",
                                      "iommus",
                                      "interconnects",
                                      "msi-parent",
                                      "assigned-clocks",
                                      "assigned-clock-parents",
                                      "assigned-clock-rates"};

static enum err fdt_failed(struct copier *copier, int result)
{
    return fdt_error_set(copier->error, result == -FDT_ERR_NOSPACE ? ERR_SPACE : ERR_FORMAT,
                         "cannot copy its node: %s", fdt_strerror(result));
}

static bool is_dropped(const char *name)
{
    for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++) {
        if (strcmp(name, dropped[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const struct phandle_list *find_phandle_list(const char *name)
{
    size_t length = strlen(name);
    static const struct phandle_list pinctrl = {"pinctrl-", false, NULL, 0, true};
    if (strncmp(name, "pinctrl-", 8) == 0 && strcmp(name, "pinctrl-names") != 0) {
        return &pinctrl;
    }
    for (size_t i = 0; i < sizeof phandle_lists / sizeof phandle_lists[0]; i++) {
        const struct phandle_list *list = &phandle_lists[i];
        size_t end = strlen(list->name);
        if (list->is_suffix ? length > end && strcmp(name + length - end, list->name) == 0
                            : strcmp(name, list->name) == 0) {
            return length >= 8 && strcmp(name + length - 8, "nr-gpios") == 0 ? NULL : list; /* a number */
        }
    }
    return NULL;
}

/** The entry that `node` is, or is below; NULL if none. */
static const struct entry *entry_above(const struct copier *copier, int node)
{
    while (node > 0) {
        for (size_t i = 0; i < copier->entry_count; i++) {
            if (copier->entries[i].board_node == node) {
                return &copier->entries[i];
            }
        }
        node = fdt_parent_offset(copier->board, node);
    }
    return NULL;
}

static enum err add_entry(struct copier *copier, int node, uint32_t clock_hz)
{
    if (copier->entry_count == NODES_MAX) {
        return fdt_error_set(copier->error, ERR_UNSUPPORTED, "more than %u nodes to copy", NODES_MAX);
    }
    copier->entries[copier->entry_count++] = (struct entry){node, clock_hz};
    return ERR_OK;
}

/** Whether `node` is a mere description: no registers, no interrupts, nothing to share or fight about. */
static bool is_description(const void *board, int node)
{
    static const char *const compatible[] = {"fixed-clock", "fixed-factor-clock", "regulator-fixed"};
    for (size_t i = 0; i < sizeof compatible / sizeof compatible[0]; i++) {
        if (fdt_node_check_compatible(board, node, compatible[i]) == 0) {
            return fdt_getprop(board, node, "reg", NULL) == NULL;
        }
    }
    return false;
}

/** Where the copy of the board's `node`, which is `entry` or below it, will be in the guest. */
static enum err guest_path(struct copier *copier, const struct entry *entry, int node, char *path)
{
    char full[PATH_BYTES];
    char above[PATH_BYTES] = "";
    int parent = fdt_parent_offset(copier->board, entry->board_node);
    if (fdt_get_path(copier->board, node, full, sizeof full) != 0 ||
        (parent > 0 && fdt_get_path(copier->board, parent, above, sizeof above) != 0)) {
        return fdt_error_set(copier->error, ERR_UNSUPPORTED, "its path is too long");
    }
    snprintf(path, PATH_BYTES, "%s", full + strlen(above));
    return ERR_OK;
}

static enum err add_reference(struct copier *copier, int node, struct reference **reference)
{
    if (copier->reference_count == NODES_MAX) {
        return fdt_error_set(copier->error, ERR_UNSUPPORTED, "it refers to more than %u nodes", NODES_MAX);
    }
    *reference = &copier->references[copier->reference_count++];
    (*reference)->board_node = node;
    (*reference)->phandle = copier->next_phandle++;
    return ERR_OK;
}

/** Whether `node` is in the guest, or comes along. */
static bool is_within_reach(const struct copier *copier, int node)
{
    return fdt_board_is_gic(copier->board, node) || entry_above(copier, node) != NULL ||
           is_description(copier->board, node);
}

/** The guest's phandle for the board's `node`, which is copied too if need be. */
static enum err refer(struct copier *copier, int node, const struct phandle_list *list, uint32_t *phandle)
{
    const struct entry *entry = entry_above(copier, node);
    struct reference *reference = NULL;
    char path[PATH_BYTES];
    enum err err;
    if (fdt_board_is_gic(copier->board, node)) {
        *phandle = FDT_GUEST_PHANDLE_GIC;
        return ERR_OK;
    }
    for (size_t i = 0; i < copier->reference_count; i++) {
        if (copier->references[i].board_node == node) {
            *phandle = copier->references[i].phandle;
            return ERR_OK;
        }
    }
    if (!is_within_reach(copier, node)) {
        return fdt_error_set(
            copier->error, ERR_UNSUPPORTED, "it needs %s: pass that through too%s",
            fdt_board_path(copier->board, node, path, sizeof path),
            list == NULL || !list->is_firmwares
                ? ""
                : ", or leave clocks, power, resets and pins as firmware has set them: clock_hz");
    }
    if (entry == NULL) {
        err = add_entry(copier, node, 0);
        if (err != ERR_OK) {
            return err;
        }
        entry = &copier->entries[copier->entry_count - 1];
    }
    err = add_reference(copier, node, &reference);
    if (err != ERR_OK) {
        return err;
    }
    *phandle = reference->phandle;
    return guest_path(copier, entry, node, reference->guest_path);
}

/** The phandle of a fixed clock that stands for one which the guest cannot reach. */
static enum err refer_to_fixed_clock(struct copier *copier, uint32_t *phandle)
{
    struct reference *reference = NULL;
    for (size_t i = 0; i < copier->reference_count && reference == NULL; i++) {
        if (copier->references[i].board_node == NO_NODE &&
            copier->references[i].clock_hz == copier->clock_hz) {
            reference = &copier->references[i];
        }
    }
    if (reference == NULL) {
        enum err err = add_reference(copier, NO_NODE, &reference);
        if (err != ERR_OK) {
            return err;
        }
        reference->clock_hz = copier->clock_hz;
        snprintf(reference->guest_path, PATH_BYTES, "/clock-%u", copier->clock_hz);
    }
    *phandle = reference->phandle;
    return ERR_OK;
}

/** How many cells follow a phandle of `provider`. */
static int argument_count(const void *board, int provider, const struct phandle_list *list)
{
    int bytes = 0;
    const fdt32_t *cells = list->cells == NULL ? NULL : fdt_getprop(board, provider, list->cells, &bytes);
    if (list->cells == NULL) {
        return list->fixed_cells;
    }
    return cells != NULL && bytes == 4 && fdt32_to_cpu(*cells) < CELLS_MAX ? (int)fdt32_to_cpu(*cells) : -1;
}

static enum err copy_phandles(struct copier *copier, int guest_node, const char *name, const fdt32_t *cells,
                              int count, const struct phandle_list *list)
{
    bool is_clocks = strcmp(name, "clocks") == 0;
    fdt32_t out[CELLS_MAX];
    int out_count = 0;
    int result;
    if (count > (int)CELLS_MAX) {
        return fdt_error_set(copier->error, ERR_UNSUPPORTED, "its property %s is too long", name);
    }
    for (int i = 0; i < count;) {
        uint32_t phandle = 0;
        int provider = fdt_node_offset_by_phandle(copier->board, fdt32_to_cpu(cells[i]));
        int arguments = provider < 0 ? -1 : argument_count(copier->board, provider, list);
        bool is_left = list->is_firmwares && copier->clock_hz != 0 && provider >= 0 &&
                       !is_within_reach(copier, provider);
        enum err err;
        if (arguments < 0 || i + 1 + arguments > count) {
            return fdt_error_set(copier->error, ERR_FORMAT, "its property %s cannot be read", name);
        }
        if (is_left && !is_clocks) {
            return ERR_OK; /* as the firmware has left it */
        }
        err = is_left ? refer_to_fixed_clock(copier, &phandle) : refer(copier, provider, list, &phandle);
        if (err != ERR_OK) {
            return err;
        }
        out[out_count++] = cpu_to_fdt32(phandle);
        if (!is_left) {
            memcpy(&out[out_count], &cells[i + 1], (size_t)arguments * sizeof out[0]);
            out_count += arguments;
        }
        i += 1 + arguments;
    }
    result = fdt_setprop(copier->guest, guest_node, name, out, out_count * 4);
    return result == 0 ? ERR_OK : fdt_failed(copier, result);
}

/** The node's `reg` as the guest's root wants it: two address and two size cells. */
static enum err copy_reg(struct copier *copier, int board_node, int guest_node)
{
    for (unsigned int i = 0;; i++) {
        fdt64_t cells[2];
        struct fdt_range window;
        int result;
        enum err err = fdt_board_window(copier->board, board_node, i, &window, copier->error);
        if (err == ERR_EMPTY) {
            return ERR_OK;
        }
        if (err != ERR_OK) {
            return err;
        }
        cells[0] = cpu_to_fdt64(window.gpa);
        cells[1] = cpu_to_fdt64(window.bytes);
        result = fdt_appendprop(copier->guest, guest_node, "reg", cells, sizeof cells);
        if (result != 0) {
            return fdt_failed(copier, result);
        }
    }
}

static enum err copy_property(struct copier *copier, int property, int board_node, int guest_node,
                              bool is_top)
{
    const char *name = NULL;
    int bytes = 0;
    int result;
    const void *value = fdt_getprop_by_offset(copier->board, property, &name, &bytes);
    const struct phandle_list *list;
    if (value == NULL || name == NULL) {
        return fdt_error_set(copier->error, ERR_FORMAT, "its properties cannot be read");
    }
    if (is_dropped(name)) {
        return ERR_OK;
    }
    if (is_top && strcmp(name, "reg") == 0) {
        return copy_reg(copier, board_node, guest_node);
    }
    if (is_top && strcmp(name, "ranges") == 0 && bytes > 0 &&
        fdt_parent_offset(copier->board, board_node) != 0) {
        return fdt_error_set(copier->error, ERR_UNSUPPORTED, "it is a bus below another bus");
    }
    list = find_phandle_list(name);
    if (list != NULL && bytes % 4 == 0) {
        return copy_phandles(copier, guest_node, name, value, bytes / 4, list);
    }
    result = fdt_setprop(copier->guest, guest_node, name, value, bytes);
    return result == 0 ? ERR_OK : fdt_failed(copier, result);
}

/** A copied node is below another parent: say whose interrupts it has, unless the guest's root says so. */
static enum err copy_interrupt_parent(struct copier *copier, int board_node, int guest_node)
{
    int parent = fdt_board_interrupt_parent(copier->board, board_node);
    uint32_t phandle = 0;
    enum err err;
    int result;
    if (fdt_getprop(copier->board, board_node, "interrupts", NULL) == NULL || parent < 0 ||
        fdt_getprop(copier->board, board_node, "interrupt-parent", NULL) != NULL ||
        fdt_board_is_gic(copier->board, parent)) {
        return ERR_OK;
    }
    err = refer(copier, parent, NULL, &phandle);
    if (err != ERR_OK) {
        return err;
    }
    result = fdt_setprop_u32(copier->guest, guest_node, "interrupt-parent", phandle);
    return result == 0 ? ERR_OK : fdt_failed(copier, result);
}

/**
 * Copy `board_node` as a child of `guest_parent`. Properties first: adding nodes moves what comes after them,
 * but not the node itself.
 */
static enum err copy_node(struct copier *copier, int board_node, int guest_parent, unsigned int depth)
{
    const char *name = fdt_get_name(copier->board, board_node, NULL);
    int guest_node = fdt_add_subnode(copier->guest, guest_parent, name);
    enum err err = ERR_OK;
    int property;
    int child;
    if (guest_node == -FDT_ERR_EXISTS) {
        return fdt_error_set(copier->error, ERR_RANGE, "the guest has a node \"%s\" of its own", name);
    }
    if (guest_node < 0) {
        return fdt_failed(copier, guest_node);
    }
    if (depth == MAX_DEPTH) {
        return fdt_error_set(copier->error, ERR_UNSUPPORTED, "its tree is deeper than %u nodes", MAX_DEPTH);
    }
    fdt_for_each_property_offset(property, copier->board, board_node)
    {
        if (err == ERR_OK) {
            err = copy_property(copier, property, board_node, guest_node, depth == 0);
        }
    }
    if (err == ERR_OK && depth == 0) {
        err = copy_interrupt_parent(copier, board_node, guest_node);
    }
    fdt_for_each_subnode(child, copier->board, board_node)
    {
        if (err == ERR_OK) {
            err = copy_node(copier, child, guest_node, depth + 1);
        }
    }
    return err;
}

/** A clock of the guest's for `reference`. Returns its node, or libfdt's error. */
static int add_fixed_clock(void *guest, const struct reference *reference)
{
    int node = fdt_add_subnode(guest, 0, reference->guest_path + 1);
    int result = node < 0 ? node : fdt_setprop_u32(guest, node, "clock-frequency", reference->clock_hz);
    if (result == 0) {
        result = fdt_setprop_u32(guest, node, "#clock-cells", 0);
    }
    if (result == 0) {
        result = fdt_setprop_string(guest, node, "compatible", "fixed-clock");
    }
    return result == 0 ? node : result;
}

static enum err set_phandles(struct copier *copier)
{
    for (size_t i = 0; i < copier->reference_count; i++) {
        const struct reference *reference = &copier->references[i];
        int node = reference->board_node == NO_NODE ? add_fixed_clock(copier->guest, reference)
                                                    : fdt_path_offset(copier->guest, reference->guest_path);
        int result = node < 0 ? node : fdt_setprop_u32(copier->guest, node, "phandle", reference->phandle);
        if (result != 0) {
            return fdt_failed(copier, result);
        }
    }
    return ERR_OK;
}

static enum err find_entries(struct copier *copier, const struct fdt_passed *nodes, size_t count,
                             size_t *culprit)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        int node = fdt_path_offset(copier->board, nodes[i].path);
        *culprit = i;
        if (node <= 0) {
            return fdt_error_set(copier->error, ERR_RANGE, "the board's device tree has no node \"%s\"",
                                 nodes[i].path);
        }
        if (entry_above(copier, node) != NULL) {
            return fdt_error_set(copier->error, ERR_RANGE, "\"%s\" is passed through twice", nodes[i].path);
        }
        err = add_entry(copier, node, nodes[i].clock_hz);
    }
    return err;
}

static enum err copy_all(struct copier *copier, const struct fdt_passed *nodes, size_t count, size_t *culprit)
{
    uint32_t highest = 0;
    enum err err = find_entries(copier, nodes, count, culprit);
    int result = fdt_find_max_phandle(copier->guest, &highest);
    if (err == ERR_OK && result != 0) {
        return fdt_failed(copier, result);
    }
    copier->next_phandle = highest + 1;
    /* The list grows by what comes along, for the sake of the one before. */
    for (size_t i = 0; i < copier->entry_count && err == ERR_OK; i++) {
        *culprit = i < count ? i : *culprit;
        copier->clock_hz = copier->entries[i].clock_hz;
        err = copy_node(copier, copier->entries[i].board_node, 0, 0);
    }
    return err == ERR_OK ? set_phandles(copier) : err;
}

enum err fdt_passthrough_copy(struct fdt_blob *guest, const void *board, const struct fdt_passed *nodes,
                              size_t count, size_t *culprit, struct fdt_error *error)
{
    struct copier *copier = calloc(1, sizeof *copier);
    void *larger = calloc(1, LIMIT_BYTES);
    enum err err;
    *culprit = 0;
    if (copier == NULL || larger == NULL) {
        abort();
    }
    *copier = (struct copier){.board = board, .guest = larger, .error = error};
    err = fdt_open_into(guest->data, larger, LIMIT_BYTES) == 0
              ? copy_all(copier, nodes, count, culprit)
              : fdt_error_set(error, ERR_SPACE, "the guest's device tree is too large");
    if (err == ERR_OK && fdt_pack(larger) != 0) {
        err = fdt_error_set(error, ERR_FORMAT, "the guest's device tree cannot be packed");
    }
    free(copier);
    if (err != ERR_OK) {
        free(larger);
        return err;
    }
    free(guest->data);
    guest->data = larger;
    guest->bytes = fdt_totalsize(larger);
    return ERR_OK;
}
