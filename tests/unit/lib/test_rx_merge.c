/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames into receive buffers that a driver has cut into pieces of every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/rx_merge.h"
#include "tests/mock/driver.h"

#define RAM_BASE 0x40000000u
#define RAM_BYTES 0x100000u
#define QUEUE_SIZE 16u
#define HDR_BYTES ((uint32_t)sizeof(struct virtio_net_hdr))
#define FRAME_MAX 4000u
#define PIECES_MAX 8u

struct fixture {
    struct driver_ram ram;
    struct driver_queue driver;
    struct virtq vq;
    struct virtq_chain chain;
    struct rx_merge merge;
    const uint8_t *next; /* of the frame */
    uint8_t frame[FRAME_MAX];
};

static struct fixture fixture;

static void copy(void *context, uint8_t *to, uint32_t bytes)
{
    struct fixture *f = context;

    memcpy(to, f->next, bytes);
    f->next += bytes;
}

static int setup(void **state)
{
    struct fixture *f = &fixture;

    memset(f, 0, sizeof *f);
    driver_ram_init(&f->ram, RAM_BASE, RAM_BYTES);
    driver_queue_init(&f->driver, &f->ram, QUEUE_SIZE, false);
    const struct virtq_layout layout = driver_queue_layout(&f->driver);
    assert_int_equal(
        virtq_enable(&f->vq, &f->ram.mem, &layout, QUEUE_SIZE, (struct virtq_features){.indirect = true}),
        ERR_OK);
    f->merge =
        (struct rx_merge){.vq = &f->vq, .chain = &f->chain, .copy = copy, .context = f, .mergeable = true};
    for (uint32_t i = 0; i < FRAME_MAX; i++) {
        f->frame[i] = (uint8_t)(i * 7 + i / 256);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    driver_ram_free(&f->ram);
    return 0;
}

/* A buffer in pieces of these lengths, until a negative one. Returns its first piece's place. */
static uint64_t offer(struct fixture *f, const int *pieces)
{
    struct driver_buffer buffers[PIECES_MAX];
    uint64_t first = 0;
    unsigned int count = 0;

    for (; count < PIECES_MAX && pieces[count] >= 0; count++) {
        const uint32_t bytes = (uint32_t)pieces[count];
        /* A gap, so that pieces do not lie in a row. */
        buffers[count] = (struct driver_buffer){driver_alloc(&f->ram, bytes + 64u, 1), bytes, true};
        first = count == 0 ? buffers[0].address : first;
    }
    assert_true(driver_add_indirect(&f->driver, buffers, count) >= 0);
    return first;
}

static enum err put(struct fixture *f, uint32_t frame_bytes)
{
    static const struct virtio_net_hdr hdr = {.flags = 1, .gso_type = 4, .hdr_len = 0x1234, .num_buffers = 1};

    f->next = f->frame;
    (void)virtq_look(&f->vq);
    return rx_merge_put(&f->merge, &hdr, frame_bytes);
}

/* What lies in a buffer: its pieces in a row. */
static void gather(const struct fixture *f, uint64_t at, const int *pieces, uint8_t *to, uint32_t bytes)
{
    for (unsigned int i = 0; bytes > 0 && pieces[i] >= 0; i++) {
        const uint32_t piece = (uint32_t)pieces[i];
        const uint32_t count = piece < bytes ? piece : bytes;

        memcpy(to, driver_at(&f->ram, at, count), count);
        to += count;
        bytes -= count;
        at += piece + 64u;
    }
}

static const int splits[][PIECES_MAX] = {
    {2000, -1},        {12, 2000, -1},          {1, 2000, -1},
    {11, 2000, -1},    {13, 2000, -1},          {0, 12, 0, 2000, -1},
    {10, 1, 1900, -1}, {11, 1, 1000, 1000, -1}, {5, 5, 5, 5, 5, 1990, -1},
};

/* One buffer: header and frame lie in it in a row, wherever it is cut. */
static void test_one_buffer_cut_anywhere(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
        uint8_t seen[HDR_BYTES + 900];
        struct virtio_net_hdr hdr;
        uint16_t head;
        uint32_t bytes;

        const uint64_t at = offer(f, splits[i]);
        assert_int_equal(put(f, 900), ERR_OK);
        virtq_publish(&f->vq);
        assert_true(driver_take_used(&f->driver, &head, &bytes));
        assert_int_equal(bytes, sizeof seen);
        gather(f, at, splits[i], seen, sizeof seen);
        memcpy(&hdr, seen, sizeof hdr);
        assert_int_equal(hdr.num_buffers, 1);
        assert_int_equal(hdr.hdr_len, 0x1234);
        assert_memory_equal(seen + HDR_BYTES, f->frame, 900);
    }
}

/* Several: the count is right, also where it lies across two pieces. */
static void test_several_buffers_cut_anywhere(void **state)
{
    static const int second[] = {7, 1500, -1}, third[] = {2000, -1};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof splits / sizeof splits[0]; i++) {
        uint8_t seen[FRAME_MAX];
        struct virtio_net_hdr hdr;
        uint32_t bytes[3];
        uint16_t head;

        const uint64_t at = offer(f, splits[i]), at2 = offer(f, second), at3 = offer(f, third);
        assert_int_equal(put(f, FRAME_MAX), ERR_OK);
        virtq_publish(&f->vq);
        for (unsigned int k = 0; k < 3; k++) {
            assert_true(driver_take_used(&f->driver, &head, &bytes[k]));
        }
        assert_int_equal(bytes[0] + bytes[1] + bytes[2], HDR_BYTES + FRAME_MAX);
        assert_int_equal(bytes[1], 1507);
        gather(f, at, splits[i], seen, bytes[0]);
        memcpy(&hdr, seen, sizeof hdr);
        assert_int_equal(hdr.num_buffers, 3);
        assert_memory_equal(seen + HDR_BYTES, f->frame, bytes[0] - HDR_BYTES);
        gather(f, at2, second, seen, bytes[1]);
        assert_memory_equal(seen, f->frame + bytes[0] - HDR_BYTES, bytes[1]);
        gather(f, at3, third, seen, bytes[2]);
        assert_memory_equal(seen, f->frame + FRAME_MAX - bytes[2], bytes[2]);
    }
}

/* Nothing is taken by a frame that cannot go: neither now, nor ever. */
static void test_queue_is_as_before_after_errors(void **state)
{
    static const int small[] = {100, -1}, tiny[] = {11, -1};
    struct fixture *f = *state;

    assert_int_equal(put(f, 60), ERR_EMPTY);
    (void)offer(f, small);
    assert_int_equal(put(f, 900), ERR_EMPTY);
    assert_int_equal(virtq_left(&f->vq), 1);
    f->merge.mergeable = false;
    assert_int_equal(put(f, 89), ERR_SPACE);
    assert_int_equal(virtq_left(&f->vq), 1);
    f->merge.mergeable = true;
    for (unsigned int i = 1; i < QUEUE_SIZE / 2; i++) {
        (void)offer(f, small);
    }
    assert_int_equal(put(f, FRAME_MAX), ERR_SPACE); /* more than half of the queue */
    assert_int_equal(virtq_left(&f->vq), QUEUE_SIZE / 2);
    assert_int_equal(f->vq.next_used, 0);
    f->merge.mergeable = false;
    assert_int_equal(put(f, 88), ERR_OK);
    (void)offer(f, tiny);
    f->merge.mergeable = true;
    assert_int_equal(put(f, 800), ERR_FORMAT); /* no room for a header: no buffer at all */
}

/* A chain of more pieces than the queue has entries, one after the other. */
static void test_too_many_pieces_are_no_buffer(void **state)
{
    static const int many[] = {12, 1, 1, 1, 1, 1, 1, -1};
    struct fixture *f = *state;

    for (unsigned int i = 0; i < 4; i++) {
        (void)offer(f, many);
    }
    assert_int_equal(put(f, 60), ERR_SPACE);
    assert_true(f->merge.pieces > QUEUE_SIZE);
    assert_int_equal(virtq_left(&f->vq), 4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_one_buffer_cut_anywhere),
        CASE(test_several_buffers_cut_anywhere),
        CASE(test_queue_is_as_before_after_errors),
        CASE(test_too_many_pieces_are_no_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
