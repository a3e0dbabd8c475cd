/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on where a virtqueue lies and how large it is (virtio 1.2, 2.7 and 4.2.3.2). */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

/* Which of the three parts is misplaced is in the parameter's low bits, where to in the rest. */
enum part { PART_DESC, PART_AVAIL, PART_USED, PART_ALL };
enum place {
    PLACE_ZERO,
    PLACE_RAM_END,
    PLACE_OVER_END,
    PLACE_BELOW_RAM,
    PLACE_FAR,
    PLACE_WRAP,
    PLACE_ODD,
    PLACE_GIC,
    PLACE_SELF,
    PLACE_IMAGE
};
#define AT(part, place) ((uint64_t)(part) | (uint64_t)(place) << 8)

static uint64_t place_address(const struct virtio_device *device, enum place place)
{
    switch (place) {
    case PLACE_ZERO:
        return 0;
    case PLACE_RAM_END:
        return machine.ram_base + machine.ram_bytes;
    case PLACE_OVER_END:
        return machine.ram_base + machine.ram_bytes - 16;
    case PLACE_BELOW_RAM:
        return machine.ram_base - 16;
    case PLACE_FAR:
        return 1ull << 40;
    case PLACE_WRAP:
        return 0xfffffffffffffff0ull;
    case PLACE_ODD:
        return (uint64_t)(uintptr_t)device->buffers + 1;
    case PLACE_GIC:
        return machine.gicd;
    case PLACE_SELF:
        return device->base;
    default:
        return machine.ram_base;
    }
}

static void misplace(struct virtio_device *device, uint64_t parameter)
{
    enum part part = (enum part)(parameter & 0xff);
    uint64_t bad = place_address(device, (enum place)(parameter >> 8));

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    for (uint32_t index = 0; index < 2; index++) {
        struct virtio_queue *queue = &device->queues[index];

        memset(queue, 0, sizeof *queue);
        virtio_queue_place(device, index, VIRTIO_QUEUE_SIZE,
                           part == PART_DESC || part == PART_ALL ? bad : (uint64_t)(uintptr_t)queue->desc,
                           part == PART_AVAIL || part == PART_ALL ? bad : (uint64_t)(uintptr_t)&queue->avail,
                           part == PART_USED || part == PART_ALL ? bad : (uint64_t)(uintptr_t)&queue->used);
    }
    virtio_driver_ok(device);
    virtio_submit(device, 0, 0);
    virtio_submit(device, 1, 0);
}

static void size(struct virtio_device *device, uint64_t entries)
{
    struct virtio_queue *queue = &device->queues[0];

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    for (uint32_t index = 0; index < 2; index++) {
        virtio_queue_place(device, index, (uint32_t)entries, (uint64_t)(uintptr_t)queue->desc,
                           (uint64_t)(uintptr_t)&queue->avail, (uint64_t)(uintptr_t)&queue->used);
    }
    virtio_driver_ok(device);
    virtio_submit(device, 0, 0);
    virtio_submit(device, 1, 0);
}

static void resize_live(struct virtio_device *device, uint64_t entries)
{
    (void)virtio_start(device);
    virtio_write(device, REG_QUEUE_SEL, virtio_out_queue(device));
    virtio_write(device, REG_QUEUE_NUM, (uint32_t)entries);
    virtio_submit(device, virtio_out_queue(device), 0);
}

static void move_live(struct virtio_device *device, uint64_t address)
{
    (void)virtio_start(device);
    virtio_write(device, REG_QUEUE_SEL, virtio_out_queue(device));
    for (uint32_t reg = REG_QUEUE_DESC_LOW; reg <= REG_QUEUE_DEVICE_LOW + 4; reg += 4) {
        virtio_write(device, reg, (uint32_t)address);
    }
    virtio_submit(device, virtio_out_queue(device), 0);
    virtio_write(device, REG_QUEUE_READY, 1);
    virtio_submit(device, virtio_out_queue(device), 0);
}

static void ready_value(struct virtio_device *device, uint64_t value)
{
    (void)virtio_start(device);
    virtio_write(device, REG_QUEUE_SEL, virtio_out_queue(device));
    virtio_write(device, REG_QUEUE_READY, (uint32_t)value);
    virtio_submit(device, virtio_out_queue(device), 0);
}

static void ready_toggle(struct virtio_device *device, uint64_t count)
{
    (void)virtio_start(device);
    for (uint64_t i = 0; i < count; i++) {
        virtio_write(device, REG_QUEUE_SEL, virtio_out_queue(device));
        virtio_write(device, REG_QUEUE_READY, (uint32_t)(i & 1));
        virtio_submit(device, virtio_out_queue(device), 0);
    }
}

static void select(struct virtio_device *device, uint64_t index)
{
    (void)virtio_start(device);
    virtio_write(device, REG_QUEUE_SEL, (uint32_t)index);
    for (uint32_t offset = 0x034; offset < 0x0b0; offset += 4) {
        (void)virtio_read(device, offset);
        if (offset != REG_STATUS) {
            virtio_write(device, offset, 0xffffffff);
        }
    }
}

static void notify(struct virtio_device *device, uint64_t index)
{
    (void)virtio_start(device);
    virtio_write(device, REG_QUEUE_NOTIFY, (uint32_t)index);
}

static void notify_storm(struct virtio_device *device, uint64_t count)
{
    (void)virtio_start(device);
    for (uint64_t i = 0; i < count; i++) {
        virtio_write(device, REG_QUEUE_NOTIFY, (uint32_t)(i & 1));
    }
}

/* The parts of one queue, or of two, lie on top of each other: legal to write, nonsense to run. */
static void overlap(struct virtio_device *device, uint64_t two_queues)
{
    uint64_t at = (uint64_t)(uintptr_t)device->buffers;

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    memset(device->buffers, 0x11, 4096);
    virtio_queue_place(device, 0, VIRTIO_QUEUE_SIZE, at, at, at);
    virtio_queue_place(device, 1, VIRTIO_QUEUE_SIZE, two_queues != 0 ? at : at + 4096, at, at);
    virtio_driver_ok(device);
    virtio_write(device, REG_QUEUE_NOTIFY, 0);
    virtio_write(device, REG_QUEUE_NOTIFY, 1);
}

/* Jumps of the available index. */
static void avail_jump(struct virtio_device *device, uint64_t by)
{
    uint32_t index = virtio_out_queue(device);

    (void)virtio_start(device);
    device->queues[index].avail.idx = (uint16_t)by;
    __asm__ volatile("dmb ish" ::: "memory");
    virtio_write(device, REG_QUEUE_NOTIFY, index);
}

static void avail_backwards(struct virtio_device *device, uint64_t by)
{
    uint32_t index = virtio_out_queue(device);

    (void)virtio_start(device);
    virtio_submit(device, index, 0);
    device->queues[index].avail.idx = (uint16_t)(device->queues[index].avail.idx - by);
    __asm__ volatile("dmb ish" ::: "memory");
    virtio_write(device, REG_QUEUE_NOTIFY, index);
}

static void head_out_of_range(struct virtio_device *device, uint64_t head)
{
    (void)virtio_start(device);
    virtio_submit(device, virtio_out_queue(device), (uint16_t)head);
    virtio_submit(device, 0, (uint16_t)head);
}

static void used_overwritten(struct virtio_device *device, uint64_t value)
{
    uint32_t index = virtio_out_queue(device);

    (void)virtio_start(device);
    for (uint32_t i = 0; i < 64; i++) {
        device->queues[index].used.idx = (uint16_t)value;
        virtio_submit(device, index, (uint16_t)(i % VIRTIO_QUEUE_SIZE));
    }
}

#define EVERY_PLACE(part, text)                                                                              \
    {text "-zero", misplace, AT(part, PLACE_ZERO)}, {text "-ram-end", misplace, AT(part, PLACE_RAM_END)},    \
        {text "-over-end", misplace, AT(part, PLACE_OVER_END)},                                              \
        {text "-below-ram", misplace, AT(part, PLACE_BELOW_RAM)},                                            \
        {text "-far", misplace, AT(part, PLACE_FAR)}, {text "-wrap", misplace, AT(part, PLACE_WRAP)},        \
        {text "-odd", misplace, AT(part, PLACE_ODD)}, {text "-in-gic", misplace, AT(part, PLACE_GIC)},       \
        {text "-in-itself", misplace, AT(part, PLACE_SELF)},                                                 \
    {                                                                                                        \
        text "-in-image", misplace, AT(part, PLACE_IMAGE)                                                    \
    }

const struct attack attack_queues[] = {
    EVERY_PLACE(PART_DESC, "desc"),
    EVERY_PLACE(PART_AVAIL, "avail"),
    EVERY_PLACE(PART_USED, "used"),
    EVERY_PLACE(PART_ALL, "queue"),
    {"size-0", size, 0},
    {"size-1", size, 1},
    {"size-3", size, 3},
    {"size-32769", size, 32769},
    {"size-65535", size, 65535},
    {"size-65536", size, 65536},
    {"size-huge", size, 0x80000000},
    {"size-all-ones", size, 0xffffffff},
    {"resize-live-0", resize_live, 0},
    {"resize-live-3", resize_live, 3},
    {"resize-live-larger", resize_live, 0x8000},
    {"move-live-zero", move_live, 0},
    {"move-live-far", move_live, 0xfffffff0},
    {"ready-2", ready_value, 2},
    {"ready-all-ones", ready_value, 0xffffffff},
    {"ready-0-then-kick", ready_value, 0},
    {"ready-toggle", ready_toggle, 200},
    {"select-2", select, 2},
    {"select-8", select, 8},
    {"select-65535", select, 0xffff},
    {"select-all-ones", select, 0xffffffff},
    {"notify-2", notify, 2},
    {"notify-65535", notify, 0xffff},
    {"notify-65536", notify, 0x10000},
    {"notify-all-ones", notify, 0xffffffff},
    {"notify-storm", notify_storm, 20000},
    {"overlap-parts", overlap, 0},
    {"overlap-queues", overlap, 1},
    {"avail-jump-size-plus-1", avail_jump, VIRTIO_QUEUE_SIZE + 1},
    {"avail-jump-32768", avail_jump, 0x8000},
    {"avail-jump-65535", avail_jump, 0xffff},
    {"avail-backwards-1", avail_backwards, 1},
    {"avail-backwards-2", avail_backwards, 2},
    {"head-size", head_out_of_range, VIRTIO_QUEUE_SIZE},
    {"head-65535", head_out_of_range, 0xffff},
    {"used-index-overwritten-0", used_overwritten, 0},
    {"used-index-overwritten-32768", used_overwritten, 0x8000},
    {NULL, NULL, 0},
};
