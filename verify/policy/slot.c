/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio devices of the board: which transport is whose. */
#include <inttypes.h>

#include "verify/policy/system.h"

#define PAGE_BYTES UINT64_C(0x1000)

static uint64_t slots_per_page(const struct system *system)
{
    return PAGE_BYTES / system->policy->board->virtio.slot_bytes;
}

static bool is_page_taken(const struct system *system, uint64_t slot)
{
    for (size_t i = 0; i < system->slot_count; i++) {
        if (system->slots[i] / slots_per_page(system) == slot / slots_per_page(system)) {
            return true;
        }
    }
    return false;
}

/* The transport that the description names, or the first in a page that no other device has. */
static uint64_t find_slot(const struct system *system, const xmlNode *node)
{
    uint64_t slot = description_number(node, "slot", "0");

    while (!description_has(node, "slot") && is_page_taken(system, slot)) {
        slot += slots_per_page(system);
    }
    return slot;
}

void slot_connect(struct system *system, const xmlNode *node, const char *driver)
{
    const struct board *board = system->policy->board;

    if (board->virtio.range.bytes == 0 || system->slot_count == SYSTEM_MAX_SLOTS) { /* the composer refuses */
        return;
    }
    const uint64_t slot = find_slot(system, node);
    const uint64_t base = board->virtio.range.base + slot * board->virtio.slot_bytes;
    const uint64_t offset = base % PAGE_BYTES;

    system->slots[system->slot_count++] = slot;
    policy_hold(policy_device(system->policy, base - offset, PAGE_BYTES), driver,
                policy_role(offset == 0 ? "registers" : description_format("registers+0x%" PRIx64, offset)),
                POLICY_READ | POLICY_WRITE);
    policy_add(system->policy, "interrupt %" PRIu64 ": %s irq edge", board->virtio.irq + slot, driver);
}
