/* SPDX-License-Identifier: BSD-2-Clause */
/* The multiplexer when there is more to show than the line takes: who may be dropped from is, and that is
 * counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/mux_fixture.h"

static int setup(void **state)
{
    mux_fixture_start(&mux_fixture, MUX_FIXTURE_CLIENTS);
    *state = &mux_fixture;
    return 0;
}

static void test_drop_policy_counts(void **state)
{
    struct mux_fixture *f = *state;
    f->config.clients[1].flags = SERIAL_MUX_CLIENT_DROP;
    assert_int_equal(serial_mux_init(&f->mux, &f->config, f->mux.notify, f), ERR_OK);
    (void)ring_sync(&f->clients[1]);
    (void)ring_sync(&f->driver);
    uint32_t written = 0;
    for (uint32_t turn = 0; turn < 100; turn++) {
        while (mux_fixture_write(f, 1, "0123456\n") == 8) {
            written += 8;
        }
        mux_fixture_run_once(f);
    }
    assert_true(written > 10 * MUX_CONSOLE_SCROLLBACK_BYTES); /* never had to wait */
    mux_fixture_run(f);
    const char *shown = mux_fixture_shown(f);
    const char *report = strstr(shown, "[vm2] -- ");
    assert_non_null(report);
    unsigned long long dropped = strtoull(report + strlen("[vm2] -- "), NULL, 10);
    assert_int_equal(dropped, f->mux.consoles[1].dropped);
    uint32_t lines = 0;
    for (const char *at = shown; (at = strstr(at, "[vm2] 0123456\r\n")) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines * 8 + dropped, written);
}

/* What the console with the input loses is said where it is lost, below what it has drawn. */
static void test_drops_of_the_focused_console_are_reported(void **state)
{
    struct mux_fixture *f = *state;
    f->config.clients[0].flags = SERIAL_MUX_CLIENT_DROP;
    assert_int_equal(serial_mux_init(&f->mux, &f->config, f->mux.notify, f), ERR_OK);
    (void)ring_sync(&f->clients[0]);
    (void)ring_sync(&f->driver);
    uint32_t written = mux_fixture_write(f, 0, "vm1:~# ");
    mux_fixture_run(f);
    for (uint32_t turn = 0; turn < 100; turn++) {
        while (mux_fixture_write(f, 0, "0123456\n") == 8) {
            written += 8;
        }
        mux_fixture_run_once(f);
    }
    mux_fixture_run(f);
    const char *shown = mux_fixture_shown(f);
    const char *report = strstr(shown, "-- ");
    assert_non_null(report);
    uint64_t reported = 0;
    for (; report != NULL; report = strstr(report + 1, "-- ")) {
        reported += strtoull(report + strlen("-- "), NULL, 10);
    }
    assert_true(f->mux.consoles[0].dropped > 0);
    assert_int_equal(reported, f->mux.consoles[0].dropped);
    assert_true(f->mux.consoles[0].dropped < written);
    (void)mux_fixture_write(f, 0, "vm1:~# ");
    mux_fixture_run(f);
    assert_non_null(strstr(mux_fixture_shown(f), "vm1:~# "));
}

/* Without a line there is nobody to show it to; who writes goes on all the same. */
static void test_without_a_driver_nobody_waits(void **state)
{
    struct mux_fixture *f = *state;
    f->config.driver.bytes = 0;
    assert_int_equal(serial_mux_init(&f->mux, &f->config, f->mux.notify, f), ERR_OK);
    (void)ring_sync(&f->clients[0]);
    for (uint32_t turn = 0; turn < 100; turn++) {
        while (mux_fixture_write(f, 0, "0123456\n") == 8) {
        }
        mux_fixture_run_once(f);
        (void)ring_sync(&f->clients[0]);
        assert_true(ring_space(&f->clients[0]) > 0);
    }
    assert_int_equal(f->mux.consoles[0].written, f->mux.consoles[0].shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_drop_policy_counts, setup),
        cmocka_unit_test_setup(test_drops_of_the_focused_console_are_reported, setup),
        cmocka_unit_test_setup(test_without_a_driver_nobody_waits, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
