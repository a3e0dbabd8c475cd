/* SPDX-License-Identifier: BSD-2-Clause */
/* <disk> and <block>: who has which part of which disk, and where its device may write. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/policy/system.h"

#define PAGE_BYTES UINT64_C(0x1000)
#define QUEUE_BYTES UINT64_C(0x24000)
#define TABLE_BYTES UINT64_C(0x10000)
#define RING_BYTES UINT64_C(0x40000)

static const struct policy_pd_defaults driver_defaults = {.priority = "225",
                                                          .budget = "1000",
                                                          .program = "blk_driver.elf",
                                                          .stack = "64K",
                                                          .period_budgets = 1,
                                                          .is_lowered = true};
static const struct policy_pd_defaults server_defaults = {.priority = "215",
                                                          .budget = "1000",
                                                          .program = "blk_server.elf",
                                                          .stack = "64K",
                                                          .period_budgets = 1,
                                                          .is_lowered = true};

static void add_server(struct system *system)
{
    const xmlNode *node = description_child(system->root, "block_server");

    if (system->block_server == NULL) {
        system->block_server = description_text(node, "name", "blk_server");
        policy_pd(system->policy, system->block_server, node, "", &server_defaults);
    }
}

/* What the device reads and writes for the driver and for the server. */
static void add_memory(struct system *system, const struct system_disk *disk)
{
    struct policy *policy = system->policy;
    struct policy_region *queue = policy_region(policy, NULL, QUEUE_BYTES);
    struct policy_region *table = policy_region(policy, NULL, TABLE_BYTES);

    policy_hold(queue, disk->driver, policy_role("own"), POLICY_READ | POLICY_WRITE);
    policy_hold(table, system->block_server, policy_role(description_format("disk.%s.scratch", disk->name)),
                POLICY_READ | POLICY_WRITE);
    policy_reveal(policy, description_format("dma %s own: ", disk->driver), queue);
    policy_reveal(policy, description_format("dma %s scratch: 0x%" PRIx64 " ", disk->driver, TABLE_BYTES),
                  table);
}

void disk_expand(struct system *system, xmlNode *node)
{
    struct system_disk *disk = &system->disks[system->disk_count];
    const char *role;

    if (description_is_off("block_server", NULL) || system->disk_count == SYSTEM_MAX_DISKS) {
        return;
    }
    *disk = (struct system_disk){.name = description_text(node, "name", ""), .node = node, .region_count = 1};
    disk->driver = description_format("%s_driver", disk->name);
    role = description_format("disk.%s", disk->name);
    add_server(system);
    slot_driver(system, node, disk->driver, BOARD_DISK, &driver_defaults);
    policy_link(system->policy, disk->driver, policy_role("link"), system->block_server, policy_role(role),
                RING_BYTES);
    if (description_number(node, "timeout_ms", "30000") != 0) {
        services_timer(system, disk->driver);
    }
    add_memory(system, disk);
    POLICY_CONFIG(system->policy, system->block_server, role,
                  policy_hex("link_bytes", RING_BYTES + PAGE_BYTES));
    system->disk_count++;
}

static struct system_disk *find_disk(struct system *system, const char *name)
{
    for (size_t i = 0; i < system->disk_count; i++) {
        if (strcmp(system->disks[i].name, name) == 0) {
            return &system->disks[i];
        }
    }
    return NULL;
}

/* The number of a partition that the <disk> lists, or 0. */
static uint64_t listed_partition(const struct system_disk *disk, const char *name)
{
    uint64_t number = 1;

    for (xmlNode *node = description_child(disk->node, "partition"); node != NULL;
         node = description_next(node, "partition"), number++) {
        if (strcmp(description_text(node, "name", ""), name) == 0) {
            return number;
        }
    }
    return 0;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && strlen(text) <= 3 && strspn(text, "0123456789") == strlen(text);
}

static void add_client_config(struct system *system, const struct system_guest *guest,
                              const struct system_disk *disk, const xmlNode *node, const char *role,
                              uint64_t bytes)
{
    const char *partition = description_text(node, "partition", NULL);
    bool is_range = description_has(node, "offset") || description_has(node, "size");
    uint64_t number = partition == NULL      ? 0
                      : is_number(partition) ? strtoull(partition, NULL, 10)
                                             : listed_partition(disk, partition);
    const char *extent = partition != NULL ? (number != 0 ? "number" : "name") : is_range ? "range" : NULL;
    bool read_only =
        description_is(node, "readonly", "false") || description_is(disk->node, "readonly", "false");

    POLICY_CONFIG(
        system->policy, system->block_server, role, policy_text("name", guest->name),
        policy_text("disk", disk->name), policy_hex("region_bytes", bytes), policy_text("extent", extent),
        policy_number("read_only", read_only), policy_number("partition_number", number),
        policy_text("partition_name", partition != NULL && !is_number(partition) ? partition : NULL),
        policy_number("first_sector", is_range ? description_number(node, "offset", "0") / 512 : 0),
        policy_number("sector_count", is_range ? description_number(node, "size", "0") / 512 : 0),
        policy_number("iops", description_number(node, "iops", "0")),
        policy_number("bandwidth", description_number(node, "bandwidth", "0")),
        policy_hex("link_bytes", description_number(node, "ring_bytes", "64K") + PAGE_BYTES));
}

static struct policy_region *add_buffer(struct system *system, const struct system_guest *guest,
                                        const char *device, const xmlNode *node)
{
    struct policy_region *buffer =
        policy_region(system->policy, NULL, description_number(node, "buffer_bytes", "1M"));

    policy_hold(buffer, guest->vmm, policy_role(description_format("%s.region", device)),
                POLICY_READ | POLICY_WRITE);
    return buffer;
}

void disk_block(struct system *system, struct system_guest *guest, const xmlNode *node)
{
    struct system_disk *disk = find_disk(system, description_text(node, "disk", ""));
    bool is_shared = strcmp(description_text(node, "datapath", "copy"), "shared") == 0;
    const char *device = description_format("block%" PRIu64, guest->block_count);
    const char *role = description_format("client.%s.%s", guest->vmm, device);
    struct policy_region *region;
    struct system_place place;

    if (disk == NULL) { /* it is switched off */
        return;
    }
    region = is_shared ? guest->ram : add_buffer(system, guest, device, node);
    policy_reveal(system->policy,
                  description_format("dma %s %s: 0x%" PRIx64 " ", disk->driver, role, region->bytes), region);
    disk->region_count++;
    system->block_clients++;
    policy_link(system->policy, guest->vmm, policy_role(device), system->block_server, policy_role(role),
                description_number(node, "ring_bytes", "64K"));
    system_charge(system, system->block_server, guest->domain, role, system->block_vms,
                  &system->block_vm_count);
    add_client_config(system, guest, disk, node, role, region->bytes);
    system->block_limits = system->block_limits || description_number(node, "iops", "0") != 0 ||
                           description_number(node, "bandwidth", "0") != 0;
    place = guest_place(guest, node);
    guest_wire(system, guest, device, &place, NULL, NULL, 1, 0);
    const char *fields[] = {
        policy_number("queue_size", description_number(node, "queue_size", "256")),
        policy_text("datapath", is_shared ? "shared" : NULL),
        policy_hex("region_bytes", is_shared ? 0 : region->bytes),
        policy_hex("link_bytes", description_number(node, "ring_bytes", "64K") + PAGE_BYTES)};
    guest_device(system, guest, device, "block", &place, fields, sizeof fields / sizeof fields[0]);
    guest->device_count++;
    guest->block_count++;
}

void disk_finish(struct system *system)
{
    for (size_t i = 0; i < system->disk_count; i++) {
        const struct system_disk *disk = &system->disks[i];

        system_charge_driver(system, disk->driver, system->block_vms, system->block_vm_count);
        POLICY_CONFIG(system->policy, disk->driver, "driver", policy_hex("own_bytes", QUEUE_BYTES),
                      policy_number("timeout_ms", description_number(disk->node, "timeout_ms", "30000")),
                      policy_number("region_count", disk->region_count),
                      policy_hex("link_bytes", RING_BYTES + PAGE_BYTES));
    }
    if (system->block_server == NULL) {
        return;
    }
    if (system->block_limits) {
        services_timer(system, system->block_server);
    }
    POLICY_CONFIG(system->policy, system->block_server, "server",
                  policy_number("disk_count", system->disk_count),
                  policy_number("client_count", system->block_clients),
                  policy_number("has_limits", system->block_limits));
}
