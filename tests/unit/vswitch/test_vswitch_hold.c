/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that wait in their sender's queue, for a rate or for room, and ports that nobody waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pd/vswitch/ring_port.h"
#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/vswitch_run.h"

#define PORTS 4u
#define REGION_BYTES (0x8000u + 0x1000u)
#define HZ 1000000u /* a tick is a microsecond */

static struct soft_offload offload_memory;

struct fixture {
    struct vswitch_config config;
    struct vswitch vswitch;
    struct mac_table_entry entries[64];
    struct ring_port ports[PORTS];
    struct ring peers[PORTS];
    uint64_t now;
    _Alignas(64) uint8_t regions[PORTS][2][REGION_BYTES];
};

static struct fixture fixture;

static void ignore(void *context, uint32_t port)
{
    (void)context;
    (void)port;
}

static int setup(void **state)
{
    struct fixture *f = &fixture;

    memset(f, 0, sizeof(*f));
    f->config.port_count = PORTS;
    f->config.mac_table_entries = 64;
    for (uint32_t i = 0; i < PORTS; i++) {
        f->config.ports[i] = (struct vswitch_port_config){.kind = VSWITCH_PORT_RING,
                                                          .allow = (1u << PORTS) - 1,
                                                          .flags = VSWITCH_PORT_STATIC_MAC,
                                                          .mac = {2, 0, 0, 0, 0, (uint8_t)i}};
    }
    *state = f;
    return 0;
}

static void start(struct fixture *f)
{
    assert_int_equal(vswitch_init(&f->vswitch, &f->config, f->entries, &offload_memory, HZ, ignore, NULL),
                     ERR_OK);
    for (uint32_t i = 0; i < PORTS; i++) {
        assert_int_equal(ring_port_init(&f->ports[i], f->regions[i][0], f->regions[i][1], REGION_BYTES),
                         ERR_OK);
        vswitch_attach(&f->vswitch, i, &ring_port_ops, &f->ports[i]);
        assert_int_equal(ring_init(&f->peers[i], f->regions[i][1], f->regions[i][0], REGION_BYTES), ERR_OK);
    }
    vswitch_run_all(&f->vswitch, f->now);
}

/* A frame of `length` bytes; to port PORTS: to all. False if the sender's queue is full. */
static bool send(struct fixture *f, uint8_t from, uint8_t to, uint32_t length)
{
    const uint8_t addresses[12] = {2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from};
    uint8_t *data;

    if (ring_reserve(&f->peers[from], length, &data) != ERR_OK) {
        return false;
    }
    memset(data, 0, length);
    memcpy(data, addresses, sizeof(addresses));
    if (to == PORTS) {
        memset(data, 0xff, 6);
    }
    ring_commit(&f->peers[from], length, 0);
    return true;
}

/* Bytes that have arrived at the port. *last: of the last frame. */
static uint64_t receive(struct fixture *f, uint32_t port, uint32_t *last)
{
    struct ring_record record;
    const uint8_t *data;
    uint64_t bytes = 0;

    while (ring_peek(&f->peers[port], &record, &data) == ERR_OK) {
        bytes += record.length_bytes;
        *last = record.length_bytes;
        ring_release(&f->peers[port]);
    }
    return bytes;
}

static uint64_t dropped(struct fixture *f, uint32_t port, enum vswitch_drop cause)
{
    return vswitch_port_counters(&f->vswitch, port).dropped[cause];
}

/* What is above the limit waits in its sender's queue, and goes on when the time has come: nothing is lost. */
static void test_rate_limit(void **state)
{
    struct fixture *f = *state;
    uint64_t bytes = 0, offered = 0;
    uint32_t last;

    f->config.ports[0].rate_kbps = 8000; /* a megabyte a second */
    start(f);
    while (f->now < 2 * HZ) { /* offers as much as there is room for */
        offered += send(f, 0, 1, 1000) ? 1000 : 0;
        vswitch_run_all(&f->vswitch, f->now);
        bytes += receive(f, 1, &last);
        f->now += 100;
    }
    assert_in_range(bytes, 1990000, 2000000 + 8000);
    assert_in_range(offered - bytes, 20000, REGION_BYTES); /* they are all there still */
    assert_int_equal(dropped(f, 0, VSWITCH_DROP_RATE), 0);
    /* Without anything that happens it goes on when vswitch_deadline() says. */
    for (unsigned int i = 0; i < 5; i++) {
        const uint64_t at = vswitch_deadline(&f->vswitch, f->now);
        assert_in_range(at, f->now + 1, f->now + 3000);
        f->now = at;
        vswitch_run(&f->vswitch, f->now);
        assert_true(receive(f, 1, &last) > 0);
    }
    assert_true(send(f, 2, 3, 60)); /* others do not wait for it */
    vswitch_run_all(&f->vswitch, f->now);
    assert_int_equal(receive(f, 3, &last), 60);
}

/* The same for what a port gets: a frame for it alone waits, as for a port that is full. */
static void test_rate_limit_of_a_receiver(void **state)
{
    struct fixture *f = *state;
    uint64_t bytes = 0;
    uint32_t last;

    f->config.ports[1].rx_rate_kbps = 8000;
    start(f);
    while (f->now < 2 * HZ) {
        (void)send(f, 0, 1, 1000);
        (void)send(f, 2, 1, 1000);
        vswitch_run_all(&f->vswitch, f->now);
        bytes += receive(f, 1, &last);
        f->now += 100;
    }
    assert_in_range(bytes, 1990000, 2000000 + 8000);
    assert_int_equal(dropped(f, 1, VSWITCH_DROP_RATE), 0);
    for (unsigned int i = 0; i < 6; i++) {
        assert_true(send(f, 3, PORTS, 1500)); /* one for all waits for nobody */
    }
    vswitch_run_all(&f->vswitch, f->now);
    assert_in_range(dropped(f, 1, VSWITCH_DROP_RATE), 1, 6);
    assert_false(f->vswitch.ports[3].held);
}

/* An interface that is down takes nothing: after 100 ms that costs its senders no time at all. */
static void test_nobody_waits_for_a_port_that_takes_nothing(void **state)
{
    struct fixture *f = *state;
    uint32_t last = 0;

    start(f);
    while (send(f, 0, 1, 1500)) {
        vswitch_run_all(&f->vswitch, f->now);
    }
    for (unsigned int i = 0; i < 20; i++) { /* until it is known */
        f->now += 10000;
        vswitch_run_all(&f->vswitch, f->now);
    }
    const uint64_t held = vswitch_port_counters(&f->vswitch, 0).held;
    for (unsigned int i = 0; i < 1000; i++) {
        f->now += 1000;
        assert_true(send(f, 0, 1, 1500));
        assert_true(send(f, 0, 3, 60));
        vswitch_run_all(&f->vswitch, f->now);
        assert_int_equal(receive(f, 3, &last), 60);
        assert_true(vswitch_deadline(&f->vswitch, f->now) == VSWITCH_NEVER);
    }
    assert_int_equal(vswitch_port_counters(&f->vswitch, 0).held, held);
    (void)receive(f, 1, &last); /* it is up again */
    assert_true(send(f, 0, 1, 77));
    vswitch_run_all(&f->vswitch, f->now);
    (void)receive(f, 1, &last);
    assert_int_equal(last, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rate_limit, setup),
        cmocka_unit_test_setup(test_rate_limit_of_a_receiver, setup),
        cmocka_unit_test_setup(test_nobody_waits_for_a_port_that_takes_nothing, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
