/* SPDX-License-Identifier: BSD-2-Clause */
/** A service's counts of its time by client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/account/account.h"

#define CLIENT 5u
#define OTHER 61u

static uint64_t page[512];
static uint64_t time_now;
static uint32_t looks;

static uint64_t now(void)
{
    looks++;
    return time_now;
}

static int setup(void **state)
{
    static struct account account;

    for (uint32_t i = 0; i < 512; i++) {
        page[i] = 0;
    }
    time_now = 1000;
    account_init(&account, page, now);
    looks = 0;
    *state = &account;
    return 0;
}

static void test_time_goes_to_who_was_served(void **state)
{
    struct account *account = *state;

    assert_int_equal(page[SYSDESC_ACCOUNT_WORD], ACCOUNT_NOBODY);
    account_enter(account, CLIENT);
    assert_int_equal(page[SYSDESC_ACCOUNT_WORD], CLIENT);
    assert_int_equal(page[SYSDESC_ACCOUNTS_WORD], 0);
    time_now += 70;
    account_enter(account, OTHER);
    time_now += 30;
    account_enter(account, CLIENT);
    time_now += 5;
    account_enter(account, ACCOUNT_NOBODY);
    time_now += 1000;
    account_enter(account, OTHER);
    assert_int_equal(page[SYSDESC_ACCOUNT_TICKS_WORD + CLIENT], 75);
    assert_int_equal(page[SYSDESC_ACCOUNT_TICKS_WORD + OTHER], 30);
    assert_int_equal(page[SYSDESC_ACCOUNTS_WORD], 1ull << CLIENT | 1ull << OTHER);
}

/* The kernel has taken what there was. */
static void test_counts_begin_again_when_they_were_taken(void **state)
{
    struct account *account = *state;

    account_enter(account, CLIENT);
    time_now += 70;
    account_enter(account, ACCOUNT_NOBODY);
    page[SYSDESC_ACCOUNT_TICKS_WORD + CLIENT] = 0;
    page[SYSDESC_ACCOUNTS_WORD] = 0;
    account_enter(account, CLIENT);
    time_now += 8;
    account_enter(account, ACCOUNT_NOBODY);
    assert_int_equal(page[SYSDESC_ACCOUNT_TICKS_WORD + CLIENT], 8);
    assert_int_equal(page[SYSDESC_ACCOUNTS_WORD], 1ull << CLIENT);
}

static void test_the_same_client_costs_nothing(void **state)
{
    struct account *account = *state;

    account_enter(account, CLIENT);
    account_enter(account, CLIENT);
    assert_int_equal(looks, 1);
}

static void test_what_is_no_client_is_nobody(void **state)
{
    struct account *account = *state;

    account_enter(account, UINT32_MAX);
    time_now += 8;
    account_enter(account, CLIENT);
    assert_int_equal(page[SYSDESC_ACCOUNTS_WORD], 0);
    account_enter(account, 64);
    assert_int_equal(page[SYSDESC_ACCOUNT_WORD], ACCOUNT_NOBODY);
}

static void test_without_a_page_nothing_is_counted(void **state)
{
    struct account account;

    (void)state;
    account_init(&account, NULL, now);
    account_enter(&account, CLIENT);
    account_enter(&account, OTHER);
    assert_int_equal(looks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_time_goes_to_who_was_served, setup),
        cmocka_unit_test_setup(test_counts_begin_again_when_they_were_taken, setup),
        cmocka_unit_test_setup(test_the_same_client_costs_nothing, setup),
        cmocka_unit_test_setup(test_what_is_no_client_is_nobody, setup),
        cmocka_unit_test_setup(test_without_a_page_nothing_is_counted, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
