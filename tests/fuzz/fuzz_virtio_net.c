/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile driver and a hostile switch around virtio-net: good and bad frames and buffers, pokes into RAM
 * and into the switch's region, resets at any moment.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "microkit/host/microkit_host.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"
#include "tests/mock/net_machine.h"

#define RAM_BYTES 0x20000u
#define LINK_BYTES 0x2000u
#define DATA (NET_MACHINE_BASE + 0x8000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_chain(struct driver_queue *queue, struct fuzz_input *input, bool writable)
{
    const unsigned int count = 1 + (fuzz_input_u8(input) & 3u);
    struct driver_buffer buffers[4];

    for (unsigned int i = 0; i < count; i++) {
        buffers[i].address = DATA + fuzz_input_u16(input);
        buffers[i].bytes = fuzz_input_u16(input) & 0xfff;
        buffers[i].writable = writable;
    }
    (void)driver_add(queue, buffers, count);
}

static void take_used(struct driver_queue *queue)
{
    uint16_t head;
    uint32_t bytes;

    while (driver_take_used(queue, &head, &bytes)) {
        if (head >= queue->size) {
            abort();
        }
    }
}

static void drain_peer(struct net_machine *m, unsigned int count)
{
    struct ring_record record;
    const uint8_t *data;

    while (count-- > 0 && ring_peek(&m->peer, &record, &data) == ERR_OK) {
        if (record.length_bytes < VIRTIO_NET_FRAME_MIN || record.length_bytes > VIRTIO_NET_FRAME_MAX) {
            abort();
        }
        ring_release(&m->peer);
    }
}

static void restart(struct net_machine *m, uint8_t shape)
{
    const uint64_t features = ((shape & 1) != 0 ? VIRTIO_F_EVENT_IDX : 0) |
                              ((shape & 2) != 0 ? VIRTIO_NET_F_MRG_RXBUF : 0) |
                              ((shape & 4) != 0 ? VIRTIO_F_INDIRECT_DESC : 0) |
                              ((shape & 8) != 0 ? VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_CONTROLS |
                                                      (m->net.device.setup.features & VIRTIO_NET_OFFLOADS)
                                                : 0);

    m->ram.next = NET_MACHINE_BASE; /* the queues go where they were; nothing else is allocated */
    if (!net_machine_start(m, features)) {
        abort();
    }
}

/* A command that may be in order, of pieces anywhere; or any chain at all. */
static void control(struct net_machine *m, struct fuzz_input *input, uint8_t shape)
{
    const uint64_t at = DATA + (fuzz_input_u16(input) & 0xfff);
    const uint16_t bytes = fuzz_input_u16(input) & 0x3ff;
    const struct driver_buffer buffers[] = {{at, 2, false}, {at + 2, bytes, false}, {DATA, 1, true}};

    if ((shape & 8) != 0) {
        add_chain(&m->control, input, (shape & 1) != 0);
    } else {
        uint8_t *header = driver_at(&m->ram, at, 8);

        header[0] = fuzz_input_u8(input) & 7; /* class and command */
        header[1] = fuzz_input_u8(input) & 7;
        for (unsigned int i = 2; i < 8; i++) {
            header[i] = fuzz_input_u8(input);
        }
        (void)driver_add(&m->control, buffers, 3);
    }
    virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_CONTROL);
    take_used(&m->control);
    if (m->net.control.filter.uni_count + m->net.control.filter.multi_count > RX_FILTER_MAX_MACS) {
        abort();
    }
}

static void step(struct net_machine *m, struct fuzz_input *input)
{
    const uint8_t op = fuzz_input_u8(input);

    switch (op & 15) {
    case 0:
    case 1:
        add_chain(&m->tx, input, (op & 0xf0) == 0);
        break;
    case 2:
    case 3:
        add_chain(&m->rx, input, (op & 0xf0) != 0);
        break;
    case 4:
        virtio_driver_write(&m->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, op >> 4 & 3);
        break;
    case 5:
        virtio_driver_kick(&m->mmio, VIRTIO_NET_TX, &m->tx);
        virtio_driver_kick(&m->mmio, VIRTIO_NET_RX, &m->rx);
        break;
    case 6:
    case 7:
        (void)net_machine_send(m, 1 + (fuzz_input_u16(input) & 0x7ff), op);
        break;
    case 8:
        virtio_net_notified(&m->net);
        break;
    case 9:
        drain_peer(m, op >> 4);
        break;
    case 10:
        take_used(&m->rx);
        take_used(&m->tx);
        (void)virtio_driver_take_interrupt(&m->mmio);
        break;
    case 11:
        m->ram.mem.host[fuzz_input_u16(input) & 0x7ff] = fuzz_input_u8(input);
        break;
    case 12:
        ((uint8_t *)m->regions[1])[fuzz_input_u16(input) % LINK_BYTES] = fuzz_input_u8(input);
        break;
    case 13:
        driver_set_avail_idx(&m->tx, fuzz_input_u16(input));
        break;
    case 14:
        restart(m, op >> 4);
        break;
    default:
        if (op >> 4 == 0) {
            virtio_driver_write(&m->mmio, VIRTIO_MMIO_STATUS, 0);
        } else if (m->control.size != 0) {
            control(m, input, op >> 4);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct net_machine *machine = net_machine_new(RAM_BYTES, LINK_BYTES);

    log_record_clear();
    restart(machine, fuzz_input_u8(&input));
    while (input.bytes > 0) {
        step(machine, &input);
    }
    net_machine_free(machine);
    return 0;
}
