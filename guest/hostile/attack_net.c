/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on a network card inside well-formed buffers (virtio 1.2, 5.1). */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

/* struct virtio_net_hdr (virtio 1.2, 5.1.6). */
struct net_header {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};
_Static_assert(sizeof(struct net_header) == 12, "virtio 1.2, 5.1.6: 12 bytes");

/* Send `bytes` of `device->buffers` as one readable buffer, `times` times. */
static void send(struct virtio_device *device, uint32_t bytes, uint32_t times)
{
    uint32_t index = virtio_out_queue(device);

    for (uint32_t i = 0; i < times; i++) {
        device->queues[index].desc[0] =
            (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, bytes, 0, 0};
        virtio_submit(device, index, 0);
    }
}

/* parameter: the header's bytes 0..7, little-endian; csum fields from 6 on are set to all ones if they are.
 */
static void net_header(struct virtio_device *device, uint64_t parameter)
{
    check_that(virtio_start_with(device, 0xffffffffull & ~FEATURE_INDIRECT_DESC & ~FEATURE_EVENT_IDX, 2),
               "the device does not start");
    memset(device->buffers, 0, 2048);
    memcpy(device->buffers, &parameter, sizeof parameter);
    memset(device->buffers + 8, (int)(parameter >> 56 & 0xff), 4);
    memset(device->buffers + 12, 0xff, 6);
    device->buffers[24] = 0x08;
    send(device, 12 + 1000, 4);
    check_that(virtio_wait_used(device, 1, 4), "the frames are not taken");
    check_works(device);
}

/* The same without having asked for offloads: the driver must then set flags and gso_type to zero
 * (5.1.6.2.1). */
static void net_header_not_negotiated(struct virtio_device *device, uint64_t parameter)
{
    check_that(virtio_start(device), "the device does not start");
    memset(device->buffers, 0, 2048);
    memcpy(device->buffers, &parameter, sizeof parameter);
    memset(device->buffers + 12, 0xff, 6);
    send(device, 12 + 1000, 4);
    check_that(virtio_wait_used(device, 1, 4), "the frames are not taken");
    check_works(device);
}

/* Features that need another one that is not accepted (5.1.3.1). */
static void net_features(struct virtio_device *device, uint64_t features)
{
    check_that(virtio_reset(device), "the reset does not end");
    check_that(!virtio_negotiate(device, features), "they are accepted without what they need");
}

/* Frames that no network carries are dropped; what has not even a header is the driver's fault. */
static void net_length(struct virtio_device *device, uint64_t bytes)
{
    check_that(virtio_start(device), "the device does not start");
    memset(device->buffers, 0, VIRTIO_BUFFER_BYTES);
    memset(device->buffers + 12, 0xff, 6);
    send(device, (uint32_t)bytes, 4);
    if (bytes < sizeof(struct net_header)) {
        check_broken(device);
    } else {
        check_that(virtio_wait_used(device, 1, 4), "the frames are not taken");
        check_works(device);
    }
}

/* parameter: what fills both addresses. */
static void net_addresses(struct virtio_device *device, uint64_t fill)
{
    check_that(virtio_start(device), "the device does not start");
    memset(device->buffers, 0, 2048);
    memset(device->buffers + 12, (int)fill, 12);
    send(device, 12 + 60, 16);
    check_that(virtio_wait_used(device, 1, 16), "the frames are not taken");
    check_works(device);
}

/* A new source address with each frame: the MAC table must not overflow nor forget its neighbours for long.
 */
static void net_mac_flood(struct virtio_device *device, uint64_t count)
{
    bool good = virtio_start(device);

    memset(device->buffers, 0, 2048);
    memset(device->buffers + 12, 0xff, 6);
    for (uint64_t i = 0; good && i < count; i++) {
        memcpy(device->buffers + 19, &i, 4);
        device->buffers[18] = 0x02;
        send(device, 12 + 60, 1);
        good = virtio_wait_used(device, 1, (uint16_t)(i + 1));
    }
    check_that(good, "a frame was not taken");
}

static void net_flood(struct virtio_device *device, uint64_t count)
{
    check_that(virtio_start(device), "the device does not start");
    memset(device->buffers, 0, 2048);
    memset(device->buffers + 12, 0xff, 6);
    device->buffers[18] = 2;
    for (uint64_t i = 0; i < count; i++) {
        send(device, 12 + 1514, 1);
    }
    check_noticed(device, 1);
}

static void net_receive_into(struct virtio_device *device, uint64_t features, uint32_t bytes)
{
    check_that(virtio_start_with(device, features, 2), "the device does not start");
    for (uint16_t i = 0; i < device->queue_size; i++) {
        device->queues[0].desc[i] =
            (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, bytes, DESC_WRITE, 0};
        virtio_submit(device, 0, i);
    }
    virtio_provoke(device);
}

/* Buffers that no header fits into: the driver's fault. */
static void net_small_receive(struct virtio_device *device, uint64_t bytes)
{
    net_receive_into(device, 0, (uint32_t)bytes);
    check_broken(device);
}

/* A header and nothing else: no frame fits, each is dropped, and the buffers stay. */
static void net_tight_receive(struct virtio_device *device, uint64_t bytes)
{
    net_receive_into(device, 0, (uint32_t)bytes);
    check_works(device);
    check_that(device->queues[0].used.idx == 0, "a frame was cut");
}

/* Mergeable buffers of one byte each after the header: more buffers than the queue has. */
static void net_merge_tight(struct virtio_device *device, uint64_t bytes)
{
    net_receive_into(device, FEATURE_NET_MRG_RXBUF, (uint32_t)bytes);
    check_works(device);
    check_that(device->queues[0].used.idx <= device->queue_size, "more buffers used than there are");
}

/* A control queue command (5.1.6.5), if there is such a queue: class and command in the parameter. */
static void net_control(struct virtio_device *device, uint64_t parameter)
{
    struct virtio_queue *queue = &device->queues[2];
    bool there = virtio_queue_max(device, 2) != 0;

    check_that(virtio_start_with(device, 1ull << 17 | 1ull << 18 | 1ull << 19 | 1ull << 23, there ? 3 : 2),
               "the device does not start");
    memset(device->buffers, 0xff, 4096);
    device->buffers[0] = (uint8_t)parameter;
    device->buffers[1] = (uint8_t)(parameter >> 8);
    queue->desc[0] =
        (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, (uint32_t)(parameter >> 16), DESC_NEXT, 1};
    queue->desc[1] = (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers + 4096, 1, DESC_WRITE, 0};
    virtio_submit(device, 2, 0);
    if (there) {
        check_noticed(device, 2);
    } else {
        check_works(device);
    }
}

/* Frames of a chain that publishes itself. */
#define REFILL_FRAMES 1024u
/* A tenth of a second is ages for a queue that needs nobody. */
#define REFILL_PATIENCE 10u

/* A frame to the other card: what it writes behind 14 bytes of addresses publishes the next one, and the
   buffer that this goes into. */
struct refill_frame {
    struct net_header header;
    uint8_t addresses[14];
    uint16_t sender_index, receiver_index;
    uint8_t next[8]; /* address of the next frame */
} __attribute__((packed));

static struct refill_frame refill_frames[REFILL_FRAMES];

static void prepare_refill(struct virtio_device *sender, struct virtio_device *receiver)
{
    struct virtio_desc *out = sender->queues[1].desc, *in = receiver->queues[0].desc;
    uint8_t mac[6];

    for (uint32_t i = 0; i < sizeof mac; i++) {
        mac[i] = (uint8_t)access_read(virtio_config(receiver) + i, 1);
    }
    for (uint32_t i = 0; i < REFILL_FRAMES; i++) {
        const uint64_t next = (uint64_t)(uintptr_t)&refill_frames[(i + 1) % REFILL_FRAMES];
        struct refill_frame *frame = &refill_frames[i];

        memset(frame, 0, sizeof *frame);
        memcpy(frame->addresses, mac, sizeof mac);
        frame->addresses[6] = 0x02;
        frame->addresses[12] = 0x88;
        frame->addresses[13] = 0xb5;
        frame->sender_index = frame->receiver_index = (uint16_t)(i + 2);
        memcpy(frame->next, &next, sizeof next);
    }
    out[0] = (struct virtio_desc){(uint64_t)(uintptr_t)refill_frames, sizeof refill_frames[0], 0, 0};
    in[0] = (struct virtio_desc){(uint64_t)(uintptr_t)receiver->buffers, 12 + 14, DESC_NEXT | DESC_WRITE, 1};
    in[1] =
        (struct virtio_desc){(uint64_t)(uintptr_t)&sender->queues[1].avail.idx, 2, DESC_NEXT | DESC_WRITE, 2};
    in[2] = (struct virtio_desc){(uint64_t)(uintptr_t)&receiver->queues[0].avail.idx, 2,
                                 DESC_NEXT | DESC_WRITE, 3};
    in[3] = (struct virtio_desc){(uint64_t)(uintptr_t)&out[0].addr, 8, DESC_NEXT | DESC_WRITE, 4};
    in[4] = (struct virtio_desc){(uint64_t)(uintptr_t)receiver->buffers + 64, 2048, DESC_WRITE, 0};
}

/* Receive buffers of one card lie on the transmit queue of another, so that each frame publishes the next:
   one kick is worth one queue size all the same. parameter: features. */
static void net_refill(struct virtio_device *device, uint64_t features)
{
    struct virtio_device *other = virtio_other_card(device);
    volatile uint16_t *used = &device->queues[1].used.idx;

    if (other == NULL) {
        check_that(true, "");
        return;
    }
    check_that(virtio_start_with(device, features, 2) && virtio_start_with(other, features, 2),
               "the cards do not start");
    prepare_refill(device, other);
    virtio_submit(other, 0, 0);
    virtio_submit(device, 1, 0);
    check_noticed(device, 1);
    const uint64_t start = machine_ticks();
    while (machine_ticks() - start < machine_frequency() / REFILL_PATIENCE) {
    }
    check_that(*used >= 1 && *used <= device->queue_size, "one kick was worth more than a queue size");
    check_that(other->queues[0].used.idx >= 1, "the other card got nothing");
}

#define HEADER(flags, type, hdr_len, gso_size, csum)                                                         \
    ((uint64_t)(flags) | (uint64_t)(type) << 8 | (uint64_t)(hdr_len) << 16 | (uint64_t)(gso_size) << 32 |    \
     (uint64_t)(csum) << 48)

const struct attack attack_net[] = {
    {"net-features-host-tso-without-csum", net_features, 1ull << 11},
    {"net-features-host-ecn-without-tso", net_features, 1ull << 0 | 1ull << 13},
    {"net-features-guest-tso-without-csum", net_features, 1ull << 7},
    {"net-header-all-ones", net_header, ~0ull},
    {"net-header-not-negotiated", net_header_not_negotiated, HEADER(1, 1, 54, 500, 34)},
    {"net-header-ones-not-negotiated", net_header_not_negotiated, ~0ull},
    {"net-csum-start-past-end", net_header, HEADER(1, 0, 0, 0, 0xffff)},
    {"net-csum-start-at-end", net_header, HEADER(1, 0, 0, 0, 999)},
    {"net-csum-start-0", net_header, HEADER(1, 0, 0, 0, 0)},
    {"net-gso-size-0", net_header, HEADER(1, 1, 54, 0, 34)},
    {"net-gso-size-1", net_header, HEADER(1, 1, 54, 1, 34)},
    {"net-gso-size-65535", net_header, HEADER(1, 1, 54, 0xffff, 34)},
    {"net-gso-without-csum", net_header, HEADER(0, 1, 54, 500, 0)},
    {"net-gso-type-unknown", net_header, HEADER(1, 0x7f, 54, 500, 34)},
    {"net-gso-tcp6-on-ip4", net_header, HEADER(1, 4, 54, 500, 34)},
    {"net-gso-udp", net_header, HEADER(1, 3, 42, 500, 34)},
    {"net-hdr-len-past-end", net_header, HEADER(1, 1, 0xffff, 500, 34)},
    {"net-hdr-len-0", net_header, HEADER(1, 1, 0, 500, 34)},
    {"net-length-0", net_length, 0},
    {"net-length-1", net_length, 1},
    {"net-length-11", net_length, 11},
    {"net-length-12", net_length, 12},
    {"net-length-13", net_length, 13},
    {"net-length-25", net_length, 25},
    {"net-length-9000", net_length, 9000},
    {"net-length-65562", net_length, 65562},
    {"net-length-131072", net_length, VIRTIO_BUFFER_BYTES},
    {"net-addresses-zero", net_addresses, 0},
    {"net-addresses-broadcast", net_addresses, 0xff},
    {"net-addresses-multicast", net_addresses, 0x33},
    {"net-mac-flood", net_mac_flood, 3000},
    {"net-flood", net_flood, 3000},
    {"net-tso-flood", attack_storm_net, 4},
    {"net-receive-0", net_small_receive, 0},
    {"net-receive-1", net_small_receive, 1},
    {"net-receive-11", net_small_receive, 11},
    {"net-receive-12", net_tight_receive, 12},
    {"net-receive-71", net_tight_receive, 71},
    {"net-merge-12", net_merge_tight, 12},
    {"net-merge-13", net_merge_tight, 13},
    {"net-refill", net_refill, 0},
    {"net-refill-events", net_refill, FEATURE_EVENT_IDX},
    {"net-control-unknown-class", net_control, 0xff | 2ull << 16},
    {"net-control-short", net_control, 1ull << 16},
    {"net-control-mac-table-huge", net_control, 1 | 64ull << 16},
    {"net-control-vlan", net_control, 2 | 4ull << 16},
    {"net-control-announce", net_control, 3 | 2ull << 16},
    {NULL, NULL, 0},
};
