/* SPDX-License-Identifier: BSD-2-Clause */
/* Two guests' queues served by the switch; the test plays both drivers, and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config/vhost_protocol.h"
#include "lib/net/frame_meta.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vhost_control.h"
#include "pd/vswitch/vhost_port.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/driver.h"
#include "tests/mock/vswitch_run.h"

#define GUESTS 2u
#define RAM_BASE 0x40000000u
#define RAM_BYTES 0x200000u
#define QUEUE_SIZE 64u
#define HZ 1000000u
#define EVENT_IDX (1ull << 29)
#define HDR_BYTES ((uint32_t)sizeof(struct virtio_net_hdr))
#define BUFFER_BYTES 2048u

struct guest {
    struct driver_ram ram;
    struct driver_queue queues[VIRTIO_NET_QUEUES];
    struct vhost_port port;
    unsigned int interrupts;
    uint64_t buffers[QUEUE_SIZE]; /* by head */
};

static struct soft_offload offload_memory;

struct fixture {
    struct vswitch_config config;
    struct vswitch vswitch;
    struct mac_table_entry entries[64];
    struct vhost_scratch scratch;
    struct guest guests[GUESTS];
};

static struct fixture fixture;

static void interrupt(void *context, uint32_t port)
{
    struct fixture *f = context;
    f->guests[port].interrupts++;
}

static void run(struct fixture *f)
{
    vswitch_run_all(&f->vswitch, 0);
}

static uint64_t call(struct guest *guest, uint64_t label, uint64_t count, const uint64_t *words)
{
    struct vhost_control control = {.label = label, .count = count};
    for (uint64_t i = 0; i < count && i < VHOST_CONTROL_WORDS; i++) {
        control.words[i] = words[i];
    }
    return vhost_control_call(&guest->port, &control);
}

static uint64_t set_vring(struct guest *guest, uint64_t index)
{
    struct virtq_layout layout = driver_queue_layout(&guest->queues[index]);
    const uint64_t words[] = {index, layout.size, layout.desc.value, layout.avail.value, layout.used.value};
    return call(guest, VHOST_SET_VRING, 5, words);
}

/* What a VMM does when its driver sets DRIVER_OK. */
static void start_guest(struct fixture *f, uint32_t index, uint64_t features)
{
    struct guest *guest = &f->guests[index];
    for (uint32_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
        driver_queue_init(&guest->queues[i], &guest->ram, QUEUE_SIZE, (features & EVENT_IDX) != 0);
    }
    assert_int_equal(call(guest, VHOST_SET_FEATURES, 1, &features), VHOST_OK);
    assert_int_equal(set_vring(guest, VIRTIO_NET_RX), VHOST_OK);
    assert_int_equal(set_vring(guest, VIRTIO_NET_TX), VHOST_OK);
    assert_int_equal(call(guest, VHOST_START, 0, NULL), VHOST_OK);
    vswitch_attach(&f->vswitch, index, &vhost_port_ops, &guest->port);
    run(f);
}

static void stop_guest(struct fixture *f, uint32_t index)
{
    assert_int_equal(call(&f->guests[index], VHOST_STOP, 0, NULL), VHOST_OK);
    vswitch_attach(&f->vswitch, index, NULL, NULL);
}

static int setup(void **state)
{
    struct fixture *f = &fixture;
    memset(f, 0, sizeof *f);
    f->config.port_count = GUESTS;
    f->config.mac_table_entries = 64;
    for (uint32_t i = 0; i < GUESTS; i++) {
        struct guest *guest = &f->guests[i];
        f->config.ports[i] = (struct vswitch_port_config){.kind = VSWITCH_PORT_VHOST, .allow = UINT32_MAX};
        f->config.ports[i].mac[0] = 2;
        f->config.ports[i].mac[5] = (uint8_t)i;
        driver_ram_init(&guest->ram, RAM_BASE, RAM_BYTES);
        assert_int_equal(vhost_port_init(&guest->port, RAM_BASE, guest->ram.mem.host, RAM_BYTES, &f->scratch),
                         ERR_OK);
    }
    assert_int_equal(vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, HZ, interrupt, f),
                     ERR_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < GUESTS; i++) {
        driver_ram_free(&f->guests[i].ram);
    }
    return 0;
}

/* Offer `count` receive buffers of `bytes` each. */
static void offer(struct guest *guest, unsigned int count, uint32_t bytes)
{
    for (unsigned int i = 0; i < count; i++) {
        const struct driver_buffer buffer = {driver_alloc(&guest->ram, bytes, 8), bytes, true};
        const int head = driver_add(&guest->queues[VIRTIO_NET_RX], &buffer, 1);
        assert_true(head >= 0);
        guest->buffers[head] = buffer.address;
    }
}

/* A frame from guest `from` to guest `to` with a pattern that starts at `seed`. */
static void build_frame(uint8_t *frame, uint32_t bytes, uint8_t from, uint8_t to, uint8_t seed)
{
    for (uint32_t i = 0; i < bytes; i++) {
        frame[i] = (uint8_t)(seed + i);
    }
    memcpy(frame, (const uint8_t[6]){2, 0, 0, 0, 0, to}, 6);
    memcpy(frame + 6, (const uint8_t[6]){2, 0, 0, 0, 0, from}, 6);
}

/* Send `bytes` of frame behind `hdr`, in pieces of at most `piece` bytes. */
static void transmit(struct guest *guest, const struct virtio_net_hdr *hdr, const uint8_t *frame,
                     uint32_t bytes, uint32_t piece)
{
    const uint32_t total = HDR_BYTES + bytes;
    const uint64_t at = driver_alloc(&guest->ram, total, 8);
    uint8_t *memory = driver_at(&guest->ram, at, total);
    struct driver_buffer buffers[QUEUE_SIZE];
    unsigned int count = 0;

    memcpy(memory, hdr, HDR_BYTES);
    memcpy(memory + HDR_BYTES, frame, bytes);
    for (uint32_t done = 0; done < total; done += piece) {
        const uint32_t left = total - done;
        buffers[count++] = (struct driver_buffer){at + done, left < piece ? left : piece, false};
    }
    assert_true(driver_add(&guest->queues[VIRTIO_NET_TX], buffers, count) >= 0);
}

/* Take a received frame of one buffer: its header, and its bytes compared with what was sent. */
static struct virtio_net_hdr receive(struct guest *guest, const uint8_t *frame, uint32_t bytes)
{
    struct virtio_net_hdr hdr;
    uint16_t head;
    uint32_t written;
    assert_true(driver_take_used(&guest->queues[VIRTIO_NET_RX], &head, &written));
    assert_int_equal(written, HDR_BYTES + bytes);
    const uint8_t *memory = driver_at(&guest->ram, guest->buffers[head], written);
    memcpy(&hdr, memory, sizeof hdr);
    assert_memory_equal(memory + sizeof hdr, frame, bytes);
    return hdr;
}

static const struct virtio_net_hdr plain;

static void test_frame_goes_across_once_in_pieces_of_any_size(void **state)
{
    static const uint32_t pieces[] = {1600, 13, 12, 11, 100};
    struct fixture *f = *state;
    uint8_t frame[200];

    start_guest(f, 0, 0);
    start_guest(f, 1, 0);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        offer(&f->guests[1], 1, BUFFER_BYTES);
        build_frame(frame, sizeof frame, 0, 1, (uint8_t)i);
        transmit(&f->guests[0], &plain, frame, sizeof frame, pieces[i]);
        run(f);
        struct virtio_net_hdr hdr = receive(&f->guests[1], frame, sizeof frame);
        assert_int_equal(hdr.num_buffers, 1);
        assert_int_equal(hdr.flags, 0);
        assert_int_equal(f->guests[1].interrupts, i + 1);
        assert_int_equal(driver_used_idx(&f->guests[0].queues[VIRTIO_NET_TX]), i + 1);
    }
}

static void test_large_frame_merges_buffers(void **state)
{
    struct fixture *f = *state;
    static uint8_t frame[5000];
    uint16_t head;
    uint32_t written, done = 0;
    unsigned int count = 0;

    start_guest(f, 0, 0);
    start_guest(f, 1, VIRTIO_NET_F_MRG_RXBUF);
    offer(&f->guests[1], 8, 1500);
    build_frame(frame, sizeof frame, 0, 1, 7);
    transmit(&f->guests[0], &plain, frame, sizeof frame, sizeof frame + HDR_BYTES);
    run(f);
    while (driver_take_used(&f->guests[1].queues[VIRTIO_NET_RX], &head, &written)) {
        const uint32_t skip = count == 0 ? HDR_BYTES : 0;
        const uint8_t *memory = driver_at(&f->guests[1].ram, f->guests[1].buffers[head], written);
        if (count == 0) {
            assert_int_equal(((const struct virtio_net_hdr *)(const void *)memory)->num_buffers, 4);
        }
        assert_memory_equal(memory + skip, frame + done, written - skip);
        done += written - skip;
        count++;
    }
    assert_int_equal(count, 4);
    assert_int_equal(done, sizeof frame);
}

static void test_frame_waits_for_buffers_and_is_not_lost(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[100];

    start_guest(f, 0, EVENT_IDX);
    start_guest(f, 1, EVENT_IDX | VIRTIO_NET_F_MRG_RXBUF);
    build_frame(frame, sizeof frame, 0, 1, 1);
    transmit(&f->guests[0], &plain, frame, sizeof frame, 200);
    run(f);
    run(f);
    assert_int_equal(driver_used_idx(&f->guests[0].queues[VIRTIO_NET_TX]), 0);
    offer(&f->guests[1], 1, BUFFER_BYTES);
    assert_true(driver_wants_kick(&f->guests[1].queues[VIRTIO_NET_RX]));
    run(f);
    (void)receive(&f->guests[1], frame, sizeof frame);
    assert_int_equal(driver_used_idx(&f->guests[0].queues[VIRTIO_NET_TX]), 1);
}

static void test_some_buffers_are_not_enough(void **state)
{
    struct fixture *f = *state;
    struct driver_queue *rx = &f->guests[1].queues[VIRTIO_NET_RX];
    static uint8_t frame[3 * BUFFER_BYTES];

    start_guest(f, 0, EVENT_IDX);
    start_guest(f, 1, EVENT_IDX | VIRTIO_NET_F_MRG_RXBUF);
    build_frame(frame, sizeof frame, 0, 1, 1);
    offer(&f->guests[1], 2, BUFFER_BYTES);
    (void)driver_wants_kick(rx);
    transmit(&f->guests[0], &plain, frame, sizeof frame, sizeof frame + HDR_BYTES);
    run(f);
    assert_int_equal(driver_used_idx(rx), 0);
    offer(&f->guests[1], 2, BUFFER_BYTES);
    assert_true(driver_wants_kick(rx)); /* for the one behind those that did not suffice */
    run(f);
    assert_int_equal(driver_used_idx(rx), 4);
}

static void test_frame_larger_than_half_a_queue_does_not_wait(void **state)
{
    struct fixture *f = *state;
    static uint8_t frame[QUEUE_SIZE * 64 / 2];

    start_guest(f, 0, 0);
    start_guest(f, 1, VIRTIO_NET_F_MRG_RXBUF);
    build_frame(frame, sizeof frame, 0, 1, 1);
    offer(&f->guests[1], QUEUE_SIZE / 2, 64);
    transmit(&f->guests[0], &plain, frame, sizeof frame, sizeof frame + HDR_BYTES);
    transmit(&f->guests[0], &plain, frame, 50, 100);
    run(f);
    assert_int_equal(vswitch_port_counters(&f->vswitch, 1).dropped[VSWITCH_DROP_TOO_LONG], 1);
    assert_int_equal(driver_used_idx(&f->guests[1].queues[VIRTIO_NET_RX]), 1);
}

static void test_lone_transmit_interrupt_is_late_and_many_are_not(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60];

    start_guest(f, 0, 0);
    start_guest(f, 1, 0);
    offer(&f->guests[1], QUEUE_SIZE, 128);
    build_frame(frame, sizeof frame, 0, 1, 1);
    transmit(&f->guests[0], &plain, frame, sizeof frame, 200);
    run(f);
    assert_int_equal(f->guests[0].interrupts, 0);
    assert_true(vhost_port_take_tx_irq(&f->guests[0].port));
    assert_false(vhost_port_take_tx_irq(&f->guests[0].port));
    for (unsigned int i = 0; i < VHOST_PORT_TX_BATCH; i++) {
        transmit(&f->guests[0], &plain, frame, sizeof frame, 200);
    }
    run(f);
    assert_int_equal(f->guests[0].interrupts, 1);
    assert_false(vhost_port_take_tx_irq(&f->guests[0].port));
}

/* A driver with another interrupt for its transmit queue gets that one only for it. */
static void test_separate_transmit_interrupts(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[60];

    start_guest(f, 0, 0);
    start_guest(f, 1, 0);
    vhost_port_set_separate_tx_irq(&f->guests[0].port, true);
    offer(&f->guests[1], QUEUE_SIZE, 128);
    build_frame(frame, sizeof frame, 0, 1, 1);
    for (unsigned int i = 0; i < 2 * VHOST_PORT_TX_BATCH; i++) {
        transmit(&f->guests[0], &plain, frame, sizeof frame, 200);
    }
    run(f);
    assert_int_equal(f->guests[0].interrupts, 0);
    assert_true(vhost_port_take_tx_irq(&f->guests[0].port));
    vhost_port_stop(&f->guests[0].port);
    assert_false(f->guests[0].port.separate_tx_irq);
}

static void test_offload_header_passes_only_if_negotiated(void **state)
{
    struct fixture *f = *state;
    const struct virtio_net_hdr hdr = {.flags = FRAME_META_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16};
    uint8_t frame[100];

    start_guest(f, 0, VIRTIO_NET_F_CSUM);
    start_guest(f, 1, VIRTIO_NET_F_GUEST_CSUM);
    offer(&f->guests[1], 4, BUFFER_BYTES);
    build_frame(frame, sizeof frame, 0, 1, 1);
    transmit(&f->guests[0], &hdr, frame, sizeof frame, 200);
    run(f);
    struct virtio_net_hdr seen = receive(&f->guests[1], frame, sizeof frame);
    assert_int_equal(seen.flags, FRAME_META_NEEDS_CSUM);
    assert_int_equal(seen.csum_start, 34);
    assert_int_equal(seen.csum_offset, 16);
    stop_guest(f, 0);
    start_guest(f, 0, 0); /* the driver did not negotiate CSUM: the frame is dropped */
    transmit(&f->guests[0], &hdr, frame, sizeof frame, 200);
    run(f);
    assert_int_equal(vswitch_port_counters(&f->vswitch, 0).dropped[VSWITCH_DROP_META], 1);
    assert_int_equal(f->guests[0].port.fault, ERR_OK);
}

static void test_hostile_headers_are_dropped(void **state)
{
    static const struct virtio_net_hdr bad[] = {
        {.flags = 1, .csum_start = 0xffff, .csum_offset = 0},
        {.flags = 1, .csum_start = 99, .csum_offset = 0},
        {.flags = 1, .gso_type = 1, .gso_size = 0, .csum_start = 34, .csum_offset = 16},
        {.flags = 0, .gso_type = 1, .gso_size = 500},
        {.flags = 1, .gso_type = 0x7f, .gso_size = 500, .csum_start = 34, .csum_offset = 16},
    };
    struct fixture *f = *state;
    uint8_t frame[100];

    start_guest(f, 0, VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6);
    start_guest(f, 1, VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4);
    offer(&f->guests[1], 8, BUFFER_BYTES);
    build_frame(frame, sizeof frame, 0, 1, 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        transmit(&f->guests[0], &bad[i], frame, sizeof frame, 200);
        run(f);
        assert_int_equal(vswitch_port_counters(&f->vswitch, 0).dropped[VSWITCH_DROP_META], i + 1);
    }
    assert_int_equal(driver_used_idx(&f->guests[1].queues[VIRTIO_NET_RX]), 0);
    assert_int_equal(vhost_port_status(&f->guests[0].port), ERR_OK);
}

static void test_broken_queue_stops_its_port_only(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[100];

    start_guest(f, 0, 0);
    start_guest(f, 1, 0);
    offer(&f->guests[0], 4, BUFFER_BYTES);
    driver_put_desc(&f->guests[0].queues[VIRTIO_NET_TX], 0,
                    (struct virtq_desc){RAM_BASE + RAM_BYTES - 8, 100, 0, 0});
    driver_put_avail(&f->guests[0].queues[VIRTIO_NET_TX], 0);
    run(f);
    assert_true(vhost_port_take_fault(&f->guests[0].port));
    assert_false(vhost_port_take_fault(&f->guests[0].port));
    assert_int_equal(vhost_port_status(&f->guests[0].port), ERR_RANGE);
    /* The neighbour goes on, and the broken one is as new after a restart. */
    build_frame(frame, sizeof frame, 1, 0, 3);
    transmit(&f->guests[1], &plain, frame, sizeof frame, 200);
    run(f);
    assert_int_equal(driver_used_idx(&f->guests[1].queues[VIRTIO_NET_TX]), 1);
    stop_guest(f, 0);
    assert_int_equal(vhost_port_status(&f->guests[0].port), ERR_OK);
    start_guest(f, 0, 0);
    offer(&f->guests[0], 4, BUFFER_BYTES);
    transmit(&f->guests[1], &plain, frame, sizeof frame, 200);
    run(f);
    (void)receive(&f->guests[0], frame, sizeof frame);
}

static void test_stopped_port_touches_nothing(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[100];

    start_guest(f, 0, 0);
    start_guest(f, 1, 0);
    offer(&f->guests[1], 4, BUFFER_BYTES);
    build_frame(frame, sizeof frame, 0, 1, 1);
    stop_guest(f, 1);
    uint8_t *before = test_malloc(RAM_BYTES);
    memcpy(before, f->guests[1].ram.mem.host, RAM_BYTES);
    transmit(&f->guests[0], &plain, frame, sizeof frame, 200);
    run(f);
    assert_memory_equal(before, f->guests[1].ram.mem.host, RAM_BYTES);
    test_free(before);
    assert_int_equal(driver_used_idx(&f->guests[0].queues[VIRTIO_NET_TX]), 1);
}

static void test_bad_calls_are_refused(void **state)
{
    struct fixture *f = *state;
    struct guest *guest = &f->guests[0];
    const uint64_t words[] = {7, 16, RAM_BASE, RAM_BASE, RAM_BASE};
    const uint64_t outside[] = {0, 16, 0, RAM_BASE, RAM_BASE};
    const uint64_t huge[] = {0, 1ull << 40, RAM_BASE, RAM_BASE, RAM_BASE};

    assert_int_equal(call(guest, 0x999, 0, NULL), VHOST_INVALID);
    assert_int_equal(call(guest, VHOST_SET_VRING, 4, words), VHOST_INVALID);
    assert_int_equal(call(guest, VHOST_SET_VRING, 5, words), VHOST_INVALID);
    assert_int_equal(call(guest, VHOST_START, 1, words), VHOST_INVALID);
    assert_int_equal(call(guest, VHOST_SET_VRING, 5, outside), VHOST_OK);
    assert_int_equal(call(guest, VHOST_START, 0, NULL), VHOST_INVALID);
    assert_int_equal(call(guest, VHOST_SET_VRING, 5, huge), VHOST_OK);
    assert_int_equal(call(guest, VHOST_START, 0, NULL), VHOST_INVALID);
    start_guest(f, 0, 0);
    assert_int_equal(call(guest, VHOST_START, 0, NULL), VHOST_STATE);
    assert_int_equal(call(guest, VHOST_SET_FEATURES, 1, words), VHOST_STATE);
    assert_int_equal(set_vring(guest, 0), VHOST_STATE);
}

static void test_receive_buffer_too_small_drops_the_frame(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[500];

    start_guest(f, 0, 0);
    start_guest(f, 1, 0);
    offer(&f->guests[1], 2, 100);
    build_frame(frame, sizeof frame, 0, 1, 1);
    transmit(&f->guests[0], &plain, frame, sizeof frame, 600);
    run(f);
    assert_int_equal(vswitch_port_counters(&f->vswitch, 1).dropped[VSWITCH_DROP_TOO_LONG], 1);
    build_frame(frame, 80, 0, 1, 1);
    transmit(&f->guests[0], &plain, frame, 80, 600);
    run(f);
    (void)receive(&f->guests[1], frame, 80);
}

struct idle_times {
    bool was_idle;
    unsigned int armed;
};

static bool take_idle(void *context)
{
    struct idle_times *times = context;
    const bool was_idle = times->was_idle;
    times->was_idle = false;
    return was_idle;
}

static void arm_idle(void *context)
{
    struct idle_times *times = context;
    times->armed++;
}

static void test_window_makes_the_sender_wait_for_an_idle_vcpu(void **state)
{
    struct fixture *f = *state;
    struct idle_times times = {0};
    const struct rx_credit_source source = {&times, take_idle, arm_idle};
    uint8_t frame[60];

    vhost_port_set_window(&f->guests[1].port, 4, &source);
    start_guest(f, 0, 0);
    start_guest(f, 1, 0);
    offer(&f->guests[1], QUEUE_SIZE, 128);
    build_frame(frame, sizeof frame, 0, 1, 1);
    for (unsigned int i = 0; i < 10; i++) {
        transmit(&f->guests[0], &plain, frame, sizeof frame, 200);
    }
    run(f);
    assert_int_equal(driver_used_idx(&f->guests[1].queues[VIRTIO_NET_RX]), 4);
    assert_int_equal(driver_used_idx(&f->guests[0].queues[VIRTIO_NET_TX]), 4);
    assert_true(times.armed > 0);
    times.was_idle = true;
    run(f);
    assert_int_equal(driver_used_idx(&f->guests[1].queues[VIRTIO_NET_RX]), 8);
    times.was_idle = true;
    run(f);
    assert_int_equal(driver_used_idx(&f->guests[1].queues[VIRTIO_NET_RX]), 10);
    assert_int_equal(vswitch_port_counters(&f->vswitch, 1).dropped[VSWITCH_DROP_FULL], 0);
}

/* What VHOST_SET_RX_FILTER of guest 1 lets in: its own address, one more, and VLAN 5. */
static void filter_guest(struct fixture *f)
{
    uint64_t vlans[RX_FILTER_VLAN_WORDS] = {1ull << 5};
    const uint64_t own = 2ull | 1ull << 40, other = 2ull | 77ull << 40, group = 0x3333ull;
    const uint64_t words[] = {RX_FILTER_VLANS, own, 1, 1, other, group};

    assert_int_equal(call(&f->guests[1], VHOST_SET_RX_FILTER, 6, words), VHOST_OK);
    assert_int_equal(call(&f->guests[1], VHOST_SET_VLANS, RX_FILTER_VLAN_WORDS, vlans), VHOST_OK);
}

static bool gets(struct fixture *f, const uint8_t mac[6], uint8_t vlan)
{
    uint8_t frame[64];
    uint16_t head;
    uint32_t written;

    build_frame(frame, sizeof frame, 0, 1, 0);
    memcpy(frame, mac, 6);
    memcpy(frame + 12, (const uint8_t[4]){vlan != 0 ? 0x81 : 0x08, 0, 0, vlan}, 4);
    offer(&f->guests[1], 1, BUFFER_BYTES);
    transmit(&f->guests[0], &plain, frame, sizeof frame, 200);
    run(f);
    return driver_take_used(&f->guests[1].queues[VIRTIO_NET_RX], &head, &written);
}

static void test_driver_gets_what_its_filter_lets_in(void **state)
{
    static const uint8_t own[6] = {2, 0, 0, 0, 0, 1}, other[6] = {2, 0, 0, 0, 0, 77}, nobody[6] = {2, 9};
    static const uint8_t group[6] = {0x33, 0x33}, broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct fixture *f = *state;

    start_guest(f, 0, 0);
    start_guest(f, 1, 0);
    assert_true(gets(f, nobody, 9)); /* everything until it says otherwise */
    filter_guest(f);
    assert_true(gets(f, own, 0));
    assert_true(gets(f, other, 0));
    assert_true(gets(f, group, 0));
    assert_true(gets(f, broadcast, 5));
    assert_false(gets(f, nobody, 0));
    assert_false(gets(f, own, 6));
    assert_int_equal(f->vswitch.stats->values[VSWITCH_STAT_COPIES], 5);
    assert_int_equal(f->vswitch.stats->values[VSWITCH_STAT_COPIED_BYTES], 5 * 64);
    assert_int_equal(f->vswitch.stats->values[VSWITCH_STAT_FRAMES], 7);
    stop_guest(f, 1);
    start_guest(f, 1, 0);
    assert_true(gets(f, nobody, 6));
}

static void test_filters_that_lie_are_refused(void **state)
{
    static const uint64_t lies[][3] = {{2, 1, 3}, {2, 1, 6}, {2, 1, 8}, {48, 1, 53}, {UINT64_MAX, 3, 6}};
    struct fixture *f = *state;

    start_guest(f, 1, 0);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        const uint64_t words[VHOST_CONTROL_WORDS] = {0, 0, lies[i][0], lies[i][1]};
        assert_int_equal(call(&f->guests[1], VHOST_SET_RX_FILTER, lies[i][2], words), VHOST_INVALID);
        assert_int_equal(call(&f->guests[1], VHOST_SET_VLANS, 63, words), VHOST_INVALID);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_frame_goes_across_once_in_pieces_of_any_size),
        CASE(test_large_frame_merges_buffers),
        CASE(test_frame_waits_for_buffers_and_is_not_lost),
        CASE(test_some_buffers_are_not_enough),
        CASE(test_frame_larger_than_half_a_queue_does_not_wait),
        CASE(test_lone_transmit_interrupt_is_late_and_many_are_not),
        CASE(test_separate_transmit_interrupts),
        CASE(test_offload_header_passes_only_if_negotiated),
        CASE(test_hostile_headers_are_dropped),
        CASE(test_broken_queue_stops_its_port_only),
        CASE(test_stopped_port_touches_nothing),
        CASE(test_bad_calls_are_refused),
        CASE(test_receive_buffer_too_small_drops_the_frame),
        CASE(test_window_makes_the_sender_wait_for_an_idle_vcpu),
        CASE(test_driver_gets_what_its_filter_lets_in),
        CASE(test_filters_that_lie_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
