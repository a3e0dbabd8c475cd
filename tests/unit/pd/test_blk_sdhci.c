/* SPDX-License-Identifier: BSD-2-Clause */
/* The disk driver with an SD card: setting it up, requests, and cards and controllers that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pd/blk_driver/blk_driver.h"
#include "pd/blk_driver/blk_sdhci.h"
#include "tests/mock/log_record.h"
#include "tests/mock/sd_host.h"

#define LINK_BYTES 0x5000u
#define MEMORY_PADDR 0x40000000ull
#define MEMORY_BYTES 0x40000u
#define REGION_AT 0x10000u
#define REGION_BYTES 0x20000u
#define HZ 1000u
#define TIMEOUT 5000u

struct fixture {
    struct sd_host host;
    struct blk_sdhci card;
    struct blk_driver driver;
    uint8_t *memory;
    void *links[2];
    struct ring server;
    uint64_t now;
};

static void *allocate(size_t align, size_t bytes)
{
    void *memory = aligned_alloc(align, bytes);

    assert_non_null(memory);
    memset(memory, 0, bytes);
    return memory;
}

static int setup(void **state)
{
    struct fixture *f = allocate(64, (sizeof *f + 63) / 64 * 64);

    log_record_clear();
    f->memory = allocate(4096, MEMORY_BYTES);
    f->links[0] = allocate(64, LINK_BYTES);
    f->links[1] = allocate(64, LINK_BYTES);
    f->host.memory = f->memory;
    f->host.memory_paddr = MEMORY_PADDR;
    f->host.memory_bytes = MEMORY_BYTES;
    f->card.kind = &blk_sdhci_standard;
    for (size_t i = 0; i < sizeof f->host.contents; i++) {
        f->host.contents[i] = (uint8_t)(i / 512 + i);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->memory);
    free(f->links[0]);
    free(f->links[1]);
    free(f);
    return 0;
}

/* As long as the controller interrupts, and once. */
static void run(struct fixture *f)
{
    for (uint32_t i = 0; i < 100; i++) {
        (void)blk_driver_run(&f->driver, f->now);
        if (!sd_host_interrupts(&f->host)) {
            return;
        }
    }
}

/* Let time pass, from one point that the driver waits for to the next. */
static void pass(struct fixture *f, uint64_t ticks)
{
    const uint64_t until = f->now + ticks;

    for (uint32_t i = 0; i < 10000 && f->now < until; i++) {
        const uint64_t next = blk_driver_deadline(&f->driver);

        f->now = next < until ? (next > f->now ? next : f->now + 1) : until;
        run(f);
    }
}

static void begin_at(struct fixture *f, uint64_t own_paddr)
{
    const struct blk_region region = {MEMORY_PADDR + REGION_AT, REGION_BYTES};
    const struct blk_driver_setup setup_of = {
        .device = {&blk_sdhci_ops, &f->card},
        .device_setup = {.registers = {sd_host_read, sd_host_write, &f->host},
                         .own = f->memory,
                         .own_paddr = own_paddr,
                         .own_bytes = BLK_DRIVER_OWN_BYTES < REGION_AT ? BLK_DRIVER_OWN_BYTES : REGION_AT,
                         .hz = HZ},
        .regions = &region,
        .region_count = 1,
        .timeout = TIMEOUT};

    assert_int_equal(blk_driver_init(&f->driver, &setup_of, f->links[0], f->links[1], LINK_BYTES, f->now),
                     ERR_OK);
    assert_int_equal(ring_init(&f->server, f->links[1], f->links[0], LINK_BYTES), ERR_OK);
    run(f);
}

static void begin(struct fixture *f)
{
    begin_at(f, MEMORY_PADDR);
}

/* The next record for the server: its bytes, 0 if there is none. */
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

static struct blk_info start(struct fixture *f)
{
    begin(f);
    pass(f, 100);
    return take_info(f);
}

static struct blk_request request_of(uint32_t op, uint64_t sector, uint32_t count)
{
    return (struct blk_request){.op = op,
                                .sector = sector,
                                .sector_count = count,
                                .segment_count = 1,
                                .segments = {{.bytes = count * 512}}};
}

static void send(struct fixture *f, const struct blk_request *request, uint64_t tag)
{
    const uint32_t bytes =
        (uint32_t)(BLK_REQUEST_HEADER_BYTES + request->segment_count * sizeof request->segments[0]);
    uint8_t *data;

    (void)ring_sync(&f->server);
    assert_int_equal(ring_reserve(&f->server, bytes, &data), ERR_OK);
    memcpy(data, request, bytes);
    ring_commit(&f->server, bytes, tag);
    run(f);
}

/* The status of a request, UINT32_MAX if it is not answered. */
static uint32_t ask(struct fixture *f, const struct blk_request *request)
{
    struct blk_reply reply = {.status = 99};
    uint64_t tag = 0;

    send(f, request, 7);
    return take(f, &tag, &reply, sizeof reply) == sizeof reply && tag == 7 ? reply.status : UINT32_MAX;
}

static void test_cards_of_all_kinds_are_found(void **state)
{
    struct fixture *f = *state;
    static const enum sd_host_card kinds[] = {SD_HOST_LARGE, SD_HOST_SMALL, SD_HOST_OLD};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        f->host.kind = kinds[i];
        const struct blk_info info = start(f);
        assert_int_equal(info.flags, BLK_INFO_ALIVE);
        assert_int_equal(info.sector_count, SD_HOST_SECTORS);
        assert_int_equal(info.block_bytes, 512);
        const struct blk_request request = request_of(BLK_READ, 5, 3);
        assert_int_equal(ask(f, &request), BLK_DONE);
        assert_memory_equal(f->memory + REGION_AT, f->host.contents + 5 * 512, 3 * 512);
        memset(f->memory, 0, MEMORY_BYTES);
    }
}

static void test_usdhc_differs(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = request_of(BLK_WRITE, 1, 2);

    f->host.is_usdhc = true;
    f->card.kind = &blk_sdhci_usdhc;
    assert_int_equal(start(f).flags, BLK_INFO_ALIVE);
    memset(f->memory + REGION_AT, 0x5a, 1024);
    assert_int_equal(ask(f, &request), BLK_DONE);
    assert_memory_equal(f->memory + REGION_AT, f->host.contents + 512, 1024);
    assert_int_equal(f->host.registers[0x28 / 4] & 2, 2); /* four lines */
    f->host.clock_never_stable = true;
    begin(f);
    assert_false(f->driver.alive);
}

static void test_requests_wait_while_the_card_starts(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = request_of(BLK_READ, 0, 1);
    struct blk_reply reply;
    uint64_t tag;

    f->host.busy_conds = 5;
    begin(f);
    send(f, &request, 3);
    assert_int_equal(take(f, &tag, &reply, sizeof reply), 0);
    pass(f, 200);
    assert_int_equal(take_info(f).flags, BLK_INFO_ALIVE);
    assert_int_equal(take(f, &tag, &reply, sizeof reply), sizeof reply);
    assert_int_equal(reply.status, BLK_DONE);
}

static void test_card_that_is_never_ready_is_given_up(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = request_of(BLK_READ, 0, 1);

    f->host.busy_conds = UINT32_MAX;
    begin(f);
    pass(f, 20 * HZ);
    assert_int_equal(take_info(f).flags & BLK_INFO_ALIVE, 0);
    assert_int_equal(ask(f, &request), BLK_FAILED);
    assert_int_equal(f->host.resets, 2 * (BLK_DRIVER_RESTARTS + 1)); /* up and down */
}

static void test_controllers_that_cannot_be_used(void **state)
{
    struct fixture *f = *state;

    f->host.is_absent = true;
    begin(f);
    assert_false(f->driver.alive);
    f->host.is_absent = false;
    f->host.kind = SD_HOST_NO_CARD;
    begin(f);
    assert_false(f->driver.alive);
    f->host.kind = SD_HOST_LARGE;
    f->host.never_resets = true;
    begin(f);
    assert_false(f->driver.alive);
    f->host.never_resets = false;
    f->host.clock_never_stable = true;
    begin(f);
    assert_false(f->driver.alive);
    f->host.clock_never_stable = false;
    begin_at(f, 0x100000000ull); /* it knows 32 bits of addresses */
    assert_false(f->driver.alive);
}

static void test_strange_card_is_no_use(void **state)
{
    struct fixture *f = *state;

    f->host.kind = SD_HOST_STRANGE;
    begin(f);
    pass(f, 20 * HZ);
    assert_int_equal(take_info(f).flags & BLK_INFO_ALIVE, 0);
}

static void test_writes_and_reads_in_pieces(void **state)
{
    struct fixture *f = *state;
    struct blk_request request = {.op = BLK_WRITE, .sector = 100, .sector_count = 136, .segment_count = 3};

    (void)start(f);
    for (uint32_t i = 0; i < REGION_BYTES; i++) {
        f->memory[REGION_AT + i] = (uint8_t)(i * 7 + i / 256);
    }
    request.segments[0] = (struct blk_segment){.offset = 0x1000, .bytes = 0x10000}; /* two entries */
    request.segments[1] = (struct blk_segment){.offset = 4, .bytes = 508};
    request.segments[2] = (struct blk_segment){.offset = 0x11000, .bytes = 0x1000 - 508};
    assert_int_equal(ask(f, &request), BLK_DONE);
    assert_memory_equal(f->host.contents + 51200, f->memory + REGION_AT + 0x1000, 0x10000);
    assert_memory_equal(f->host.contents + 51200 + 0x10000, f->memory + REGION_AT + 4, 508);
    assert_int_equal(f->host.transfers, 1);
}

static void test_one_request_after_the_other(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = request_of(BLK_READ, 0, 1);
    struct blk_reply reply;
    uint64_t tag;

    (void)start(f);
    f->host.stalls = true;
    send(f, &request, 1);
    send(f, &request, 2);
    assert_int_equal(f->driver.busy_count, 1);
    assert_true(f->driver.queue_full);
    f->host.stalls = false;
    pass(f, TIMEOUT + 100); /* the first is lost, the second done by the card that was set up again */
    assert_int_equal(take(f, &tag, &reply, sizeof reply), sizeof reply);
    assert_int_equal(tag, 1);
    assert_int_equal(reply.status, BLK_FAILED);
    assert_int_equal(take_info(f).flags, BLK_INFO_ALIVE);
    assert_int_equal(take(f, &tag, &reply, sizeof reply), sizeof reply);
    assert_int_equal(tag, 2);
    assert_int_equal(reply.status, BLK_DONE);
}

static void test_error_costs_its_own_request_only(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = request_of(BLK_READ, 0, 2);
    const uint32_t resets = 1;

    (void)start(f);
    f->host.data_errors = 1;
    assert_int_equal(ask(f, &request), BLK_FAILED);
    f->host.card_errors = 1;
    assert_int_equal(ask(f, &request), BLK_FAILED);
    f->host.data_errors = 1;
    f->host.stop_fails = true; /* there was nothing to stop */
    assert_int_equal(ask(f, &request), BLK_FAILED);
    assert_int_equal(ask(f, &request), BLK_DONE);
    assert_int_equal(f->host.resets, resets);
}

static void test_card_that_does_not_recover_is_set_up_again(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = request_of(BLK_READ, 0, 2);

    (void)start(f);
    f->host.data_errors = 1;
    f->host.never_recovers = true;
    assert_int_equal(ask(f, &request), BLK_FAILED);
    f->host.never_recovers = false;
    pass(f, 100);
    assert_int_equal(take_info(f).flags, BLK_INFO_ALIVE);
    assert_int_equal(ask(f, &request), BLK_DONE);
    f->host.data_errors = 9; /* so many in a row are more than a bad place */
    for (uint32_t i = 0; i < 9; i++) {
        assert_int_equal(ask(f, &request), BLK_FAILED);
    }
    assert_true(f->host.resets > 3);
}

static void test_lines_that_stay_in_use_are_found(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = request_of(BLK_READ, 0, 1);

    (void)start(f);
    f->host.keeps_lines = true;
    send(f, &request, 1);
    pass(f, 20 * HZ);
    struct blk_reply reply = {0};
    uint64_t tag = 0;
    assert_int_equal(take(f, &tag, &reply, sizeof reply), sizeof reply);
    assert_int_equal(reply.status, BLK_FAILED);
}

static void test_what_it_cannot_do_is_refused(void **state)
{
    struct fixture *f = *state;
    struct blk_request request = request_of(BLK_READ, 0, 1);

    f->host.is_read_only = true;
    assert_int_equal(start(f).flags, BLK_INFO_ALIVE | BLK_INFO_READ_ONLY);
    request.segments[0].offset = 2; /* entries name words */
    assert_int_equal(ask(f, &request), BLK_FAILED);
    request = request_of(BLK_WRITE, 0, 1);
    assert_int_equal(ask(f, &request), BLK_FAILED);
    request = (struct blk_request){.op = BLK_FLUSH};
    assert_int_equal(ask(f, &request), BLK_UNSUPPORTED);
    request = request_of(BLK_READ, SD_HOST_SECTORS, 1);
    assert_int_equal(ask(f, &request), BLK_OUT_OF_RANGE);
    assert_int_equal(f->host.transfers, 0);
}

static void test_memory_beyond_32_bits_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct blk_request request = request_of(BLK_READ, 0, 1);

    (void)start(f);
    f->driver.regions[0].paddr = 0xfffffe04ull; /* the last word of the piece is beyond */
    assert_int_equal(ask(f, &request), BLK_FAILED);
    f->driver.regions[0].paddr = 0x100000000ull;
    assert_int_equal(ask(f, &request), BLK_FAILED);
}

static void test_server_that_begins_again_while_it_starts(void **state)
{
    struct fixture *f = *state;

    f->host.busy_conds = 3;
    begin(f);
    assert_int_equal(ring_init(&f->server, f->links[1], f->links[0], LINK_BYTES), ERR_OK);
    run(f);
    pass(f, 100);
    assert_int_equal(take_info(f).flags, BLK_INFO_ALIVE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_cards_of_all_kinds_are_found),        TEST(test_usdhc_differs),
        TEST(test_requests_wait_while_the_card_starts), TEST(test_card_that_is_never_ready_is_given_up),
        TEST(test_controllers_that_cannot_be_used),     TEST(test_strange_card_is_no_use),
        TEST(test_writes_and_reads_in_pieces),          TEST(test_one_request_after_the_other),
        TEST(test_error_costs_its_own_request_only),    TEST(test_card_that_does_not_recover_is_set_up_again),
        TEST(test_lines_that_stay_in_use_are_found),    TEST(test_what_it_cannot_do_is_refused),
        TEST(test_memory_beyond_32_bits_is_refused),    TEST(test_server_that_begins_again_while_it_starts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
