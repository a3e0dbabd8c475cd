/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card's driver between a hostile virtio card and a hostile switch: registers read as anything, the
 * queues' memory changes at any moment, frames come and go that never were, the link carries anything.
 * Whatever they do, the card is told of no address outside the memory that is there for it, and is never
 * asked to write to the switch's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pd/net_driver/net_driver.h"
#include "pd/net_driver/nic_virtio.h"
#include "tests/mock/fuzz_input.h"

#define LINK_BYTES 0x9000u
#define OWN_BYTES 0x9000u
#define OWN_PADDR 0x80000000ull
#define RX_PADDR 0x90000000ull
#define TX_PADDR 0xa0000000ull
#define TIMEOUT 100u

/* Registers (virtio 1.2, 4.2.2) that are more than memory. */
#define FEATURES 0x010u
#define FEATURES_SEL 0x014u
#define QUEUE_READY 0x044u
#define INTERRUPT 0x060u
#define INTERRUPT_ACK 0x064u
#define STATUS 0x070u
#define REGISTERS_BYTES 0x140u

struct fixture {
    struct net_driver driver;
    struct nic_virtio nic;
    uint32_t registers[REGISTERS_BYTES / 4];
    uint64_t features;
    uint32_t status;
    bool holds_status;
    struct ring lan;
    uint8_t own[OWN_BYTES] __attribute__((aligned(4096)));
    uint8_t links[2][LINK_BYTES] __attribute__((aligned(64)));
    uint16_t checked[2]; /* entries of the queues that were looked at */
    uint64_t now;
};

static struct fixture fixture;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static uint32_t read_register(void *context, uint32_t offset)
{
    (void)context;
    require(offset < REGISTERS_BYTES && offset % 4 == 0);
    if (offset == FEATURES) {
        return (uint32_t)(fixture.features >> 32 * (fixture.registers[FEATURES_SEL / 4] & 1));
    }
    return offset == STATUS ? fixture.status : fixture.registers[offset / 4];
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
    (void)context;
    require(offset < REGISTERS_BYTES && offset % 4 == 0);
    if (offset == STATUS) {
        fixture.status = fixture.holds_status ? fixture.status : value;
    } else if (offset == INTERRUPT_ACK) {
        fixture.registers[INTERRUPT / 4] &= ~value;
    } else if (offset == QUEUE_READY) { /* queues begin */
        fixture.checked[0] = 0;
        fixture.checked[1] = 0;
    } else {
        fixture.registers[offset / 4] = value;
    }
}

static bool is_in(uint64_t paddr, uint64_t bytes, uint64_t base, uint64_t limit)
{
    return paddr >= base && paddr - base <= limit && bytes <= limit - (paddr - base);
}

static void check_chain(const struct virtq_driver *queue, uint16_t head)
{
    uint16_t at = head;

    for (uint32_t i = 0; i <= queue->size; i++) {
        require(at < queue->size);
        const struct virtq_desc *desc = &queue->desc[at];
        if ((desc->flags & VIRTQ_DESC_F_WRITE) != 0) {
            require(is_in(desc->addr, desc->len, RX_PADDR, LINK_BYTES));
        } else {
            require(is_in(desc->addr, desc->len, TX_PADDR, LINK_BYTES) ||
                    is_in(desc->addr, desc->len, OWN_PADDR, OWN_BYTES));
        }
        if ((desc->flags & VIRTQ_DESC_F_NEXT) == 0) {
            return;
        }
        at = desc->next;
    }
    abort(); /* it goes round */
}

/* What the driver has added since last time, before the card changes it. */
static void check_queues(void)
{
    const struct virtq_driver *queues[2] = {&fixture.nic.rx, &fixture.nic.tx};

    for (uint32_t i = 0; i < 2 && fixture.driver.alive; i++) {
        for (; fixture.checked[i] != queues[i]->next_avail; fixture.checked[i]++) {
            check_chain(queues[i], queues[i]->avail->ring[fixture.checked[i] & (queues[i]->size - 1)]);
        }
    }
}

static void take_frames(void)
{
    struct ring_record record;
    const uint8_t *data;

    (void)ring_sync(&fixture.lan);
    while (ring_peek(&fixture.lan, &record, &data) == ERR_OK) {
        require(record.length_bytes > 0 && record.length_bytes <= VIRTIO_NET_FRAME_MAX);
        ring_release(&fixture.lan);
    }
}

static void run(void)
{
    (void)net_driver_run(&fixture.driver, fixture.now);
    check_queues();
    require(fixture.driver.next_buffer - fixture.driver.first_buffer <= NET_DRIVER_MAX_FRAMES &&
            fixture.driver.next_frame - fixture.driver.first_frame <= NET_DRIVER_MAX_FRAMES);
}

static void send(struct fuzz_input *in)
{
    const uint32_t bytes = 1u + fuzz_input_u16(in) % 3000u;
    const uint64_t meta = fuzz_input_u8(in) < 128 ? 0 : fuzz_input_u64(in);
    uint8_t *data;

    if (ring_reserve(&fixture.lan, bytes, &data) == ERR_OK) {
        ring_commit(&fixture.lan, bytes, meta);
    }
}

/* The card changes the memory that it shares with the driver, or says that it is done with something. */
static void scribble(struct fuzz_input *in)
{
    const uint8_t where = fuzz_input_u8(in);
    const uint32_t value = fuzz_input_u16(in);
    const struct virtq_driver *queue = (where & 1) != 0 ? &fixture.nic.rx : &fixture.nic.tx;

    if (where < 64 || !fixture.driver.alive) {
        const size_t at = (where * 0x101u + value * 4) % (sizeof fixture.own - sizeof value);

        memcpy(fixture.own + at, &value, sizeof value);
    } else if (where < 96) {
        fixture.links[0][RING_HEADER_BYTES + value % (LINK_BYTES - RING_HEADER_BYTES)] = where; /* frames */
    } else {
        struct virtq_used *used = (struct virtq_used *)(uintptr_t)queue->used;
        struct virtq_used_elem *elem = &used->ring[used->idx & (queue->size - 1)];

        elem->id = where < 240 ? value & (queue->size - 1u) : value;
        elem->len = fuzz_input_u16(in) & 0xfffu;
        used->idx = (uint16_t)(used->idx + (where < 250 ? 1 : value));
    }
}

static void step(struct fuzz_input *in)
{
    switch (fuzz_input_u8(in) & 7) {
    case 0:
        fixture.registers[fuzz_input_u8(in) % (REGISTERS_BYTES / 4)] = fuzz_input_u16(in);
        break;
    case 1:
        fixture.status = fuzz_input_u8(in);
        fixture.holds_status = (fixture.status & 0x30) == 0x30;
        fixture.registers[INTERRUPT / 4] |= fuzz_input_u8(in) & 3u;
        break;
    case 2:
        fixture.features ^= 1ull << (fuzz_input_u8(in) & 63u);
        break;
    case 3:
        fixture.now += fuzz_input_u8(in);
        break;
    case 4:
        send(in);
        break;
    case 5:
        if (fuzz_input_u8(in) > 200) {
            require(ring_init(&fixture.lan, fixture.links[1], fixture.links[0], LINK_BYTES) == ERR_OK);
        }
        fixture.links[1][fuzz_input_u16(in) % LINK_BYTES] = fuzz_input_u8(in);
        break;
    default:
        scribble(in);
        break;
    }
    run();
}

/* A card that the driver can do with. */
static void behave(void)
{
    fixture.features = VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4 |
                       VIRTIO_NET_F_GUEST_CSUM;
    fixture.registers[0x000 / 4] = 0x74726976;
    fixture.registers[0x004 / 4] = 2;
    fixture.registers[0x008 / 4] = 1;
    fixture.registers[0x034 / 4] = 32;
}

/* A switch and a card that obey the rules again are served. */
static void check_recovery(void)
{
    memset(fixture.registers, 0, sizeof fixture.registers);
    behave();
    fixture.holds_status = false;
    fixture.status = 0;
    require(ring_init(&fixture.lan, fixture.links[1], fixture.links[0], LINK_BYTES) == ERR_OK);
    fixture.now += 10 * TIMEOUT;
    run();
    fixture.now += 10 * TIMEOUT;
    run();
    require(net_driver_is_alive(&fixture.driver));
    take_frames();
    send(&(struct fuzz_input){(const uint8_t *)"\x40", 1});
    run();
    require(fixture.driver.next_frame - fixture.driver.first_frame == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const struct net_driver_setup setup = {.nic = {.ops = &nic_virtio_ops, .card = &fixture.nic},
                                           .card = {.registers = {read_register, write_register, NULL},
                                                    .own = fixture.own,
                                                    .own_paddr = OWN_PADDR,
                                                    .own_bytes = sizeof fixture.own,
                                                    .frame_bytes = 1522},
                                           .link_own = fixture.links[0],
                                           .link_peer = fixture.links[1],
                                           .link_own_paddr = RX_PADDR,
                                           .link_peer_paddr = TX_PADDR,
                                           .link_bytes = LINK_BYTES,
                                           .timeout = TIMEOUT,
                                           .moderation = 10};

    memset(&fixture, 0, sizeof fixture);
    behave();
    for (uint8_t i = fuzz_input_u8(&in) & 3; i > 0; i--) { /* not that of all registers, at its start */
        fixture.registers[fuzz_input_u8(&in) % (REGISTERS_BYTES / 4)] = fuzz_input_u16(&in);
    }
    require(net_driver_init(&fixture.driver, &setup, 0) == ERR_OK);
    require(ring_init(&fixture.lan, fixture.links[1], fixture.links[0], LINK_BYTES) == ERR_OK);
    run();
    while (in.bytes > 0) {
        step(&in);
    }
    check_recovery();
    return 0;
}
