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

/* Driver's requirements on alignment and place (2.7, 4.2.3.2). What lies outside RAM, or wrongly, is refused.
 */
static void misplace(struct virtio_device *device, uint64_t parameter)
{
    enum part part = (enum part)(parameter & 0xff);
    enum place place = (enum place)(parameter >> 8);
    uint64_t bad = place_address(device, place);
    uint32_t index = virtio_out_queue(device);
    struct virtio_queue *queue = &device->queues[index];

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    memset(queue, 0, sizeof *queue);
    virtio_queue_place(device, index, device->queue_size,
                       part == PART_DESC || part == PART_ALL ? bad : (uint64_t)(uintptr_t)queue->desc,
                       part == PART_AVAIL || part == PART_ALL ? bad : (uint64_t)(uintptr_t)&queue->avail,
                       part == PART_USED || part == PART_ALL ? bad : (uint64_t)(uintptr_t)&queue->used);
    virtio_driver_ok(device);
    virtio_submit(device, index, 0);
    if (place == PLACE_IMAGE) {
        check_that(virtio_read(device, REG_QUEUE_READY) == 1, "the guest's own memory is refused");
    } else {
        check_that(virtio_read(device, REG_QUEUE_READY) == 0, "a misplaced queue is taken");
        check_broken(device);
    }
}

/* Sizes that the driver must not write (4.2.2.2): no power of two, or above QueueNumMax. */
static void size(struct virtio_device *device, uint64_t entries)
{
    struct virtio_queue *queue = &device->queues[0];

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    virtio_queue_place(device, 0, (uint32_t)entries, (uint64_t)(uintptr_t)queue->desc,
                       (uint64_t)(uintptr_t)&queue->avail, (uint64_t)(uintptr_t)&queue->used);
    check_that(virtio_read(device, REG_QUEUE_READY) == 0, "a queue of a bad size is taken");
    virtio_driver_ok(device);
    virtio_submit(device, 0, 0);
    check_broken(device);
}

static void size_above_max(struct virtio_device *device, uint64_t factor)
{
    (void)virtio_reset(device); /* behind virtio-pci, the largest size is what the register says then */
    size(device, factor * virtio_queue_max(device, 0));
}

/* The smallest queue there is: legal, and a good place to be off by one. */
static void size_1(struct virtio_device *device, uint64_t parameter)
{
    uint32_t index = virtio_out_queue(device);
    struct virtio_queue *queue = &device->queues[index];

    (void)parameter;
    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    memset(queue, 0, sizeof *queue);
    virtio_queue_place(device, index, 1, (uint64_t)(uintptr_t)queue->desc, (uint64_t)(uintptr_t)&queue->avail,
                       (uint64_t)(uintptr_t)&queue->used);
    virtio_driver_ok(device);
    queue->desc[0].flags = DESC_NEXT;
    queue->desc[0].next = 1;
    virtio_submit(device, index, 0);
    check_broken(device);
}

static void resize_live(struct virtio_device *device, uint64_t entries)
{
    check_that(virtio_start(device), "the device does not start");
    virtio_write(device, REG_QUEUE_SEL, virtio_out_queue(device));
    virtio_write(device, REG_QUEUE_NUM, (uint32_t)entries);
    check_works(device);
}

static void move_live(struct virtio_device *device, uint64_t address)
{
    check_that(virtio_start(device), "the device does not start");
    virtio_write(device, REG_QUEUE_SEL, virtio_out_queue(device));
    for (uint32_t reg = REG_QUEUE_DESC_LOW; reg <= REG_QUEUE_DEVICE_LOW + 4; reg += 4) {
        virtio_write(device, reg, (uint32_t)address);
    }
    check_works(device);
    virtio_write(device, REG_QUEUE_SEL, virtio_out_queue(device));
    virtio_write(device, REG_QUEUE_READY, 1);
    check_works(device);
}

/* parameter: what is written | what QueueReady has to be then << 32. */
static void ready_value(struct virtio_device *device, uint64_t parameter)
{
    check_that(virtio_start(device), "the device does not start");
    virtio_write(device, REG_QUEUE_SEL, virtio_out_queue(device));
    virtio_write(device, REG_QUEUE_READY, (uint32_t)parameter);
    /* Behind virtio-pci a queue goes away with the device only. */
    check_that(virtio_read(device, REG_QUEUE_READY) == (device->pci.space != 0 ? 1 : parameter >> 32),
               "QueueReady is not what it has to be");
    check_that(virtio_read(device, REG_QUEUE_NUM_MAX) != 0, "the queue is gone");
    virtio_submit(device, virtio_out_queue(device), 0);
    check_running_or_broken(device);
}

static void ready_toggle(struct virtio_device *device, uint64_t count)
{
    check_that(virtio_start(device), "the device does not start");
    for (uint64_t i = 0; i < count; i++) {
        virtio_write(device, REG_QUEUE_SEL, virtio_out_queue(device));
        virtio_write(device, REG_QUEUE_READY, (uint32_t)(i & 1));
        virtio_submit(device, virtio_out_queue(device), 0);
    }
    check_running_or_broken(device);
}

/* A queue that is not there has no size, cannot be made ready, and what is written to it touches no other. */
static void select_at(struct virtio_device *device, uint32_t index)
{
    check_that(virtio_start(device), "the device does not start");
    check_that(virtio_queue_max(device, index) == 0, "there is such a queue");
    for (uint32_t offset = REG_QUEUE_NUM; offset < REG_SHM_LEN_LOW; offset += 4) {
        if (offset != REG_STATUS) {
            virtio_write(device, offset, 0xffffffff);
        }
    }
    check_that(virtio_read(device, REG_QUEUE_READY) == 0, "it is ready");
    check_works(device);
}

static void select(struct virtio_device *device, uint64_t index)
{
    select_at(device, (uint32_t)index);
}

static void select_past_last(struct virtio_device *device, uint64_t by)
{
    select_at(device, virtio_queue_total(device) + (uint32_t)by);
}

static void notify(struct virtio_device *device, uint64_t index)
{
    check_that(virtio_start(device), "the device does not start");
    virtio_write(device, REG_QUEUE_NOTIFY, (uint32_t)index);
    check_works(device);
}

static void notify_past_last(struct virtio_device *device, uint64_t by)
{
    notify(device, virtio_queue_total(device) + by);
}

static void notify_storm(struct virtio_device *device, uint64_t count)
{
    check_that(virtio_start(device), "the device does not start");
    for (uint64_t i = 0; i < count; i++) {
        virtio_write(device, REG_QUEUE_NOTIFY, (uint32_t)(i & 1));
    }
    check_works(device);
}

/* The parts of one queue, or of two, lie on top of each other: legal to write, nonsense to run. */
static void overlap(struct virtio_device *device, uint64_t two_queues)
{
    uint64_t at = (uint64_t)(uintptr_t)device->buffers;

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    memset(device->buffers, 0x11, 4096);
    virtio_queue_place(device, 0, device->queue_size, at, at, at);
    virtio_queue_place(device, 1, device->queue_size, two_queues != 0 ? at : at + 4096, at, at);
    virtio_driver_ok(device);
    virtio_write(device, REG_QUEUE_NOTIFY, 0);
    virtio_write(device, REG_QUEUE_NOTIFY, 1);
    virtio_provoke(device);
    check_broken(device);
}

/*
 * Each entry of the used ring falls on the avail index, so that the device makes work for itself with each
 * answer. parameter: by how many bytes the used ring lies before the avail index.
 */
static void overlap_feeds_itself(struct virtio_device *device, uint64_t before)
{
    uint32_t index = virtio_out_queue(device);
    struct virtio_queue *queue = &device->queues[index];
    uint64_t avail = (uint64_t)(uintptr_t)device->buffers + 0x4002; /* its index at a multiple of 4 */

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0);
    memset(device->buffers, 0, 0x8000);
    memset(queue, 0, sizeof *queue);
    for (uint16_t i = 0; i < device->queue_size; i++) {
        queue->desc[i] = (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, 72,
                                              device->id == DEVICE_ENTROPY ? DESC_WRITE : 0, 0};
        ((volatile uint16_t *)(uintptr_t)avail)[2 + i] = i;
    }
    virtio_queue_place(device, index, device->queue_size, (uint64_t)(uintptr_t)queue->desc, avail,
                       avail + 2 - before);
    virtio_driver_ok(device);
    for (uint16_t i = 0; i < 64; i++) {
        ((volatile uint16_t *)(uintptr_t)avail)[1] = (uint16_t)(i + 1);
        virtio_write(device, REG_QUEUE_NOTIFY, index);
    }
    check_running_or_broken(device);
}

/* Jumps of the available index: more buffers than the queue has (2.7.13). */
static void avail_jump(struct virtio_device *device, uint64_t by)
{
    uint32_t index = virtio_out_queue(device);

    check_that(virtio_start(device), "the device does not start");
    device->queues[index].avail.idx = (uint16_t)by;
    __asm__ volatile("dmb ish" ::: "memory");
    virtio_write(device, REG_QUEUE_NOTIFY, index);
    check_broken(device);
}

/* The driver must not decrement the available index (2.7.13.3.1). */
static void avail_backwards(struct virtio_device *device, uint64_t by)
{
    uint32_t index = virtio_out_queue(device);

    check_that(virtio_start(device) && virtio_request(device), "the device does not start");
    device->queues[index].avail.idx = (uint16_t)(device->queues[index].avail.idx - by);
    __asm__ volatile("dmb ish" ::: "memory");
    virtio_write(device, REG_QUEUE_NOTIFY, index);
    check_broken(device);
}

static void head_out_of_range(struct virtio_device *device, uint64_t head)
{
    check_that(virtio_start(device), "the device does not start");
    virtio_submit(device, virtio_out_queue(device), (uint16_t)head);
    check_broken(device);
}

/* The same on the receive queue, which is looked at when there is something to receive. */
static void head_out_of_range_receive(struct virtio_device *device, uint64_t head)
{
    check_that(virtio_start(device), "the device does not start");
    virtio_submit(device, 0, (uint16_t)head);
    virtio_provoke(device);
    check_broken(device);
}

/* The driver must not write the used ring (2.7.8.1); the device must not read it back. */
static void used_overwritten(struct virtio_device *device, uint64_t value)
{
    uint32_t index = virtio_out_queue(device);

    check_that(virtio_start(device), "the device does not start");
    for (uint32_t i = 0; i < 40; i++) {
        memset(device->queues[index].used.ring, 0xff, sizeof device->queues[index].used.ring);
        device->queues[index].used.idx = (uint16_t)value;
        check_that(virtio_request(device), "the device has lost its place in the used ring");
    }
    check_running(device);
}

/* Nonsense in the words that ask for interrupts (2.7.7.1): fewer or more of them, and nothing else. */
static void event_index(struct virtio_device *device, uint64_t value)
{
    struct virtio_queue *queue = &device->queues[virtio_out_queue(device)];

    check_that(virtio_start_with(device, FEATURE_EVENT_IDX, virtio_out_queue(device) + 1),
               "the device does not start");
    for (int i = 0; i < 40; i++) {
        queue->avail.flags = (uint16_t)value;
        /* Behind the ring, whose size may be smaller than there is room for. */
        queue->avail.ring[device->queue_size % VIRTIO_QUEUE_SIZE] =
            device->queue_size < VIRTIO_QUEUE_SIZE ? (uint16_t)value : queue->avail.ring[0];
        queue->avail.used_event = (uint16_t)value;
        check_that(virtio_request(device), "a request is not answered");
    }
    check_running(device);
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
    {"size-above-max", size_above_max, 2},
    {"size-above-max-no-power", size_above_max, 3},
    {"size-1", size_1, 0},
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
    {"ready-all-ones", ready_value, 0x1ffffffffull},
    {"ready-0-then-kick", ready_value, 0},
    {"ready-toggle", ready_toggle, 200},
    {"select-past-last", select_past_last, 0},
    {"select-past-last-7", select_past_last, 7},
    {"select-65535", select, 0xffff},
    {"select-all-ones", select, 0xffffffff},
    {"notify-past-last", notify_past_last, 0},
    {"notify-65535", notify, 0xffff},
    {"notify-65536", notify, 0x10000},
    {"notify-all-ones", notify, 0xffffffff},
    {"notify-storm", notify_storm, 20000},
    {"overlap-parts", overlap, 0},
    {"overlap-queues", overlap, 1},
    {"overlap-feeds-itself-4", overlap_feeds_itself, 4},
    {"overlap-feeds-itself-8", overlap_feeds_itself, 8},
    {"overlap-feeds-itself-68", overlap_feeds_itself, 68},
    {"avail-jump-size-plus-1", avail_jump, VIRTIO_QUEUE_SIZE + 1},
    {"avail-jump-32768", avail_jump, 0x8000},
    {"avail-jump-65535", avail_jump, 0xffff},
    {"avail-backwards-1", avail_backwards, 1},
    {"avail-backwards-2", avail_backwards, 2},
    {"head-size", head_out_of_range, VIRTIO_QUEUE_SIZE},
    {"head-65535", head_out_of_range, 0xffff},
    {"event-index-0", event_index, 0},
    {"event-index-32768", event_index, 0x8000},
    {"event-index-65535", event_index, 0xffff},
    {"used-index-overwritten-0", used_overwritten, 0},
    {"head-size-receive", head_out_of_range_receive, VIRTIO_QUEUE_SIZE},
    {"head-65535-receive", head_out_of_range_receive, 0xffff},
    {"used-index-overwritten-49152", used_overwritten, 0xc000},
    {NULL, NULL, 0},
};
