/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/uart_driver/uart_driver.h"

/* Arm DDI 0183G, table 3-1. */
#define UARTDR 0x000u
#define UARTFR 0x018u
#define UARTLCR_H 0x02cu
#define UARTCR 0x030u
#define UARTIFLS 0x034u
#define UARTIMSC 0x038u
#define UARTICR 0x044u

#define DR_FE (1u << 8)
#define DR_PE (1u << 9)
#define DR_BE (1u << 10)
#define DR_OE (1u << 11)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define LCR_H_FEN (1u << 4)
#define LCR_H_WLEN_8 (3u << 5)
#define CR_UARTEN (1u << 0)
#define CR_TXE (1u << 8)
#define CR_RXE (1u << 9)
#define IFLS_TX_EIGHTH 0u
#define IFLS_RX_HALF (2u << 3)
#define INTERRUPT_RX (1u << 4)
#define INTERRUPT_TX (1u << 5)
#define INTERRUPT_RT (1u << 6)
#define INTERRUPT_ALL 0x7ffu
#define INTERRUPTS_RECEIVE (INTERRUPT_RX | INTERRUPT_RT)

static uint32_t read(const struct uart_driver *driver, uint32_t offset)
{
    return driver->registers.read(driver->registers.context, offset);
}

static void write(const struct uart_driver *driver, uint32_t offset, uint32_t value)
{
    driver->registers.write(driver->registers.context, offset, value);
}

static void set_mask(struct uart_driver *driver, uint32_t mask)
{
    if (driver->mask != mask) {
        driver->mask = mask;
        write(driver, UARTIMSC, mask);
    }
}

enum err uart_driver_init(struct uart_driver *driver, const struct uart_registers *registers, void *own,
                          const void *peer, uint32_t region_bytes)
{
    *driver = (struct uart_driver){.registers = *registers};
    enum err err = ring_init(&driver->link, own, peer, region_bytes);
    if (err != ERR_OK) {
        return err;
    }
    write(driver, UARTIMSC, 0);
    write(driver, UARTICR, INTERRUPT_ALL);
    write(driver, UARTIFLS, IFLS_TX_EIGHTH | IFLS_RX_HALF);
    write(driver, UARTLCR_H, LCR_H_FEN | LCR_H_WLEN_8);
    write(driver, UARTCR, CR_UARTEN | CR_TXE | CR_RXE);
    set_mask(driver, INTERRUPTS_RECEIVE);
    return ERR_OK;
}

static void take_byte(struct uart_driver *driver)
{
    uint32_t data = read(driver, UARTDR);
    driver->errors.overruns += (data & DR_OE) != 0;
    if ((data & DR_BE) != 0) {
        driver->errors.breaks++;
        return;
    }
    driver->errors.framing += (data & (DR_FE | DR_PE)) != 0;
    driver->rx[driver->rx_count++] = (uint8_t)data;
}

/* Pass what is in rx to the link. Returns false if not all of it went. */
static bool pass_received(struct uart_driver *driver)
{
    if (ring_is_broken(&driver->link)) {
        driver->rx_count = 0; /* nobody will ever take it */
        return true;
    }
    uint32_t taken = ring_write(&driver->link, driver->rx, driver->rx_count);
    for (uint32_t i = taken; i < driver->rx_count; i++) {
        driver->rx[i - taken] = driver->rx[i];
    }
    driver->rx_count -= taken;
    return driver->rx_count == 0;
}

static void receive(struct uart_driver *driver)
{
    bool more = true;
    while (more) {
        while (driver->rx_count < sizeof driver->rx && (read(driver, UARTFR) & FR_RXFE) == 0) {
            take_byte(driver);
        }
        more = driver->rx_count > 0;
        /* No room: leave the rest in the FIFO, unless room comes up in this moment. */
        if (!pass_received(driver) && !ring_request_space(&driver->link, sizeof driver->rx)) {
            set_mask(driver, driver->mask & ~INTERRUPTS_RECEIVE);
            return;
        }
    }
    set_mask(driver, driver->mask | INTERRUPTS_RECEIVE);
}

/* Returns true when all is sent, false when the FIFO is full. */
static bool fill_fifo(struct uart_driver *driver)
{
    for (;;) {
        if (driver->tx_count == 0) {
            driver->tx_first = 0;
            driver->tx_count = ring_read(&driver->link, driver->tx, sizeof driver->tx);
        }
        if (driver->tx_count == 0) {
            return true;
        }
        if ((read(driver, UARTFR) & FR_TXFF) != 0) {
            return false;
        }
        write(driver, UARTDR, driver->tx[driver->tx_first]);
        driver->tx_first++;
        driver->tx_count--;
    }
}

static void transmit(struct uart_driver *driver)
{
    bool done = fill_fifo(driver);
    while (done && ring_request_data(&driver->link)) {
        done = fill_fifo(driver);
    }
    /* With the FIFO full the interrupt comes when it has run down: no need to be told of data. */
    set_mask(driver, done ? driver->mask & ~INTERRUPT_TX : driver->mask | INTERRUPT_TX);
}

bool uart_driver_run(struct uart_driver *driver)
{
    (void)ring_sync(&driver->link);
    write(driver, UARTICR, INTERRUPT_ALL);
    receive(driver);
    transmit(driver);
    bool data = ring_should_signal_data(&driver->link);
    bool space = ring_should_signal_space(&driver->link);
    return data || space;
}
