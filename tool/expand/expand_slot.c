/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of the board for disks and network cards: virtio's, each behind a transport of its own, and others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boards/board.h"
#include "tool/base/mem.h"
#include "tool/expand/expand.h"

static uint32_t slots_per_page(const struct board *board)
{
    return (uint32_t)(MODEL_PAGE_BYTES / board->virtio.slot_bytes);
}

/* Whose device is in the slot's page, or NULL. */
static const struct node *find_in_page(const struct expand *expand, uint64_t slot)
{
    const uint32_t per_page = slots_per_page(expand->model->board);

    for (size_t i = 0; i < expand->slot_count; i++) {
        if (expand->slots[i].device == NULL && expand->slots[i].slot / per_page == slot / per_page) {
            return expand->slots[i].node;
        }
    }
    return NULL;
}

/* Who has the device, or NULL. */
static const struct node *find_user(const struct expand *expand, const struct board_device *device)
{
    for (size_t i = 0; i < expand->slot_count; i++) {
        if (expand->slots[i].device == device) {
            return expand->slots[i].node;
        }
    }
    return NULL;
}

static bool is_of(const struct board_device *device, enum board_class class)
{
    const struct board_driver *driver = board_driver_find(device->compatible);

    return driver != NULL && driver->class == class;
}

/* What the board has of a class, for messages; to be freed. */
static char *list_devices(const struct board *board, enum board_class class)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    const char *before = "";

    if (out == NULL) {
        abort();
    }
    if (board->virtio.range.bytes != 0) {
        fprintf(out, "%u virtio transports",
                (unsigned int)(board->virtio.range.bytes / board->virtio.slot_bytes));
        before = ", ";
    }
    for (size_t i = 0; i < board->drivable_count; i++) {
        if (is_of(&board->drivable[i], class)) {
            fprintf(out, "%s%s", before, board->drivable[i].range.name);
            before = ", ";
        }
    }
    if (before[0] == '\0') {
        fprintf(out, "none that has a driver");
    }
    fclose(out);
    return text;
}

static bool find_transport(struct expand *expand, const struct node *node, uint64_t wanted,
                           struct expand_slot *slot)
{
    const struct board *board = expand->model->board;
    const char *element = node->spec->name;
    const uint64_t count = board->virtio.range.bytes / board->virtio.slot_bytes;
    const struct node *other = NULL;

    if (node_has(node, "slot")) {
        other = find_in_page(expand, wanted);
    } else {
        while (wanted < count && find_in_page(expand, wanted) != NULL) {
            wanted += slots_per_page(board);
        }
    }
    if (wanted >= count || expand->slot_count == EXPAND_MAX_SLOTS) {
        diag_error(expand->diag, node->loc,
                   "<%s>: board %s has no such slot free; it has %u pages of %u slots", element, board->name,
                   (unsigned int)(count / slots_per_page(board)), slots_per_page(board));
    } else if (other != NULL) {
        diag_error(expand->diag, node_loc(node, "slot"),
                   "<%s>: the slot's page is in use; each %s needs a page of %u slots for itself", element,
                   element, slots_per_page(board));
        diag_note(expand->diag, other->loc, "by this <%s>", other->spec->name);
    } else {
        *slot = (struct expand_slot){.node = node, .slot = (uint32_t)wanted};
        return true;
    }
    return false;
}

/* The device of that name, or NULL for the first free one. */
static bool find_device(struct expand *expand, const struct node *node, enum board_class class,
                        const char *name, struct expand_slot *slot)
{
    const struct board *board = expand->model->board;
    const struct node *user = NULL;

    for (size_t i = 0; i < board->drivable_count; i++) {
        const struct board_device *device = &board->drivable[i];

        if (!is_of(device, class) || (name != NULL && strcmp(name, device->range.name) != 0)) {
            continue;
        }
        user = find_user(expand, device);
        if (user == NULL) {
            *slot = (struct expand_slot){.node = node, .device = device};
            return true;
        }
    }
    char *list = list_devices(board, class);
    const char *kind = class == BOARD_DISK ? "disks" : "network cards";
    if (user != NULL) {
        diag_error(expand->diag, name != NULL ? node_loc(node, "device") : node->loc,
                   "<%s>: board %s has no device free; its devices for %s are %s", node->spec->name,
                   board->name, kind, list);
        diag_note(expand->diag, user->loc, "this <%s> has one", user->spec->name);
    } else if (name != NULL) {
        diag_error(expand->diag, node_loc(node, "device"),
                   "<%s>: board %s has no device \"%s\"; its devices for %s are %s", node->spec->name,
                   board->name, name, kind, list);
    } else {
        diag_error(expand->diag, node->loc, "<%s>: board %s has no device for it; its devices for %s are %s",
                   node->spec->name, board->name, kind, list);
    }
    free(list);
    return false;
}

bool expand_slot_find(struct expand *expand, const struct node *node, enum board_class class,
                      const char *device, uint64_t wanted, struct expand_slot *slot)
{
    const struct board *board = expand->model->board;
    const bool has_virtio = board->virtio.range.bytes != 0;

    if (device != NULL && node_has(node, "slot")) {
        diag_error(expand->diag, node_loc(node, "slot"),
                   "<%s>: slot is a virtio transport's, and device another one's: one of them",
                   node->spec->name);
        return false;
    }
    if (!has_virtio && node_has(node, "slot")) {
        char *list = list_devices(board, class);

        diag_error(expand->diag, node_loc(node, "slot"),
                   "<%s>: board %s has no virtio transports, which slot counts; device names one of %s",
                   node->spec->name, board->name, list);
        free(list);
        return false;
    }
    return device == NULL && has_virtio ? find_transport(expand, node, wanted, slot)
                                        : find_device(expand, node, class, device, slot);
}

struct model_mr *expand_slot_region(struct expand *expand, const struct node *node, const char *stem,
                                    const char *what, uint64_t bytes)
{
    char *wanted = mem_printf("%s_%s", stem, what);
    char *name = expand_unique_mr_name(expand, wanted);
    struct model_mr *mr = model_add_mr(expand->model, name, node->loc);

    mr->size_bytes = bytes;
    free(name);
    free(wanted);
    return mr;
}

static bool connect(struct expand *expand, const struct expand_slot *slot, const char *stem,
                    struct model_pd *driver, uint64_t *registers, uint32_t *irq_channel)
{
    const struct board *board = expand->model->board;
    const struct board_device *device = slot->device;
    const uint64_t base = device != NULL ? device->range.base
                                         : board->virtio.range.base + slot->slot * board->virtio.slot_bytes;
    struct model_mr *page = expand_slot_region(expand, slot->node, stem, "registers", MODEL_PAGE_BYTES);
    const uint64_t vaddr = expand_free_vaddr(driver, EXPAND_SMALL_BASE, page->size_bytes, MODEL_PAGE_BYTES);

    expand->slots[expand->slot_count++] = *slot;
    page->kind = MODEL_MR_DEVICE;
    page->has_phys_addr = true;
    page->phys_addr = base / MODEL_PAGE_BYTES * MODEL_PAGE_BYTES;
    model_add_pd_map(driver, page, vaddr, MODEL_READ | MODEL_WRITE)->cached = false;
    *registers = vaddr + base % MODEL_PAGE_BYTES;
    if (!expand_channel_id(expand, driver, slot->node->loc, irq_channel)) {
        return false;
    }
    model_add_irq(driver, device != NULL ? device->irq : board->virtio.irq + slot->slot, *irq_channel)->edge =
        device == NULL;
    return true;
}

struct model_pd *expand_slot_driver(struct expand *expand, const struct expand_slot *slot, const char *stem,
                                    const struct desc_pd_options *options, const char *virtio_program,
                                    uint64_t *registers, uint32_t *irq_channel)
{
    const char *program =
        slot->device != NULL ? board_driver_find(slot->device->compatible)->program : virtio_program;
    struct desc_pd_options chosen = *options;
    char *own_program = mem_strdup(options->program != NULL ? options->program : program);
    char *name = mem_printf("%s_driver", stem);

    chosen.program = own_program;
    struct model_pd *driver = expand_add_pd(expand, name, slot->node->loc, &chosen);
    free(name);
    free(own_program);
    return connect(expand, slot, stem, driver, registers, irq_channel) ? driver : NULL;
}
