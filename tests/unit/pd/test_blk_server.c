/* SPDX-License-Identifier: BSD-2-Clause */
/* The block server between a real driver with a mock device and a client that sends what it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/disk_machine.h"

static struct disk_machine *machine_with(struct disk_machine_options options)
{
    return disk_machine_new(&options);
}

static struct blk_request request_of(uint32_t op, uint64_t sector, uint32_t count)
{
    struct blk_request request = {.op = op, .sector = sector, .sector_count = count};

    if (op == BLK_READ || op == BLK_WRITE) {
        request.segment_count = 1;
        request.segments[0].bytes = count * BLK_SECTOR_BYTES;
    }
    return request;
}

/* Send one request and return its status. */
static uint32_t ask(struct disk_machine *machine, const struct blk_request *request)
{
    uint64_t tag;
    uint32_t status;

    assert_true(disk_machine_send(machine, request, 77));
    disk_machine_run(machine);
    assert_true(disk_machine_take(machine, &tag, &status));
    assert_int_equal(tag, 77);
    assert_false(disk_machine_take(machine, &tag, &status));
    return status;
}

static uint8_t *memory(struct disk_machine *machine)
{
    return driver_at(&machine->phys, machine->client_memory, DISK_MACHINE_BUFFER);
}

static void test_writes_arrive_in_the_clients_partition(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    const struct blk_request write = request_of(BLK_WRITE, 3, 2);

    (void)state;
    assert_int_equal(machine->server.clients[1].first_sector, DISK_MACHINE_TWO);
    assert_int_equal(machine->server.clients[1].sector_count, DISK_MACHINE_PART_SECTORS);
    memset(memory(machine), 0x11, 1024);
    assert_int_equal(ask(machine, &write), BLK_DONE);
    assert_int_equal(machine->disk.contents[(DISK_MACHINE_TWO + 3) * 512], 0x11);
    assert_int_equal(machine->disk.contents[(DISK_MACHINE_TWO + 5) * 512 - 1], 0x11);
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_TWO, 3));
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_TWO + 5, 1000));
    disk_machine_free(machine);
}

static void test_backup_table_serves_when_the_first_is_damaged(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){.damaged = true});

    (void)state;
    assert_int_equal(machine->server.clients[0].first_sector, DISK_MACHINE_ONE);
    disk_machine_free(machine);
}

static void test_nothing_beyond_the_extent(void **state)
{
    static const struct {
        uint64_t sector;
        uint32_t count;
    } cases[] = {
        {DISK_MACHINE_PART_SECTORS, 1},
        {DISK_MACHINE_PART_SECTORS - 1, 2},
        {UINT64_MAX, 1},
        {UINT64_MAX - 1, 8},
        {UINT64_MAX - DISK_MACHINE_TWO, 4},
        {0ull - DISK_MACHINE_TWO, 8},
        {UINT64_MAX / BLK_SECTOR_BYTES, 16},
    };
    static const uint32_t ops[] = {BLK_READ, BLK_WRITE, BLK_DISCARD, BLK_WRITE_ZEROES};
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t op = 0; op < 4; op++) {
            const struct blk_request request = request_of(ops[op], cases[i].sector, cases[i].count);

            assert_int_equal(ask(machine, &request), BLK_OUT_OF_RANGE);
        }
    }
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE, 2 * DISK_MACHINE_PART_SECTORS));
    disk_machine_free(machine);
}

static void test_memory_outside_the_region_is_refused(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    struct blk_request request = request_of(BLK_READ, 0, 2);

    (void)state;
    request.segments[0].offset = DISK_MACHINE_BUFFER - 512;
    assert_int_equal(ask(machine, &request), BLK_OUT_OF_RANGE);
    request.segments[0].offset = UINT64_MAX - 100;
    assert_int_equal(ask(machine, &request), BLK_OUT_OF_RANGE);
    request.segments[0].offset = 0;
    request.segments[0].region = 1; /* client 0's */
    assert_int_equal(ask(machine, &request), BLK_OUT_OF_RANGE);
    disk_machine_free(machine);
}

static void test_malformed_requests_fail(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    struct blk_request request = request_of(99, 0, 1);

    (void)state;
    assert_int_equal(ask(machine, &request), BLK_FAILED);
    request = request_of(BLK_READ, 0, 2);
    request.segments[0].bytes = 512; /* less than its sectors */
    assert_int_equal(ask(machine, &request), BLK_FAILED);
    request = request_of(BLK_READ, 0, 0);
    assert_int_equal(ask(machine, &request), BLK_FAILED);
    request = request_of(BLK_FLUSH, 0, 8);
    assert_int_equal(ask(machine, &request), BLK_FAILED);
    request = request_of(BLK_WRITE, 0, 1);
    request.flags = 0x80;
    assert_int_equal(ask(machine, &request), BLK_FAILED);
    request = request_of(BLK_READ, 0, 1);
    request.segment_count = BLK_MAX_SEGMENTS + 1;
    assert_int_equal(ask(machine, &request), BLK_FAILED);
    disk_machine_free(machine);
}

static void test_read_only_client_cannot_write(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    static const uint32_t ops[] = {BLK_WRITE, BLK_DISCARD, BLK_WRITE_ZEROES};

    (void)state;
    machine->server.clients[1].read_only = true;
    for (size_t i = 0; i < 3; i++) {
        const struct blk_request request = request_of(ops[i], 0, 8);

        assert_int_equal(ask(machine, &request), BLK_OUT_OF_RANGE);
    }
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_TWO, 8));
    disk_machine_free(machine);
}

static void test_large_requests_are_cut(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){.seg_max = 3});
    struct blk_request request = {.op = BLK_WRITE, .sector_count = 512};

    (void)state;
    for (uint32_t i = 0; i < 0x40000; i++) {
        memory(machine)[i] = (uint8_t)(i / 7);
    }
    request.segment_count = 100;
    for (uint32_t i = 0, at = 0; i < 100; i++) {
        /* None of them a multiple of a sector, but their sum. */
        const uint32_t bytes = i < 99 ? 2621 : 0x40000 - at;

        request.segments[i] = (struct blk_segment){.offset = at, .bytes = bytes};
        at += bytes;
    }
    assert_int_equal(ask(machine, &request), BLK_DONE);
    assert_memory_equal(machine->disk.contents + (size_t)DISK_MACHINE_TWO * 512, memory(machine), 0x40000);
    assert_true(machine->disk.max_seen <= 3);
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_TWO + 512, 100));
    disk_machine_free(machine);
}

static void test_too_many_pieces_for_one_block_fail(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){.seg_max = 2});
    struct blk_request request = {.op = BLK_WRITE, .sector_count = 1, .segment_count = 4};

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        request.segments[i] = (struct blk_segment){.offset = i * 256, .bytes = 128};
    }
    assert_int_equal(ask(machine, &request), BLK_FAILED);
    disk_machine_free(machine);
}

static void test_neighbouring_requests_are_merged(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    const uint32_t before = machine->disk.log_count;
    uint64_t tag;
    uint32_t status;

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct blk_request request = request_of(BLK_READ, 8 * i, 8);

        request.segments[0].offset = 4096 * i;
        assert_true(disk_machine_send(machine, &request, i));
    }
    disk_machine_run(machine);
    assert_int_equal(machine->disk.log_count, before + 1);
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(disk_machine_take(machine, &tag, &status));
        assert_int_equal(status, BLK_DONE);
    }
    disk_machine_free(machine);
}

static void test_durable_write_is_followed_by_a_flush(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    struct blk_request request = request_of(BLK_WRITE, 0, 600);
    const uint32_t before = machine->disk.log_count;

    (void)state;
    request.flags = BLK_FUA;
    assert_int_equal(ask(machine, &request), BLK_DONE);
    const uint32_t last = machine->disk.log_count - 1;
    assert_true(last > before + 1); /* cut, so that the flush has to wait for several */
    assert_int_equal(machine->disk.log[last].type, VIRTIO_BLK_T_FLUSH);
    for (uint32_t i = before; i < last; i++) {
        assert_int_equal(machine->disk.log[i].type, VIRTIO_BLK_T_OUT);
    }
    disk_machine_free(machine);
}

static void test_clients_take_turns(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    uint32_t first_of_zero = UINT32_MAX;

    (void)state;
    assert_true(disk_machine_start(machine, VIRTIO_BLK_F_FLUSH));
    machine->disk.holds = true;
    for (uint32_t i = 0; i < 20; i++) {
        struct blk_request request = request_of(BLK_READ, 1024 * (i % 3), 1024);

        (void)disk_machine_send(machine, &request, i);
    }
    disk_machine_run(machine);
    const uint64_t data = driver_alloc(&machine->ram, 4096, 16);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 4096), 0xff);
    const uint32_t before = machine->disk.log_count;
    machine->disk.holds = false;
    disk_machine_run(machine);
    for (uint32_t i = before; i < machine->disk.log_count && first_of_zero == UINT32_MAX; i++) {
        first_of_zero = machine->disk.log[i].sector < DISK_MACHINE_TWO ? i - before : UINT32_MAX;
    }
    /* 20 requests make 80 parts; client 1 may have half of what is in flight, no more. */
    assert_true(first_of_zero <= BLK_SERVER_PARTS / 2);
    disk_machine_free(machine);
}

static void test_device_errors_are_the_clients(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    const struct blk_request request = request_of(BLK_READ, 0, 600);

    (void)state;
    machine->disk.fails = true;
    assert_int_equal(ask(machine, &request), BLK_FAILED);
    machine->disk.fails = false;
    assert_int_equal(ask(machine, &request), BLK_DONE);
    disk_machine_free(machine);
}

static void test_device_that_asks_for_a_reset_fails_what_it_has(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    const struct blk_request request = request_of(BLK_READ, 0, 8);
    uint64_t tag;
    uint32_t status;

    (void)state;
    machine->disk.holds = true;
    assert_true(disk_machine_send(machine, &request, 1));
    disk_machine_run(machine);
    assert_false(disk_machine_take(machine, &tag, &status));
    machine->disk.status |= VIRTIO_STATUS_NEEDS_RESET;
    machine->disk.interrupts |= VIRTIO_MMIO_INTERRUPT_CONFIG;
    disk_machine_run(machine);
    assert_true(disk_machine_take(machine, &tag, &status));
    assert_int_equal(status, BLK_FAILED);
    machine->disk.holds = false;
    assert_int_equal(ask(machine, &request), BLK_DONE);
    disk_machine_free(machine);
}

static void test_device_that_corrupts_its_ring_fails_what_it_has(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    const struct blk_request request = request_of(BLK_READ, 0, 8);
    uint64_t tag;
    uint32_t status;

    (void)state;
    machine->disk.holds = true;
    assert_true(disk_machine_send(machine, &request, 1));
    disk_machine_run(machine);
    virtq_push(&machine->disk.queue, 200, 0); /* no such chain */
    disk_machine_run(machine);
    assert_true(disk_machine_take(machine, &tag, &status));
    assert_int_equal(status, BLK_FAILED);
    machine->disk.holds = false;
    assert_int_equal(ask(machine, &request), BLK_DONE);
    disk_machine_free(machine);
}

static void test_missing_device_is_an_error_and_no_hang(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){.no_device = true});
    const struct blk_request request = request_of(BLK_READ, 0, 8);

    (void)state;
    assert_true(virtio_blk_is_ready(&machine->blk));
    assert_int_not_equal(ask(machine, &request), BLK_DONE);
    disk_machine_free(machine);
}

static void test_device_that_stalls_fails_what_it_has(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){.timeout = 1000});
    const struct blk_request request = request_of(BLK_READ, 0, 8);
    uint64_t tag;
    uint32_t status;

    (void)state;
    assert_true(blk_driver_deadline(&machine->driver) >= 1000); /* of its first reads, which are long done */
    machine->now = 5000;
    assert_int_equal(ask(machine, &request), BLK_DONE);
    machine->disk.holds = true;
    machine->now = 5500;
    assert_true(disk_machine_send(machine, &request, 1));
    disk_machine_run(machine);
    machine->now = 6499;
    disk_machine_run(machine);
    assert_false(disk_machine_take(machine, &tag, &status));
    assert_int_equal(blk_driver_deadline(&machine->driver), 6500);
    machine->now = 6500;
    disk_machine_run(machine);
    assert_true(disk_machine_take(machine, &tag, &status));
    assert_int_equal(status, BLK_FAILED);
    assert_int_equal(blk_driver_deadline(&machine->driver), BLK_DRIVER_NEVER);
    machine->disk.holds = false;
    assert_int_equal(ask(machine, &request), BLK_DONE);
    disk_machine_free(machine);
}

/* A guest notices a stalled device by errors, and goes on when it works again. In the end it gets errors at
 * once. */
static void test_guest_outlives_a_device_that_stalls(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){.timeout = 1000});
    const uint64_t data = driver_alloc(&machine->ram, 4096, 16);
    uint16_t head;
    uint32_t written;

    (void)state;
    assert_true(disk_machine_start(machine, VIRTIO_BLK_F_FLUSH));
    for (uint32_t i = 0; i < 3; i++) {
        machine->disk.holds = true;
        assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_OUT, i, data, 4096), 0xff);
        machine->now += 1000;
        disk_machine_run(machine);
        assert_true(driver_take_used(&machine->queue, &head, &written));
        assert_int_equal(written, 1);
        machine->disk.holds = false;
        assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_OUT, i, data, 4096), VIRTIO_BLK_S_OK);
        assert_int_equal(machine->blk.config.capacity, DISK_MACHINE_PART_SECTORS);
    }
    machine->disk.holds = true;
    for (uint32_t i = 0; i <= BLK_DRIVER_RESTARTS; i++) {
        assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), 0xff);
        machine->now += 1000;
        disk_machine_run(machine);
        assert_true(driver_take_used(&machine->queue, &head, &written));
    }
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), VIRTIO_BLK_S_IOERR);
    assert_int_equal(machine->blk.config.capacity, 0);
    disk_machine_free(machine);
}

/* The table is read as soon as there is a disk to read it from. */
static void test_table_is_read_of_a_disk_that_comes_late(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){.timeout = 1000});
    const struct blk_request request = request_of(BLK_READ, 0, 8);

    (void)state;
    machine->disk.holds = true;
    assert_int_equal(
        blk_server_init(&machine->server, &machine->config, DISK_MACHINE_HZ, machine->server.notify, NULL),
        ERR_OK);
    disk_machine_run(machine);
    assert_int_equal(machine->server.disks[0].state, BLK_DISK_READING);
    machine->now += 1000;
    disk_machine_run(machine); /* the driver's reset fails that read */
    assert_int_equal(machine->server.disks[0].state, BLK_DISK_READING);
    machine->disk.holds = false;
    machine->disk.kicked = true;
    disk_machine_run(machine);
    assert_int_equal(machine->server.disks[0].state, BLK_DISK_READY);
    assert_int_equal(machine->server.clients[0].sector_count, DISK_MACHINE_PART_SECTORS);
    assert_int_equal(ask(machine, &request), BLK_DONE);
    disk_machine_free(machine);
}

static void test_device_may_take_its_time(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){.timeout = 1000});
    const struct blk_request request = request_of(BLK_READ, 0, 8);
    uint64_t tag;
    uint32_t status;

    (void)state;
    for (uint64_t i = 0; i < 3; i++) { /* each in time, all together not */
        machine->disk.holds = true;
        assert_true(disk_machine_send(machine, &request, i));
        disk_machine_run(machine);
        machine->now += 900;
        machine->disk.holds = false;
        disk_machine_run(machine);
        assert_true(disk_machine_take(machine, &tag, &status));
        assert_int_equal(status, BLK_DONE);
    }
    disk_machine_free(machine);
}

/* Let time pass for `ticks` ticks, and go on whenever the server asks for it. Returns the replies of
 * client 1. */
static unsigned int replies_within(struct disk_machine *machine, uint64_t ticks)
{
    const uint64_t end = machine->now + ticks;
    unsigned int count = 0;
    uint64_t tag;
    uint32_t status;

    while (machine->now < end) {
        disk_machine_run(machine);
        while (disk_machine_take(machine, &tag, &status)) {
            assert_int_equal(status, BLK_DONE);
            count++;
        }
        const uint64_t next = blk_server_deadline(&machine->server);
        assert_true(next > machine->now); /* else it would go round without end */
        machine->now = next < end ? next : end;
    }
    return count;
}

static void check_limit(struct disk_machine_options options, uint32_t sectors, unsigned int expected)
{
    struct disk_machine *machine = machine_with(options);
    unsigned int count = 0;

    machine->now = 1000000;
    assert_true(disk_machine_start(machine, VIRTIO_BLK_F_FLUSH));
    for (uint32_t i = 0; i < 20; i++) { /* half a second each, with a request waiting at any time */
        const struct blk_request request = request_of(BLK_READ, 0, sectors);

        while (disk_machine_send(machine, &request, 0)) {
        }
        count += replies_within(machine, DISK_MACHINE_HZ / 2);
    }
    assert_in_range(count, expected, expected + expected / 20 + 1);
    /* The other client is as fast as ever. */
    const uint64_t data = driver_alloc(&machine->ram, 4096, 16);
    for (uint32_t i = 0; i < 50; i++) {
        assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 4096), VIRTIO_BLK_S_OK);
    }
    disk_machine_free(machine);
}

static void test_limits_hold(void **state)
{
    (void)state;
    check_limit((struct disk_machine_options){.iops = 100}, 1, 1000);
    check_limit((struct disk_machine_options){.bandwidth = 0x100000}, 128,
                160); /* 1 MiB a second in 64 KiB */
    check_limit((struct disk_machine_options){.iops = 40, .bandwidth = 0x100000}, 8, 400);
    check_limit((struct disk_machine_options){.iops = 4000, .bandwidth = 0x20000}, 8, 320);
}

static void test_works_without_indirect_descriptors(void **state)
{
    struct disk_machine *machine = machine_with(
        (struct disk_machine_options){.features_off = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX});
    struct blk_request request = {.op = BLK_READ, .sector_count = 120, .segment_count = 120};

    (void)state;
    for (uint32_t i = 0; i < 120; i++) {
        request.segments[i] = (struct blk_segment){.offset = i * 1024, .bytes = 512};
    }
    for (uint32_t i = 0; i < 20; i++) {
        (void)disk_machine_send(machine, &request, i);
    }
    disk_machine_run(machine);
    for (uint32_t i = 0; i < 15; i++) {
        uint64_t tag;
        uint32_t status;

        assert_true(disk_machine_take(machine, &tag, &status));
        assert_int_equal(status, BLK_DONE);
    }
    disk_machine_free(machine);
}

/* The client's next record is information about its disk; no other has come. */
static bool is_told_of_its_disk(struct disk_machine *machine)
{
    struct ring_record record;
    const uint8_t *data;

    (void)ring_sync(&machine->client);
    const enum err err = ring_peek(&machine->client, &record, &data);
    assert_true(err == ERR_EMPTY || record.meta == BLK_TAG_INFO);
    return err == ERR_OK;
}

static void test_restarted_client_waits_for_what_it_asked_before(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});
    const struct config_link *link = &machine->config.clients[1].link;
    const struct blk_request read = request_of(BLK_READ, 0, 8);

    (void)state;
    machine->disk.holds = true;
    assert_true(disk_machine_send(machine, &read, 77));
    disk_machine_run(machine);
    assert_int_equal(ring_init(&machine->client, (void *)(uintptr_t)link->peer,
                               (const void *)(uintptr_t)link->own, link->bytes),
                     ERR_OK);
    disk_machine_run(machine);
    /* The device may still write to its memory. */
    assert_false(is_told_of_its_disk(machine));
    machine->disk.holds = false;
    machine->disk.kicked = true;
    disk_machine_run(machine);
    assert_true(is_told_of_its_disk(machine));
    ring_release(&machine->client);
    assert_int_equal(ask(machine, &read), BLK_DONE);
    disk_machine_free(machine);
}

static void test_two_writers_of_one_place_are_not_served(void **state)
{
    struct disk_machine *machine = machine_with((struct disk_machine_options){0});

    (void)state;
    machine->config.clients[1].partition_number = 1;
    assert_int_equal(
        blk_server_init(&machine->server, &machine->config, DISK_MACHINE_HZ, machine->server.notify, NULL),
        ERR_OK);
    disk_machine_run(machine);
    assert_int_equal(machine->server.clients[0].sector_count, DISK_MACHINE_PART_SECTORS);
    assert_int_equal(machine->server.clients[1].sector_count, 0);
    disk_machine_free(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_arrive_in_the_clients_partition),
        cmocka_unit_test(test_backup_table_serves_when_the_first_is_damaged),
        cmocka_unit_test(test_nothing_beyond_the_extent),
        cmocka_unit_test(test_memory_outside_the_region_is_refused),
        cmocka_unit_test(test_malformed_requests_fail),
        cmocka_unit_test(test_read_only_client_cannot_write),
        cmocka_unit_test(test_large_requests_are_cut),
        cmocka_unit_test(test_too_many_pieces_for_one_block_fail),
        cmocka_unit_test(test_neighbouring_requests_are_merged),
        cmocka_unit_test(test_durable_write_is_followed_by_a_flush),
        cmocka_unit_test(test_clients_take_turns),
        cmocka_unit_test(test_device_errors_are_the_clients),
        cmocka_unit_test(test_device_that_asks_for_a_reset_fails_what_it_has),
        cmocka_unit_test(test_device_that_corrupts_its_ring_fails_what_it_has),
        cmocka_unit_test(test_missing_device_is_an_error_and_no_hang),
        cmocka_unit_test(test_device_that_stalls_fails_what_it_has),
        cmocka_unit_test(test_guest_outlives_a_device_that_stalls),
        cmocka_unit_test(test_table_is_read_of_a_disk_that_comes_late),
        cmocka_unit_test(test_device_may_take_its_time),
        cmocka_unit_test(test_limits_hold),
        cmocka_unit_test(test_works_without_indirect_descriptors),
        cmocka_unit_test(test_restarted_client_waits_for_what_it_asked_before),
        cmocka_unit_test(test_two_writers_of_one_place_are_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
