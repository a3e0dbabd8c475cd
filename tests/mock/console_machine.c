/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/console_machine.h"

#include <stdlib.h>
#include <string.h>

#include "microkit/host/microkit_host.h"
#include "vmm/platform_fake.h"

#define REGION_ALIGN 64u

static struct config_link make_link(struct console_machine *machine, uint32_t port)
{
    for (unsigned int i = 0; i < 2; i++) {
        machine->regions[port][i] = aligned_alloc(REGION_ALIGN, CONSOLE_MACHINE_LINK);
        if (machine->regions[port][i] == NULL) {
            abort();
        }
        memset(machine->regions[port][i], 0, CONSOLE_MACHINE_LINK);
    }
    return (struct config_link){(uint64_t)(uintptr_t)machine->regions[port][0],
                                (uint64_t)(uintptr_t)machine->regions[port][1], CONSOLE_MACHINE_LINK,
                                CONSOLE_MACHINE_CHANNEL + port};
}

struct console_machine *console_machine_new(void)
{
    struct console_machine *machine = calloc(1, sizeof *machine);

    if (machine == NULL) {
        abort();
    }
    platform_fake_reset();
    microkit_host_reset();
    driver_ram_init(&machine->ram, CONSOLE_MACHINE_BASE, CONSOLE_MACHINE_RAM);
    machine->config = (struct vmm_device_config){
        .kind = VMM_DEVICE_CONSOLE,
        .transport = VMM_TRANSPORT_MMIO,
        .name = "console",
        .link = make_link(machine, 0),
        .u.console = {.port_count = 1, .ports = {{"tools", make_link(machine, 1)}}},
    };
    if (vgic_init(&machine->vgic, 1, 32) != ERR_OK ||
        virtio_console_init(&machine->console, &machine->config, &machine->ram.mem, &machine->scratch) !=
            ERR_OK) {
        abort();
    }
    for (unsigned int i = 0; i < CONSOLE_MACHINE_PORTS; i++) {
        if (ring_init(&machine->peers[i], machine->regions[i][1], machine->regions[i][0],
                      CONSOLE_MACHINE_LINK) != ERR_OK) {
            abort();
        }
    }
    machine->line = (struct irq_line){.vgic = &machine->vgic, .intid = CONSOLE_MACHINE_SPI};
    virtio_mmio_init(&machine->mmio, &machine->console.device, &machine->line, machine->page);
    virtio_mmio_reset(&machine->mmio);
    return machine;
}

void console_machine_free(struct console_machine *machine)
{
    driver_ram_free(&machine->ram);
    for (unsigned int i = 0; i < CONSOLE_MACHINE_PORTS; i++) {
        free(machine->regions[i][0]);
        free(machine->regions[i][1]);
    }
    free(machine);
}

bool console_machine_start(struct console_machine *machine, uint64_t features)
{
    const bool event_idx = (features & VIRTIO_F_EVENT_IDX) != 0;
    bool good = virtio_driver_negotiate(&machine->mmio, features | VIRTIO_F_VERSION_1);

    for (unsigned int i = 0; i < CONSOLE_MACHINE_QUEUES && good; i++) {
        driver_queue_init(&machine->queues[i], &machine->ram, CONSOLE_MACHINE_QUEUE, event_idx);
        good = virtio_driver_add_queue(&machine->mmio, i, &machine->queues[i]);
    }
    virtio_driver_go(&machine->mmio);
    return good;
}

static uint64_t add(struct console_machine *machine, uint16_t index, const void *data, uint32_t bytes)
{
    const uint64_t address = driver_alloc(&machine->ram, bytes, 16);
    const struct driver_buffer buffer = {address, bytes, data == NULL};

    if (data != NULL) {
        memcpy(driver_at(&machine->ram, address, bytes), data, bytes);
    }
    if (driver_add(&machine->queues[index], &buffer, 1) < 0) {
        return 0;
    }
    virtio_driver_kick(&machine->mmio, index, &machine->queues[index]);
    return address;
}

uint64_t console_machine_offer(struct console_machine *machine, uint16_t index, uint32_t bytes)
{
    return add(machine, index, NULL, bytes);
}

void console_machine_send(struct console_machine *machine, uint16_t index, const void *data, uint32_t bytes)
{
    (void)add(machine, index, data, bytes);
}

void console_machine_control(struct console_machine *machine, uint32_t id, uint16_t event, uint16_t value)
{
    const struct virtio_console_control control = {id, event, value};

    console_machine_send(machine, VIRTIO_CONSOLE_CONTROL_TX, &control, sizeof control);
}
