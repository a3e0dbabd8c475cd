/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A queue whose driver does anything at any time: the input is the layout, then a list of pokes into guest
 * RAM mixed with calls. Whatever happens, segments lie in RAM and counts stay within the queue size.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/virtq/virtq.h"
#include "tests/mock/driver.h"
#include "tests/mock/fuzz_input.h"

#define BASE 0x40000000ull
#define BYTES 0x4000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_chain(const struct guestmem *mem, const struct virtq *vq, const struct virtq_chain *chain)
{
    const unsigned int count = (unsigned int)chain->readable_count + chain->writable_count;
    uint64_t bytes = 0;

    if (count > vq->size || chain->head >= vq->size) {
        abort();
    }
    for (unsigned int i = 0; i < count; i++) {
        const struct virtq_segment *segment = &chain->segments[i];
        const uint64_t offset = (uint64_t)(segment->host - mem->host);
        if (offset > mem->bytes || segment->bytes > mem->bytes - offset) {
            abort();
        }
        bytes += segment->bytes;
    }
    if (bytes != chain->readable_bytes + chain->writable_bytes) {
        abort();
    }
}

static void enable(struct virtq *vq, const struct guestmem *mem, struct fuzz_input *input)
{
    const uint16_t choice = fuzz_input_u16(input);
    const struct virtq_features features = {(choice & 1) != 0, (choice & 2) != 0};
    struct virtq_layout layout = {
        .size = (uint16_t)(1u << (choice >> 2 & 7)),
        .desc = gpa_of(BASE + (fuzz_input_u16(input) & 0x3ff0u)),
        .avail = gpa_of(BASE + (fuzz_input_u16(input) & 0x3ffeu)),
        .used = gpa_of(BASE + (fuzz_input_u16(input) & 0x3ffcu)),
    };
    if ((choice & 0x8000) != 0) { /* anything */
        layout.size = fuzz_input_u16(input);
        layout.desc = gpa_of(fuzz_input_u64(input));
        layout.avail = gpa_of(fuzz_input_u64(input));
        layout.used = gpa_of(fuzz_input_u64(input));
    }
    if (virtq_enable(vq, mem, &layout, 256, features) == ERR_OK && layout.size > 256) {
        abort();
    }
}

static void poke(const struct guestmem *mem, struct fuzz_input *input)
{
    const uint64_t at = fuzz_input_u16(input) % BYTES;
    uint64_t bytes = 1 + (fuzz_input_u8(input) & 31u);

    if (bytes > BYTES - at) {
        bytes = BYTES - at;
    }
    for (uint64_t i = 0; i < bytes; i++) {
        mem->host[at + i] = fuzz_input_u8(input);
    }
}

/* A descriptor that is nearly right, so that the walk gets past its first checks. */
static void poke_desc(struct virtq *vq, struct fuzz_input *input)
{
    if (!vq->ready) {
        return;
    }
    const struct virtq_desc desc = {
        .addr = BASE + fuzz_input_u16(input) % (BYTES + 16),
        .len = fuzz_input_u8(input) * 16u,
        .flags = fuzz_input_u8(input) & 7,
        .next = fuzz_input_u8(input) & 7,
    };
    uint8_t *host = (uint8_t *)(uintptr_t)vq->desc + 16ull * (fuzz_input_u8(input) & (vq->size - 1u));
    memcpy(host, &desc, sizeof desc);
    const uint16_t index = (uint16_t)(vq->next_avail + 1 + (fuzz_input_u8(input) & 3));
    vq->avail->idx = index;
}

static void step(struct virtq *vq, const struct guestmem *mem, struct virtq_chain *chain,
                 struct fuzz_input *input, unsigned int *in_flight)
{
    uint8_t scratch[64] = {0};

    switch (fuzz_input_u8(input) % 12) {
    case 0:
        enable(vq, mem, input);
        *in_flight = 0;
        break;
    case 1:
    case 2:
        poke(mem, input);
        break;
    case 3:
    case 4:
        poke_desc(vq, input);
        break;
    case 5:
    case 6:
        (void)virtq_look(vq);
        if (virtq_pop(vq, chain) == ERR_OK) {
            check_chain(mem, vq, chain);
            (*in_flight)++;
            if (*in_flight > vq->size) {
                abort(); /* more than its driver can have */
            }
            (void)virtq_chain_read(chain, fuzz_input_u8(input), scratch, sizeof scratch);
            (void)virtq_chain_write(chain, fuzz_input_u8(input), scratch, sizeof scratch);
            (void)virtq_chain_writable_at(chain, fuzz_input_u16(input));
        }
        break;
    case 7:
        if (*in_flight > 0) {
            virtq_unpop(vq, 1);
            (*in_flight)--;
        }
        break;
    case 8:
        if (*in_flight > 0) {
            virtq_push(vq, fuzz_input_u16(input) & 7, fuzz_input_u32(input));
            (*in_flight)--;
        }
        break;
    case 9:
        (void)virtq_request_kick(vq);
        break;
    case 10:
        virtq_disable_kicks(vq);
        break;
    default:
        (void)virtq_should_interrupt(vq);
        (void)virtq_look(vq);
        if (virtq_left(vq) > vq->size) {
            abort();
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct virtq_chain chain;
    struct fuzz_input input = {data, size};
    struct driver_ram ram;
    struct virtq vq = {0};
    unsigned int in_flight = 0;

    driver_ram_init(&ram, BASE, BYTES);
    enable(&vq, &ram.mem, &input);
    while (input.bytes > 0) {
        step(&vq, &ram.mem, &chain, &input, &in_flight);
    }
    driver_ram_free(&ram);
    return 0;
}
