/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/target/pds/vmm_attack.h"

#include <microkit.h>
#include <stdbool.h>

#include "kernel/include/sysdesc.h"
#include "lib/base/mem.h"
#include "lib/blk/blk_protocol.h"
#include "lib/config/supervisor_config.h"
#include "lib/config/vhost_protocol.h"
#include "lib/ring/ring.h"

#define SCRIBBLES 64u
#define STARTS 200u
#define NOTIFICATIONS 2000u
#define RECORDS 200u
#define CALLS 500u
#define VHOST_CALLS 2000u
#define FRAME_BYTES 1514u
/* Sectors of a partition that the tests' victim has; what lies behind is another's. */
#define PARTITION_SECTORS 0x4000u
/* No memory of anybody's: a disk that would write there must not. */
#define FAR_OFFSET (1ull << 40)

static uint64_t state;

/* xorshift64 */
static uint64_t any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static bool one_in(uint32_t count)
{
    return any() % count == 0;
}

static void fill(uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(any() >> 32);
    }
}

/* Words of a ring's header: all of them, or small steps of the indices. */
static void scribble(const struct config_link *link)
{
    struct ring_region *own = (struct ring_region *)link->own;
    volatile uint32_t *words = (volatile uint32_t *)link->own;

    for (uint32_t i = 0; i < SCRIBBLES; i++) {
        if (one_in(2)) {
            words[any() % (RING_HEADER_BYTES / 4)] = (uint32_t)any();
        } else {
            __atomic_store_n(&own->head, own->head + (uint32_t)(any() % 64) * 16, __ATOMIC_RELEASE);
            __atomic_store_n(&own->tail, own->tail + (uint32_t)(any() % 64) - 16, __ATOMIC_RELEASE);
        }
        microkit_notify(link->channel);
    }
}

static void start_without_end(const struct config_link *link)
{
    struct ring ring;

    for (uint32_t i = 0; i < STARTS; i++) {
        if (ring_init(&ring, (void *)link->own, (const void *)link->peer, link->bytes) == ERR_OK &&
            one_in(2)) {
            (void)ring_sync(&ring);
        }
        microkit_notify(link->channel);
    }
}

static void storm(const struct config_link *link)
{
    for (uint32_t i = 0; i < NOTIFICATIONS; i++) {
        microkit_notify(link->channel);
    }
}

/* A frame whose addresses are one's own, those next to it, everybody's, or anything. */
static uint32_t make_frame(uint8_t *data, const struct vmm_device_config *device)
{
    fill(data, FRAME_BYTES);
    for (uint32_t at = 0; at <= 6; at += 6) {
        if (one_in(2)) {
            memcpy(data + at, device->u.net.mac, 6);
            data[at + 5] = (uint8_t)(data[at + 5] + any() % 4);
        } else if (one_in(2)) {
            memset(data + at, 0xff, 6);
        }
    }
    return 1 + (uint32_t)(any() % FRAME_BYTES);
}

/* A request for what is not this client's, or for what makes no sense: none that is in order writes anything.
 */
static uint32_t make_request(uint8_t *data)
{
    struct blk_request request;

    fill((uint8_t *)&request, sizeof request);
    request.op = (uint32_t)(any() % (BLK_WRITE_ZEROES + 2));
    request.flags &= one_in(4) ? UINT32_MAX : BLK_FUA | BLK_UNMAP;
    request.sector = one_in(2) ? any() : PARTITION_SECTORS - any() % 8 + any() % 64;
    request.sector_count = one_in(4) ? (uint32_t)any() : 8 + (uint32_t)(any() % 64);
    request.segment_count = (uint32_t)(any() % 4);
    for (uint32_t i = 0; i < request.segment_count; i++) {
        request.segments[i].offset |= FAR_OFFSET;
        request.segments[i].bytes = request.sector_count * BLK_SECTOR_BYTES / request.segment_count;
        request.segments[i].region = (uint32_t)(any() % 4);
    }
    const uint32_t bytes =
        BLK_REQUEST_HEADER_BYTES + request.segment_count * (uint32_t)sizeof(struct blk_segment);

    memcpy(data, &request, bytes);
    return one_in(8) ? 1 + (uint32_t)(any() % bytes) : bytes;
}

static void send_record(struct ring *ring, const struct vmm_device_config *device)
{
    const bool is_net = device->kind == VMM_DEVICE_NET;
    uint8_t *data;

    if (ring_reserve(ring, is_net ? FRAME_BYTES : sizeof(struct blk_request), &data) != ERR_OK) {
        return;
    }
    const uint32_t bytes = is_net ? make_frame(data, device) : make_request(data);

    ring_commit(ring, bytes, one_in(2) ? 0 : any());
}

/* In order as a ring, hostile in what it carries. Of what comes back nothing is taken. */
static void send_records(const struct config_link *link, const struct vmm_device_config *device)
{
    uint8_t bytes[64];
    struct ring ring;

    if (ring_init(&ring, (void *)link->own, (const void *)link->peer, link->bytes) != ERR_OK) {
        return;
    }
    microkit_notify(link->channel);
    (void)ring_sync(&ring);
    for (uint32_t i = 0; i < RECORDS; i++) {
        if (device->kind == VMM_DEVICE_NET || device->kind == VMM_DEVICE_BLOCK) {
            send_record(&ring, device);
        } else {
            fill(bytes, sizeof bytes);
            (void)ring_write(&ring, bytes, sizeof bytes);
        }
        microkit_notify(link->channel);
    }
}

static void attack_link(const struct config_link *link, const struct vmm_device_config *device)
{
    if (link->own == 0 || link->bytes == 0) {
        return;
    }
    switch (any() % 5) {
    case 0:
        scribble(link);
        break;
    case 1:
        start_without_end(link);
        break;
    case 2:
        storm(link);
        break;
    default:
        send_records(link, device);
        break;
    }
}

static void attack_links(const struct vmm_config *config)
{
    for (uint32_t i = 0; i < config->device_count; i++) {
        const struct vmm_device_config *device = &config->devices[i];

        attack_link(&device->link, device);
        for (uint32_t k = 0; device->kind == VMM_DEVICE_CONSOLE && k < device->u.console.port_count; k++) {
            attack_link(&device->u.console.ports[k].link, device);
        }
    }
}

static void call(uint32_t channel, uint64_t label, uint32_t count)
{
    for (uint32_t i = 0; i < SYSDESC_IPC_WORDS; i++) {
        microkit_mr_set((seL4_Uint8)i, any());
    }
    (void)microkit_ppcall(channel, microkit_msginfo_new(label, (uint16_t)count));
}

static void attack_calls(const struct vmm_config *config)
{
    for (uint32_t i = 0; i < CALLS; i++) {
        const uint32_t count = (uint32_t)(any() % (SYSDESC_IPC_WORDS + 1));

        if (config->has_supervisor != 0) {
            call(config->supervisor_channel, one_in(2) ? SUPERVISOR_GREET : any(), one_in(2) ? 1 : count);
        }
        if (config->has_entropy != 0) {
            call(config->entropy_channel, any() % 4, count);
        }
    }
}

void vmm_attack_peers(const struct vmm_config *config, uint32_t seed)
{
    state = 0x9e3779b97f4a7c15ull * (seed + 1ull);
    attack_links(config);
    attack_calls(config);
    vmm_attack_kernel(config, any);
}

/* A call to the switch, more likely than not one that is in order. */
static void call_switch(const struct vmm_config *config, uint32_t channel)
{
    static const uint8_t counts[] = {1, 5, 0, 0, 1, 4, 64};
    const uint32_t which = (uint32_t)(any() % (sizeof counts + 1));
    const uint32_t count =
        which < sizeof counts && !one_in(8) ? counts[which] : (uint32_t)(any() % SYSDESC_IPC_WORDS);
    const uint64_t words[] = {which == 1 ? any() % 3 : any() >> any() % 64, 1ull << any() % 12};

    for (uint32_t i = 0; i < count; i++) {
        const uint64_t address = config->ram_gpa + any() % (config->ram_bytes + 0x1000);

        microkit_mr_set((seL4_Uint8)i, i < 2 ? words[i] : one_in(8) ? any() : address & ~0xfull);
    }
    (void)microkit_ppcall(channel, microkit_msginfo_new(VHOST_SET_FEATURES + which, (uint16_t)count));
    microkit_notify(channel);
}

void vmm_attack_vhost(const struct vmm_config *config, uint32_t seed)
{
    state = 0x9e3779b97f4a7c15ull * (seed + 1ull);
    for (uint32_t i = 0; i < config->device_count; i++) {
        const struct vmm_device_config *device = &config->devices[i];

        for (uint32_t k = 0; device->kind == VMM_DEVICE_NET && device->u.net.datapath == VMM_DATAPATH_VHOST &&
                             k < VHOST_CALLS;
             k++) {
            call_switch(config, device->link.channel);
        }
    }
}
