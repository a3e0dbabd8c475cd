/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disk driver in front of a hostile device: registers read as anything, the queue's memory changes at any
 * moment, requests are answered twice, late, or never. Whatever the device does, it is told of no address
 * outside the memory that is there for it, and each request of the server is answered once.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/blk/blk_check.h"
#include "pd/blk_driver/blk_driver.h"
#include "pd/blk_driver/blk_virtio.h"
#include "tests/mock/fuzz_input.h"

#define LINK_BYTES 0x9000u
#define OWN_PADDR 0x80000000ull
#define REGION_PADDR 0x90000000ull
#define REGION_BYTES 0x10000u
#define TIMEOUT 100u
#define TAGS 64u

/* Registers (virtio 1.2, 4.2.2) that are more than memory. */
#define FEATURES 0x010u
#define FEATURES_SEL 0x014u
#define QUEUE_READY 0x044u
#define INTERRUPT_ACK 0x064u
#define STATUS 0x070u
#define REGISTERS_BYTES 0x140u

struct hostile_device {
    uint32_t registers[REGISTERS_BYTES / 4];
    uint64_t features;
    uint32_t status;
    bool holds_status; /* whatever is written to it */
};

struct fixture {
    struct blk_driver driver;
    struct blk_virtio virtio;
    struct hostile_device device;
    struct ring server;
    uint8_t own[BLK_DRIVER_OWN_BYTES] __attribute__((aligned(4096)));
    uint8_t links[2][LINK_BYTES] __attribute__((aligned(64)));
    uint16_t checked; /* entries of the queue that were looked at */
    uint64_t now;
    bool waits[TAGS]; /* for an answer, by tag */
};

static struct fixture fixture;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static uint32_t read_register(void *context, uint32_t offset)
{
    struct hostile_device *device = context;

    require(offset < REGISTERS_BYTES && offset % 4 == 0);
    if (offset == FEATURES) {
        return (uint32_t)(device->features >> 32 * (device->registers[FEATURES_SEL / 4] & 1));
    }
    return offset == STATUS ? device->status : device->registers[offset / 4];
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
    struct hostile_device *device = context;

    require(offset < REGISTERS_BYTES && offset % 4 == 0);
    if (offset == STATUS) {
        device->status = device->holds_status ? device->status : value;
    } else if (offset == INTERRUPT_ACK) {
        device->registers[0x060 / 4] &= ~value;
    } else if (offset == QUEUE_READY) {
        fixture.checked = 0; /* a queue begins */
    } else {
        device->registers[offset / 4] = value;
    }
}

/* A device that the driver can do with. */
static void behave(struct hostile_device *device)
{
    *device =
        (struct hostile_device){.features = 1ull << 32 | 1ull << 29 | 1ull << 28 | 1ull << 9 | 1ull << 2};
    device->registers[0x000 / 4] = 0x74726976;
    device->registers[0x004 / 4] = 2;
    device->registers[0x008 / 4] = 2;
    device->registers[0x034 / 4] = 32;
    device->registers[0x100 / 4] = 1000; /* capacity */
    device->registers[0x10c / 4] = 8;    /* seg_max */
}

static bool is_in(uint64_t paddr, uint64_t bytes, uint64_t base, uint64_t limit)
{
    return paddr >= base && blk_check_range(paddr - base, bytes, limit);
}

/* One descriptor: for itself, or of a table. Returns its flags. */
static uint16_t check_descriptor(const struct virtq_desc *desc)
{
    const bool is_own = is_in(desc->addr, desc->len, OWN_PADDR, sizeof fixture.own);

    require(is_own || is_in(desc->addr, desc->len, REGION_PADDR, REGION_BYTES));
    /* Of the driver's own memory it may write no more than a status. */
    require(!is_own || (desc->flags & VIRTQ_DESC_F_WRITE) == 0 || desc->len == 1);
    return desc->flags;
}

static void check_chain(const struct virtq_desc *table, uint16_t head, uint32_t size)
{
    uint16_t at = head;

    for (uint32_t i = 0; i <= size; i++) {
        require(at < size);
        const struct virtq_desc *desc = &table[at];
        const uint16_t flags = check_descriptor(desc);
        if ((flags & VIRTQ_DESC_F_INDIRECT) != 0) {
            const uint64_t offset = desc->addr - OWN_PADDR;

            require(offset % 16 == 0 && desc->len % sizeof *table == 0);
            check_chain((const struct virtq_desc *)(const void *)(fixture.own + offset), 0,
                        (uint32_t)(desc->len / sizeof *table));
        }
        if ((flags & VIRTQ_DESC_F_NEXT) == 0) {
            return;
        }
        at = desc->next;
    }
    abort(); /* it goes round */
}

/* What the driver has added since last time, before the device changes it. */
static void check_queue(void)
{
    const struct virtq_driver *queue = &fixture.virtio.queue;

    for (; fixture.driver.alive && fixture.checked != queue->next_avail; fixture.checked++) {
        check_chain(queue->desc, queue->avail->ring[fixture.checked & (queue->size - 1)], queue->size);
    }
}

static void take_answers(void)
{
    struct ring_record record;
    struct blk_reply reply;
    const uint8_t *data;

    (void)ring_sync(&fixture.server);
    while (ring_peek(&fixture.server, &record, &data) == ERR_OK) {
        if (record.meta != BLK_TAG_INFO) {
            require(record.length_bytes == sizeof reply && record.meta < TAGS && fixture.waits[record.meta]);
            memcpy(&reply, data, sizeof reply);
            require(reply.status <= BLK_OUT_OF_RANGE);
            fixture.waits[record.meta] = false;
        } else {
            struct blk_info info;
            require(blk_check_info(&info, data, record.length_bytes) == ERR_OK);
        }
        ring_release(&fixture.server);
    }
}

static void run(void)
{
    (void)blk_driver_run(&fixture.driver, fixture.now);
    check_queue();
    take_answers();
}

static void send(struct fuzz_input *in)
{
    struct blk_request request = {.op = fuzz_input_u8(in) % 6, .sector = fuzz_input_u8(in) * 8u};
    const uint8_t shape = fuzz_input_u8(in);
    uint8_t *data;
    uint32_t tag = 0;

    while (tag < TAGS && fixture.waits[tag]) {
        tag++;
    }
    request.segment_count = request.op <= BLK_WRITE ? shape & 7u : 0;
    for (uint32_t i = 0; i < request.segment_count; i++) {
        request.segments[i] = (struct blk_segment){
            .offset = fuzz_input_u16(in), .bytes = 512u << (shape >> 3 & 3), .region = shape >> 7};
        request.sector_count += request.segments[i].bytes / 512;
    }
    request.sector_count += request.segment_count == 0 && request.op != BLK_FLUSH ? shape : 0;
    const uint32_t bytes = blk_check_request_bytes(request.segment_count);
    if (tag < TAGS && ring_reserve(&fixture.server, bytes, &data) == ERR_OK) {
        memcpy(data, &request, bytes);
        ring_commit(&fixture.server, bytes, tag);
        fixture.waits[tag] = true;
    }
}

/* The device changes the memory that it shares with the driver. */
static void scribble(struct fuzz_input *in)
{
    const struct virtq_driver *queue = &fixture.virtio.queue;
    const uint8_t where = fuzz_input_u8(in);
    const uint32_t value = fuzz_input_u16(in);

    if (where < 128 || !fixture.driver.alive) {
        const size_t at = (where * 0x101u + value * 4) % (sizeof fixture.own - sizeof value);
        memcpy(fixture.own + at, &value, sizeof value);
        return;
    }
    /* An entry that is used, as far as the device says. */
    struct virtq_used *used = (struct virtq_used *)(uintptr_t)queue->used;
    used->ring[used->idx & (queue->size - 1)].id = where < 192 ? value & (queue->size - 1u) : value;
    used->idx = (uint16_t)(used->idx + (where < 250 ? 1 : value));
    fixture.virtio.dma[where & (BLK_DRIVER_SLOTS - 1)].status = (uint8_t)(value & 3);
}

static void step(struct fuzz_input *in)
{
    struct hostile_device *device = &fixture.device;

    switch (fuzz_input_u8(in) & 7) {
    case 0:
        device->registers[fuzz_input_u8(in) % (REGISTERS_BYTES / 4)] = fuzz_input_u16(in);
        break;
    case 1:
        device->status = fuzz_input_u8(in);
        device->holds_status = (device->status & 0x30) == 0x30;
        device->registers[0x060 / 4] |= fuzz_input_u8(in) & 3u;
        break;
    case 2:
        device->features ^= 1ull << (fuzz_input_u8(in) & 63u);
        break;
    case 3:
        fixture.now += fuzz_input_u8(in);
        break;
    case 4:
    case 5:
        send(in);
        break;
    default:
        scribble(in);
        break;
    }
    run();
}

/* Time passes until all is answered: by a device that does nothing, or by the driver in its place. */
static void check_answers(void)
{
    for (uint32_t i = 0; i < 2 * BLK_DRIVER_RESTARTS; i++) {
        fixture.now += 10 * TIMEOUT;
        run();
    }
    for (uint32_t i = 0; i < TAGS; i++) {
        require(!fixture.waits[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const struct blk_region region = {REGION_PADDR, REGION_BYTES};
    const struct blk_driver_setup setup = {
        .device = {&blk_virtio_ops, &fixture.virtio},
        .device_setup = {.registers = {read_register, write_register, &fixture.device},
                         .own = fixture.own,
                         .own_paddr = OWN_PADDR,
                         .own_bytes = sizeof fixture.own},
        .regions = &region,
        .region_count = 1,
        .timeout = TIMEOUT};

    memset(&fixture, 0, sizeof fixture);
    behave(&fixture.device);
    for (uint8_t i = fuzz_input_u8(&in) & 3; i > 0; i--) { /* not that of all registers, at its start */
        fixture.device.registers[fuzz_input_u8(&in) % (REGISTERS_BYTES / 4)] = fuzz_input_u16(&in);
    }
    require(blk_driver_init(&fixture.driver, &setup, fixture.links[0], fixture.links[1], LINK_BYTES, 0) ==
            ERR_OK);
    require(ring_init(&fixture.server, fixture.links[1], fixture.links[0], LINK_BYTES) == ERR_OK);
    run();
    while (in.bytes > 0) {
        step(&in);
    }
    check_answers();
    return 0;
}
