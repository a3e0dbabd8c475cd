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

void console_get_line(char *line, size_t capacity)
{
    size_t length = 0;

    for (;;) {
        char c;

        while ((access_read(machine.uart + UART_FR, 4) & FR_RXFE) != 0) {
        }
        c = (char)access_read(machine.uart + UART_DR, 4);
        if (c == '\r' || c == '\n') {
            line[length] = 0;
            return;
        }
        if (length + 1 < capacity) {
            line[length++] = c;
        }
    }
}
