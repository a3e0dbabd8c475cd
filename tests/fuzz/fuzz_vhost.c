/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile guest at a vhost port, with the calls of a VMM that passes everything on: any features, queues,
 * chains, headers and filters, pokes into its RAM, stops and starts at any moment. The guest at the other
 * port is honest: it must never be taken for broken, and of its RAM only the buffers that it offered and its
 * used rings may change.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/vhost_protocol.h"
#include "pd/vswitch/finish.h"
#include "pd/vswitch/vhost_control.h"
#include "pd/vswitch/vhost_port.h"
#include "tests/mock/driver.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"

#define RAM_BASE 0x40000000u
#define RAM_BYTES 0x10000u
#define RING_BYTES 0x2000u /* the honest guest's queues lie below, what nobody may touch above */
#define BUFFERS 0x8000u
#define BUFFER_BYTES 2048u
#define BUFFER_COUNT 8u
#define QUEUE_SIZE 16u
#define HOSTILE 0u
#define HONEST 1u
#define PORTS 2u
#define CANARY 0xa5
#define FEATURES                                                                                             \
    (VIRTIO_NET_OFFLOADS | VIRTIO_NET_F_MRG_RXBUF | 1ull << 28 /* INDIRECT_DESC */ |                         \
     1ull << 29 /* EVENT_IDX */)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct guest {
    struct driver_ram ram;
    struct driver_queue queues[VIRTIO_NET_QUEUES];
    struct vhost_port port;
};

static struct {
    struct vswitch_config config;
    struct vswitch vswitch;
    struct mac_table_entry entries[8];
    struct vhost_scratch scratch;
    struct finish finish;
    struct guest guests[PORTS];
} f;

static uint8_t canary[BUFFERS - RING_BYTES];

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

static uint64_t call(struct guest *guest, uint64_t label, uint64_t count, const uint64_t *words)
{
    struct vhost_control control = {.label = label, .count = count};

    for (uint64_t i = 0; i < count && i < VHOST_CONTROL_WORDS; i++) {
        control.words[i] = words[i];
    }
    const uint64_t reply = vhost_control_call(&guest->port, &control);
    vswitch_attach(&f.vswitch, (uint32_t)(guest - f.guests), guest->port.running ? &vhost_port_ops : NULL,
                   &guest->port);
    return reply;
}

static uint64_t start(struct guest *guest, uint64_t features)
{
    (void)call(guest, VHOST_STOP, 0, NULL);
    (void)call(guest, VHOST_SET_FEATURES, 1, &features);
    for (uint32_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
        guest->queues[i].event_idx = (features & 1ull << 29) != 0;
        driver_queue_clear(&guest->queues[i]);
        const struct virtq_layout layout = driver_queue_layout(&guest->queues[i]);
        const uint64_t words[] = {i, layout.size, layout.desc.value, layout.avail.value, layout.used.value};
        (void)call(guest, VHOST_SET_VRING, 5, words);
    }
    return call(guest, VHOST_START, 0, NULL);
}

static void offer_buffer(uint32_t index)
{
    const struct driver_buffer buffer = {RAM_BASE + BUFFERS + index * BUFFER_BYTES, BUFFER_BYTES, true};

    (void)driver_add(&f.guests[HONEST].queues[VIRTIO_NET_RX], &buffer, 1);
}

/* The honest guest takes what it got, looks whether it could, and offers the buffers again. */
static void check_honest(void)
{
    struct guest *guest = &f.guests[HONEST];
    const uint8_t *untouched = guest->ram.mem.host + RING_BYTES;
    uint16_t head;
    uint32_t bytes;

    require(vhost_port_status(&guest->port) == ERR_OK);
    require(memcmp(untouched, canary, sizeof canary) == 0);
    for (uint32_t i = 0; driver_take_used(&guest->queues[VIRTIO_NET_RX], &head, &bytes); i++) {
        require(bytes <= BUFFER_BYTES && i <= BUFFER_COUNT);
        offer_buffer(i % BUFFER_COUNT);
    }
}

/* A frame for the honest guest, or anybody, with any header in front. */
static void send_frame(struct fuzz_input *input)
{
    struct guest *guest = &f.guests[HOSTILE];
    const uint32_t at = 0x4000 + (fuzz_input_u16(input) & 0x3fff);
    const uint8_t shape = fuzz_input_u8(input);
    const struct driver_buffer buffers[] = {
        {RAM_BASE + at, 12, false},
        {RAM_BASE + at + 12, fuzz_input_u16(input) & 0x3fff, false},
        {RAM_BASE + (fuzz_input_u16(input) & 0x7fff), 600, (shape & 1) != 0}};
    uint8_t *frame = guest->ram.mem.host + at;

    for (unsigned int i = 0; i < 12; i++) {
        frame[i] = (shape & 2) != 0 ? fuzz_input_u8(input) : 0;
    }
    frame += 12;
    memcpy(frame, (const uint8_t[14]){2, 0, 0, 0, 0, HONEST, 2, 0, 0, 0, 0, HOSTILE, 0x08, 0x00}, 14);
    frame[5] = (shape & 4) != 0 ? fuzz_input_u8(input) : frame[5];
    for (unsigned int i = 14; i < 60 && (shape & 8) != 0; i++) {
        frame[i] = fuzz_input_u8(input);
    }
    (void)driver_add(&guest->queues[VIRTIO_NET_TX], buffers, 2 + (shape >> 4 & 1u));
}

static void any_chain(struct fuzz_input *input, uint32_t queue)
{
    const unsigned int count = 1 + (fuzz_input_u8(input) & 3u);
    struct driver_buffer buffers[4];

    for (unsigned int i = 0; i < count; i++) {
        buffers[i] = (struct driver_buffer){RAM_BASE + fuzz_input_u32(input) % (RAM_BYTES + 0x1000),
                                            fuzz_input_u16(input), (fuzz_input_u8(input) & 1) != 0};
    }
    (void)driver_add(&f.guests[HOSTILE].queues[queue], buffers, count);
}

static void any_call(struct fuzz_input *input)
{
    uint64_t words[VHOST_CONTROL_WORDS];
    const uint64_t label = VHOST_SET_FEATURES + fuzz_input_u8(input) % 8;
    const uint64_t count = fuzz_input_u8(input);

    for (unsigned int i = 0; i < VHOST_CONTROL_WORDS; i++) {
        const uint8_t kind = fuzz_input_u8(input);
        words[i] = (kind & 1) != 0   ? kind >> 1
                   : (kind & 2) != 0 ? fuzz_input_u64(input)
                                     : RAM_BASE + kind * 64u;
    }
    (void)call(&f.guests[HOSTILE], label, count, words);
}

static void step(struct fuzz_input *input)
{
    struct guest *hostile = &f.guests[HOSTILE];
    const uint8_t op = fuzz_input_u8(input);

    switch (op & 7) {
    case 0:
    case 1:
        send_frame(input);
        break;
    case 2:
        any_chain(input, op >> 3 & 1);
        break;
    case 3:
        hostile->ram.mem.host[fuzz_input_u16(input)] = fuzz_input_u8(input);
        break;
    case 4:
        any_call(input);
        break;
    case 5:
        (void)start(hostile, FEATURES & ~((uint64_t)fuzz_input_u16(input) << (op >> 3)));
        break;
    case 6:
        driver_set_avail_idx(&hostile->queues[op >> 3 & 1], fuzz_input_u16(input));
        break;
    default:
        break;
    }
    vswitch_run(&f.vswitch, 0);
    check_honest();
}

static void setup(void)
{
    memset(&f, 0, sizeof f);
    f.config = (struct vswitch_config){.port_count = PORTS, .mac_table_entries = 8};
    for (uint32_t i = 0; i < PORTS; i++) {
        struct guest *guest = &f.guests[i];

        f.config.ports[i] = (struct vswitch_port_config){.kind = VSWITCH_PORT_VHOST, .allow = UINT32_MAX};
        driver_ram_init(&guest->ram, RAM_BASE, RAM_BYTES);
        for (uint32_t queue = 0; queue < VIRTIO_NET_QUEUES; queue++) {
            driver_queue_init(&guest->queues[queue], &guest->ram, QUEUE_SIZE, true);
        }
        require(vhost_port_init(&guest->port, RAM_BASE, guest->ram.mem.host, RAM_BYTES, &f.scratch) ==
                ERR_OK);
    }
    require(vswitch_init(&f.vswitch, &f.config, f.entries, &f.finish, 1000, ignore, NULL) == ERR_OK);
    memset(canary, CANARY, sizeof canary);
    memcpy(f.guests[HONEST].ram.mem.host + RING_BYTES, canary, sizeof canary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};

    log_record_clear();
    setup();
    /* Without offloads the honest guest gets what the switch has finished. */
    require(start(&f.guests[HONEST], (fuzz_input_u8(&input) & 1) != 0 ? FEATURES : VIRTIO_NET_F_MRG_RXBUF) ==
            VHOST_OK);
    for (uint32_t i = 0; i < BUFFER_COUNT; i++) {
        offer_buffer(i);
    }
    (void)start(&f.guests[HOSTILE], FEATURES);
    while (input.bytes > 0) {
        step(&input);
    }
    for (uint32_t i = 0; i < PORTS; i++) {
        driver_ram_free(&f.guests[i].ram);
    }
    return 0;
}
