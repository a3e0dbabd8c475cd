/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on the PL011 that is the guest's console (Arm DDI 0183). */
#include "guest/hostile/hostile.h"

#include "guest/hostile/mmu.h"

enum uart_register {
    UART_DR = 0x000,
    UART_FR = 0x018,
    UART_LCR_H = 0x02c,
    UART_CR = 0x030,
    UART_IFLS = 0x034,
    UART_IMSC = 0x038,
    UART_RIS = 0x03c,
    UART_ICR = 0x044,
    UART_PERIPH_ID0 = 0xfe0
};
enum uart_bits {
    CR_ENABLE = 0x301,
    CR_LOOP_BACK = 0x80,
    LCR_H_FIFOS = 0x70,
    RIS_TRANSMIT = 0x20,
    FR_EMPTY = 0x10
};

static uint64_t get(uint64_t offset)
{
    return access_read(machine.uart + offset, 4);
}

static void put(uint64_t offset, uint64_t value)
{
    access_write(machine.uart + offset, 4, value);
}

/* The console is what it was: who it is, and that a switched-on one takes a character. */
static void check_uart(void)
{
    check_that(get(UART_PERIPH_ID0) == 0x11 && get(UART_PERIPH_ID0 + 4) == 0x10, "it is no PL011 any more");
    put(UART_CR, 0);
    put(UART_IMSC, 0);
    put(UART_LCR_H, 0);
    put(UART_IFLS, 0x12);
    put(UART_ICR, 0x7ff);
    put(UART_CR, CR_ENABLE);
    console_put("\n");
    check_that((get(UART_RIS) & RIS_TRANSMIT) != 0, "it does not send any more");
}

/* Register DR is a stream to the multiplexer: what is read goes, and what is written is shown. */
static void read_all(struct virtio_device *device, uint64_t width)
{
    (void)device;
    for (uint64_t offset = 0; offset < 0x1000; offset += width) {
        (void)access_read(machine.uart + offset, (uint32_t)width);
    }
    check_that(check_exceptions() == 0, "an aligned load ended in an exception");
    check_uart();
}

static void write_all(struct virtio_device *device, uint64_t parameter)
{
    uint32_t width = (uint32_t)(parameter & 0xff);
    uint64_t value = parameter >> 8 != 0 ? ~0ull : 0;

    (void)device;
    for (uint64_t offset = width; offset < 0x1000; offset += width) {
        access_write(machine.uart + offset, width, value);
    }
    check_that(check_exceptions() == 0, "an aligned store ended in an exception");
    check_uart();
}

static void unaligned(struct virtio_device *device, uint64_t width)
{
    (void)device;
    for (uint64_t offset = 1; offset < 0x1000 - 8; offset += width) {
        access_write(mmu_normal(machine.uart + offset), (uint32_t)width, ~0ull);
        (void)access_read(mmu_normal(machine.uart + offset), (uint32_t)width);
    }
    check_uart();
}

/* What it says to itself fills its FIFO, and no more than that. */
static void loop_back(struct virtio_device *device, uint64_t fifos)
{
    uint32_t count = 0;

    (void)device;
    put(UART_LCR_H, fifos);
    put(UART_CR, CR_ENABLE | CR_LOOP_BACK);
    for (int i = 0; i < 1000; i++) {
        put(UART_DR, 'x');
    }
    while (count < 1000 && (get(UART_FR) & FR_EMPTY) == 0) {
        (void)get(UART_DR);
        count++;
    }
    check_that(count >= 1 && count <= 32, "the FIFO has another size");
    check_uart();
}

static void read_empty(struct virtio_device *device, uint64_t count)
{
    uint64_t bits = 0;

    (void)device;
    for (uint64_t i = 0; i < count; i++) {
        bits |= get(UART_DR);
    }
    check_that(bits == 0, "there was something in an empty FIFO");
    check_uart();
}

/* Switched on and off, FIFOs on and off, all levels, between characters. */
static void toggle(struct virtio_device *device, uint64_t count)
{
    (void)device;
    for (uint64_t i = 0; i < count; i++) {
        put(UART_CR, i & 1 ? CR_ENABLE : 0);
        put(UART_LCR_H, i & 2 ? LCR_H_FIFOS : 0);
        put(UART_IFLS, i);
        put(UART_IMSC, i & 4 ? 0x7ff : 0);
    }
    check_uart();
}

/* Every interrupt on, taken, and never cleared: it comes again at once. */
static void interrupts_never_cleared(struct virtio_device *device, uint64_t count)
{
    uint64_t before = gic_interrupts;

    (void)device;
    gic_enable(machine.uart_intid);
    put(UART_IMSC, 0x7ff);
    put(UART_DR, '\n');
    gic_limit = count;
    gic_unmask_cpu();
    for (volatile uint64_t i = 0; i < 1000000 && gic_limit != 0; i++) {
    }
    gic_mask_cpu();
    gic_limit = 0;
    check_that(gic_interrupts > before + 1, "the interrupt did not come again");
    check_uart();
}

static void flood(struct virtio_device *device, uint64_t lines)
{
    (void)device;
    for (uint64_t i = 0; i < lines; i++) {
        console_put(
            "a flood of lines: who waits for the terminal is the one that fills it, and nobody else\n");
    }
    check_uart();
}

/* Characters that a terminal, or the multiplexer, might take for a command. */
static void control_characters(struct virtio_device *device, uint64_t rounds)
{
    (void)device;
    for (uint64_t i = 0; i < rounds; i++) {
        for (uint64_t c = 0; c < 32; c++) {
            put(UART_DR, c);
        }
        console_put("\x1b[2J\x1b]0;title\a\x1b[6n\x1bPstring\x1b\\\x9b\x1b[?1049h\x1c"
                    "2\x1b[?1049l\n");
    }
    check_uart();
}

const struct attack attack_uart[] = {
    {"uart-read-8", read_all, 1},
    {"uart-read-16", read_all, 2},
    {"uart-read-32", read_all, 4},
    {"uart-read-64", read_all, 8},
    {"uart-write-8-zero", write_all, 1},
    {"uart-write-16-zero", write_all, 2},
    {"uart-write-32-zero", write_all, 4},
    {"uart-write-64-zero", write_all, 8},
    {"uart-write-8-ones", write_all, 0x101},
    {"uart-write-16-ones", write_all, 0x102},
    {"uart-write-32-ones", write_all, 0x104},
    {"uart-write-64-ones", write_all, 0x108},
    {"uart-unaligned-16", unaligned, 2},
    {"uart-unaligned-32", unaligned, 4},
    {"uart-unaligned-64", unaligned, 8},
    {"uart-loop-back", loop_back, 0},
    {"uart-loop-back-fifos", loop_back, LCR_H_FIFOS},
    {"uart-read-empty", read_empty, 2000},
    {"uart-toggle", toggle, 2000},
    {"uart-interrupts-never-cleared", interrupts_never_cleared, 1000},
    {"uart-flood", flood, 40},
    {"uart-control-characters", control_characters, 3},
    {NULL, NULL, 0},
};
