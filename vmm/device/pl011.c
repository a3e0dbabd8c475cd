/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/device/pl011.h"

#include <stddef.h>

/* Register offsets, table 3-1. */
enum pl011_register {
    UARTDR = 0x000,
    UARTRSR = 0x004,
    UARTFR = 0x018,
    UARTILPR = 0x020,
    UARTIBRD = 0x024,
    UARTFBRD = 0x028,
    UARTLCR_H = 0x02c,
    UARTCR = 0x030,
    UARTIFLS = 0x034,
    UARTIMSC = 0x038,
    UARTRIS = 0x03c,
    UARTMIS = 0x040,
    UARTICR = 0x044,
    UARTDMACR = 0x048,
    UARTPERIPHID0 = 0xfe0
};

#define DR_BREAK (1u << 10)
#define DR_ERRORS_SHIFT 8

#define FR_CTS (1u << 0)
#define FR_DSR (1u << 1)
#define FR_DCD (1u << 2)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define FR_RXFF (1u << 6)
#define FR_TXFE (1u << 7)

#define INT_RX (1u << 4)
#define INT_TX (1u << 5)
#define INT_RT (1u << 6)
#define INT_ALL 0x7ffu

#define CR_UARTEN (1u << 0)
#define CR_LBE (1u << 7)
#define CR_TXE (1u << 8)
#define CR_RXE (1u << 9)
#define LCR_H_FEN (1u << 4)

/* Space in the link that is worth a transmit interrupt after it was full. */
#define TX_SPACE_WANTED 256u

static uint32_t fifo_size(const struct pl011 *uart)
{
    return (uart->lcr_h & LCR_H_FEN) != 0 ? PL011_FIFO_BYTES : 1;
}

/* Bytes at which the receive interrupt comes: UARTIFLS, table 3-13. */
static uint32_t receive_level(const struct pl011 *uart)
{
    static const uint8_t levels[8] = {2, 4, 8, 12, 14, 8, 8, 8};

    return (uart->lcr_h & LCR_H_FEN) != 0 ? levels[uart->ifls >> 3 & 7] : 1;
}

static bool is_receiving(const struct pl011 *uart)
{
    return (uart->cr & (CR_UARTEN | CR_RXE)) == (CR_UARTEN | CR_RXE);
}

static void update_line(struct pl011 *uart)
{
    const bool high = (uart->raw & uart->imsc) != 0;

    if (high != uart->line->high) {
        irq_line_set(uart->line, high);
    }
}

/* The receive interrupts follow from the FIFO. There is no time here, so the timeout comes at once. */
static void update_receive(struct pl011 *uart)
{
    if (uart->fifo_count >= receive_level(uart)) {
        uart->raw |= INT_RX;
    } else {
        uart->raw &= (uint16_t)~INT_RX;
    }
    if (uart->fifo_count == 0) {
        uart->raw &= (uint16_t)~INT_RT;
    }
}

static void fifo_push(struct pl011 *uart, uint16_t entry)
{
    uart->fifo[(uart->fifo_first + uart->fifo_count) % PL011_FIFO_BYTES] = entry;
    uart->fifo_count++;
    uart->raw |= INT_RT;
}

/* Move what there is room for from the link into the FIFO; ask for a signal when the link is empty. */
static void fill_fifo(struct pl011 *uart)
{
    uint8_t byte;

    if (uart->has_link && !uart->is_shared && is_receiving(uart)) {
        while (uart->fifo_count < fifo_size(uart)) {
            if (ring_read(uart->link, &byte, 1) == 1) {
                fifo_push(uart, byte);
            } else if (!ring_request_data(uart->link)) {
                break;
            }
        }
        if (ring_should_signal_space(uart->link)) {
            microkit_notify(uart->channel);
        }
    }
    update_receive(uart);
}

static void complain_about_link(struct pl011 *uart)
{
    if (ring_is_broken(uart->link)) {
        log_warn_limited(&uart->complaints, "console: link to the serial multiplexer is broken");
    }
}

static bool transmit_is_full(struct pl011 *uart)
{
    /* Without a link, or with a broken one, the wire is cut: everything goes out, nowhere. */
    return uart->has_link && !ring_is_broken(uart->link) && ring_space(uart->link) == 0;
}

static void send(struct pl011 *uart, uint8_t byte)
{
    if ((uart->cr & CR_LBE) != 0) {
        if (uart->fifo_count < fifo_size(uart)) {
            fifo_push(uart, byte);
            update_receive(uart);
        }
    } else if (uart->has_link && ring_write(uart->link, &byte, 1) == 1) {
        if (ring_should_signal_data(uart->link)) {
            microkit_notify(uart->channel);
        }
    }
    /* The FIFO is below any trigger level again, unless the link is full now: then the signal says so. */
    if (transmit_is_full(uart) && !ring_request_space(uart->link, TX_SPACE_WANTED)) {
        uart->raw &= (uint16_t)~INT_TX;
    } else {
        uart->raw |= INT_TX;
    }
}

static uint16_t receive(struct pl011 *uart)
{
    if (uart->fifo_count == 0) {
        return 0;
    }
    const uint16_t entry = uart->fifo[uart->fifo_first];
    uart->fifo_first = (uart->fifo_first + 1) % PL011_FIFO_BYTES;
    uart->fifo_count--;
    uart->rsr = (uint8_t)(entry >> DR_ERRORS_SHIFT);
    fill_fifo(uart);
    return entry;
}

static uint32_t read_flags(struct pl011 *uart)
{
    uint32_t flags = FR_CTS | FR_DSR | FR_DCD;

    if (uart->fifo_count == 0) {
        flags |= FR_RXFE;
    }
    if (uart->fifo_count >= fifo_size(uart)) {
        flags |= FR_RXFF;
    }
    flags |= transmit_is_full(uart) ? FR_TXFF : FR_TXFE;
    return flags;
}

static uint32_t read_id(uint64_t offset)
{
    /* UARTPeriphID0..3 (revision r1p5) and UARTPCellID0..3. */
    static const uint8_t ids[] = {0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    return ids[(offset - UARTPERIPHID0) / 4];
}

static uint32_t read_register(struct pl011 *uart, uint64_t offset)
{
    switch (offset) {
    case UARTDR:
        return receive(uart);
    case UARTRSR:
        return uart->rsr;
    case UARTFR:
        return read_flags(uart);
    case UARTILPR:
        return uart->ilpr;
    case UARTIBRD:
        return uart->ibrd;
    case UARTFBRD:
        return uart->fbrd;
    case UARTLCR_H:
        return uart->lcr_h;
    case UARTCR:
        return uart->cr;
    case UARTIFLS:
        return uart->ifls;
    case UARTIMSC:
        return uart->imsc;
    case UARTRIS:
        return uart->raw;
    case UARTMIS:
        return uart->raw & uart->imsc;
    case UARTDMACR:
        return uart->dmacr;
    default:
        return offset >= UARTPERIPHID0 ? read_id(offset) : 0;
    }
}

static void write_line_control(struct pl011 *uart, uint8_t value)
{
    /* Switching the FIFOs may empty them (3.3.7), but what was typed while a guest boots is worth keeping. */
    uart->lcr_h = value;
    fill_fifo(uart);
}

static void write_register(struct pl011 *uart, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case UARTDR:
        send(uart, (uint8_t)value);
        break;
    case UARTRSR: /* UARTECR */
        uart->rsr = 0;
        break;
    case UARTILPR:
        uart->ilpr = (uint8_t)value;
        break;
    case UARTIBRD:
        uart->ibrd = (uint16_t)value;
        break;
    case UARTFBRD:
        uart->fbrd = value & 0x3f;
        break;
    case UARTLCR_H:
        write_line_control(uart, (uint8_t)value);
        break;
    case UARTCR:
        uart->cr = (uint16_t)value;
        fill_fifo(uart);
        break;
    case UARTIFLS:
        uart->ifls = value & 0x3f;
        update_receive(uart);
        break;
    case UARTIMSC:
        uart->imsc = value & INT_ALL;
        break;
    case UARTICR:
        uart->raw &= (uint16_t)~value;
        update_receive(uart); /* as long as the FIFO is above its level, so is the interrupt */
        break;
    case UARTDMACR:
        uart->dmacr = value & 7;
        break;
    default:
        break;
    }
}

enum mmio_result pl011_access(void *context, struct mmio_access *access)
{
    struct pl011 *uart = context;
    const uint64_t offset = access->offset & ~3ull;

    if (access->width_bytes > 4 || (access->offset & 3) != 0 || offset > 0xffc) {
        access->value = access->is_write ? access->value : 0;
        return MMIO_DONE;
    }
    if (access->is_write) {
        write_register(uart, offset, (uint32_t)access->value);
    } else {
        access->value = read_register(uart, offset);
    }
    update_line(uart);
    return MMIO_DONE;
}

enum err pl011_init(struct pl011 *uart, const struct vmm_device_config *config, struct irq_line *line,
                    struct ring *shared)
{
    *uart = (struct pl011){.line = line,
                           .has_link = config->link.bytes != 0,
                           .is_shared = shared != NULL,
                           .link = shared != NULL ? shared : &uart->own_link,
                           .channel = config->link.channel};
    pl011_reset(uart);
    if (!uart->has_link || uart->is_shared) {
        return ERR_OK;
    }
    return ring_init(uart->link, (void *)(uintptr_t)config->link.own,
                     (const void *)(uintptr_t)config->link.peer, config->link.bytes);
}

void pl011_reset(struct pl011 *uart)
{
    uart->fifo_first = 0;
    uart->fifo_count = 0;
    uart->raw = 0;
    uart->imsc = 0;
    /* Enabled, as firmware hands it over: many a small guest takes that for granted. */
    uart->cr = CR_UARTEN | CR_TXE | CR_RXE;
    uart->ibrd = 0;
    uart->fbrd = 0;
    uart->lcr_h = 0;
    uart->ifls = 0x12;
    uart->dmacr = 0;
    uart->ilpr = 0;
    uart->rsr = 0;
    update_line(uart);
}

void pl011_notified(struct pl011 *uart)
{
    if (!uart->has_link) {
        return;
    }
    if (!uart->is_shared) {
        (void)ring_sync(uart->link);
    }
    complain_about_link(uart);
    fill_fifo(uart);
    if (!transmit_is_full(uart)) {
        uart->raw |= INT_TX;
    }
    update_line(uart);
}

bool pl011_break(struct pl011 *uart, uint8_t character)
{
    if (uart->is_shared || !is_receiving(uart) || uart->fifo_count + 2 > PL011_FIFO_BYTES) {
        return false;
    }
    fifo_push(uart, DR_BREAK);
    fifo_push(uart, character);
    update_receive(uart);
    update_line(uart);
    return true;
}
