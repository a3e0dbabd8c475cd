/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver against models of UARTs other than the PL011: FIFOs, status, sticky and level interrupts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pd/uart_driver/uart_driver.h"

#define REGION_BYTES 4096u
#define CAPACITY 2048u
#define FIFO_BYTES 64u
#define IMX_FIFO_BYTES 32u

/* Registers of the Cadence UART (UG1087). */
#define CADENCE_CONTROL 0x00u
#define CADENCE_ENABLE 0x08u
#define CADENCE_DISABLE 0x0cu
#define CADENCE_INTERRUPT 0x14u
#define CADENCE_TRIGGER 0x20u
#define CADENCE_STATUS 0x2cu
#define CADENCE_FIFO 0x30u
#define CADENCE_RTRIG 0x01u
#define CADENCE_TEMPTY 0x08u
#define CADENCE_ROVR 0x20u
#define CADENCE_FRAME 0x40u

/* Registers of the i.MX UART (IMX8MPRM, 16.2.14). */
#define IMX_URXD 0x00u
#define IMX_UTXD 0x40u
#define IMX_UCR1 0x80u
#define IMX_UCR2 0x84u
#define IMX_UCR3 0x88u
#define IMX_UCR4 0x8cu
#define IMX_UFCR 0x90u
#define IMX_USR1 0x94u
#define IMX_USR2 0x98u
#define IMX_UTS 0xb4u

/* Either device; what a field means is in the model's functions. */
struct model {
    uint32_t control, mode, fifo_control;
    uint32_t mask, sticky, trigger;
    uint32_t rx[FIFO_BYTES];
    uint32_t rx_count, tx_count, fifo_bytes;
    char wire[4 * CAPACITY];
    uint32_t wire_count;
};

struct fixture {
    struct model model;
    struct uart_driver driver;
    struct ring mux;
    bool (*interrupts)(const struct model *model);
    uint32_t
        error; /* what the model's FIFO holds for a byte with a framing error; 0: it can't say which byte */
    _Alignas(64) uint8_t regions[2][REGION_BYTES];
};

static struct fixture fixture;

static uint32_t pop(struct model *model)
{
    assert_true(model->rx_count > 0);
    const uint32_t data = model->rx[0];
    memmove(model->rx, model->rx + 1, sizeof model->rx - sizeof model->rx[0]);
    model->rx_count--;
    return data;
}

static void push(struct model *model, uint32_t value)
{
    assert_true(model->tx_count < model->fifo_bytes);
    model->tx_count++;
    model->wire[model->wire_count++ % sizeof model->wire] = (char)value;
}

/* Cadence: a bit is set when its cause comes up, and stays until it is written. */
static void cadence_update(struct model *model)
{
    if (model->trigger != 0 && model->rx_count >= model->trigger) {
        model->sticky |= CADENCE_RTRIG;
    }
    if (model->tx_count == 0) {
        model->sticky |= CADENCE_TEMPTY;
    }
}

static uint32_t cadence_read(void *context, uint32_t offset)
{
    struct model *model = context;
    uint32_t value = 0;

    switch (offset) {
    case CADENCE_CONTROL:
        value = model->control;
        break;
    case CADENCE_INTERRUPT:
        value = model->sticky;
        break;
    case CADENCE_STATUS:
        value = (model->rx_count == 0 ? 0x02u : 0) | (model->tx_count == model->fifo_bytes ? 0x10u : 0);
        break;
    case CADENCE_FIFO:
        value = pop(model);
        break;
    default:
        fail_msg("read of register 0x%x", offset);
    }
    cadence_update(model);
    return value;
}

static void cadence_write(void *context, uint32_t offset, uint32_t value)
{
    struct model *model = context;

    switch (offset) {
    case CADENCE_CONTROL:
        model->control = value;
        break;
    case CADENCE_ENABLE:
        model->mask |= value;
        break;
    case CADENCE_DISABLE:
        model->mask &= ~value;
        break;
    case CADENCE_INTERRUPT:
        model->sticky &= ~value;
        break;
    case CADENCE_TRIGGER:
        model->trigger = value;
        break;
    case CADENCE_FIFO:
        push(model, value);
        break;
    default:
        fail_msg("write of register 0x%x", offset);
    }
    cadence_update(model);
}

static bool cadence_interrupts(const struct model *model)
{
    struct model now = *model;

    cadence_update(&now);
    return (now.sticky & now.mask) != 0;
}

static uint32_t imx_read(void *context, uint32_t offset)
{
    struct model *model = context;

    switch (offset) {
    case IMX_URXD:
        return pop(model) | 1u << 15;
    case IMX_UCR3:
        return 0x700;
    case IMX_UFCR:
        return model->fifo_control;
    case IMX_UTS:
        return (model->tx_count == model->fifo_bytes ? 0x10u : 0) | (model->rx_count == 0 ? 0x20u : 0);
    default:
        fail_msg("read of register 0x%x", offset);
        return 0;
    }
}

static void imx_write(void *context, uint32_t offset, uint32_t value)
{
    struct model *model = context;

    switch (offset) {
    case IMX_UTXD:
        push(model, value);
        break;
    case IMX_UCR1:
        model->control = value;
        break;
    case IMX_UCR2:
        model->mode = value;
        break;
    case IMX_UFCR:
        model->fifo_control = value;
        break;
    case IMX_UCR3:
    case IMX_UCR4:
    case IMX_USR1:
    case IMX_USR2:
        break;
    default:
        fail_msg("write of register 0x%x", offset);
    }
}

/* Levels: RRDY from RXTL bytes on, TRDY below TXTL. */
static bool imx_interrupts(const struct model *model)
{
    const bool receive = model->rx_count >= (model->fifo_control & 63);
    const bool transmit = model->tx_count < (model->fifo_control >> 10 & 63);

    return ((model->control >> 9 & 1) != 0 && receive) || ((model->control >> 13 & 1) != 0 && transmit);
}

static void start(struct fixture *f, const struct uart_device *device, const struct uart_registers *registers)
{
    assert_int_equal(
        uart_driver_init(&f->driver, device, registers, f->regions[0], f->regions[1], REGION_BYTES), ERR_OK);
    assert_int_equal(ring_init(&f->mux, f->regions[1], f->regions[0], REGION_BYTES), ERR_OK);
    (void)uart_driver_run(&f->driver);
}

static int setup_cadence(void **state)
{
    struct fixture *f = &fixture;
    const struct uart_registers registers = {cadence_read, cadence_write, &f->model};

    memset(f, 0, sizeof *f);
    f->model.fifo_bytes = FIFO_BYTES;
    f->model.control = 0x128; /* as after reset: both directions off */
    f->interrupts = cadence_interrupts;
    start(f, &uart_cadence, &registers);
    *state = f;
    return 0;
}

static int setup_imx(void **state)
{
    struct fixture *f = &fixture;
    const struct uart_registers registers = {imx_read, imx_write, &f->model};

    memset(f, 0, sizeof *f);
    f->model.fifo_bytes = IMX_FIFO_BYTES;
    f->model.fifo_control = 5u << 7;
    f->interrupts = imx_interrupts;
    f->error = 1u << 12;
    start(f, &uart_imx, &registers);
    *state = f;
    return 0;
}

static bool type(struct fixture *f, uint32_t data)
{
    if (f->model.rx_count == f->model.fifo_bytes) {
        return false;
    }
    f->model.rx[f->model.rx_count++] = data;
    return true;
}

static void test_cadence_is_enabled(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->model.control, 0x114);
    assert_int_equal(f->model.mask, CADENCE_RTRIG);
}

static void test_imx_is_enabled_with_the_firmwares_speed(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(f->model.mode, 0x4027);
    assert_int_equal(f->model.control, 0x201);
    assert_int_equal(f->model.fifo_control >> 7 & 7, 5);
}

static void test_nothing_to_do_is_silent(void **state)
{
    struct fixture *f = *state;

    assert_false(f->interrupts(&f->model));
}

static void test_one_typed_byte_comes_in(void **state)
{
    struct fixture *f = *state;
    char text[4];

    assert_false(ring_request_data(&f->mux));
    assert_true(type(f, 'a'));
    assert_true(f->interrupts(&f->model));
    assert_true(uart_driver_run(&f->driver));
    assert_false(f->interrupts(&f->model));
    assert_int_equal(ring_read(&f->mux, text, sizeof text), 1);
    assert_int_equal(text[0], 'a');
}

static void test_long_text_goes_out_by_interrupts(void **state)
{
    struct fixture *f = *state;
    char text[CAPACITY];
    uint32_t count = 0;

    for (uint32_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 7);
    }
    assert_int_equal(ring_write(&f->mux, text, sizeof text), sizeof text);
    (void)uart_driver_run(&f->driver);
    while (f->model.tx_count > 0) {
        f->model.tx_count--;
        if (f->interrupts(&f->model)) {
            count++;
            (void)uart_driver_run(&f->driver);
        }
    }
    assert_int_equal(f->model.wire_count, sizeof text);
    assert_memory_equal(f->model.wire, text, sizeof text);
    assert_in_range(count, 1, 2 * CAPACITY / f->model.fifo_bytes + 1);
    assert_false(f->interrupts(&f->model));
}

static void test_full_link_stops_the_line_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    uint32_t typed = 0;
    uint32_t received = 0;
    bool blocked = false;

    while (received < 5 * CAPACITY) {
        while (type(f, typed & 0xff)) {
            typed++;
        }
        if (f->interrupts(&f->model)) {
            (void)uart_driver_run(&f->driver);
            continue;
        }
        uint8_t bytes[300];
        const uint32_t count = ring_read(&f->mux, bytes, sizeof bytes);

        blocked = true; /* masked: only the multiplexer can go on */
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

static void test_errors_are_counted_and_end(void **state)
{
    struct fixture *f = *state;

    if (f->error == 0) {
        f->model.sticky |= CADENCE_ROVR | CADENCE_FRAME;
    }
    assert_true(type(f, 'a' | f->error | (f->error != 0 ? 1u << 13 : 0)));
    assert_true(type(f, 'b'));
    (void)uart_driver_run(&f->driver);
    assert_int_equal(f->driver.errors.overruns, 1);
    assert_int_equal(f->driver.errors.framing, 1);
    (void)uart_driver_run(&f->driver);
    assert_int_equal(f->driver.errors.framing, 1);
}

static void test_imx_break_is_no_byte(void **state)
{
    struct fixture *f = *state;
    char text[4];

    assert_true(type(f, 1u << 11));
    assert_true(type(f, 'x'));
    (void)uart_driver_run(&f->driver);
    assert_int_equal(f->driver.errors.breaks, 1);
    assert_int_equal(ring_read(&f->mux, text, sizeof text), 1);
    assert_int_equal(text[0], 'x');
}

int main(void)
{
#define BOTH(test) cmocka_unit_test_setup(test, setup_cadence), cmocka_unit_test_setup(test, setup_imx)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_cadence_is_enabled, setup_cadence),
        cmocka_unit_test_setup(test_imx_is_enabled_with_the_firmwares_speed, setup_imx),
        BOTH(test_nothing_to_do_is_silent),
        BOTH(test_one_typed_byte_comes_in),
        BOTH(test_long_text_goes_out_by_interrupts),
        BOTH(test_full_link_stops_the_line_and_loses_nothing),
        BOTH(test_errors_are_counted_and_end),
        cmocka_unit_test_setup(test_imx_break_is_no_byte, setup_imx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
