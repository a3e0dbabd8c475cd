/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/virtio/virtio_rng.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "lib/config/entropy_config.h"
#include "vmm/core/trng.h"

#define REQUEST_QUEUE 0u
#define MAX_BYTES (ENTROPY_MAX_WORDS * (uint32_t)sizeof(uint64_t))

/* One request. ERR_EMPTY: there is no randomness to be had now. */
static enum err serve(struct virtio_rng *rng, struct virtq *vq)
{
    const struct virtq_chain *chain = rng->scratch;
    uint64_t words[ENTROPY_MAX_WORDS];
    uint64_t bytes = chain->writable_bytes < MAX_BYTES ? chain->writable_bytes : MAX_BYTES;

    if (chain->readable_count != 0) {
        return ERR_FORMAT;
    }
    if (bytes > 0) {
        const enum err err = trng_fetch(rng->vm, words, (uint32_t)((bytes + 7) / 8));
        if (err != ERR_OK) {
            return err;
        }
        bytes = virtq_chain_write(chain, 0, words, bytes);
        memset(words, 0, sizeof words);
    }
    virtq_add_used(vq, chain->head, (uint32_t)bytes);
    return ERR_OK;
}

static enum err serve_all(struct virtio_rng *rng, struct virtq *vq)
{
    enum err err;

    while ((err = virtq_pop(vq, rng->scratch)) == ERR_OK) {
        err = serve(rng, vq);
        if (err == ERR_EMPTY) {
            virtq_unpop(vq, 1);
        }
        if (err != ERR_OK) {
            break;
        }
    }
    return err;
}

static void kick(void *context, uint16_t index)
{
    struct virtio_rng *rng = context;
    struct virtq *vq = &rng->device.queues[index];

    (void)virtq_request_kick(vq);
    const enum err err = serve_all(rng, vq);

    if (err != ERR_EMPTY) {
        virtio_device_fail(&rng->device, "request queue", err);
    }
    virtio_device_publish(&rng->device, index);
}

static void start(void *context)
{
    struct virtio_rng *rng = context;

    if (virtq_is_ready(&rng->device.queues[REQUEST_QUEUE])) {
        kick(rng, REQUEST_QUEUE);
    }
}

/* Requests are never in flight between two calls. */
static void reset(void *context)
{
    (void)context;
}

static const struct virtio_device_ops rng_ops = {.start = start, .reset = reset, .kick = kick};

enum err virtio_rng_init(struct virtio_rng *rng, const struct vmm_device_config *config,
                         const struct vmm_config *vm, const struct guestmem *mem, struct virtq_chain *scratch)
{
    *rng = (struct virtio_rng){.vm = vm, .scratch = scratch};
    const struct virtio_device_setup setup = {
        .name = config->name,
        .id = VIRTIO_ID_ENTROPY,
        .ops = &rng_ops,
        .context = rng,
        .mem = mem,
        .features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX,
        .queue_count = 1,
        .queue_size = VIRTIO_RNG_QUEUE_SIZE,
    };
    return virtio_device_init(&rng->device, &setup);
}
