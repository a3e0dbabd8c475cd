/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The disk driver with a hostile SD host controller: registers read as anything, interrupts come whenever, and so
 * does time. Whatever it does, the table that it is given names no address outside the memory that is there for
 * it, and each request of the server is answered once, in bounded time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/blk/blk_check.h"
#include "pd/blk_driver/blk_driver.h"
#include "pd/blk_driver/blk_sdhci.h"
#include "pd/blk_driver/sdhci_registers.h"
#include "tests/mock/fuzz_input.h"

#define LINK_BYTES 0x9000u
#define OWN_PADDR 0x80000000ull
#define REGION_PADDR 0x90000000ull
#define REGION_BYTES 0x10000u
#define HZ 1000u
#define TIMEOUT 100u
#define TAGS 64u

struct fixture {
    struct blk_driver driver;
    struct blk_sdhci card;
    uint32_t registers[0x100 / 4];
    bool is_tame; /* commands end */
    struct ring server;
    uint8_t own[BLK_DRIVER_OWN_BYTES] __attribute__((aligned(4096)));
    uint8_t links[2][LINK_BYTES] __attribute__((aligned(64)));
    uint64_t now;
    bool waits[TAGS]; /* for an answer, by tag */
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
    require(offset < 0x100 && offset % 4 == 0);
    return fixture.registers[offset / 4];
}

/* The table of a transfer: within the region, and as long as its blocks. */
static void check_table(void)
{
    const uint64_t bytes = (uint64_t)(fixture.registers[SDHCI_BLOCK / 4] >> 16) * 512;
    const struct blk_sdhci_adma *entry = (const struct blk_sdhci_adma *)(const void *)fixture.own;
    uint64_t sum = 0;

    require(fixture.registers[SDHCI_ADMA / 4] == OWN_PADDR);
    for (uint32_t i = 0; i < sizeof fixture.own / sizeof *entry; i++) {
        require(entry[i].paddr >= REGION_PADDR &&
                blk_check_range(entry[i].paddr - REGION_PADDR, entry[i].bytes, REGION_BYTES));
        sum += entry[i].bytes;
        if ((entry[i].attributes & SDHCI_ADMA_END) != 0) {
            require(sum == bytes);
            return;
        }
    }
    abort(); /* it has no end */
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
    uint32_t *at = &fixture.registers[offset / 4];

    (void)context;
    require(offset < 0x100 && offset % 4 == 0);
    if (offset == SDHCI_STATUS) {
        *at &= ~value;
        return;
    }
    if (offset == SDHCI_CAPABILITIES || offset == SDHCI_PRESENT) {
        return;
    }
    *at = value;
    if (offset == SDHCI_CLOCK && fixture.is_tame) {
        *at = (value & 0x00ffffff) | SDHCI_CLOCK_STABLE;
    }
    if (offset == SDHCI_COMMAND) {
        if ((value & SDHCI_COMMAND_DATA) != 0) {
            check_table();
        }
        if (fixture.is_tame) {
            fixture.registers[SDHCI_STATUS / 4] |= SDHCI_STATUS_COMMAND | SDHCI_STATUS_TRANSFER;
        }
    }
}

static void take_answers(void)
{
    struct ring_record record;
    struct blk_reply reply;
    const uint8_t *data;

    (void)ring_sync(&fixture.server);
    while (ring_peek(&fixture.server, &record, &data) == ERR_OK) {
        if (record.meta != BLK_TAG_INFO) {
            require(record.length_bytes == sizeof reply && record.meta < TAGS && fixture.waits[record.meta]);
            memcpy(&reply, data, sizeof reply);
            require(reply.status <= BLK_OUT_OF_RANGE);
            fixture.waits[record.meta] = false;
        } else {
            struct blk_info info;
            require(blk_check_info(&info, data, record.length_bytes) == ERR_OK);
        }
        ring_release(&fixture.server);
    }
}

static void run(void)
{
    (void)blk_driver_run(&fixture.driver, fixture.now);
    take_answers();
}

static void send(struct fuzz_input *in)
{
    struct blk_request request = {.op = fuzz_input_u8(in) % 6, .sector = fuzz_input_u8(in) * 8u};
    const uint8_t shape = fuzz_input_u8(in);
    uint8_t *data;
    uint32_t tag = 0;

    while (tag < TAGS && fixture.waits[tag]) {
        tag++;
    }
    request.segment_count = request.op <= BLK_WRITE ? shape & 7u : 0;
    for (uint32_t i = 0; i < request.segment_count; i++) {
        request.segments[i] = (struct blk_segment){
            .offset = fuzz_input_u16(in), .bytes = 512u << (shape >> 3 & 3), .region = shape >> 7};
        request.sector_count += request.segments[i].bytes / 512;
    }
    request.sector_count += request.segment_count == 0 && request.op != BLK_FLUSH ? shape : 0;
    const uint32_t bytes = blk_check_request_bytes(request.segment_count);
    if (tag < TAGS && ring_reserve(&fixture.server, bytes, &data) == ERR_OK) {
        memcpy(data, &request, bytes);
        ring_commit(&fixture.server, bytes, tag);
        fixture.waits[tag] = true;
    }
}

static void step(struct fuzz_input *in)
{
    const uint8_t what = fuzz_input_u8(in);
    const uint8_t where = fuzz_input_u8(in) & 0x3f;

    switch (what & 7) {
    case 0:
        fixture.registers[where] = (uint32_t)fuzz_input_u16(in) << 16 | fuzz_input_u16(in);
        break;
    case 1:
        fixture.registers[SDHCI_STATUS / 4] |= (uint32_t)fuzz_input_u16(in) << (what & 0x10);
        break;
    case 2:
        fixture.is_tame = !fixture.is_tame;
        break;
    case 3:
    case 4:
        fixture.now += where;
        break;
    default:
        send(in);
        break;
    }
    run();
}

/* A controller that the driver can do with, and a card of 2 MiB that answers all alike. */
static void behave(void)
{
    fixture.is_tame = true;
    fixture.registers[SDHCI_CAPABILITIES / 4] = 100u << 8 | SDHCI_CAPABILITY_ADMA2 | 1u << 20;
    fixture.registers[SDHCI_PRESENT / 4] = SDHCI_PRESENT_CARD | 8u;
    fixture.registers[SDHCI_RESPONSE / 4] = 0xc00009aau;
    fixture.registers[SDHCI_RESPONSE / 4 + 1] = 0x00000300u; /* as a CSD: blocks of 1024 and more */
    fixture.registers[SDHCI_RESPONSE / 4 + 3] = 0x00400000u;
}

/* Time passes until all is answered: by a device that does nothing, or by the driver in its place. */
static void check_answers(void)
{
    for (uint32_t i = 0; i < 400; i++) {
        fixture.now += 10 * TIMEOUT;
        run();
    }
    for (uint32_t i = 0; i < TAGS; i++) {
        require(!fixture.waits[i] || blk_driver_deadline(&fixture.driver) == BLK_DRIVER_NEVER);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const struct blk_region region = {REGION_PADDR, REGION_BYTES};
    const uint8_t options = fuzz_input_u8(&in);

    memset(&fixture, 0, sizeof fixture);
    behave();
    for (uint8_t i = options & 3; i > 0; i--) {
        fixture.registers[fuzz_input_u8(&in) & 0x3f] = (uint32_t)fuzz_input_u16(&in) << (options & 0x10);
    }
    fixture.card.kind = (options & 0x20) != 0 ? &blk_sdhci_usdhc : &blk_sdhci_standard;
    const struct blk_driver_setup setup = {
        .device = {&blk_sdhci_ops, &fixture.card},
        .device_setup = {.registers = {read_register, write_register, NULL},
                         .own = fixture.own,
                         .own_paddr = OWN_PADDR,
                         .own_bytes = sizeof fixture.own,
                         .hz = HZ},
        .regions = &region,
        .region_count = 1,
        .timeout = TIMEOUT};
    require(blk_driver_init(&fixture.driver, &setup, fixture.links[0], fixture.links[1], LINK_BYTES, 0) ==
            ERR_OK);
    require(ring_init(&fixture.server, fixture.links[1], fixture.links[0], LINK_BYTES) == ERR_OK);
    run();
    for (uint32_t i = 0; i < 4 && (options & 0x40) == 0; i++) { /* most begin with a card that is ready */
        fixture.now += 20;
        run();
    }
    while (in.bytes > 0) {
        step(&in);
    }
    check_answers();
    return 0;
}
