/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a UART's driver that is the same for every device: bytes between its FIFOs and the link. */
#include "pd/uart_driver/uart_driver.h"

static void set_interrupts(struct uart_driver *driver, uint32_t interrupts)
{
    if (driver->interrupts != interrupts) {
        driver->interrupts = interrupts;
        driver->device->set_interrupts(&driver->registers, interrupts);
    }
}

enum err uart_driver_init(struct uart_driver *driver, const struct uart_device *device,
                          const struct uart_registers *registers, void *own, const void *peer,
                          uint32_t region_bytes)
{
    *driver = (struct uart_driver){.device = device, .registers = *registers};
    enum err err = ring_init(&driver->link, own, peer, region_bytes);
    if (err != ERR_OK) {
        return err;
    }
    device->init(registers);
    set_interrupts(driver, UART_RECEIVE);
    return ERR_OK;
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
    uint32_t received;
    while (more) {
        while (driver->rx_count < sizeof driver->rx &&
               driver->device->receive(&driver->registers, &received, &driver->errors)) {
            if (received != UART_NOTHING) {
                driver->rx[driver->rx_count++] = (uint8_t)received;
            }
        }
        more = driver->rx_count > 0;
        /* No room: leave the rest in the FIFO, unless room comes up in this moment. */
        if (!pass_received(driver) && !ring_request_space(&driver->link, sizeof driver->rx)) {
            set_interrupts(driver, driver->interrupts & ~(uint32_t)UART_RECEIVE);
            return;
        }
    }
    set_interrupts(driver, driver->interrupts | UART_RECEIVE);
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
        if (!driver->device->send(&driver->registers, driver->tx[driver->tx_first])) {
            return false;
        }
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
    set_interrupts(driver,
                   done ? driver->interrupts & ~(uint32_t)UART_TRANSMIT : driver->interrupts | UART_TRANSMIT);
}

bool uart_driver_run(struct uart_driver *driver)
{
    (void)ring_sync(&driver->link);
    driver->device->acknowledge(&driver->registers);
    receive(driver);
    transmit(driver);
    bool data = ring_should_signal_data(&driver->link);
    bool space = ring_should_signal_space(&driver->link);
    return data || space;
}
