/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest/hostile/hostile.h"

enum pl011 { UART_DR = 0x00, UART_FR = 0x18, UART_CR = 0x30, FR_RXFE = 1 << 4, FR_TXFF = 1 << 5 };
/* UARTEN, TXE, RXE: a PL011 receives nothing before. */
#define CR_ON 0x301u

void console_start(void)
{
    access_write(machine.uart + UART_CR, 4, CR_ON);
}

static void put_char(char c)
{
    while ((access_read(machine.uart + UART_FR, 4) & FR_TXFF) != 0) {
    }
    access_write(machine.uart + UART_DR, 4, (uint8_t)c);
}

void console_put(const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '\n') {
            put_char('\r');
        }
        put_char(*text);
    }
}

static void put_digits(uint64_t value, uint64_t base)
{
    char digits[24];
    int count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0) {
        put_char(digits[--count]);
    }
}

void console_put_number(uint64_t value)
{
    put_digits(value, 10);
}

void console_put_hex(uint64_t value)
{
    console_put("0x");
    put_digits(value, 16);
}

/* A byte from the UART, or -1. */
static int poll_uart(void)
{
    return (access_read(machine.uart + UART_FR, 4) & FR_RXFE) != 0
               ? -1
               : (int)(uint8_t)access_read(machine.uart + UART_DR, 4);
}

bool console_is_typed_on(void)
{
    const bool typed = poll_uart() >= 0;

    while (poll_uart() >= 0) {
    }
    return typed;
}

static struct virtio_device *find_console(void)
{
    for (uint32_t i = 0; i < virtio_count; i++) {
        if (virtio_devices[i].id == DEVICE_CONSOLE) {
            return &virtio_devices[i];
        }
    }
    return NULL;
}

/* Offer one buffer of one byte: what comes after the line stays with the device, for an attack to receive. */
static void offer_byte(struct virtio_device *device)
{
    device->queues[0].desc[0] = (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, 1, DESC_WRITE, 0};
    virtio_submit(device, 0, 0);
}

/* A byte from the virtio console, which has been started, or -1. */
static int poll_virtio(struct virtio_device *device)
{
    struct virtio_queue *queue = &device->queues[0];

    if (*(volatile uint16_t *)&queue->used.idx != queue->avail.idx) {
        return -1;
    }
    return *(volatile uint8_t *)device->buffers;
}

/* Where a virtio console shares the terminal with the UART, input comes by the former. */
static char get_char(struct virtio_device *device)
{
    for (;;) {
        int c = device != NULL ? poll_virtio(device) : poll_uart();

        if (c >= 0) {
            return (char)c;
        }
    }
}

void console_get_line(char *line, size_t capacity)
{
    struct virtio_device *device = find_console();
    size_t length = 0;

    if (device != NULL) {
        (void)virtio_start(device);
    }
    for (;;) {
        char c;

        if (device != NULL) {
            offer_byte(device);
        }
        c = get_char(device);
        if (c == '\r' || c == '\n') {
            line[length] = 0;
            return;
        }
        if (length + 1 < capacity) {
            line[length++] = c;
        }
    }
}
