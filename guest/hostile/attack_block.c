/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on a disk inside well-formed chains (virtio 1.2, 5.2). */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

/* Status bytes (5.2.6). */
enum block_status { BLOCK_OK = 0, BLOCK_ERROR = 1, BLOCK_UNSUPPORTED = 2, BLOCK_NONE = 0xa5 };
enum block_type {
    BLOCK_IN = 0,
    BLOCK_OUT = 1,
    BLOCK_FLUSH = 4,
    BLOCK_GET_ID = 8,
    BLOCK_DISCARD = 11,
    BLOCK_ZERO = 13
};

#define BLOCK_FEATURES (FEATURE_BLOCK_FLUSH | FEATURE_BLOCK_DISCARD | FEATURE_BLOCK_WRITE_ZEROES)
#define BLOCK_STATUS_AT 64u
#define BLOCK_DATA_AT 4096u

/* One request: struct virtio_blk_req (5.2.6), data of `bytes` in one descriptor with `flags`, a status byte.
 */
static void block_submit(struct virtio_device *device, uint32_t type, uint64_t sector, uint32_t bytes,
                         uint16_t flags)
{
    struct virtio_desc *desc = device->queues[0].desc;
    uint64_t at = (uint64_t)(uintptr_t)device->buffers;

    memcpy(device->buffers, &type, sizeof type);
    memcpy(device->buffers + 8, &sector, sizeof sector);
    device->buffers[BLOCK_STATUS_AT] = BLOCK_NONE;
    desc[0] = (struct virtio_desc){at, 16, DESC_NEXT, 1};
    desc[1] = (struct virtio_desc){at + BLOCK_DATA_AT, bytes, (uint16_t)(DESC_NEXT | flags), 2};
    desc[2] = (struct virtio_desc){at + BLOCK_STATUS_AT, 1, DESC_WRITE, 0};
    virtio_submit(device, 0, 0);
}

/* The same, answered with `status`. */
static void block_request(struct virtio_device *device, uint32_t type, uint64_t sector, uint32_t bytes,
                          uint16_t flags, enum block_status status)
{
    check_that(virtio_start_with(device, BLOCK_FEATURES, 1), "the device does not start");
    memset(device->buffers, 0, BLOCK_DATA_AT);
    block_submit(device, type, sector, bytes, flags);
    check_that(virtio_wait_used(device, 0, 1), "the request is not answered");
    check_that(device->buffers[BLOCK_STATUS_AT] == (uint8_t)status, "the answer is another one");
    check_running(device);
}

static void block_type(struct virtio_device *device, uint64_t type)
{
    block_request(device, (uint32_t)type, 0, 512, DESC_WRITE, BLOCK_UNSUPPORTED);
    block_request(device, (uint32_t)type, 0, 512, 0, BLOCK_UNSUPPORTED);
}

/* Sectors outside the disk, or outside all disks: its neighbours' sectors are at the other end. */
static void block_sector(struct virtio_device *device, uint64_t sector)
{
    block_request(device, BLOCK_IN, sector, 4096, DESC_WRITE, BLOCK_ERROR);
    block_request(device, BLOCK_OUT, sector, 4096, 0, BLOCK_ERROR);
}

static uint64_t block_capacity(struct virtio_device *device)
{
    return virtio_read(device, REG_CONFIG) | (uint64_t)virtio_read(device, REG_CONFIG + 4) << 32;
}

/* The last sector that there is, and `past` more. */
static void block_over_end(struct virtio_device *device, uint64_t past)
{
    uint64_t last = block_capacity(device) - 1;

    block_request(device, BLOCK_IN, last, (uint32_t)(512 + 512 * past), DESC_WRITE,
                  past == 0 ? BLOCK_OK : BLOCK_ERROR);
    if (past != 0) {
        block_sector(device, last + past);
        block_sector(device, last);
    }
}

static void block_length(struct virtio_device *device, uint64_t bytes)
{
    block_request(device, BLOCK_IN, 0, (uint32_t)bytes, DESC_WRITE, BLOCK_ERROR);
    block_request(device, BLOCK_OUT, 0, (uint32_t)bytes, 0, BLOCK_ERROR);
}

static void block_length_outside(struct virtio_device *device, uint64_t bytes)
{
    check_that(virtio_start_with(device, BLOCK_FEATURES, 1), "the device does not start");
    block_submit(device, BLOCK_IN, 0, (uint32_t)bytes, DESC_WRITE);
    check_broken(device);
}

/* A request that reads into what is for the device to read only, and the reverse: no data then. */
static void block_direction(struct virtio_device *device, uint64_t type)
{
    block_request(device, (uint32_t)type, 0, 512, type == BLOCK_IN ? 0 : DESC_WRITE, BLOCK_ERROR);
}

static void block_short_id(struct virtio_device *device, uint64_t bytes)
{
    block_request(device, BLOCK_GET_ID, 0, (uint32_t)bytes, DESC_WRITE, BLOCK_ERROR);
}

/* Discard and write zeroes: struct virtio_blk_discard_write_zeroes (5.2.6). */
static void block_range(struct virtio_device *device, uint64_t sector, uint32_t count, uint32_t flags,
                        uint32_t bytes)
{
    static const uint32_t types[] = {BLOCK_DISCARD, BLOCK_ZERO};

    for (int i = 0; i < 2; i++) {
        check_that(virtio_start_with(device, BLOCK_FEATURES, 1), "the device does not start");
        memcpy(device->buffers + BLOCK_DATA_AT, &sector, sizeof sector);
        memcpy(device->buffers + BLOCK_DATA_AT + 8, &count, sizeof count);
        memcpy(device->buffers + BLOCK_DATA_AT + 12, &flags, sizeof flags);
        block_submit(device, types[i], 0, bytes, 0);
        check_that(virtio_wait_used(device, 0, 1), "the request is not answered");
        check_that(device->buffers[BLOCK_STATUS_AT] == BLOCK_ERROR ||
                       device->buffers[BLOCK_STATUS_AT] == BLOCK_UNSUPPORTED,
                   "a bad range is accepted");
        check_running(device);
    }
}

static void block_range_past_end(struct virtio_device *device, uint64_t past)
{
    block_range(device, block_capacity(device) - 1 + past, 1 + (past == 0), 0, 16);
}

static void block_range_sector(struct virtio_device *device, uint64_t sector)
{
    block_range(device, sector, 8, 0, 16);
}

static void block_range_count(struct virtio_device *device, uint64_t count)
{
    block_range(device, 1, (uint32_t)count, 0, 16);
}

static void block_range_flags(struct virtio_device *device, uint64_t flags)
{
    block_range(device, 0, 1, (uint32_t)flags, 16);
}

static void block_range_bytes(struct virtio_device *device, uint64_t bytes)
{
    block_range(device, 0, 1, 0, (uint32_t)bytes);
}

/* Requests of features that the driver did not accept (5.2.6.1). */
static void block_not_negotiated(struct virtio_device *device, uint64_t type)
{
    check_that(virtio_start(device), "the device does not start");
    block_submit(device, (uint32_t)type, 0, 16, 0);
    check_that(virtio_wait_used(device, 0, 1), "the request is not answered");
    check_that(device->buffers[BLOCK_STATUS_AT] == BLOCK_UNSUPPORTED, "the request is done");
    check_running(device);
}

/* No status byte, or one of 2 GiB. */
static void block_status(struct virtio_device *device, uint64_t bytes)
{
    struct virtio_desc *desc = device->queues[0].desc;
    uint64_t at = (uint64_t)(uintptr_t)device->buffers;

    check_that(virtio_start(device), "the device does not start");
    memset(device->buffers, 0, 16);
    desc[0] = (struct virtio_desc){at, 16, DESC_NEXT, 1};
    desc[1] = (struct virtio_desc){at + BLOCK_STATUS_AT, (uint32_t)bytes, DESC_WRITE, 0};
    virtio_submit(device, 0, 0);
    check_broken(device);
}

static void block_short_header(struct virtio_device *device, uint64_t bytes)
{
    check_that(virtio_start(device), "the device does not start");
    device->queues[0].desc[0] =
        (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, (uint32_t)bytes, 0, 0};
    virtio_submit(device, 0, 0);
    check_broken(device);
}

/* Header, data and status in pieces of a byte each, as any framing is allowed (2.7.4.1). */
static void block_pieces(struct virtio_device *device, uint64_t parameter)
{
    struct virtio_desc *table = (struct virtio_desc *)(device->buffers + 0x8000);
    uint64_t at = (uint64_t)(uintptr_t)device->buffers;

    (void)parameter;
    check_that(virtio_start_with(device, BLOCK_FEATURES | FEATURE_INDIRECT_DESC, 1),
               "the device does not start");
    memset(device->buffers, 0, 64);
    device->buffers[BLOCK_STATUS_AT] = BLOCK_NONE;
    /* 12 of the 16 entries that a chain may have: header, data, status. */
    for (uint32_t i = 0; i < 8; i++) {
        table[i] = (struct virtio_desc){at + 2ull * i, 2, DESC_NEXT, (uint16_t)(i + 1)};
    }
    for (uint32_t i = 0; i < 3; i++) {
        table[8 + i] = (struct virtio_desc){at + BLOCK_DATA_AT + i, i == 2 ? 510 : 1, DESC_NEXT | DESC_WRITE,
                                            (uint16_t)(9 + i)};
    }
    table[11] = (struct virtio_desc){at + BLOCK_STATUS_AT, 1, DESC_WRITE, 0};
    device->queues[0].desc[0] =
        (struct virtio_desc){(uint64_t)(uintptr_t)table, 12 * sizeof *table, DESC_INDIRECT, 0};
    virtio_submit(device, 0, 0);
    check_that(virtio_wait_used(device, 0, 1), "the request is not answered");
    check_that(device->buffers[BLOCK_STATUS_AT] != BLOCK_NONE, "there is no status");
    check_running(device);
}

/* After a reset, the buffers are the guest's own again, too: nothing may be read into them any more. */
static void block_reset_in_flight(struct virtio_device *device, uint64_t count)
{
    volatile uint8_t *data = device->buffers + BLOCK_DATA_AT;
    uint32_t written = 0;

    for (uint64_t i = 0; i < count; i++) {
        check_that(virtio_start(device), "the device does not start");
        memset(device->buffers, 0, BLOCK_DATA_AT);
        block_submit(device, BLOCK_IN, 0, 0x10000, DESC_WRITE);
        check_that(virtio_reset(device), "the reset does not end");
        memset(device->buffers + BLOCK_DATA_AT, 0x5a, 0x10000);
        for (volatile uint32_t wait = 0; wait < 200000; wait++) {
        }
        for (uint32_t at = 0; at < 0x10000; at++) {
            written += data[at] != 0x5a;
        }
    }
    check_that(written == 0, "the disk is read into memory after the reset");
}

/* As many requests as the queue has, of everything, and a reset in the middle of them. */
static void block_storm(struct virtio_device *device, uint64_t count)
{
    uint64_t at = (uint64_t)(uintptr_t)device->buffers;

    for (uint64_t i = 0; i < count; i++) {
        struct virtio_desc *desc = device->queues[0].desc;

        check_that(virtio_start(device), "the device does not start");
        memset(device->buffers, 0, BLOCK_DATA_AT);
        for (uint16_t head = 0; head + 2u < device->queue_size; head = (uint16_t)(head + 3)) {
            desc[head] = (struct virtio_desc){at, 16, DESC_NEXT, (uint16_t)(head + 1)};
            desc[head + 1] =
                (struct virtio_desc){at + BLOCK_DATA_AT, 4096, DESC_NEXT | DESC_WRITE, (uint16_t)(head + 2)};
            desc[head + 2] = (struct virtio_desc){at + BLOCK_STATUS_AT, 1, DESC_WRITE, 0};
            virtio_submit(device, 0, head);
        }
        check_that((i & 1) == 0 || virtio_wait_used(device, 0, 5), "the requests are not answered");
    }
}

/* Sector i of `count` says what comes after it: the next sector to read, and the avail index by then. */
static bool block_write_links(struct virtio_device *device, uint64_t count)
{
    if (!virtio_start_with(device, BLOCK_FEATURES, 1)) {
        return false;
    }
    memset(device->buffers, 0, BLOCK_DATA_AT + count * 512);
    for (uint64_t i = 0; i < count; i++) {
        uint8_t *sector = device->buffers + BLOCK_DATA_AT + 512 * i;
        const uint64_t next = (i + 1) % count;
        const uint16_t index = (uint16_t)(i + 2);

        memcpy(sector, &next, sizeof next);
        memcpy(sector + sizeof next, &index, sizeof index);
    }
    block_submit(device, BLOCK_OUT, 0, (uint32_t)(512 * count), 0);
    return virtio_wait_used(device, 0, 1) && device->buffers[BLOCK_STATUS_AT] == BLOCK_OK;
}

/*
 * A read into its own header and the avail index: each completion publishes the next request. After one kick
 * the device must come to rest.
 */
static void block_refill(struct virtio_device *device, uint64_t count)
{
    volatile uint16_t *index = &device->queues[0].avail.idx, *used = &device->queues[0].used.idx;
    struct virtio_desc *desc = device->queues[0].desc;
    const uint64_t at = (uint64_t)(uintptr_t)device->buffers;

    check_that(block_write_links(device, count), "the sectors are not written");
    check_that(virtio_start(device), "the device does not start");
    memset(device->buffers, 0, BLOCK_DATA_AT);
    desc[0] = (struct virtio_desc){at, 16, DESC_NEXT, 1};
    desc[1] = (struct virtio_desc){at + 8, 8, DESC_NEXT | DESC_WRITE, 2};
    desc[2] = (struct virtio_desc){(uint64_t)(uintptr_t)index, 2, DESC_NEXT | DESC_WRITE, 3};
    desc[3] = (struct virtio_desc){at + BLOCK_DATA_AT, 502, DESC_NEXT | DESC_WRITE, 4};
    desc[4] = (struct virtio_desc){at + BLOCK_STATUS_AT, 1, DESC_WRITE, 0};
    virtio_submit(device, 0, 0);
    check_that(virtio_wait_used(device, 0, 1), "the request is not answered");
    check_at_rest(used, device->queue_size);
    check_that(*index > 1, "the index was not written");
    check_running(device);
}

const struct attack attack_block[] = {
    {"block-type-unknown", block_type, 7},
    {"block-type-all-ones", block_type, 0xffffffff},
    {"block-type-get-lifetime", block_type, 10},
    {"block-type-secure-erase", block_type, 14},
    {"block-sector-past-end", block_sector, 1ull << 40},
    {"block-sector-wraps-bytes", block_sector, 1ull << 55},
    {"block-sector-all-ones", block_sector, ~0ull},
    {"block-last-sector", block_over_end, 0},
    {"block-last-sector-and-1", block_over_end, 1},
    {"block-last-sector-and-7", block_over_end, 7},
    {"block-length-0", block_length, 0},
    {"block-length-1", block_length, 1},
    {"block-length-513", block_length, 513},
    {"block-length-4g", block_length_outside, 0xfffffe00},
    {"block-direction-read", block_direction, BLOCK_IN},
    {"block-direction-write", block_direction, BLOCK_OUT},
    {"block-id-0", block_short_id, 0},
    {"block-id-19", block_short_id, 19},
    {"block-range-over-end", block_range_past_end, 0},
    {"block-range-past-end", block_range_past_end, 1},
    {"block-range-all-ones", block_range_sector, ~0ull},
    {"block-range-wraps", block_range_sector, ~0ull - 6},
    {"block-range-count-0", block_range_count, 0},
    {"block-range-count-all-ones", block_range_count, 0xffffffff},
    {"block-range-flags", block_range_flags, 0xfffffffe},
    {"block-range-bytes-0", block_range_bytes, 0},
    {"block-range-bytes-15", block_range_bytes, 15},
    {"block-range-bytes-17", block_range_bytes, 17},
    {"block-range-two", block_range_bytes, 32},
    {"block-flush-not-negotiated", block_not_negotiated, BLOCK_FLUSH},
    {"block-discard-not-negotiated", block_not_negotiated, BLOCK_DISCARD},
    {"block-zero-not-negotiated", block_not_negotiated, BLOCK_ZERO},
    {"block-status-0", block_status, 0},
    {"block-status-2g", block_status, 0x80000000},
    {"block-header-0", block_short_header, 0},
    {"block-header-15", block_short_header, 15},
    {"block-header-only", block_short_header, 16},
    {"block-pieces", block_pieces, 0},
    {"block-reset-in-flight", block_reset_in_flight, 10},
    {"block-storm", block_storm, 40},
    {"block-refill", block_refill, 128},
    {"block-big-reads", attack_storm_block, 2},
    {NULL, NULL, 0},
};
