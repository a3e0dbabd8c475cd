/* SPDX-License-Identifier: BSD-2-Clause */
/* Single queues that the switch lets go of and takes up again (VHOST_RESET_VRING), buffers cut anywhere, offloads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config/vhost_protocol.h"
#include "lib/net/offload.h"
#include "pd/vswitch/vhost_control.h"
#include "pd/vswitch/vhost_port.h"
#include "tests/mock/driver.h"

#define RAM_BASE 0x40000000u
#define RAM_BYTES 0x100000u
#define QUEUE_SIZE 16u
#define FRAME_BYTES 60u
#define CHAIN_BYTES (FRAME_BYTES + (uint32_t)sizeof(struct virtio_net_hdr))

struct fixture {
    struct driver_ram ram;
    struct driver_queue queues[VIRTIO_NET_QUEUES];
    struct vhost_port port;
    struct vhost_scratch scratch;
};

static struct fixture fixture;

static uint64_t call(struct fixture *f, uint64_t label, uint64_t count, const uint64_t *words)
{
    struct vhost_control control = {.label = label, .count = count};
    memcpy(control.words, words, count * sizeof *words);
    return vhost_control_call(&f->port, &control);
}

static uint64_t reset_vring(struct fixture *f, uint64_t index)
{
    return call(f, VHOST_RESET_VRING, 1, &index);
}

static uint64_t set_vring(struct fixture *f, uint64_t index)
{
    struct virtq_layout layout = driver_queue_layout(&f->queues[index]);
    const uint64_t words[] = {index, layout.size, layout.desc.value, layout.avail.value, layout.used.value};
    return call(f, VHOST_SET_VRING, 5, words);
}

static void add(struct fixture *f, uint32_t index)
{
    const struct driver_buffer buffer = {driver_alloc(&f->ram, CHAIN_BYTES, 8), CHAIN_BYTES,
                                         index == VIRTIO_NET_RX};
    memset(driver_at(&f->ram, buffer.address, CHAIN_BYTES), 0, CHAIN_BYTES);
    assert_true(driver_add(&f->queues[index], &buffer, 1) >= 0);
}

static uint64_t work;

static enum err peek(struct fixture *f)
{
    struct vswitch_frame frame = {.work = &work};
    vhost_port_ops.look(&f->port);
    return vhost_port_ops.peek(&f->port, &frame);
}

static enum err send(struct fixture *f)
{
    static const uint8_t bytes[FRAME_BYTES];
    static const struct vswitch_segment segment = {bytes, FRAME_BYTES};
    const struct vswitch_frame frame = {
        .segments = &segment, .segment_count = 1, .length_bytes = FRAME_BYTES, .work = &work};
    (void)vhost_port_ops.sync(&f->port); /* as at each wake-up */
    return vhost_port_ops.send(&f->port, &frame);
}

static int setup(void **state)
{
    struct fixture *f = &fixture;
    const uint64_t features = VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4;

    memset(f, 0, sizeof *f);
    driver_ram_init(&f->ram, RAM_BASE, RAM_BYTES);
    assert_int_equal(vhost_port_init(&f->port, RAM_BASE, f->ram.mem.host, RAM_BYTES, &f->scratch), ERR_OK);
    assert_int_equal(reset_vring(f, VIRTIO_NET_TX), VHOST_STATE);
    assert_int_equal(call(f, VHOST_SET_FEATURES, 1, &features), VHOST_OK);
    for (uint32_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
        driver_queue_init(&f->queues[i], &f->ram, QUEUE_SIZE, false);
        assert_int_equal(set_vring(f, i), VHOST_OK);
    }
    assert_int_equal(call(f, VHOST_START, 0, &features), VHOST_OK);
    assert_true(vhost_port_ops.sync(&f->port));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    driver_ram_free(&f->ram);
    return 0;
}

static void test_transmit_queue_with_a_frame_in_hand(void **state)
{
    struct fixture *f = *state;

    add(f, VIRTIO_NET_TX);
    assert_int_equal(peek(f), ERR_OK); /* its destination is full, say */
    assert_false(vhost_port_ops.sync(&f->port));
    assert_int_equal(reset_vring(f, VIRTIO_NET_TX), VHOST_OK);
    assert_true(vhost_port_ops.sync(&f->port)); /* so that the switch forgets the frame, too */
    assert_int_equal(peek(f), ERR_EMPTY);
    driver_queue_init(&f->queues[VIRTIO_NET_TX], &f->ram, QUEUE_SIZE / 2, false);
    add(f, VIRTIO_NET_TX);
    assert_int_equal(set_vring(f, VIRTIO_NET_TX), VHOST_OK);
    assert_int_equal(peek(f), ERR_OK);
    vhost_port_ops.release(&f->port);
    (void)vhost_port_ops.should_notify(&f->port);
    assert_int_equal(driver_used_idx(&f->queues[VIRTIO_NET_TX]), 1);
}

static void test_receive_queue_alone(void **state)
{
    struct fixture *f = *state;

    add(f, VIRTIO_NET_RX);
    add(f, VIRTIO_NET_TX);
    assert_int_equal(reset_vring(f, VIRTIO_NET_RX), VHOST_OK);
    assert_int_equal(send(f), ERR_RANGE); /* as with no driver there */
    assert_int_equal(peek(f), ERR_OK);
    driver_queue_init(&f->queues[VIRTIO_NET_RX], &f->ram, QUEUE_SIZE, false);
    add(f, VIRTIO_NET_RX);
    assert_int_equal(set_vring(f, VIRTIO_NET_RX), VHOST_OK);
    assert_int_equal(send(f), ERR_OK);
}

static void test_calls_that_are_wrong(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(set_vring(f, VIRTIO_NET_RX), VHOST_STATE); /* in use */
    assert_int_equal(reset_vring(f, VIRTIO_NET_QUEUES), VHOST_INVALID);
    assert_int_equal(reset_vring(f, UINT64_MAX), VHOST_INVALID);
    assert_int_equal(call(f, VHOST_RESET_VRING, 0, &(uint64_t){0}), VHOST_INVALID);
    assert_int_equal(reset_vring(f, VIRTIO_NET_RX), VHOST_OK);
    assert_int_equal(reset_vring(f, VIRTIO_NET_RX), VHOST_OK); /* twice is once */
    f->queues[VIRTIO_NET_RX].desc = RAM_BASE + RAM_BYTES;
    assert_int_equal(set_vring(f, VIRTIO_NET_RX), VHOST_INVALID);
    assert_int_equal(send(f), ERR_RANGE);
}

/* A legal driver may cut its buffers in the middle of the header, with frames over several of them, too. */
static void test_header_split_over_descriptors_is_no_fault(void **state)
{
    struct fixture *f = *state;
    struct driver_queue *queue = &f->queues[VIRTIO_NET_RX];
    uint64_t first = 0;

    for (unsigned int i = 0; i < 4; i++) {
        const uint64_t at = driver_alloc(&f->ram, 200, 8);
        const struct driver_buffer pieces[] = {{at, 11, true}, {at + 100, 30, true}};
        memset(driver_at(&f->ram, at, 200), 0xaa, 200);
        assert_true(driver_add(queue, pieces, 2) >= 0);
        first = i == 0 ? at : first;
    }
    assert_int_equal(send(f), ERR_OK);
    assert_int_equal(vhost_port_status(&f->port), ERR_OK);
    (void)vhost_port_ops.should_notify(&f->port);
    assert_int_equal(driver_take_all_used(queue), 2);
    const uint8_t *seen = driver_at(&f->ram, first, 200);
    assert_int_equal(seen[10], 2); /* num_buffers */
    assert_int_equal(seen[11], 0xaa);
    assert_int_equal(seen[100], 0);
    assert_int_equal(seen[129], 0);
    assert_int_equal(seen[130], 0xaa);
}

/* A driver that takes no offloads for a while (XDP) says so without a restart. */
static void test_offloads_are_switched_off_and_on(void **state)
{
    struct fixture *f = *state;
    const uint64_t off = 0, csum = VIRTIO_NET_F_GUEST_CSUM, all = UINT64_MAX;

    assert_int_equal(vhost_port_ops.capabilities(&f->port), OFFLOAD_CSUM | OFFLOAD_TSO4);
    assert_int_equal(call(f, VHOST_SET_OFFLOADS, 1, &off), VHOST_OK);
    assert_int_equal(vhost_port_ops.capabilities(&f->port), 0);
    assert_int_equal(call(f, VHOST_SET_OFFLOADS, 1, &csum), VHOST_OK);
    assert_int_equal(vhost_port_ops.capabilities(&f->port), OFFLOAD_CSUM);
    assert_int_equal(call(f, VHOST_SET_OFFLOADS, 1, &all), VHOST_OK); /* no more than was negotiated */
    assert_int_equal(vhost_port_ops.capabilities(&f->port), OFFLOAD_CSUM | OFFLOAD_TSO4);
    assert_int_equal(call(f, VHOST_SET_OFFLOADS, 0, &all), VHOST_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_transmit_queue_with_a_frame_in_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(test_header_split_over_descriptors_is_no_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(test_offloads_are_switched_off_and_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_queue_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calls_that_are_wrong, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
