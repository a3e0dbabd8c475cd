/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/net_machine.h"

#include <stdlib.h>
#include <string.h>

#include "microkit/host/microkit_host.h"
#include "vmm/platform_fake.h"

#define REGION_ALIGN 64u

struct net_machine *net_machine_new(uint64_t ram_bytes, uint32_t link_bytes)
{
    struct net_machine *machine = calloc(1, sizeof *machine);

    if (machine == NULL) {
        abort();
    }
    for (unsigned int i = 0; i < 2; i++) {
        machine->regions[i] = aligned_alloc(REGION_ALIGN, link_bytes);
        if (machine->regions[i] == NULL) {
            abort();
        }
        memset(machine->regions[i], 0, link_bytes);
    }
    platform_fake_reset();
    microkit_host_reset();
    driver_ram_init(&machine->ram, NET_MACHINE_BASE, ram_bytes);
    machine->config = (struct vmm_device_config){
        .kind = VMM_DEVICE_NET,
        .transport = VMM_TRANSPORT_MMIO,
        .name = "net0",
        .queue_size = 64,
        .link = {(uint64_t)(uintptr_t)machine->regions[0], (uint64_t)(uintptr_t)machine->regions[1],
                 link_bytes, NET_MACHINE_CHANNEL},
        .u.net = {.mac = {0x52, 0x54, 0, 0, 0, 1}, .mtu = 1500},
    };
    if (vgic_init(&machine->vgic, 1, 32) != ERR_OK ||
        virtio_net_init(&machine->net, &machine->config, &machine->ram.mem, &machine->scratch) != ERR_OK ||
        ring_init(&machine->peer, machine->regions[1], machine->regions[0], link_bytes) != ERR_OK) {
        abort();
    }
    machine->line = (struct irq_line){.vgic = &machine->vgic, .intid = NET_MACHINE_SPI};
    virtio_mmio_init(&machine->mmio, &machine->net.device, &machine->line, NULL);
    virtio_mmio_reset(&machine->mmio);
    return machine;
}

void net_machine_free(struct net_machine *machine)
{
    driver_ram_free(&machine->ram);
    free(machine->regions[0]);
    free(machine->regions[1]);
    free(machine);
}

bool net_machine_start(struct net_machine *machine, uint64_t features)
{
    const bool event_idx = (features & VIRTIO_F_EVENT_IDX) != 0;

    driver_queue_init(&machine->rx, &machine->ram, NET_MACHINE_QUEUE, event_idx);
    driver_queue_init(&machine->tx, &machine->ram, NET_MACHINE_QUEUE, event_idx);
    if (!virtio_driver_negotiate(&machine->mmio, features | VIRTIO_F_VERSION_1) ||
        !virtio_driver_add_queue(&machine->mmio, VIRTIO_NET_RX, &machine->rx) ||
        !virtio_driver_add_queue(&machine->mmio, VIRTIO_NET_TX, &machine->tx)) {
        return false;
    }
    if ((features & VIRTIO_NET_F_CTRL_VQ) != 0) {
        driver_queue_init(&machine->control, &machine->ram, NET_MACHINE_QUEUE, event_idx);
        if (!virtio_driver_add_queue(&machine->mmio, VIRTIO_NET_CONTROL, &machine->control)) {
            return false;
        }
    }
    virtio_driver_go(&machine->mmio);
    return true;
}

bool net_machine_queue_frame(struct net_machine *machine, uint32_t length, uint8_t fill)
{
    const uint64_t hdr = driver_alloc(&machine->ram, sizeof(struct virtio_net_hdr), 16);
    const uint64_t data = driver_alloc(&machine->ram, length, 16);
    const struct driver_buffer buffers[] = {{hdr, sizeof(struct virtio_net_hdr), false},
                                            {data, length, false}};

    memset(driver_at(&machine->ram, data, length), fill, length);
    return driver_add(&machine->tx, buffers, 2) >= 0;
}

uint8_t net_machine_command(struct net_machine *machine, uint8_t class, uint8_t command, const void *data,
                            uint32_t bytes)
{
    const uint64_t header = driver_alloc(&machine->ram, 2, 16);
    const uint64_t body = driver_alloc(&machine->ram, bytes + 1, 16);
    const uint64_t ack = driver_alloc(&machine->ram, 1, 16);
    const struct driver_buffer buffers[] = {{header, 2, false}, {body, bytes, false}, {ack, 1, true}};
    uint8_t *answer = driver_at(&machine->ram, ack, 1);
    uint16_t head;
    uint32_t written;

    memcpy(driver_at(&machine->ram, header, 2), (const uint8_t[]){class, command}, 2);
    memcpy(driver_at(&machine->ram, body, bytes + 1), data, bytes);
    *answer = 255;
    (void)driver_add(&machine->control, buffers, 3);
    virtio_driver_write(&machine->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, VIRTIO_NET_CONTROL);
    return driver_take_used(&machine->control, &head, &written) && written == 1 ? *answer : 255;
}

uint64_t net_machine_queue_buffer(struct net_machine *machine, uint32_t bytes)
{
    const uint64_t address = driver_alloc(&machine->ram, bytes, 16);
    const struct driver_buffer buffer = {address, bytes, true};

    return driver_add(&machine->rx, &buffer, 1) >= 0 ? address : 0;
}

bool net_machine_send(struct net_machine *machine, uint32_t length, uint8_t fill)
{
    uint8_t *data;

    if (ring_reserve(&machine->peer, length, &data) != ERR_OK) {
        return false;
    }
    memset(data, fill, length);
    ring_commit(&machine->peer, length, 0);
    return true;
}

bool net_machine_expect_record(struct net_machine *machine, uint32_t length, uint8_t fill)
{
    struct ring_record record;
    const uint8_t *data;

    if (ring_peek(&machine->peer, &record, &data) != ERR_OK || record.length_bytes != length) {
        return false;
    }
    bool good = true;
    for (uint32_t i = 0; i < length; i++) {
        good = good && data[i] == fill;
    }
    ring_release(&machine->peer);
    return good;
}
