/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card's driver between a hostile GEM and a hostile switch: registers read as anything, descriptors change
 * at any moment, the link carries anything. Whatever they do, the card is told of no address outside the memory that
 * is there for it, and is never asked to write to the switch's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pd/net_driver/net_driver.h"
#include "pd/net_driver/nic_gem.h"
#include "tests/mock/fuzz_input.h"

#define LINK_BYTES 0x9000u
#define OWN_BYTES 0x9000u
#define OWN_PADDR 0x20000000ull
#define RX_PADDR 0x30000000ull
#define TX_PADDR 0x40000000ull
#define TIMEOUT 100u
#define REGISTERS_BYTES 0x800u

struct fixture {
    struct net_driver driver;
    struct nic_gem nic;
    uint32_t registers[REGISTERS_BYTES / 4];
    struct ring lan;
    uint8_t own[OWN_BYTES] __attribute__((aligned(4096)));
    uint8_t links[2][LINK_BYTES] __attribute__((aligned(64)));
    uint32_t rx_checked, tx_checked; /* descriptors that were looked at */
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
    return fixture.registers[offset / 4];
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
    (void)context;
    require(offset < REGISTERS_BYTES && offset % 4 == 0);
    if (offset == GEM_INTERRUPTS) {
        fixture.registers[offset / 4] &= ~value;
    } else if (offset != GEM_REVISION && offset != GEM_DESIGN_6 && offset != GEM_STATUS) {
        fixture.registers[offset / 4] = value;
    }
    if (offset == GEM_RX_QUEUE) { /* rings begin */
        require(value >= OWN_PADDR && value < OWN_PADDR + OWN_BYTES);
        fixture.rx_checked = 0;
        fixture.tx_checked = 0;
    }
}

static bool is_in(uint64_t paddr, uint64_t bytes, uint64_t base, uint64_t limit)
{
    return paddr >= base && paddr - base <= limit && bytes <= limit - (paddr - base);
}

/* What the driver has added since last time, before the card changes it. */
static void check_rings(void)
{
    const struct nic_gem *nic = &fixture.nic;

    for (; fixture.driver.alive && fixture.rx_checked != nic->rx_added; fixture.rx_checked++) {
        const uint32_t word = nic->rx[fixture.rx_checked % NIC_GEM_FRAMES].word[0];

        require(is_in(word & ~3u, nic->buffer_bytes, RX_PADDR, LINK_BYTES));
    }
    for (; fixture.driver.alive && fixture.tx_checked != nic->tx_added; fixture.tx_checked++) {
        const volatile struct gem_descriptor *tx = &nic->tx[fixture.tx_checked % NIC_GEM_PIECES];
        const uint32_t bytes = tx->word[1] & GEM_TX_LENGTH;

        require(bytes != 0);
        require(is_in(tx->word[0], bytes, TX_PADDR, LINK_BYTES) ||
                is_in(tx->word[0], bytes, OWN_PADDR, OWN_BYTES));
    }
}

static void run(void)
{
    (void)net_driver_run(&fixture.driver, fixture.now);
    check_rings();
    (void)ring_sync(&fixture.lan);
}

static void send(struct fuzz_input *in)
{
    static const uint8_t start_of_ip[] = {0x08, 0x00, 0x45};
    const uint32_t bytes = 1 + (fuzz_input_u16(in) & 0x7ff);
    uint64_t meta = fuzz_input_u8(in);
    uint8_t *data;

    meta = (meta & 3) | (uint64_t)fuzz_input_u16(in) << 22 | (uint64_t)fuzz_input_u8(in) << 36 |
           (meta >> 4 == 0xf ? (uint64_t)fuzz_input_u16(in) << 2 : 0);
    if (ring_reserve(&fixture.lan, bytes, &data) == ERR_OK) {
        for (uint32_t i = 0; i < bytes; i++) {
            data[i] = (uint8_t)(i < 40 ? fuzz_input_u8(in) : 0);
        }
        if (bytes > 40 && (data[0] & 1) != 0) {
            memcpy(data + 12, start_of_ip, sizeof start_of_ip);
        }
        ring_commit(&fixture.lan, bytes, meta);
    }
}

/* The card does something with its memory. */
static void scribble(struct fuzz_input *in)
{
    const uint8_t what = fuzz_input_u8(in);
    const uint32_t value = fuzz_input_u16(in);
    struct nic_gem *nic = &fixture.nic;

    if (nic->rx == NULL || !fixture.driver.alive) {
        return;
    }
    switch (what & 3) {
    case 0: /* a frame has come */
        nic->rx[nic->rx_taken % NIC_GEM_FRAMES].word[1] = value | GEM_RX_FIRST | (uint32_t)(what & 0x80) << 8;
        nic->rx[nic->rx_taken % NIC_GEM_FRAMES].word[0] |= GEM_RX_USED;
        break;
    case 1: /* one has been sent */
        nic->tx[nic->tx_taken % NIC_GEM_PIECES].word[1] |=
            GEM_TX_USED | (what >= 0xf0 ? (uint32_t)(what & 4) << 25 : 0);
        break;
    default:
        memcpy(fixture.own + (what * 0x101u + value) % (OWN_BYTES - 2), &value, 2);
        break;
    }
}

static void take(struct fuzz_input *in)
{
    struct ring_record record;
    const uint8_t *data;

    for (uint8_t i = fuzz_input_u8(in) & 0x1f; i > 0 && ring_peek(&fixture.lan, &record, &data) == ERR_OK;
         i--) {
        require(record.length_bytes <= fixture.nic.buffer_bytes || !fixture.driver.alive);
        ring_release(&fixture.lan);
    }
}

static void step(struct fuzz_input *in)
{
    switch (fuzz_input_u8(in) & 7) {
    case 0:
        fixture.registers[fuzz_input_u16(in) % (REGISTERS_BYTES / 4)] = fuzz_input_u16(in);
        break;
    case 1:
        fixture.registers[GEM_INTERRUPTS / 4] |= fuzz_input_u16(in);
        break;
    case 2:
        fixture.now += fuzz_input_u8(in);
        break;
    case 3:
    case 4:
        send(in);
        break;
    case 5:
        take(in);
        break;
    default:
        scribble(in);
        break;
    }
    run();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};

    memset(&fixture, 0, sizeof fixture);
    fixture.registers[GEM_REVISION / 4] = 0x40070106;
    fixture.registers[GEM_STATUS / 4] = GEM_STATUS_PHY_IDLE;
    fixture.registers[GEM_DESIGN_6 / 4] = 2;
    for (uint8_t i = fuzz_input_u8(&in) & 3; i > 0; i--) {
        fixture.registers[fuzz_input_u16(&in) % (REGISTERS_BYTES / 4)] = fuzz_input_u16(&in);
    }
    const struct net_driver_setup setup = {
        .nic = {.ops = &nic_gem_ops, .card = &fixture.nic},
        .card = {.registers = {read_register, write_register, NULL},
                 .own = fixture.own,
                 .own_paddr = OWN_PADDR,
                 .own_bytes = OWN_BYTES,
                 .frame_bytes = 1522},
        .link_own = fixture.links[0],
        .link_peer = fixture.links[1],
        .link_own_paddr = RX_PADDR,
        .link_peer_paddr = TX_PADDR,
        .link_bytes = LINK_BYTES,
        .timeout = TIMEOUT,
        .moderation = 10,
    };
    require(net_driver_init(&fixture.driver, &setup, 0) == ERR_OK);
    require(ring_init(&fixture.lan, fixture.links[1], fixture.links[0], LINK_BYTES) == ERR_OK);
    run();
    while (in.bytes > 0) {
        step(&in);
    }
    return 0;
}
