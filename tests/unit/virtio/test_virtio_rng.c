/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config/entropy_config.h"
#include "microkit/host/microkit_host.h"
#include "tests/mock/driver.h"
#include "tests/mock/log_record.h"
#include "tests/mock/refill.h"
#include "tests/mock/virtio_driver.h"
#include "vmm/platform_fake.h"
#include "vmm/virtio/virtio_rng.h"

#define BASE 0x40000000ull
#define BYTES 0x10000ull

struct fixture {
    struct driver_ram ram;
    struct driver_queue queue;
    struct vgic vgic;
    struct irq_line line;
    struct vmm_config vm;
    struct vmm_device_config config;
    struct virtio_rng rng;
    struct virtio_mmio mmio;
    struct virtq_chain scratch;
    bool unseeded;
    uint32_t asked;
};

/* The entropy PD: word n of a reply is 0x0101.. times n + 1. */
static microkit_msginfo answer(void *context, microkit_channel channel, microkit_msginfo msginfo)
{
    struct fixture *f = context;
    const uint16_t count = (uint16_t)microkit_mr_get(0);

    (void)msginfo;
    assert_int_equal(channel, 9);
    f->asked++;
    if (f->unseeded) {
        return microkit_msginfo_new(ENTROPY_UNSEEDED, 0);
    }
    for (uint8_t i = 0; i < count; i++) {
        microkit_mr_set(i, 0x0101010101010101ull * (i + 1u));
    }
    return microkit_msginfo_new(ENTROPY_OK, count);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    log_record_clear();
    platform_fake_reset();
    microkit_host_reset();
    microkit_host_set_ppc(answer, f);
    driver_ram_init(&f->ram, BASE, BYTES);
    f->vm = (struct vmm_config){.has_entropy = 1, .entropy_channel = 9};
    f->config = (struct vmm_device_config){.kind = VMM_DEVICE_ENTROPY, .name = "rng"};
    f->line = (struct irq_line){.vgic = &f->vgic, .intid = 40, .edge = true};
    assert_int_equal(vgic_init(&f->vgic, 1, 32), ERR_OK);
    assert_int_equal(virtio_rng_init(&f->rng, &f->config, &f->vm, &f->ram.mem, &f->scratch), ERR_OK);
    virtio_mmio_init(&f->mmio, &f->rng.device, &f->line, NULL);
    virtio_mmio_reset(&f->mmio);
    assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1));
    driver_queue_init(&f->queue, &f->ram, 8, false);
    assert_true(virtio_driver_add_queue(&f->mmio, 0, &f->queue));
    virtio_driver_go(&f->mmio);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    driver_ram_free(&f->ram);
    free(f);
    return 0;
}

static const uint8_t *request(struct fixture *f, uint32_t bytes, bool writable)
{
    const struct driver_buffer buffer = {driver_alloc(&f->ram, bytes == 0 ? 1 : bytes, 8), bytes, writable};

    assert_true(driver_add(&f->queue, &buffer, 1) >= 0);
    virtio_driver_kick(&f->mmio, 0, &f->queue);
    return driver_at(&f->ram, buffer.address, bytes);
}

static void expect_used(struct fixture *f, uint32_t wanted)
{
    uint32_t bytes;
    uint16_t head;

    assert_true(driver_take_used(&f->queue, &head, &bytes));
    assert_int_equal(bytes, wanted);
}

static void test_fills_what_is_asked_for(void **state)
{
    struct fixture *f = *state;
    const uint8_t *bytes = request(f, 13, true);

    expect_used(f, 13);
    assert_int_equal(bytes[0], 1);
    assert_int_equal(bytes[7], 1);
    assert_int_equal(bytes[12], 2);
    assert_int_equal(f->asked, 1);
}

static void test_large_requests_get_a_part(void **state)
{
    struct fixture *f = *state;
    const uint8_t *bytes = request(f, 4096, true);

    expect_used(f, ENTROPY_MAX_WORDS * 8);
    assert_int_equal(bytes[ENTROPY_MAX_WORDS * 8 - 1], ENTROPY_MAX_WORDS);
    assert_int_equal(bytes[ENTROPY_MAX_WORDS * 8], 0);
}

static void test_empty_request_asks_nobody(void **state)
{
    struct fixture *f = *state;

    (void)request(f, 0, true);
    expect_used(f, 0);
    assert_int_equal(f->asked, 0);
}

static void test_without_seed_the_request_waits(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes;
    uint16_t head;

    f->unseeded = true;
    (void)request(f, 8, true);
    assert_false(driver_take_used(&f->queue, &head, &bytes));
    assert_int_equal(f->rng.device.status & VIRTIO_STATUS_NEEDS_RESET, 0);
    f->unseeded = false;
    (void)request(f, 8, true);
    expect_used(f, 8);
    expect_used(f, 8);
}

static void test_readable_buffer_breaks_the_device(void **state)
{
    struct fixture *f = *state;

    (void)request(f, 8, false);
    assert_int_equal(f->rng.device.status & VIRTIO_STATUS_NEEDS_RESET, VIRTIO_STATUS_NEEDS_RESET);
    assert_int_equal(f->asked, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Each chain that is used publishes more. */
static void test_one_kick_buys_one_queue(void **state)
{
    static const enum refill_style styles[] = {REFILL_ONE, REFILL_FULL, REFILL_MORE};
    struct fixture *f = *state;
    const struct driver_buffer buffer = {driver_alloc(&f->ram, 8, 8), 8, true};

    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1));
        driver_queue_clear(&f->queue);
        assert_true(virtio_driver_add_queue(&f->mmio, 0, &f->queue));
        virtio_driver_go(&f->mmio);
        assert_int_equal(driver_add(&f->queue, &buffer, 1), 0);
        for (unsigned int kicks = 0; kicks < 3; kicks++) {
            refill_start(f->rng.device.queues, 1, styles[i]);
            virtio_device_kick(&f->rng.device, 0);
            assert_in_range(refill_popped(0), kicks == 0 ? 1 : 0, 8);
            refill_stop();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fills_what_is_asked_for),           TEST(test_large_requests_get_a_part),
        TEST(test_empty_request_asks_nobody),         TEST(test_without_seed_the_request_waits),
        TEST(test_readable_buffer_breaks_the_device), TEST(test_one_kick_buys_one_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
