/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio devices of the board, each behind a transport of its own: for disks and network cards. */
#include <stdlib.h>

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
        if (expand->slots[i].slot / per_page == slot / per_page) {
            return expand->slots[i].node;
        }
    }
    return NULL;
}

bool expand_slot_find(struct expand *expand, const struct node *node, uint64_t wanted, uint32_t *slot)
{
    const struct board *board = expand->model->board;
    const char *element = node->spec->name;

    if (board->virtio.range.bytes == 0) {
        diag_error(expand->diag, node->loc, "<%s>: board %s has no virtio devices", element, board->name);
        return false;
    }
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
        *slot = (uint32_t)wanted;
        return true;
    }
    return false;
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

bool expand_slot_connect(struct expand *expand, const struct node *node, uint32_t slot, const char *stem,
                         struct model_pd *driver, uint64_t *registers, uint32_t *irq_channel)
{
    const struct board *board = expand->model->board;
    const uint64_t base = board->virtio.range.base + slot * board->virtio.slot_bytes;
    struct model_mr *page = expand_slot_region(expand, node, stem, "registers", MODEL_PAGE_BYTES);
    uint64_t vaddr = expand_free_vaddr(driver, EXPAND_SMALL_BASE, page->size_bytes, MODEL_PAGE_BYTES);

    expand->slots[expand->slot_count++] = (struct expand_slot){.node = node, .slot = slot};
    page->kind = MODEL_MR_DEVICE;
    page->has_phys_addr = true;
    page->phys_addr = base / MODEL_PAGE_BYTES * MODEL_PAGE_BYTES;
    model_add_pd_map(driver, page, vaddr, MODEL_READ | MODEL_WRITE)->cached = false;
    *registers = vaddr + base % MODEL_PAGE_BYTES;
    if (!expand_channel_id(expand, driver, node->loc, irq_channel)) {
        return false;
    }
    model_add_irq(driver, board->virtio.irq + slot, *irq_channel)->edge = true;
    return true;
}
