/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/blk_driver/blk_driver.h"

#include "lib/base/mem.h"
#include "lib/blk/blk_check.h"

/* Bring the device up. It may be ready later; `info` says. */
static enum err start_device(struct blk_driver *driver)
{
    const struct blk_device *device = &driver->device;
    const enum err err = device->ops->start(device->device, &driver->setup, driver->now, &driver->info);

    driver->alive = err == ERR_OK;
    return err;
}

/* Whether the device takes requests. */
static bool is_ready(const struct blk_driver *driver)
{
    return driver->alive && (driver->info.flags & BLK_INFO_ALIVE) != 0;
}

enum err blk_driver_init(struct blk_driver *driver, const struct blk_driver_setup *setup, void *link_own,
                         const void *link_peer, uint32_t link_bytes, uint64_t now)
{
    if (setup->device_setup.own_bytes < setup->device.ops->own_bytes ||
        setup->region_count > BLK_DRIVER_MAX_REGIONS) {
        return ERR_RANGE;
    }
    *driver = (struct blk_driver){
        .device = setup->device,
        .setup = setup->device_setup,
        .region_count = setup->region_count,
        .timeout = setup->timeout,
        .now = now,
        .check_at = BLK_DRIVER_NEVER,
    };
    memcpy(driver->regions, setup->regions, setup->region_count * sizeof(setup->regions[0]));
    enum err err = ring_init(&driver->link, link_own, link_peer, link_bytes);
    if (err != ERR_OK) {
        return err;
    }
    err = start_device(driver);
    if (!driver->alive) {
        log_error("no disk can be used here: %s", err_text(err));
        driver->info = (struct blk_info){
            .block_bytes = BLK_SECTOR_BYTES, .max_segments = 1, .max_segment_bytes = BLK_MAX_BYTES};
    }
    driver->info_due = !driver->alive || is_ready(driver);
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
    memset(driver->setup.own, 0, driver->device.ops->own_bytes);
    const enum err err = start_device(driver);
    /* While it starts, requests wait, and the server need not know. */
    driver->info_due = !driver->alive || is_ready(driver);
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
    driver->device.ops->stop(driver->device.device);
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

/* Take what the device has finished. */
static void complete(struct blk_driver *driver)
{
    const struct blk_device *device = &driver->device;
    uint16_t index;
    uint32_t status;
    enum err err = ERR_EMPTY;

    while (driver->alive && (err = device->ops->take(device->device, &index, &status)) == ERR_OK) {
        struct blk_slot *slot = &driver->slots[index];

        driver->busy_count--;
        driver->queue_full = false;
        driver->restarts = 0;
        if (slot->state == BLK_SLOT_ORPHAN) {
            slot->state = BLK_SLOT_FREE;
            continue;
        }
        finish(driver, slot, status);
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

static enum err submit(struct blk_driver *driver, uint16_t index)
{
    const struct blk_device *device = &driver->device;
    const struct blk_request *request = &driver->request;

    driver->order.request = request;
    driver->order.slot = index;
    for (uint32_t i = 0; i < request->segment_count; i++) {
        const struct blk_segment *segment = &request->segments[i];

        driver->order.pieces[i] = (struct blk_device_piece){
            .paddr = driver->regions[segment->region].paddr + segment->offset, .bytes = segment->bytes};
    }
    return device->ops->submit(device->device, &driver->order, driver->now);
}

static uint16_t find_slot(const struct blk_driver *driver)
{
    uint16_t index = 0;

    while (index < BLK_DRIVER_SLOTS && driver->slots[index].state != BLK_SLOT_FREE) {
        index++;
    }
    return index;
}

/* The request in hand goes to the device, or is answered at once. False if it has to wait. */
static bool begin(struct blk_driver *driver, struct blk_slot *slot, uint16_t index)
{
    const enum err err = submit(driver, index);

    if (err == ERR_SPACE) {
        driver->queue_full = true;
        return false;
    }
    if (err != ERR_OK) {
        log_warn_limited(&driver->complaints, "the device cannot do a request: %s", err_text(err));
        finish(driver, slot, BLK_FAILED);
        return true;
    }
    driver->busy_count++;
    slot->state = BLK_SLOT_BUSY;
    slot->deadline = driver->timeout == 0 ? BLK_DRIVER_NEVER : driver->now + driver->timeout;
    driver->check_at = slot->deadline < driver->check_at ? slot->deadline : driver->check_at;
    return true;
}

/* One record of the link. False if it has to wait for a slot or the device, or there is none. */
static bool take_request(struct blk_driver *driver)
{
    const uint16_t index = find_slot(driver);
    struct ring_record record;
    const uint8_t *data;

    if (index == BLK_DRIVER_SLOTS || (driver->alive && !is_ready(driver)) ||
        ring_peek(&driver->link, &record, &data) != ERR_OK) {
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
    } else if (!begin(driver, slot, index)) {
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
    driver->info_due = !driver->alive || is_ready(driver); /* else once it is ready */
}

static void run_device(struct blk_driver *driver)
{
    bool changed = false;

    if (!driver->alive) {
        return;
    }
    const enum err err =
        driver->device.ops->interrupts(driver->device.device, driver->now, &driver->info, &changed);
    if (err != ERR_OK) {
        fail(driver, "it asks for a reset, or does not answer");
        return;
    }
    driver->info_due = driver->info_due || changed;
}

uint64_t blk_driver_deadline(const struct blk_driver *driver)
{
    const struct blk_device *device = &driver->device;
    const uint64_t own = driver->alive ? device->ops->deadline(device->device) : BLK_DRIVER_NEVER;

    return own < driver->check_at ? own : driver->check_at;
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
    const struct blk_device *device = &driver->device;
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
        if (driver->alive) {
            device->ops->kick(device->device);
        }
        replied = replied && reply(driver);
        again = driver->alive && device->ops->await(device->device);
        again = (!replied && ring_request_record_space(&driver->link, sizeof driver->info)) || again;
        /* Without a slot or room in the queue, a completion or the link's space gets us going again. */
        const bool can_take = find_slot(driver) < BLK_DRIVER_SLOTS && !driver->queue_full &&
                              (!driver->alive || is_ready(driver));
        again = (can_take && ring_request_data(&driver->link)) || again;
    }
    const bool data = ring_should_signal_data(&driver->link);
    const bool space = ring_should_signal_space(&driver->link);
    return data || space;
}
