/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch as a filter, for tests/bridge/compare.py: frames that ports send come in at standard input, what arrives at
 * ports goes out. The peers of the ports are played here: guests' drivers (vhost) or the other ends of links (ring).
 *
 * usage: switch_pipe vhost|ring whole|plain MTU RESERVED
 *   whole: the peers take checksums and segments unfinished; plain: they take nothing unfinished
 *   RESERVED: stp, drop or forward
 *
 * A record is a struct record, a virtio-net header and `length` bytes. After what a record makes arrive comes one with the
 * port END.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/vhost_protocol.h"
#include "lib/net/offload.h"
#include "lib/net/virtio_net_hdr.h"
#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vhost_control.h"
#include "pd/vswitch/vhost_port.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/driver.h"
#include "tests/mock/vswitch_run.h"

#define PORTS 3u
#define END UINT32_MAX
#define HZ 1000000u
#define RAM_BASE 0x40000000u
#define RAM_BYTES 0x400000u
#define QUEUE_SIZE 256u
#define BUFFER_BYTES 2048u
#define LONGEST 0x11000u
#define REGION_BYTES (0x100000u + 0x1000u)

struct record {
    uint32_t port, length;
};

struct peer {
    struct driver_ram ram;
    struct driver_queue queues[VIRTIO_NET_QUEUES];
    struct vhost_port vhost;
    uint64_t transmit;            /* a buffer for one frame */
    uint64_t receive[QUEUE_SIZE]; /* buffers by head */
    struct ring_port port;
    struct ring ring;
    _Alignas(64) uint8_t regions[2][REGION_BYTES];
};

static struct vswitch_config config;
static struct vswitch vswitch;
static struct mac_table_entry entries[256];
static struct soft_offload offload;
static struct vhost_scratch scratch;
static struct peer peers[PORTS];
static uint8_t frame[LONGEST];
static uint64_t features;

static void fail(const char *why)
{
    fprintf(stderr, "switch_pipe: %s\n", why);
    exit(1);
}

static void require(enum err err, const char *what)
{
    if (err != ERR_OK) {
        fail(what);
    }
}

static void ignore(void *context, uint32_t port)
{
    (void)context;
    (void)port;
}

static void call(struct peer *peer, uint64_t label, uint64_t count, const uint64_t *words)
{
    struct vhost_control control = {.label = label, .count = count};

    for (uint64_t i = 0; i < count; i++) {
        control.words[i] = words[i];
    }
    if (vhost_control_call(&peer->vhost, &control) != VHOST_OK) {
        fail("the port refuses a call");
    }
}

static void offer(struct peer *peer, uint64_t address)
{
    const struct driver_buffer buffer = {address, BUFFER_BYTES, true};
    const int head = driver_add(&peer->queues[VIRTIO_NET_RX], &buffer, 1);

    if (head < 0) {
        fail("no descriptor is free");
    }
    peer->receive[head] = address;
}

static void start_vhost(uint32_t index)
{
    struct peer *peer = &peers[index];

    driver_ram_init(&peer->ram, RAM_BASE, RAM_BYTES);
    require(vhost_port_init(&peer->vhost, RAM_BASE, peer->ram.mem.host, RAM_BYTES, &scratch),
            "vhost_port_init");
    call(peer, VHOST_SET_FEATURES, 1, &features);
    for (uint32_t i = 0; i < VIRTIO_NET_QUEUES; i++) {
        driver_queue_init(&peer->queues[i], &peer->ram, QUEUE_SIZE, true);
        const struct virtq_layout layout = driver_queue_layout(&peer->queues[i]);
        const uint64_t words[] = {i, layout.size, layout.desc.value, layout.avail.value, layout.used.value};
        call(peer, VHOST_SET_VRING, 5, words);
    }
    call(peer, VHOST_START, 0, NULL);
    peer->transmit = driver_alloc(&peer->ram, LONGEST, 8);
    for (uint32_t i = 0; i < QUEUE_SIZE; i++) {
        offer(peer, driver_alloc(&peer->ram, BUFFER_BYTES, 8));
    }
    vswitch_attach(&vswitch, index, &vhost_port_ops, &peer->vhost);
}

static void start_ring(uint32_t index)
{
    struct peer *peer = &peers[index];

    require(ring_port_init(&peer->port, peer->regions[0], peer->regions[1], REGION_BYTES), "ring_port_init");
    vswitch_attach(&vswitch, index, &ring_port_ops, &peer->port);
    require(ring_init(&peer->ring, peer->regions[1], peer->regions[0], REGION_BYTES), "ring_init");
    ring_offer(&peer->ring, virtio_net_hdr_capabilities(features));
}

static void put(uint32_t port, const struct virtio_net_hdr *hdr, const uint8_t *data, uint32_t length)
{
    const struct record record = {port, length};

    fwrite(&record, sizeof record, 1, stdout);
    fwrite(hdr, sizeof *hdr, 1, stdout);
    fwrite(data, 1, length, stdout);
}

static void send_vhost(struct peer *peer, const struct virtio_net_hdr *hdr, uint32_t length)
{
    const struct driver_buffer buffer = {peer->transmit, (uint32_t)sizeof *hdr + length, false};
    uint8_t *at = driver_at(&peer->ram, peer->transmit, sizeof *hdr + length);

    memcpy(at, hdr, sizeof *hdr);
    memcpy(at + sizeof *hdr, frame, length);
    if (driver_add(&peer->queues[VIRTIO_NET_TX], &buffer, 1) < 0) {
        fail("the transmit queue is full");
    }
}

/* As a guest's VMM does. */
static void send_ring(struct peer *peer, const struct virtio_net_hdr *hdr, uint32_t length)
{
    uint64_t meta;
    uint8_t *to;

    if (length < VIRTIO_NET_FRAME_MIN || length > VIRTIO_NET_FRAME_MAX ||
        virtio_net_hdr_to_meta(hdr, features, length, &meta) != ERR_OK) {
        return;
    }
    require(ring_reserve(&peer->ring, length, &to), "the link is full");
    memcpy(to, frame, length);
    ring_commit(&peer->ring, length, meta);
}

/* A frame is in as many buffers as its header says. */
static void receive_vhost(uint32_t port)
{
    struct peer *peer = &peers[port];
    struct virtio_net_hdr hdr = {0};
    uint32_t bytes, length = 0, left = 0;
    uint16_t head;

    while (driver_take_used(&peer->queues[VIRTIO_NET_RX], &head, &bytes)) {
        const uint64_t address = peer->receive[head];
        const uint8_t *from = driver_at(&peer->ram, address, bytes);

        if (left == 0) {
            memcpy(&hdr, from, sizeof hdr);
            left = hdr.num_buffers;
            length = 0;
            from += sizeof hdr;
            bytes -= (uint32_t)sizeof hdr;
        }
        if (left == 0 || length + bytes > LONGEST) {
            fail("a frame in no buffers, or too many");
        }
        memcpy(frame + length, from, bytes);
        length += bytes;
        left--;
        offer(peer, address);
        if (left == 0) {
            put(port, &hdr, frame, length);
        }
    }
    (void)driver_take_all_used(&peer->queues[VIRTIO_NET_TX]);
}

static void receive_ring(uint32_t port)
{
    struct peer *peer = &peers[port];
    struct virtio_net_hdr hdr;
    struct ring_record record;
    const uint8_t *data;

    while (ring_peek(&peer->ring, &record, &data) == ERR_OK) {
        require(virtio_net_hdr_from_meta(record.meta, features, record.length_bytes, &hdr), "metadata");
        put(port, &hdr, data, record.length_bytes);
        ring_release(&peer->ring);
    }
}

static void exchange(bool is_vhost, uint64_t now)
{
    struct record record;
    struct virtio_net_hdr hdr;
    const struct virtio_net_hdr none = {0};

    if (fread(&record, sizeof record, 1, stdin) != 1) {
        exit(0);
    }
    if (record.port >= PORTS || record.length > LONGEST - sizeof hdr ||
        fread(&hdr, sizeof hdr, 1, stdin) != 1 ||
        (record.length != 0 && fread(frame, record.length, 1, stdin) != 1)) {
        fail("a malformed record");
    }
    if (is_vhost) {
        send_vhost(&peers[record.port], &hdr, record.length);
    } else {
        send_ring(&peers[record.port], &hdr, record.length);
    }
    vswitch_run_all(&vswitch, now);
    for (uint32_t i = 0; i < PORTS; i++) {
        is_vhost ? receive_vhost(i) : receive_ring(i);
    }
    put(END, &none, frame, 0);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fail("usage: switch_pipe vhost|ring whole|plain MTU stp|drop|forward");
    }
    const bool is_vhost = strcmp(argv[1], "vhost") == 0;
    const uint64_t sends = VIRTIO_NET_OFFLOADS & ~VIRTIO_NET_GUEST_OFFLOADS;

    features = sends | VIRTIO_NET_F_MRG_RXBUF | 1ull << 29 |
               (strcmp(argv[2], "whole") == 0 ? VIRTIO_NET_GUEST_OFFLOADS : 0);
    config = (struct vswitch_config){.port_count = PORTS, .mac_table_entries = 256};
    config.reserved_groups = strcmp(argv[4], "forward") == 0 ? VSWITCH_RESERVED_FORWARD
                             : strcmp(argv[4], "drop") == 0  ? VSWITCH_RESERVED_DROP
                                                             : VSWITCH_RESERVED_STP;
    for (uint32_t i = 0; i < PORTS; i++) {
        config.ports[i] =
            (struct vswitch_port_config){.kind = is_vhost ? VSWITCH_PORT_VHOST : VSWITCH_PORT_RING,
                                         .allow = (1u << PORTS) - 1,
                                         .mtu = (uint16_t)atoi(argv[3]),
                                         .mac = {2, 0, 0, 0, 1, (uint8_t)i}};
    }
    require(vswitch_init(&vswitch, &config, entries, &offload, HZ, ignore, NULL), "vswitch_init");
    for (uint32_t i = 0; i < PORTS; i++) {
        is_vhost ? start_vhost(i) : start_ring(i);
    }
    vswitch_run_all(&vswitch, 1);
    for (uint64_t now = 1000;; now += 1000) {
        exchange(is_vhost, now);
    }
}
