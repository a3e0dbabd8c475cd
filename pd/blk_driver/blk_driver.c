/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/blk_driver/blk_driver.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "lib/blk/blk_check.h"
#include "pd/blk_driver/blk_device.h"

_Static_assert(offsetof(struct blk_driver_dma, table) % VIRTQ_DESC_ALIGN == 0, "virtio 1.2, 2.7");
_Static_assert(sizeof(struct blk_driver_dma) % VIRTQ_DESC_ALIGN == 0, "they lie one behind the other");

/* The device overwrites it; one that doesn't has not done its work. */
#define STATUS_NONE 0xffu

#define HEADER_BYTES 16u
#define RANGE_BYTES 16u

uint64_t blk_driver_own_bytes(void)
{
    return virtq_driver_bytes(VIRTQ_DRIVER_MAX_SIZE) + BLK_DRIVER_SLOTS * sizeof(struct blk_driver_dma);
}

enum err blk_driver_init(struct blk_driver *driver, const struct blk_driver_setup *setup, void *link_own,
                         const void *link_peer, uint32_t link_bytes)
{
    const size_t queue_bytes = virtq_driver_bytes(VIRTQ_DRIVER_MAX_SIZE);

    if (setup->own_bytes < blk_driver_own_bytes() || setup->region_count > BLK_DRIVER_MAX_REGIONS) {
        return ERR_RANGE;
    }
    *driver = (struct blk_driver){
        .registers = setup->registers,
        .region_count = setup->region_count,
        .own = setup->own,
        .own_paddr = setup->own_paddr,
        .dma = (struct blk_driver_dma *)(void *)((uint8_t *)setup->own + queue_bytes),
        .dma_paddr = setup->own_paddr + queue_bytes,
        .timeout = setup->timeout,
        .check_at = BLK_DRIVER_NEVER,
        .info_due = true,
    };
    memcpy(driver->regions, setup->regions, setup->region_count * sizeof(setup->regions[0]));
    enum err err = ring_init(&driver->link, link_own, link_peer, link_bytes);
    if (err != ERR_OK) {
        return err;
    }
    err = blk_device_start(driver, setup->own, setup->own_paddr);
    driver->alive = err == ERR_OK;
    if (!driver->alive) {
        log_error("no disk can be used here: %s", err_text(err));
        driver->info = (struct blk_info){
            .block_bytes = BLK_SECTOR_BYTES, .max_segments = 1, .max_segment_bytes = BLK_MAX_BYTES};
    }
    return ERR_OK;
}

/* Replies. */

static void finish(struct blk_driver *driver, struct blk_slot *slot, uint32_t status)
{
    slot->status = status;
    slot->state = BLK_SLOT_DONE;
    driver->done_count++;
}

static bool put(struct blk_driver *driver, const void *record, uint32_t bytes, uint64_t tag)
{
    uint8_t *data;

    if (ring_reserve(&driver->link, bytes, &data) != ERR_OK) {
        return false;
    }
    memcpy(data, record, bytes);
    ring_commit(&driver->link, bytes, tag);
    return true;
}

/* Put what waits into the link. Returns false if it is full. */
static bool reply(struct blk_driver *driver)
{
    if (driver->info_due) {
        driver->info_due = !put(driver, &driver->info, sizeof driver->info, BLK_TAG_INFO);
    }
    for (uint32_t i = 0; i < BLK_DRIVER_SLOTS && driver->done_count > 0 && !driver->info_due; i++) {
        struct blk_slot *slot = &driver->slots[i];
        const struct blk_reply answer = {.status = slot->status};

        if (slot->state != BLK_SLOT_DONE) {
            continue;
        }
        if (!put(driver, &answer, sizeof answer, slot->tag)) {
            return false;
        }
        slot->state = BLK_SLOT_FREE;
        driver->done_count--;
    }
    return !driver->info_due;
}

/* The device. */

/* Set up a failed device again, unless that has been tried too often. */
static void restart(struct blk_driver *driver)
{
    driver->check_at = BLK_DRIVER_NEVER;
    if (driver->restarts == BLK_DRIVER_RESTARTS) {
        log_error("the disk does no request after %u attempts: given up", BLK_DRIVER_RESTARTS);
        return;
    }
    driver->restarts++;
    memset(driver->own, 0, virtq_driver_bytes(VIRTQ_DRIVER_MAX_SIZE));
    const enum err err = blk_device_start(driver, driver->own, driver->own_paddr);
    driver->alive = err == ERR_OK;
    driver->info_due = true;
    if (!driver->alive && driver->timeout == 0) {
        log_error("the disk does not come back: %s", err_text(err));
    } else if (!driver->alive) {
        log_warn_limited(&driver->failures, "the disk does not come back yet: %s", err_text(err));
        driver->check_at = driver->now + driver->timeout;
    }
}

/* All that the device has is lost, and it has to begin again. */
static void fail(struct blk_driver *driver, const char *why)
{
    log_warn_limited(&driver->failures, "the disk has failed, and is reset: %s", why);
    blk_device_stop(driver);
    driver->alive = false;
    driver->queue_full = false;
    driver->info.flags &= ~(uint32_t)BLK_INFO_ALIVE;
    driver->info_due = true;
    for (uint32_t i = 0; i < BLK_DRIVER_SLOTS; i++) {
        struct blk_slot *slot = &driver->slots[i];

        if (slot->state == BLK_SLOT_BUSY) {
            finish(driver, slot, BLK_FAILED);
        } else if (slot->state == BLK_SLOT_ORPHAN) {
            slot->state = BLK_SLOT_FREE;
        }
    }
    driver->busy_count = 0;
    restart(driver);
}

static uint32_t status_of(uint8_t untrusted_status)
{
    if (untrusted_status == VIRTIO_BLK_S_OK) {
        return BLK_DONE;
    }
    return untrusted_status == VIRTIO_BLK_S_UNSUPP ? BLK_UNSUPPORTED : BLK_FAILED;
}

/* Take what the device has finished. */
static void complete(struct blk_driver *driver)
{
    uint16_t head;
    uint32_t written;
    enum err err = ERR_EMPTY;

    while (driver->alive && (err = virtq_driver_take(&driver->queue, &head, &written)) == ERR_OK) {
        const uint16_t index = driver->slot_of[head];
        struct blk_slot *slot = &driver->slots[index];

        driver->busy_count--;
        driver->queue_full = false;
        driver->restarts = 0;
        if (slot->state == BLK_SLOT_ORPHAN) {
            slot->state = BLK_SLOT_FREE;
            continue;
        }
        finish(driver, slot, status_of(*(volatile uint8_t *)&driver->dma[index].status));
    }
    if (driver->alive && err != ERR_EMPTY) {
        fail(driver, err_text(err));
    }
}

/* Requests. */

/* Whether the request may go to the device as it is. */
static uint32_t check(const struct blk_driver *driver, const struct blk_request *request)
{
    static const uint32_t needs[] = {
        [BLK_FLUSH] = BLK_INFO_FLUSH,
        [BLK_DISCARD] = BLK_INFO_DISCARD,
        [BLK_WRITE_ZEROES] = BLK_INFO_WRITE_ZEROES,
    };

    if (!driver->alive || request->segment_count > driver->info.max_segments) {
        return BLK_FAILED;
    }
    if ((driver->info.flags & needs[request->op]) != needs[request->op]) {
        return BLK_UNSUPPORTED;
    }
    if (!blk_check_range(request->sector, request->sector_count, driver->info.sector_count)) {
        return BLK_OUT_OF_RANGE;
    }
    for (uint32_t i = 0; i < request->segment_count; i++) {
        const struct blk_segment *segment = &request->segments[i];

        if (segment->region >= driver->region_count ||
            !blk_check_range(segment->offset, segment->bytes, driver->regions[segment->region].bytes)) {
            return BLK_OUT_OF_RANGE;
        }
    }
    return BLK_DONE;
}

static uint32_t type_of(uint32_t op)
{
    static const uint32_t types[] = {
        [BLK_READ] = VIRTIO_BLK_T_IN,
        [BLK_WRITE] = VIRTIO_BLK_T_OUT,
        [BLK_FLUSH] = VIRTIO_BLK_T_FLUSH,
        [BLK_DISCARD] = VIRTIO_BLK_T_DISCARD,
        [BLK_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
    };
    return types[op];
}

/* Describe the request to the device. ERR_SPACE: the queue is full. */
static enum err submit(struct blk_driver *driver, const struct blk_request *request, uint16_t index)
{
    struct virtq_driver_buffer buffers[BLK_MAX_SEGMENTS + 2];
    struct blk_driver_dma *dma = &driver->dma[index];
    const uint64_t paddr = driver->dma_paddr + index * sizeof *dma;
    const bool has_range = request->op == BLK_DISCARD || request->op == BLK_WRITE_ZEROES;
    uint16_t count = 0;
    uint16_t head;

    dma->type = type_of(request->op);
    dma->sector = has_range ? 0 : request->sector;
    dma->range_sector = request->sector;
    dma->range_sectors = request->sector_count;
    /* DISCARD must not have the flag (section 5.2.6.1). */
    dma->range_flags = request->op == BLK_WRITE_ZEROES && (request->flags & BLK_UNMAP) != 0 ? 1 : 0;
    dma->status = STATUS_NONE;
    buffers[count++] =
        (struct virtq_driver_buffer){.paddr = paddr, .bytes = HEADER_BYTES + (has_range ? RANGE_BYTES : 0)};
    for (uint32_t i = 0; i < request->segment_count; i++) {
        const struct blk_segment *segment = &request->segments[i];

        buffers[count++] =
            (struct virtq_driver_buffer){.paddr = driver->regions[segment->region].paddr + segment->offset,
                                         .bytes = segment->bytes,
                                         .writable = request->op == BLK_READ};
    }
    buffers[count++] = (struct virtq_driver_buffer){
        .paddr = paddr + offsetof(struct blk_driver_dma, status), .bytes = 1, .writable = true};

    const enum err err =
        driver->indirect ? virtq_driver_add_indirect(&driver->queue, buffers, count, dma->table,
                                                     paddr + offsetof(struct blk_driver_dma, table), &head)
                         : virtq_driver_add(&driver->queue, buffers, count, &head);
    if (err == ERR_OK) {
        driver->slot_of[head] = index;
        driver->busy_count++;
    }
    return err;
}

static uint16_t find_slot(const struct blk_driver *driver)
{
    uint16_t index = 0;

    while (index < BLK_DRIVER_SLOTS && driver->slots[index].state != BLK_SLOT_FREE) {
        index++;
    }
    return index;
}

/* One record of the link. False if it has to wait for a slot, or there is none. */
static bool take_request(struct blk_driver *driver)
{
    const uint16_t index = find_slot(driver);
    struct ring_record record;
    const uint8_t *data;

    if (index == BLK_DRIVER_SLOTS || ring_peek(&driver->link, &record, &data) != ERR_OK) {
        return false;
    }
    struct blk_slot *slot = &driver->slots[index];
    uint32_t status = BLK_FAILED;
    if (blk_check_request(&driver->request, data, record.length_bytes) == ERR_OK) {
        status = check(driver, &driver->request);
    }
    slot->tag = record.meta;
    if (status != BLK_DONE) {
        log_warn_limited(&driver->complaints, "refused a request of the server (status %u)", status);
        finish(driver, slot, status);
    } else if (submit(driver, &driver->request, index) == ERR_OK) {
        slot->state = BLK_SLOT_BUSY;
        slot->deadline = driver->timeout == 0 ? BLK_DRIVER_NEVER : driver->now + driver->timeout;
        driver->check_at = slot->deadline < driver->check_at ? slot->deadline : driver->check_at;
    } else {
        driver->queue_full = true;
        return false;
    }
    ring_release(&driver->link);
    return true;
}

/* Nobody waits for what the former server sent. */
static void forget(struct blk_driver *driver)
{
    for (uint32_t i = 0; i < BLK_DRIVER_SLOTS; i++) {
        struct blk_slot *slot = &driver->slots[i];

        if (slot->state == BLK_SLOT_BUSY) {
            slot->state = BLK_SLOT_ORPHAN;
        } else if (slot->state == BLK_SLOT_DONE) {
            slot->state = BLK_SLOT_FREE;
        }
    }
    driver->done_count = 0;
    driver->info_due = true;
}

static void run_device(struct blk_driver *driver)
{
    bool changed;

    if (!driver->alive) {
        return;
    }
    const enum err err = blk_device_interrupts(driver, &changed);
    if (err != ERR_OK) {
        fail(driver, "it asks for a reset");
        return;
    }
    driver->info_due = driver->info_due || changed;
}

uint64_t blk_driver_deadline(const struct blk_driver *driver)
{
    return driver->check_at;
}

bool blk_driver_is_alive(const struct blk_driver *driver)
{
    return driver->alive;
}

/* What the device has done meanwhile has been taken. Looking at all slots each time would be for nothing. */
static void check_time(struct blk_driver *driver)
{
    if (driver->now < driver->check_at) {
        return;
    }
    if (!driver->alive) {
        restart(driver);
        return;
    }
    driver->check_at = BLK_DRIVER_NEVER;
    for (uint32_t i = 0; i < BLK_DRIVER_SLOTS; i++) {
        const struct blk_slot *slot = &driver->slots[i];

        if ((slot->state == BLK_SLOT_BUSY || slot->state == BLK_SLOT_ORPHAN) &&
            slot->deadline < driver->check_at) {
            driver->check_at = slot->deadline;
        }
    }
    if (driver->check_at <= driver->now) {
        fail(driver, "a request has taken too long");
    }
}

bool blk_driver_run(struct blk_driver *driver, uint64_t now)
{
    bool again = true;

    driver->now = now;
    if (ring_sync(&driver->link)) {
        forget(driver);
    }
    run_device(driver);
    while (again) {
        complete(driver);
        check_time(driver);
        bool replied = reply(driver);
        while (take_request(driver)) {
        }
        if (driver->alive && virtq_driver_publish(&driver->queue)) {
            blk_device_kick(driver);
        }
        replied = replied && reply(driver);
        again = driver->alive && virtq_driver_request_interrupt(&driver->queue);
        again = (!replied && ring_request_record_space(&driver->link, sizeof driver->info)) || again;
        /* Without a slot or room in the queue, a completion or the link's space gets us going again. */
        const bool can_take = find_slot(driver) < BLK_DRIVER_SLOTS && !driver->queue_full;
        again = (can_take && ring_request_data(&driver->link)) || again;
    }
    const bool data = ring_should_signal_data(&driver->link);
    const bool space = ring_should_signal_space(&driver->link);
    return data || space;
}
