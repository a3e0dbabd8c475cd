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
    (void)virtio_start(device);
    memset(device->buffers, 0, 4096);
    return device->queues[index].desc;
}

/* Offer chain 0 on both directions' queues and give the device time to bite. */
static void fire(struct virtio_device *device, uint32_t index)
{
    virtio_submit(device, index, 0);
    (void)virtio_read(device, REG_STATUS);
}

/* parameter: how many descriptors the loop has. */
static void loop(struct virtio_device *device, uint64_t length)
{
    struct virtio_desc *desc = begin(device, virtio_out_queue(device));

    for (uint16_t i = 0; i < length; i++) {
        desc[i] = (struct virtio_desc){buffer_of(device), 64, DESC_NEXT, (uint16_t)((i + 1u) % length)};
    }
    fire(device, virtio_out_queue(device));
}

static void loop_writable(struct virtio_device *device, uint64_t length)
{
    struct virtio_desc *desc = begin(device, 0);

    for (uint16_t i = 0; i < length; i++) {
        desc[i] = (struct virtio_desc){buffer_of(device), 64, DESC_NEXT | DESC_WRITE,
                                       (uint16_t)((i + 1u) % length)};
    }
    fire(device, 0);
}

static void next_out_of_range(struct virtio_device *device, uint64_t next)
{
    struct virtio_desc *desc = begin(device, virtio_out_queue(device));

    desc[0] = (struct virtio_desc){buffer_of(device), 64, DESC_NEXT, (uint16_t)next};
    fire(device, virtio_out_queue(device));
}

/* parameter: flags of the single descriptor; sent to both queues: wrong on one of them. */
static void direction(struct virtio_device *device, uint64_t flags)
{
    for (uint32_t index = 0; index <= virtio_out_queue(device); index++) {
        struct virtio_desc *desc = begin(device, index);

        desc[0] = (struct virtio_desc){buffer_of(device), 512, (uint16_t)flags, 0};
        fire(device, index);
    }
}

/* A device-readable descriptor after a device-writable one is forbidden (2.7.4.2). */
static void readable_after_writable(struct virtio_device *device, uint64_t parameter)
{
    struct virtio_desc *desc = begin(device, virtio_out_queue(device));

    (void)parameter;
    desc[0] = (struct virtio_desc){buffer_of(device), 64, DESC_NEXT | DESC_WRITE, 1};
    desc[1] = (struct virtio_desc){buffer_of(device) + 64, 64, DESC_NEXT, 2};
    desc[2] = (struct virtio_desc){buffer_of(device) + 128, 64, DESC_WRITE, 0};
    fire(device, virtio_out_queue(device));
}

static void length(struct virtio_device *device, uint64_t bytes)
{
    for (uint32_t index = 0; index <= virtio_out_queue(device); index++) {
        struct virtio_desc *desc = begin(device, index);
        uint16_t write = index == 0 ? DESC_WRITE : 0;

        desc[0] = (struct virtio_desc){buffer_of(device), (uint32_t)bytes, (uint16_t)(DESC_NEXT | write), 1};
        desc[1] = (struct virtio_desc){buffer_of(device), (uint32_t)bytes, write, 0};
        fire(device, index);
    }
}

static void address(struct virtio_device *device, uint64_t at)
{
    for (uint32_t index = 0; index <= virtio_out_queue(device); index++) {
        struct virtio_desc *desc = begin(device, index);

        desc[0] = (struct virtio_desc){at, 256, (uint16_t)(index == 0 ? DESC_WRITE : 0), 0};
        fire(device, index);
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

/* Buffers that are the rings themselves. */
static void address_of_rings(struct virtio_device *device, uint64_t parameter)
{
    (void)parameter;
    for (int i = 0; i < 8; i++) {
        struct virtio_queue *queue = &device->queues[0];
        struct virtio_desc *desc = begin(device, 0);

        desc[0] = (struct virtio_desc){(uint64_t)(uintptr_t)queue, sizeof *queue, DESC_WRITE, 0};
        fire(device, 0);
    }
}

/* Offer an indirect table; the device may not have offered the feature: then the flag itself is the attack.
 */
static void indirect(struct virtio_device *device, uint64_t at, uint32_t bytes, uint16_t flags)
{
    uint32_t index = virtio_out_queue(device);

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 1ull << 28);
    (void)virtio_queue_enable(device, 0);
    (void)virtio_queue_enable(device, 1);
    virtio_driver_ok(device);
    device->queues[index].desc[0] = (struct virtio_desc){at, bytes, flags, 0};
    fire(device, index);
}

static void indirect_length(struct virtio_device *device, uint64_t bytes)
{
    memset(device->buffers, 0, 4096);
    indirect(device, buffer_of(device), (uint32_t)bytes, DESC_INDIRECT);
}

static void indirect_address(struct virtio_device *device, uint64_t at)
{
    indirect(device, at, 64, DESC_INDIRECT);
}

static void indirect_flags(struct virtio_device *device, uint64_t flags)
{
    struct virtio_desc *table = (struct virtio_desc *)device->buffers;

    table[0] = (struct virtio_desc){buffer_of(device) + 1024, 64, 0, 0};
    indirect(device, buffer_of(device), sizeof *table, (uint16_t)flags);
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
}

static void indirect_loop(struct virtio_device *device, uint64_t entries)
{
    struct virtio_desc *table = (struct virtio_desc *)device->buffers;

    for (uint16_t i = 0; i < entries; i++) {
        table[i] =
            (struct virtio_desc){buffer_of(device) + 2048, 64, DESC_NEXT, (uint16_t)((i + 1u) % entries)};
    }
    indirect(device, buffer_of(device), (uint32_t)(entries * sizeof *table), DESC_INDIRECT);
}

static void indirect_next_out_of_range(struct virtio_device *device, uint64_t next)
{
    struct virtio_desc *table = (struct virtio_desc *)device->buffers;

    table[0] = (struct virtio_desc){buffer_of(device) + 2048, 64, DESC_NEXT, (uint16_t)next};
    indirect(device, buffer_of(device), 2 * sizeof *table, DESC_INDIRECT);
}

/* Descriptors and their contents change while the device works on them. */
static void rewrite_in_use(struct virtio_device *device, uint64_t count)
{
    uint32_t index = virtio_out_queue(device);
    volatile struct virtio_desc *desc = begin(device, index);

    for (uint64_t i = 0; i < count; i++) {
        desc[0].addr = buffer_of(device);
        desc[0].len = 72;
        desc[0].flags = 0;
        virtio_submit(device, index, 0);
        desc[0].len = 0xffffffff;
        desc[0].addr = ~0ull;
        desc[0].flags = DESC_NEXT | DESC_WRITE | DESC_INDIRECT;
        virtio_write(device, REG_QUEUE_NOTIFY, index);
    }
}

static void reset_in_traffic(struct virtio_device *device, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint32_t index = virtio_out_queue(device);
        struct virtio_desc *desc = begin(device, index);

        for (uint16_t head = 0; head < VIRTIO_QUEUE_SIZE; head++) {
            desc[head] = (struct virtio_desc){buffer_of(device), 72, 0, 0};
            virtio_submit(device, index, head);
        }
        virtio_write(device, REG_STATUS, 0);
        /* The rings' memory is ordinary memory again: the device must not write to it any more. */
        memset(&device->queues[index], 0x5a, sizeof device->queues[index]);
    }
}

static void same_head_twice(struct virtio_device *device, uint64_t count)
{
    uint32_t index = virtio_out_queue(device);
    struct virtio_desc *desc = begin(device, index);

    desc[0] = (struct virtio_desc){buffer_of(device), 72, 0, 0};
    for (uint16_t i = 0; i < count; i++) {
        device->queues[index].avail.ring[i % VIRTIO_QUEUE_SIZE] = 0;
    }
    device->queues[index].avail.idx = (uint16_t)count;
    __asm__ volatile("dmb ish" ::: "memory");
    virtio_write(device, REG_QUEUE_NOTIFY, index);
}

static void interrupts_never_taken(struct virtio_device *device, uint64_t count)
{
    gic_mask_cpu();
    gic_enable(device->intid);
    for (uint64_t i = 0; i < count; i++) {
        same_head_twice(device, 8);
    }
}

static void interrupts_never_ended(struct virtio_device *device, uint64_t count)
{
    gic_enable(device->intid);
    gic_hold = true;
    gic_unmask_cpu();
    for (uint64_t i = 0; i < count; i++) {
        same_head_twice(device, 8);
    }
    gic_mask_cpu();
    gic_release();
}

const struct attack attack_chains[] = {
    {"chain-loop-1", loop, 1},
    {"chain-loop-2", loop, 2},
    {"chain-loop-16", loop, VIRTIO_QUEUE_SIZE},
    {"chain-loop-writable-1", loop_writable, 1},
    {"chain-loop-writable-16", loop_writable, VIRTIO_QUEUE_SIZE},
    {"chain-next-size", next_out_of_range, VIRTIO_QUEUE_SIZE},
    {"chain-next-65535", next_out_of_range, 0xffff},
    {"chain-direction-read", direction, 0},
    {"chain-direction-write", direction, DESC_WRITE},
    {"chain-unknown-flags", direction, 0xfff8},
    {"chain-readable-after-writable", readable_after_writable, 0},
    {"chain-length-0", length, 0},
    {"chain-length-1", length, 1},
    {"chain-length-11", length, 11},
    {"chain-length-65536", length, 0x10000},
    {"chain-length-2g", length, 0x80000000},
    {"chain-length-4g", length, 0xffffffff},
    {"chain-address-0", address, 0},
    {"chain-address-far", address, 1ull << 40},
    {"chain-address-wrap", address, 0xffffffffffffff80ull},
    {"chain-address-top", address, 0xffffffffffffffffull},
    {"chain-address-over-ram-end", address_at_ram_end, 16},
    {"chain-address-at-ram-end", address_at_ram_end, 0},
    {"chain-address-gic", address_of_gic, 0},
    {"chain-address-gic-cpu", address_of_gic, 0x10000},
    {"chain-address-rings", address_of_rings, 0},
    {"indirect-length-0", indirect_length, 0},
    {"indirect-length-15", indirect_length, 15},
    {"indirect-length-17", indirect_length, 17},
    {"indirect-length-4g", indirect_length, 0xfffffff0},
    {"indirect-address-0", indirect_address, 0},
    {"indirect-address-wrap", indirect_address, 0xfffffffffffffff0ull},
    {"indirect-and-next", indirect_flags, DESC_INDIRECT | DESC_NEXT},
    {"indirect-and-write", indirect_flags, DESC_INDIRECT | DESC_WRITE},
    {"indirect-nested", indirect_nested, 4},
    {"indirect-self", indirect_nested, 1},
    {"indirect-loop-1", indirect_loop, 1},
    {"indirect-loop-16", indirect_loop, 16},
    {"indirect-overlong", indirect_loop, 1024},
    {"indirect-next-out-of-range", indirect_next_out_of_range, 0xffff},
    {"rewrite-in-use", rewrite_in_use, 500},
    {"reset-in-traffic", reset_in_traffic, 50},
    {"same-head-twice", same_head_twice, VIRTIO_QUEUE_SIZE},
    {"interrupts-never-taken", interrupts_never_taken, 20},
    {"interrupts-never-ended", interrupts_never_ended, 20},
    {NULL, NULL, 0},
};
