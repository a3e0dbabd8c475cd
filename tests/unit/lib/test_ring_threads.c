/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The signal protocol between two threads. A notification is a semaphore-like word, as in Microkit: it stays
 * pending until taken. A lost wake-up shows as a wait that times out.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/ring/ring.h"

#define REGION_BYTES 8192u
#define WAIT_LIMIT_S 20

struct notification {
    pthread_mutex_t lock;
    pthread_cond_t raised;
    bool pending;
};

struct side {
    struct ring ring;
    struct notification *mine;
    struct notification *theirs;
    uint64_t work;
    bool failed;
    unsigned int waits;
};

static _Alignas(64) uint8_t regions[2][REGION_BYTES];
static struct notification notifications[2];
static struct side sides[2];

static void notify(struct notification *notification)
{
    pthread_mutex_lock(&notification->lock);
    notification->pending = true;
    pthread_cond_signal(&notification->raised);
    pthread_mutex_unlock(&notification->lock);
}

static bool wait_for(struct notification *notification)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += WAIT_LIMIT_S;
    pthread_mutex_lock(&notification->lock);
    int result = 0;
    while (!notification->pending && result == 0) {
        result = pthread_cond_timedwait(&notification->raised, &notification->lock, &limit);
    }
    bool pending = notification->pending;
    notification->pending = false;
    pthread_mutex_unlock(&notification->lock);
    return pending;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static bool sleep_side(struct side *side)
{
    side->waits++;
    side->failed = !wait_for(side->mine);
    return !side->failed;
}

static void *produce_records(void *argument)
{
    struct side *side = argument;
    uint32_t seed = 1;
    for (uint64_t sent = 0; sent < side->work;) {
        uint32_t length = 1 + next_random(&seed) % ring_record_limit(&side->ring);
        uint8_t *data;
        while (ring_reserve(&side->ring, length, &data) != ERR_OK) {
            if (!ring_request_record_space(&side->ring, length) && !sleep_side(side)) {
                return NULL;
            }
        }
        memset(data, (int)(uint8_t)sent, length);
        ring_commit(&side->ring, length, sent++);
        if (ring_should_signal_data(&side->ring)) {
            notify(side->theirs);
        }
    }
    return NULL;
}

static void *consume_records(void *argument)
{
    struct side *side = argument;
    uint32_t seed = 1;
    for (uint64_t received = 0; received < side->work;) {
        struct ring_record record;
        const uint8_t *data;
        enum err err = ring_peek(&side->ring, &record, &data);
        if (err == ERR_EMPTY) {
            if (!ring_request_data(&side->ring) && !sleep_side(side)) {
                return NULL;
            }
            continue;
        }
        uint32_t length = 1 + next_random(&seed) % ring_record_limit(&side->ring);
        if (err != ERR_OK || record.length_bytes != length || record.meta != received ||
            data[0] != (uint8_t)received || data[length - 1] != (uint8_t)received) {
            side->failed = true;
            return NULL;
        }
        ring_release(&side->ring);
        received++;
        if (ring_should_signal_space(&side->ring)) {
            notify(side->theirs);
        }
    }
    return NULL;
}

static void *produce_bytes(void *argument)
{
    struct side *side = argument;
    uint32_t seed = 3;
    uint8_t buffer[3000];
    for (uint64_t sent = 0; sent < side->work;) {
        uint32_t want = 1 + next_random(&seed) % sizeof buffer;
        for (uint32_t i = 0; i < want; i++) {
            buffer[i] = (uint8_t)((sent + i) * 7);
        }
        uint32_t wrote = ring_write(&side->ring, buffer, want);
        sent += wrote;
        if (ring_should_signal_data(&side->ring)) {
            notify(side->theirs);
        }
        if (wrote == 0 && !ring_request_space(&side->ring, want) && !sleep_side(side)) {
            return NULL;
        }
    }
    return NULL;
}

static void *consume_bytes(void *argument)
{
    struct side *side = argument;
    uint32_t seed = 4;
    uint8_t buffer[3000];
    for (uint64_t received = 0; received < side->work;) {
        uint32_t got = ring_read(&side->ring, buffer, 1 + next_random(&seed) % sizeof buffer);
        for (uint32_t i = 0; i < got; i++) {
            if (buffer[i] != (uint8_t)((received + i) * 7)) {
                side->failed = true;
                return NULL;
            }
        }
        received += got;
        if (ring_should_signal_space(&side->ring)) {
            notify(side->theirs);
        }
        if (got == 0 && !ring_request_data(&side->ring) && !sleep_side(side)) {
            return NULL;
        }
    }
    return NULL;
}

static void run(void *(*producer)(void *), void *(*consumer)(void *), uint64_t work)
{
    memset(regions, 0, sizeof regions);
    for (unsigned int i = 0; i < 2; i++) {
        notifications[i] =
            (struct notification){.lock = PTHREAD_MUTEX_INITIALIZER, .raised = PTHREAD_COND_INITIALIZER};
        sides[i] = (struct side){.mine = &notifications[i], .theirs = &notifications[1 - i], .work = work};
        assert_int_equal(ring_init(&sides[i].ring, regions[i], regions[1 - i], REGION_BYTES), ERR_OK);
    }
    pthread_t threads[2];
    assert_int_equal(pthread_create(&threads[0], NULL, producer, &sides[0]), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, consumer, &sides[1]), 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    assert_false(sides[0].failed || sides[1].failed);
    assert_true(sides[0].waits > 0 && sides[1].waits > 0); /* or the test shows nothing */
}

static void test_records(void **state)
{
    (void)state;
    run(produce_records, consume_records, 60000);
}

static void test_bytes(void **state)
{
    (void)state;
    run(produce_bytes, consume_bytes, 40000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
