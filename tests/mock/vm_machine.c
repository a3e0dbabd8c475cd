/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/vm_machine.h"

#include <stdlib.h>
#include <string.h>

#include "lib/blk/blk_protocol.h"
#include "lib/config/entropy_config.h"
#include "lib/config/vhost_protocol.h"
#include "microkit/host/microkit_host.h"
#include "tests/mock/log_record.h"
#include "vmm/platform_fake.h"

#define REGION_ALIGN 64u
#define IMAGE_MAGIC 0x644d5241u

/* Links by number. */
enum link { LINK_CONSOLE, LINK_PORT, LINK_NET, LINK_BLOCK_COPY, LINK_BLOCK_SHARED, LINK_UNUSED };

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void *allocate(uint64_t align, uint64_t bytes)
{
    void *memory = aligned_alloc(align, bytes);

    require(memory != NULL);
    memset(memory, 0, bytes);
    return memory;
}

static struct config_link make_link(struct vm_machine *machine, enum link link)
{
    for (unsigned int i = 0; i < 2; i++) {
        machine->regions[link][i] = allocate(REGION_ALIGN, VM_MACHINE_LINK_BYTES);
    }
    return (struct config_link){(uint64_t)(uintptr_t)machine->regions[link][0],
                                (uint64_t)(uintptr_t)machine->regions[link][1], VM_MACHINE_LINK_BYTES,
                                1u + (uint32_t)link};
}

uint64_t vm_machine_register(enum vm_machine_device device, uint32_t offset)
{
    return device == VM_MACHINE_PL011 ? VM_MACHINE_UART + offset
                                      : VM_MACHINE_VIRTIO + 0x1000ull * device + offset;
}

/* The switch and the entropy PD. */
static microkit_msginfo answer(void *context, microkit_channel channel, microkit_msginfo msginfo)
{
    const struct vm_machine *machine = context;

    if (channel == VM_MACHINE_ENTROPY) {
        const uint64_t count = microkit_mr_get(0);
        for (seL4_Uint8 i = 0; i < count && i < ENTROPY_MAX_WORDS; i++) {
            microkit_mr_set(i, 0x0123456789abcdefull + i);
        }
        return microkit_msginfo_new(machine->entropy_reply, (uint16_t)count);
    }
    (void)msginfo;
    return microkit_msginfo_new(machine->vhost_reply, 0);
}

static void describe_devices(struct vm_machine *machine)
{
    struct vmm_device_config *devices = machine->config.devices;
    const struct config_link console = make_link(machine, LINK_CONSOLE);

    devices[VM_MACHINE_CONSOLE] = (struct vmm_device_config){
        .kind = VMM_DEVICE_CONSOLE,
        .name = "console",
        .link = console,
        .u.console = {.port_count = 1, .ports = {{"port", make_link(machine, LINK_PORT)}}}};
    devices[VM_MACHINE_PL011] =
        (struct vmm_device_config){.kind = VMM_DEVICE_PL011, .name = "uart", .link = console};
    devices[VM_MACHINE_NET] = (struct vmm_device_config){
        .kind = VMM_DEVICE_NET, .name = "net", .link = make_link(machine, LINK_NET)};
    devices[VM_MACHINE_VHOST] = (struct vmm_device_config){
        .kind = VMM_DEVICE_NET,
        .name = "vhost",
        .link = {.channel = VM_MACHINE_VHOST_CHANNEL},
        .u.net = {.datapath = VMM_DATAPATH_VHOST, .status = (uint64_t)(uintptr_t)&machine->vhost_status}};
    devices[VM_MACHINE_BLOCK_COPY] = (struct vmm_device_config){
        .kind = VMM_DEVICE_BLOCK,
        .name = "copy",
        .link = make_link(machine, LINK_BLOCK_COPY),
        .u.block = {.region = (uint64_t)(uintptr_t)machine->buffer, .region_bytes = VM_MACHINE_BUFFER_BYTES}};
    devices[VM_MACHINE_BLOCK_SHARED] =
        (struct vmm_device_config){.kind = VMM_DEVICE_BLOCK,
                                   .name = "shared",
                                   .link = make_link(machine, LINK_BLOCK_SHARED),
                                   .u.block = {.datapath = VMM_BLOCK_SHARED}};
    devices[VM_MACHINE_RNG] = (struct vmm_device_config){.kind = VMM_DEVICE_ENTROPY, .name = "rng"};
    devices[VM_MACHINE_PASSTHROUGH] = (struct vmm_device_config){
        .kind = VMM_DEVICE_PASSTHROUGH, .name = "passthrough", .channel = VM_MACHINE_IRQ};
    devices[VM_MACHINE_PCI_RNG] = (struct vmm_device_config){.kind = VMM_DEVICE_ENTROPY, .name = "pci"};
    (void)make_link(machine, LINK_UNUSED);
    for (uint32_t i = 0; i < VM_MACHINE_DEVICES; i++) {
        devices[i].gpa = vm_machine_register(i, 0);
        devices[i].transport = VMM_TRANSPORT_MMIO;
        devices[i].queue_size = 64;
        devices[i].virq = 40 + i;
    }
    devices[VM_MACHINE_PCI_RNG].transport = VMM_TRANSPORT_PCI;
    devices[VM_MACHINE_PCI_RNG].gpa = VM_MACHINE_WINDOW;
    devices[VM_MACHINE_PCI_RNG].vectors = 2;
    machine->config.device_count = VM_MACHINE_DEVICES;
}

static void describe(struct vm_machine *machine)
{
    /* The Image header of Linux' booting.rst: text_offset, image_size, flags, then the magic. */
    machine->image[1] = 0x30000;
    machine->image[2] = sizeof machine->image;
    machine->image[7] = IMAGE_MAGIC;
    machine->config = (struct vmm_config){
        .name = "vm",
        .ram_gpa = VM_MACHINE_RAM,
        .ram_vaddr = (uint64_t)(uintptr_t)machine->ram,
        .ram_bytes = VM_MACHINE_RAM_BYTES,
        .kernel = {(uint64_t)(uintptr_t)machine->image, sizeof machine->image},
        .dtb = {(uint64_t)(uintptr_t)machine->dtb, sizeof machine->dtb},
        .dtb_gpa = VM_MACHINE_RAM + 0x20000,
        .vcpu_count = 2,
        .vcpu_child = {4, 5},
        .gicd_gpa = VM_MACHINE_GICD,
        .gicd_bytes = 0x10000,
        .spi_count = 64,
        .on_reset = VMM_EXIT_RESTART,
        .on_crash = VMM_EXIT_RESTART,
        .has_entropy = 1,
        .entropy_channel = VM_MACHINE_ENTROPY,
        .pci = {.ecam_gpa = VM_MACHINE_ECAM,
                .ecam_bytes = 0x100000,
                .window_gpa = VM_MACHINE_WINDOW,
                .window_bytes = 0x100000,
                .msi_gpa = VM_MACHINE_MSI,
                .msi_bytes = 0x1000,
                .msi_first = VM_MACHINE_MSI_FIRST,
                .msi_count = 16},
    };
    describe_devices(machine);
}

struct vm_machine *vm_machine_new(void)
{
    struct vm_machine *machine = calloc(1, sizeof *machine);

    require(machine != NULL);
    platform_fake_reset();
    microkit_host_reset();
    microkit_host_set_ppc(answer, machine);
    log_record_clear();
    machine->ram = allocate(4096, VM_MACHINE_RAM_BYTES);
    machine->buffer = allocate(4096, VM_MACHINE_BUFFER_BYTES);
    describe(machine);
    require(vm_init(&machine->vm, &machine->config) == ERR_OK);
    for (uint32_t i = 0; i < VM_MACHINE_LINKS; i++) {
        require(ring_init(&machine->peers[i], machine->regions[i][1], machine->regions[i][0],
                          VM_MACHINE_LINK_BYTES) == ERR_OK);
    }
    require(vm_start(&machine->vm) == ERR_OK);
    vm_machine_tell_disks(machine);
    require(machine->vm.state == VM_RUNNING);
    return machine;
}

void vm_machine_free(struct vm_machine *machine)
{
    for (uint32_t i = 0; i < VM_MACHINE_LINKS; i++) {
        free(machine->regions[i][0]);
        free(machine->regions[i][1]);
    }
    free(machine->ram);
    free(machine->buffer);
    free(machine);
}

static void send(struct ring *ring, const void *from, uint32_t bytes, uint64_t meta)
{
    uint8_t *data;

    if (ring_reserve(ring, bytes, &data) == ERR_OK) {
        memcpy(data, from, bytes);
        ring_commit(ring, bytes, meta);
    }
}

void vm_machine_tell_disks(struct vm_machine *machine)
{
    const struct blk_info info = {.sector_count = 4096,
                                  .flags = BLK_INFO_ALIVE | BLK_INFO_FLUSH | BLK_INFO_DISCARD |
                                           BLK_INFO_WRITE_ZEROES,
                                  .block_bytes = 512,
                                  .max_segments = 16,
                                  .max_segment_bytes = 0x10000,
                                  .max_discard = 4096,
                                  .discard_align = 1,
                                  .max_write_zeroes = 4096};

    for (uint32_t link = LINK_BLOCK_COPY; link <= LINK_BLOCK_SHARED; link++) {
        send(&machine->peers[link], &info, sizeof info, BLK_TAG_INFO);
        vm_notified(&machine->vm, 1 + link);
    }
}

void vm_machine_run_peers(struct vm_machine *machine)
{
    for (uint32_t link = 0; link < VM_MACHINE_LINKS; link++) {
        const bool is_block = link == LINK_BLOCK_COPY || link == LINK_BLOCK_SHARED;
        struct ring *ring = &machine->peers[link];
        struct ring_record record;
        const uint8_t *data;
        uint8_t bytes[256];

        (void)ring_sync(ring);
        if (link == LINK_CONSOLE || link == LINK_PORT) {
            while (ring_read(ring, bytes, sizeof bytes) != 0) {
            }
            continue;
        }
        while (ring_peek(ring, &record, &data) == ERR_OK) {
            const struct blk_reply reply = {.status = machine->block_status};
            if (is_block) {
                send(ring, &reply, sizeof reply, record.meta);
            }
            ring_release(ring);
        }
        vm_notified(&machine->vm, 1 + link);
    }
}

enum platform_resume vm_machine_access(struct vm_machine *machine, uint64_t gpa, uint32_t width_bytes,
                                       bool is_write, uint64_t *value)
{
    struct platform_exit exit = {.reason = PLATFORM_EXIT_MMIO};

    exit.u.mmio.gpa = gpa;
    exit.u.mmio.width_bytes = width_bytes;
    exit.u.mmio.is_write = is_write;
    exit.u.mmio.value = *value;
    const enum platform_resume resume = vm_exit(&machine->vm, &exit);
    *value = exit.u.mmio.value;
    return resume;
}
