/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/disk_machine.h"

#include <stdlib.h>
#include <string.h>

#include "lib/blk/blk_check.h"
#include "microkit/host/microkit_host.h"
#include "tests/mock/disk_device.h"
#include "tool/disk/disk_gpt.h"
#include "vmm/platform_fake.h"

#define PHYS_BASE 0x80000000ull
#define PHYS_BYTES 0x300000u
#define LINK_BYTES (0x8000u + 0x1000u)
#define CHANNEL 5u

/* Memory is kept from one machine to the next: a fuzzer makes many of them. */
static struct driver_ram kept_phys, kept_ram;
static struct disk_machine *kept_machine;

static void require(bool good)
{
    if (!good) {
        abort();
    }
}

static void *new_region(struct disk_machine *machine)
{
    void *region = aligned_alloc(64, LINK_BYTES);

    require(region != NULL);
    memset(region, 0, LINK_BYTES);
    machine->regions[machine->region_count++] = region;
    return region;
}

/* Fresh links for both sides. */
static void new_link(struct disk_machine *machine, struct config_link *a, struct config_link *b)
{
    const uint64_t regions[2] = {(uint64_t)(uintptr_t)new_region(machine),
                                 (uint64_t)(uintptr_t)new_region(machine)};

    *a = (struct config_link){regions[0], regions[1], LINK_BYTES, 0};
    *b = (struct config_link){regions[1], regions[0], LINK_BYTES, 0};
}

static void *phys_at(const struct disk_machine *machine, uint64_t paddr, uint64_t bytes)
{
    return driver_at(&machine->phys, paddr, bytes);
}

static void fill_disk(struct disk_device *disk, bool damaged)
{
    struct model_partition partitions[] = {
        {.name = (char[]){"one"}, .first_byte = DISK_MACHINE_ONE},
        {.name = (char[]){"two"}, .first_byte = DISK_MACHINE_TWO},
        {.name = (char[]){"shared"}, .first_byte = DISK_MACHINE_SHARED},
    };
    const uint64_t bytes = (uint64_t)DISK_MACHINE_SECTORS * BLK_SECTOR_BYTES;
    const struct model_disk model = {
        .name = (char[]){"d0"}, .size_bytes = bytes, .partitions = partitions, .partition_count = 3};

    for (size_t i = 0; i < 3; i++) {
        partitions[i].first_byte *= BLK_SECTOR_BYTES;
        partitions[i].bytes = (uint64_t)DISK_MACHINE_PART_SECTORS * BLK_SECTOR_BYTES;
    }
    partitions[2].bytes = (uint64_t)DISK_MACHINE_SHARED_SECTORS * BLK_SECTOR_BYTES;
    struct disk_gpt *gpt = disk_gpt_new(&model, "test");
    disk->contents = disk_device_contents(bytes);
    memcpy(disk->contents, gpt->mbr, 512);
    memcpy(disk->contents + 512, gpt->header, 512);
    memcpy(disk->contents + 1024, gpt->entries, sizeof gpt->entries);
    memcpy(disk->contents + bytes - 512 - sizeof gpt->entries, gpt->entries, sizeof gpt->entries);
    memcpy(disk->contents + bytes - 512, gpt->backup_header, 512);
    if (damaged) {
        disk->contents[512 + 60] ^= 1;
    }
    free(gpt);
}

/* The same RAM as before, zeroed. */
static struct driver_ram ram_of(struct driver_ram *kept, uint64_t base)
{
    if (kept->mem.host == NULL) {
        driver_ram_init(kept, base, PHYS_BYTES);
    } else {
        memset(kept->mem.host, 0, PHYS_BYTES);
    }
    return *kept;
}

static struct disk_machine *zeroed_machine(void)
{
    if (kept_machine == NULL) {
        kept_machine = malloc(sizeof *kept_machine);
        require(kept_machine != NULL);
    }
    memset(kept_machine, 0, sizeof *kept_machine);
    return kept_machine;
}

static void notify(void *context, uint32_t channel)
{
    (void)context;
    (void)channel; /* disk_machine_run() runs all of them anyway */
}

static void new_driver(struct disk_machine *machine, const struct disk_machine_options *options)
{
    struct blk_region regions[BLK_DRIVER_MAX_REGIONS];
    const uint64_t own = driver_alloc(&machine->phys, BLK_DRIVER_OWN_BYTES, 4096);
    const uint64_t table = driver_alloc(&machine->phys, BLK_SERVER_SCRATCH_BYTES, 4096);
    const uint64_t buffer = driver_alloc(&machine->phys, DISK_MACHINE_BUFFER, 4096);
    struct config_link link;

    machine->client_memory = driver_alloc(&machine->phys, DISK_MACHINE_BUFFER, 4096);
    regions[0] = (struct blk_region){table, BLK_SERVER_SCRATCH_BYTES};
    regions[1] = (struct blk_region){options->shared ? machine->ram.mem.base : buffer,
                                     options->shared ? machine->ram.mem.bytes : DISK_MACHINE_BUFFER};
    regions[2] = (struct blk_region){machine->client_memory, DISK_MACHINE_BUFFER};
    machine->config.disks[0].scratch = (uint64_t)(uintptr_t)phys_at(machine, table, BLK_SERVER_SCRATCH_BYTES);
    machine->device_config.u.block.region =
        (uint64_t)(uintptr_t)phys_at(machine, buffer, DISK_MACHINE_BUFFER);
    machine->device_config.u.block.region_bytes = DISK_MACHINE_BUFFER;
    new_link(machine, &link, &machine->config.disks[0].link);
    const struct blk_driver_setup setup = {
        .device = {&blk_virtio_ops, &machine->virtio},
        .device_setup = {.registers = {disk_device_read, disk_device_write, &machine->disk},
                         .own = phys_at(machine, own, BLK_DRIVER_OWN_BYTES),
                         .own_paddr = own,
                         .own_bytes = BLK_DRIVER_OWN_BYTES},
        .regions = regions,
        .region_count = 3,
        .timeout = options->timeout,
    };
    require(blk_driver_init(&machine->driver, &setup, (void *)(uintptr_t)link.own,
                            (const void *)(uintptr_t)link.peer, link.bytes, 0) == ERR_OK);
}

static void new_server(struct disk_machine *machine, const struct disk_machine_options *options)
{
    struct blk_server_config *config = &machine->config;
    struct config_link client;

    config->disk_count = 1;
    config->client_count = 2;
    strcpy(config->disks[0].name, "d0");
    config->clients[0] = (struct blk_client_config){.name = "vm1",
                                                    .region = 1,
                                                    .region_bytes = DISK_MACHINE_BUFFER,
                                                    .extent = BLK_EXTENT_NAME,
                                                    .partition_name = "one",
                                                    .read_only = options->read_only};
    config->clients[1] = (struct blk_client_config){.name = "vm2",
                                                    .region = 2,
                                                    .region_bytes = DISK_MACHINE_BUFFER,
                                                    .extent = BLK_EXTENT_NUMBER,
                                                    .partition_number = 2};
    config->clients[1].iops = options->iops;
    config->clients[1].bandwidth = options->bandwidth;
    if (options->shared) {
        config->clients[0].region_bytes = machine->ram.mem.bytes;
    }
    new_link(machine, &machine->device_config.link, &config->clients[0].link);
    new_link(machine, &client, &config->clients[1].link);
    require(ring_init(&machine->client, (void *)(uintptr_t)client.own, (const void *)(uintptr_t)client.peer,
                      client.bytes) == ERR_OK);
    require(blk_server_init(&machine->server, config, DISK_MACHINE_HZ, notify, NULL) == ERR_OK);
}

static void new_guest(struct disk_machine *machine, const struct disk_machine_options *options)
{
    struct vmm_device_config *config = &machine->device_config;

    config->kind = VMM_DEVICE_BLOCK;
    strcpy(config->name, "block0");
    config->queue_size = DISK_MACHINE_QUEUE;
    config->link.channel = CHANNEL;
    config->u.block.datapath = options->shared ? VMM_BLOCK_SHARED : VMM_BLOCK_COPY;
    memcpy(config->u.block.id, "d0-one", 6);
    require(vgic_init(&machine->vgic, 1, 32) == ERR_OK);
    machine->line = (struct irq_line){.vgic = &machine->vgic, .intid = 40};
    require(virtio_blk_init(&machine->blk, config, &machine->ram.mem, &machine->scratch, &machine->pool) ==
            ERR_OK);
    virtio_mmio_init(&machine->mmio, &machine->blk.device, &machine->line, NULL);
    virtio_mmio_reset(&machine->mmio);
}

struct disk_machine *disk_machine_new(const struct disk_machine_options *options)
{
    struct disk_machine *machine = zeroed_machine();

    platform_fake_reset();
    microkit_host_reset();
    machine->phys = ram_of(&kept_phys, PHYS_BASE);
    /* With a shared data path the guest's RAM has to be the device's: it is a piece of it. */
    if (options->shared) {
        const uint64_t base = driver_alloc(&machine->phys, PHYS_BYTES / 2, 4096);

        machine->ram = (struct driver_ram){.next = base};
        require(guestmem_init(&machine->ram.mem, gpa_of(base), phys_at(machine, base, PHYS_BYTES / 2),
                              PHYS_BYTES / 2) == ERR_OK);
    } else {
        machine->ram = ram_of(&kept_ram, DISK_MACHINE_BASE);
    }
    fill_disk(&machine->disk, options->damaged);
    machine->disk.mem = machine->phys.mem;
    machine->disk.seg_max = options->seg_max == 0 ? BLK_MAX_SEGMENTS : options->seg_max;
    machine->disk.offered =
        (1ull << 32 | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | VIRTIO_BLK_F_SEG_MAX |
         VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES) &
        ~options->features_off;
    if (options->no_device) {
        machine->disk.offered = 0;
    }
    new_driver(machine, options);
    new_server(machine, options);
    new_guest(machine, options);
    disk_machine_run(machine);
    return machine;
}

void disk_machine_free(struct disk_machine *machine)
{
    for (uint32_t i = 0; i < machine->region_count; i++) {
        free(machine->regions[i]);
    }
}

void disk_machine_run(struct disk_machine *machine)
{
    bool more = true;

    while (more) {
        more = blk_driver_run(&machine->driver, machine->now);
        more = disk_device_run(&machine->disk) || more;
        (void)blk_driver_run(&machine->driver, machine->now);
        blk_server_run(&machine->server, machine->now);
        (void)blk_driver_run(&machine->driver, machine->now);
        more = disk_device_run(&machine->disk) || more;
        virtio_blk_notified(&machine->blk);
        (void)ring_sync(&machine->client);
    }
    (void)blk_driver_run(&machine->driver, machine->now);
    blk_server_run(&machine->server, machine->now);
    virtio_blk_notified(&machine->blk);
}

bool disk_machine_start(struct disk_machine *machine, uint64_t features)
{
    driver_queue_init(&machine->queue, &machine->ram, DISK_MACHINE_QUEUE,
                      (features & VIRTIO_F_EVENT_IDX) != 0);
    if (!virtio_driver_negotiate(&machine->mmio, features | VIRTIO_F_VERSION_1) ||
        !virtio_driver_add_queue(&machine->mmio, 0, &machine->queue)) {
        return false;
    }
    virtio_driver_go(&machine->mmio);
    return true;
}

uint8_t disk_machine_request(struct disk_machine *machine, uint32_t type, uint64_t sector, uint64_t data,
                             uint32_t bytes)
{
    const uint64_t header = driver_alloc(&machine->ram, sizeof(struct virtio_blk_req), 16);
    const uint64_t status = driver_alloc(&machine->ram, 1, 1);
    const bool is_read = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
    const struct virtio_blk_req req = {.type = type, .sector = sector};
    struct driver_buffer buffers[3] = {{header, sizeof req, false}};
    unsigned int count = 1;
    uint16_t head;
    uint32_t written;

    memcpy(driver_at(&machine->ram, header, sizeof req), &req, sizeof req);
    *(uint8_t *)driver_at(&machine->ram, status, 1) = 0xff;
    if (bytes != 0) {
        buffers[count++] = (struct driver_buffer){data, bytes, is_read};
    }
    buffers[count++] = (struct driver_buffer){status, 1, true};
    require(driver_add(&machine->queue, buffers, count) >= 0);
    virtio_driver_kick(&machine->mmio, 0, &machine->queue);
    disk_machine_run(machine);
    if (!driver_take_used(&machine->queue, &head, &written)) {
        return 0xff;
    }
    const uint8_t result = *(uint8_t *)driver_at(&machine->ram, status, 1);
    /* All that the device has written, and nothing else (virtio 1.2, 2.7.8.2). */
    require(result != VIRTIO_BLK_S_OK || written == (is_read ? bytes : 0) + 1);
    return result;
}

bool disk_machine_send(struct disk_machine *machine, const struct blk_request *request, uint64_t tag)
{
    const uint32_t bytes = blk_check_request_bytes(
        request->segment_count < BLK_MAX_SEGMENTS ? request->segment_count : BLK_MAX_SEGMENTS);
    uint8_t *data;

    (void)ring_sync(&machine->client);
    if (ring_reserve(&machine->client, bytes, &data) != ERR_OK) {
        return false;
    }
    memcpy(data, request, bytes);
    ring_commit(&machine->client, bytes, tag);
    return true;
}

bool disk_machine_take(struct disk_machine *machine, uint64_t *tag, uint32_t *status)
{
    struct ring_record record;
    struct blk_reply reply;
    const uint8_t *data;

    while (ring_peek(&machine->client, &record, &data) == ERR_OK) {
        const bool is_reply = record.meta != BLK_TAG_INFO && record.length_bytes == sizeof reply;

        if (is_reply) {
            memcpy(&reply, data, sizeof reply);
        }
        ring_release(&machine->client);
        if (is_reply) {
            *tag = record.meta;
            *status = reply.status;
            return true;
        }
    }
    return false;
}

bool disk_machine_is_untouched(const struct disk_machine *machine, uint64_t first, uint64_t count)
{
    const uint8_t *at = machine->disk.contents + first * BLK_SECTOR_BYTES;

    /* Each byte is as the one before it. */
    return at[0] == DISK_MACHINE_FILL && memcmp(at, at + 1, count * BLK_SECTOR_BYTES - 1) == 0;
}
