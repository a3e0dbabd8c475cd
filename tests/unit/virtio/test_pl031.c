/* SPDX-License-Identifier: BSD-2-Clause */
/** The guest's clock, as its driver sees it and as time goes by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/config/timer_config.h"
#include "microkit/host/microkit_host.h"
#include "vmm/device/pl031.h"
#include "vmm/platform_fake.h"

#define SPI 34u
#define TIMER_CHANNEL_ID 7u
/* Half a second past 2026-12-01 12:00:00 UTC. */
#define NOON 1796126400u
#define STARTED_MS 2000u

struct fixture {
    struct vgic vgic;
    struct irq_line line;
    struct vmm_config config;
    struct pl031 clock;
    bool timer_knows;
};

static struct fixture fixture;

static microkit_msginfo timer(void *context, microkit_channel channel, microkit_msginfo request)
{
    const struct fixture *f = context;

    assert_int_equal(channel, TIMER_CHANNEL_ID);
    assert_int_equal(microkit_msginfo_get_label(request), TIMER_CLOCK);
    assert_int_equal(microkit_msginfo_get_count(request), 0);
    microkit_mr_set(0, (uint64_t)NOON * 1000 + 500 - STARTED_MS);
    return f->timer_knows ? microkit_msginfo_new(TIMER_OK, 1) : microkit_msginfo_new(TIMER_INVALID, 0);
}

static void start(struct fixture *f)
{
    pl031_init(&f->clock, &f->config, &f->line);
}

static int setup(void **state)
{
    struct fixture *f = &fixture;

    *f = (struct fixture){.config = {.timer_channel = TIMER_CHANNEL_ID}, .timer_knows = true};
    platform_fake_reset();
    microkit_host_reset();
    microkit_host_set_ppc(timer, f);
    platform_fake.milliseconds = STARTED_MS;
    assert_int_equal(vgic_init(&f->vgic, 1, 32), ERR_OK);
    f->line = (struct irq_line){.vgic = &f->vgic, .intid = SPI};
    start(f);
    *state = f;
    return 0;
}

static void store(struct fixture *f, uint64_t offset, uint64_t value)
{
    struct mmio_access access = {.offset = offset, .value = value, .width_bytes = 4, .is_write = true};

    assert_int_equal(pl031_access(&f->clock, &access), MMIO_DONE);
}

static uint64_t load(struct fixture *f, uint64_t offset)
{
    struct mmio_access access = {.offset = offset, .width_bytes = 4};

    assert_int_equal(pl031_access(&f->clock, &access), MMIO_DONE);
    return access.value;
}

static void test_it_is_right_from_the_start(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(load(f, PL031_DR), NOON);
    assert_int_equal(load(f, PL031_LR), NOON);
    assert_int_equal(load(f, PL031_CR), 1);
    platform_fake.milliseconds = STARTED_MS + 499;
    assert_int_equal(load(f, PL031_DR), NOON);
    platform_fake.milliseconds = STARTED_MS + 500;
    assert_int_equal(load(f, PL031_DR), NOON + 1);
    platform_fake.milliseconds = STARTED_MS + 86400u * 1000;
    assert_int_equal(load(f, PL031_DR), NOON + 86400);
}

static void test_nobody_knows_the_time(void **state)
{
    struct fixture *f = *state;

    f->timer_knows = false;
    start(f);
    assert_int_equal(load(f, PL031_DR), STARTED_MS / 1000);
}

static void test_linux_knows_it_by_its_identification(void **state)
{
    struct fixture *f = *state;
    static const uint32_t bytes[] = {0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(load(f, PL031_ID + 4 * i), bytes[i]);
    }
    assert_int_equal(load(f, 0xfdc), 0);
}

/* The whole second begins with the store, and a restart of the guest leaves it alone. */
static void test_the_guest_sets_it(void **state)
{
    struct fixture *f = *state;

    store(f, PL031_LR, 100);
    assert_int_equal(load(f, PL031_DR), 100);
    assert_int_equal(load(f, PL031_LR), 100);
    platform_fake.milliseconds += 999;
    assert_int_equal(load(f, PL031_DR), 100);
    platform_fake.milliseconds += 1;
    assert_int_equal(load(f, PL031_DR), 101);
    pl031_reset(&f->clock);
    assert_int_equal(load(f, PL031_DR), 101);
    store(f, PL031_LR, UINT32_MAX);
    platform_fake.milliseconds += 1000;
    assert_int_equal(load(f, PL031_DR), 0);
}

static void test_an_alarm_rings_once(void **state)
{
    struct fixture *f = *state;

    store(f, PL031_MR, NOON + 3);
    assert_int_equal(pl031_due(&f->clock), PLATFORM_NEVER); /* masked: nobody waits */
    store(f, PL031_IMSC, 1);
    assert_int_equal(pl031_due(&f->clock), STARTED_MS + 2500);
    platform_fake.milliseconds = STARTED_MS + 2499;
    pl031_expire(&f->clock);
    assert_int_equal(load(f, PL031_RIS), 0);
    assert_false(platform_fake.vcpus[0].virqs[SPI].level);
    platform_fake.milliseconds = STARTED_MS + 2500;
    pl031_expire(&f->clock);
    assert_int_equal(pl031_due(&f->clock), PLATFORM_NEVER);
    assert_true(platform_fake.vcpus[0].virqs[SPI].level);
    assert_int_equal(load(f, PL031_DR), NOON + 3);
    assert_int_equal(load(f, PL031_MIS), 1);
    store(f, PL031_IMSC, 0);
    assert_false(platform_fake.vcpus[0].virqs[SPI].level);
    assert_int_equal(load(f, PL031_MIS), 0);
    assert_int_equal(load(f, PL031_RIS), 1);
    store(f, PL031_ICR, 1);
    store(f, PL031_IMSC, 1);
    platform_fake.milliseconds += 100000;
    pl031_expire(&f->clock);
    assert_false(platform_fake.vcpus[0].virqs[SPI].level);
}

/* As a driver does that polls: the match shows although nobody waited for it. */
static void test_a_masked_match_shows(void **state)
{
    struct fixture *f = *state;

    store(f, PL031_MR, NOON + 1);
    platform_fake.milliseconds += 500;
    assert_int_equal(load(f, PL031_RIS), 1);
    assert_false(platform_fake.vcpus[0].virqs[SPI].level);
    store(f, PL031_IMSC, 1);
    assert_true(platform_fake.vcpus[0].virqs[SPI].level);
}

static void test_an_alarm_moves_with_the_clock(void **state)
{
    struct fixture *f = *state;

    store(f, PL031_IMSC, 1);
    store(f, PL031_MR, NOON + 60);
    store(f, PL031_LR, NOON + 50);
    assert_int_equal(pl031_due(&f->clock), STARTED_MS + 10000);
    pl031_reset(&f->clock);
    assert_int_equal(pl031_due(&f->clock), PLATFORM_NEVER);
    store(f, PL031_MR, NOON + 50); /* this very second */
    assert_int_equal(load(f, PL031_RIS), 1);
}

static void test_odd_accesses_do_nothing(void **state)
{
    struct fixture *f = *state;
    struct mmio_access wide = {.offset = PL031_LR, .value = 5, .width_bytes = 8, .is_write = true};
    struct mmio_access crooked = {.offset = PL031_LR + 2, .value = 5, .width_bytes = 4, .is_write = true};

    assert_int_equal(pl031_access(&f->clock, &wide), MMIO_DONE);
    assert_int_equal(pl031_access(&f->clock, &crooked), MMIO_DONE);
    store(f, PL031_DR, 5);
    store(f, PL031_CR, 0);
    assert_int_equal(load(f, PL031_DR), NOON);
    assert_int_equal(load(f, PL031_CR), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_it_is_right_from_the_start, setup),
        cmocka_unit_test_setup(test_nobody_knows_the_time, setup),
        cmocka_unit_test_setup(test_linux_knows_it_by_its_identification, setup),
        cmocka_unit_test_setup(test_the_guest_sets_it, setup),
        cmocka_unit_test_setup(test_an_alarm_rings_once, setup),
        cmocka_unit_test_setup(test_a_masked_match_shows, setup),
        cmocka_unit_test_setup(test_an_alarm_moves_with_the_clock, setup),
        cmocka_unit_test_setup(test_odd_accesses_do_nothing, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
