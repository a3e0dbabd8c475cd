/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile peer: between any two calls it rewrites fields or data of its region. Our side must neither touch
 * memory outside both regions (ASan), nor write the peer's, nor give out impossible records.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ring/ring.h"

#define REGION_BYTES 4096u

struct input {
    const uint8_t *data;
    size_t left;
};

static uint32_t take(struct input *input)
{
    uint32_t value = 0;
    size_t count = input->left < sizeof value ? input->left : sizeof value;
    memcpy(&value, input->data, count);
    input->data += count;
    input->left -= count;
    return value;
}

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void attack(struct ring_region *peer, struct input *input)
{
    uint32_t word = take(input);
    uint32_t value = take(input);
    uint32_t at = word % (REGION_BYTES / 4);
    if (word & 0x10000) {
        at %= RING_HEADER_BYTES / 4;
    }
    if (word & 0x20000) {
        value = (value % 8) * 16; /* plausible indices, lengths and epochs */
    }
    memcpy((uint8_t *)peer + at * 4, &value, 4);
    if (word & 0x40000) {
        static const uint32_t kinds[] = {0x41544144, 0x20444150};
        memcpy((uint8_t *)peer + at * 4, &kinds[value % 2], 4);
    }
}

static void check_peek(struct ring *ring, const struct ring_region *peer)
{
    struct ring_record record;
    const uint8_t *data;
    if (ring_peek(ring, &record, &data) != ERR_OK) {
        return;
    }
    require(record.length_bytes > 0 && record.length_bytes <= ring_record_limit(ring));
    require(data >= peer->data && data + record.length_bytes <= (const uint8_t *)peer + REGION_BYTES);
    volatile uint8_t sum = 0;
    for (uint32_t i = 0; i < record.length_bytes; i++) {
        sum = (uint8_t)(sum + data[i]);
    }
}

static void use_records(struct ring *ring, uint32_t choice, uint32_t value)
{
    uint8_t *data;
    switch (choice % 3) {
    case 0:
        if (ring_reserve(ring, value % 2100, &data) == ERR_OK) {
            memset(data, 0x55, value % 2100);
        }
        break;
    case 1:
        ring_commit(ring, value % 4200, value);
        break;
    default:
        ring_release(ring);
        break;
    }
}

static void use_bytes(struct ring *ring, uint32_t choice, uint32_t value)
{
    uint8_t buffer[REGION_BYTES];
    uint32_t length = value % sizeof buffer;
    if (choice % 2 == 0) {
        memset(buffer, 0xaa, length);
        require(ring_write(ring, buffer, length) <= length);
    } else {
        require(ring_read(ring, buffer, length) <= length);
    }
}

static void use_signals(struct ring *ring, uint32_t choice, uint32_t value)
{
    switch (choice % 7) {
    case 0:
        (void)ring_request_data(ring);
        break;
    case 1:
        (void)ring_request_space(ring, 1 + value % 2048);
        break;
    case 2:
        (void)ring_should_signal_data(ring);
        break;
    case 3:
        (void)ring_should_signal_space(ring);
        break;
    case 4:
        (void)ring_request_record_space(ring, 1 + value % ring_record_limit(ring));
        break;
    case 5:
        require(ring_available(ring) <= ring->capacity_bytes && ring_space(ring) <= ring->capacity_bytes);
        break;
    default:
        (void)ring_sync(ring);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct input input = {.data = bytes, .left = length};
    struct ring_region *own = aligned_alloc(64, REGION_BYTES);
    struct ring_region *peer = aligned_alloc(64, REGION_BYTES);
    uint8_t *before = malloc(REGION_BYTES);
    require(own != NULL && peer != NULL && before != NULL);
    memset(own, 0, REGION_BYTES);
    memset(peer, 0, REGION_BYTES);
    peer->magic = RING_MAGIC;
    peer->epoch = 1;
    struct ring ring;
    require(ring_init(&ring, own, peer, REGION_BYTES) == ERR_OK);
    bool bytes_only = (take(&input) & 1) != 0; /* a link carries one format */
    while (input.left > 0) {
        uint32_t choice = take(&input);
        uint32_t value = choice >> 8;
        memcpy(before, peer, REGION_BYTES);
        switch (choice % 5) {
        case 0:
            attack(peer, &input);
            memcpy(before, peer, REGION_BYTES);
            break;
        case 1:
        case 2:
            if (bytes_only) {
                use_bytes(&ring, choice / 5, value);
            } else {
                use_records(&ring, choice / 5, value);
            }
            break;
        case 3:
            if (!bytes_only) {
                check_peek(&ring, peer);
            }
            break;
        default:
            use_signals(&ring, choice / 5, value);
            break;
        }
        require(memcmp(before, peer, REGION_BYTES) == 0);
    }
    free(own);
    free(peer);
    free(before);
    return 0;
}
