/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "microkit/host/microkit_host.h"
#include "vmm/device/pl011.h"
#include "vmm/platform_fake.h"

#define SPI 33u
#define CHANNEL 7u
#define LINK_BYTES 4224u /* the smallest with 4 KiB of data */

/* Registers and bits as a driver knows them. */
enum { DR = 0, RSR = 4, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34 };
enum { IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48 };
#define FR_RXFE 0x10u
#define FR_TXFF 0x20u
#define FR_RXFF 0x40u
#define FR_TXFE 0x80u
#define INT_RX 0x10u
#define INT_TX 0x20u
#define INT_RT 0x40u
#define ENABLE 0x301u
#define FIFOS 0x10u

/* A UART and the multiplexer at the other end. */
struct fixture {
    struct vgic vgic;
    struct irq_line line;
    struct pl011 uart;
    struct vmm_device_config config;
    struct ring mux;
    void *regions[2];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    platform_fake_reset();
    microkit_host_reset();
    assert_int_equal(vgic_init(&f->vgic, 1, 32), ERR_OK);
    f->line = (struct irq_line){.vgic = &f->vgic, .intid = SPI};
    for (unsigned int i = 0; i < 2; i++) {
        f->regions[i] = aligned_alloc(64, LINK_BYTES);
        assert_non_null(f->regions[i]);
        memset(f->regions[i], 0, LINK_BYTES);
    }
    f->config.link = (struct config_link){(uint64_t)(uintptr_t)f->regions[0],
                                          (uint64_t)(uintptr_t)f->regions[1], LINK_BYTES, CHANNEL};
    assert_int_equal(pl011_init(&f->uart, &f->config, &f->line, NULL), ERR_OK);
    assert_int_equal(ring_init(&f->mux, f->regions[1], f->regions[0], LINK_BYTES), ERR_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    free(f->regions[0]);
    free(f->regions[1]);
    free(f);
    return 0;
}

static void store(struct fixture *f, uint64_t offset, uint32_t value)
{
    struct mmio_access access = {.offset = offset, .value = value, .width_bytes = 4, .is_write = true};

    assert_int_equal(pl011_access(&f->uart, &access), MMIO_DONE);
}

static uint32_t load(struct fixture *f, uint64_t offset)
{
    struct mmio_access access = {.offset = offset, .width_bytes = 4};

    assert_int_equal(pl011_access(&f->uart, &access), MMIO_DONE);
    return (uint32_t)access.value;
}

static bool line_is_high(void)
{
    return platform_fake.vcpus[0].virqs[SPI].level;
}

static void type(struct fixture *f, const char *text)
{
    assert_int_equal(ring_write(&f->mux, text, (uint32_t)strlen(text)), strlen(text));
    pl011_notified(&f->uart);
}

static void test_identification(void **state)
{
    static const uint32_t ids[] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(load(*state, 0xfe0 + 4 * i), ids[i]);
    }
}

static void test_reset_values(void **state)
{
    assert_int_equal(load(*state, FR) & 0xf8, FR_RXFE | FR_TXFE);
    assert_int_equal(load(*state, CR), ENABLE);
    assert_int_equal(load(*state, IFLS), 0x12);
    assert_int_equal(load(*state, IMSC), 0);
    assert_int_equal(load(*state, RIS), 0);
    assert_int_equal(load(*state, RSR), 0);
}

static void test_registers_keep_their_bits(void **state)
{
    static const struct {
        uint64_t offset;
        uint32_t kept;
    } rows[] = {{IBRD, 0xffff}, {FBRD, 0x3f}, {LCR_H, 0xff}, {CR, 0xffff},
                {IFLS, 0x3f},   {DMACR, 7},   {IMSC, 0x7ff}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        store(*state, rows[i].offset, UINT32_MAX);
        assert_int_equal(load(*state, rows[i].offset), rows[i].kept);
        store(*state, rows[i].offset, 0);
        assert_int_equal(load(*state, rows[i].offset), 0);
    }
}

static void test_output(void **state)
{
    struct fixture *f = *state;
    char text[8] = "";

    assert_false(ring_request_data(&f->mux));
    store(f, DR, 'h'); /* works before it is enabled, as an early console expects */
    store(f, DR, 'i');
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, CHANNEL), 1);
    assert_int_equal(ring_read(&f->mux, text, sizeof text), 2);
    assert_string_equal(text, "hi");
}

static void test_full_link_stops_output(void **state)
{
    struct fixture *f = *state;
    uint8_t bytes[4096];
    unsigned int sent = 0;

    store(f, IMSC, INT_TX);
    while ((load(f, FR) & FR_TXFF) == 0) {
        store(f, DR, sent & 0xff);
        sent++;
        assert_true(sent <= 4096);
    }
    assert_false(line_is_high());
    assert_int_equal(load(f, RIS) & INT_TX, 0);
    store(f, DR, 'x'); /* a driver that doesn't look: lost, as on hardware */
    assert_int_equal(ring_read(&f->mux, bytes, sizeof bytes), sent);
    for (unsigned int i = 0; i < sent; i++) {
        assert_int_equal(bytes[i], i & 0xff);
    }
    assert_true(ring_should_signal_space(&f->mux));
    pl011_notified(&f->uart);
    assert_int_equal(load(f, FR) & FR_TXFF, 0);
    assert_true(line_is_high());
}

static void test_transmit_interrupt(void **state)
{
    struct fixture *f = *state;

    store(f, IMSC, INT_TX);
    assert_false(line_is_high());
    store(f, DR, 'a');
    assert_true(line_is_high());
    assert_int_equal(load(f, MIS), INT_TX);
    store(f, ICR, INT_TX);
    assert_false(line_is_high());
    store(f, DR, 'b');
    store(f, IMSC, 0);
    assert_false(line_is_high());
}

static void test_input(void **state)
{
    struct fixture *f = *state;

    store(f, LCR_H, FIFOS);
    store(f, CR, ENABLE);
    store(f, IMSC, INT_RX | INT_RT);
    assert_int_equal(load(f, DR), 0); /* empty */
    type(f, "abc");
    assert_true(line_is_high());
    assert_int_equal(load(f, MIS), INT_RT); /* below the level: the timeout */
    assert_int_equal(load(f, FR) & FR_RXFE, 0);
    assert_int_equal(load(f, DR), 'a');
    assert_int_equal(load(f, DR), 'b');
    assert_true(line_is_high());
    assert_int_equal(load(f, DR), 'c');
    assert_false(line_is_high());
    assert_int_equal(load(f, FR) & FR_RXFE, FR_RXFE);
    type(f, "defghijk");
    assert_int_equal(load(f, MIS), INT_RT | INT_RX);
    store(f, ICR, INT_RT | INT_RX);
    assert_int_equal(load(f, MIS), INT_RX);
}

static void test_input_beyond_the_fifo_waits(void **state)
{
    struct fixture *f = *state;
    const char *text = "0123456789abcdefghijklmnopqrstuvwxyz";

    store(f, LCR_H, FIFOS);
    store(f, CR, ENABLE);
    type(f, text);
    assert_int_equal(load(f, FR) & FR_RXFF, FR_RXFF);
    for (size_t i = 0; text[i] != 0; i++) {
        assert_int_equal(load(f, DR), (uint32_t)text[i]);
    }
    assert_int_equal(load(f, FR) & FR_RXFE, FR_RXFE);
    type(f, "!");
    assert_int_equal(load(f, DR), '!');
}

static void test_input_waits_until_enabled(void **state)
{
    struct fixture *f = *state;

    store(f, CR, 0);
    type(f, "x");
    assert_int_equal(load(f, FR) & FR_RXFE, FR_RXFE);
    store(f, CR, ENABLE);
    assert_int_equal(load(f, FR) & FR_RXFE, 0);
    assert_int_equal(load(f, DR), 'x');
}

static void test_one_byte_without_fifos(void **state)
{
    struct fixture *f = *state;

    store(f, CR, ENABLE);
    store(f, IMSC, INT_RX);
    type(f, "xy");
    assert_int_equal(load(f, FR) & FR_RXFF, FR_RXFF);
    assert_int_equal(load(f, MIS), INT_RX);
    assert_int_equal(load(f, DR), 'x');
    assert_int_equal(load(f, DR), 'y');
}

static void test_switching_fifos_keeps_input(void **state)
{
    struct fixture *f = *state;

    type(f, "xyz");
    store(f, LCR_H, FIFOS);
    assert_int_equal(load(f, DR), 'x');
    store(f, LCR_H, 0);
    assert_int_equal(load(f, DR), 'y');
    assert_int_equal(load(f, DR), 'z');
}

static void test_loopback(void **state)
{
    struct fixture *f = *state;
    uint8_t byte;

    store(f, LCR_H, FIFOS);
    store(f, CR, ENABLE | 0x80);
    for (unsigned int i = 0; i < 20; i++) {
        store(f, DR, 'a' + i);
    }
    assert_int_equal(ring_read(&f->mux, &byte, 1), 0);
    for (unsigned int i = 0; i < 16; i++) {
        assert_int_equal(load(f, DR), 'a' + i);
    }
    assert_int_equal(load(f, FR) & FR_RXFE, FR_RXFE);
}

static void test_without_a_link(void **state)
{
    struct fixture *f = *state;

    f->config.link.bytes = 0;
    assert_int_equal(pl011_init(&f->uart, &f->config, &f->line, NULL), ERR_OK);
    store(f, CR, ENABLE);
    for (unsigned int i = 0; i < 10000; i++) {
        store(f, DR, 'x');
    }
    assert_int_equal(load(f, FR) & (FR_TXFF | FR_RXFE), FR_RXFE);
    pl011_notified(&f->uart);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, CHANNEL), 0);
}

static void test_broken_link(void **state)
{
    struct fixture *f = *state;
    struct ring_region *region = f->regions[1];

    store(f, CR, ENABLE);
    region->head = 0x7fffffff;
    pl011_notified(&f->uart);
    assert_true(ring_is_broken(f->uart.link));
    store(f, DR, 'x');
    assert_int_equal(load(f, FR) & FR_TXFF, 0); /* the guest goes on */
}

static void test_bad_link(void **state)
{
    struct fixture *f = *state;

    f->config.link.bytes = 64;
    assert_int_equal(pl011_init(&f->uart, &f->config, &f->line, NULL), ERR_RANGE);
}

static void test_odd_accesses(void **state)
{
    struct fixture *f = *state;
    struct mmio_access access = {.offset = FR, .value = 5, .width_bytes = 8};

    assert_int_equal(pl011_access(&f->uart, &access), MMIO_DONE);
    assert_int_equal(access.value, 0);
    access = (struct mmio_access){.offset = FR, .width_bytes = 1};
    assert_int_equal(pl011_access(&f->uart, &access), MMIO_DONE);
    assert_true(access.value != 0); /* narrow ones are common */
    access = (struct mmio_access){.offset = FR + 1, .value = 5, .width_bytes = 1};
    assert_int_equal(pl011_access(&f->uart, &access), MMIO_DONE);
    assert_int_equal(access.value, 0);
    assert_int_equal(load(f, 0x1000), 0);
    assert_int_equal(load(f, 0xffff), 0);
    store(f, 0xfe0, 0);
    store(f, 0x80, 1);
    assert_int_equal(load(f, 0x80), 0);
}

static void test_machine_reset(void **state)
{
    struct fixture *f = *state;

    store(f, LCR_H, FIFOS);
    store(f, CR, ENABLE);
    store(f, IMSC, INT_RT);
    type(f, "x");
    assert_true(line_is_high());
    pl011_reset(&f->uart);
    assert_false(line_is_high());
    assert_int_equal(load(f, FR) & FR_RXFE, FR_RXFE);
    assert_int_equal(load(f, IMSC), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_identification),
        TEST(test_reset_values),
        TEST(test_registers_keep_their_bits),
        TEST(test_output),
        TEST(test_full_link_stops_output),
        TEST(test_transmit_interrupt),
        TEST(test_input),
        TEST(test_input_beyond_the_fifo_waits),
        TEST(test_input_waits_until_enabled),
        TEST(test_one_byte_without_fifos),
        TEST(test_switching_fifos_keeps_input),
        TEST(test_loopback),
        TEST(test_without_a_link),
        TEST(test_broken_link),
        TEST(test_bad_link),
        TEST(test_odd_accesses),
        TEST(test_machine_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
