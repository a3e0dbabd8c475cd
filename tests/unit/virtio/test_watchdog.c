/* SPDX-License-Identifier: BSD-2-Clause */
/** The guest's watchdog, as its driver sees it and as time goes by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "microkit/host/microkit_host.h"
#include "vmm/device/watchdog.h"
#include "vmm/platform_fake.h"

#define SPI 44u
#define REFRESH WATCHDOG_FRAME_BYTES

struct fixture {
    struct vgic vgic;
    struct irq_line line;
    struct watchdog watchdog;
};

static struct fixture fixture;

static int setup(void **state)
{
    const struct vmm_device_config config = {.u.watchdog = {.limit_ms = 4000, .boot_ms = 30000}};
    struct fixture *f = &fixture;

    *f = (struct fixture){0};
    platform_fake_reset();
    microkit_host_reset();
    platform_fake.milliseconds = 1000;
    assert_int_equal(vgic_init(&f->vgic, 1, 32), ERR_OK);
    f->line = (struct irq_line){.vgic = &f->vgic, .intid = SPI};
    watchdog_init(&f->watchdog, &config, &f->line);
    *state = f;
    return 0;
}

static void store(struct fixture *f, uint64_t offset, uint64_t value)
{
    struct mmio_access access = {.offset = offset, .value = value, .width_bytes = 4, .is_write = true};

    assert_int_equal(watchdog_access(&f->watchdog, &access), MMIO_DONE);
}

static uint64_t load(struct fixture *f, uint64_t offset)
{
    struct mmio_access access = {.offset = offset, .width_bytes = 4};

    assert_int_equal(watchdog_access(&f->watchdog, &access), MMIO_DONE);
    return access.value;
}

static bool expires_at(struct fixture *f, uint64_t now)
{
    platform_fake.milliseconds = now;
    return watchdog_expire(&f->watchdog);
}

/* As Linux' sbsa_gwdt does for a timeout of so many ms. */
static void set_timeout(struct fixture *f, uint64_t ms)
{
    store(f, WATCHDOG_WOR, ms / 2 * platform_counter_hz() / 1000);
}

static void a_guest_has_time_to_boot(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(watchdog_due(&f->watchdog), PLATFORM_NEVER);
    watchdog_start(&f->watchdog);
    assert_int_equal(load(f, WATCHDOG_WCS), WATCHDOG_EN);
    assert_int_equal(load(f, WATCHDOG_IIDR), 0);
    assert_int_equal(watchdog_due(&f->watchdog), 31000);
    assert_false(expires_at(f, 30999));
    assert_true(expires_at(f, 31000));
    assert_false(expires_at(f, 40000));
}

static void a_guest_that_refreshes_lives(void **state)
{
    struct fixture *f = *state;

    watchdog_start(&f->watchdog);
    set_timeout(f, 4000);
    for (uint64_t now = 2000; now < 100000; now += 1900) {
        assert_false(expires_at(f, now));
        store(f, REFRESH + WATCHDOG_WRR, 0);
        assert_int_equal(load(f, WATCHDOG_WCS), WATCHDOG_EN);
    }
}

static void two_signals_one_after_the_other(void **state)
{
    struct fixture *f = *state;

    watchdog_start(&f->watchdog);
    set_timeout(f, 2000);
    assert_int_equal(watchdog_due(&f->watchdog), 2000);
    assert_int_equal(
        (load(f, WATCHDOG_WCV_HIGH) << 32 | load(f, WATCHDOG_WCV_LOW)) * 1000 / platform_counter_hz(), 2000);
    assert_false(expires_at(f, 2000));
    assert_int_equal(load(f, WATCHDOG_WCS), WATCHDOG_EN | WATCHDOG_WS0);
    assert_true(platform_fake.vcpus[0].virqs[SPI].level);
    assert_int_equal(watchdog_due(&f->watchdog), 3000);
    assert_true(expires_at(f, 3000));
    assert_int_equal(watchdog_due(&f->watchdog), PLATFORM_NEVER);
}

static void a_refresh_takes_the_first_signal_back(void **state)
{
    struct fixture *f = *state;

    watchdog_start(&f->watchdog);
    set_timeout(f, 2000);
    assert_false(expires_at(f, 2500));
    store(f, REFRESH + WATCHDOG_WRR, 0);
    assert_false(platform_fake.vcpus[0].virqs[SPI].level);
    assert_int_equal(load(f, WATCHDOG_WCS), WATCHDOG_EN);
    assert_false(expires_at(f, 4499));
    assert_true(expires_at(f, 4500));
}

static void the_description_has_the_last_word(void **state)
{
    struct fixture *f = *state;

    watchdog_start(&f->watchdog);
    store(f, WATCHDOG_WOR, UINT32_MAX);
    assert_int_equal(load(f, WATCHDOG_WOR), UINT32_MAX);
    assert_int_equal(watchdog_due(&f->watchdog), 5000);
    store(f, WATCHDOG_WCV_LOW, UINT32_MAX);
    store(f, WATCHDOG_WCV_HIGH, UINT32_MAX);
    assert_false(expires_at(f, 4999));
    assert_true(expires_at(f, 5000));
}

static void a_guest_may_switch_it_off(void **state)
{
    struct fixture *f = *state;

    watchdog_start(&f->watchdog);
    store(f, WATCHDOG_WCS, 0);
    assert_int_equal(load(f, WATCHDOG_WCS), 0);
    assert_int_equal(watchdog_due(&f->watchdog), PLATFORM_NEVER);
    assert_int_equal(load(f, WATCHDOG_WCV_LOW), 0);
    assert_false(expires_at(f, 1000000));
    store(f, REFRESH + WATCHDOG_WRR, 0);
    assert_int_equal(watchdog_due(&f->watchdog), PLATFORM_NEVER);
    store(f, WATCHDOG_WCS, 0xffffffff);
    assert_int_equal(load(f, WATCHDOG_WCS), WATCHDOG_EN);
    assert_true(expires_at(f, 1004000));
}

static void the_next_guest_hears_of_it(void **state)
{
    struct fixture *f = *state;

    watchdog_start(&f->watchdog);
    assert_true(expires_at(f, 50000));
    watchdog_stop(&f->watchdog);
    watchdog_start(&f->watchdog);
    assert_int_equal(load(f, WATCHDOG_WCS), WATCHDOG_EN | WATCHDOG_WS1);
    assert_int_equal(watchdog_due(&f->watchdog), 80000);
    set_timeout(f, 4000);
    assert_int_equal(load(f, WATCHDOG_WCS), WATCHDOG_EN);
    watchdog_start(&f->watchdog);
    assert_int_equal(load(f, WATCHDOG_WCS), WATCHDOG_EN);
}

static void odd_accesses_do_nothing(void **state)
{
    struct fixture *f = *state;

    watchdog_start(&f->watchdog);
    for (uint64_t offset = 0; offset < WATCHDOG_WINDOW_BYTES; offset++) {
        struct mmio_access wide = {.offset = offset, .value = 0, .width_bytes = 8, .is_write = true};
        struct mmio_access narrow = {.offset = offset, .value = 0, .width_bytes = 1, .is_write = true};
        struct mmio_access skewed = {.offset = offset | 2, .value = 0, .width_bytes = 4, .is_write = true};

        assert_int_equal(watchdog_access(&f->watchdog, &wide), MMIO_DONE);
        assert_int_equal(watchdog_access(&f->watchdog, &narrow), MMIO_DONE);
        assert_int_equal(watchdog_access(&f->watchdog, &skewed), MMIO_DONE);
    }
    assert_int_equal(watchdog_due(&f->watchdog), 31000);
    /* Nor do stores to what there is not. */
    store(f, 0xffc, 1);
    store(f, REFRESH + 0x10, 1);
    assert_int_equal(load(f, 0xffc), 0);
    assert_int_equal(load(f, REFRESH), 0);
    assert_int_equal(watchdog_due(&f->watchdog), 31000);
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_guest_has_time_to_boot),          CASE(a_guest_that_refreshes_lives),
        CASE(two_signals_one_after_the_other),   CASE(a_refresh_takes_the_first_signal_back),
        CASE(the_description_has_the_last_word), CASE(a_guest_may_switch_it_off),
        CASE(the_next_guest_hears_of_it),        CASE(odd_accesses_do_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
