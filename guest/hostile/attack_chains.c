/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks with descriptor chains (virtio 1.2, 2.7.5): loops, lengths, directions, indirect tables. */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

static uint64_t buffer_of(const struct virtio_device *device)
{
    return (uint64_t)(uintptr_t)device->buffers;
}

/* Start the device and return the descriptor table of the queue under attack. */
static struct virtio_desc *begin(struct virtio_device *device, uint32_t index)
{
    check_that(virtio_start(device), "the device does not start");
    memset(device->buffers, 0, 4096);
    return device->queues[index].desc;
}

/* Offer chain 0 and see that the device bites: a receive queue does so when there is something to receive. */
static void fire(struct virtio_device *device, uint32_t index)
{
    virtio_submit(device, index, 0);
    if (index != virtio_out_queue(device)) {
        virtio_provoke(device);
    }
}

static void fire_broken(struct virtio_device *device, uint32_t index)
{
    fire(device, index);
    check_broken(device);
}

/* parameter: how many descriptors the loop has. */
static void loop(struct virtio_device *device, uint64_t length)
{
    struct virtio_desc *desc = begin(device, virtio_out_queue(device));

    for (uint16_t i = 0; i < length; i++) {
        desc[i] = (struct virtio_desc){buffer_of(device), 64, DESC_NEXT, (uint16_t)((i + 1u) % length)};
    }
    fire_broken(device, virtio_out_queue(device));
}

static void loop_writable(struct virtio_device *device, uint64_t length)
{
    struct virtio_desc *desc = begin(device, 0);

    for (uint16_t i = 0; i < length; i++) {
        desc[i] = (struct virtio_desc){buffer_of(device), 64, DESC_NEXT | DESC_WRITE,
                                       (uint16_t)((i + 1u) % length)};
    }
    fire_broken(device, 0);
}

static void next_out_of_range(struct virtio_device *device, uint64_t next)
{
    struct virtio_desc *desc = begin(device, virtio_out_queue(device));

    desc[0] = (struct virtio_desc){buffer_of(device), 64, DESC_NEXT, (uint16_t)next};
    fire_broken(device, virtio_out_queue(device));
}

/* A buffer for the device to read where it wants to write, and the reverse. */
static void direction_in(struct virtio_device *device, uint64_t flags)
{
    struct virtio_desc *desc = begin(device, 0);

    desc[0] = (struct virtio_desc){buffer_of(device), 512, (uint16_t)flags, 0};
    fire_broken(device, 0);
}

static void direction_out(struct virtio_device *device, uint64_t flags)
{
    uint32_t index = virtio_out_queue(device);
    struct virtio_desc *desc = begin(device, index);

    /* What only writes, as the entropy device does, gets both. */
    desc[0] = (struct virtio_desc){buffer_of(device), 512, (uint16_t)(flags | DESC_NEXT), 1};
    desc[1] = (struct virtio_desc){buffer_of(device), 512, 0, 0};
    fire_broken(device, index);
}

/* Flags that no specification knows yet are not the device's business. */
static void unknown_flags(struct virtio_device *device, uint64_t flags)
{
    uint32_t index = virtio_out_queue(device);
    struct virtio_desc *desc = begin(device, index);

    check_that(virtio_request(device), "the device does not work");
    for (int i = 0; i < 3; i++) {
        desc[i].flags |= (uint16_t)flags;
    }
    virtio_submit(device, index, 0);
    check_that(virtio_wait_used(device, index, 2), "reserved flags are taken for something");
    check_running(device);
}

/* A device-readable descriptor after a device-writable one is forbidden (2.7.4.2). */
static void readable_after_writable(struct virtio_device *device, uint64_t parameter)
{
    struct virtio_desc *desc = begin(device, virtio_out_queue(device));

    (void)parameter;
    desc[0] = (struct virtio_desc){buffer_of(device), 64, DESC_NEXT | DESC_WRITE, 1};
    desc[1] = (struct virtio_desc){buffer_of(device) + 64, 64, DESC_NEXT, 2};
    desc[2] = (struct virtio_desc){buffer_of(device) + 128, 64, DESC_WRITE, 0};
    fire_broken(device, virtio_out_queue(device));
}

static void fill_pair(struct virtio_device *device, struct virtio_desc *desc, uint16_t write, uint32_t bytes)
{
    desc[0] = (struct virtio_desc){buffer_of(device), bytes, (uint16_t)(DESC_NEXT | write), 1};
    desc[1] = (struct virtio_desc){buffer_of(device), bytes, write, 0};
}

static void length_out(struct virtio_device *device, uint64_t bytes)
{
    uint32_t index = virtio_out_queue(device);

    fill_pair(device, begin(device, index), device->id == DEVICE_ENTROPY ? DESC_WRITE : 0, (uint32_t)bytes);
    fire(device, index);
    check_noticed(device, index);
}

static void length_in(struct virtio_device *device, uint64_t bytes)
{
    fill_pair(device, begin(device, 0), DESC_WRITE, (uint32_t)bytes);
    fire(device, 0);
    if (device->id == DEVICE_NET && bytes == 11) {
        check_works(device); /* room for the header, but not for a frame: that is dropped */
    } else {
        check_noticed(device, 0);
    }
}

/* More bytes than the guest has RAM: outside it, wherever they begin. */
static void length_too_long(struct virtio_device *device, uint64_t bytes)
{
    uint32_t index = virtio_out_queue(device);

    fill_pair(device, begin(device, index), device->id == DEVICE_ENTROPY ? DESC_WRITE : 0, (uint32_t)bytes);
    fire_broken(device, index);
    fill_pair(device, begin(device, 0), DESC_WRITE, (uint32_t)bytes);
    fire_broken(device, 0);
}

static void address(struct virtio_device *device, uint64_t at)
{
    for (uint32_t index = 0; index <= virtio_out_queue(device); index++) {
        struct virtio_desc *desc = begin(device, index);

        desc[0] = (struct virtio_desc){at, 256, (uint16_t)(index == 0 ? DESC_WRITE : 0), 0};
        fire_broken(device, index);
    }
}

static void address_at_ram_end(struct virtio_device *device, uint64_t before)
{
    address(device, machine.ram_base + machine.ram_bytes - before);
}

static void address_of_gic(struct virtio_device *device, uint64_t offset)
{
    address(device, machine.gicd + offset);
}

static void address_of_device(struct virtio_device *device, uint64_t offset)
{
    address(device, device->base + offset);
}

/* Buffers that are the rings themselves: the device writes over what it reads. */
static void address_of_rings(struct virtio_device *device, uint64_t part)
{
    struct virtio_queue *queue = &device->queues[0];
    uint64_t at = part == 0 ? (uint64_t)(uintptr_t)queue : (uint64_t)(uintptr_t)&queue->avail;

    for (int i = 0; i < 4; i++) {
        struct virtio_desc *desc = begin(device, 0);

        if (device->id == DEVICE_BLOCK) {
            (void)virtio_request(device);
            desc[1].addr = at;
        } else {
            desc[0] =
                (struct virtio_desc){at, sizeof *queue - (part == 0 ? 0 : sizeof queue->desc), DESC_WRITE, 0};
        }
        fire(device, 0);
        check_running_or_broken(device);
    }
}

/* Offer an indirect table; the device may not have offered the feature: then the flag itself is the attack.
 */
static void indirect(struct virtio_device *device, uint64_t at, uint32_t bytes, uint16_t flags)
{
    uint32_t index = virtio_out_queue(device);

    check_that(virtio_start_with(device, FEATURE_INDIRECT_DESC, index + 1), "the device does not start");
    device->queues[index].desc[0] = (struct virtio_desc){at, bytes, flags, 0};
    fire(device, index);
}

static void indirect_length(struct virtio_device *device, uint64_t bytes)
{
    memset(device->buffers, 0, 4096);
    indirect(device, buffer_of(device), (uint32_t)bytes, DESC_INDIRECT);
    check_broken(device);
}

static void indirect_address(struct virtio_device *device, uint64_t at)
{
    indirect(device, at, 64, DESC_INDIRECT);
    check_broken(device);
}

static void indirect_over_ram_end(struct virtio_device *device, uint64_t before)
{
    indirect_address(device, machine.ram_base + machine.ram_bytes - before);
}

/* The table of one descriptor, which is good by itself for a card, a console and an entropy device. */
static void fill_table(struct virtio_device *device)
{
    struct virtio_desc *table = (struct virtio_desc *)device->buffers;

    memset(device->buffers, 0, 4096);
    table[0] =
        (struct virtio_desc){buffer_of(device) + 1024, 64, device->id == DEVICE_ENTROPY ? DESC_WRITE : 0, 0};
}

static void indirect_and_next(struct virtio_device *device, uint64_t flags)
{
    fill_table(device);
    indirect(device, buffer_of(device), sizeof(struct virtio_desc), (uint16_t)flags);
    check_broken(device);
}

/* The device must ignore the write-only flag of a descriptor that refers to a table (2.7.5.3.2). */
static void indirect_and_write(struct virtio_device *device, uint64_t flags)
{
    fill_table(device);
    indirect(device, buffer_of(device), sizeof(struct virtio_desc), (uint16_t)flags);
    check_noticed(device, virtio_out_queue(device));
}

/* The flag without the feature (2.7.5.3.1). */
static void indirect_not_negotiated(struct virtio_device *device, uint64_t parameter)
{
    uint32_t index = virtio_out_queue(device);
    struct virtio_desc *desc = begin(device, index);

    (void)parameter;
    fill_table(device);
    desc[0] = (struct virtio_desc){buffer_of(device), sizeof(struct virtio_desc), DESC_INDIRECT, 0};
    fire_broken(device, index);
}

/* parameter: entries. The table's descriptors are indirect themselves, and point at the table. */
static void indirect_nested(struct virtio_device *device, uint64_t entries)
{
    struct virtio_desc *table = (struct virtio_desc *)device->buffers;

    for (uint16_t i = 0; i < entries; i++) {
        table[i] = (struct virtio_desc){buffer_of(device), 64, DESC_INDIRECT | DESC_NEXT,
                                        (uint16_t)((i + 1u) % entries)};
    }
    indirect(device, buffer_of(device), (uint32_t)(entries * sizeof *table), DESC_INDIRECT);
    check_broken(device);
}

/* A table that goes in a circle, or is longer than the queue (2.7.5.3.1: the driver must not make such a
 * chain). */
static void indirect_loop(struct virtio_device *device, uint64_t entries)
{
    struct virtio_desc *table = (struct virtio_desc *)device->buffers;

    for (uint16_t i = 0; i < entries; i++) {
        table[i] =
            (struct virtio_desc){buffer_of(device) + 0x8000, 64, DESC_NEXT, (uint16_t)((i + 1u) % entries)};
    }
    indirect(device, buffer_of(device), (uint32_t)(entries * sizeof *table), DESC_INDIRECT);
    check_broken(device);
}

static void indirect_next_out_of_range(struct virtio_device *device, uint64_t next)
{
    struct virtio_desc *table = (struct virtio_desc *)device->buffers;

    table[0] = (struct virtio_desc){buffer_of(device) + 2048, 64, DESC_NEXT, (uint16_t)next};
    indirect(device, buffer_of(device), 2 * sizeof *table, DESC_INDIRECT);
    check_broken(device);
}

/* Descriptors and their contents change while the device works on them (2.7.13: the buffer is the device's).
 */
static void rewrite_in_use(struct virtio_device *device, uint64_t count)
{
    uint32_t index = virtio_out_queue(device);
    volatile struct virtio_desc *desc = begin(device, index);

    for (uint64_t i = 0; i < count; i++) {
        desc[0].addr = buffer_of(device);
        desc[0].len = 72;
        desc[0].flags = device->id == DEVICE_ENTROPY ? DESC_WRITE : 0;
        virtio_submit(device, index, 0);
        desc[0].len = 0xffffffff;
        desc[0].addr = ~0ull;
        desc[0].flags = DESC_NEXT | DESC_WRITE | DESC_INDIRECT;
        virtio_write(device, REG_QUEUE_NOTIFY, index);
    }
    check_noticed(device, index);
}

/* After a reset the rings' memory is ordinary memory again: the device must not write to it any more (2.4.1).
 */
static void reset_in_traffic(struct virtio_device *device, uint64_t count)
{
    uint32_t index = virtio_out_queue(device);
    const volatile uint8_t *bytes = (const volatile uint8_t *)&device->queues[index];
    uint32_t written = 0;

    for (uint64_t i = 0; i < count; i++) {
        struct virtio_desc *desc = begin(device, index);

        for (uint16_t head = 0; head < device->queue_size; head++) {
            desc[head] =
                (struct virtio_desc){buffer_of(device), 72, device->id == DEVICE_ENTROPY ? DESC_WRITE : 0, 0};
            virtio_submit(device, index, head);
        }
        check_that(virtio_reset(device), "the reset does not end");
        memset(&device->queues[index], 0x5a, sizeof device->queues[index]);
        virtio_write(device, REG_QUEUE_NOTIFY, index);
        for (uint32_t at = 0; at < sizeof device->queues[index]; at++) {
            written += bytes[at] != 0x5a;
        }
    }
    check_that(written == 0, "the device writes to a queue after the reset");
}

/* The queue goes away while the device has buffers of it. */
static void queue_away_in_traffic(struct virtio_device *device, uint64_t count)
{
    uint32_t index = virtio_out_queue(device);

    for (uint64_t i = 0; i < count; i++) {
        check_that(virtio_start(device), "the device does not start");
        for (uint16_t head = 0; head < device->queue_size; head++) {
            virtio_submit(device, index, head);
        }
        virtio_write(device, REG_QUEUE_SEL, index);
        virtio_write(device, REG_QUEUE_READY, 0);
        /* Behind virtio-pci a queue goes away with the device only. */
        check_that((virtio_read(device, REG_QUEUE_READY) == 0) == (device->pci.space == 0),
                   "the queue is not as it must be");
        virtio_write(device, REG_QUEUE_NOTIFY, index);
    }
}

static void same_head_twice(struct virtio_device *device, uint64_t count)
{
    uint32_t index = virtio_out_queue(device);
    struct virtio_desc *desc = begin(device, index);

    desc[0] = (struct virtio_desc){buffer_of(device), 72, device->id == DEVICE_ENTROPY ? DESC_WRITE : 0, 0};
    for (uint16_t i = 0; i < count; i++) {
        device->queues[index].avail.ring[i % device->queue_size] = 0;
    }
    device->queues[index].avail.idx = (uint16_t)count;
    __asm__ volatile("dmb ish" ::: "memory");
    virtio_write(device, REG_QUEUE_NOTIFY, index);
    check_noticed(device, index);
}

/* Descriptors of one chain that are in another one, too. */
static void shared_tail(struct virtio_device *device, uint64_t count)
{
    uint32_t index = virtio_out_queue(device);
    uint16_t write = device->id == DEVICE_ENTROPY ? DESC_WRITE : 0;
    uint16_t last = (uint16_t)(device->queue_size - 1);
    struct virtio_desc *desc = begin(device, index);

    desc[last] = (struct virtio_desc){buffer_of(device), 72, write, 0};
    for (uint16_t i = 0; i < count && i < last; i++) {
        desc[i] = (struct virtio_desc){buffer_of(device), 72, (uint16_t)(DESC_NEXT | write), last};
        virtio_submit(device, index, i);
    }
    check_noticed(device, index);
}

static void interrupts_never_taken(struct virtio_device *device, uint64_t count)
{
    gic_mask_cpu();
    gic_enable(device->intid);
    for (uint64_t i = 0; i < count; i++) {
        same_head_twice(device, 8);
    }
    check_that(virtio_interrupts(device), "there is no interrupt");
}

/* The driver must acknowledge what it was interrupted for (4.2.3.3, 4.2.2.2); this one doesn't. */
static void interrupts_never_ended(struct virtio_device *device, uint64_t count)
{
    uint64_t before = gic_interrupts;

    gic_enable(device->intid);
    gic_hold = true;
    gic_unmask_cpu();
    for (uint64_t i = 0; i < count; i++) {
        same_head_twice(device, 8);
    }
    check_that(gic_interrupts != before, "there was no interrupt");
    gic_mask_cpu();
    gic_release();
}

/* Interrupts that are ended but not acknowledged at the device come again at once. */
static void interrupts_never_acknowledged(struct virtio_device *device, uint64_t count)
{
    uint64_t before = gic_interrupts;

    gic_enable(device->intid);
    same_head_twice(device, 8);
    gic_limit = count;
    gic_unmask_cpu();
    for (volatile uint64_t i = 0; i < 100000 && gic_limit != 0; i++) {
    }
    gic_mask_cpu();
    gic_limit = 0;
    check_that(gic_interrupts != before, "there was no interrupt");
}

const struct attack attack_chains[] = {
    {"chain-loop-1", loop, 1},
    {"chain-loop-2", loop, 2},
    {"chain-loop-16", loop, VIRTIO_QUEUE_SIZE},
    {"chain-loop-writable-1", loop_writable, 1},
    {"chain-loop-writable-16", loop_writable, VIRTIO_QUEUE_SIZE},
    {"chain-next-size", next_out_of_range, VIRTIO_QUEUE_SIZE},
    {"chain-next-65535", next_out_of_range, 0xffff},
    {"chain-direction-read", direction_in, 0},
    {"chain-direction-write", direction_out, DESC_WRITE},
    {"chain-unknown-flags", unknown_flags, 0xfff8},
    {"chain-readable-after-writable", readable_after_writable, 0},
    {"chain-length-0", length_out, 0},
    {"chain-length-0-receive", length_in, 0},
    {"chain-length-1", length_out, 1},
    {"chain-length-1-receive", length_in, 1},
    {"chain-length-11", length_out, 11},
    {"chain-length-11-receive", length_in, 11},
    {"chain-length-65536", length_out, 0x10000},
    {"chain-length-65536-receive", length_in, 0x10000},
    {"chain-length-2g", length_too_long, 0x80000000},
    {"chain-length-4g", length_too_long, 0xffffffff},
    {"chain-address-0", address, 0},
    {"chain-address-far", address, 1ull << 40},
    {"chain-address-wrap", address, 0xffffffffffffff80ull},
    {"chain-address-top", address, 0xffffffffffffffffull},
    {"chain-address-over-ram-end", address_at_ram_end, 16},
    {"chain-address-at-ram-end", address_at_ram_end, 0},
    {"chain-address-gic", address_of_gic, 0},
    {"chain-address-gic-cpu", address_of_gic, 0x10000},
    {"chain-address-itself", address_of_device, 0},
    {"chain-address-rings", address_of_rings, 0},
    {"chain-address-avail-ring", address_of_rings, 1},
    {"indirect-length-0", indirect_length, 0},
    {"indirect-length-15", indirect_length, 15},
    {"indirect-length-17", indirect_length, 17},
    {"indirect-length-4g", indirect_length, 0xfffffff0},
    {"indirect-address-0", indirect_address, 0},
    {"indirect-address-wrap", indirect_address, 0xfffffffffffffff0ull},
    {"indirect-over-ram-end", indirect_over_ram_end, 16},
    {"indirect-and-next", indirect_and_next, DESC_INDIRECT | DESC_NEXT},
    {"indirect-and-write", indirect_and_write, DESC_INDIRECT | DESC_WRITE},
    {"indirect-not-negotiated", indirect_not_negotiated, 0},
    {"indirect-nested", indirect_nested, 4},
    {"indirect-self", indirect_nested, 1},
    {"indirect-loop-1", indirect_loop, 1},
    {"indirect-loop-16", indirect_loop, 16},
    {"indirect-overlong", indirect_loop, 1024},
    {"indirect-next-out-of-range", indirect_next_out_of_range, 0xffff},
    {"rewrite-in-use", rewrite_in_use, 500},
    {"reset-in-traffic", reset_in_traffic, 50},
    {"queue-away-in-traffic", queue_away_in_traffic, 20},
    {"shared-tail", shared_tail, 8},
    {"same-head-twice", same_head_twice, VIRTIO_QUEUE_SIZE},
    {"interrupts-never-taken", interrupts_never_taken, 20},
    {"interrupts-never-ended", interrupts_never_ended, 20},
    {"interrupts-never-acknowledged", interrupts_never_acknowledged, 1000},
    {NULL, NULL, 0},
};
