/* SPDX-License-Identifier: BSD-2-Clause */
/* The alarm at the timer PD: it never rings late, and asks the timer PD no more than it has to. */
#include "lib/timer_client/timer_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/config/timer_config.h"
#include "microkit/host/microkit_host.h"

#define CHANNEL 9u

static uint64_t asked_for;

static microkit_msginfo timer(void *context, microkit_channel channel, microkit_msginfo message)
{
    (void)context;
    assert_int_equal(channel, CHANNEL);
    assert_int_equal(microkit_msginfo_get_label(message), TIMER_SET);
    assert_int_equal(microkit_msginfo_get_count(message), 1);
    asked_for = microkit_mr_get(0);
    return microkit_msginfo_new(TIMER_OK, 0);
}

static size_t calls(void)
{
    return microkit_host_count(MICROKIT_HOST_PPCALL, CHANNEL);
}

static void test_only_an_earlier_deadline_is_asked_for(void **state)
{
    struct timer_client alarm;

    (void)state;
    microkit_host_reset();
    microkit_host_set_ppc(timer, NULL);
    timer_client_init(&alarm, CHANNEL);
    timer_client_set(&alarm, TIMER_CLIENT_NEVER);
    assert_int_equal(calls(), 0);
    timer_client_set(&alarm, 5000);
    assert_int_equal(calls(), 1);
    assert_int_equal(asked_for, 5000);
    timer_client_set(&alarm, 5000);
    timer_client_set(&alarm, 6000);
    timer_client_set(&alarm, TIMER_CLIENT_NEVER);
    assert_int_equal(calls(), 1);
    timer_client_set(&alarm, 4000);
    assert_int_equal(calls(), 2);
    assert_int_equal(asked_for, 4000);
    timer_client_heard(&alarm);
    timer_client_set(&alarm, 6000);
    assert_int_equal(calls(), 3);
    assert_int_equal(asked_for, 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_only_an_earlier_deadline_is_asked_for)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
