/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/rx_filter.h"

static const uint8_t own[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t other[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t group[6] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* A frame to `mac`; `vlan` 0: untagged. */
static bool accepts(const struct rx_filter *filter, const uint8_t mac[6], uint32_t vlan)
{
    uint8_t header[RX_FILTER_HEADER_BYTES] = {0};

    memcpy(header, mac, 6);
    header[12] = vlan != 0 ? 0x81 : 0x08;
    header[14] = (uint8_t)(0xe0 | vlan >> 8); /* priority bits above */
    header[15] = (uint8_t)vlan;
    return rx_filter_accepts(filter, header);
}

static struct rx_filter closed(void)
{
    struct rx_filter filter;

    rx_filter_open(&filter, own);
    filter.mode = 0;
    return filter;
}

static void test_open_filter_lets_everything_through(void **state)
{
    struct rx_filter filter;

    (void)state;
    rx_filter_open(&filter, own);
    assert_true(accepts(&filter, other, 0));
    assert_true(accepts(&filter, group, 7));
    assert_true(accepts(&filter, broadcast, 4095));
    filter.mode |= RX_FILTER_VLANS | RX_FILTER_NOUNI; /* as QEMU: promiscuous is stronger */
    assert_true(accepts(&filter, other, 3));
}

/* A station without VLANs takes frames that have only a priority, to its own address as to all. */
static void test_priority_tag_is_no_vlan(void **state)
{
    struct rx_filter filter = closed();
    uint8_t header[RX_FILTER_HEADER_BYTES] = {2, 0, 0, 0, 0, 1, [12] = 0x81, [14] = 0xc0};

    (void)state;
    filter.mode = RX_FILTER_VLANS;
    assert_true(rx_filter_accepts(&filter, header));
    memcpy(header, broadcast, 6);
    assert_true(rx_filter_accepts(&filter, header));
    header[15] = 1; /* VLAN 1 is one */
    assert_false(rx_filter_accepts(&filter, header));
    memcpy(header, other, 6);
    header[15] = 0;
    assert_false(rx_filter_accepts(&filter, header));
}

static void test_own_address_and_broadcast_by_default(void **state)
{
    const struct rx_filter filter = closed();

    (void)state;
    assert_true(accepts(&filter, own, 0));
    assert_true(accepts(&filter, broadcast, 0));
    assert_false(accepts(&filter, other, 0));
    assert_false(accepts(&filter, group, 0));
}

static void test_modes(void **state)
{
    struct rx_filter filter = closed();

    (void)state;
    filter.mode = RX_FILTER_ALLMULTI;
    assert_true(accepts(&filter, group, 0));
    assert_false(accepts(&filter, other, 0));
    filter.mode = RX_FILTER_ALLUNI;
    assert_true(accepts(&filter, other, 0));
    assert_false(accepts(&filter, group, 0));
    filter.mode = RX_FILTER_ALLMULTI | RX_FILTER_NOMULTI;
    assert_false(accepts(&filter, group, 0));
    assert_true(accepts(&filter, broadcast, 0));
    filter.mode = RX_FILTER_ALLUNI | RX_FILTER_NOUNI;
    assert_false(accepts(&filter, own, 0));
    filter.mode = RX_FILTER_ALLMULTI | RX_FILTER_NOBCAST;
    assert_false(accepts(&filter, broadcast, 0));
    filter.mode = RX_FILTER_TABLE_UNI;
    assert_true(accepts(&filter, other, 0));
    assert_false(accepts(&filter, group, 0));
    filter.mode = RX_FILTER_TABLE_MULTI;
    assert_true(accepts(&filter, group, 0));
    assert_false(accepts(&filter, other, 0));
}

static void test_listed_addresses(void **state)
{
    struct rx_filter filter = closed();

    (void)state;
    memcpy(filter.macs[0], other, 6);
    memcpy(filter.macs[1], group, 6);
    filter.uni_count = 1;
    assert_true(accepts(&filter, other, 0));
    assert_false(accepts(&filter, group, 0));
    filter.multi_count = 1;
    assert_true(accepts(&filter, group, 0));
    filter.uni_count = UINT32_MAX / 2; /* nonsense stays within the table */
    filter.multi_count = UINT32_MAX;
    assert_false(accepts(&filter, (const uint8_t[6]){2, 9, 9, 9, 9, 9}, 0));
}

static void test_vlans(void **state)
{
    struct rx_filter filter = closed();

    (void)state;
    assert_true(accepts(&filter, own, 5));
    filter.mode = RX_FILTER_VLANS;
    assert_false(accepts(&filter, own, 5));
    assert_true(accepts(&filter, own, 0));
    assert_true(rx_filter_set_vlan(&filter, 5, true));
    assert_true(rx_filter_set_vlan(&filter, 4095, true));
    assert_true(accepts(&filter, own, 5));
    assert_true(accepts(&filter, own, 4095));
    assert_false(accepts(&filter, own, 6));
    assert_false(accepts(&filter, other, 5));
    assert_true(rx_filter_set_vlan(&filter, 5, false));
    assert_false(accepts(&filter, own, 5));
    assert_false(rx_filter_set_vlan(&filter, 4096, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_filter_lets_everything_through),
        cmocka_unit_test(test_priority_tag_is_no_vlan),
        cmocka_unit_test(test_own_address_and_broadcast_by_default),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_listed_addresses),
        cmocka_unit_test(test_vlans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
