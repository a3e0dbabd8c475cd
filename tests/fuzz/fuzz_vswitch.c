/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Four peers of a switch, some of which write anything into their regions. Whatever they do, a frame reaches
 * only ports that the rules allow, with a source address that its sender may use, and an honest pair of
 * peers keeps exchanging frames. Port 3 gets copies of the others' frames, and the switch snoops.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ring/ring.h"
#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/snoop.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/vswitch_run.h"

#define PORTS 4u
#define REGION_BYTES 8192u
#define HOSTILE_FIRST 2u /* ports 0 and 1 are honest; 2 may reach 3 and 1, 3 may reach 2 and 0 */

static const uint32_t allow[PORTS] = {0x2, 0x1, 0xa, 0x5};

static struct soft_offload offload_memory;
static struct snoop snoop_memory;

struct fixture {
    struct vswitch_config config;
    struct vswitch vswitch;
    struct mac_table_entry entries[8];
    struct ring_port ports[PORTS];
    struct ring peers[PORTS];
    uint8_t *regions[PORTS][2];
    uint64_t now;
    uint32_t pings;
    uint32_t pongs;
};

static struct fixture fixture;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void ignore(void *context, uint32_t port)
{
    (void)context;
    (void)port;
}

static void fill_header(uint8_t *header, uint32_t to, uint32_t from)
{
    memcpy(header, (const uint8_t[12]){2, 0, 0, 0, 0, (uint8_t)to, 2, 0, 0, 0, 0, (uint8_t)from}, 12);
}

static void setup(struct fixture *f)
{
    f->config = (struct vswitch_config){.port_count = PORTS, .mac_table_entries = 8};
    for (uint32_t i = 0; i < PORTS; i++) {
        f->config.ports[i] = (struct vswitch_port_config){.kind = VSWITCH_PORT_RING,
                                                          .allow = allow[i],
                                                          .flags = VSWITCH_PORT_STATIC_MAC |
                                                                   (i == 3 ? 0 : VSWITCH_PORT_CHECK_MAC),
                                                          .mac = {2, 0, 0, 0, 0, (uint8_t)i},
                                                          .rate_kbps = i == 2 ? 100 : 0,
                                                          .mtu = i == 3 ? 1500 : 0,
                                                          .mirror = i == 3 ? 7 : 0};
    }
    require(vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, 1000000, ignore, NULL) ==
            ERR_OK);
    vswitch_set_snoop(&f->vswitch, &snoop_memory);
    f->now = 0;
    f->pings = f->pongs = 0;
    for (uint32_t i = 0; i < PORTS; i++) {
        for (uint32_t side = 0; side < 2; side++) {
            f->regions[i][side] = aligned_alloc(64, REGION_BYTES);
            memset(f->regions[i][side], 0, REGION_BYTES);
        }
        require(ring_port_init(&f->ports[i], f->regions[i][0], f->regions[i][1], REGION_BYTES) == ERR_OK);
        require(ring_init(&f->peers[i], f->regions[i][1], f->regions[i][0], REGION_BYTES) == ERR_OK);
        vswitch_attach(&f->vswitch, i, &ring_port_ops, &f->ports[i]);
    }
}

static void teardown(struct fixture *f)
{
    for (uint32_t i = 0; i < PORTS; i++) {
        free(f->regions[i][0]);
        free(f->regions[i][1]);
    }
}

static void check_received(struct fixture *f, uint32_t port)
{
    struct ring_record record;
    const uint8_t *data;
    while (ring_peek(&f->peers[port], &record, &data) == ERR_OK) {
        ring_release(&f->peers[port]);
        if (port >= HOSTILE_FIRST) {
            continue; /* one that lies about what it took gets garbage */
        }
        require(record.length_bytes >= VSWITCH_HEADER_BYTES);
        uint32_t source = data[11]; /* by its static address, if it has one */
        bool known = memcmp(data + 6, (const uint8_t[5]){2, 0, 0, 0, 0}, 5) == 0 && source < PORTS;
        require(known || (allow[3] & (1u << port)) != 0); /* only port 3 may use other addresses */
        require(!known || (allow[source] & (1u << port)) != 0);
        if (known && source < HOSTILE_FIRST) {
            f->pongs++;
        }
    }
    require(port >= HOSTILE_FIRST || !ring_is_broken(&f->peers[port]));
}

static void send_frame(struct fixture *f, uint32_t port, const uint8_t *bytes, uint32_t length, uint64_t meta)
{
    uint8_t *data;
    if (length > 0 && ring_reserve(&f->peers[port], length, &data) == ERR_OK) {
        memcpy(data, bytes, length);
        ring_commit(&f->peers[port], length, meta);
    }
}

static void ping(struct fixture *f)
{
    for (uint32_t i = 0; i < HOSTILE_FIRST; i++) {
        uint8_t frame[60] = {0};
        fill_header(frame, 1 - i, i);
        send_frame(f, i, frame, sizeof frame, 0);
        f->pings++;
    }
}

/* One instruction of the input. Returns how many bytes it took. */
static size_t step(struct fixture *f, const uint8_t *bytes, size_t left)
{
    uint32_t port = HOSTILE_FIRST + (bytes[0] & 1);
    uint32_t at;
    uint32_t value;
    uint32_t length = bytes[1];
    switch (bytes[0] >> 1 & 3) {
    case 0: /* any word of the region */
        if (left < 8) {
            return left;
        }
        memcpy(&value, bytes + 4, 4);
        at = (uint32_t)(bytes[1] | bytes[2] << 8) * 4 % ((bytes[3] & 1) != 0 ? 128u : REGION_BYTES);
        memcpy(f->regions[port][1] + at, &value, 4);
        return 8;
    case 1: /* any frame */
        length = length < left - 2 ? length : (uint32_t)(left - 2);
        send_frame(f, port, bytes + 2, length, bytes[0] & 0x80 ? (uint64_t)bytes[1] << (bytes[0] >> 3) : 0);
        return 2 + length;
    case 2: { /* a good frame */
        uint8_t frame[1600] = {0};
        fill_header(frame, bytes[1] & 7, bytes[0] & 0x40 ? bytes[1] >> 3 & 7 : port);
        send_frame(f, port, frame, 14 + bytes[1] * 6u, 0);
        return 2;
    }
    default: /* time, restarts, takes */
        f->now += length * 1000u;
        if ((bytes[0] & 0x40) != 0) {
            require(ring_init(&f->peers[port], f->regions[port][1], f->regions[port][0], REGION_BYTES) ==
                    ERR_OK);
        }
        if ((bytes[0] & 0x20) != 0) {
            check_received(f, port);
        }
        return 2;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct fixture *f = &fixture;
    setup(f);
    while (length >= 2) {
        size_t used = step(f, bytes, length);
        bytes += used;
        length -= used;
        ping(f);
        /* A ping may have to wait once behind each frame that the hostile ports had in their rings. */
        for (uint32_t turn = 0; turn < 2 + REGION_BYTES / 1024 && f->pongs < f->pings; turn++) {
            vswitch_run_all(&f->vswitch, f->now);
            check_received(f, 0);
            check_received(f, 1);
        }
        require(f->pings == f->pongs);
    }
    teardown(f);
    return 0;
}
