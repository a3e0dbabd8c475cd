/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/refill.h"

#include <stddef.h>
#include <stdlib.h>

/* More than any event may pop: a device that has no bound would not come back. */
#define TOO_MANY 100000u

static struct {
    struct virtq *queues;
    uint32_t count;
    enum refill_style style;
    uint32_t popped[VMM_CONFIG_MAX_QUEUES];
} refill;

bool __real_virtq_look(struct virtq *vq);
bool __real_virtq_request_kick(struct virtq *vq);
enum err __real_virtq_pop(struct virtq *vq, struct virtq_chain *chain);
void __real_virtq_unpop(struct virtq *vq, uint16_t count);
void __real_virtq_publish(struct virtq *vq);
bool __wrap_virtq_look(struct virtq *vq);
bool __wrap_virtq_request_kick(struct virtq *vq);
enum err __wrap_virtq_pop(struct virtq *vq, struct virtq_chain *chain);
void __wrap_virtq_unpop(struct virtq *vq, uint16_t count);
void __wrap_virtq_publish(struct virtq *vq);

void refill_start(struct virtq *queues, uint32_t count, enum refill_style style)
{
    refill.queues = queues;
    refill.count = count;
    refill.style = style;
    refill_begin_event();
}

void refill_stop(void)
{
    refill.count = 0;
}

void refill_begin_event(void)
{
    for (uint32_t i = 0; i < VMM_CONFIG_MAX_QUEUES; i++) {
        refill.popped[i] = 0;
    }
}

uint32_t refill_popped(uint32_t index)
{
    return refill.popped[index];
}

static void refill_queue(struct virtq *vq)
{
    const uint16_t outstanding = (uint16_t)(vq->avail->idx - vq->published_used);

    if (refill.style == REFILL_MORE || (refill.style == REFILL_ONE && outstanding < vq->size)) {
        vq->avail->idx++;
    } else if (refill.style == REFILL_FULL) {
        vq->avail->idx = (uint16_t)(vq->published_used + vq->size);
    }
}

static void refill_all(void)
{
    for (uint32_t i = 0; i < refill.count; i++) {
        if (virtq_is_ready(&refill.queues[i])) {
            refill_queue(&refill.queues[i]);
        }
    }
}

/* The count of that queue's pops, or NULL: it is not the device's. */
static uint32_t *count_of(const struct virtq *vq)
{
    for (uint32_t i = 0; i < refill.count; i++) {
        if (vq == &refill.queues[i]) {
            return &refill.popped[i];
        }
    }
    return NULL;
}

bool __wrap_virtq_look(struct virtq *vq)
{
    refill_all();
    return __real_virtq_look(vq);
}

bool __wrap_virtq_request_kick(struct virtq *vq)
{
    refill_all();
    return __real_virtq_request_kick(vq);
}

enum err __wrap_virtq_pop(struct virtq *vq, struct virtq_chain *chain)
{
    uint32_t *count = count_of(vq);

    refill_all();
    const enum err err = __real_virtq_pop(vq, chain);
    if (count != NULL && err == ERR_OK && ++*count > TOO_MANY) {
        abort();
    }
    return err;
}

void __wrap_virtq_unpop(struct virtq *vq, uint16_t count)
{
    uint32_t *popped = count_of(vq);

    if (popped != NULL) {
        *popped -= count;
    }
    __real_virtq_unpop(vq, count);
}

void __wrap_virtq_publish(struct virtq *vq)
{
    refill_all();
    __real_virtq_publish(vq);
}
