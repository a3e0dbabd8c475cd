/* SPDX-License-Identifier: BSD-2-Clause */
/* The control virtqueue, over the ring data path: what it answers, and what then is received. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/offload.h"
#include "tests/mock/log_record.h"
#include "tests/mock/net_machine.h"

#define RAM_BYTES 0x80000u
#define LINK_BYTES 0x41000u /* enough for large packets */

#define FEATURES (VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_CONTROLS | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MAC)

enum { RX = 0, MAC = 1, VLAN = 2, ANNOUNCE = 3, MQ = 4, OFFLOADS = 5 };

static const uint8_t own[6] = {0x52, 0x54, 0, 0, 0, 1};
static const uint8_t other[6] = {2, 0, 0, 0, 0, 9};
static const uint8_t group[6] = {0x33, 0x33, 0, 0, 0, 1};

static int setup(void **state)
{
    struct net_machine *m = net_machine_new(RAM_BYTES, LINK_BYTES);

    log_record_clear();
    assert_true(net_machine_start(m, FEATURES));
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    net_machine_free(*state);
    return 0;
}

static bool is_broken(struct net_machine *m)
{
    return (virtio_driver_read(&m->mmio, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

static uint8_t command(struct net_machine *m, uint8_t class, uint8_t number, uint8_t value)
{
    return net_machine_command(m, class, number, &value, 1);
}

/* Whether a frame to `mac`, tagged if `vlan` is not 0, comes through. */
static bool receives(struct net_machine *m, const uint8_t mac[6], uint16_t vlan)
{
    const uint64_t before = m->net.counters.rx_frames;
    uint8_t *data;

    assert_true(net_machine_queue_buffer(m, 128) != 0);
    assert_int_equal(ring_reserve(&m->peer, 64, &data), ERR_OK);
    memset(data, 0, 64);
    memcpy(data, mac, 6);
    data[12] = vlan != 0 ? 0x81 : 0x08;
    data[14] = (uint8_t)(vlan >> 8);
    data[15] = (uint8_t)vlan;
    ring_commit(&m->peer, 64, 0);
    virtio_net_notified(&m->net);
    return m->net.counters.rx_frames != before;
}

static void test_modes(void **state)
{
    struct net_machine *m = *state;

    assert_true(receives(m, other, 0)); /* promiscuous until told otherwise */
    assert_int_equal(command(m, RX, 0, 0), 0);
    assert_false(receives(m, other, 0));
    assert_true(receives(m, own, 0));
    assert_false(receives(m, group, 0));
    assert_int_equal(command(m, RX, 1, 1), 0);
    assert_true(receives(m, group, 0));
    assert_int_equal(command(m, RX, 2, 1), 0);
    assert_true(receives(m, other, 0));
    assert_int_equal(command(m, RX, 4, 1), 0);
    assert_false(receives(m, own, 0));
    assert_int_equal(command(m, RX, 6, 1), 1);                 /* no such command */
    assert_int_equal(net_machine_command(m, RX, 0, "", 0), 1); /* no data */
    assert_false(is_broken(m));
}

static void test_a_reset_opens_the_filter(void **state)
{
    struct net_machine *m = *state;

    assert_int_equal(command(m, RX, 0, 0), 0);
    assert_int_equal(net_machine_command(m, MAC, 1, other, 6), 0);
    assert_true(net_machine_start(m, FEATURES));
    assert_true(receives(m, group, 0));
    assert_memory_equal(m->net.control.config.mac, own, 6);
}

/* The lists of a TABLE_SET: `uni` and `multi` addresses, of which the last ones are `other` and `group`. */
static uint32_t make_table(uint8_t *table, uint32_t uni, uint32_t multi)
{
    uint32_t at = 0;

    for (unsigned int list = 0; list < 2; list++) {
        const uint32_t count = list == 0 ? uni : multi;
        memcpy(table + at, &count, 4);
        at += 4;
        for (uint32_t i = 0; i < count; i++, at += 6) {
            memcpy(table + at, list == 0 ? other : group, 6);
            table[at + 5] = (uint8_t)(table[at + 5] + count - 1 - i);
        }
    }
    return at;
}

static void test_tables(void **state)
{
    struct net_machine *m = *state;
    uint8_t table[1024];

    assert_int_equal(command(m, RX, 0, 0), 0);
    assert_int_equal(net_machine_command(m, MAC, 0, table, make_table(table, 3, 2)), 0);
    assert_true(receives(m, other, 0));
    assert_true(receives(m, group, 0));
    assert_false(receives(m, (const uint8_t[6]){2, 0, 0, 0, 0, 99}, 0));
    assert_int_equal(net_machine_command(m, MAC, 0, table, make_table(table, 0, 0)), 0);
    assert_false(receives(m, other, 0));
    /* More than there is room for: all of the kind. */
    assert_int_equal(net_machine_command(m, MAC, 0, table, make_table(table, RX_FILTER_MAX_MACS + 1, 2)), 0);
    assert_true(receives(m, (const uint8_t[6]){2, 0, 0, 0, 0, 99}, 0));
    assert_true(receives(m, group, 0));
    assert_false(receives(m, (const uint8_t[6]){0x33, 0x33, 9, 9, 9, 9}, 0));
    assert_int_equal(net_machine_command(m, MAC, 0, table, make_table(table, 40, 20)), 0);
    assert_true(receives(m, (const uint8_t[6]){0x33, 0x33, 9, 9, 9, 9}, 0));
    assert_false(receives(m, (const uint8_t[6]){2, 0, 0, 0, 0, 99}, 0));
}

static void test_tables_that_lie_change_nothing(void **state)
{
    struct net_machine *m = *state;
    uint8_t table[64];
    const uint32_t bytes = make_table(table, 2, 1);
    const uint32_t huge[] = {1, UINT32_MAX, 0x2aaaaaab, 5};

    assert_int_equal(command(m, RX, 0, 0), 0);
    for (uint32_t cut = 0; cut < bytes; cut++) {
        assert_int_equal(net_machine_command(m, MAC, 0, table, cut), 1);
    }
    for (unsigned int i = 1; i < 4; i++) {
        memcpy(table, &huge[i], 4);
        assert_int_equal(net_machine_command(m, MAC, 0, table, bytes), 1);
    }
    assert_false(receives(m, other, 0));
    assert_true(receives(m, own, 0));
    assert_false(is_broken(m));
}

static void test_address(void **state)
{
    struct net_machine *m = *state;

    assert_int_equal(command(m, RX, 0, 0), 0);
    assert_int_equal(net_machine_command(m, MAC, 1, other, 6), 0);
    assert_memory_equal(m->net.control.config.mac, other, 6);
    assert_true(receives(m, other, 0));
    assert_false(receives(m, own, 0));
    assert_int_equal(net_machine_command(m, MAC, 1, group, 6), 1);
    assert_int_equal(net_machine_command(m, MAC, 1, own, 5), 1);
    assert_int_equal(net_machine_command(m, MAC, 2, own, 6), 1);
    m->net.control.mac_is_fixed = true;
    assert_int_equal(net_machine_command(m, MAC, 1, own, 6), 1);
    assert_true(receives(m, other, 0));
}

static void test_vlans(void **state)
{
    struct net_machine *m = *state;
    const uint16_t ids[] = {7, 4095, 4096};

    assert_int_equal(command(m, RX, 0, 0), 0);
    assert_false(receives(m, own, 7));
    assert_int_equal(net_machine_command(m, VLAN, 0, &ids[0], 2), 0);
    assert_int_equal(net_machine_command(m, VLAN, 0, &ids[1], 2), 0);
    assert_int_equal(net_machine_command(m, VLAN, 0, &ids[2], 2), 1);
    assert_int_equal(net_machine_command(m, VLAN, 2, &ids[0], 2), 1);
    assert_true(receives(m, own, 7));
    assert_true(receives(m, own, 4095));
    assert_int_equal(net_machine_command(m, VLAN, 1, &ids[0], 2), 0);
    assert_false(receives(m, own, 7));
    assert_true(receives(m, own, 0));
}

static void test_commands_need_their_features(void **state)
{
    struct net_machine *m = *state;
    const uint16_t id = 7;
    uint8_t table[8];

    assert_true(net_machine_start(m, VIRTIO_NET_F_CTRL_VQ));
    assert_int_equal(command(m, RX, 0, 0), 1);
    assert_int_equal(command(m, RX, 2, 0), 1);
    assert_int_equal(net_machine_command(m, MAC, 0, table, make_table(table, 0, 0)), 1);
    assert_int_equal(net_machine_command(m, MAC, 1, other, 6), 1);
    assert_int_equal(net_machine_command(m, VLAN, 0, &id, 2), 1);
    assert_int_equal(net_machine_command(m, ANNOUNCE, 0, "", 0), 1);
    assert_int_equal(net_machine_command(m, MQ, 0, &id, 2), 1);
    assert_int_equal(net_machine_command(m, 77, 0, &id, 2), 1);
    assert_true(receives(m, other, 7));
    assert_false(virtio_driver_negotiate(&m->mmio, VIRTIO_F_VERSION_1 | VIRTIO_NET_F_CTRL_RX));
}

static void test_announcement_after_the_switch_restarted(void **state)
{
    struct net_machine *m = *state;
    const uint32_t generation = m->net.device.config_generation;

    (void)virtio_driver_take_interrupt(&m->mmio);
    assert_int_equal(ring_init(&m->peer, m->regions[1], m->regions[0], LINK_BYTES), ERR_OK);
    virtio_net_notified(&m->net);
    assert_int_equal(m->net.control.config.status, VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
    assert_int_equal(virtio_driver_take_interrupt(&m->mmio), VIRTIO_MMIO_INTERRUPT_CONFIG);
    assert_int_equal(m->net.device.config_generation, generation + 1);
    assert_int_equal(net_machine_command(m, ANNOUNCE, 1, "", 0), 1);
    assert_int_equal(net_machine_command(m, ANNOUNCE, 0, "", 0), 0);
    assert_int_equal(m->net.control.config.status, VIRTIO_NET_S_LINK_UP);
}

static void test_announcement_waits_for_a_driver(void **state)
{
    struct net_machine *m = *state;

    virtio_mmio_reset(&m->mmio);
    net_control_announce(&m->net.control);
    assert_int_equal(m->net.control.config.status, VIRTIO_NET_S_LINK_UP);
    assert_true(net_machine_start(m, FEATURES));
    assert_int_equal(m->net.control.config.status, VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
    assert_true(net_machine_start(m, FEATURES & ~VIRTIO_NET_F_GUEST_ANNOUNCE));
    net_control_announce(&m->net.control);
    assert_int_equal(m->net.control.config.status, VIRTIO_NET_S_LINK_UP);
}

/* Not a command at all: nothing to read, or nowhere to answer. */
static void expect_broken(struct net_machine *m, uint32_t bytes, bool writable)
{
    const uint64_t address = driver_alloc(&m->ram, 16, 16);
    const struct driver_buffer buffers[] = {{address, bytes, false}, {address + 8, 1, true}};

    assert_true(net_machine_start(m, FEATURES));
    assert_true(driver_add(&m->control, bytes != 0 ? buffers : buffers + 1, bytes != 0 && writable ? 2 : 1) >=
                0);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_CONTROL);
    assert_true(is_broken(m));
}

static void test_chains_that_are_no_commands(void **state)
{
    expect_broken(*state, 0, true);
    expect_broken(*state, 1, true);
    expect_broken(*state, 2, false);
}

/* The driver takes less than it negotiated, as Linux does for XDP, and all of it again. */
static void test_offloads_are_switched_off_and_on(void **state)
{
    struct net_machine *m = *state;
    const uint64_t guest = VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4, csum = VIRTIO_NET_F_GUEST_CSUM;
    const uint64_t tso = VIRTIO_NET_F_GUEST_TSO4, more = guest | VIRTIO_NET_F_GUEST_TSO6, none = 0;

    virtio_driver_write(&m->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_true(net_machine_start(m, FEATURES | guest));
    assert_int_equal(ring_peer_offer(&m->peer), OFFLOAD_CSUM | OFFLOAD_TSO4);
    assert_int_equal(net_machine_command(m, OFFLOADS, 0, &none, 8), 0);
    assert_int_equal(ring_peer_offer(&m->peer), 0);
    assert_int_equal(net_machine_command(m, OFFLOADS, 0, &csum, 8), 0);
    assert_int_equal(ring_peer_offer(&m->peer), OFFLOAD_CSUM);
    assert_int_equal(net_machine_command(m, OFFLOADS, 0, &more, 8), 1); /* was not negotiated */
    assert_int_equal(net_machine_command(m, OFFLOADS, 1, &guest, 8), 1);
    assert_int_equal(net_machine_command(m, OFFLOADS, 0, &guest, 7), 1);
    assert_int_equal(ring_peer_offer(&m->peer), OFFLOAD_CSUM);
    assert_int_equal(net_machine_command(m, OFFLOADS, 0, &tso, 8), 0); /* needs the checksum */
    assert_int_equal(ring_peer_offer(&m->peer), 0);
    assert_int_equal(net_machine_command(m, OFFLOADS, 0, &guest, 8), 0);
    assert_int_equal(ring_peer_offer(&m->peer), OFFLOAD_CSUM | OFFLOAD_TSO4);
    assert_int_equal(net_machine_command(m, OFFLOADS, 0, &none, 8), 0);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_true(net_machine_start(m, FEATURES | guest)); /* a new driver begins with all */
    assert_int_equal(ring_peer_offer(&m->peer), OFFLOAD_CSUM | OFFLOAD_TSO4);
}

static void test_many_commands_at_once(void **state)
{
    struct net_machine *m = *state;
    const uint64_t address = driver_alloc(&m->ram, 16, 16);
    const struct driver_buffer buffers[] = {{address, 3, false}, {address + 8, 1, true}};
    uint16_t head;
    uint32_t written;

    memcpy(driver_at(&m->ram, address, 3), (const uint8_t[]){RX, 0, 0}, 3);
    for (unsigned int i = 0; i < NET_MACHINE_QUEUE / 2; i++) {
        assert_true(driver_add(&m->control, buffers, 2) >= 0);
    }
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_CONTROL);
    for (unsigned int i = 0; i < NET_MACHINE_QUEUE / 2; i++) {
        assert_true(driver_take_used(&m->control, &head, &written));
    }
    assert_false(receives(m, other, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_modes),
        TEST(test_a_reset_opens_the_filter),
        TEST(test_tables),
        TEST(test_tables_that_lie_change_nothing),
        TEST(test_address),
        TEST(test_vlans),
        TEST(test_commands_need_their_features),
        TEST(test_announcement_after_the_switch_restarted),
        TEST(test_announcement_waits_for_a_driver),
        TEST(test_chains_that_are_no_commands),
        TEST(test_offloads_are_switched_off_and_on),
        TEST(test_many_commands_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
