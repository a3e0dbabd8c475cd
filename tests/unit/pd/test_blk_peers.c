/* SPDX-License-Identifier: BSD-2-Clause */
/* The block server between peers that start again, stop in the middle and send malformed messages; and what is on a
 * disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/blk/crc32.h"
#include "tests/mock/blk_peers.h"
#include "tests/mock/log_record.h"

static void ignore(void *context, uint32_t channel)
{
    (void)context;
    (void)channel;
}

/* Clients of the whole disk; all but the first may only read. */
static struct blk_peers *started(uint32_t clients)
{
    struct blk_peers *peers = blk_peers_new(clients);
    const struct blk_info info = blk_peers_good_info();

    for (uint32_t i = 1; i < clients; i++) {
        peers->config.clients[i].read_only = 1;
    }
    blk_peers_start(peers);
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    return peers;
}

static struct blk_request read_of(uint64_t sector, uint32_t count)
{
    return (struct blk_request){.op = BLK_READ,
                                .sector = sector,
                                .sector_count = count,
                                .segment_count = 1,
                                .segments = {{.bytes = count * 512}}};
}

static void test_client_that_starts_anew_hears_nothing_of_old_requests(void **state)
{
    struct blk_peers *peers = started(1);
    const struct blk_request request = read_of(0, 4);
    uint64_t tag;
    uint32_t status;

    (void)state;
    peers->holds = true;
    for (uint64_t i = 0; i < 8; i++) {
        assert_true(blk_peers_send(peers, 0, &request, i));
    }
    blk_peers_run(peers);
    assert_true(peers->pending_count > 0);
    assert_int_equal(
        ring_init(&peers->clients[0], peers->regions[1][1], peers->regions[1][0], BLK_PEERS_LINK_BYTES),
        ERR_OK);
    blk_peers_run(peers);
    peers->holds = false;
    blk_peers_run(peers);
    assert_false(blk_peers_take(peers, 0, &tag, &status));
    assert_int_equal(peers->server.clients[0].job_count, 0);
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 1), BLK_DONE);
    blk_peers_free(peers);
}

/* Answers that were ready but did not fit into the link go, too. */
static void test_client_that_starts_anew_loses_its_answers(void **state)
{
    struct blk_peers *peers = started(1);
    const struct blk_request bad = read_of(BLK_PEERS_SECTORS, 1);
    uint64_t tag;
    uint32_t status, sent = 0;

    (void)state;
    /* Nobody takes the answers: the link fills up. */
    for (uint32_t i = 0; i < 2000; i++) {
        sent += blk_peers_send(peers, 0, &bad, i);
        blk_peers_run(peers);
    }
    assert_true(sent < 2000);
    assert_int_equal(
        ring_init(&peers->clients[0], peers->regions[1][1], peers->regions[1][0], BLK_PEERS_LINK_BYTES),
        ERR_OK);
    blk_peers_run(peers);
    assert_false(blk_peers_take(peers, 0, &tag, &status));
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 1), BLK_DONE);
    blk_peers_free(peers);
}

static void test_driver_that_starts_anew_has_failed_what_it_had(void **state)
{
    struct blk_peers *peers = started(2);
    const struct blk_info info = blk_peers_good_info();
    const struct blk_request request = read_of(0, 4);
    uint64_t tag;
    uint32_t status;

    (void)state;
    peers->holds = true;
    assert_true(blk_peers_send(peers, 0, &request, 5));
    assert_true(blk_peers_send(peers, 1, &request, 6));
    blk_peers_run(peers);
    blk_peers_restart_driver(peers);
    peers->holds = false;
    blk_peers_run(peers);
    assert_true(blk_peers_take(peers, 0, &tag, &status));
    assert_int_equal(tag, 5);
    assert_int_equal(status, BLK_FAILED);
    assert_true(blk_peers_take(peers, 1, &tag, &status));
    assert_int_equal(status, BLK_FAILED);
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 1), BLK_DONE);
    blk_peers_free(peers);
}

/* The client's part is the first in an MBR: 100 sectors from sector 8 on. */
static void use_first_partition(struct blk_peers *peers)
{
    peers->config.clients[0].extent = BLK_EXTENT_NUMBER;
    peers->config.clients[0].partition_number = 1;
    memcpy(peers->start + 446, (const uint8_t[16]){0, 0, 0, 0, 0x83, 0, 0, 0, 8, 0, 0, 0, 100}, 16);
    memcpy(peers->start + 510, (const uint8_t[2]){0x55, 0xaa}, 2);
}

/* In the middle of reading the table: it is read again. */
static void test_driver_that_starts_anew_is_asked_for_the_table_again(void **state)
{
    struct blk_peers *peers = blk_peers_new(1);
    const struct blk_info info = blk_peers_good_info();

    (void)state;
    use_first_partition(peers);
    blk_peers_start(peers);
    peers->holds = true;
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(peers->server.disks[0].state, BLK_DISK_READING);
    blk_peers_restart_driver(peers);
    peers->holds = false;
    blk_peers_run(peers);
    assert_int_equal(peers->server.disks[0].state, BLK_DISK_WAITING);
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(peers->server.clients[0].first_sector, 8);
    assert_int_equal(peers->server.clients[0].sector_count, 100);
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 99), BLK_DONE);
    assert_int_equal(peers->last.sector, 107);
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 100), BLK_OUT_OF_RANGE);
    blk_peers_free(peers);
}

static void test_table_that_cannot_be_read_leaves_no_partition(void **state)
{
    struct blk_peers *peers = blk_peers_new(1);
    const struct blk_info info = blk_peers_good_info();

    (void)state;
    peers->config.clients[0].extent = BLK_EXTENT_NAME;
    strcpy(peers->config.clients[0].partition_name, "data");
    blk_peers_start(peers);
    peers->status = BLK_FAILED;
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(peers->server.clients[0].sector_count, 0);
    peers->status = BLK_DONE;
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 0), BLK_OUT_OF_RANGE);
    blk_peers_free(peers);
}

static void test_disk_that_comes_late_has_its_table_read_then(void **state)
{
    struct blk_peers *peers = blk_peers_new(1);
    struct blk_info info = blk_peers_good_info();

    (void)state;
    use_first_partition(peers);
    blk_peers_start(peers);
    info.flags &= ~(uint32_t)BLK_INFO_ALIVE;
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 0), BLK_OUT_OF_RANGE);
    info.flags |= BLK_INFO_ALIVE;
    peers->status = BLK_FAILED;
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(peers->server.clients[0].sector_count, 0);
    peers->status = BLK_DONE;
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(peers->server.clients[0].sector_count, 100);
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 99), BLK_DONE);
    blk_peers_free(peers);
}

static void test_nonsense_of_the_driver_is_dropped(void **state)
{
    struct blk_peers *peers = started(1);
    const struct blk_reply reply = {.status = 77};
    const struct blk_request request = read_of(0, 1);
    uint64_t tag;
    uint32_t status;

    (void)state;
    blk_peers_answer(peers, 3, &reply, sizeof reply); /* an answer to nothing */
    blk_peers_answer(peers, BLK_SERVER_PARTS, &reply, sizeof reply);
    blk_peers_answer(peers, UINT64_MAX - 1, &reply, sizeof reply);
    blk_peers_answer(peers, 0, &reply, 3); /* no answer at all */
    blk_peers_answer(peers, 0x100000000ull, &reply,
                     sizeof reply); /* to a read of the table that was not asked for */
    blk_peers_run(peers);
    assert_true(log_record_count() > 0);
    /* A status that is none is a failure. */
    peers->status = 77;
    assert_true(blk_peers_send(peers, 0, &request, 9));
    blk_peers_run(peers);
    assert_true(blk_peers_take(peers, 0, &tag, &status));
    assert_int_equal(status, BLK_FAILED);
    peers->status = BLK_DONE;
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 1), BLK_DONE);
    blk_peers_free(peers);
}

static void test_nonsense_about_the_disk_leaves_nothing_to_read(void **state)
{
    struct blk_info bad[] = {blk_peers_good_info(), blk_peers_good_info(), blk_peers_good_info(),
                             blk_peers_good_info(), blk_peers_good_info()};

    (void)state;
    bad[0].block_bytes = 100;
    bad[1].block_bytes = 0;
    bad[2].max_segments = 0;
    bad[3].max_segment_bytes = 1;
    bad[4].sector_count = UINT64_MAX;
    for (uint32_t i = 0; i < 6; i++) {
        struct blk_peers *peers = blk_peers_new(1);

        blk_peers_start(peers);
        blk_peers_tell(peers, &bad[i % 5], i < 5 ? sizeof bad[0] : 7);
        blk_peers_run(peers);
        assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 0), BLK_OUT_OF_RANGE);
        blk_peers_free(peers);
    }
}

/* A disk that is gone: its clients hear so. */
static void test_dead_disk_has_no_sectors(void **state)
{
    struct blk_peers *peers = started(1);
    struct blk_info info = blk_peers_good_info();

    (void)state;
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 0), BLK_DONE);
    info.flags &= ~(uint32_t)BLK_INFO_ALIVE;
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(blk_peers_ask(peers, 0, BLK_READ, 0), BLK_OUT_OF_RANGE);
    blk_peers_free(peers);
}

static void test_ranges_of_the_configuration(void **state)
{
    static const struct {
        uint64_t first, count, expected;
    } cases[] = {
        {0, 0, BLK_PEERS_SECTORS},
        {16, 0, BLK_PEERS_SECTORS - 16},
        {16, 8, 8},
        {BLK_PEERS_SECTORS, 0, 0},
        {BLK_PEERS_SECTORS - 1, 2, 0},
        {UINT64_MAX, 0, 0},
        {BLK_PEERS_SECTORS - 1, UINT64_MAX, 0},
    };
    const struct blk_info info = blk_peers_good_info();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct blk_peers *peers = blk_peers_new(1);

        peers->config.clients[0].extent = BLK_EXTENT_RANGE;
        peers->config.clients[0].first_sector = cases[i].first;
        peers->config.clients[0].sector_count = cases[i].count;
        blk_peers_start(peers);
        blk_peers_tell(peers, &info, sizeof info);
        blk_peers_run(peers);
        assert_int_equal(peers->server.clients[0].sector_count, cases[i].expected);
        blk_peers_free(peers);
    }
}

static void test_configurations_that_make_no_sense(void **state)
{
    struct blk_peers *peers = blk_peers_new(1);
    const struct blk_info info = blk_peers_good_info();

    (void)state;
    peers->config.clients[0].extent = 99;
    blk_peers_start(peers);
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(peers->server.clients[0].sector_count, 0);
    peers->config.clients[0].disk = 1;
    assert_int_equal(blk_server_init(&peers->server, &peers->config, 1000, ignore, NULL), ERR_RANGE);
    blk_peers_free(peers);
}

static void test_counts_and_links_are_checked(void **state)
{
    struct blk_peers *peers = blk_peers_new(1);

    (void)state;
    peers->config.client_count = BLK_SERVER_MAX_CLIENTS + 1;
    assert_int_equal(blk_server_init(&peers->server, &peers->config, 1000, ignore, NULL), ERR_RANGE);
    peers->config.client_count = 1;
    peers->config.clients[0].link.bytes = 100;
    peers->config.disks[0].link.bytes = 100;
    assert_int_equal(blk_server_init(&peers->server, &peers->config, 1000, ignore, NULL), ERR_OK);
    assert_int_equal(log_record_count(), 2);
    blk_peers_free(peers);
}

/* Partition tables. */

#define ENTRIES_AT 1024u /* LBA 2 */

static void put_gpt(struct blk_peers *peers, struct gpt_header header, const struct gpt_entry *entries,
                    uint32_t count)
{
    memset(peers->start + 446, 0, 64);
    peers->start[446 + 4] = 0xee;
    peers->start[446 + 8] = 1;
    peers->start[446 + 12] = 0xff;
    memcpy(peers->start + 510, (const uint8_t[2]){0x55, 0xaa}, 2);
    memset(peers->start + ENTRIES_AT, 0, 128 * 128);
    memcpy(peers->start + ENTRIES_AT, entries, count * sizeof *entries);
    header.entries_crc =
        crc32_of(peers->start + ENTRIES_AT, (size_t)header.entry_count * header.entry_bytes % 20000);
    header.header_crc = 0;
    header.header_crc = crc32_of(&header, GPT_HEADER_BYTES);
    memcpy(peers->start + 512, &header, sizeof header);
}

static struct gpt_header good_header(void)
{
    return (struct gpt_header){.signature = GPT_SIGNATURE,
                               .revision = GPT_REVISION,
                               .header_bytes = GPT_HEADER_BYTES,
                               .my_lba = 1,
                               .alternate_lba = BLK_PEERS_SECTORS - 1,
                               .first_usable_lba = 34,
                               .last_usable_lba = BLK_PEERS_SECTORS - 34,
                               .entries_lba = 2,
                               .entry_count = 128,
                               .entry_bytes = 128};
}

static struct gpt_entry entry_of(uint64_t first, uint64_t last, char name)
{
    return (struct gpt_entry){
        .type_guid = {1}, .first_lba = first, .last_lba = last, .name = {(uint16_t)name, 0xe4, 0}};
}

/* The size of partition `number` on a disk with that table; 0 if there is none. */
static uint64_t partition_sectors(struct gpt_header header, const struct gpt_entry *entries, uint32_t count,
                                  uint32_t number, const char *name)
{
    struct blk_peers *peers = blk_peers_new(1);
    const struct blk_info info = blk_peers_good_info();

    peers->config.clients[0].extent = name != NULL ? BLK_EXTENT_NAME : BLK_EXTENT_NUMBER;
    peers->config.clients[0].partition_number = number;
    if (name != NULL) {
        strcpy(peers->config.clients[0].partition_name, name);
    }
    put_gpt(peers, header, entries, count);
    blk_peers_start(peers);
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    assert_int_equal(peers->server.disks[0].state, BLK_DISK_READY);
    const uint64_t sectors = peers->server.clients[0].sector_count;
    blk_peers_free(peers);
    return sectors;
}

static void test_gpt_partitions_are_found(void **state)
{
    const struct gpt_entry entries[] = {entry_of(100, 199, 'a'), entry_of(200, 200, 'b')};

    (void)state;
    assert_int_equal(partition_sectors(good_header(), entries, 2, 1, NULL), 100);
    assert_int_equal(partition_sectors(good_header(), entries, 2, 2, NULL), 1);
    assert_int_equal(partition_sectors(good_header(), entries, 2, 3, NULL), 0);
    assert_int_equal(partition_sectors(good_header(), entries, 2, 0, NULL), 0);
    assert_int_equal(partition_sectors(good_header(), entries, 2, 129, NULL), 0);
    assert_int_equal(partition_sectors(good_header(), entries, 2, 0, "b?"), 1);
    assert_int_equal(partition_sectors(good_header(), entries, 2, 0, "c?"), 0);
}

static void test_gpt_entries_that_make_no_sense_are_left_out(void **state)
{
    const struct gpt_entry entries[] = {
        entry_of(10, 199, 'a'),                /* over the table */
        entry_of(200, 100, 'b'),               /* ends before it begins */
        entry_of(200, BLK_PEERS_SECTORS, 'c'), /* over the end */
        entry_of(UINT64_MAX, UINT64_MAX, 'd'),
        entry_of(100, 199, 'e'),
        entry_of(150, 250, 'f'), /* over the one before */
    };

    (void)state;
    for (uint32_t number = 1; number <= 6; number++) {
        assert_int_equal(partition_sectors(good_header(), entries, 6, number, NULL), number == 5 ? 100 : 0);
    }
}

/* With no good backup at the disk's end, there are no partitions then. */
static void test_gpt_headers_that_make_no_sense_are_refused(void **state)
{
    const struct gpt_entry entry = entry_of(100, 199, 'a');
    struct gpt_header headers[10];

    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        headers[i] = good_header();
    }
    headers[0].signature++;
    headers[1].header_bytes = 512;
    headers[2].my_lba = 2;
    headers[3].entry_count = 0;
    headers[4].entry_count = 129;
    headers[5].entry_bytes = 64;
    headers[6].entry_bytes = 0x80000000;
    headers[7].entries_lba = UINT64_MAX;
    headers[8].first_usable_lba = BLK_PEERS_SECTORS;
    headers[9].last_usable_lba = UINT64_MAX;
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(partition_sectors(headers[i], &entry, 1, 1, NULL), 0);
    }
}

static void test_mbr_entries_that_make_no_sense_are_left_out(void **state)
{
    static const uint8_t entries[4][16] = {
        {0, 0, 0, 0, 0x83, 0, 0, 0, 0, 0, 0, 0, 100},                    /* over the table */
        {0, 0, 0, 0, 0x83, 0, 0, 0, 8, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, /* over the end */
        {0, 0, 0, 0, 0x00, 0, 0, 0, 8, 0, 0, 0, 100},                    /* unused */
        {0, 0, 0, 0, 0x83, 0, 0, 0, 0, 1, 0, 0, 100},                    /* good */
    };
    const struct blk_info info = blk_peers_good_info();

    (void)state;
    for (uint32_t number = 1; number <= 5; number++) {
        struct blk_peers *peers = blk_peers_new(1);

        peers->config.clients[0].extent = BLK_EXTENT_NUMBER;
        peers->config.clients[0].partition_number = number;
        memcpy(peers->start + 446, entries, sizeof entries);
        if (number < 5) { /* the last without a signature: no table at all */
            memcpy(peers->start + 510, (const uint8_t[2]){0x55, 0xaa}, 2);
        }
        blk_peers_start(peers);
        blk_peers_tell(peers, &info, sizeof info);
        blk_peers_run(peers);
        assert_int_equal(peers->server.clients[0].sector_count, number == 4 ? 100 : 0);
        blk_peers_free(peers);
    }
}

static void put_entry(uint8_t *block, uint32_t index, uint8_t type, uint8_t first, uint8_t count)
{
    const uint8_t entry[16] = {0, 0, 0, 0, type, 0, 0, 0, first, 0, 0, 0, count};

    memcpy(block + 446 + index * sizeof entry, entry, sizeof entry);
    memcpy(block + 510, (const uint8_t[2]){0x55, 0xaa}, 2);
}

/* An extended partition of 40 sectors from sector 16 on, with three tables of which the last is none. */
static void test_logical_partitions_are_found(void **state)
{
    static const uint64_t firsts[] = {[5] = 18, [6] = 30}, counts[8] = {[5] = 5, [6] = 7};
    const struct blk_info info = blk_peers_good_info();

    (void)state;
    for (uint32_t number = 1; number <= 7; number++) {
        struct blk_peers *peers = blk_peers_new(1);

        peers->config.clients[0].extent = BLK_EXTENT_NUMBER;
        peers->config.clients[0].partition_number = number;
        put_entry(peers->start, 0, 0x05, 16, 40);
        put_entry(peers->start + 16 * 512, 0, 0x83, 2, 5);
        put_entry(peers->start + 16 * 512, 1, 0x05, 10, 20);
        put_entry(peers->start + 26 * 512, 0, 0x83, 4, 7);
        put_entry(peers->start + 26 * 512, 1, 0x05, 30, 5);
        blk_peers_start(peers);
        blk_peers_tell(peers, &info, sizeof info);
        blk_peers_run(peers);
        assert_int_equal(peers->server.disks[0].state, BLK_DISK_READY);
        assert_int_equal(peers->server.clients[0].sector_count, counts[number]);
        if (counts[number] != 0) {
            assert_int_equal(peers->server.clients[0].first_sector, firsts[number]);
        }
        blk_peers_free(peers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_that_starts_anew_hears_nothing_of_old_requests),
        cmocka_unit_test(test_client_that_starts_anew_loses_its_answers),
        cmocka_unit_test(test_driver_that_starts_anew_has_failed_what_it_had),
        cmocka_unit_test(test_driver_that_starts_anew_is_asked_for_the_table_again),
        cmocka_unit_test(test_table_that_cannot_be_read_leaves_no_partition),
        cmocka_unit_test(test_disk_that_comes_late_has_its_table_read_then),
        cmocka_unit_test(test_nonsense_of_the_driver_is_dropped),
        cmocka_unit_test(test_nonsense_about_the_disk_leaves_nothing_to_read),
        cmocka_unit_test(test_dead_disk_has_no_sectors),
        cmocka_unit_test(test_ranges_of_the_configuration),
        cmocka_unit_test(test_configurations_that_make_no_sense),
        cmocka_unit_test(test_counts_and_links_are_checked),
        cmocka_unit_test(test_gpt_partitions_are_found),
        cmocka_unit_test(test_gpt_entries_that_make_no_sense_are_left_out),
        cmocka_unit_test(test_gpt_headers_that_make_no_sense_are_refused),
        cmocka_unit_test(test_mbr_entries_that_make_no_sense_are_left_out),
        cmocka_unit_test(test_logical_partitions_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
