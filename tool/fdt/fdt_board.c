/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/fdt/fdt_board.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tool/base/range.h"

#define PATH_BYTES 128u
#define MAX_DEPTH 16u
enum { GIC_SPI = 0, GIC_CELLS = 3, FIRST_SPI = 32, INTID_LIMIT = 1020 };

enum err fdt_error_set(struct fdt_error *error, enum err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return err;
}

const char *fdt_board_path(const void *dtb, int node, char *text, size_t bytes)
{
    if (fdt_get_path(dtb, node, text, (int)bytes) != 0) {
        const char *name = fdt_get_name(dtb, node, NULL);
        snprintf(text, bytes, ".../%s", name == NULL ? "?" : name);
    }
    return text;
}

const char *fdt_board_string(const void *dtb, int node, const char *name)
{
    int bytes = 0;
    const char *value = fdt_getprop(dtb, node, name, &bytes);
    return value != NULL && bytes > 0 && value[bytes - 1] == '\0' ? value : NULL;
}

enum err fdt_board_check(const void *dtb, size_t bytes, struct fdt_error *error)
{
    int result = bytes < sizeof(struct fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_full(dtb, bytes);
    if (result != 0) {
        return fdt_error_set(error, ERR_FORMAT, "not a valid device tree: %s", fdt_strerror(result));
    }
    return ERR_OK;
}

/** `count` (0..2) cells as a number. */
static uint64_t get_cells(const fdt32_t *cells, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++) {
        value = value << 32 | fdt32_to_cpu(cells[i]);
    }
    return value;
}

static bool are_cells_usable(int address, int size)
{
    return address >= 1 && address <= 2 && size >= 0 && size <= 2;
}

/** Translate `range`, in the address space of children of `bus`, to that of the bus's parent. */
static enum err translate_once(const void *dtb, int bus, int parent, struct fdt_range *range,
                               struct fdt_error *error)
{
    char path[PATH_BYTES];
    int bytes = 0;
    int child_cells = fdt_address_cells(dtb, bus);
    int parent_cells = fdt_address_cells(dtb, parent);
    int size_cells = fdt_size_cells(dtb, bus);
    int entry = child_cells + parent_cells + size_cells;
    const fdt32_t *cells = fdt_getprop(dtb, bus, "ranges", &bytes);
    if (cells != NULL && bytes == 0) {
        return ERR_OK;
    }
    if (cells == NULL || !are_cells_usable(child_cells, size_cells) || !are_cells_usable(parent_cells, 1)) {
        return fdt_error_set(error, ERR_UNSUPPORTED, "addresses below %s are not memory addresses",
                             fdt_board_path(dtb, bus, path, sizeof path));
    }
    for (int i = 0; (i + entry) * 4 <= bytes; i += entry) {
        uint64_t child = get_cells(cells + i, child_cells);
        uint64_t base = get_cells(cells + i + child_cells, parent_cells);
        uint64_t size = get_cells(cells + i + child_cells + parent_cells, size_cells);
        if (range->gpa >= child && range->bytes <= size && range->gpa - child <= size - range->bytes) {
            range->gpa = base + (range->gpa - child);
            return ERR_OK;
        }
    }
    return fdt_error_set(error, ERR_RANGE, "%s does not translate address 0x%" PRIx64,
                         fdt_board_path(dtb, bus, path, sizeof path), range->gpa);
}

enum err fdt_board_window(const void *dtb, int node, unsigned int index, struct fdt_range *window,
                          struct fdt_error *error)
{
    int bytes = 0;
    int bus = fdt_parent_offset(dtb, node);
    const fdt32_t *cells = fdt_getprop(dtb, node, "reg", &bytes);
    int address_cells = bus < 0 ? 0 : fdt_address_cells(dtb, bus);
    int size_cells = bus < 0 ? 0 : fdt_size_cells(dtb, bus);
    uint64_t start = (uint64_t)index * (unsigned int)(address_cells + size_cells);
    if (cells == NULL || bus < 0 || start * 4 >= (uint64_t)bytes) {
        return ERR_EMPTY;
    }
    if (!are_cells_usable(address_cells, size_cells) ||
        (start + (unsigned int)(address_cells + size_cells)) * 4 > (uint64_t)bytes) {
        return fdt_error_set(error, ERR_FORMAT, "its reg property cannot be read");
    }
    window->gpa = get_cells(cells + start, address_cells);
    window->bytes = get_cells(cells + start + address_cells, size_cells);
    while (bus != 0) {
        int parent = fdt_parent_offset(dtb, bus);
        enum err err = parent < 0 ? ERR_FORMAT : translate_once(dtb, bus, parent, window, error);
        if (err != ERR_OK) {
            return err;
        }
        bus = parent;
    }
    if (window->bytes > UINT64_MAX - FDT_BOARD_PAGE_BYTES - window->gpa) {
        return fdt_error_set(error, ERR_FORMAT, "its registers wrap around the address space");
    }
    return ERR_OK;
}

static int find_phandle(const void *dtb, const fdt32_t *cell)
{
    return fdt_node_offset_by_phandle(dtb, fdt32_to_cpu(*cell));
}

int fdt_board_interrupt_parent(const void *dtb, int node)
{
    for (unsigned int depth = 0; node >= 0 && depth < MAX_DEPTH; depth++) {
        int bytes = 0;
        const fdt32_t *parent = fdt_getprop(dtb, node, "interrupt-parent", &bytes);
        if (parent != NULL && bytes == 4) {
            return find_phandle(dtb, parent);
        }
        node = fdt_parent_offset(dtb, node);
        if (node >= 0 && fdt_getprop(dtb, node, "interrupt-controller", NULL) != NULL) {
            return node;
        }
    }
    return -FDT_ERR_NOTFOUND;
}

bool fdt_board_is_gic(const void *dtb, int node)
{
    static const char *const compatible[] = {"arm,cortex-a15-gic", "arm,gic-400", "arm,cortex-a9-gic",
                                             "arm,gic-v3"};
    for (size_t i = 0; i < sizeof compatible / sizeof compatible[0]; i++) {
        if (fdt_node_check_compatible(dtb, node, compatible[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum err add_irq(struct fdt_board_device *device, const fdt32_t *cells, struct fdt_error *error)
{
    uint32_t number = fdt32_to_cpu(cells[1]);
    uint32_t type = fdt32_to_cpu(cells[2]) & 0xf;
    if (fdt32_to_cpu(cells[0]) != GIC_SPI || number >= INTID_LIMIT - FIRST_SPI) {
        return fdt_error_set(error, ERR_UNSUPPORTED, "it has an interrupt that is no shared peripheral one");
    }
    if (device->irq_count == FDT_BOARD_MAX_IRQS) {
        return fdt_error_set(error, ERR_UNSUPPORTED, "it has more than %u interrupts", FDT_BOARD_MAX_IRQS);
    }
    device->irqs[device->irq_count++] =
        (struct fdt_board_irq){.intid = FIRST_SPI + number, .edge = type == 1 || type == 2};
    return ERR_OK;
}

/** `interrupts` that go to the GIC; those to other controllers are between the devices. */
static enum err add_irqs(const void *dtb, int node, struct fdt_board_device *device, struct fdt_error *error)
{
    int bytes = 0;
    const fdt32_t *cells = fdt_getprop(dtb, node, "interrupts", &bytes);
    int parent = cells == NULL ? -1 : fdt_board_interrupt_parent(dtb, node);
    enum err err = ERR_OK;
    if (fdt_getprop(dtb, node, "interrupt-map", NULL) != NULL) {
        return fdt_error_set(error, ERR_UNSUPPORTED, "it has an interrupt map");
    }
    if (parent < 0 || !fdt_board_is_gic(dtb, parent)) {
        return ERR_OK;
    }
    if (bytes % (GIC_CELLS * 4) != 0) {
        return fdt_error_set(error, ERR_FORMAT, "its interrupts property cannot be read");
    }
    for (int i = 0; i < bytes / 4 && err == ERR_OK; i += GIC_CELLS) {
        err = add_irq(device, cells + i, error);
    }
    return err;
}

/** `interrupts-extended`: the same with the controller in front of each. */
static enum err add_extended_irqs(const void *dtb, int node, struct fdt_board_device *device,
                                  struct fdt_error *error)
{
    int bytes = 0;
    const fdt32_t *cells = fdt_getprop(dtb, node, "interrupts-extended", &bytes);
    enum err err = ERR_OK;
    for (int i = 0; cells != NULL && i < bytes / 4 && err == ERR_OK;) {
        int size = 0;
        int parent = find_phandle(dtb, cells + i);
        const fdt32_t *count = parent < 0 ? NULL : fdt_getprop(dtb, parent, "#interrupt-cells", &size);
        int step = count == NULL || size != 4 ? -1 : (int)(fdt32_to_cpu(*count) & 0xff);
        if (step < 0 || (i + 1 + step) * 4 > bytes) {
            return fdt_error_set(error, ERR_FORMAT, "its interrupts-extended property cannot be read");
        }
        if (fdt_board_is_gic(dtb, parent) && step == GIC_CELLS) {
            err = add_irq(device, cells + i + 1, error);
        }
        i += 1 + step;
    }
    return err;
}

enum err fdt_board_irqs(const void *dtb, int node, struct fdt_board_device *device, struct fdt_error *error)
{
    enum err err = add_irqs(dtb, node, device, error);
    return err == ERR_OK ? add_extended_irqs(dtb, node, device, error) : err;
}

bool fdt_board_is_enabled(const void *dtb, int node)
{
    const char *status = fdt_board_string(dtb, node, "status");
    return status == NULL || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

/** Add a window as whole pages, joined with those it touches. */
static enum err add_window(struct fdt_board_device *device, struct fdt_range window, struct fdt_error *error)
{
    uint64_t start = window.gpa / FDT_BOARD_PAGE_BYTES * FDT_BOARD_PAGE_BYTES;
    uint64_t end =
        (window.gpa + window.bytes + FDT_BOARD_PAGE_BYTES - 1) / FDT_BOARD_PAGE_BYTES * FDT_BOARD_PAGE_BYTES;
    for (size_t i = 0; i < device->window_count;) {
        struct fdt_range *other = &device->windows[i];
        if (start <= other->gpa + other->bytes && other->gpa <= end) {
            start = other->gpa < start ? other->gpa : start;
            end = other->gpa + other->bytes > end ? other->gpa + other->bytes : end;
            *other = device->windows[--device->window_count];
            i = 0;
        } else {
            i++;
        }
    }
    if (device->window_count == FDT_BOARD_MAX_WINDOWS) {
        return fdt_error_set(error, ERR_UNSUPPORTED, "it has more than %u register windows",
                             FDT_BOARD_MAX_WINDOWS);
    }
    device->windows[device->window_count++] = (struct fdt_range){start, end - start};
    return ERR_OK;
}

/** Registers, if `node` is on a bus of memory addresses. */
static enum err add_windows(const void *dtb, int node, struct fdt_board_device *device,
                            struct fdt_error *error)
{
    for (unsigned int i = 0;; i++) {
        struct fdt_range window;
        enum err err = fdt_board_window(dtb, node, i, &window, error);
        if (err == ERR_EMPTY) {
            return ERR_OK;
        }
        if (err == ERR_OK && window.bytes > 0) {
            err = add_window(device, window, error);
        }
        if (err != ERR_OK) {
            return err;
        }
    }
}

/** `node` and what is below it: children of a bus (with `ranges`) have registers, others just addresses. */
static enum err add_tree(const void *dtb, int node, bool on_bus, unsigned int depth,
                         struct fdt_board_device *device, struct fdt_error *error)
{
    enum err err = on_bus ? add_windows(dtb, node, device, error) : ERR_OK;
    bool is_bus = on_bus && fdt_getprop(dtb, node, "ranges", NULL) != NULL;
    enum fdt_dma dma = fdt_dma_of_node(dtb, node);
    int child;
    if (err == ERR_OK) {
        err = fdt_board_irqs(dtb, node, device, error);
    }
    if (dma > device->dma && (on_bus || dma == FDT_DMA_MASTER)) {
        device->dma = dma;
    }
    if (err == ERR_OK && depth == MAX_DEPTH) {
        return fdt_error_set(error, ERR_UNSUPPORTED, "its tree is deeper than %u nodes", MAX_DEPTH);
    }
    fdt_for_each_subnode(child, dtb, node)
    {
        if (err == ERR_OK) {
            err = add_tree(dtb, child, is_bus, depth + 1, device, error);
        }
    }
    return err;
}

static bool is_below(const void *dtb, int node, int ancestor)
{
    while (node > ancestor) {
        node = fdt_parent_offset(dtb, node);
    }
    return node == ancestor;
}

/** Another device in one of the pages would be given away with it. */
static enum err check_alone(const void *dtb, int self, const struct fdt_board_device *device,
                            struct fdt_error *error)
{
    char path[PATH_BYTES];
    for (int node = fdt_next_node(dtb, 0, NULL); node >= 0; node = fdt_next_node(dtb, node, NULL)) {
        struct fdt_board_device other = {.window_count = 0};
        struct fdt_error ignored;
        if (fdt_getprop(dtb, node, "reg", NULL) == NULL || is_below(dtb, node, self) ||
            is_below(dtb, self, node) || add_windows(dtb, node, &other, &ignored) != ERR_OK) {
            continue;
        }
        for (size_t i = 0; i < other.window_count * device->window_count; i++) {
            const struct fdt_range *a = &other.windows[i % other.window_count];
            const struct fdt_range *b = &device->windows[i / other.window_count];
            if (range_overlaps(a->gpa, a->bytes, b->gpa, b->bytes)) {
                return fdt_error_set(
                    error, ERR_DENIED, "its page of registers at 0x%" PRIx64 " has registers of %s too",
                    a->gpa > b->gpa ? a->gpa : b->gpa, fdt_board_path(dtb, node, path, sizeof path));
            }
        }
    }
    return ERR_OK;
}

/** What every guest has of its own, or nobody but the kernel. */
static bool is_reserved(const void *dtb, int node)
{
    const char *type = fdt_board_string(dtb, node, "device_type");
    const char *name = fdt_get_name(dtb, node, NULL);
    return node == 0 || fdt_board_is_gic(dtb, node) ||
           (type != NULL && (strcmp(type, "memory") == 0 || strcmp(type, "cpu") == 0)) ||
           fdt_node_check_compatible(dtb, node, "arm,armv8-timer") == 0 ||
           fdt_node_check_compatible(dtb, node, "arm,psci-0.2") == 0 || strcmp(name, "chosen") == 0 ||
           strcmp(name, "cpus") == 0 || strcmp(name, "aliases") == 0 || strcmp(name, "reserved-memory") == 0;
}

enum err fdt_board_find(const void *dtb, const char *path, struct fdt_board_device *device,
                        struct fdt_error *error)
{
    int node = fdt_path_offset(dtb, path);
    enum err err;
    *device = (struct fdt_board_device){.window_count = 0};
    if (node < 0) {
        return fdt_error_set(error, ERR_RANGE, "the board's device tree has no node \"%s\"", path);
    }
    if (is_reserved(dtb, node)) {
        return fdt_error_set(error, ERR_DENIED, "it is no device that a guest could be given");
    }
    if (!fdt_board_is_enabled(dtb, node)) {
        return fdt_error_set(error, ERR_UNSUPPORTED, "the board's device tree says that it is disabled");
    }
    err = add_tree(dtb, node, true, 0, device, error);
    return err == ERR_OK ? check_alone(dtb, node, device, error) : err;
}
