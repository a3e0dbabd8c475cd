/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pd/vswitch/mac_table.h"

#define ENTRIES 64u

static struct mac_table_entry entries[MAC_TABLE_MAX_ENTRIES];

static mac_t mac_of(uint64_t number)
{
    return (mac_t){UINT64_C(0x525400000000) + number};
}

static struct mac_table table_of(uint32_t count, uint32_t ports)
{
    struct mac_table table;
    assert_int_equal(mac_table_init(&table, entries, count, ports, NULL, 0), ERR_OK);
    return table;
}

static void test_address_bytes(void **state)
{
    (void)state;
    static const uint8_t unicast[6] = {0x52, 0x54, 0, 1, 2, 3};
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t multicast[6] = {0x33, 0x33, 0, 0, 0, 1};
    assert_int_equal(mac_table_address(unicast).bits, UINT64_C(0x525400010203));
    assert_false(mac_table_is_group(mac_table_address(unicast)));
    assert_true(mac_table_is_group(mac_table_address(broadcast)));
    assert_true(mac_table_is_group(mac_table_address(multicast)));
}

static void test_init_checks_sizes(void **state)
{
    (void)state;
    static const uint32_t bad[] = {0, 4, 12, 24, 8192, UINT32_MAX};
    struct mac_table table;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mac_table_init(&table, entries, bad[i], 2, NULL, 0), ERR_RANGE);
    }
    assert_int_equal(mac_table_init(&table, entries, ENTRIES, 0, NULL, 0), ERR_RANGE);
    assert_int_equal(mac_table_init(&table, entries, MAC_TABLE_MIN_ENTRIES, 1, NULL, 0), ERR_OK);
    assert_int_equal(mac_table_init(&table, entries, MAC_TABLE_MAX_ENTRIES, 32, NULL, 0), ERR_OK);
}

static void test_learn_find_move_forget(void **state)
{
    (void)state;
    struct mac_table table = table_of(ENTRIES, 4);
    assert_int_equal(mac_table_find(&table, mac_of(1)), MAC_TABLE_NO_PORT);
    assert_int_equal(mac_table_find(&table, (mac_t){0}), MAC_TABLE_NO_PORT);
    assert_true(mac_table_learn(&table, mac_of(1), 2));
    assert_true(mac_table_learn(&table, mac_of(2), 3));
    assert_int_equal(mac_table_find(&table, mac_of(1)), 2);
    assert_true(mac_table_learn(&table, mac_of(1), 0));
    assert_int_equal(mac_table_find(&table, mac_of(1)), 0);
    mac_table_forget(&table, 0);
    assert_int_equal(mac_table_find(&table, mac_of(1)), MAC_TABLE_NO_PORT);
    assert_int_equal(mac_table_find(&table, mac_of(2)), 3);
}

static void test_static_entries_stay(void **state)
{
    (void)state;
    static const struct mac_table_static statics[] = {{{UINT64_C(0x525400000001)}, 0},
                                                      {{UINT64_C(0x525400000002)}, 1}};
    struct mac_table table;
    assert_int_equal(mac_table_init(&table, entries, MAC_TABLE_MIN_ENTRIES, 2, statics, 2), ERR_OK);
    assert_false(mac_table_learn(&table, mac_of(1), 1));
    assert_true(mac_table_learn(&table, mac_of(1), 0));
    for (uint64_t i = 100; i < 1000; i++) {
        assert_true(mac_table_learn(&table, mac_of(i), 1));
    }
    mac_table_forget(&table, 0);
    mac_table_forget(&table, 1);
    assert_int_equal(mac_table_find(&table, mac_of(1)), 0);
    assert_int_equal(mac_table_find(&table, mac_of(2)), 1);
}

static void test_static_entries_must_be_distinct_and_fit(void **state)
{
    (void)state;
    struct mac_table table;
    struct mac_table_static statics[MAC_TABLE_WAYS + 1];
    for (uint32_t i = 0; i <= MAC_TABLE_WAYS; i++) {
        statics[i] = (struct mac_table_static){.mac = mac_of(i), .port = i};
    }
    assert_int_equal(mac_table_init(&table, entries, 8, 9, statics, MAC_TABLE_WAYS), ERR_OK);
    assert_int_equal(mac_table_init(&table, entries, 8, 9, statics, MAC_TABLE_WAYS + 1), ERR_SPACE);
    statics[3].mac = statics[0].mac;
    assert_int_equal(mac_table_init(&table, entries, 64, 9, statics, 4), ERR_STATE);
}

static void test_a_table_full_of_static_entries_still_works(void **state)
{
    (void)state;
    struct mac_table table;
    struct mac_table_static statics[MAC_TABLE_WAYS];
    for (uint32_t i = 0; i < MAC_TABLE_WAYS; i++) {
        statics[i] = (struct mac_table_static){.mac = mac_of(i), .port = i};
    }
    assert_int_equal(mac_table_init(&table, entries, 8, 8, statics, MAC_TABLE_WAYS), ERR_OK);
    assert_true(mac_table_learn(&table, mac_of(99), 1));
    assert_int_equal(mac_table_find(&table, mac_of(99)), MAC_TABLE_NO_PORT);
}

static void test_half_of_32_static_addresses_in_64_entries_fit(void **state)
{
    (void)state;
    struct mac_table table;
    struct mac_table_static statics[32];
    for (uint32_t i = 0; i < 32; i++) {
        statics[i] = (struct mac_table_static){.mac = mac_of(i * 0x10001), .port = i};
    }
    assert_int_equal(mac_table_init(&table, entries, ENTRIES, 32, statics, 32), ERR_OK);
    for (uint32_t i = 0; i < 32; i++) {
        assert_int_equal(mac_table_find(&table, statics[i].mac), i);
    }
}

static void test_no_port_pushes_out_anothers_addresses(void **state)
{
    (void)state;
    struct mac_table table = table_of(ENTRIES, 4);
    assert_true(mac_table_learn(&table, mac_of(7), 0));
    assert_true(mac_table_learn(&table, mac_of(8), 1));
    for (uint64_t i = 1000; i < 20000; i++) {
        assert_true(mac_table_learn(&table, mac_of(i), 3));
    }
    assert_int_equal(mac_table_find(&table, mac_of(7)), 0);
    assert_int_equal(mac_table_find(&table, mac_of(8)), 1);
    assert_int_equal(mac_table_find(&table, mac_of(19999)), 3); /* the newest of its own is there */
    for (uint64_t i = 50; i < 60; i++) {
        assert_true(mac_table_learn(&table, mac_of(i), 2)); /* and others still find room */
        assert_int_equal(mac_table_find(&table, mac_of(i)), 2);
    }
}

static void test_oldest_goes_first(void **state)
{
    (void)state;
    struct mac_table table = table_of(MAC_TABLE_MIN_ENTRIES, 1);
    for (uint64_t i = 0; i < MAC_TABLE_WAYS; i++) {
        assert_true(mac_table_learn(&table, mac_of(i), 0));
    }
    assert_true(mac_table_learn(&table, mac_of(0), 0)); /* seen again: number 1 is the oldest now */
    assert_true(mac_table_learn(&table, mac_of(100), 0));
    assert_int_equal(mac_table_find(&table, mac_of(0)), 0);
    assert_int_equal(mac_table_find(&table, mac_of(1)), MAC_TABLE_NO_PORT);
    assert_int_equal(mac_table_find(&table, mac_of(100)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_bytes),
        cmocka_unit_test(test_init_checks_sizes),
        cmocka_unit_test(test_learn_find_move_forget),
        cmocka_unit_test(test_static_entries_stay),
        cmocka_unit_test(test_static_entries_must_be_distinct_and_fit),
        cmocka_unit_test(test_a_table_full_of_static_entries_still_works),
        cmocka_unit_test(test_half_of_32_static_addresses_in_64_entries_fit),
        cmocka_unit_test(test_no_port_pushes_out_anothers_addresses),
        cmocka_unit_test(test_oldest_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
