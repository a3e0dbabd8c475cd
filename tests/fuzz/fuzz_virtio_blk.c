/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile guest at a virtio disk, and a hostile client at the block server, in front of the real server and
 * driver. Whatever they do, no byte outside their partitions changes.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/mock/disk_machine.h"
#include "tests/mock/fuzz_input.h"

#define STEPS 48u

/* A chain of whatever the input says, some of it outside of RAM. */
static void guest_step(struct disk_machine *machine, struct fuzz_input *in)
{
    const uint64_t base = machine->ram.mem.base;
    struct virtio_blk_req *req = driver_at(&machine->ram, base + 0x10000, sizeof *req);
    struct driver_buffer buffers[DISK_MACHINE_QUEUE + 8];
    const uint8_t shape = fuzz_input_u8(in);
    /* Few buffers, or about as many as the queue may hold. */
    const unsigned int count = shape < 240 ? 1 + shape % 4u : DISK_MACHINE_QUEUE - 8 + shape % 16u;

    req->type = fuzz_input_u8(in) % 16;
    req->sector = fuzz_input_u8(in) < 200 ? fuzz_input_u16(in) % 5000 : 0ull - fuzz_input_u16(in);
    for (unsigned int i = 0; i < count; i++) {
        buffers[i] =
            (struct driver_buffer){.address = base + 0x10000 + (i == 0 ? 0 : fuzz_input_u16(in) * 8ull),
                                   .bytes = i == 0 ? 16 : fuzz_input_u16(in) & 0x7fffu,
                                   .writable = i > 0 && (fuzz_input_u8(in) & 1) != 0};
        buffers[i].address += fuzz_input_u8(in) == 255 ? 0x10000000 : 0;
    }
    if ((fuzz_input_u8(in) & 1) != 0) {
        (void)driver_add_indirect(&machine->queue, buffers, count);
    } else {
        (void)driver_add(&machine->queue, buffers, count);
    }
    virtio_driver_kick(&machine->mmio, 0, &machine->queue);
}

static void client_step(struct disk_machine *machine, struct fuzz_input *in)
{
    struct blk_request request = {.op = fuzz_input_u8(in) % 7, .flags = fuzz_input_u8(in) % 5};

    request.sector = fuzz_input_u8(in) < 200 ? fuzz_input_u16(in) % 5000 : 0ull - fuzz_input_u16(in);
    request.segment_count = fuzz_input_u8(in) % 6;
    for (uint32_t i = 0; i < request.segment_count; i++) {
        request.segments[i] = (struct blk_segment){
            .offset = fuzz_input_u8(in) < 240 ? fuzz_input_u16(in) * 8ull : 0ull - fuzz_input_u16(in),
            .bytes = fuzz_input_u16(in),
            .region = fuzz_input_u8(in) == 255};
        request.sector_count += request.segments[i].bytes / BLK_SECTOR_BYTES;
    }
    request.sector_count += request.segment_count == 0 ? fuzz_input_u16(in) : 0;
    (void)disk_machine_send(machine, &request, fuzz_input_u8(in));
}

/* Client 1 writes over its own side of its link: the header most of the time, any record otherwise. */
static void scribble(struct disk_machine *machine, struct fuzz_input *in)
{
    uint8_t *region = (uint8_t *)machine->client.own;
    const uint16_t at = fuzz_input_u16(in);
    const uint32_t value = fuzz_input_u16(in);

    memcpy(region + ((at & 0x8000) != 0 ? at & 0x3ffcu : at & 0x7cu), &value, sizeof value);
}

/* Whatever client 1 has done, the guest is served. */
static void check_guest(struct disk_machine *machine, uint64_t features)
{
    if (!disk_machine_start(machine, features) ||
        disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, machine->ram.mem.base + 0x20000, 512) !=
            VIRTIO_BLK_S_OK) {
        abort();
    }
}

static void check(const struct disk_machine *machine)
{
    if (!disk_machine_is_untouched(machine, 40, DISK_MACHINE_ONE - 40) ||
        !disk_machine_is_untouched(machine, DISK_MACHINE_SHARED, DISK_MACHINE_SHARED_SECTORS)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const uint8_t flags = fuzz_input_u8(&in);
    const struct disk_machine_options options = {.shared = (flags & 1) != 0,
                                                 .read_only = (flags & 2) != 0,
                                                 .seg_max = (flags & 4) != 0 ? 2 : 0,
                                                 .features_off =
                                                     (flags & 8) != 0 ? VIRTIO_F_INDIRECT_DESC : 0,
                                                 .timeout = (flags & 16) != 0 ? 500 : 0,
                                                 .iops = (flags & 32) != 0 ? 100 : 0,
                                                 .bandwidth = (flags & 64) != 0 ? 0x10000 : 0};
    struct disk_machine *machine = disk_machine_new(&options);
    const uint64_t features = virtio_driver_offered(&machine->mmio);
    uint64_t tag;
    uint32_t status;

    (void)disk_machine_start(machine, features & ~(options.read_only ? VIRTIO_BLK_F_FLUSH : 0));
    for (unsigned int i = 0; i < STEPS && in.bytes > 0; i++) {
        switch (fuzz_input_u8(&in) % 9) {
        case 0:
            (void)disk_machine_start(machine, features);
            break;
        case 1:
            machine->disk.fails = !machine->disk.fails;
            break;
        case 2:
            machine->disk.holds = !machine->disk.holds;
            break;
        case 8:
            scribble(machine, &in);
            break;
        case 3:
            machine->now += fuzz_input_u16(&in);
            break;
        case 4:
        case 5:
            client_step(machine, &in);
            break;
        default:
            guest_step(machine, &in);
            break;
        }
        disk_machine_run(machine);
        while (disk_machine_take(machine, &tag, &status)) {
        }
    }
    machine->disk.holds = false;
    machine->disk.fails = false;
    disk_machine_run(machine);
    if (blk_server_deadline(&machine->server) <= machine->now) {
        abort(); /* whoever may go on has */
    }
    if (machine->blk.in_flight != 0) {
        abort(); /* every request is answered */
    }
    check_guest(machine, features);
    check(machine);
    disk_machine_free(machine);
    return 0;
}
