/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/log_record.h"
#include "tests/mock/virtio_driver.h"
#include "vmm/platform_fake.h"

#define BASE 0x40000000ull
#define BYTES 0x100000ull
#define SPI 40u
#define FEATURE_A (1ull << 7)
#define FEATURE_B (1ull << 40)
#define OFFERED (FEATURE_A | FEATURE_B | VIRTIO_F_EVENT_IDX)

/* A device that counts what happens to it. */
struct fixture {
    struct driver_ram ram;
    struct driver_queue driver[2];
    struct vgic vgic;
    struct irq_line line;
    struct virtio_device device;
    struct virtio_mmio mmio;
    uint8_t config[11];
    uint32_t page[1024]; /* what a guest reads without a trap: virtio_driver_read() compares it */
    unsigned int starts, resets, kicks[2];
    bool refuses, posts;
};

static void on_start(void *context)
{
    struct fixture *f = context;

    f->starts++;
    f->device.posted = f->posts;
}

static void on_reset(void *context)
{
    ((struct fixture *)context)->resets++;
}

static void on_kick(void *context, uint16_t index)
{
    assert_in_range(index, 0, 1);
    ((struct fixture *)context)->kicks[index]++;
}

static bool on_accepts(void *context, uint64_t features)
{
    (void)features;
    return !((struct fixture *)context)->refuses;
}

static void on_config_write(void *context, uint32_t offset, const void *from, uint32_t bytes)
{
    struct fixture *f = context;

    assert_true(offset + bytes <= sizeof f->config);
    memcpy(f->config + offset, from, bytes);
}

static const struct virtio_device_ops ops = {.start = on_start,
                                             .reset = on_reset,
                                             .kick = on_kick,
                                             .accepts = on_accepts,
                                             .config_write = on_config_write};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    platform_fake_reset();
    log_record_clear();
    assert_int_equal(vgic_init(&f->vgic, 1, 32), ERR_OK);
    f->line = (struct irq_line){.vgic = &f->vgic, .intid = SPI};
    driver_ram_init(&f->ram, BASE, BYTES);
    driver_queue_init(&f->driver[0], &f->ram, 16, true);
    driver_queue_init(&f->driver[1], &f->ram, 16, true);
    for (uint8_t i = 0; i < sizeof f->config; i++) {
        f->config[i] = (uint8_t)(i + 1);
    }
    const struct virtio_device_setup device_setup = {
        .name = "dev0",
        .id = 42,
        .ops = &ops,
        .context = f,
        .mem = &f->ram.mem,
        .features = OFFERED,
        .config = f->config,
        .config_bytes = sizeof f->config,
        .queue_count = 2,
        .queue_size = 64,
    };
    assert_int_equal(virtio_device_init(&f->device, &device_setup), ERR_OK);
    virtio_mmio_init(&f->mmio, &f->device, &f->line, f->page);
    virtio_mmio_reset(&f->mmio);
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

static uint32_t status(struct fixture *f)
{
    return virtio_driver_read(&f->mmio, VIRTIO_MMIO_STATUS);
}

static bool line_is_high(void)
{
    return platform_fake.vcpus[0].virqs[SPI].level;
}

static void bring_up(struct fixture *f)
{
    assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX));
    assert_true(virtio_driver_add_queue(&f->mmio, 0, &f->driver[0]));
    assert_true(virtio_driver_add_queue(&f->mmio, 1, &f->driver[1]));
    virtio_driver_go(&f->mmio);
}

static void test_identification(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_VERSION), 2);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_DEVICE_ID), 42);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_VENDOR_ID), VIRTIO_MMIO_VENDOR);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_SHM_BASE_HIGH), UINT32_MAX);
    assert_int_equal(virtio_driver_offered(&f->mmio), OFFERED | VIRTIO_F_VERSION_1);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_DEVICE_FEATURES), 0);
}

static void test_bring_up(void **state)
{
    struct fixture *f = *state;

    bring_up(f);
    assert_int_equal(status(f), 0xf);
    assert_int_equal(f->starts, 1);
    virtio_driver_go(&f->mmio); /* again: no second start */
    assert_int_equal(f->starts, 1);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 1);
    assert_int_equal(f->kicks[1], 1);
    assert_int_equal(log_record_count(), 0);
}

static void test_bad_feature_sets_are_refused(void **state)
{
    struct fixture *f = *state;

    assert_false(virtio_driver_negotiate(&f->mmio, FEATURE_A)); /* no VERSION_1 */
    assert_false(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1 | 1ull << 8));
    assert_false(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1 | 1ull << 63));
    assert_false(virtio_driver_negotiate(&f->mmio, 0));
    assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1 | FEATURE_B));
    assert_true(virtio_device_has(&f->device, FEATURE_B));
    assert_false(virtio_device_has(&f->device, FEATURE_A));
    f->refuses = true;
    assert_false(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1));
}

static void test_features_are_fixed_once_accepted(void **state)
{
    struct fixture *f = *state;

    assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1));
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)FEATURE_A);
    assert_false(virtio_device_has(&f->device, FEATURE_A));
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 2);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_DRIVER_FEATURES, UINT32_MAX);
    assert_int_equal(f->device.features, VIRTIO_F_VERSION_1);
}

static void test_driver_ok_needs_features_ok(void **state)
{
    struct fixture *f = *state;

    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 7);
    assert_int_equal(f->starts, 0);
    assert_true((status(f) & VIRTIO_STATUS_NEEDS_RESET) != 0);
    assert_int_equal(log_record_count(), 1);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(status(f), 0);
    bring_up(f);
    assert_int_equal(f->starts, 1);
}

static void test_status_bits_stay(void **state)
{
    struct fixture *f = *state;

    bring_up(f);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 1);
    assert_int_equal(status(f), 0xf);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 0xf | VIRTIO_STATUS_NEEDS_RESET); /* not the driver's */
    assert_int_equal(status(f), 0xf);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 0x8f);
    assert_int_equal(status(f), 0x8f);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0); /* FAILED: no more service */
    assert_int_equal(f->kicks[0], 0);
}

static void test_queue_registers(void **state)
{
    struct fixture *f = *state;

    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_SEL, 1);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_QUEUE_NUM_MAX), 64);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_SEL, 2);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_QUEUE_READY), 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NUM, 16);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_READY, 1);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_SEL, UINT32_MAX);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_DESC_LOW, 16);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_QUEUE_READY), 0);
    bring_up(f);
    assert_int_equal(f->device.layouts[1].desc.value, f->driver[1].desc);
    /* Fixed while ready. */
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_SEL, 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_DESC_LOW, 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NUM, 2);
    assert_int_equal(f->device.layouts[0].desc.value, f->driver[0].desc);
    assert_int_equal(f->device.layouts[0].size, 16);
    /* And off again. */
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_READY, 0);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_QUEUE_READY), 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
    assert_int_equal(f->kicks[0], 0);
}

static void test_high_halves_of_addresses(void **state)
{
    struct fixture *f = *state;

    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_DRIVER_HIGH, 0x12);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_DRIVER_LOW, 0x3456);
    assert_int_equal(f->device.layouts[0].avail.value, 0x1200003456ull);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_DRIVER_HIGH, 0);
    assert_int_equal(f->device.layouts[0].avail.value, 0x3456);
}

static void expect_bad_queue(struct fixture *f, uint32_t reg, uint32_t value)
{
    assert_true(virtio_driver_negotiate(&f->mmio, VIRTIO_F_VERSION_1));
    assert_true(virtio_driver_add_queue(&f->mmio, 1, &f->driver[1]));
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_READY, 0);
    virtio_driver_write(&f->mmio, reg, value);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_READY, 1);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_QUEUE_READY), 0);
    assert_true((status(f) & VIRTIO_STATUS_NEEDS_RESET) != 0);
    virtio_driver_go(&f->mmio);
    assert_int_equal(f->starts, 0);
}

static void test_bad_queues_break_the_device(void **state)
{
    struct fixture *f = *state;

    expect_bad_queue(f, VIRTIO_MMIO_QUEUE_NUM, 0);
    expect_bad_queue(f, VIRTIO_MMIO_QUEUE_NUM, 65);
    expect_bad_queue(f, VIRTIO_MMIO_QUEUE_NUM, 128);
    expect_bad_queue(f, VIRTIO_MMIO_QUEUE_NUM, 65536 + 16);
    expect_bad_queue(f, VIRTIO_MMIO_QUEUE_NUM, UINT32_MAX);
    expect_bad_queue(f, VIRTIO_MMIO_QUEUE_DESC_LOW, 0);
    expect_bad_queue(f, VIRTIO_MMIO_QUEUE_DESC_HIGH, UINT32_MAX);
    expect_bad_queue(f, VIRTIO_MMIO_QUEUE_DEVICE_LOW, (uint32_t)(BASE + BYTES - 4));
    expect_bad_queue(f, VIRTIO_MMIO_QUEUE_DRIVER_LOW, (uint32_t)BASE + 1);
    assert_in_range(log_record_count(), 1, 9); /* limited */
}

static void test_queue_before_features_ok(void **state)
{
    struct fixture *f = *state;

    assert_false(virtio_driver_add_queue(&f->mmio, 0, &f->driver[0]));
    assert_true((status(f) & VIRTIO_STATUS_NEEDS_RESET) != 0);
}

static void test_interrupts(void **state)
{
    struct fixture *f = *state;
    struct virtq_chain *chain = calloc(1, sizeof *chain);
    const struct driver_buffer buffer = {BASE, 8, true};

    bring_up(f);
    assert_true(driver_add(&f->driver[0], &buffer, 1) >= 0);
    assert_true(virtq_look(&f->device.queues[0]));
    assert_int_equal(virtq_pop(&f->device.queues[0], chain), ERR_OK);
    virtq_add_used(&f->device.queues[0], chain->head, 8);
    virtio_device_publish(&f->device, 0);
    assert_true(line_is_high());
    virtio_device_config_changed(&f->device);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_INTERRUPT_STATUS), 3);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_INTERRUPT_ACK, 1);
    assert_true(line_is_high());
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_INTERRUPT_ACK, UINT32_MAX);
    assert_false(line_is_high());
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_CONFIG_GENERATION), 1);
    virtio_device_publish(&f->device, 0); /* nothing new */
    assert_false(line_is_high());
    virtio_device_config_changed(&f->device);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_false(line_is_high());
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    free(chain);
}

static void test_failure_tells_a_running_driver(void **state)
{
    struct fixture *f = *state;

    bring_up(f);
    virtio_device_fail(&f->device, "test", ERR_LOOP);
    assert_true((status(f) & VIRTIO_STATUS_NEEDS_RESET) != 0);
    assert_int_equal(virtio_driver_take_interrupt(&f->mmio), VIRTIO_MMIO_INTERRUPT_CONFIG);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 0);
    assert_int_equal(f->kicks[0], 0);
    virtio_device_fail(&f->device, "test", ERR_LOOP);
    assert_int_equal(log_record_count(), 1);
    assert_non_null(strstr(log_record_text(), "dev0"));
    bring_up(f);
    assert_int_equal(status(f), 0xf);
}

static void test_posted_interrupts_always_look_like_queue_news(void **state)
{
    struct fixture *f = *state;

    bring_up(f);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
    f->posts = true;
    bring_up(f);
    assert_int_equal(virtio_driver_take_interrupt(&f->mmio), VIRTIO_MMIO_INTERRUPT_QUEUE);
    assert_int_equal(virtio_driver_take_interrupt(&f->mmio), VIRTIO_MMIO_INTERRUPT_QUEUE);
    assert_false(line_is_high());
    virtio_device_config_changed(&f->device);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_INTERRUPT_STATUS), 3);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

static uint64_t load_config(struct fixture *f, uint64_t offset, uint32_t width)
{
    struct mmio_access access = {.offset = VIRTIO_MMIO_CONFIG + offset, .value = 0x55, .width_bytes = width};

    assert_int_equal(virtio_mmio_access(&f->mmio, &access), MMIO_DONE);
    return access.value;
}

static void store_config(struct fixture *f, uint64_t offset, uint32_t width, uint64_t value)
{
    struct mmio_access access = {
        .offset = VIRTIO_MMIO_CONFIG + offset, .value = value, .width_bytes = width, .is_write = true};

    assert_int_equal(virtio_mmio_access(&f->mmio, &access), MMIO_DONE);
}

static void test_config_space(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load_config(f, 0, 1), 1);
    assert_int_equal(load_config(f, 1, 2), 0x0302);
    assert_int_equal(load_config(f, 4, 4), 0x08070605);
    assert_int_equal(load_config(f, 0, 8), 0x0807060504030201ull);
    assert_int_equal(load_config(f, 10, 1), 11);
    assert_int_equal(load_config(f, 10, 2), 0);
    assert_int_equal(load_config(f, 11, 1), 0);
    assert_int_equal(load_config(f, 8, 8), 0);
    assert_int_equal(load_config(f, 0xeff, 1), 0);
    store_config(f, 0, 2, 0xbeef);
    assert_int_equal(load_config(f, 0, 4), 0x0403beef);
    store_config(f, 8, 4, 0);
    store_config(f, 11, 1, 0xff);
    store_config(f, 0xef8, 8, UINT64_MAX);
    assert_int_equal(load_config(f, 10, 1), 11);
}

static void test_odd_accesses_do_nothing(void **state)
{
    struct fixture *f = *state;
    static const uint32_t widths[] = {1, 2, 8};

    bring_up(f);
    for (size_t i = 0; i < 3; i++) {
        struct mmio_access store = {
            .offset = VIRTIO_MMIO_STATUS, .value = 0, .width_bytes = widths[i], .is_write = true};
        assert_int_equal(virtio_mmio_access(&f->mmio, &store), MMIO_DONE);
        struct mmio_access load = {.offset = VIRTIO_MMIO_STATUS, .value = 9, .width_bytes = widths[i]};
        assert_int_equal(virtio_mmio_access(&f->mmio, &load), MMIO_DONE);
        assert_int_equal(load.value, 0);
    }
    struct mmio_access store = {.offset = VIRTIO_MMIO_STATUS + 2, .width_bytes = 4, .is_write = true};
    assert_int_equal(virtio_mmio_access(&f->mmio, &store), MMIO_DONE);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_MAGIC_VALUE, 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_CONFIG_GENERATION, 5);
    assert_int_equal(status(f), 0xf);
    assert_int_equal(virtio_driver_read(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY), 0);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, 2);
    virtio_driver_write(&f->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
    assert_int_equal(f->kicks[0] + f->kicks[1], 0);
}

static void test_init_checks(void **state)
{
    struct fixture *f = *state;
    struct virtio_device_setup bad = f->device.setup;

    bad.queue_count = VMM_CONFIG_MAX_QUEUES + 1;
    assert_int_equal(virtio_device_init(&f->device, &bad), ERR_RANGE);
    bad.queue_count = 1;
    bad.queue_size = 0;
    assert_int_equal(virtio_device_init(&f->device, &bad), ERR_FORMAT);
    bad.queue_size = 48;
    assert_int_equal(virtio_device_init(&f->device, &bad), ERR_FORMAT);
    bad.queue_size = 2048;
    assert_int_equal(virtio_device_init(&f->device, &bad), ERR_FORMAT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_identification),
        TEST(test_bring_up),
        TEST(test_bad_feature_sets_are_refused),
        TEST(test_features_are_fixed_once_accepted),
        TEST(test_driver_ok_needs_features_ok),
        TEST(test_status_bits_stay),
        TEST(test_queue_registers),
        TEST(test_high_halves_of_addresses),
        TEST(test_bad_queues_break_the_device),
        TEST(test_queue_before_features_ok),
        TEST(test_interrupts),
        TEST(test_posted_interrupts_always_look_like_queue_news),
        TEST(test_failure_tells_a_running_driver),
        TEST(test_config_space),
        TEST(test_odd_accesses_do_nothing),
        TEST(test_init_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
