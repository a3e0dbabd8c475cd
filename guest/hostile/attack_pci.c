/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on a PCI function and its bridge: configuration space, BAR, MSI-X, the frame that takes its
 * messages. */
#include "guest/hostile/pci.h"

#include "lib/base/mem.h"

#include "guest/hostile/mmu.h"

#define SPACE_BYTES 0x1000u
#define BAR_BYTES 0x4000u
#define SETSPI 0x40u

static const uint64_t values[] = {0, ~0ull, 0x5555555555555555ull};

/* As it was, whatever was written: it works, and says that it is who it was. */
static void check_restored(struct virtio_device *device, const struct identity *before)
{
    pci_restore(device);
    check_identity(device, before);
    check_that(virtio_start(device), "the device does not start");
    check_works(device);
}

static void space_read(struct virtio_device *device, uint64_t width)
{
    struct identity before = check_identify(device);

    for (uint32_t offset = 0; offset < SPACE_BYTES; offset += (uint32_t)width) {
        (void)access_read(device->pci.space + offset, (uint32_t)width);
        (void)access_read(mmu_normal(device->pci.space + offset + 1), (uint32_t)width);
    }
    check_restored(device, &before);
}

/* parameter: width | value index << 8. */
static void space_write(struct virtio_device *device, uint64_t parameter)
{
    struct identity before = check_identify(device);
    uint32_t width = (uint32_t)(parameter & 0xff);
    uint32_t id = (uint32_t)access_read(device->pci.space, 4),
             class = (uint32_t)access_read(device->pci.space + 8, 4);

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t offset = 0; offset < SPACE_BYTES; offset += width) {
        access_write(device->pci.space + offset, width, values[parameter >> 8]);
    }
    check_that(access_read(device->pci.space, 4) == id && access_read(device->pci.space + 8, 4) == class,
               "a read-only register has changed");
    check_restored(device, &before);
}

static void space_write_unaligned(struct virtio_device *device, uint64_t width)
{
    struct identity before = check_identify(device);

    for (uint32_t offset = 1; offset < SPACE_BYTES - 8; offset += (uint32_t)width) {
        access_write(mmu_normal(device->pci.space + offset), (uint32_t)width, ~0ull);
    }
    check_restored(device, &before);
}

/* Functions, devices and buses that are not there. */
static void space_nobody(struct virtio_device *device, uint64_t step)
{
    uint64_t answers = 0, accesses = 0;

    for (uint64_t at = 0x1000; at + 4 <= machine.ecam_bytes; at += step) {
        if ((at & 0x7000) == 0 && at < (1u << 20)) {
            continue; /* function 0 on bus 0: there may be one */
        }
        answers += access_read(machine.ecam + at, 4) != 0xffffffff;
        access_write(machine.ecam + at, 4, ~0ull);
        accesses++;
    }
    check_that(accesses > 0 && answers == 0, "somebody answers");
    check_that(virtio_start(device), "the device does not start");
    check_works(device);
}

static void bar_read(struct virtio_device *device, uint64_t width)
{
    struct identity before = check_identify(device);

    for (uint32_t offset = 0; offset < BAR_BYTES; offset += (uint32_t)width) {
        (void)access_read(device->base + offset, (uint32_t)width);
        (void)access_read(mmu_normal(device->base + offset + 1), (uint32_t)width);
    }
    check_restored(device, &before);
}

static void bar_write(struct virtio_device *device, uint64_t parameter)
{
    struct identity before = check_identify(device);
    uint32_t width = (uint32_t)(parameter & 0xff);

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t offset = 0; offset < BAR_BYTES; offset += width) {
        access_write(device->base + offset, width, values[parameter >> 8]);
    }
    check_restored(device, &before);
}

/* Fields wider or narrower than they are (4.1.3.1), at every offset, beginning in the middle, too. */
static void common_widths(struct virtio_device *device, uint64_t width)
{
    struct identity before = check_identify(device);

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t offset = 0; offset < 0x100; offset++) {
        (void)access_read(mmu_normal(device->pci.common + offset), (uint32_t)width);
        access_write(mmu_normal(device->pci.common + offset), (uint32_t)width, ~0ull);
    }
    check_restored(device, &before);
}

/* The BAR goes where something else is: that is what answers there, and our queues' memory stays. */
static void bar_at(struct virtio_device *device, uint64_t address)
{
    struct identity before = check_identify(device);
    volatile uint64_t *word = (volatile uint64_t *)(uintptr_t)(device->buffers + 0x10000);

    check_that(virtio_start(device), "the device does not start");
    *word = 0x1122334455667788ull;
    access_write(device->pci.space + PCI_BAR0, 4, address);
    (void)access_read(address & ~0xfffull, 4);
    virtio_write(device, REG_QUEUE_NOTIFY, 0);
    access_write((address & ~0x3fffull) + 0x1000, 2, 0);
    check_that(*word == 0x1122334455667788ull, "RAM has changed");
    check_restored(device, &before);
}

static void bar_over_ram(struct virtio_device *device, uint64_t offset)
{
    bar_at(device, ((uint64_t)(uintptr_t)device->buffers + offset) & 0xffffffff);
}

static void bar_over_gic(struct virtio_device *device, uint64_t offset)
{
    bar_at(device, machine.gicd + offset);
}

/* Over the function after it: only one of the two can answer, and both work when it is back. */
static void bar_over_other(struct virtio_device *device, uint64_t by)
{
    bar_at(device, device->base + by);
}

/* Sizing: what a driver does, in the middle of traffic. */
static void bar_size(struct virtio_device *device, uint64_t count)
{
    struct identity before = check_identify(device);

    check_that(virtio_start(device), "the device does not start");
    for (uint64_t i = 0; i < count; i++) {
        access_write(device->pci.space + PCI_BAR0, 4, 0xffffffff);
        check_that((access_read(device->pci.space + PCI_BAR0, 4) & ~0xfull) ==
                       (0xffffffff & ~(BAR_BYTES - 1ull)),
                   "the BAR has another size");
        virtio_write(device, REG_QUEUE_NOTIFY, 0);
        access_write(device->pci.space + PCI_BAR0, 4, device->base);
        virtio_write(device, REG_QUEUE_NOTIFY, 0);
    }
    check_restored(device, &before);
}

/* Memory decoding off: loads give all ones, and a notification reaches nobody. */
static void memory_off(struct virtio_device *device, uint64_t command)
{
    struct identity before = check_identify(device);
    uint32_t index = virtio_out_queue(device);

    check_that(virtio_start(device), "the device does not start");
    access_write(device->pci.space + PCI_COMMAND, 2, command);
    check_that(access_read(device->pci.common, 4) == 0xffffffff, "the BAR answers");
    virtio_submit(device, index, 0);
    check_that(device->queues[index].used.idx == 0, "a queue is served through a BAR that is off");
    check_restored(device, &before);
}

/* No bus master: no message may be sent (PCI 3.0, 6.2.2). */
static void no_master(struct virtio_device *device, uint64_t command)
{
    struct identity before = check_identify(device);

    check_that(virtio_start(device), "the device does not start");
    access_write(device->pci.space + PCI_COMMAND, 2, command);
    gic_quiet(); /* what was sent before: a card gets the neighbours' frames, too */
    (void)virtio_request(device);
    check_that(!gic_is_pending(device->intid), "an interrupt is sent by who may not");
    check_restored(device, &before);
}

/* The window in the configuration space (4.1.4.9): bar | length << 8 | offset << 32. */
static void access_window(struct virtio_device *device, uint64_t parameter)
{
    struct identity before = check_identify(device);
    uint64_t at = device->pci.access_at;

    check_that(at != 0, "there is no such capability");
    check_that(virtio_start(device), "the device does not start");
    access_write(at + 4, 1, parameter);
    access_write(at + 8, 4, parameter >> 32);
    access_write(at + 12, 4, parameter >> 8 & 0xffffff);
    for (uint32_t width = 1; width <= 4; width *= 2) {
        (void)access_read(at + 16, width);
        access_write(at + 16, width, ~0ull);
        (void)access_read(mmu_normal(at + 15), width);
        access_write(mmu_normal(at + 17), width, ~0ull);
    }
    check_restored(device, &before);
}

/* Every word of the table and after it: value index. */
static void msix_table(struct virtio_device *device, uint64_t parameter)
{
    struct identity before = check_identify(device);
    uint32_t width = (uint32_t)(parameter & 0xff);

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t offset = 0; offset < 0x2000; offset += width) {
        access_write(device->pci.msix_table + offset, width, values[parameter >> 8]);
        (void)access_read(device->pci.msix_table + offset, width);
    }
    (void)virtio_request(device);
    check_restored(device, &before);
}

/* A message to anywhere is a store of the device's: to nowhere but the frame may one go. */
static void msix_address(struct virtio_device *device, uint64_t address)
{
    struct identity before = check_identify(device);

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t vector = 0; vector < device->pci.vectors; vector++) {
        access_write(device->pci.msix_table + 16ull * vector, 8, address);
    }
    check_that(virtio_request(device), "a request is not answered");
    check_running(device);
    check_restored(device, &before);
}

static void msix_into_ram(struct virtio_device *device, uint64_t offset)
{
    volatile uint32_t *word = (volatile uint32_t *)(uintptr_t)(device->buffers + 0x10000 + offset);

    *word = 0x5a5a5a5a;
    msix_address(device, (uint64_t)(uintptr_t)word);
    check_that(*word == 0x5a5a5a5a, "a message was written into RAM");
}

static void msix_into_gic(struct virtio_device *device, uint64_t offset)
{
    msix_address(device, machine.gicd + offset);
}

static void msix_into_itself(struct virtio_device *device, uint64_t offset)
{
    msix_address(device, device->pci.space + offset);
}

/* INTIDs that are not the frame's: no SGI, no private one, no other device's. */
static void msix_data(struct virtio_device *device, uint64_t data)
{
    struct identity before = check_identify(device);
    bool was_pending;

    gic_quiet();
    /* The timer's interrupt stays, once it has been raised, until it is taken. */
    was_pending = data < 288 && gic_is_pending((uint32_t)data);
    check_that(virtio_start(device), "the device does not start");
    for (uint32_t vector = 0; vector < device->pci.vectors; vector++) {
        access_write(device->pci.msix_table + 16ull * vector + 8, 4, data);
    }
    check_that(virtio_request(device), "a request is not answered");
    check_that(data >= 288 || was_pending || !gic_is_pending((uint32_t)data),
               "an interrupt that is not the frame's is pending");
    check_restored(device, &before);
}

/* Vectors that are not there (4.1.5.1.2.1): refused, and read back as none. */
static void vectors(struct virtio_device *device, uint64_t vector)
{
    struct identity before = check_identify(device);

    check_that(virtio_start(device), "the device does not start");
    access_write(device->pci.common + PCI_CONFIG_VECTOR, 2, vector);
    check_that(access_read(device->pci.common + PCI_CONFIG_VECTOR, 2) == PCI_NO_VECTOR,
               "the vector is taken");
    access_write(device->pci.common + PCI_QUEUE_SELECT, 2, 0);
    access_write(device->pci.common + PCI_QUEUE_VECTOR, 2, vector);
    check_that(access_read(device->pci.common + PCI_QUEUE_VECTOR, 2) == PCI_NO_VECTOR, "the vector is taken");
    check_works(device);
    check_restored(device, &before);
}

/* Masked, unmasked, on and off, with something pending each time. */
static void msix_toggle(struct virtio_device *device, uint64_t count)
{
    struct identity before = check_identify(device);

    check_that(virtio_start(device), "the device does not start");
    for (uint64_t i = 0; i < count; i++) {
        access_write(device->pci.msix_table + 12, 4, i & 1);
        access_write(device->pci.msix_at + 2, 2, (i & 2) != 0 ? 0x8000 : (i & 4) != 0 ? 0xc000 : 0);
        (void)virtio_request(device);
    }
    check_restored(device, &before);
}

/* A queue is enabled with 1, and with nothing else (4.1.4.3.2). */
static void queue_enable(struct virtio_device *device, uint64_t value)
{
    check_that(virtio_start(device), "the device does not start");
    access_write(device->pci.common + PCI_QUEUE_SELECT, 2, virtio_out_queue(device));
    access_write(device->pci.common + PCI_QUEUE_ENABLE, 2, value);
    check_that(access_read(device->pci.common + PCI_QUEUE_ENABLE, 2) == 1, "the queue is off");
    check_works(device);
}

/* Notifications of every width, at every offset of their page. */
static void notify_page(struct virtio_device *device, uint64_t width)
{
    check_that(virtio_start(device), "the device does not start");
    for (uint32_t offset = 0; offset < 0x1000; offset += (uint32_t)width) {
        access_write(device->pci.notify + offset, (uint32_t)width, offset);
        (void)access_read(device->pci.notify + offset, (uint32_t)width);
    }
    check_works(device);
}

static void isr_storm(struct virtio_device *device, uint64_t count)
{
    check_that(virtio_start(device), "the device does not start");
    for (uint64_t i = 0; i < count; i++) {
        (void)access_read(device->pci.isr, 1);
        access_write(device->pci.isr, 1, ~0ull);
    }
    check_works(device);
}

/* The frame itself: a store pends an interrupt of its own, no other, whatever the value. */
static void frame_write(struct virtio_device *device, uint64_t width)
{
    uint32_t others = 0;

    gic_quiet();
    for (uint64_t intid = 0; intid < 1100; intid++) {
        access_write(machine.msi_frame + SETSPI, (uint32_t)width, intid);
    }
    access_write(machine.msi_frame + SETSPI, (uint32_t)width, ~0ull);
    for (uint32_t intid = 32; intid < 256; intid++) {
        others += gic_is_pending(intid) &&
                  (intid < machine.msi_spi_first || intid >= machine.msi_spi_first + machine.msi_spi_count);
    }
    check_that(others == 0, "an interrupt that is not the frame's is pending");
    gic_quiet();
    check_that(virtio_start(device), "the device does not start");
    check_works(device);
}

static void frame_registers(struct virtio_device *device, uint64_t width)
{
    for (uint32_t offset = 0; offset < 0x1000; offset += (uint32_t)width) {
        (void)access_read(machine.msi_frame + offset, (uint32_t)width);
        access_write(machine.msi_frame + offset, (uint32_t)width, 0);
    }
    check_that(check_exceptions() == 0, "an aligned access ended in an exception");
    check_that(virtio_start(device), "the device does not start");
    check_works(device);
}

#define WINDOW(bar, offset, length) ((uint64_t)(bar) | (uint64_t)(length) << 8 | (uint64_t)(offset) << 32)

const struct attack attack_pci[] = {
    {"pci-space-read-8", space_read, 1},
    {"pci-space-read-16", space_read, 2},
    {"pci-space-read-32", space_read, 4},
    {"pci-space-read-64", space_read, 8},
    {"pci-space-write-8-zero", space_write, 1},
    {"pci-space-write-16-zero", space_write, 2},
    {"pci-space-write-32-zero", space_write, 4},
    {"pci-space-write-64-zero", space_write, 8},
    {"pci-space-write-8-ones", space_write, 0x101},
    {"pci-space-write-16-ones", space_write, 0x102},
    {"pci-space-write-32-ones", space_write, 0x104},
    {"pci-space-write-64-ones", space_write, 0x108},
    {"pci-space-write-32-pattern", space_write, 0x204},
    {"pci-space-write-unaligned-16", space_write_unaligned, 2},
    {"pci-space-write-unaligned-32", space_write_unaligned, 4},
    {"pci-space-write-unaligned-64", space_write_unaligned, 8},
    {"pci-space-nobody", space_nobody, 0x1000},
    {"pci-bar-read-8", bar_read, 1},
    {"pci-bar-read-16", bar_read, 2},
    {"pci-bar-read-32", bar_read, 4},
    {"pci-bar-read-64", bar_read, 8},
    {"pci-bar-write-8-ones", bar_write, 0x101},
    {"pci-bar-write-16-ones", bar_write, 0x102},
    {"pci-bar-write-32-ones", bar_write, 0x104},
    {"pci-bar-write-64-ones", bar_write, 0x108},
    {"pci-bar-write-32-zero", bar_write, 4},
    {"pci-bar-write-32-pattern", bar_write, 0x204},
    {"pci-common-8", common_widths, 1},
    {"pci-common-16", common_widths, 2},
    {"pci-common-32", common_widths, 4},
    {"pci-common-64", common_widths, 8},
    {"pci-bar-at-0", bar_at, 0},
    {"pci-bar-at-top", bar_at, 0xffffc000},
    {"pci-bar-over-ram", bar_over_ram, 0},
    {"pci-bar-over-queues", bar_over_ram, 0x10000},
    {"pci-bar-over-gic", bar_over_gic, 0},
    {"pci-bar-over-other", bar_over_other, BAR_BYTES},
    {"pci-bar-over-half-of-other", bar_over_other, BAR_BYTES / 2},
    {"pci-bar-size", bar_size, 100},
    {"pci-memory-off", memory_off, PCI_COMMAND_MASTER},
    {"pci-all-off", memory_off, 0},
    {"pci-no-master", no_master, PCI_COMMAND_MEMORY},
    {"pci-window-bar-1", access_window, WINDOW(1, 0, 4)},
    {"pci-window-bar-255", access_window, WINDOW(255, 0, 4)},
    {"pci-window-length-0", access_window, WINDOW(0, 0, 0)},
    {"pci-window-length-3", access_window, WINDOW(0, 0, 3)},
    {"pci-window-length-8", access_window, WINDOW(0, 0, 8)},
    {"pci-window-length-huge", access_window, WINDOW(0, 0, 0xffffff)},
    {"pci-window-over-end", access_window, WINDOW(0, BAR_BYTES - 2, 4)},
    {"pci-window-past-end", access_window, WINDOW(0, BAR_BYTES, 4)},
    {"pci-window-top", access_window, WINDOW(0, 0xffffffffull, 1)},
    {"pci-window-odd", access_window, WINDOW(0, 1, 2)},
    {"pci-window-status", access_window, WINDOW(0, PCI_STATUS, 1)},
    {"msix-table-32-ones", msix_table, 0x104},
    {"msix-table-64-ones", msix_table, 0x108},
    {"msix-table-8-ones", msix_table, 0x101},
    {"msix-table-32-zero", msix_table, 4},
    {"msix-table-32-pattern", msix_table, 0x204},
    {"msix-address-0", msix_address, 0},
    {"msix-address-all-ones", msix_address, ~0ull},
    {"msix-address-in-ram", msix_into_ram, 0},
    {"msix-address-in-gic", msix_into_gic, 0xf00},
    {"msix-address-in-itself", msix_into_itself, PCI_COMMAND},
    {"msix-data-0", msix_data, 0},
    {"msix-data-27", msix_data, 27},
    {"msix-data-uart", msix_data, 33},
    {"msix-data-1023", msix_data, 1023},
    {"msix-data-all-ones", msix_data, 0xffffffff},
    {"msix-vector-past-last", vectors, 32},
    {"msix-vector-32768", vectors, 0x8000},
    {"msix-toggle", msix_toggle, 200},
    {"pci-queue-enable-0", queue_enable, 0},
    {"pci-queue-enable-2", queue_enable, 2},
    {"pci-queue-enable-all-ones", queue_enable, 0xffff},
    {"pci-notify-8", notify_page, 1},
    {"pci-notify-16", notify_page, 2},
    {"pci-notify-32", notify_page, 4},
    {"pci-notify-64", notify_page, 8},
    {"pci-isr-storm", isr_storm, 5000},
    {"msi-frame-write-16", frame_write, 2},
    {"msi-frame-write-32", frame_write, 4},
    {"msi-frame-write-64", frame_write, 8},
    {"msi-frame-registers-8", frame_registers, 1},
    {"msi-frame-registers-32", frame_registers, 4},
    {"msi-frame-registers-64", frame_registers, 8},
    {NULL, NULL, 0},
};
