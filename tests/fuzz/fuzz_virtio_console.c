/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile driver and a hostile multiplexer around virtio-console: good and bad buffers and control
 * messages, pokes into RAM and into the multiplexer's regions, resets at any moment.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/mock/console_machine.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"

#define DATA (CONSOLE_MACHINE_BASE + 0x8000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_chain(struct console_machine *m, struct fuzz_input *input, uint8_t queue, bool writable)
{
    const unsigned int count = 1 + (fuzz_input_u8(input) & 3u);
    struct driver_buffer buffers[4];

    for (unsigned int i = 0; i < count; i++) {
        buffers[i].address = DATA + fuzz_input_u16(input);
        buffers[i].bytes = fuzz_input_u16(input) & 0x1fff;
        buffers[i].writable = writable;
    }
    (void)driver_add(&m->queues[queue], buffers, count);
}

static void put_control(struct console_machine *m, struct fuzz_input *input)
{
    const struct virtio_console_control control = {fuzz_input_u8(input) & 3u, fuzz_input_u8(input) & 15u,
                                                   fuzz_input_u8(input) & 1u};

    m->ram.next = DATA;
    console_machine_send(m, VIRTIO_CONSOLE_CONTROL_TX, &control, sizeof control);
}

static void take_used(struct console_machine *m)
{
    uint16_t head;
    uint32_t bytes;

    for (unsigned int i = 0; i < CONSOLE_MACHINE_QUEUES; i++) {
        while (driver_take_used(&m->queues[i], &head, &bytes)) {
            if (head >= m->queues[i].size) {
                abort();
            }
        }
    }
}

static void restart(struct console_machine *m, uint8_t shape)
{
    const uint64_t features = ((shape & 1) != 0 ? VIRTIO_F_EVENT_IDX : 0) |
                              ((shape & 2) != 0 ? 0 : VIRTIO_CONSOLE_F_MULTIPORT) |
                              ((shape & 4) != 0 ? VIRTIO_F_INDIRECT_DESC : 0) | VIRTIO_CONSOLE_F_SIZE;

    m->ram.next = CONSOLE_MACHINE_BASE; /* the queues go where they were */
    if (!console_machine_start(m, features)) {
        abort();
    }
}

static void step(struct console_machine *m, struct fuzz_input *input)
{
    const uint8_t op = fuzz_input_u8(input);
    const uint8_t queue = (uint8_t)((op >> 4) % CONSOLE_MACHINE_QUEUES);
    const uint32_t port = op >> 4 & 1u;
    uint8_t bytes[64] = {0};

    switch (op & 15) {
    case 0:
    case 1:
        add_chain(m, input, queue, queue % 2 == 0);
        break;
    case 2:
        add_chain(m, input, queue, queue % 2 != 0);
        break;
    case 3:
    case 4:
        virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, queue);
        break;
    case 5:
    case 6:
        put_control(m, input);
        break;
    case 7:
        (void)ring_sync(&m->peers[port]);
        (void)ring_write(&m->peers[port], bytes, fuzz_input_u8(input) & 63u);
        break;
    case 8:
        ring_offer(&m->peers[port], fuzz_input_u32(input));
        break;
    case 9:
    case 10:
        virtio_console_notified(&m->console, CONSOLE_MACHINE_CHANNEL + (op >> 4 & 3u));
        break;
    case 11:
        (void)ring_read(&m->peers[port], bytes, sizeof bytes);
        break;
    case 12:
        take_used(m);
        (void)virtio_driver_take_interrupt(&m->mmio);
        break;
    case 13:
        m->ram.mem.host[fuzz_input_u16(input) & 0x1fff] = fuzz_input_u8(input);
        break;
    case 14:
        ((uint8_t *)m->regions[port][1])[fuzz_input_u16(input) % CONSOLE_MACHINE_LINK] = fuzz_input_u8(input);
        break;
    default:
        restart(m, op >> 4);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct console_machine *machine = console_machine_new();

    log_record_clear();
    restart(machine, fuzz_input_u8(&input));
    while (input.bytes > 0) {
        step(machine, &input);
    }
    console_machine_free(machine);
    return 0;
}
