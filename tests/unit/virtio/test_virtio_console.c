/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config/serial_config.h"
#include "microkit/host/microkit_host.h"
#include "tests/mock/console_machine.h"
#include "tests/mock/log_record.h"
#include "vmm/platform_fake.h"

#define CONTROL_BUFFER 64u
#define SMALL (VIRTIO_CONSOLE_F_SIZE | VIRTIO_CONSOLE_F_EMERG_WRITE)
#define FULL (SMALL | VIRTIO_CONSOLE_F_MULTIPORT | VIRTIO_F_EVENT_IDX)

static int setup(void **state)
{
    log_record_clear();
    *state = console_machine_new();
    return 0;
}

static int teardown(void **state)
{
    console_machine_free(*state);
    return 0;
}

static void signal_port(struct console_machine *m, uint32_t port)
{
    virtio_console_notified(&m->console, CONSOLE_MACHINE_CHANNEL + port);
}

static bool needs_reset(const struct console_machine *m)
{
    return (m->console.device.status & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

/* What the multiplexer has got from a port. */
static void assert_arrived(struct console_machine *m, uint32_t port, const char *text)
{
    char bytes[64] = "";

    (void)ring_sync(&m->peers[port]);
    assert_int_equal(ring_read(&m->peers[port], bytes, sizeof bytes - 1), strlen(text));
    assert_string_equal(bytes, text);
}

static void type(struct console_machine *m, uint32_t port, const char *text)
{
    (void)ring_sync(&m->peers[port]);
    assert_int_equal(ring_write(&m->peers[port], text, (uint32_t)strlen(text)), strlen(text));
    signal_port(m, port);
}

/* The driver's buffers for control messages, one after the other. */
struct controls {
    uint64_t buffers[12];
    unsigned int next;
};

static void offer_controls(struct console_machine *m, struct controls *controls)
{
    controls->next = 0;
    for (unsigned int i = 0; i < 12; i++) {
        controls->buffers[i] = console_machine_offer(m, VIRTIO_CONSOLE_CONTROL_RX, CONTROL_BUFFER);
    }
}

/* The next message to the driver; its bytes. */
static const uint8_t *expect_control(struct console_machine *m, struct controls *controls, uint32_t id,
                                     uint16_t event, uint32_t more)
{
    struct virtio_console_control control;
    const uint8_t *message;
    uint32_t bytes;
    uint16_t head;

    assert_true(driver_take_used(&m->queues[VIRTIO_CONSOLE_CONTROL_RX], &head, &bytes));
    assert_int_equal(bytes, sizeof control + more);
    message = driver_at(&m->ram, controls->buffers[controls->next++], CONTROL_BUFFER);
    memcpy(&control, message, sizeof control);
    assert_int_equal(control.id, id);
    assert_int_equal(control.event, event);
    assert_int_equal(control.value, 1);
    return message + sizeof control;
}

static void expect_no_control(struct console_machine *m)
{
    uint32_t bytes;
    uint16_t head;

    assert_false(driver_take_used(&m->queues[VIRTIO_CONSOLE_CONTROL_RX], &head, &bytes));
}

static void test_config_space(void **state)
{
    struct console_machine *m = *state;

    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_DEVICE_ID), VIRTIO_ID_CONSOLE);
    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_CONFIG), 0);
    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_CONFIG + 4), CONSOLE_MACHINE_PORTS);
    assert_int_equal(virtio_driver_offered(&m->mmio) & (SMALL | VIRTIO_CONSOLE_F_MULTIPORT),
                     SMALL | VIRTIO_CONSOLE_F_MULTIPORT);
    assert_int_equal(virtio_console_rx_queue(1), 4);
    assert_int_equal(virtio_console_tx_queue(1), 5);
}

static void test_terminal_without_multiport(void **state)
{
    struct console_machine *m = *state;
    uint32_t bytes;
    uint16_t head;

    assert_true(console_machine_start(m, SMALL));
    console_machine_send(m, 1, "hello", 5);
    assert_arrived(m, 0, "hello");
    assert_true(driver_take_used(&m->queues[1], &head, &bytes));
    assert_int_equal(bytes, 0);
    const uint64_t buffer = console_machine_offer(m, 0, 16);
    type(m, 0, "input");
    assert_true(driver_take_used(&m->queues[0], &head, &bytes));
    assert_int_equal(bytes, 5);
    assert_memory_equal(driver_at(&m->ram, buffer, 5), "input", 5);
    assert_true(platform_fake_is_signalled(0, CONSOLE_MACHINE_SPI) ||
                (virtio_driver_take_interrupt(&m->mmio) & VIRTIO_MMIO_INTERRUPT_QUEUE) != 0);
    /* The queues of other ports are dead. */
    console_machine_send(m, 5, "nowhere", 7);
    assert_arrived(m, 1, "");
}

static void test_ports_are_introduced(void **state)
{
    struct console_machine *m = *state;
    struct controls controls;

    assert_true(console_machine_start(m, FULL));
    offer_controls(m, &controls);
    expect_no_control(m);
    console_machine_control(m, 0xffffffffu, VIRTIO_CONSOLE_DEVICE_READY, 1);
    (void)expect_control(m, &controls, 0, VIRTIO_CONSOLE_DEVICE_ADD, 0);
    (void)expect_control(m, &controls, 1, VIRTIO_CONSOLE_DEVICE_ADD, 0);
    console_machine_control(m, 0, VIRTIO_CONSOLE_PORT_READY, 1);
    (void)expect_control(m, &controls, 0, VIRTIO_CONSOLE_CONSOLE_PORT, 0);
    (void)expect_control(m, &controls, 0, VIRTIO_CONSOLE_PORT_OPEN, 0);
    console_machine_control(m, 1, VIRTIO_CONSOLE_PORT_READY, 1);
    (void)expect_control(m, &controls, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
    assert_memory_equal(expect_control(m, &controls, 1, VIRTIO_CONSOLE_PORT_NAME, 5), "tools", 5);
    expect_no_control(m);
}

static void test_controls_wait_for_buffers(void **state)
{
    struct console_machine *m = *state;
    struct controls controls;

    assert_true(console_machine_start(m, FULL));
    for (unsigned int i = 0; i < 5; i++) { /* asking five times gives no five answers */
        console_machine_control(m, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    }
    expect_no_control(m);
    offer_controls(m, &controls);
    (void)expect_control(m, &controls, 0, VIRTIO_CONSOLE_DEVICE_ADD, 0);
    (void)expect_control(m, &controls, 1, VIRTIO_CONSOLE_DEVICE_ADD, 0);
    expect_no_control(m);
}

static void test_input_waits_until_the_port_is_open(void **state)
{
    struct console_machine *m = *state;
    uint32_t bytes;
    uint16_t head;

    assert_true(console_machine_start(m, FULL));
    const uint64_t buffer = console_machine_offer(m, 4, 8);
    type(m, 1, "0123456789");
    assert_false(driver_take_used(&m->queues[4], &head, &bytes));
    console_machine_control(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    assert_true(driver_take_used(&m->queues[4], &head, &bytes));
    assert_int_equal(bytes, 8);
    assert_memory_equal(driver_at(&m->ram, buffer, 8), "01234567", 8);
    /* The rest waits for a buffer, which is a kick. */
    const uint64_t more = console_machine_offer(m, 4, 8);
    assert_true(driver_take_used(&m->queues[4], &head, &bytes));
    assert_int_equal(bytes, 2);
    assert_memory_equal(driver_at(&m->ram, more, 2), "89", 2);
    console_machine_control(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 0);
    (void)console_machine_offer(m, 4, 8);
    type(m, 1, "x");
    assert_false(driver_take_used(&m->queues[4], &head, &bytes));
}

static void test_full_link_holds_output_back(void **state)
{
    struct console_machine *m = *state;
    static uint8_t data[CONSOLE_MACHINE_CAPACITY + 100], got[sizeof data];
    uint32_t bytes;
    uint16_t head;

    for (uint32_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    assert_true(console_machine_start(m, FULL));
    console_machine_send(m, 1, data, sizeof data);
    assert_false(driver_take_used(&m->queues[1], &head, &bytes));
    (void)ring_sync(&m->peers[0]);
    assert_int_equal(ring_read(&m->peers[0], got, sizeof got), CONSOLE_MACHINE_CAPACITY);
    assert_true(ring_should_signal_space(&m->peers[0]));
    signal_port(m, 0);
    assert_true(driver_take_used(&m->queues[1], &head, &bytes));
    assert_int_equal(ring_read(&m->peers[0], got + CONSOLE_MACHINE_CAPACITY, sizeof got), 100);
    assert_memory_equal(data, got, sizeof data);
}

static void test_size_reaches_the_driver(void **state)
{
    struct console_machine *m = *state;
    struct controls controls;
    uint16_t size[2];

    assert_true(console_machine_start(m, FULL));
    offer_controls(m, &controls);
    console_machine_control(m, 0, VIRTIO_CONSOLE_PORT_READY, 1);
    (void)expect_control(m, &controls, 0, VIRTIO_CONSOLE_CONSOLE_PORT, 0);
    (void)expect_control(m, &controls, 0, VIRTIO_CONSOLE_PORT_OPEN, 0);
    (void)ring_sync(&m->peers[0]);
    ring_offer(&m->peers[0], SERIAL_MUX_OFFER_SIZE(132, 43));
    signal_port(m, 0);
    memcpy(size, expect_control(m, &controls, 0, VIRTIO_CONSOLE_RESIZE, sizeof size), sizeof size);
    assert_int_equal(size[0], 132);
    assert_int_equal(size[1], 43);
    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_CONFIG), 43u << 16 | 132);
    assert_int_equal(virtio_driver_take_interrupt(&m->mmio) & VIRTIO_MMIO_INTERRUPT_CONFIG,
                     VIRTIO_MMIO_INTERRUPT_CONFIG);
    signal_port(m, 0);
    expect_no_control(m);
    assert_int_equal(virtio_driver_take_interrupt(&m->mmio) & VIRTIO_MMIO_INTERRUPT_CONFIG, 0);
}

static void test_size_is_older_than_this_start_of_the_guest(void **state)
{
    struct console_machine *m = *state;

    (void)ring_sync(&m->peers[0]);
    ring_offer(&m->peers[0], SERIAL_MUX_OFFER_SIZE(132, 43));
    assert_int_equal(virtio_console_init(&m->console, &m->config, &m->ram.mem, &m->scratch), ERR_OK);
    assert_int_equal(m->console.config.cols, 132);
    assert_int_equal(m->console.config.rows, 43);
}

static void test_emergency_write_works_at_any_time(void **state)
{
    struct console_machine *m = *state;

    virtio_driver_write(&m->mmio, VIRTIO_MMIO_CONFIG + 8, '!');
    assert_arrived(m, 0, "!");
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_CONFIG, 'x'); /* the size is the device's to say */
    assert_arrived(m, 0, "");
    assert_int_equal(virtio_driver_read(&m->mmio, VIRTIO_MMIO_CONFIG), 0);
}

static void test_hostile_controls(void **state)
{
    struct console_machine *m = *state;

    assert_true(console_machine_start(m, FULL));
    console_machine_control(m, 2, VIRTIO_CONSOLE_PORT_READY, 1);
    console_machine_control(m, UINT32_MAX, VIRTIO_CONSOLE_PORT_OPEN, 1);
    assert_non_null(strstr(log_record_text(), "not there"));
    console_machine_control(m, 0, 77, 1);
    console_machine_control(m, 0, VIRTIO_CONSOLE_DEVICE_ADD, 1);
    assert_false(needs_reset(m));
    console_machine_send(m, VIRTIO_CONSOLE_CONTROL_TX, "short", 5);
    assert_true(needs_reset(m));
    assert_true(console_machine_start(m, FULL));
    assert_false(needs_reset(m));
}

static void test_hostile_buffers(void **state)
{
    struct console_machine *m = *state;

    assert_true(console_machine_start(m, FULL));
    (void)console_machine_offer(m, 1, 8); /* to be written, in a queue that is read */
    assert_true(needs_reset(m));
    assert_true(console_machine_start(m, FULL));
    (void)console_machine_offer(m, VIRTIO_CONSOLE_CONTROL_RX, 4); /* too short for any message */
    console_machine_control(m, 0, VIRTIO_CONSOLE_DEVICE_READY, 1);
    assert_true(needs_reset(m));
    assert_true(console_machine_start(m, FULL));
    console_machine_control(m, 0, VIRTIO_CONSOLE_PORT_OPEN, 1);
    console_machine_send(m, 0, "abc", 3); /* to be read, in a queue that is written */
    type(m, 0, "x");
    assert_true(needs_reset(m));
}

static void test_reset_forgets_half_sent_chains_and_open_ports(void **state)
{
    struct console_machine *m = *state;
    static uint8_t data[CONSOLE_MACHINE_CAPACITY + 100];

    assert_true(console_machine_start(m, FULL));
    console_machine_control(m, 1, VIRTIO_CONSOLE_PORT_OPEN, 1);
    console_machine_send(m, 1, data, sizeof data);
    assert_int_not_equal(m->console.ports[0].sent_bytes, 0);
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_STATUS, 0);
    assert_int_equal(m->console.ports[0].sent_bytes, 0);
    assert_false(m->console.ports[1].open);
}

static void test_broken_link_takes_everything(void **state)
{
    struct console_machine *m = *state;
    uint32_t bytes;
    uint16_t head;

    assert_true(console_machine_start(m, FULL));
    (void)ring_sync(&m->peers[0]);
    signal_port(m, 0);
    ((struct ring_region *)m->regions[0][1])->head += 0x100000;
    console_machine_control(m, 0, VIRTIO_CONSOLE_PORT_OPEN, 1);
    signal_port(m, 0);
    assert_non_null(strstr(log_record_text(), "is broken"));
    console_machine_send(m, 1, "gone", 4);
    assert_true(driver_take_used(&m->queues[1], &head, &bytes));
}

static void test_bad_configuration(void **state)
{
    struct console_machine *m = *state;

    m->config.u.console.port_count = VMM_CONFIG_MAX_CONSOLE_PORTS + 1;
    assert_int_equal(virtio_console_init(&m->console, &m->config, &m->ram.mem, &m->scratch), ERR_RANGE);
    m->config.u.console.port_count = 1;
    m->config.u.console.ports[0].link.bytes = 64;
    assert_int_equal(virtio_console_init(&m->console, &m->config, &m->ram.mem, &m->scratch), ERR_RANGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_config_space),
        TEST(test_terminal_without_multiport),
        TEST(test_ports_are_introduced),
        TEST(test_controls_wait_for_buffers),
        TEST(test_input_waits_until_the_port_is_open),
        TEST(test_full_link_holds_output_back),
        TEST(test_size_reaches_the_driver),
        TEST(test_size_is_older_than_this_start_of_the_guest),
        TEST(test_emergency_write_works_at_any_time),
        TEST(test_hostile_controls),
        TEST(test_hostile_buffers),
        TEST(test_reset_forgets_half_sent_chains_and_open_ports),
        TEST(test_broken_link_takes_everything),
        TEST(test_bad_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
