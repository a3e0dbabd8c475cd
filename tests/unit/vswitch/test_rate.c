/* SPDX-License-Identifier: BSD-2-Clause */
/* A port's rate is kept to the byte, whatever the rate and the frames, and who waits is not woken for each frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pd/vswitch/rate.h"

#define HZ 62500000u /* QEMU's */

struct run {
    uint64_t bytes;
    uint64_t wakeups;
    uint64_t first_bytes; /* before the first wait */
};

/* Send frames of `bytes` for `seconds` as fast as the limit allows; a wake-up comes `late` ticks late. */
static struct run send(uint32_t kbps, uint32_t burst, uint32_t bytes, uint64_t seconds, uint64_t late)
{
    struct rate rate;
    struct run run = {0};
    uint64_t now = 12345;

    rate_init(&rate, kbps, burst, HZ);
    while (now < 12345 + seconds * HZ) {
        while (rate_allows(&rate, now)) {
            rate_charge(&rate, bytes);
            run.bytes += bytes;
            run.first_bytes += run.wakeups == 0 ? bytes : 0;
        }
        assert_true(rate_ready_at(&rate) > now);
        now = rate_ready_at(&rate) + late;
        run.wakeups++;
    }
    return run;
}

static void expect_rate(uint32_t kbps, uint32_t bytes, uint64_t late)
{
    const uint64_t seconds = 10, right = (uint64_t)kbps * 125 * seconds;
    const struct run run = send(kbps, 0, bytes, seconds, late);

    /* The burst at the beginning, and a frame that is under way at the end. */
    assert_in_range(run.bytes, right * 999 / 1000 - bytes, right * 1001 / 1000 + kbps / 2 + 2 * bytes);
    assert_true(run.wakeups <= seconds * 1100);
}

static void test_rates_are_kept(void **state)
{
    static const uint32_t rates[] = {64, 1000, 10000, 100000, 1000000, 2000000, 40000000};
    static const uint32_t lengths[] = {60, 1514, 65550};

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
            expect_rate(rates[i], lengths[k], 0);
            expect_rate(rates[i], lengths[k], HZ / 20000); /* 50 us */
        }
    }
}

static void test_burst_goes_at_once(void **state)
{
    (void)state;
    assert_in_range(send(8000, 100000, 1000, 1, 0).first_bytes, 100000, 101000);
    assert_in_range(send(8000, 1, 1000, 1, 0).first_bytes, 1000, 1000);
    assert_in_range(send(8000, 0, 1000, 1, 0).first_bytes, 4000, 5000);
}

static void test_no_more_than_the_burst_is_saved_up(void **state)
{
    struct rate rate;
    uint64_t bytes = 0;

    (void)state;
    rate_init(&rate, 8000, 50000, HZ);
    assert_true(rate_allows(&rate, UINT64_C(1) << 60));
    while (rate_allows(&rate, UINT64_C(1) << 60)) {
        rate_charge(&rate, 1000);
        bytes += 1000;
    }
    assert_in_range(bytes, 50000, 51000);
}

/* The longest frames at the lowest rate, and the largest burst: nothing overflows. */
static void test_extremes(void **state)
{
    struct rate rate;

    (void)state;
    rate_init(&rate, 1, UINT32_MAX, 1000000000u);
    for (unsigned int i = 0; i < 1000000; i++) {
        rate_charge(&rate, 65557);
    }
    assert_false(rate_allows(&rate, 1));
    assert_true(rate_ready_at(&rate) > 1);
    rate_init(&rate, UINT32_MAX, 0, 1000000u);
    assert_true(rate_allows(&rate, 0));
    rate_charge(&rate, UINT32_MAX);
    assert_true(rate.per_byte > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_are_kept),
        cmocka_unit_test(test_burst_goes_at_once),
        cmocka_unit_test(test_no_more_than_the_burst_is_saved_up),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
