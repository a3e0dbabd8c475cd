/* SPDX-License-Identifier: BSD-2-Clause */
/* A program's end of a switch's port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/netclient/netclient.h"

#define REGION_BYTES 0x9000u

_Alignas(64) static uint8_t regions[2][REGION_BYTES];
static struct netclient net;
static struct ring lan;

static struct netclient_config configuration(void)
{
    return (struct netclient_config){
        .header = {.magic = NETCLIENT_CONFIG_MAGIC,
                   .version = NETCLIENT_CONFIG_VERSION,
                   .flags = CONFIG_FILLED,
                   .size_bytes = sizeof(struct netclient_config)},
        .link = {(uint64_t)(uintptr_t)regions[0], (uint64_t)(uintptr_t)regions[1], REGION_BYTES, 3},
        .mac = {2, 0, 0, 0, 0, 1},
        .mtu = 1500};
}

static int setup(void **state)
{
    const struct netclient_config config = configuration();

    (void)state;
    memset(regions, 0, sizeof regions);
    assert_int_equal(netclient_init(&net, &config), ERR_OK);
    assert_int_equal(ring_init(&lan, regions[1], regions[0], REGION_BYTES), ERR_OK);
    return 0;
}

static void lan_sends(uint32_t bytes, uint64_t meta)
{
    uint8_t *data;

    assert_int_equal(ring_reserve(&lan, bytes, &data), ERR_OK);
    memset(data, (int)bytes, bytes);
    ring_commit(&lan, bytes, meta);
}

static void test_frames_in_and_out(void **state)
{
    struct ring_record record;
    const uint8_t *data;
    uint32_t bytes;

    (void)state;
    assert_int_equal(net.channel, 3);
    assert_int_equal(net.mtu, 1500);
    assert_null(netclient_receive(&net, &bytes));
    for (uint32_t i = 14; i < 1500; i++) {
        lan_sends(i, 0);
        data = netclient_receive(&net, &bytes);
        assert_non_null(data);
        assert_int_equal(bytes, i);
        uint8_t *to = netclient_frame(&net, bytes);
        assert_non_null(to);
        memcpy(to, data, bytes);
        netclient_send(&net, bytes);
        netclient_done(&net);
        netclient_flush(&net);
        assert_int_equal(ring_peek(&lan, &record, &data), ERR_OK);
        assert_int_equal(record.length_bytes, i);
        assert_int_equal(record.meta, 0);
        assert_int_equal(data[i - 1], (uint8_t)i);
        ring_release(&lan);
    }
    assert_int_equal(net.received, 1486);
    assert_int_equal(net.sent, 1486);
}

static void test_what_is_no_frame_is_passed_over(void **state)
{
    uint32_t bytes;

    (void)state;
    lan_sends(13, 0);
    lan_sends(100, 1); /* unfinished, which nobody offered */
    lan_sends(60, 0);
    assert_non_null(netclient_receive(&net, &bytes));
    assert_int_equal(bytes, 60);
    netclient_done(&net);
    assert_null(netclient_receive(&net, &bytes));
}

static void test_room(void **state)
{
    (void)state;
    assert_null(netclient_frame(&net, 13));
    assert_null(netclient_frame(&net, 0x10000));
    while (netclient_frame(&net, 1000) != NULL) {
        netclient_send(&net, 1000);
    }
    assert_int_equal(net.sent, 32);
    assert_int_equal(net.dropped, 3);
}

static void test_the_switch_begins_again(void **state)
{
    uint32_t bytes;

    (void)state;
    lan_sends(60, 0);
    assert_false(netclient_wake(&net));
    assert_int_equal(ring_init(&lan, regions[1], regions[0], REGION_BYTES), ERR_OK);
    assert_true(netclient_wake(&net));
    assert_null(netclient_receive(&net, &bytes));
    lan_sends(61, 0);
    assert_non_null(netclient_receive(&net, &bytes));
    assert_int_equal(bytes, 61);
}

static void test_a_program_without_a_port(void **state)
{
    struct netclient_config config = configuration();

    (void)state;
    config.header.flags = 0;
    assert_int_equal(netclient_init(&net, &config), ERR_FORMAT);
    config = configuration();
    config.link.bytes = 0; /* a timer only */
    assert_int_equal(netclient_init(&net, &config), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_frames_in_and_out, setup),
        cmocka_unit_test_setup(test_what_is_no_frame_is_passed_over, setup),
        cmocka_unit_test_setup(test_room, setup),
        cmocka_unit_test_setup(test_the_switch_begins_again, setup),
        cmocka_unit_test_setup(test_a_program_without_a_port, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
