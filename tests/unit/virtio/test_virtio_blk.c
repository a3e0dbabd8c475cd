/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-blk as a guest sees it, polite and hostile, all the way to a mock disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/disk_machine.h"
#include "tests/mock/log_record.h"

#define FEATURES                                                                                             \
    (VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES | VIRTIO_F_INDIRECT_DESC |        \
     VIRTIO_F_EVENT_IDX)

static struct disk_machine *started(struct disk_machine_options options, uint64_t features)
{
    struct disk_machine *machine = disk_machine_new(&options);

    assert_true(virtio_blk_is_ready(&machine->blk));
    assert_true(disk_machine_start(machine, features));
    return machine;
}

static uint64_t new_data(struct disk_machine *machine, uint32_t bytes, uint8_t fill)
{
    const uint64_t data = driver_alloc(&machine->ram, bytes, 512);

    memset(driver_at(&machine->ram, data, bytes), fill, bytes);
    return data;
}

static void check_write_and_read(bool shared)
{
    struct disk_machine *machine = started((struct disk_machine_options){.shared = shared}, FEATURES);
    const uint64_t out = new_data(machine, 0x8000, 0x3c);
    const uint64_t in = new_data(machine, 0x8000, 0);

    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_OUT, 7, out, 0x8000), VIRTIO_BLK_S_OK);
    assert_int_equal(machine->disk.contents[(DISK_MACHINE_ONE + 7) * 512], 0x3c);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 7, in, 0x8000), VIRTIO_BLK_S_OK);
    assert_memory_equal(driver_at(&machine->ram, in, 0x8000), driver_at(&machine->ram, out, 0x8000), 0x8000);
    assert_int_equal(machine->blk.counters.copied_bytes, shared ? 0 : 2 * 0x8000);
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE, 7));
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE + 7 + 64, DISK_MACHINE_PART_SECTORS));
    disk_machine_free(machine);
}

static void test_copies_through_the_buffer(void **state)
{
    (void)state;
    check_write_and_read(false);
}

static void test_shares_the_guests_memory(void **state)
{
    (void)state;
    check_write_and_read(true);
}

static void test_config_space_tells_of_the_disk(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, FEATURES);
    const uint64_t offered = virtio_driver_offered(&machine->mmio);

    (void)state;
    assert_int_equal(virtio_driver_read(&machine->mmio, 0x100), DISK_MACHINE_PART_SECTORS);
    assert_int_equal(virtio_driver_read(&machine->mmio, 0x114), 512);
    assert_true((offered & FEATURES) == FEATURES);
    assert_true((offered & VIRTIO_BLK_F_RO) == 0);
    /* FreeBSD takes no disk whose largest segment is smaller than its own largest transfer. */
    assert_true((offered & VIRTIO_BLK_F_SIZE_MAX) == 0);
    disk_machine_free(machine);
}

static void test_requests_past_the_end_fail(void **state)
{
    static const uint64_t sectors[] = {
        DISK_MACHINE_PART_SECTORS, DISK_MACHINE_PART_SECTORS - 7, UINT64_MAX, UINT64_MAX - 7,
        UINT64_MAX / 512,          0ull - DISK_MACHINE_ONE};
    struct disk_machine *machine = started((struct disk_machine_options){0}, FEATURES);
    const uint64_t data = new_data(machine, 4096, 0x77);

    (void)state;
    for (size_t i = 0; i < sizeof sectors / sizeof sectors[0]; i++) {
        assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_OUT, sectors[i], data, 4096),
                         VIRTIO_BLK_S_IOERR);
        assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, sectors[i], data, 4096),
                         VIRTIO_BLK_S_IOERR);
    }
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE, 2 * DISK_MACHINE_PART_SECTORS));
    disk_machine_free(machine);
}

static void test_nonsense_gets_a_status(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, VIRTIO_BLK_F_FLUSH);
    const uint64_t data = new_data(machine, 4096, 1);

    (void)state;
    assert_int_equal(disk_machine_request(machine, 99, 0, data, 512), VIRTIO_BLK_S_UNSUPP);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_DISCARD, 0, data, 16), VIRTIO_BLK_S_UNSUPP);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 0), VIRTIO_BLK_S_IOERR);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 511), VIRTIO_BLK_S_IOERR);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_OUT, 0, data, 513), VIRTIO_BLK_S_IOERR);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_GET_ID, 0, data, 19), VIRTIO_BLK_S_IOERR);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), VIRTIO_BLK_S_OK);
    disk_machine_free(machine);
}

/* A chain of a header for `type`, the given buffers, which are the caller's, and a status, to completion. */
static uint8_t ask_chain(struct disk_machine *machine, uint32_t type, struct driver_buffer *buffers,
                         unsigned int count)
{
    const uint64_t header = new_data(machine, sizeof(struct virtio_blk_req), 0);
    const uint64_t status = new_data(machine, 1, 0xff);
    const struct virtio_blk_req req = {.type = type, .sector = 0};
    uint16_t head;
    uint32_t written;

    memcpy(driver_at(&machine->ram, header, sizeof req), &req, sizeof req);
    buffers[0] = (struct driver_buffer){header, sizeof req, false};
    buffers[count - 1] = (struct driver_buffer){status, 1, true};
    assert_true(driver_add_indirect(&machine->queue, buffers, count) >= 0);
    virtio_driver_kick(&machine->mmio, 0, &machine->queue);
    disk_machine_run(machine);
    (void)driver_take_used(&machine->queue, &head, &written);
    return *(uint8_t *)driver_at(&machine->ram, status, 1);
}

static bool needs_reset(struct disk_machine *machine)
{
    return (virtio_driver_read(&machine->mmio, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

static void check_wrong_direction(uint32_t type, bool writable, bool shared)
{
    struct disk_machine *machine = started((struct disk_machine_options){.shared = shared}, FEATURES);
    const uint64_t data = new_data(machine, 4096, 0x5a);
    struct driver_buffer buffers[3] = {[1] = {data, 4096, writable}};

    assert_int_equal(ask_chain(machine, type, buffers, 3), VIRTIO_BLK_S_IOERR);
    assert_int_equal(*(uint8_t *)driver_at(&machine->ram, data, 1), 0x5a);
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE, DISK_MACHINE_PART_SECTORS));
    assert_false(needs_reset(machine));
    disk_machine_free(machine);
}

static void test_wrong_directions_fail(void **state)
{
    (void)state;
    for (int shared = 0; shared < 2; shared++) {
        check_wrong_direction(VIRTIO_BLK_T_IN, false, shared != 0);
        check_wrong_direction(VIRTIO_BLK_T_OUT, true, shared != 0);
        check_wrong_direction(VIRTIO_BLK_T_DISCARD, true, shared != 0);
        check_wrong_direction(VIRTIO_BLK_T_WRITE_ZEROES, true, shared != 0);
    }
}

/* Chains of `pieces` pieces of `bytes` bytes. Those that are longer than the queue break the device. */
static void check_huge_chain(bool shared, unsigned int pieces, uint32_t bytes, bool breaks)
{
    struct disk_machine *machine = started((struct disk_machine_options){.shared = shared}, FEATURES);
    const uint64_t data = new_data(machine, bytes, 0x5a);
    const struct blk_request neighbour = {
        .op = BLK_READ, .sector_count = 8, .segment_count = 1, .segments = {{.bytes = 4096}}};
    static struct driver_buffer buffers[VIRTQ_MAX_SIZE];
    uint64_t tag;
    uint32_t status;

    for (unsigned int i = 1; i + 1 < pieces; i++) {
        buffers[i] = (struct driver_buffer){data, bytes, false};
    }
    assert_int_equal(ask_chain(machine, VIRTIO_BLK_T_OUT, buffers, pieces),
                     breaks ? 0xff : VIRTIO_BLK_S_IOERR);
    assert_int_equal(needs_reset(machine), breaks);
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE, DISK_MACHINE_PART_SECTORS));
    assert_true(disk_machine_send(machine, &neighbour, 5));
    disk_machine_run(machine);
    assert_true(disk_machine_take(machine, &tag, &status));
    assert_int_equal(status, BLK_DONE);
    disk_machine_free(machine);
}

static void test_huge_chains_fail(void **state)
{
    (void)state;
    check_huge_chain(false, DISK_MACHINE_QUEUE, 0x100000, false); /* more than the buffer */
    check_huge_chain(true, DISK_MACHINE_QUEUE, 0x100000, false);  /* more than there is RAM */
    check_huge_chain(false, DISK_MACHINE_QUEUE + 1, 512, true);
    check_huge_chain(true, VIRTQ_MAX_SIZE, 512, true);
}

static void test_id_is_the_disks_name(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, 0);
    const uint64_t data = new_data(machine, 20, 0xff);

    (void)state;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_GET_ID, 0, data, 20), VIRTIO_BLK_S_OK);
    assert_string_equal((const char *)driver_at(&machine->ram, data, 20), "d0-one");
    disk_machine_free(machine);
}

static void test_chain_without_status_breaks_the_device(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, 0);
    const uint64_t header = new_data(machine, 16, 0);
    const struct driver_buffer buffer = {header, 16, false};

    (void)state;
    assert_true(driver_add(&machine->queue, &buffer, 1) >= 0);
    virtio_driver_kick(&machine->mmio, 0, &machine->queue);
    disk_machine_run(machine);
    assert_true((virtio_driver_read(&machine->mmio, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0);
    assert_true(disk_machine_start(machine, 0));
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, new_data(machine, 512, 0), 512),
                     VIRTIO_BLK_S_OK);
    disk_machine_free(machine);
}

static void test_discard_and_write_zeroes_take_one_range(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, FEATURES);
    struct virtio_blk_range range = {.sector = 100, .num_sectors = 200};
    const uint64_t data = new_data(machine, 32, 0);

    (void)state;
    memcpy(driver_at(&machine->ram, data, 16), &range, 16);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_WRITE_ZEROES, 0, data, 16), VIRTIO_BLK_S_OK);
    assert_int_equal(machine->disk.contents[(DISK_MACHINE_ONE + 100) * 512], 0);
    assert_int_equal(machine->disk.contents[(DISK_MACHINE_ONE + 300) * 512 - 1], 0);
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE + 300, 100));
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_DISCARD, 0, data, 32), VIRTIO_BLK_S_IOERR);
    range.flags = 1; /* unmap is for WRITE_ZEROES only */
    memcpy(driver_at(&machine->ram, data, 16), &range, 16);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_DISCARD, 0, data, 16), VIRTIO_BLK_S_UNSUPP);
    static const struct virtio_blk_range bad[] = {{.sector = UINT64_MAX - 10, .num_sectors = 100},
                                                  {.sector = 0, .num_sectors = 0},
                                                  {.sector = 1, .num_sectors = UINT32_MAX},
                                                  {.sector = DISK_MACHINE_PART_SECTORS, .num_sectors = 1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(driver_at(&machine->ram, data, 16), &bad[i], 16);
        assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_WRITE_ZEROES, 0, data, 16),
                         VIRTIO_BLK_S_IOERR);
        assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_DISCARD, 0, data, 16),
                         VIRTIO_BLK_S_IOERR);
    }
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE, 100));
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE + 300, DISK_MACHINE_PART_SECTORS));
    disk_machine_free(machine);
}

/* A doorbell takes a kick past the device's registers, to a channel of its own: an answer is no kick. */
static void test_kick_may_be_a_doorbell(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, FEATURES);
    const uint64_t header = new_data(machine, sizeof(struct virtio_blk_req), 0); /* a read */
    const uint64_t data = new_data(machine, 512, 0);
    const struct driver_buffer buffers[] = {{header, sizeof(struct virtio_blk_req), false},
                                            {data, 512, true},
                                            {new_data(machine, 1, 0xff), 1, true}};
    uint16_t head;
    uint32_t written;

    (void)state;
    assert_true(driver_add(&machine->queue, buffers, 3) >= 0);
    disk_machine_run(machine);
    assert_false(driver_take_used(&machine->queue, &head, &written));
    virtio_blk_kicked(&machine->blk);
    disk_machine_run(machine);
    assert_true(driver_take_used(&machine->queue, &head, &written));
    assert_int_equal(*(uint8_t *)driver_at(&machine->ram, data, 1), DISK_MACHINE_FILL);
    disk_machine_free(machine);
}

static void test_without_flush_writes_go_through(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, 0);
    const uint64_t data = new_data(machine, 512, 2);

    (void)state;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_OUT, 0, data, 512), VIRTIO_BLK_S_OK);
    assert_int_equal(machine->disk.log[machine->disk.log_count - 1].type, VIRTIO_BLK_T_FLUSH);
    disk_machine_free(machine);
}

static void test_cache_mode_can_be_switched(void **state)
{
    struct disk_machine *machine =
        started((struct disk_machine_options){0}, VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE);
    const uint64_t data = new_data(machine, 512, 2);
    const uint8_t through = 0;

    (void)state;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_OUT, 0, data, 512), VIRTIO_BLK_S_OK);
    assert_int_equal(machine->disk.log[machine->disk.log_count - 1].type, VIRTIO_BLK_T_OUT);
    virtio_device_config_write(&machine->blk.device, offsetof(struct virtio_blk_config, writeback), through,
                               1);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_OUT, 0, data, 512), VIRTIO_BLK_S_OK);
    assert_int_equal(machine->disk.log[machine->disk.log_count - 1].type, VIRTIO_BLK_T_FLUSH);
    disk_machine_free(machine);
}

static void test_read_only_disk_says_so_and_stays_so(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){.read_only = true}, VIRTIO_BLK_F_RO);
    const uint64_t data = new_data(machine, 512, 2);

    (void)state;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_OUT, 0, data, 512), VIRTIO_BLK_S_IOERR);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), VIRTIO_BLK_S_OK);
    assert_true(disk_machine_is_untouched(machine, DISK_MACHINE_ONE, 1));
    disk_machine_free(machine);
}

static void test_device_errors_reach_the_guest(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, VIRTIO_BLK_F_FLUSH);
    const uint64_t data = new_data(machine, 512, 2);

    (void)state;
    machine->disk.fails = true;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), VIRTIO_BLK_S_IOERR);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_FLUSH, 0, 0, 0), VIRTIO_BLK_S_IOERR);
    machine->disk.fails = false;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_FLUSH, 0, 0, 0), VIRTIO_BLK_S_OK);
    disk_machine_free(machine);
}

/* A request in flight when the driver resets the device must not write to what is the guest's again. */
static void check_reset_in_flight(bool shared)
{
    struct disk_machine *machine = started((struct disk_machine_options){.shared = shared}, 0);
    const uint64_t data = new_data(machine, 512, 0x99);

    machine->disk.holds = true;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), 0xff);
    virtio_driver_write(&machine->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_true(virtio_blk_is_ready(&machine->blk) == !shared);
    /* The driver sees by the status when its memory is its own again (section 2.4.1). */
    assert_int_equal(virtio_driver_read(&machine->mmio, VIRTIO_MMIO_STATUS),
                     shared ? VIRTIO_STATUS_NEEDS_RESET : 0);
    machine->disk.holds = false;
    disk_machine_run(machine);
    assert_int_equal(virtio_driver_read(&machine->mmio, VIRTIO_MMIO_STATUS), 0);
    assert_true(virtio_blk_is_ready(&machine->blk));
    assert_int_equal(machine->blk.in_flight, 0);
    if (!shared) {
        assert_int_equal(*(uint8_t *)driver_at(&machine->ram, data, 1), 0x99);
        assert_int_equal(machine->blk.free_pages, machine->blk.page_count);
    }
    disk_machine_free(machine);
}

/* As Linux' driver of virtio-mmio does: it gets on, on its own memory's account. */
static void test_driver_need_not_wait_for_the_end_of_a_reset(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){.shared = true}, 0);
    const uint64_t data = new_data(machine, 512, 0x99);

    (void)state;
    machine->disk.holds = true;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), 0xff);
    virtio_driver_write(&machine->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_true(disk_machine_start(machine, 0));
    assert_int_equal(virtio_driver_read(&machine->mmio, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET, 0);
    machine->disk.holds = false;
    disk_machine_run(machine);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), VIRTIO_BLK_S_OK);
    disk_machine_free(machine);
}

static void test_reset_drops_what_is_in_flight(void **state)
{
    (void)state;
    check_reset_in_flight(false);
    check_reset_in_flight(true);
}

static void test_more_data_than_buffer_waits_its_turn(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, VIRTIO_BLK_F_FLUSH);
    const uint64_t data = new_data(machine, 0x30000, 0x42);
    uint16_t head;
    uint32_t written;
    unsigned int done = 0;

    (void)state;
    for (uint32_t i = 0; i < 8; i++) { /* 1.5 MiB, three times the buffer */
        const uint64_t header = new_data(machine, 16, 0);
        const uint64_t status = new_data(machine, 1, 0xff);
        const struct virtio_blk_req req = {.type = VIRTIO_BLK_T_OUT, .sector = i * 384};
        const struct driver_buffer buffers[] = {
            {header, 16, false}, {data, 0x30000, false}, {status, 1, true}};

        memcpy(driver_at(&machine->ram, header, 16), &req, 16);
        assert_true(driver_add(&machine->queue, buffers, 3) >= 0);
    }
    virtio_driver_kick(&machine->mmio, 0, &machine->queue);
    disk_machine_run(machine);
    while (driver_take_used(&machine->queue, &head, &written)) {
        done++;
    }
    assert_int_equal(done, 8);
    assert_int_equal(machine->disk.contents[(DISK_MACHINE_ONE + 8 * 384) * 512 - 1], 0x42);
    assert_int_equal(machine->blk.free_pages, machine->blk.page_count);
    disk_machine_free(machine);
}

/* The server, taken over, says something to the VMM. */
static void say(struct disk_machine *machine, uint64_t tag, const void *reply, uint32_t bytes)
{
    struct ring *link = &machine->server.clients[0].link;
    uint8_t *data;

    assert_int_equal(ring_reserve(link, bytes, &data), ERR_OK);
    memcpy(data, reply, bytes);
    ring_commit(link, bytes, tag);
    virtio_blk_notified(&machine->blk);
}

/* A server that answers what was not asked, twice, or in no known form, neither ends a request nor the
 * VMM. */
static void test_server_that_talks_nonsense_is_not_heeded(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, 0);
    const uint64_t data = new_data(machine, 512, 0x11);
    const struct blk_reply reply = {.status = BLK_DONE};
    const uint64_t tags[] = {1, VIRTIO_BLK_REQUESTS - 1, VIRTIO_BLK_REQUESTS, UINT64_MAX - 1, 1ull << 32};

    (void)state;
    machine->disk.holds = true;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), 0xff);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        say(machine, tags[i], &reply, sizeof reply);
    }
    say(machine, 0, &reply, sizeof reply - 1); /* the right tag, but no reply */
    say(machine, BLK_TAG_INFO, &reply, sizeof reply);
    assert_int_equal(machine->blk.in_flight, 1);
    assert_non_null(strstr(log_record_text(), "malformed message of the block server"));
    machine->disk.holds = false;
    disk_machine_run(machine);
    assert_int_equal(machine->blk.in_flight, 0);
    assert_int_equal(machine->blk.free_pages, machine->blk.page_count);
    assert_int_equal(*(uint8_t *)driver_at(&machine->ram, data, 1), DISK_MACHINE_FILL);
    say(machine, 0, &reply, sizeof reply); /* once more, now that it is over */
    assert_int_equal(machine->blk.free_pages, machine->blk.page_count);
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), VIRTIO_BLK_S_OK);
    disk_machine_free(machine);
}

/* A status that there is none of is a failure, not a success. */
static void test_server_with_an_unknown_status_has_failed(void **state)
{
    struct disk_machine *machine = started((struct disk_machine_options){0}, 0);
    const uint64_t data = new_data(machine, 512, 0x11);
    const struct blk_reply reply = {.status = 0x1234};

    (void)state;
    machine->disk.holds = true;
    assert_int_equal(disk_machine_request(machine, VIRTIO_BLK_T_IN, 0, data, 512), 0xff);
    say(machine, 0, &reply, sizeof reply);
    assert_int_equal(machine->blk.in_flight, 0);
    assert_int_equal(machine->blk.counters.errors, 1);
    assert_int_equal(*(uint8_t *)driver_at(&machine->ram, data, 1), 0x11);
    disk_machine_free(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_through_the_buffer),
        cmocka_unit_test(test_shares_the_guests_memory),
        cmocka_unit_test(test_config_space_tells_of_the_disk),
        cmocka_unit_test(test_requests_past_the_end_fail),
        cmocka_unit_test(test_nonsense_gets_a_status),
        cmocka_unit_test(test_wrong_directions_fail),
        cmocka_unit_test(test_huge_chains_fail),
        cmocka_unit_test(test_id_is_the_disks_name),
        cmocka_unit_test(test_chain_without_status_breaks_the_device),
        cmocka_unit_test(test_discard_and_write_zeroes_take_one_range),
        cmocka_unit_test(test_kick_may_be_a_doorbell),
        cmocka_unit_test(test_without_flush_writes_go_through),
        cmocka_unit_test(test_cache_mode_can_be_switched),
        cmocka_unit_test(test_read_only_disk_says_so_and_stays_so),
        cmocka_unit_test(test_device_errors_reach_the_guest),
        cmocka_unit_test(test_reset_drops_what_is_in_flight),
        cmocka_unit_test(test_driver_need_not_wait_for_the_end_of_a_reset),
        cmocka_unit_test(test_more_data_than_buffer_waits_its_turn),
        cmocka_unit_test(test_server_that_talks_nonsense_is_not_heeded),
        cmocka_unit_test(test_server_with_an_unknown_status_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
