/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of the board for disks and network cards: whose they are. */
#include <inttypes.h>
#include <string.h>

#include "verify/policy/system.h"

#define PAGE_BYTES UINT64_C(0x1000)

static uint64_t slots_per_page(const struct system *system)
{
    return PAGE_BYTES / system->policy->board->virtio.slot_bytes;
}

static bool is_page_taken(const struct system *system, uint64_t slot)
{
    for (size_t i = 0; i < system->slot_count; i++) {
        if (system->slots[i].device == NULL &&
            system->slots[i].transport / slots_per_page(system) == slot / slots_per_page(system)) {
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

static bool is_device_taken(const struct system *system, const struct board_device *device)
{
    for (size_t i = 0; i < system->slot_count; i++) {
        if (system->slots[i].device == device) {
            return true;
        }
    }
    return false;
}

/* The device that the description names, or the first one that nobody has. */
static const struct board_device *find_device(const struct system *system, const xmlNode *node,
                                              enum board_class class)
{
    const struct board *board = system->policy->board;
    const char *name = description_text(node, "device", NULL);

    for (size_t i = 0; i < board->drivable_count; i++) {
        const struct board_device *device = &board->drivable[i];
        const struct board_driver *driver = board_driver_find(device->compatible);

        if (driver != NULL && driver->class == class && !is_device_taken(system, device) &&
            (name == NULL || strcmp(name, device->range.name) == 0)) {
            return device;
        }
    }
    return NULL;
}

static void connect_device(struct system *system, const char *driver, const struct board_device *device)
{
    system->slots[system->slot_count++] = (struct system_slot){.device = device};
    policy_hold(policy_device(system->policy, device->range.base, PAGE_BYTES), driver,
                policy_role("registers"), POLICY_READ | POLICY_WRITE);
    policy_add(system->policy, "interrupt %" PRIu32 ": %s irq level", device->irq, driver);
}

static void connect_transport(struct system *system, const xmlNode *node, const char *driver)
{
    const struct board *board = system->policy->board;
    const uint64_t slot = find_slot(system, node);
    const uint64_t base = board->virtio.range.base + slot * board->virtio.slot_bytes;
    const uint64_t offset = base % PAGE_BYTES;

    system->slots[system->slot_count++] = (struct system_slot){.transport = slot};
    policy_hold(policy_device(system->policy, base - offset, PAGE_BYTES), driver,
                policy_role(offset == 0 ? "registers" : description_format("registers+0x%" PRIx64, offset)),
                POLICY_READ | POLICY_WRITE);
    policy_add(system->policy, "interrupt %" PRIu64 ": %s irq edge", board->virtio.irq + slot, driver);
}

void slot_driver(struct system *system, const xmlNode *node, const char *driver, enum board_class class,
                 const struct policy_pd_defaults *defaults)
{
    const bool is_virtio = system->policy->board->virtio.range.bytes != 0 && !description_has(node, "device");
    const struct board_device *device = is_virtio ? NULL : find_device(system, node, class);
    struct policy_pd_defaults chosen = *defaults;

    if (device != NULL) {
        chosen.program = board_driver_find(device->compatible)->program;
    }
    policy_pd(system->policy, driver, node, "driver_", &chosen);
    if (system->slot_count == SYSTEM_MAX_SLOTS) { /* the composer refuses, as without a device */
        return;
    }
    if (device != NULL) {
        connect_device(system, driver, device);
    } else if (is_virtio) {
        connect_transport(system, node, driver);
    }
}
