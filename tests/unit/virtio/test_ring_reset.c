/* SPDX-License-Identifier: BSD-2-Clause */
/* VIRTIO_F_RING_RESET (virtio 1.2, 2.6.1) on either transport of a network card with the ring data path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/mock/log_record.h"
#include "tests/mock/net_machine.h"
#include "tests/mock/pci_machine.h"

#define RAM_BYTES 0x80000u
#define LINK_BYTES 0x10000u
#define VECTORS 3u

static int setup(void **state)
{
    log_record_clear();
    *state = net_machine_new(RAM_BYTES, LINK_BYTES);
    return 0;
}

static int teardown(void **state)
{
    net_machine_free(*state);
    return 0;
}

static void select_queue(struct net_machine *m, uint32_t index)
{
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_SEL, index);
}

static void reset_queue(struct net_machine *m, uint32_t index)
{
    select_queue(m, index);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_RESET, 1);
}

static uint32_t is_ready(struct net_machine *m, uint32_t index)
{
    select_queue(m, index);
    return virtio_driver_read(&m->mmio, VIRTIO_MMIO_QUEUE_READY);
}

static void kick(struct net_machine *m, uint32_t index)
{
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, index);
}

static bool is_broken(struct net_machine *m)
{
    return (virtio_driver_read(&m->mmio, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

static void test_only_with_the_feature(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, 0));
    reset_queue(m, VIRTIO_NET_TX);
    assert_int_equal(is_ready(m, VIRTIO_NET_TX), 1);
}

static void test_one_queue_alone(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_RING_RESET));
    reset_queue(m, VIRTIO_NET_TX);
    assert_int_equal(is_ready(m, VIRTIO_NET_TX), 0);
    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_QUEUE_RESET), 0);
    assert_int_equal(is_ready(m, VIRTIO_NET_RX), 1);
    /* The other one goes on. */
    assert_true(net_machine_queue_buffer(m, 256) != 0);
    assert_true(net_machine_send(m, 60, 7));
    virtio_net_notified(&m->net);
    assert_int_equal(driver_used_idx(&m->rx), 1);
    /* What is in the old one is nobody's, kicked or not. */
    assert_true(net_machine_queue_frame(m, 60, 1));
    kick(m, VIRTIO_NET_TX);
    assert_false(net_machine_expect_record(m, 60, 1));
    assert_false(is_broken(m));
}

static void test_a_queue_comes_back_anew(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_RING_RESET));
    assert_true(net_machine_queue_frame(m, 60, 1));
    kick(m, VIRTIO_NET_TX);
    assert_true(net_machine_expect_record(m, 60, 1));
    reset_queue(m, VIRTIO_NET_TX);
    driver_queue_init(&m->tx, &m->ram, NET_MACHINE_QUEUE / 2, false);
    /* What is in it already is sent at once. */
    assert_true(net_machine_queue_frame(m, 61, 2));
    assert_true(virtio_driver_add_queue(&m->mmio, VIRTIO_NET_TX, &m->tx));
    assert_true(net_machine_expect_record(m, 61, 2));
    assert_true(net_machine_queue_frame(m, 62, 3));
    kick(m, VIRTIO_NET_TX);
    assert_true(net_machine_expect_record(m, 62, 3));
    assert_int_equal(driver_used_idx(&m->tx), 2);
    assert_false(is_broken(m));
}

static void test_frames_wait_for_a_receive_queue(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_RING_RESET));
    reset_queue(m, VIRTIO_NET_RX);
    assert_true(net_machine_send(m, 60, 7));
    virtio_net_notified(&m->net);
    driver_queue_init(&m->rx, &m->ram, NET_MACHINE_QUEUE, false);
    assert_true(net_machine_queue_buffer(m, 256) != 0);
    assert_true(virtio_driver_add_queue(&m->mmio, VIRTIO_NET_RX, &m->rx));
    assert_int_equal(driver_used_idx(&m->rx), 1);
}

static void test_what_resets_nothing(void **state)
{
    struct net_machine *m = *state;

    assert_true(net_machine_start(m, VIRTIO_F_RING_RESET));
    select_queue(m, VIRTIO_NET_TX);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_RESET, 0);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_RESET, 2);
    assert_int_equal(is_ready(m, VIRTIO_NET_TX), 1);
    reset_queue(m, 77);
    reset_queue(m, VIRTIO_NET_CONTROL); /* is there, but was never enabled */
    assert_int_equal(is_ready(m, VIRTIO_NET_RX), 1);
    assert_int_equal(is_ready(m, VIRTIO_NET_TX), 1);
    assert_false(is_broken(m));
}

/* Section 4.1.4.3.2: done when the store is, so queue_reset and queue_enable read as zero. */
static void test_one_queue_behind_pci(void **state)
{
    struct net_machine *m = *state;
    static struct pci_machine machine;
    static struct virtio_pci pci;
    struct driver_queue queues[VIRTIO_NET_QUEUES];

    pci_machine_init(&machine);
    pci_machine_add(&machine, &pci, &m->net.device, VECTORS);
    for (uint32_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
        driver_queue_init(&queues[i], &m->ram, NET_MACHINE_QUEUE, false);
    }
    pci_machine_enable(&machine, 0, 0, VECTORS);
    assert_true(
        pci_machine_start(&machine, 0, VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET, queues, VIRTIO_NET_QUEUES));
    const uint64_t common = pci_machine_structure(&machine, 0, VIRTIO_PCI_CAP_COMMON_CFG);
    pci_machine_write(&machine, common + VIRTIO_PCI_QUEUE_SELECT, 2, VIRTIO_NET_TX);
    pci_machine_write(&machine, common + VIRTIO_PCI_QUEUE_RESET, 2, 2);
    pci_machine_write(&machine, common + VIRTIO_PCI_QUEUE_NOTIFY_DATA, 8, UINT64_MAX);
    assert_int_equal(pci_machine_read(&machine, common + VIRTIO_PCI_QUEUE_ENABLE, 2), 1);
    pci_machine_write(&machine, common + VIRTIO_PCI_QUEUE_RESET, 2, 1);
    assert_int_equal(pci_machine_read(&machine, common + VIRTIO_PCI_QUEUE_RESET, 2), 0);
    assert_int_equal(pci_machine_read(&machine, common + VIRTIO_PCI_QUEUE_ENABLE, 2), 0);
    assert_int_equal(pci_machine_read(&machine, common + VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2),
                     VIRTIO_PCI_NO_VECTOR);
    assert_int_equal(pci_machine_read(&machine, common + VIRTIO_PCI_QUEUE_SIZE, 2), m->config.queue_size);
    pci_machine_write(&machine, common + VIRTIO_PCI_QUEUE_SIZE, 2, NET_MACHINE_QUEUE);
    driver_queue_init(&m->tx, &m->ram, NET_MACHINE_QUEUE, false);
    assert_true(net_machine_queue_frame(m, 60, 1));
    pci_machine_write(&machine, common + VIRTIO_PCI_QUEUE_DESC, 8, m->tx.desc);
    pci_machine_write(&machine, common + VIRTIO_PCI_QUEUE_DRIVER, 8, m->tx.avail);
    pci_machine_write(&machine, common + VIRTIO_PCI_QUEUE_DEVICE, 8, m->tx.used);
    pci_machine_write(&machine, common + VIRTIO_PCI_QUEUE_ENABLE, 2, 1);
    assert_true(net_machine_expect_record(m, 60, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_with_the_feature, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_queue_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_queue_comes_back_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_frames_wait_for_a_receive_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_resets_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_queue_behind_pci, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
