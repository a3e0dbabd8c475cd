/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks inside well-formed buffers: what the device reads out of them. */
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
    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 0xffffffffull & ~(1ull << 28) & ~(1ull << 29));
    (void)virtio_queue_enable(device, 0);
    (void)virtio_queue_enable(device, 1);
    virtio_driver_ok(device);
    memset(device->buffers, 0, 2048);
    memcpy(device->buffers, &parameter, sizeof parameter);
    memset(device->buffers + 8, (int)(parameter >> 56 & 0xff), 4);
    memset(device->buffers + 12, 0xff, 6);
    device->buffers[24] = 0x08;
    send(device, 12 + 1000, 4);
}

static void net_length(struct virtio_device *device, uint64_t bytes)
{
    (void)virtio_start(device);
    memset(device->buffers, 0, VIRTIO_BUFFER_BYTES);
    memset(device->buffers + 12, 0xff, 6);
    send(device, (uint32_t)bytes, 4);
}

/* parameter: what fills both addresses. */
static void net_addresses(struct virtio_device *device, uint64_t fill)
{
    (void)virtio_start(device);
    memset(device->buffers, 0, 2048);
    memset(device->buffers + 12, (int)fill, 12);
    send(device, 12 + 60, 16);
}

/* A new source address with each frame: the MAC table must not overflow nor forget its neighbours for long.
 */
static void net_mac_flood(struct virtio_device *device, uint64_t count)
{
    uint32_t index = virtio_out_queue(device);

    (void)virtio_start(device);
    memset(device->buffers, 0, 2048);
    memset(device->buffers + 12, 0xff, 6);
    for (uint64_t i = 0; i < count; i++) {
        uint16_t before = *(volatile uint16_t *)&device->queues[index].used.idx;

        memcpy(device->buffers + 19, &i, 4);
        device->buffers[18] = 0x02;
        send(device, 12 + 60, 1);
        (void)virtio_wait_used(device, index, (uint16_t)(before + 1));
    }
}

static void net_flood(struct virtio_device *device, uint64_t count)
{
    (void)virtio_start(device);
    memset(device->buffers, 0, 2048);
    memset(device->buffers + 12, 0xff, 6);
    device->buffers[18] = 2;
    for (uint64_t i = 0; i < count; i++) {
        send(device, 12 + 1514, 1);
    }
}

/* Receive buffers too small for anything. */
static void net_small_receive(struct virtio_device *device, uint64_t bytes)
{
    (void)virtio_start(device);
    for (uint16_t i = 0; i < VIRTIO_QUEUE_SIZE; i++) {
        device->queues[0].desc[i] =
            (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, (uint32_t)bytes, DESC_WRITE, 0};
        virtio_submit(device, 0, i);
    }
    net_addresses(device, 0xff);
}

/* A control queue command, if there is one: class and command in the parameter. */
static void net_control(struct virtio_device *device, uint64_t parameter)
{
    struct virtio_queue *queue = &device->queues[2];

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 1ull << 17 | 1ull << 18 | 1ull << 19 | 1ull << 23);
    (void)virtio_queue_enable(device, 0);
    (void)virtio_queue_enable(device, 1);
    (void)virtio_queue_enable(device, 2);
    virtio_driver_ok(device);
    memset(device->buffers, 0xff, 4096);
    device->buffers[0] = (uint8_t)parameter;
    device->buffers[1] = (uint8_t)(parameter >> 8);
    queue->desc[0] =
        (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, (uint32_t)(parameter >> 16), DESC_NEXT, 1};
    queue->desc[1] = (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers + 4096, 1, DESC_WRITE, 0};
    virtio_submit(device, 2, 0);
}

/* struct virtio_blk_req (5.2.6): type and sector. */
static void block_request(struct virtio_device *device, uint32_t type, uint64_t sector, uint32_t data_bytes,
                          uint16_t data_flags, uint32_t status_bytes)
{
    struct virtio_desc *desc = device->queues[0].desc;
    uint64_t at = (uint64_t)(uintptr_t)device->buffers;

    (void)virtio_start(device);
    memset(device->buffers, 0, 4096);
    memcpy(device->buffers, &type, sizeof type);
    memcpy(device->buffers + 8, &sector, sizeof sector);
    desc[0] = (struct virtio_desc){at, 16, DESC_NEXT, 1};
    desc[1] = (struct virtio_desc){at + 4096, data_bytes, (uint16_t)(DESC_NEXT | data_flags), 2};
    desc[2] = (struct virtio_desc){at + 64, status_bytes, DESC_WRITE, 0};
    virtio_submit(device, 0, 0);
    (void)virtio_wait_used(device, 0, 1);
}

static void block_type(struct virtio_device *device, uint64_t type)
{
    block_request(device, (uint32_t)type, 0, 512, DESC_WRITE, 1);
    block_request(device, (uint32_t)type, 0, 512, 0, 1);
}

static void block_sector(struct virtio_device *device, uint64_t sector)
{
    block_request(device, 0, sector, 4096, DESC_WRITE, 1);
    block_request(device, 1, sector, 4096, 0, 1);
    block_request(device, 11, sector, 16, 0, 1);
    block_request(device, 13, sector, 16, 0, 1);
}

static void block_length(struct virtio_device *device, uint64_t bytes)
{
    block_request(device, 0, 0, (uint32_t)bytes, DESC_WRITE, 1);
    block_request(device, 8, 0, (uint32_t)bytes, DESC_WRITE, 1);
}

static void block_direction(struct virtio_device *device, uint64_t type)
{
    block_request(device, (uint32_t)type, 0, 512, type == 0 ? 0 : DESC_WRITE, 1);
}

static void block_status(struct virtio_device *device, uint64_t bytes)
{
    block_request(device, 0, 0, 512, DESC_WRITE, (uint32_t)bytes);
}

static void block_short_header(struct virtio_device *device, uint64_t bytes)
{
    (void)virtio_start(device);
    device->queues[0].desc[0] =
        (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, (uint32_t)bytes, 0, 0};
    virtio_submit(device, 0, 0);
}

/* struct virtio_console_control (5.3.6.2) on the control queues: id, event, value. */
static void console_control(struct virtio_device *device, uint64_t message)
{
    struct virtio_queue *queue = &device->queues[3];

    (void)virtio_reset(device);
    (void)virtio_negotiate(device, 1ull << 1);
    for (uint32_t i = 0; i < VIRTIO_QUEUE_COUNT; i++) {
        (void)virtio_queue_enable(device, i);
    }
    virtio_driver_ok(device);
    memcpy(device->buffers, &message, sizeof message);
    queue->desc[0] = (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, 8, 0, 0};
    virtio_submit(device, 3, 0);
    queue->desc[0].len = 3;
    virtio_submit(device, 3, 0);
}

static void console_flood(struct virtio_device *device, uint64_t count)
{
    (void)virtio_start(device);
    memset(device->buffers, 'x', 256);
    for (uint64_t i = 0; i < count; i++) {
        send(device, 256, 1);
    }
}

#define HEADER(flags, type, hdr_len, gso_size, csum)                                                         \
    ((uint64_t)(flags) | (uint64_t)(type) << 8 | (uint64_t)(hdr_len) << 16 | (uint64_t)(gso_size) << 32 |    \
     (uint64_t)(csum) << 48)

const struct attack attack_payload_net[] = {
    {"net-header-all-ones", net_header, ~0ull},
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
    {"net-receive-0", net_small_receive, 0},
    {"net-receive-1", net_small_receive, 1},
    {"net-receive-12", net_small_receive, 12},
    {"net-control-unknown-class", net_control, 0xff | 2ull << 16},
    {"net-control-short", net_control, 1ull << 16},
    {"net-control-mac-table-huge", net_control, 1 | 64ull << 16},
    {"net-control-vlan", net_control, 2 | 4ull << 16},
    {"net-control-announce", net_control, 3 | 2ull << 16},
    {NULL, NULL, 0},
};

const struct attack attack_payload_block[] = {
    {"block-type-unknown", block_type, 7},
    {"block-type-all-ones", block_type, 0xffffffff},
    {"block-type-get-lifetime", block_type, 10},
    {"block-sector-past-end", block_sector, 1ull << 40},
    {"block-sector-wraps-bytes", block_sector, 1ull << 55},
    {"block-sector-all-ones", block_sector, ~0ull},
    {"block-length-0", block_length, 0},
    {"block-length-1", block_length, 1},
    {"block-length-513", block_length, 513},
    {"block-length-4g", block_length, 0xfffffe00},
    {"block-direction-read", block_direction, 0},
    {"block-direction-write", block_direction, 1},
    {"block-status-0", block_status, 0},
    {"block-status-2g", block_status, 0x80000000},
    {"block-header-0", block_short_header, 0},
    {"block-header-15", block_short_header, 15},
    {"block-header-only", block_short_header, 16},
    {NULL, NULL, 0},
};

const struct attack attack_payload_console[] = {
    {"console-control-unknown-event", console_control, 0xffff00000000ull},
    {"console-control-port-huge", console_control, 0x00010003ffffffffull},
    {"console-control-open-unknown", console_control, 0x0001000600000063ull},
    {"console-control-all-ones", console_control, ~0ull},
    {"console-flood", console_flood, 2000},
    {NULL, NULL, 0},
};
