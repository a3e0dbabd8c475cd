/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block server whose peers are hostile except for one client: the other client writes anything into its
 * link, the driver says anything of its disk and answers what was not asked, and the partition table is
 * anybody's. No request of the honest client is served outside of its range, and no hostile one inside of it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/blk_peers.h"
#include "tests/mock/fuzz_input.h"

#define HONEST 0u
#define HOSTILE 1u
#define BY_TABLE 2u
#define HONEST_SECTORS 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void scribble(void *region, struct fuzz_input *input)
{
    const uint16_t at = fuzz_input_u16(input);
    const uint32_t value = fuzz_input_u16(input);

    memcpy((uint8_t *)region + ((at & 0x8000) != 0 ? at & 0x3ffcu : at & 0x7cu), &value, sizeof value);
}

static void hostile_request(struct blk_peers *peers, uint32_t client, struct fuzz_input *input)
{
    struct blk_request request = {.op = fuzz_input_u8(input) % 6, .flags = fuzz_input_u8(input) & 7u};
    const uint8_t shape = fuzz_input_u8(input);

    request.sector = (shape & 1) != 0 ? 0ull - fuzz_input_u16(input) : fuzz_input_u16(input);
    request.segment_count = shape >> 1 & 3;
    for (uint32_t i = 0; i < request.segment_count; i++) {
        request.segments[i] = (struct blk_segment){.offset = fuzz_input_u16(input),
                                                   .bytes = 512u * (fuzz_input_u8(input) & 15u),
                                                   .region = shape == 255};
        request.sector_count += request.segments[i].bytes / 512;
    }
    request.sector_count += request.segment_count == 0 ? fuzz_input_u8(input) : 0;
    (void)blk_peers_send(peers, client, &request, shape);
}

static void tell(struct blk_peers *peers, struct fuzz_input *input)
{
    struct blk_info info = blk_peers_good_info();
    const uint8_t at = fuzz_input_u8(input);
    const uint16_t value = fuzz_input_u16(input);

    if (at < sizeof info - sizeof value) {
        memcpy((uint8_t *)&info + at, &value, sizeof value);
    }
    blk_peers_tell(peers, &info, sizeof info);
}

static void step(struct blk_peers *peers, struct fuzz_input *input)
{
    const uint8_t op = fuzz_input_u8(input);
    uint64_t tag;
    uint32_t status;

    switch (op & 7) {
    case 0:
        scribble(peers->regions[1 + HOSTILE][1], input);
        break;
    case 1:
    case 2:
        hostile_request(peers, (op & 8) != 0 ? BY_TABLE : HOSTILE, input);
        break;
    case 3:
        while (blk_peers_take(peers, HOSTILE, &tag, &status)) {
        }
        break;
    case 4:
        tell(peers, input);
        break;
    case 5: {
        const struct blk_reply reply = {.status = op >> 3};
        blk_peers_answer(peers, fuzz_input_u8(input), &reply, (op & 0x80) != 0 ? 3 : sizeof reply);
        break;
    }
    case 6:
        if ((op & 8) != 0) {
            blk_peers_restart_driver(peers);
        }
        if ((op & 16) != 0) {
            require(ring_init(&peers->clients[HOSTILE], peers->regions[1 + HOSTILE][1],
                              peers->regions[1 + HOSTILE][0], BLK_PEERS_LINK_BYTES) == ERR_OK);
        }
        break;
    default:
        peers->holds = (op & 8) != 0;
        peers->status = op >> 4 & 3;
        break;
    }
    blk_peers_run(peers);
}

/* With a driver that behaves again. */
static void check_honest(struct blk_peers *peers)
{
    const struct blk_info info = blk_peers_good_info();
    uint64_t tag;
    uint32_t status;

    peers->holds = false;
    peers->status = BLK_DONE;
    blk_peers_restart_driver(peers);
    blk_peers_run(peers);
    blk_peers_tell(peers, &info, sizeof info);
    blk_peers_run(peers);
    while (blk_peers_take(peers, HONEST, &tag, &status)) {
    }
    require(blk_peers_ask(peers, HONEST, BLK_READ, 5) == BLK_DONE);
    require(peers->last.sector == 5 && peers->last.segments[0].region == 1);
    require(blk_peers_ask(peers, HONEST, BLK_READ, HONEST_SECTORS) == BLK_OUT_OF_RANGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct blk_peers *peers = blk_peers_new(3);
    const uint8_t shape = fuzz_input_u8(&input);

    peers->config.clients[HONEST].extent = BLK_EXTENT_RANGE;
    peers->config.clients[HONEST].sector_count = HONEST_SECTORS;
    peers->config.clients[HOSTILE].extent = BLK_EXTENT_RANGE;
    peers->config.clients[HOSTILE].first_sector = HONEST_SECTORS;
    peers->config.clients[BY_TABLE].extent = (shape & 1) != 0 ? BLK_EXTENT_NUMBER : BLK_EXTENT_NAME;
    peers->config.clients[BY_TABLE].partition_number = shape >> 1 & 7;
    peers->config.clients[BY_TABLE].read_only = 1;
    for (uint32_t i = 0; i < (uint32_t)(shape >> 4) * 16 && i < input.bytes; i++) {
        peers->start[i < 128 ? 446 + i : 384 + i] = input.at[i]; /* the MBR's entries, the GPT's header */
    }
    blk_peers_start(peers);
    while (input.bytes > 0) {
        const uint32_t before = peers->requests;
        step(peers, &input);
        /* Nothing but the honest client's requests lies in its sectors, except for reading what a table says.
         */
        require(peers->requests == before || peers->last.sector >= HONEST_SECTORS ||
                peers->last.op == BLK_READ || peers->last.op == BLK_FLUSH);
    }
    check_honest(peers);
    blk_peers_free(peers);
    return 0;
}
