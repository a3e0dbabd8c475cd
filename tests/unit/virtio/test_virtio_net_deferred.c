/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring data path where the platform has shortcuts: late interrupts, and frames that wait for a pause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/mock/net_machine.h"
#include "vmm/platform_fake.h"

#define LINK_BYTES 0x8000u

static int setup(void **state)
{
    *state = net_machine_new(0x400000, LINK_BYTES);
    return 0;
}

static int teardown(void **state)
{
    net_machine_free(*state);
    return 0;
}

static void kick_tx(struct net_machine *m)
{
    virtio_driver_kick(&m->mmio, VIRTIO_NET_TX, &m->tx);
}

/* A device whose registers lie on a page, so that nobody hears acknowledgements. */
static void use_page(struct net_machine *m, uint32_t *page)
{
    m->config.registers = 1;
    m->config.u.net.tx_delay_us = 200;
    m->config.u.net.window = 4;
    assert_int_equal(virtio_net_init(&m->net, &m->config, &m->ram.mem, &m->scratch), ERR_OK);
    m->line.edge = true;
    virtio_mmio_init(&m->mmio, &m->net.device, &m->line, page);
    virtio_mmio_reset(&m->mmio);
    assert_int_equal(ring_init(&m->peer, m->regions[1], m->regions[0], LINK_BYTES), ERR_OK);
    assert_true(net_machine_start(m, 0));
}

static void test_interrupt_for_sent_frames_alone_is_late(void **state)
{
    struct net_machine *m = *state;
    const struct platform_fake_virq *virq = &platform_fake.vcpus[0].virqs[NET_MACHINE_SPI];
    static uint32_t page[1024];

    use_page(m, page);
    assert_int_equal(page[VIRTIO_MMIO_INTERRUPT_STATUS / 4], VIRTIO_MMIO_INTERRUPT_QUEUE); /* always */
    assert_true(net_machine_queue_frame(m, 60, 1));
    kick_tx(m);
    assert_int_equal(virq->pend_count, 0);
    assert_int_equal(virq->deferred_count, 1);
    assert_int_equal(virq->deferred_us, 200);
    for (uint8_t i = 0; virq->pend_count == 0; i++) {
        assert_true(i < VIRTIO_NET_TX_BATCH);
        assert_true(net_machine_queue_frame(m, 60, i));
        kick_tx(m);
        (void)driver_take_all_used(&m->tx);
        assert_true(net_machine_expect_record(m, 60, i == 0 ? 1 : (uint8_t)(i - 1)));
    }
    /* What was received is never late. */
    const uint32_t before = virq->pend_count;
    assert_true(net_machine_queue_buffer(m, 128) != 0);
    assert_true(net_machine_send(m, 60, 1));
    virtio_net_notified(&m->net);
    assert_int_equal(virq->pend_count, before + 1);
}

static void test_window_keeps_records_until_the_guest_was_idle(void **state)
{
    struct net_machine *m = *state;
    static uint32_t page[1024];

    use_page(m, page);
    for (uint8_t i = 0; i < 10; i++) {
        assert_true(net_machine_queue_buffer(m, 128) != 0);
        assert_true(net_machine_send(m, 60, i));
    }
    virtio_net_notified(&m->net);
    assert_int_equal(m->net.counters.rx_frames, 4);
    assert_int_equal(platform_fake.idle_armed, 1ull << NET_MACHINE_CHANNEL);
    virtio_net_notified(&m->net);
    assert_int_equal(m->net.counters.rx_frames, 4);
    platform_fake.went_idle = 1ull << NET_MACHINE_CHANNEL;
    virtio_net_notified(&m->net);
    assert_int_equal(m->net.counters.rx_frames, 8);
    platform_fake.went_idle = 1ull << NET_MACHINE_CHANNEL;
    virtio_net_notified(&m->net);
    assert_int_equal(m->net.counters.rx_frames, 10);
    assert_int_equal(m->net.counters.rx_dropped, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_interrupt_for_sent_frames_alone_is_late),
        TEST(test_window_keeps_records_until_the_guest_was_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
