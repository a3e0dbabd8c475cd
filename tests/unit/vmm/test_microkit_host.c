/* SPDX-License-Identifier: BSD-2-Clause */
/** The recorder keeps what a PD did and refuses what the real providers refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "microkit/host/microkit_host.h"

static int setup(void **state)
{
    (void)state;
    microkit_host_reset();
    return 0;
}

static void records_in_order(void **state)
{
    (void)state;
    microkit_notify(3);
    microkit_irq_ack(4);
    microkit_notify(3);

    assert_int_equal(microkit_host_call_count(), 3);
    assert_int_equal(microkit_host_call_at(1)->kind, MICROKIT_HOST_IRQ_ACK);
    assert_int_equal(microkit_host_call_at(1)->id, 4);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, 3), 2);
    assert_null(microkit_host_call_at(3));
}

static void refuses_channels_not_granted(void **state)
{
    (void)state;
    microkit_notifications = 1u << 2;
    microkit_notify(1);
    microkit_notify(62);
    microkit_notify(2);

    assert_int_equal(microkit_host_call_count(), 1);
    assert_string_equal(microkit_host_text(), "test microkit_notify: invalid channel given '1'\n"
                                              "test microkit_notify: invalid channel given '62'\n");
}

static microkit_msginfo double_word(void *context, microkit_channel ch, microkit_msginfo msginfo)
{
    *(microkit_channel *)context = ch;
    microkit_mr_set(0, 2 * microkit_mr_get(0));
    return microkit_msginfo_new(microkit_msginfo_get_label(msginfo) + 1, 1);
}

static void ppc_is_answered(void **state)
{
    microkit_channel seen = 0;

    (void)state;
    microkit_host_set_ppc(double_word, &seen);
    microkit_mr_set(0, 21);
    microkit_msginfo reply = microkit_ppcall(7, microkit_msginfo_new(5, 1));

    assert_int_equal(seen, 7);
    assert_int_equal(microkit_mr_get(0), 42);
    assert_int_equal(microkit_msginfo_get_label(reply), 6);
    assert_int_equal(microkit_msginfo_get_count(reply), 1);
    microkit_pps = 0;
    assert_int_equal(microkit_msginfo_get_label(microkit_ppcall(7, reply)), 0);
}

static void words_beyond_the_message_read_zero(void **state)
{
    (void)state;
    microkit_mr_set(63, 9);
    microkit_mr_set(64, 9);
    microkit_mr_set(255, 9);
    assert_int_equal(microkit_mr_get(63), 9);
    assert_int_equal(microkit_mr_get(64), 0);
    assert_int_equal(microkit_mr_get(255), 0);
}

static void too_many_calls_are_counted(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < MICROKIT_HOST_MAX_CALLS + 5; i++) {
        microkit_notify(0);
    }
    assert_int_equal(microkit_host_call_count(), MICROKIT_HOST_MAX_CALLS + 5);
    assert_null(microkit_host_call_at(MICROKIT_HOST_MAX_CALLS));
    microkit_host_forget();
    assert_int_equal(microkit_host_call_count(), 0);
}

static void numbers_are_decimal(void **state)
{
    (void)state;
    microkit_dbg_put32(0);
    microkit_dbg_putc(' ');
    microkit_dbg_put32(4294967295u);
    microkit_dbg_putc(' ');
    microkit_dbg_put8(255);
    assert_string_equal(microkit_host_text(), "0 4294967295 255");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(records_in_order, setup),
        cmocka_unit_test_setup(refuses_channels_not_granted, setup),
        cmocka_unit_test_setup(ppc_is_answered, setup),
        cmocka_unit_test_setup(words_beyond_the_message_read_zero, setup),
        cmocka_unit_test_setup(too_many_calls_are_counted, setup),
        cmocka_unit_test_setup(numbers_are_decimal, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
