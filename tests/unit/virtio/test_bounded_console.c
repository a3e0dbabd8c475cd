/* SPDX-License-Identifier: BSD-2-Clause */
/* What an event of a console's buys, when whatever the device does publishes more chains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/console_machine.h"
#include "tests/mock/log_record.h"
#include "tests/mock/refill.h"

#define FEATURES (VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_F_EVENT_IDX)
#define TX_BYTES 0x600u /* the link holds two of them */

static const enum refill_style styles[] = {REFILL_ONE, REFILL_FULL, REFILL_MORE};

/* Each entry of queue `index`'s ring is a buffer of `bytes`; `data` is what is in it, NULL: the device
 * writes. */
static void put(struct console_machine *m, uint16_t index, const void *data, uint32_t bytes)
{
    const struct driver_buffer buffer = {driver_alloc(&m->ram, bytes, 16), bytes, data == NULL};

    if (data != NULL) {
        memcpy(driver_at(&m->ram, buffer.address, bytes), data, bytes);
    }
    driver_queue_clear(&m->queues[index]);
    assert_int_equal(driver_add(&m->queues[index], &buffer, 1), 0);
    driver_set_avail_idx(&m->queues[index], 0);
}

/* All queues but those of control messages are full of chains. */
static struct console_machine *prepare(uint64_t features)
{
    struct console_machine *m = console_machine_new();
    const uint8_t text[TX_BYTES] = {0};

    log_record_clear();
    assert_true(console_machine_start(m, features));
    for (uint32_t port = 0; port < CONSOLE_MACHINE_PORTS; port++) {
        m->console.ports[port].open = true;
        put(m, virtio_console_rx_queue(port), NULL, 1);
        put(m, virtio_console_tx_queue(port), text, sizeof text);
    }
    return m;
}

static void begin_event(struct console_machine *m, enum refill_style style)
{
    refill_start(m->console.device.queues, CONSOLE_MACHINE_QUEUES, style);
}

static void check_event(uint32_t *total)
{
    for (uint32_t i = 0; i < CONSOLE_MACHINE_QUEUES; i++) {
        assert_in_range(refill_popped(i), 0, CONSOLE_MACHINE_QUEUE);
        total[i] += refill_popped(i);
    }
    refill_stop();
}

static void drain(struct console_machine *m)
{
    uint8_t bytes[256];

    (void)ring_sync(&m->peers[0]);
    while (ring_read(&m->peers[0], bytes, sizeof bytes) > 0) {
    }
}

/* The link is full most of the time, and each time it has room is an event. */
static void check_transmit(uint64_t features, enum refill_style style)
{
    struct console_machine *m = prepare(features);
    const uint16_t queue = virtio_console_tx_queue(0);
    uint32_t total[CONSOLE_MACHINE_QUEUES] = {0};

    begin_event(m, style);
    virtio_device_kick(&m->console.device, queue);
    check_event(total);
    assert_in_range(total[queue], 1, CONSOLE_MACHINE_QUEUE);
    for (unsigned int i = 0; i < 100; i++) {
        drain(m);
        begin_event(m, style);
        virtio_console_notified(&m->console, CONSOLE_MACHINE_CHANNEL);
        check_event(total);
    }
    assert_in_range(total[queue], 1, CONSOLE_MACHINE_QUEUE); /* one kick bought all of it */
    console_machine_free(m);
}

static void test_transmit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        check_transmit(FEATURES, styles[i]);
        check_transmit(0, styles[i]);
    }
}

/* Buffers of a byte each: what has come bounds the work, and no event takes more than a queue of them. */
static void test_receive(void **state)
{
    static const char text[3 * CONSOLE_MACHINE_QUEUE + 1] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
        struct console_machine *m = prepare(FEATURES);
        uint32_t total[CONSOLE_MACHINE_QUEUES] = {0};

        assert_int_equal(ring_write(&m->peers[0], text, sizeof text - 1), sizeof text - 1);
        for (unsigned int event = 0; event < 8; event++) {
            begin_event(m, styles[i]);
            virtio_console_notified(&m->console, CONSOLE_MACHINE_CHANNEL);
            check_event(total);
        }
        assert_in_range(total[0], 1, sizeof text - 1);
        console_machine_free(m);
    }
}

/* Each message opens a port, which runs that port's receive queue. */
static void test_control(void **state)
{
    const struct virtio_console_control open = {0, VIRTIO_CONSOLE_PORT_OPEN, 1};
    const struct virtio_console_control ready = {0, VIRTIO_CONSOLE_PORT_READY, 1};
    const struct virtio_console_control *const messages[] = {&open, &ready};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof styles / sizeof styles[0]; i++) {
        struct console_machine *m = prepare(FEATURES);
        uint32_t total[CONSOLE_MACHINE_QUEUES] = {0};

        put(m, VIRTIO_CONSOLE_CONTROL_TX, messages[i % 2], sizeof open);
        put(m, VIRTIO_CONSOLE_CONTROL_RX, NULL, 64);
        for (unsigned int kicks = 0; kicks < 4; kicks++) {
            begin_event(m, styles[i / 2]);
            virtio_device_kick(&m->console.device, VIRTIO_CONSOLE_CONTROL_TX);
            check_event(total);
        }
        assert_in_range(total[VIRTIO_CONSOLE_CONTROL_TX], 1, 4 * CONSOLE_MACHINE_QUEUE);
        console_machine_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transmit),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
