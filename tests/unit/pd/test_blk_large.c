/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of any size, which the device cuts into what goes to the server at once, and what each says it
 * used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/disk_machine.h"

#define LARGE (DISK_MACHINE_BUFFER * 5 / 2) /* of the data path COPY's buffer: ten parts, two at a time */

static struct disk_machine *started(bool shared)
{
    const struct disk_machine_options options = {.shared = shared};
    struct disk_machine *machine = disk_machine_new(&options);

    assert_true(disk_machine_start(machine, VIRTIO_BLK_F_FLUSH));
    return machine;
}

/* Bytes that differ from one sector to the next. */
static uint64_t new_data(struct disk_machine *machine, uint32_t bytes)
{
    const uint64_t data = driver_alloc(&machine->ram, bytes, 512);
    uint8_t *at = driver_at(&machine->ram, data, bytes);

    for (uint32_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(i / 512 + i);
    }
    return data;
}

/* Put a request into the queue. Returns where its status is. */
static uint8_t *submit(struct disk_machine *machine, uint32_t type, uint64_t sector, uint64_t data,
                       uint32_t bytes)
{
    const uint64_t header = driver_alloc(&machine->ram, sizeof(struct virtio_blk_req), 16);
    const uint64_t status = driver_alloc(&machine->ram, 1, 1);
    const struct virtio_blk_req req = {.type = type, .sector = sector};
    const struct driver_buffer buffers[] = {
        {header, sizeof req, false}, {data, bytes, type != VIRTIO_BLK_T_OUT}, {status, 1, true}};

    memcpy(driver_at(&machine->ram, header, sizeof req), &req, sizeof req);
    *(uint8_t *)driver_at(&machine->ram, status, 1) = 0xff;
    assert_true(driver_add(&machine->queue, buffers, 3) >= 0);
    virtio_driver_kick(&machine->mmio, 0, &machine->queue);
    return driver_at(&machine->ram, status, 1);
}

/* A request to its end; what it says it used. */
static uint32_t request(struct disk_machine *machine, uint32_t type, uint64_t sector, uint64_t data,
                        uint32_t bytes, uint8_t wanted)
{
    const uint8_t *status = submit(machine, type, sector, data, bytes);
    uint32_t used = 0;
    uint16_t head;

    disk_machine_run(machine);
    assert_true(driver_take_used(&machine->queue, &head, &used));
    assert_int_equal(*status, wanted);
    return used;
}

static void check_is_idle(const struct disk_machine *machine)
{
    assert_int_equal(machine->blk.in_flight, 0);
    assert_int_equal(machine->blk.free_pages, machine->blk.page_count);
    for (uint32_t i = 0; i < VIRTIO_BLK_REQUESTS; i++) {
        assert_null(machine->pool.jobs[i].owner);
        assert_null(machine->pool.requests[i].job);
    }
}

static void check_large(bool shared)
{
    struct disk_machine *machine = started(shared);
    const uint32_t bytes = shared ? DISK_MACHINE_BUFFER : LARGE;
    const uint64_t out = new_data(machine, bytes);

    assert_int_equal(request(machine, VIRTIO_BLK_T_OUT, 3, out, bytes, VIRTIO_BLK_S_OK), 1);
    assert_memory_equal(machine->disk.contents + (DISK_MACHINE_ONE + 3) * 512,
                        driver_at(&machine->ram, out, bytes), bytes);
    const uint64_t in = driver_alloc(&machine->ram, bytes, 512);
    assert_int_equal(request(machine, VIRTIO_BLK_T_IN, 3, in, bytes, VIRTIO_BLK_S_OK), bytes + 1);
    assert_memory_equal(driver_at(&machine->ram, in, bytes), driver_at(&machine->ram, out, bytes), bytes);
    check_is_idle(machine);
    disk_machine_free(machine);
}

static void test_larger_than_the_buffer(void **state)
{
    (void)state;
    check_large(false);
    check_large(true);
}

static void test_no_size_max_is_offered(void **state)
{
    struct disk_machine *machine = started(false);

    (void)state;
    assert_int_equal(virtio_driver_offered(&machine->mmio) >> 1 & 1, 0);
    disk_machine_free(machine);
}

/* None of it is done if not all of it lies on the disk. */
static void test_large_request_over_the_end(void **state)
{
    struct disk_machine *machine = started(false);
    const uint64_t data = new_data(machine, LARGE);

    (void)state;
    assert_int_equal(request(machine, VIRTIO_BLK_T_OUT, DISK_MACHINE_PART_SECTORS - LARGE / 512 + 1, data,
                             LARGE, VIRTIO_BLK_S_IOERR),
                     1);
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE, DISK_MACHINE_PART_SECTORS));
    disk_machine_free(machine);
}

static void test_part_that_fails_fails_all(void **state)
{
    struct disk_machine *machine = started(false);
    const uint64_t data = new_data(machine, LARGE);

    (void)state;
    machine->disk.fails = true;
    assert_int_equal(request(machine, VIRTIO_BLK_T_IN, 0, data, LARGE, VIRTIO_BLK_S_IOERR), 0);
    machine->disk.fails = false;
    check_is_idle(machine);
    assert_int_equal(request(machine, VIRTIO_BLK_T_IN, 0, data, LARGE, VIRTIO_BLK_S_OK), LARGE + 1);
    disk_machine_free(machine);
}

static void test_reset_in_the_middle(void **state)
{
    struct disk_machine *machine = started(false);
    const uint64_t data = new_data(machine, LARGE);

    (void)state;
    machine->disk.holds = true;
    (void)submit(machine, VIRTIO_BLK_T_IN, 0, data, LARGE);
    disk_machine_run(machine);
    assert_non_null(machine->blk.half_sent);
    assert_true(disk_machine_start(machine, 0));
    assert_null(machine->blk.half_sent);
    machine->disk.holds = false;
    disk_machine_run(machine);
    check_is_idle(machine);
    assert_int_equal(*(uint8_t *)driver_at(&machine->ram, data + 1, 1), 1); /* nothing was read into it */
    assert_int_equal(request(machine, VIRTIO_BLK_T_IN, 0, data, LARGE, VIRTIO_BLK_S_OK), LARGE + 1);
    disk_machine_free(machine);
}

/* A hostile driver shortens the chain meanwhile: what is left of it is sent, and the rest fails. */
static void test_chain_that_shrinks(void **state)
{
    struct disk_machine *machine = started(false);
    const uint64_t data = new_data(machine, LARGE);
    uint32_t used = 0;
    uint16_t head;

    (void)state;
    machine->disk.holds = true;
    const uint8_t *status = submit(machine, VIRTIO_BLK_T_IN, 0, data, LARGE);
    disk_machine_run(machine);
    assert_non_null(machine->blk.half_sent);
    driver_put_desc(&machine->queue, 1,
                    (struct virtq_desc){data, 512, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 2});
    machine->disk.holds = false;
    disk_machine_run(machine);
    assert_true(driver_take_used(&machine->queue, &head, &used));
    assert_int_equal(*status, VIRTIO_BLK_S_IOERR);
    assert_int_equal(used, 0);
    check_is_idle(machine);
    disk_machine_free(machine);
}

/* Section 2.7.8: what is written from the beginning of the writable part on. */
static void test_used_lengths(void **state)
{
    struct disk_machine *machine = started(false);
    const uint64_t data = new_data(machine, 4096);

    (void)state;
    assert_int_equal(request(machine, VIRTIO_BLK_T_IN, 0, data, 4096, VIRTIO_BLK_S_OK), 4097);
    assert_int_equal(request(machine, VIRTIO_BLK_T_IN, UINT64_MAX, data, 4096, VIRTIO_BLK_S_IOERR), 0);
    assert_int_equal(request(machine, VIRTIO_BLK_T_OUT, 0, data, 4096, VIRTIO_BLK_S_OK), 1);
    assert_int_equal(request(machine, VIRTIO_BLK_T_OUT, UINT64_MAX, data, 4096, VIRTIO_BLK_S_IOERR), 1);
    assert_int_equal(request(machine, VIRTIO_BLK_T_GET_ID, 0, data, VIRTIO_BLK_ID_BYTES, VIRTIO_BLK_S_OK),
                     21);
    assert_int_equal(request(machine, VIRTIO_BLK_T_GET_ID, 0, data, 64, VIRTIO_BLK_S_OK), 20);
    assert_int_equal(request(machine, VIRTIO_BLK_T_GET_ID, 0, data, 19, VIRTIO_BLK_S_IOERR), 0);
    assert_int_equal(request(machine, 99, 0, data, 64, VIRTIO_BLK_S_UNSUPP), 0);
    disk_machine_free(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_larger_than_the_buffer),
        cmocka_unit_test(test_no_size_max_is_offered),
        cmocka_unit_test(test_large_request_over_the_end),
        cmocka_unit_test(test_part_that_fails_fails_all),
        cmocka_unit_test(test_reset_in_the_middle),
        cmocka_unit_test(test_chain_that_shrinks),
        cmocka_unit_test(test_used_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
