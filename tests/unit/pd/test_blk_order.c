/* SPDX-License-Identifier: BSD-2-Clause */
/* In which order the block server asks the disk's driver: who goes first, and what a flush comes behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/mock/account_page.h"
#include "tests/mock/blk_peers.h"

/* Each client has a range of its own. */
#define CLIENT_SECTORS (BLK_PEERS_SECTORS / 2)
#define LARGE_SECTORS 1024u
#define SMALL_SECTORS 8u

static struct blk_peers *started(void)
{
    struct blk_peers *peers = blk_peers_new(2);
    const struct blk_info info = blk_peers_good_info();

    for (uint32_t i = 0; i < 2; i++) {
        peers->config.clients[i].extent = BLK_EXTENT_RANGE;
        peers->config.clients[i].first_sector = (uint64_t)i * CLIENT_SECTORS;
        peers->config.clients[i].sector_count = CLIENT_SECTORS;
        peers->config.clients[i].region_bytes = 0x100000;
    }
    blk_peers_start(peers);
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    peers->holds = true;
    return peers;
}

static struct blk_request request_of(uint32_t op, uint64_t sector, uint32_t count)
{
    return (struct blk_request){.op = op,
                                .sector = sector,
                                .sector_count = count,
                                .segment_count = op <= BLK_WRITE ? 1 : 0,
                                .segments = {{.bytes = count * BLK_SECTOR_BYTES}}};
}

static uint32_t client_of(const struct blk_peers_pending *request)
{
    return request->sector < CLIENT_SECTORS ? 0 : 1;
}

/* As many requests as the client may have waiting, each `sectors` long and none next to the one before. */
static void keep_busy(struct blk_peers *peers, uint32_t client, uint32_t sectors, uint64_t *next)
{
    uint64_t tag;
    uint32_t status;

    while (blk_peers_take(peers, client, &tag, &status)) {
        assert_int_equal(status, BLK_DONE);
    }
    for (uint32_t i = 0; i < 8; i++) {
        const uint64_t sector = *next * 3 * sectors % (CLIENT_SECTORS - sectors);
        const struct blk_request request = request_of(BLK_WRITE, sector - sector % sectors, sectors);

        if (!blk_peers_send(peers, client, &request, *next)) {
            return;
        }
        ++*next;
    }
}

/* One client with small requests, one with large ones, both without end: what each gets of the disk, in
 * bytes. */
static void measure_shares(struct blk_peers *peers, uint64_t bytes[2], uint64_t requests[2])
{
    uint64_t next[2] = {0};
    struct blk_peers_pending answered;

    for (uint32_t i = 0; i < 4000; i++) {
        keep_busy(peers, 0, SMALL_SECTORS, &next[0]);
        keep_busy(peers, 1, LARGE_SECTORS, &next[1]);
        blk_peers_run(peers);
        assert_true(blk_peers_answer_oldest(peers, &answered));
        bytes[client_of(&answered)] += (uint64_t)answered.sector_count * BLK_SECTOR_BYTES;
        requests[client_of(&answered)]++;
    }
}

static void test_neither_small_nor_large_requests_starve(void **state)
{
    struct blk_peers *peers = started();
    uint64_t bytes[2] = {0};
    uint64_t requests[2] = {0};

    (void)state;
    measure_shares(peers, bytes, requests);
    /* What a request costs beside its bytes counts, too: turns are equal in that sum. */
    const uint64_t small = bytes[0] + requests[0] * 4096;
    const uint64_t large = bytes[1] + requests[1] * 4096;
    assert_in_range(100 * small / (small + large), 45, 55);
    assert_true(requests[0] > 10 * requests[1]);
    blk_peers_free(peers);
}

/* A client that has filled all queues it can keeps another one's single request waiting for a moment only. */
static void test_a_busy_client_delays_another_but_little(void **state)
{
    struct blk_peers *peers = started();
    const struct blk_request read = request_of(BLK_READ, 0, SMALL_SECTORS);
    struct blk_peers_pending answered;
    uint64_t next = 0;
    uint32_t before = 0;

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        keep_busy(peers, 1, LARGE_SECTORS, &next);
        blk_peers_run(peers);
    }
    assert_true(blk_peers_send(peers, 0, &read, 1));
    blk_peers_run(peers);
    while (blk_peers_answer_oldest(peers, &answered) && client_of(&answered) != 0) {
        blk_peers_run(peers);
        before++;
    }
    assert_int_equal(answered.op, BLK_READ);
    /* No more of the busy one's than may be in flight, which its last part may exceed. */
    assert_true(before * BLK_SERVER_QUANTUM < BLK_SERVER_SHARE_BYTES + BLK_SERVER_QUANTUM);
    blk_peers_free(peers);
}

/* A flush is sent behind all that its client has asked for before, however it was cut, and before what comes
 * later. */
static void test_flush_comes_behind_what_was_asked_before(void **state)
{
    struct blk_peers *peers = started();
    const struct blk_request flush = request_of(BLK_FLUSH, 0, 0);
    struct blk_peers_pending answered;
    uint32_t sectors = 0;
    bool flushed = false;

    (void)state;
    for (uint32_t i = 0; i < 6; i++) {
        const struct blk_request write = request_of(BLK_WRITE, i < 3 ? i * 1200 : 0, LARGE_SECTORS);

        if (i == 3) {
            assert_true(blk_peers_send(peers, 1, &flush, 99));
        }
        assert_true(blk_peers_send(peers, 1, &write, i));
    }
    blk_peers_run(peers);
    while (blk_peers_answer_oldest(peers, &answered)) {
        if (answered.op == BLK_FLUSH) {
            assert_false(flushed);
            assert_int_equal(sectors, 3 * LARGE_SECTORS);
            flushed = true;
        }
        sectors += answered.sector_count;
        blk_peers_run(peers);
    }
    assert_true(flushed);
    assert_int_equal(sectors, 6 * LARGE_SECTORS);
    blk_peers_free(peers);
}

/* A durable write is answered after a flush that was sent when all its parts were done; merged ones each have
 * their own. */
static void test_durable_writes_are_flushed_when_they_are_done(void **state)
{
    struct blk_peers *peers = started();
    struct blk_peers_pending answered;
    uint32_t writes = 0, flushes = 0;
    uint64_t tag;
    uint32_t status;

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        struct blk_request write = request_of(BLK_WRITE, 300 * i, 300);

        write.flags = BLK_FUA;
        assert_true(blk_peers_send(peers, 0, &write, i));
    }
    blk_peers_run(peers);
    for (uint32_t i = 0; i < peers->pending_count; i++) {
        assert_int_equal(peers->pending[i].op, BLK_WRITE);
    }
    while (blk_peers_answer_oldest(peers, &answered)) {
        writes += answered.op == BLK_WRITE ? answered.sector_count : 0;
        assert_true(answered.op != BLK_FLUSH || writes >= 300 * (flushes + 1));
        assert_false(blk_peers_take(peers, 0, &tag, &status));
        blk_peers_run(peers);
        flushes += answered.op == BLK_FLUSH;
        if (answered.op == BLK_FLUSH) {
            assert_true(blk_peers_take(peers, 0, &tag, &status));
            assert_int_equal(status, BLK_DONE);
        }
    }
    assert_int_equal(writes, 600);
    assert_int_equal(flushes, 2);
    blk_peers_free(peers);
}

/* Discards and zeroes are cut to what the disk takes, and end where they should. */
static void test_ranges_are_cut_to_the_disks_limits(void **state)
{
    static const uint32_t ops[] = {BLK_DISCARD, BLK_WRITE_ZEROES};
    struct blk_peers *peers = started();
    struct blk_peers_pending answered;
    uint64_t tag;
    uint32_t status;

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        const struct blk_request request = request_of(ops[i], 5, 2500);
        uint64_t next = CLIENT_SECTORS + 5;

        assert_true(blk_peers_send(peers, 1, &request, 1));
        blk_peers_run(peers);
        while (blk_peers_answer_oldest(peers, &answered)) {
            assert_int_equal(answered.op, ops[i]);
            assert_int_equal(answered.sector, next);
            assert_in_range(answered.sector_count, 1, 1024);
            next += answered.sector_count;
            blk_peers_run(peers);
        }
        assert_int_equal(next, CLIENT_SECTORS + 5 + 2500);
        assert_true(blk_peers_take(peers, 1, &tag, &status));
        assert_int_equal(status, BLK_DONE);
    }
    const struct blk_request whole = request_of(BLK_DISCARD, 1, UINT32_MAX);
    assert_true(blk_peers_send(peers, 1, &whole, 2));
    blk_peers_run(peers);
    assert_int_equal(peers->pending_count, 0);
    assert_true(blk_peers_take(peers, 1, &tag, &status));
    assert_int_equal(status, BLK_OUT_OF_RANGE);
    blk_peers_free(peers);
}

/* Requests and their answers are the client's, and so is what the driver is told of. */
static void test_clients_are_charged(void **state)
{
    struct blk_peers *peers = started();
    uint64_t *page = account_page_start(&peers->server.account, account_page_clock);
    const struct blk_request requests[2] = {request_of(BLK_READ, 0, SMALL_SECTORS),
                                            request_of(BLK_READ, 0, SMALL_SECTORS)};
    const uint32_t channels[2] = {peers->config.clients[0].link.channel,
                                  peers->config.clients[1].link.channel};
    struct blk_peers_pending answered;

    (void)state;
    assert_int_not_equal(channels[0], channels[1]);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(blk_peers_send(peers, i, &requests[i], 1));
        blk_peers_run(peers);
        assert_in_range(account_page_take(page, channels[i]), 1, 1000);
        assert_int_equal(account_page_take(page, channels[1 - i]), 0);
        assert_int_equal(peers->server.issued_for, channels[i]);
        assert_true(blk_peers_answer_oldest(peers, &answered));
        blk_peers_run(peers);
        assert_in_range(account_page_take(page, channels[i]), 1, 1000);
    }
    blk_peers_free(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients_are_charged),
        cmocka_unit_test(test_neither_small_nor_large_requests_starve),
        cmocka_unit_test(test_a_busy_client_delays_another_but_little),
        cmocka_unit_test(test_flush_comes_behind_what_was_asked_before),
        cmocka_unit_test(test_durable_writes_are_flushed_when_they_are_done),
        cmocka_unit_test(test_ranges_are_cut_to_the_disks_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
