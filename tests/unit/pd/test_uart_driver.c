/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver against a model of the PL011's FIFOs, flags and interrupts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pd/uart_driver/uart_driver.h"

#define REGION_BYTES 4096u
#define CAPACITY 2048u
#define FIFO_BYTES 16u
#define RX_LEVEL 8u
#define TX_LEVEL 2u
#define INTERRUPT_RX 0x10u
#define INTERRUPT_TX 0x20u
#define INTERRUPT_RT 0x40u

struct device {
    uint32_t cr, lcr_h, ifls, imsc, ris;
    uint32_t rx[FIFO_BYTES];
    uint32_t rx_count;
    uint32_t tx_count;
    char wire[8192]; /* what went out */
    uint32_t wire_count;
};

struct fixture {
    struct device device;
    struct uart_driver driver;
    struct ring mux;
    _Alignas(64) uint8_t regions[2][REGION_BYTES];
};

static struct fixture fixture;

static uint32_t pop_rx(struct device *device)
{
    assert_true(device->rx_count > 0); /* reading an empty FIFO gives rubbish */
    uint32_t data = device->rx[0];
    memmove(device->rx, device->rx + 1, sizeof device->rx - sizeof device->rx[0]);
    device->rx_count--;
    if (device->rx_count < RX_LEVEL) {
        device->ris &= ~INTERRUPT_RX;
    }
    if (device->rx_count == 0) {
        device->ris &= ~INTERRUPT_RT;
    }
    return data;
}

static uint32_t device_read(void *context, uint32_t offset)
{
    struct device *device = context;
    switch (offset) {
    case 0x000:
        return pop_rx(device);
    case 0x018:
        return (device->rx_count == 0 ? 0x10u : 0) | (device->tx_count == FIFO_BYTES ? 0x20u : 0);
    default:
        fail_msg("read of register 0x%x", offset);
        return 0;
    }
}

static void device_write(void *context, uint32_t offset, uint32_t value)
{
    struct device *device = context;
    switch (offset) {
    case 0x000:
        assert_true(device->tx_count < FIFO_BYTES);
        device->tx_count++;
        device->wire[device->wire_count++ % sizeof device->wire] = (char)value;
        break;
    case 0x02c:
        device->lcr_h = value;
        break;
    case 0x030:
        device->cr = value;
        break;
    case 0x034:
        device->ifls = value;
        break;
    case 0x038:
        device->imsc = value;
        break;
    case 0x044:
        device->ris &= ~value;
        break;
    default:
        fail_msg("write of register 0x%x", offset);
    }
}

/* A byte from outside. Returns false if the FIFO has no room: an emulated UART's other end waits then. */
static bool type(struct device *device, uint32_t data)
{
    if (device->rx_count == FIFO_BYTES) {
        return false;
    }
    device->rx[device->rx_count++] = data;
    if (device->rx_count >= RX_LEVEL) {
        device->ris |= INTERRUPT_RX;
    }
    return true;
}

static void line_pauses(struct device *device)
{
    if (device->rx_count > 0) {
        device->ris |= INTERRUPT_RT;
    }
}

static void send_one(struct device *device)
{
    if (device->tx_count > 0 && --device->tx_count == TX_LEVEL) {
        device->ris |= INTERRUPT_TX;
    }
}

static bool interrupts(const struct device *device)
{
    return (device->ris & device->imsc) != 0;
}

static int setup(void **state)
{
    static const struct uart_registers template = {.read = device_read, .write = device_write};
    struct fixture *f = &fixture;
    memset(f, 0, sizeof *f);
    struct uart_registers registers = template;
    registers.context = &f->device;
    assert_int_equal(
        uart_driver_init(&f->driver, &uart_pl011, &registers, f->regions[0], f->regions[1], REGION_BYTES),
        ERR_OK);
    assert_int_equal(ring_init(&f->mux, f->regions[1], f->regions[0], REGION_BYTES), ERR_OK);
    (void)uart_driver_run(&f->driver);
    *state = f;
    return 0;
}

static void test_device_is_set_up(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(f->device.cr, 0x301);
    assert_int_equal(f->device.lcr_h, 0x70);
    assert_int_equal(f->device.imsc, INTERRUPT_RX | INTERRUPT_RT);
}

static void test_short_text_goes_out_without_an_interrupt(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ring_write(&f->mux, "hello", 5), 5);
    assert_true(ring_should_signal_data(&f->mux));
    (void)uart_driver_run(&f->driver);
    assert_memory_equal(f->device.wire, "hello", 5);
    assert_int_equal(f->device.imsc & INTERRUPT_TX, 0);
}

static void test_long_text_goes_out_by_interrupts(void **state)
{
    struct fixture *f = *state;
    char text[CAPACITY];
    for (uint32_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 7);
    }
    assert_int_equal(ring_write(&f->mux, text, sizeof text), sizeof text);
    assert_false(ring_request_space(&f->mux, CAPACITY / 2));
    bool signalled = uart_driver_run(&f->driver);
    uint32_t count = 0;
    while (f->device.tx_count > 0) {
        send_one(&f->device);
        if (interrupts(&f->device)) {
            count++;
            signalled |= uart_driver_run(&f->driver);
        }
    }
    assert_int_equal(f->device.wire_count, sizeof text);
    assert_memory_equal(f->device.wire, text, sizeof text);
    assert_in_range(count, CAPACITY / FIFO_BYTES / 2, CAPACITY / (FIFO_BYTES - TX_LEVEL) + 1);
    assert_true(signalled);
    assert_int_equal(f->device.imsc & INTERRUPT_TX, 0);
    assert_int_equal(ring_write(&f->mux, "x", 1), 1); /* and it waits for data again */
    assert_true(ring_should_signal_data(&f->mux));
}

static void test_typed_bytes_come_in(void **state)
{
    struct fixture *f = *state;
    char text[4];
    assert_false(ring_request_data(&f->mux));
    type(&f->device, 'a');
    type(&f->device, 'b');
    assert_false(interrupts(&f->device));
    line_pauses(&f->device);
    assert_true(interrupts(&f->device));
    assert_true(uart_driver_run(&f->driver));
    assert_false(interrupts(&f->device));
    assert_int_equal(ring_read(&f->mux, text, sizeof text), 2);
    assert_memory_equal(text, "ab", 2);
}

static void test_full_link_stops_the_line_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    uint32_t typed = 0;
    uint32_t received = 0;
    bool blocked = false;
    while (received < 5 * CAPACITY) {
        while (type(&f->device, typed & 0xff)) {
            typed++;
        }
        line_pauses(&f->device);
        if (interrupts(&f->device)) {
            (void)uart_driver_run(&f->driver);
            continue;
        }
        blocked = true; /* masked: only the multiplexer can go on */
        uint8_t bytes[300];
        uint32_t count = ring_read(&f->mux, bytes, sizeof bytes);
        assert_true(count > 0);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(bytes[i], received++ & 0xff);
        }
        if (ring_should_signal_space(&f->mux)) {
            (void)uart_driver_run(&f->driver);
        }
    }
    assert_true(blocked);
}

static void test_line_errors_are_counted(void **state)
{
    struct fixture *f = *state;
    uint8_t text[8];
    type(&f->device, 'a' | 1u << 11);
    type(&f->device, 0 | 1u << 10);
    type(&f->device, 'b' | 1u << 8);
    type(&f->device, 'c' | 1u << 9);
    line_pauses(&f->device);
    (void)uart_driver_run(&f->driver);
    assert_int_equal(ring_read(&f->mux, text, sizeof text), 3);
    assert_memory_equal(text, "abc", 3);
    assert_int_equal(f->driver.errors.overruns, 1);
    assert_int_equal(f->driver.errors.breaks, 1);
    assert_int_equal(f->driver.errors.framing, 2);
}

static void test_broken_link_does_not_hang(void **state)
{
    struct fixture *f = *state;
    ((struct ring_region *)(void *)f->regions[1])->head = 0xfffffff0;
    for (uint32_t i = 0; i < 100; i++) {
        while (type(&f->device, 'x')) {
        }
        line_pauses(&f->device);
        (void)uart_driver_run(&f->driver);
    }
    assert_int_equal(f->device.rx_count, 0);
    assert_int_equal(ring_init(&f->mux, f->regions[1], f->regions[0], REGION_BYTES), ERR_OK);
    (void)uart_driver_run(&f->driver);
    assert_int_equal(ring_write(&f->mux, "ok", 2), 2);
    (void)uart_driver_run(&f->driver);
    assert_memory_equal(f->device.wire, "ok", 2);
}

static void test_link_must_be_sound(void **state)
{
    struct fixture *f = *state;
    struct uart_registers registers = {.read = device_read, .write = device_write, .context = &f->device};
    assert_int_equal(uart_driver_init(&f->driver, &uart_pl011, &registers, f->regions[0], f->regions[1], 100),
                     ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_device_is_set_up, setup),
        cmocka_unit_test_setup(test_short_text_goes_out_without_an_interrupt, setup),
        cmocka_unit_test_setup(test_long_text_goes_out_by_interrupts, setup),
        cmocka_unit_test_setup(test_typed_bytes_come_in, setup),
        cmocka_unit_test_setup(test_full_link_stops_the_line_and_loses_nothing, setup),
        cmocka_unit_test_setup(test_line_errors_are_counted, setup),
        cmocka_unit_test_setup(test_broken_link_does_not_hang, setup),
        cmocka_unit_test_setup(test_link_must_be_sound, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
