/* SPDX-License-Identifier: BSD-2-Clause */
/* Storms: as much work as a queue can ask for with one kick, and interrupts without an end. */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

#define STORM_SIZE 256u
#define STORM_WAIT_SECONDS 5u

/* The largest queue that devices here have; those of the other cases are small. */
struct storm_queue {
    struct virtio_desc desc[STORM_SIZE] __attribute__((aligned(16)));
    struct {
        uint16_t flags, idx, ring[STORM_SIZE], used_event;
    } avail __attribute__((aligned(4)));
    struct {
        uint16_t flags, idx;
        struct {
            uint32_t id, len;
        } ring[STORM_SIZE];
        uint16_t avail_event;
    } used __attribute__((aligned(4)));
};

static struct storm_queue storm_queues[3];

/* Start the device with `queue` as its queue `index`, and nothing in it yet. Returns its size, or 0. */
static uint16_t start(struct virtio_device *device, uint64_t features, uint32_t index,
                      struct storm_queue *queue)
{
    const uint32_t max = virtio_queue_max(device, index);
    const uint32_t size = max < STORM_SIZE ? max : STORM_SIZE;

    memset(queue, 0, sizeof *queue);
    if (size == 0 || !virtio_reset(device) || !virtio_negotiate(device, features)) {
        return 0;
    }
    virtio_queue_place(device, index, size, (uint64_t)(uintptr_t)queue->desc,
                       (uint64_t)(uintptr_t)&queue->avail, (uint64_t)(uintptr_t)&queue->used);
    return (uint16_t)size;
}

/* Have the device look at `count` more heads of the ring. */
static void kick(struct virtio_device *device, uint32_t index, struct storm_queue *queue, uint16_t count)
{
    __asm__ volatile("dmb ish" ::: "memory");
    *(volatile uint16_t *)&queue->avail.idx = (uint16_t)(queue->avail.idx + count);
    __asm__ volatile("dmb ish" ::: "memory");
    virtio_write(device, REG_QUEUE_NOTIFY, index);
}

static bool wait_used(const struct storm_queue *queue)
{
    const uint64_t begin = machine_ticks();

    while (*(const volatile uint16_t *)&queue->used.idx != queue->avail.idx) {
        if (machine_ticks() - begin > STORM_WAIT_SECONDS * machine_frequency()) {
            return false;
        }
    }
    return true;
}

/* Network: frames of 64 KiB of TCP, which nobody has to cut, from one card to the other. */

#define NET_FEATURES                                                                                         \
    (1ull << 0 | 1ull << 1 | 1ull << 7 | 1ull << 11) /* checksums and TSO for IPv4, both ways */
#define NET_HEADER_BYTES 12u
#define NET_FRAME_BYTES 65549u
#define NET_IP_BYTES (NET_FRAME_BYTES - 14u)

static void put16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static void put_mac(uint8_t *to, const struct virtio_device *device)
{
    for (uint32_t i = 0; i < 6; i++) {
        to[i] = (uint8_t)access_read(virtio_config(device) + i, 1);
    }
}

/* struct virtio_net_hdr, Ethernet, IPv4 and TCP: well-formed, apart from checksums. */
static void build_frame(struct virtio_device *from, const struct virtio_device *to)
{
    uint8_t *header = from->buffers, *frame = header + NET_HEADER_BYTES;
    const uint16_t sizes[] = {54, 1460, 34, 16}; /* hdr_len, gso_size, csum_start, csum_offset */

    memset(header, 0, NET_HEADER_BYTES + NET_FRAME_BYTES);
    header[0] = 1; /* NEEDS_CSUM */
    header[1] = 1; /* GSO_TCPV4 */
    memcpy(header + 2, sizes, sizeof sizes);
    put_mac(frame, to);
    put_mac(frame + 6, from);
    put16(frame + 12, 0x0800);
    frame[14] = 0x45;
    put16(frame + 16, NET_IP_BYTES);
    frame[22] = 64;
    frame[23] = 6;
    frame[46] = 0x50;
}

void attack_storm_net(struct virtio_device *device, uint64_t rounds)
{
    struct virtio_device *other = virtio_other_card(device);
    struct storm_queue *out = &storm_queues[0], *in = &storm_queues[1];
    uint16_t size, room;

    if (other == NULL) {
        check_that(virtio_count > 0, "there are no devices");
        return;
    }
    room = start(other, NET_FEATURES, 0, in);
    check_that(virtio_queue_enable(other, 1), "the other card has no second queue");
    virtio_driver_ok(other);
    size = start(device, NET_FEATURES, 1, out);
    check_that(virtio_queue_enable(device, 0), "the card has no first queue");
    virtio_driver_ok(device);
    check_that(room != 0 && size != 0, "the devices do not start");
    build_frame(device, other);
    for (uint16_t i = 0; i < size; i++) {
        out->desc[i] = (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers,
                                            NET_HEADER_BYTES + NET_FRAME_BYTES, 0, 0};
        out->avail.ring[i] = i;
    }
    for (uint16_t i = 0; i < room; i++) {
        in->desc[i] = (struct virtio_desc){(uint64_t)(uintptr_t)other->buffers,
                                           NET_HEADER_BYTES + NET_FRAME_BYTES, DESC_WRITE, 0};
        in->avail.ring[i] = i;
    }
    kick(other, 0, in, room);
    for (uint64_t i = 0; i < rounds; i++) {
        const uint16_t before = *(volatile uint16_t *)&in->used.idx;

        kick(device, 1, out, size);
        check_that(wait_used(out), "the frames are not taken");
        kick(other, 0, in, (uint16_t)(*(volatile uint16_t *)&in->used.idx - before));
    }
    check_that(*(volatile uint16_t *)&in->used.idx != 0, "no frame arrives");
}

/* Disk: reads of 512 KiB, as many as there is room for. */

#define BLOCK_READ_PIECES 4u
#define BLOCK_CHAIN (BLOCK_READ_PIECES + 2u)
#define BLOCK_STATUS_AT 64u

void attack_storm_block(struct virtio_device *device, uint64_t rounds)
{
    struct storm_queue *queue = &storm_queues[2];
    const uint64_t at = (uint64_t)(uintptr_t)device->buffers;
    const uint16_t size = start(device, 0, 0, queue);
    uint16_t count = 0;

    virtio_driver_ok(device);
    check_that(size != 0, "the device does not start");
    memset(device->buffers, 0, BLOCK_STATUS_AT);
    for (uint16_t head = 0; head + BLOCK_CHAIN <= size; head = (uint16_t)(head + BLOCK_CHAIN)) {
        struct virtio_desc *desc = &queue->desc[head];

        desc[0] = (struct virtio_desc){at, 16, DESC_NEXT, (uint16_t)(head + 1)};
        for (uint16_t i = 1; i <= BLOCK_READ_PIECES; i++) {
            desc[i] = (struct virtio_desc){at, VIRTIO_BUFFER_BYTES, DESC_NEXT | DESC_WRITE,
                                           (uint16_t)(head + i + 1)};
        }
        desc[BLOCK_CHAIN - 1] = (struct virtio_desc){at + BLOCK_STATUS_AT, 1, DESC_WRITE, 0};
        queue->avail.ring[count++] = head;
    }
    for (uint64_t i = 0; i < rounds; i++) {
        for (uint16_t j = 0; j < STORM_SIZE; j++) {
            queue->avail.ring[(queue->avail.idx + j) % size] = (uint16_t)(j % count * BLOCK_CHAIN);
        }
        memset(device->buffers, 0, BLOCK_STATUS_AT);
        kick(device, 0, queue, count);
        check_that(wait_used(queue), "the reads are not answered");
    }
}

/* The machine. */

#define VTIMER_INTID 27u
#define COMPUTE_DIVISOR 1000u

/* Nothing but instructions, for some time: what storms are compared with. */
static void compute(struct virtio_device *device, uint64_t milliseconds)
{
    const uint64_t begin = machine_ticks();
    uint64_t steps = 0;

    (void)device;
    while (machine_ticks() - begin < milliseconds * machine_frequency() / COMPUTE_DIVISOR) {
        steps++;
    }
    check_that(steps != 0, "no time passes");
}

/* A timer that rings as soon as it is set, and a sleep before it does: each costs the host an interrupt. */
static void timer_storm(struct virtio_device *device, uint64_t count)
{
    const uint64_t before = gic_interrupts;

    (void)device;
    gic_quiet();
    gic_enable(VTIMER_INTID);
    gic_mask_cpu();
    for (uint64_t i = 0; i < count; i++) {
        __asm__ volatile("msr cntv_tval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb\n\twfi" ::"r"(i % 64),
                         "r"((uint64_t)1)
                         : "memory");
        __asm__ volatile("msr daifclr, #2\n\tisb\n\tmsr daifset, #2" ::: "memory");
        __asm__ volatile("msr cntv_ctl_el0, xzr\n\tisb" ::: "memory");
    }
    gic_quiet();
    check_that(gic_interrupts > before + count / 2, "the timer does not ring");
}

const struct attack attack_storms[] = {
    {"compute", compute, 20},
    {"timer-storm", timer_storm, 2000},
    {NULL, NULL, 0},
};
