/* SPDX-License-Identifier: BSD-2-Clause */
/* The disk driver between a device that is registers in an array, and a server that sends what it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/virtio/spec_blk.h"
#include "pd/blk_driver/blk_driver.h"
#include "pd/blk_driver/blk_virtio.h"
#include "tests/mock/log_record.h"

#define LINK_BYTES 0x5000u
#define OWN_PADDR 0x80000000ull
#define REGION_BYTES 0x10000u
#define QUEUE_MAX 64u

/* Registers (virtio 1.2, 4.2.2) and words of the configuration (5.2.4). */
enum {
    MAGIC = 0x000,
    VERSION = 0x004,
    ID = 0x008,
    FEATURES = 0x010,
    FEATURES_SEL = 0x014,
    NUM_MAX = 0x034,
    READY = 0x044
};
enum { NOTIFY = 0x050, INTERRUPTS = 0x060, ACK = 0x064, STATUS = 0x070, GENERATION = 0x0fc, CONFIG = 0x100 };
enum {
    CAPACITY = 0x100,
    SIZE_MAX_WORD = 0x108,
    SEG_MAX = 0x10c,
    BLK_SIZE = 0x114,
    TOPOLOGY = 0x118,
    OPT_IO = 0x11c
};
enum { MAX_DISCARD = 0x124, DISCARD_ALIGN = 0x12c, MAX_ZEROES = 0x130, MAY_UNMAP = 0x138 };
#define ALL_FEATURES                                                                                         \
    (VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH |             \
     VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES | VIRTIO_F_VERSION_1 |         \
     VIRTIO_BLK_F_RO)

struct fixture {
    struct blk_driver driver;
    struct blk_virtio device;
    uint32_t registers[0x200 / 4];
    uint64_t features;
    bool never_resets;
    bool refuses_features;
    bool config_never_still;
    uint32_t status;
    uint32_t kicks;
    void *own;
    void *regions[2];
    struct ring server;
    struct blk_region memory[2];
};

static uint32_t read_register(void *context, uint32_t offset)
{
    struct fixture *f = context;

    switch (offset) {
    case FEATURES:
        return (uint32_t)(f->features >> (32 * f->registers[FEATURES_SEL / 4]));
    case STATUS:
        return f->status;
    case GENERATION:
        f->registers[GENERATION / 4] += f->config_never_still ? 1 : 0;
        return f->registers[GENERATION / 4];
    default:
        return f->registers[offset / 4];
    }
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
    struct fixture *f = context;

    if (offset == STATUS) {
        f->status = value != 0 || !f->never_resets ? value : 1;
        f->status &= f->refuses_features ? ~8u : ~0u;
    } else if (offset == NOTIFY) {
        f->kicks++;
    } else if (offset == ACK) {
        f->registers[INTERRUPTS / 4] &= ~value;
    } else if (offset != READY) { /* the test says whether the queue is ready */
        f->registers[offset / 4] = value;
    }
}

static void set(struct fixture *f, uint32_t offset, uint32_t value)
{
    f->registers[offset / 4] = value;
}

static void *allocate(uint64_t align, uint64_t bytes)
{
    void *memory = aligned_alloc(align, bytes);

    assert_non_null(memory);
    memset(memory, 0, bytes);
    return memory;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    log_record_clear();
    f->own = allocate(4096, BLK_DRIVER_OWN_BYTES);
    for (int i = 0; i < 2; i++) {
        f->regions[i] = allocate(64, LINK_BYTES);
        f->memory[i] = (struct blk_region){0x90000000ull + 0x100000ull * (unsigned int)i, REGION_BYTES};
    }
    f->features = VIRTIO_F_VERSION_1 | VIRTIO_BLK_F_FLUSH;
    set(f, MAGIC, 0x74726976);
    set(f, VERSION, 2);
    set(f, ID, 2);
    set(f, NUM_MAX, QUEUE_MAX);
    set(f, CAPACITY, 1000);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->own);
    free(f->regions[0]);
    free(f->regions[1]);
    free(f);
    return 0;
}

static void start_with_timeout(struct fixture *f, uint64_t timeout)
{
    const struct blk_driver_setup setup_of = {
        .device = {&blk_virtio_ops, &f->device},
        .device_setup = {.registers = {read_register, write_register, f},
                         .own = f->own,
                         .own_paddr = OWN_PADDR,
                         .own_bytes = BLK_DRIVER_OWN_BYTES},
        .regions = f->memory,
        .region_count = 2,
        .timeout = timeout};

    assert_int_equal(blk_driver_init(&f->driver, &setup_of, f->regions[0], f->regions[1], LINK_BYTES, 0),
                     ERR_OK);
    assert_int_equal(ring_init(&f->server, f->regions[1], f->regions[0], LINK_BYTES), ERR_OK);
    (void)blk_driver_run(&f->driver, 0);
}

static void start(struct fixture *f)
{
    start_with_timeout(f, 0);
}

/* What the server gets next: its bytes. 0 if there is nothing. */
static uint32_t take(struct fixture *f, uint64_t *tag, void *record, uint32_t capacity)
{
    struct ring_record header;
    const uint8_t *data;

    (void)ring_sync(&f->server);
    if (ring_peek(&f->server, &header, &data) != ERR_OK) {
        return 0;
    }
    assert_true(header.length_bytes <= capacity);
    memcpy(record, data, header.length_bytes);
    *tag = header.meta;
    ring_release(&f->server);
    return header.length_bytes;
}

static struct blk_info take_info(struct fixture *f)
{
    struct blk_info info = {0};
    uint64_t tag = 0;

    assert_int_equal(take(f, &tag, &info, sizeof info), sizeof info);
    assert_int_equal(tag, BLK_TAG_INFO);
    return info;
}

static void send(struct fixture *f, const struct blk_request *request, uint32_t bytes, uint64_t tag)
{
    uint8_t *data;

    assert_int_equal(ring_reserve(&f->server, bytes, &data), ERR_OK);
    memcpy(data, request, bytes);
    ring_commit(&f->server, bytes, tag);
}

static struct blk_request write_of(uint64_t sector, uint32_t count)
{
    return (struct blk_request){.op = BLK_WRITE,
                                .sector = sector,
                                .sector_count = count,
                                .segment_count = 1,
                                .segments = {{.bytes = count * 512}}};
}

static uint32_t request_bytes(const struct blk_request *request)
{
    return (uint32_t)(BLK_REQUEST_HEADER_BYTES + request->segment_count * sizeof request->segments[0]);
}

static uint32_t ask(struct fixture *f, const struct blk_request *request)
{
    struct blk_reply reply = {.status = 99};
    uint64_t tag = 0;

    send(f, request, request_bytes(request), 7);
    (void)blk_driver_run(&f->driver, 0);
    return take(f, &tag, &reply, sizeof reply) != 0 && tag == 7 ? reply.status : UINT32_MAX;
}

/* The device's side of the queue, where the driver put it. */
static struct virtq_used *used_ring(struct fixture *f)
{
    return (struct virtq_used *)(uintptr_t)f->device.queue.used;
}

static void device_uses(struct fixture *f, uint32_t id)
{
    struct virtq_used *used = used_ring(f);

    used->ring[used->idx % QUEUE_MAX].id = id;
    used->idx++;
    set(f, INTERRUPTS, 1);
    (void)blk_driver_run(&f->driver, 0);
}

static void test_devices_that_cannot_be_used(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint32_t offset, value;
    } cases[] = {{MAGIC, 0}, {VERSION, 1}, {ID, 1}, {NUM_MAX, 0}, {NUM_MAX, 3}, {READY, 1}};
    const struct blk_request request = write_of(0, 1);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint32_t before = f->registers[cases[i].offset / 4];

        set(f, cases[i].offset, cases[i].value);
        start(f);
        assert_false(f->driver.alive);
        assert_int_equal(take_info(f).flags & BLK_INFO_ALIVE, 0);
        assert_int_equal(ask(f, &request), BLK_FAILED);
        set(f, cases[i].offset, before);
    }
    f->features = VIRTIO_BLK_F_FLUSH; /* a legacy device */
    start(f);
    assert_false(f->driver.alive);
    f->features = VIRTIO_F_VERSION_1;
    f->refuses_features = true;
    start(f);
    assert_false(f->driver.alive);
    f->refuses_features = false;
    f->never_resets = true;
    start(f);
    assert_false(f->driver.alive);
}

static void test_limits_of_the_device_are_taken_over(void **state)
{
    struct fixture *f = *state;

    f->features = ALL_FEATURES;
    set(f, CAPACITY, 0xffffffff);
    set(f, CAPACITY + 4, 0xffffffff);
    set(f, SIZE_MAX_WORD, 0x8000);
    set(f, SEG_MAX, 10);
    set(f, BLK_SIZE, 4096);
    set(f, TOPOLOGY, 0x00080203);
    set(f, OPT_IO, 16);
    set(f, MAX_DISCARD, 100);
    set(f, DISCARD_ALIGN, 8);
    set(f, MAX_ZEROES, 200);
    set(f, MAY_UNMAP, 1);
    start(f);
    const struct blk_info info = take_info(f);
    assert_int_equal(info.sector_count, UINT64_MAX / 512); /* no more than bytes can be counted */
    assert_int_equal(info.block_bytes, 4096);
    assert_int_equal(info.max_segment_bytes, 0x8000);
    assert_int_equal(info.max_segments, 10);
    assert_int_equal(info.physical_exponent, 3);
    assert_int_equal(info.alignment_offset, 2);
    assert_int_equal(info.min_io_blocks, 8);
    assert_int_equal(info.optimal_io_blocks, 16);
    assert_int_equal(info.max_discard, 100);
    assert_int_equal(info.max_write_zeroes, 200);
    assert_int_equal(info.flags, BLK_INFO_ALIVE | BLK_INFO_READ_ONLY | BLK_INFO_FLUSH | BLK_INFO_DISCARD |
                                     BLK_INFO_WRITE_ZEROES | BLK_INFO_MAY_UNMAP);
}

static void test_limits_that_make_no_sense_are_replaced(void **state)
{
    struct fixture *f = *state;

    f->features = ALL_FEATURES;
    set(f, SIZE_MAX_WORD, 1);
    set(f, SEG_MAX, 0);
    set(f, BLK_SIZE, 1000);
    set(f, TOPOLOGY, 0xff);
    start(f);
    const struct blk_info info = take_info(f);
    assert_int_equal(info.block_bytes, 512);
    assert_int_equal(info.max_segment_bytes, BLK_MAX_BYTES);
    assert_int_equal(info.max_segments, 1);
    assert_int_equal(info.physical_exponent, 16);
    assert_int_equal(info.flags & BLK_INFO_DISCARD, 0);
}

/* A configuration that changes whenever it is read: taken as it is in the end. */
static void test_configuration_that_never_stands_still_is_no_hang(void **state)
{
    struct fixture *f = *state;

    f->config_never_still = true;
    start(f);
    (void)take_info(f);
    assert_true(f->registers[GENERATION / 4] > 10);
}

static void test_requests_that_nobody_should_send_are_refused(void **state)
{
    struct fixture *f = *state;
    struct blk_request request = write_of(999, 2);

    start(f);
    (void)take_info(f);
    assert_int_equal(ask(f, &request), BLK_OUT_OF_RANGE);
    request = write_of(0, 1);
    request.segments[0].region = 2;
    assert_int_equal(ask(f, &request), BLK_OUT_OF_RANGE);
    request.segments[0].region = 1;
    request.segments[0].offset = REGION_BYTES - 511;
    assert_int_equal(ask(f, &request), BLK_OUT_OF_RANGE);
    request.segments[0].offset = UINT64_MAX;
    assert_int_equal(ask(f, &request), BLK_OUT_OF_RANGE);
    request = (struct blk_request){.op = BLK_DISCARD, .sector_count = 1};
    assert_int_equal(ask(f, &request), BLK_UNSUPPORTED);
    request.op = 99;
    assert_int_equal(ask(f, &request), BLK_FAILED);
    request = write_of(0, 2);
    request.segment_count = 2; /* more than the device takes */
    request.segments[0].bytes = 512;
    request.segments[1].bytes = 512;
    assert_int_equal(ask(f, &request), BLK_FAILED);
    assert_int_equal(f->kicks, 0);
}

static void test_full_queue_waits_for_the_device(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = write_of(0, 1);
    struct blk_reply reply;
    uint64_t tag;

    set(f, NUM_MAX, 8);
    start(f);
    (void)take_info(f);
    for (uint64_t i = 0; i < 3; i++) { /* three descriptors each, of eight */
        send(f, &request, request_bytes(&request), i);
    }
    (void)blk_driver_run(&f->driver, 0);
    assert_int_equal(f->driver.busy_count, 2);
    assert_true(f->driver.queue_full);
    assert_int_equal(take(f, &tag, &reply, sizeof reply), 0);
    used_ring(f)->ring[0].id = 0;
    used_ring(f)->idx = 1;
    (void)blk_driver_run(&f->driver, 0);
    assert_int_equal(f->driver.busy_count, 2);
    assert_int_equal(take(f, &tag, &reply, sizeof reply), sizeof reply);
    assert_int_equal(tag, 0);
    assert_int_equal(reply.status, BLK_FAILED); /* the device left the status as it was */
}

static void test_server_that_starts_anew_gets_no_old_answers(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = write_of(0, 1);
    struct blk_reply reply;
    uint64_t tag;

    start(f);
    send(f, &request, request_bytes(&request), 5);
    (void)blk_driver_run(&f->driver, 0);
    assert_int_equal(f->driver.busy_count, 1);
    assert_int_equal(ring_init(&f->server, f->regions[1], f->regions[0], LINK_BYTES), ERR_OK);
    (void)blk_driver_run(&f->driver, 0);
    assert_int_equal(f->driver.slots[0].state, BLK_SLOT_ORPHAN);
    device_uses(f, 0);
    assert_int_equal(f->driver.slots[0].state, BLK_SLOT_FREE);
    (void)take_info(f);
    assert_int_equal(take(f, &tag, &reply, sizeof reply), 0);
}

/* Answers that nobody takes wait, and go when the server starts again. */
static void test_full_link_holds_answers(void **state)
{
    struct fixture *f = *state;
    const struct blk_request bad = write_of(5000, 1);
    uint32_t sent = 0;

    start(f);
    for (uint32_t i = 0; i < 3000; i++) {
        uint8_t *data;
        (void)ring_sync(&f->server);
        if (ring_reserve(&f->server, request_bytes(&bad), &data) == ERR_OK) {
            memcpy(data, &bad, request_bytes(&bad));
            ring_commit(&f->server, request_bytes(&bad), i);
            sent++;
        }
        (void)blk_driver_run(&f->driver, 0);
    }
    assert_true(sent < 3000);
    assert_true(f->driver.done_count > 0);
    assert_int_equal(ring_init(&f->server, f->regions[1], f->regions[0], LINK_BYTES), ERR_OK);
    (void)blk_driver_run(&f->driver, 0);
    assert_int_equal(f->driver.done_count, 0);
    (void)take_info(f);
}

static void test_device_that_fails_takes_orphans_with_it(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = write_of(0, 1);

    start(f);
    send(f, &request, request_bytes(&request), 5);
    (void)blk_driver_run(&f->driver, 0);
    assert_int_equal(ring_init(&f->server, f->regions[1], f->regions[0], LINK_BYTES), ERR_OK);
    (void)blk_driver_run(&f->driver, 0);
    (void)take_info(f);
    device_uses(f, 99); /* no such chain */
    assert_int_equal(f->driver.slots[0].state, BLK_SLOT_FREE);
    assert_int_equal(f->driver.busy_count, 0);
    (void)take_info(f);
    assert_int_equal(ask(f, &request), UINT32_MAX); /* the device has it */
    assert_int_equal(f->driver.busy_count, 1);
}

/* The request that is in slot 0, done by the device; its reply. */
static uint32_t device_does_it(struct fixture *f)
{
    struct blk_reply reply = {.status = 99};
    uint64_t tag = 0;

    f->device.dma[0].status = 0;
    device_uses(f, 0);
    (void)take(f, &tag, &reply, sizeof reply);
    return reply.status;
}

static void test_device_that_fails_is_set_up_anew(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = write_of(0, 1);
    struct blk_reply reply;
    uint64_t tag;

    start(f);
    (void)take_info(f);
    assert_int_equal(ask(f, &request), UINT32_MAX);
    set(f, CAPACITY, 2000); /* it need not be what it was */
    device_uses(f, 99);
    assert_true(blk_driver_is_alive(&f->driver));
    assert_int_equal(f->status, 15); /* DRIVER_OK and all before it */
    const struct blk_info info = take_info(f);
    assert_int_equal(info.flags & BLK_INFO_ALIVE, BLK_INFO_ALIVE);
    assert_int_equal(info.sector_count, 2000);
    assert_int_equal(take(f, &tag, &reply, sizeof reply), sizeof reply);
    assert_int_equal(tag, 7);
    assert_int_equal(reply.status, BLK_FAILED);
    assert_int_equal(ask(f, &request), UINT32_MAX);
    assert_int_equal(device_does_it(f), BLK_DONE);
}

static void test_device_that_does_nothing_but_fail_is_given_up(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = write_of(0, 1);

    start(f);
    (void)take_info(f);
    for (uint32_t i = 0; i < 3 * BLK_DRIVER_RESTARTS; i++) { /* it works in between */
        device_uses(f, 99);
        (void)take_info(f);
        assert_int_equal(ask(f, &request), UINT32_MAX);
        assert_int_equal(device_does_it(f), BLK_DONE);
    }
    for (uint32_t i = 0; i <= BLK_DRIVER_RESTARTS; i++) {
        device_uses(f, 99);
        assert_int_equal(take_info(f).flags & BLK_INFO_ALIVE, i < BLK_DRIVER_RESTARTS);
    }
    assert_false(blk_driver_is_alive(&f->driver));
    assert_int_equal(ask(f, &request), BLK_FAILED);
    assert_int_equal(blk_driver_deadline(&f->driver), BLK_DRIVER_NEVER);
    assert_int_equal(f->status, 128); /* FAILED: nobody will come again */
}

static void test_device_that_does_not_come_back_is_tried_later(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = write_of(0, 1);

    start_with_timeout(f, 100);
    (void)take_info(f);
    f->never_resets = true;
    device_uses(f, 99);
    assert_int_equal(take_info(f).flags & BLK_INFO_ALIVE, 0);
    assert_int_equal(ask(f, &request), BLK_FAILED);
    assert_int_equal(blk_driver_deadline(&f->driver), 100);
    (void)blk_driver_run(&f->driver, 100); /* not yet */
    assert_int_equal(take_info(f).flags & BLK_INFO_ALIVE, 0);
    assert_int_equal(blk_driver_deadline(&f->driver), 200);
    f->never_resets = false;
    (void)blk_driver_run(&f->driver, 199);
    (void)blk_driver_run(&f->driver, 200);
    assert_int_equal(take_info(f).flags & BLK_INFO_ALIVE, BLK_INFO_ALIVE);
    assert_int_equal(ask(f, &request), UINT32_MAX);
    assert_int_equal(device_does_it(f), BLK_DONE);
    f->never_resets = true;
    device_uses(f, 99);
    for (uint64_t now = 300; blk_driver_deadline(&f->driver) != BLK_DRIVER_NEVER; now += 100) {
        assert_true(now <= 300 + 100 * BLK_DRIVER_RESTARTS);
        (void)blk_driver_run(&f->driver, now);
    }
    assert_false(blk_driver_is_alive(&f->driver));
}

static void test_capacity_that_changes_is_told(void **state)
{
    struct fixture *f = *state;

    start(f);
    assert_int_equal(take_info(f).sector_count, 1000);
    set(f, CAPACITY, 2000);
    set(f, INTERRUPTS, 2);
    (void)blk_driver_run(&f->driver, 0);
    assert_int_equal(take_info(f).sector_count, 2000);
    f->status |= 64; /* DEVICE_NEEDS_RESET */
    set(f, INTERRUPTS, 2);
    (void)blk_driver_run(&f->driver, 0);
    assert_true(blk_driver_is_alive(&f->driver));
    assert_int_equal(f->status, 15);
    assert_int_equal(take_info(f).sector_count, 2000);
}

static void test_setup_is_checked(void **state)
{
    struct fixture *f = *state;
    struct blk_driver_setup small = {
        .device = {&blk_virtio_ops, &f->device},
        .device_setup = {.registers = {read_register, write_register, f}, .own = f->own, .own_bytes = 100}};
    struct blk_driver_setup many = small;

    many.device_setup.own_bytes = BLK_DRIVER_OWN_BYTES;
    many.regions = f->memory;
    many.region_count = 100;
    assert_int_equal(blk_driver_init(&f->driver, &small, f->regions[0], f->regions[1], LINK_BYTES, 0),
                     ERR_RANGE);
    assert_int_equal(blk_driver_init(&f->driver, &many, f->regions[0], f->regions[1], LINK_BYTES, 0),
                     ERR_RANGE);
    many.region_count = 0;
    assert_int_not_equal(blk_driver_init(&f->driver, &many, f->regions[0], f->regions[1], 100, 0), ERR_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_devices_that_cannot_be_used),
        TEST(test_limits_of_the_device_are_taken_over),
        TEST(test_limits_that_make_no_sense_are_replaced),
        TEST(test_configuration_that_never_stands_still_is_no_hang),
        TEST(test_requests_that_nobody_should_send_are_refused),
        TEST(test_full_queue_waits_for_the_device),
        TEST(test_server_that_starts_anew_gets_no_old_answers),
        TEST(test_full_link_holds_answers),
        TEST(test_device_that_fails_takes_orphans_with_it),
        TEST(test_device_that_fails_is_set_up_anew),
        TEST(test_device_that_does_nothing_but_fail_is_given_up),
        TEST(test_device_that_does_not_come_back_is_tried_later),
        TEST(test_capacity_that_changes_is_told),
        TEST(test_setup_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
