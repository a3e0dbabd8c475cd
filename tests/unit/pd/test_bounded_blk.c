/* SPDX-License-Identifier: BSD-2-Clause */
/* What a kick of a disk's queue buys, when whatever the device does publishes the next request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/disk_machine.h"
#include "tests/mock/refill.h"

#define FEATURES (VIRTIO_BLK_F_FLUSH | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)

static const enum refill_style styles[] = {REFILL_ONE, REFILL_FULL, REFILL_MORE};

/* A machine whose ring holds, in each entry, a request of `type` for `bytes` bytes. */
static struct disk_machine *prepare(bool shared, uint64_t features, uint32_t type, uint32_t bytes)
{
    const struct disk_machine_options options = {.shared = shared};
    struct disk_machine *machine = disk_machine_new(&options);
    struct virtio_blk_req req = {.type = type};

    assert_true(disk_machine_start(machine, features));
    const uint64_t header = driver_alloc(&machine->ram, sizeof req, 16);
    const uint64_t data = driver_alloc(&machine->ram, bytes + 1, 512);
    memcpy(driver_at(&machine->ram, header, sizeof req), &req, sizeof req);
    const struct driver_buffer buffers[] = {
        {header, sizeof req, false}, {data, bytes, true}, {data + bytes, 1, true}};
    assert_int_equal(driver_add(&machine->queue, buffers, 3), 0); /* as all other entries are */
    return machine;
}

static void check(bool shared, uint64_t features, uint32_t type, uint32_t bytes, enum refill_style style)
{
    struct disk_machine *machine = prepare(shared, features, type, bytes);

    refill_start(machine->blk.device.queues, 1, style);
    for (unsigned int kicks = 0; kicks < 3; kicks++) {
        refill_begin_event();
        virtio_blk_kicked(&machine->blk);
        disk_machine_run(machine); /* until nothing is left to do: completions are events, too */
        assert_in_range(refill_popped(0), kicks == 0 ? 1 : 0, DISK_MACHINE_QUEUE);
        assert_int_equal(machine->blk.in_flight, 0);
    }
    refill_stop();
    disk_machine_free(machine);
}

static void check_all(uint32_t type, uint32_t bytes)
{
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        for (unsigned int way = 0; way < 4; way++) {
            check((way & 1) != 0, (way & 2) != 0 ? FEATURES : 0, type, bytes, styles[i]);
        }
    }
}

static void test_reads(void **state)
{
    (void)state;
    check_all(VIRTIO_BLK_T_IN, 512);
}

/* So large that the buffer holds two of them: most wait for a reply of an earlier one. */
static void test_reads_that_have_to_wait(void **state)
{
    (void)state;
    check_all(VIRTIO_BLK_T_IN, DISK_MACHINE_BUFFER / 2);
}

/* What is answered at once writes into the guest's memory before the look ends. */
static void test_requests_that_are_answered_at_once(void **state)
{
    (void)state;
    check_all(VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_ID_BYTES);
    check_all(99, 512);
    check_all(VIRTIO_BLK_T_IN, 511);
}

/* A kick while requests wait counts, once they don't. */
static void test_kick_while_requests_wait_is_not_lost(void **state)
{
    struct disk_machine *machine = prepare(false, FEATURES, VIRTIO_BLK_T_IN, DISK_MACHINE_BUFFER);

    (void)state;
    refill_start(machine->blk.device.queues, 1, REFILL_NOT);
    driver_put_avail(&machine->queue, 0);
    virtio_blk_kicked(&machine->blk);
    assert_true(machine->blk.stalled);
    driver_put_avail(&machine->queue, 0);
    virtio_blk_kicked(&machine->blk);
    disk_machine_run(machine);
    assert_int_equal(refill_popped(0), 3);
    assert_int_equal(driver_used_idx(&machine->queue), 3);
    refill_stop();
    disk_machine_free(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_reads_that_have_to_wait),
        cmocka_unit_test(test_requests_that_are_answered_at_once),
        cmocka_unit_test(test_kick_while_requests_wait_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
