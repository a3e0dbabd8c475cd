/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a request's data goes: pages that are short or scattered, chains with more pieces than a request has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/virtio/virtio_blk_io.h"

#define PAGE VIRTIO_BLK_PAGE_BYTES
#define PAGES 300u
#define PIECE 512u

static struct virtio_blk blk;
static struct virtio_blk_request request;
static struct virtio_blk_request others[PAGES];
static struct virtq_chain chain;
static uint8_t region[PAGES * PAGE];
static uint8_t ram[PAGES * PAGE];
static const struct guestmem mem = {.host = ram, .bytes = sizeof ram};

/* Find a place for all of `bytes`: what takes less of them is ERR_RANGE here. */
static enum err prepare(struct virtio_blk_request *of, uint64_t offset, uint64_t bytes)
{
    uint32_t taken;
    enum err err = virtio_blk_io_prepare(&blk, of, &chain, offset, bytes, &taken);

    if (err == ERR_OK && taken != bytes) {
        virtio_blk_io_finish(&blk, of, false);
        err = ERR_RANGE;
    }
    return err;
}

static enum err start(enum vmm_block_datapath datapath, uint64_t region_bytes)
{
    const struct vmm_device_config config = {.u.block = {.datapath = datapath,
                                                         .region = (uint64_t)(uintptr_t)region,
                                                         .region_bytes = region_bytes}};

    memset(&blk, 0, sizeof blk);
    memset(&request, 0, sizeof request);
    memset(others, 0, sizeof others);
    blk.device.setup.mem = &mem;
    request.op = BLK_WRITE;
    for (uint32_t i = 0; i < PAGES; i++) {
        others[i].op = BLK_WRITE;
    }
    return virtio_blk_io_init(&blk, &config);
}

/* `count` pieces that the device reads, with a gap behind each. */
static void make_chain(uint32_t count)
{
    memset(&chain, 0, sizeof chain);
    chain.readable_count = (uint16_t)count;
    chain.readable_bytes = (uint64_t)count * PIECE;
    for (uint32_t i = 0; i < count; i++) {
        chain.segments[i] = (struct virtq_segment){.host = &ram[2 * i * PIECE], .bytes = PIECE};
        memset(chain.segments[i].host, (int)(i + 1), PIECE);
    }
}

static void test_region_without_a_page_is_refused(void **state)
{
    (void)state;
    assert_int_equal(start(VMM_BLOCK_COPY, PAGE - 1), ERR_RANGE);
    assert_int_equal(start(VMM_BLOCK_COPY, PAGE), ERR_OK);
    assert_int_equal(blk.free_pages, 1);
    /* Only so many can be told apart. */
    assert_int_equal(start(VMM_BLOCK_COPY, UINT64_MAX), ERR_OK);
    assert_int_equal(blk.free_pages, VIRTIO_BLK_MAX_PAGES);
    assert_int_equal(start(VMM_BLOCK_SHARED, 0), ERR_OK);
}

/* Two of the largest parts find room. */
static void test_more_than_half_the_region_is_taken_in_parts(void **state)
{
    uint32_t taken = 0;

    (void)state;
    assert_int_equal(start(VMM_BLOCK_COPY, 4 * PAGE), ERR_OK);
    make_chain(4 * PAGE / PIECE + 1);
    assert_int_equal(virtio_blk_io_prepare(&blk, &request, &chain, PIECE, 4 * PAGE, &taken), ERR_OK);
    assert_int_equal(taken, 2 * PAGE);
    assert_int_equal(blk.free_pages, 2);
    assert_int_equal(virtio_blk_io_prepare(&blk, &others[0], &chain, PIECE + taken, 4 * PAGE - taken, &taken),
                     ERR_OK);
    assert_int_equal(taken, 2 * PAGE);
    assert_int_equal(prepare(&others[1], 0, PIECE), ERR_SPACE);
    virtio_blk_io_finish(&blk, &request, false);
    assert_int_equal(blk.free_pages, 2);
    /* The second piece came first. */
    assert_int_equal(region[0], 2);
    assert_int_equal(region[PIECE], 3);
    assert_int_equal(region[2 * PAGE], 2 + 2 * PAGE / PIECE);
}

/* A part ends with a block of the disk, wherever the driver's pieces end. */
static void test_parts_are_whole_blocks(void **state)
{
    uint32_t taken = 0;

    (void)state;
    for (uint32_t datapath = VMM_BLOCK_COPY; datapath <= VMM_BLOCK_SHARED; datapath++) {
        assert_int_equal(start(datapath, sizeof region), ERR_OK);
        blk.config.blk_size = 4096;
        make_chain(2 * BLK_MAX_SEGMENTS);
        assert_int_equal(virtio_blk_io_prepare(&blk, &request, &chain, 0, chain.readable_bytes, &taken),
                         ERR_OK);
        assert_int_equal(taken, BLK_MAX_SEGMENTS * PIECE / 4096 * 4096);
        assert_int_equal(request.buffer_count, taken / PIECE);
        /* One block in more pieces than a request has. */
        for (uint32_t i = 0; i < chain.readable_count; i++) {
            chain.segments[i].bytes = 32;
        }
        chain.readable_bytes = 2ull * BLK_MAX_SEGMENTS * 32;
        assert_int_equal(virtio_blk_io_prepare(&blk, &others[0], &chain, 0, chain.readable_bytes, &taken),
                         ERR_RANGE);
    }
}

static void test_more_than_the_chain_is_refused(void **state)
{
    (void)state;
    assert_int_equal(start(VMM_BLOCK_COPY, sizeof region), ERR_OK);
    make_chain(3);
    assert_int_equal(prepare(&request, 0, 3 * PIECE + 1), ERR_RANGE);
    assert_int_equal(prepare(&request, 3 * PIECE, 1), ERR_RANGE);
    assert_int_equal(prepare(&request, UINT64_MAX, 1), ERR_RANGE);
    assert_int_equal(blk.free_pages, PAGES);
}

static void test_chain_of_too_many_pieces_is_refused(void **state)
{
    (void)state;
    for (uint32_t datapath = VMM_BLOCK_COPY; datapath <= VMM_BLOCK_SHARED; datapath++) {
        assert_int_equal(start(datapath, sizeof region), ERR_OK);
        make_chain(BLK_MAX_SEGMENTS + 1);
        assert_int_equal(prepare(&request, 0, chain.readable_bytes), ERR_RANGE);
        assert_int_equal(prepare(&request, 0, BLK_MAX_SEGMENTS * PIECE), ERR_OK);
        assert_int_equal(request.segment_count, datapath == VMM_BLOCK_SHARED ? BLK_MAX_SEGMENTS : 1);
        virtio_blk_io_finish(&blk, &request, true);
    }
}

static void test_scattered_pages_are_as_good_as_none(void **state)
{
    const uint64_t bytes = (BLK_MAX_SEGMENTS + 1ull) * PAGE;

    (void)state;
    assert_int_equal(start(VMM_BLOCK_COPY, sizeof region), ERR_OK);
    make_chain(1);
    for (uint32_t i = 0; i < PAGES; i++) {
        assert_int_equal(prepare(&others[i], 0, PIECE), ERR_OK);
    }
    for (uint32_t i = 0; i < PAGES; i += 2) {
        virtio_blk_io_finish(&blk, &others[i], false);
    }
    assert_true((uint64_t)blk.free_pages * PAGE > bytes);
    chain.segments[0] = (struct virtq_segment){.host = ram, .bytes = (uint32_t)bytes};
    /* It waits for the others if there are any, and takes nothing in the meantime. */
    blk.in_flight = PAGES / 2;
    assert_int_equal(prepare(&request, 0, bytes), ERR_SPACE);
    assert_int_equal(blk.free_pages, PAGES / 2);
    blk.in_flight = 0;
    assert_int_equal(prepare(&request, 0, bytes), ERR_RANGE);
    assert_int_equal(blk.free_pages, PAGES / 2);
    virtio_blk_io_finish(&blk, &others[1], false);
    assert_int_equal(prepare(&request, 0, bytes - PAGE), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_region_without_a_page_is_refused),
        cmocka_unit_test(test_more_than_half_the_region_is_taken_in_parts),
        cmocka_unit_test(test_parts_are_whole_blocks),
        cmocka_unit_test(test_more_than_the_chain_is_refused),
        cmocka_unit_test(test_chain_of_too_many_pieces_is_refused),
        cmocka_unit_test(test_scattered_pages_are_as_good_as_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
