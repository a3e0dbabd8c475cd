/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch with a hostile guest on a vhost port, whose VMM is hostile as well: any calls with any words,
 * any bytes in the guest's RAM. Beside it two honest guests on vhost ports and one on a ring port. Whatever
 * the hostile one does, the honest ones' frames arrive, and no byte of their RAM changes but in the buffers
 * they offered.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/vhost_protocol.h"
#include "lib/ring/ring.h"
#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vhost_control.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/driver.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"
#include "tests/mock/vswitch_run.h"

#define BASE 0x40000000ull
#define RAM_BYTES 0x10000ull
#define LINK_BYTES 0x4000u
#define QUEUE 8u
#define FRAME_BYTES 60u
#define BUFFER_BYTES 2048u
#define HEADER_BYTES 12u
/* Of an honest guest's RAM: its queues are below, buffers above. */
#define BUFFERS (BASE + 0x4000)
#define GUARD (BASE + 0xc000)

enum port { HOSTILE, HONEST_A, HONEST_B, RING, PORTS };
#define HONEST_COUNT 2u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct guest {
    struct driver_ram ram;
    struct driver_queue queues[VIRTIO_NET_QUEUES];
    struct vhost_port port;
    uint32_t received;
};

struct fixture {
    struct vswitch_config config;
    struct vswitch vswitch;
    struct mac_table_entry entries[8];
    struct guest guests[3];
    struct ring_port ring_port;
    struct ring peer;
    uint8_t *regions[2];
    uint64_t now;
    uint32_t sent;
};

static struct fixture fixture;
static struct vhost_scratch scratch;
static struct soft_offload offload_memory;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void ignore(void *context, uint32_t port)
{
    (void)context;
    (void)port;
}

/* What protected() of the switch's main.c does. */
static uint64_t call(struct fixture *f, enum port index, struct vhost_control *control)
{
    struct vhost_port *port = &f->guests[index].port;
    const uint64_t reply = vhost_control_call(port, control);

    vswitch_attach(&f->vswitch, index, port->running ? &vhost_port_ops : NULL, port);
    return reply;
}

static void honest_call(struct fixture *f, enum port index, uint64_t label, uint64_t count,
                        const uint64_t *words)
{
    struct vhost_control control = {.label = label, .count = count};

    memcpy(control.words, words, count * sizeof words[0]);
    require(call(f, index, &control) == VHOST_OK);
}

static void offer_buffer(struct guest *guest, unsigned int i)
{
    const struct driver_buffer buffer = {BUFFERS + BUFFER_BYTES * i, BUFFER_BYTES, true};

    require(driver_add(&guest->queues[VIRTIO_NET_RX], &buffer, 1) >= 0);
}

static void start_honest(struct fixture *f, enum port index)
{
    struct guest *guest = &f->guests[index];
    const uint64_t features[] = {1ull << 32};

    honest_call(f, index, VHOST_SET_FEATURES, 1, features);
    for (uint64_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
        driver_queue_init(&guest->queues[i], &guest->ram, QUEUE, false);
        const struct virtq_layout layout = driver_queue_layout(&guest->queues[i]);
        const uint64_t words[] = {i, layout.size, layout.desc.value, layout.avail.value, layout.used.value};
        honest_call(f, index, VHOST_SET_VRING, 5, words);
    }
    for (unsigned int i = 0; i < QUEUE; i++) {
        offer_buffer(guest, i);
    }
    honest_call(f, index, VHOST_START, 0, features);
}

static void setup_guest(struct fixture *f, enum port index)
{
    struct guest *guest = &f->guests[index];

    memset(guest, 0, sizeof *guest);
    driver_ram_init(&guest->ram, BASE, RAM_BYTES);
    require(vhost_port_init(&guest->port, BASE, guest->ram.mem.host, RAM_BYTES, &scratch) == ERR_OK);
}

static void setup(struct fixture *f)
{
    f->config = (struct vswitch_config){.port_count = PORTS, .mac_table_entries = 8};
    for (uint32_t i = 0; i < PORTS; i++) {
        f->config.ports[i] =
            (struct vswitch_port_config){.kind = i == RING ? VSWITCH_PORT_RING : VSWITCH_PORT_VHOST,
                                         .allow = 0xfu & ~(1u << i),
                                         .flags = VSWITCH_PORT_STATIC_MAC | VSWITCH_PORT_CHECK_MAC,
                                         .mac = {2, 0, 0, 0, 0, (uint8_t)i}};
    }
    require(vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, 1000000, ignore, NULL) ==
            ERR_OK);
    f->now = 0;
    f->sent = 0;
    for (uint32_t side = 0; side < 2; side++) {
        f->regions[side] = aligned_alloc(64, LINK_BYTES);
        require(f->regions[side] != NULL);
        memset(f->regions[side], 0, LINK_BYTES);
    }
    require(ring_port_init(&f->ring_port, f->regions[0], f->regions[1], LINK_BYTES) == ERR_OK);
    require(ring_init(&f->peer, f->regions[1], f->regions[0], LINK_BYTES) == ERR_OK);
    vswitch_attach(&f->vswitch, RING, &ring_port_ops, &f->ring_port);
    for (uint32_t i = 0; i < RING; i++) {
        setup_guest(f, i);
    }
    start_honest(f, HONEST_A);
    start_honest(f, HONEST_B);
}

static void teardown(struct fixture *f)
{
    for (uint32_t i = 0; i < RING; i++) {
        driver_ram_free(&f->guests[i].ram);
    }
    free(f->regions[0]);
    free(f->regions[1]);
}

static void send_honest(struct fixture *f, enum port from, enum port to)
{
    struct guest *guest = &f->guests[from];
    const uint64_t at = BUFFERS + BUFFER_BYTES * QUEUE;
    uint8_t *frame = driver_at(&guest->ram, at, HEADER_BYTES + FRAME_BYTES);
    const struct driver_buffer buffer = {at, HEADER_BYTES + FRAME_BYTES, false};
    uint16_t head;
    uint32_t bytes;

    while (driver_take_used(&guest->queues[VIRTIO_NET_TX], &head, &bytes)) {
    }
    memset(frame, 0, HEADER_BYTES + FRAME_BYTES);
    memcpy(frame + HEADER_BYTES,
           (const uint8_t[12]){2, 0, 0, 0, 0, (uint8_t)to, 2, 0, 0, 0, 0, (uint8_t)from}, 12);
    require(driver_add(&guest->queues[VIRTIO_NET_TX], &buffer, 1) >= 0);
    f->sent++;
}

/* Frames for an honest guest; the buffers go back. */
static void receive_honest(struct fixture *f, enum port to)
{
    struct guest *guest = &f->guests[to];
    uint16_t head;
    uint32_t bytes;

    while (driver_take_used(&guest->queues[VIRTIO_NET_RX], &head, &bytes)) {
        require(head < QUEUE && bytes <= BUFFER_BYTES && bytes >= HEADER_BYTES);
        const uint8_t *frame = driver_at(&guest->ram, BUFFERS + BUFFER_BYTES * head, bytes);
        guest->received +=
            bytes == HEADER_BYTES + FRAME_BYTES &&
            memcmp(frame + HEADER_BYTES, (const uint8_t[6]){2, 0, 0, 0, 0, (uint8_t)to}, 6) == 0 &&
            frame[HEADER_BYTES + 11] == (to == HONEST_A ? HONEST_B : HONEST_A);
        offer_buffer(guest, head);
    }
}

static void drain_ring(struct fixture *f)
{
    struct ring_record record;
    const uint8_t *data;

    while (ring_peek(&f->peer, &record, &data) == ERR_OK) {
        ring_release(&f->peer);
    }
}

/* The honest two send each other a frame, and get it. */
static void exchange(struct fixture *f)
{
    send_honest(f, HONEST_A, HONEST_B);
    send_honest(f, HONEST_B, HONEST_A);
    for (uint32_t turn = 0; turn < 64; turn++) {
        f->now += 1000;
        vswitch_run_all(&f->vswitch, f->now);
        receive_honest(f, HONEST_A);
        receive_honest(f, HONEST_B);
        drain_ring(f);
        if (f->guests[HONEST_A].received + f->guests[HONEST_B].received >= f->sent) {
            return;
        }
    }
    abort();
}

static void hostile_call(struct fixture *f, struct fuzz_input *input)
{
    static const uint64_t counts[] = {1, 5, 0, 0};
    const uint8_t shape = fuzz_input_u8(input);
    struct vhost_control control = {.label = VHOST_SET_FEATURES + (shape & 7)};

    control.count = (shape & 8) != 0 ? fuzz_input_u8(input) : counts[(shape & 7) % 4];
    for (uint32_t i = 0; i < VHOST_CONTROL_WORDS && i < control.count; i++) {
        control.words[i] = (shape & 0x10) != 0 ? fuzz_input_u64(input) : fuzz_input_u16(input);
    }
    if (control.label == VHOST_SET_VRING && (shape & 0x20) == 0) { /* likely to be good */
        control.words[0] &= 1;
        control.words[1] = 1ull << (control.words[1] & 7);
        for (uint32_t i = 2; i < 5; i++) {
            control.words[i] = BASE + (control.words[i] & 0x3ff0);
        }
    }
    (void)call(f, HOSTILE, &control);
}

static void hostile_memory(struct fixture *f, struct fuzz_input *input, bool chain)
{
    uint8_t *ram = f->guests[HOSTILE].ram.mem.host;
    const uint32_t at = fuzz_input_u16(input) & 0x3fff;

    if (chain) {
        const struct virtq_desc desc = {BASE + fuzz_input_u16(input), fuzz_input_u16(input),
                                        fuzz_input_u8(input) & 7, fuzz_input_u8(input) & 3};
        memcpy(ram + (at & 0x3ff0), &desc, sizeof desc);
    } else {
        const uint16_t value = fuzz_input_u16(input);
        memcpy(ram + at, &value, sizeof value);
    }
}

static void step(struct fixture *f, struct fuzz_input *input)
{
    const uint8_t op = fuzz_input_u8(input);

    switch (op & 7) {
    case 0:
        hostile_call(f, input);
        break;
    case 1:
    case 2:
    case 3:
        hostile_memory(f, input, (op & 8) != 0);
        break;
    case 4: /* a frame to somebody, wherever the queues are */
        memcpy(f->guests[HOSTILE].ram.mem.host + 0x4000 + HEADER_BYTES,
               (const uint8_t[12]){2, 0, 0, 0, 0, op >> 3 & 3, 2, 0, 0, 0, 0, HOSTILE}, 12);
        break;
    case 5: {
        uint8_t *data;
        if (ring_reserve(&f->peer, FRAME_BYTES, &data) == ERR_OK) { /* for the hostile one to receive */
            memset(data, 0, FRAME_BYTES);
            memcpy(data, (const uint8_t[12]){2, 0, 0, 0, 0, HOSTILE, 2, 0, 0, 0, 0, RING}, 12);
            ring_commit(&f->peer, FRAME_BYTES, 0);
        }
        break;
    }
    default:
        f->now += 1000u * op;
        (void)vhost_port_take_fault(&f->guests[HOSTILE].port);
        (void)vhost_port_take_tx_irq(&f->guests[HOSTILE].port);
        break;
    }
}

static void check_guard(const struct guest *guest)
{
    const uint8_t *guard = driver_at(&guest->ram, GUARD, BASE + RAM_BYTES - GUARD);

    for (uint32_t i = 0; i < BASE + RAM_BYTES - GUARD; i++) {
        require(guard[i] == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct fixture *f = &fixture;

    log_record_clear();
    setup(f);
    while (input.bytes > 0) {
        step(f, &input);
        exchange(f);
    }
    check_guard(&f->guests[HONEST_A]);
    check_guard(&f->guests[HONEST_B]);
    teardown(f);
    return 0;
}
