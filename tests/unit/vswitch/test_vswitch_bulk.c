/* SPDX-License-Identifier: BSD-2-Clause */
/* Which notifications may wait until the guest that runs has paused: those of bulk and of what answers it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/vswitch_run.h"

#define PORTS 3u
#define HZ 1000000u /* a tick is a microsecond */
#define SMALL 66u

static struct soft_offload offload_memory;

/* A port that sends `count` frames of `length` bytes to port `to`, and takes everything. */
struct port {
    uint8_t bytes[VSWITCH_BULK_BYTES];
    struct vswitch_segment segment;
    unsigned int count;
    bool touched;
};

static struct fixture {
    struct vswitch vswitch;
    struct mac_table_entry entries[16];
    struct port ports[PORTS];
    unsigned int notified[PORTS], deferred[PORTS];
} fixture;

static enum err peek(void *context, struct vswitch_frame *frame)
{
    struct port *port = context;

    if (port->count == 0) {
        return ERR_EMPTY;
    }
    frame->segments = &port->segment;
    frame->segment_count = 1;
    frame->length_bytes = port->segment.bytes;
    frame_take_meta(frame, 0);
    return ERR_OK;
}

static void release(void *context)
{
    struct port *port = context;
    port->count--;
}

static enum err send(void *context, const struct vswitch_frame *frame)
{
    struct port *port = context;

    (void)frame;
    port->touched = true;
    return ERR_OK;
}

static bool no(void *context)
{
    (void)context;
    return false;
}

static bool should_notify(void *context)
{
    struct port *port = context;
    const bool touched = port->touched;

    port->touched = false;
    return touched;
}

static void notify(void *context, uint32_t port)
{
    struct fixture *f = context;

    f->notified[port]++;
    f->deferred[port] += vswitch_may_defer(&f->vswitch, port) ? 1 : 0;
}

static int setup(void **state)
{
    static const struct vswitch_port_ops ops = {.peek = peek,
                                                .release = release,
                                                .send = send,
                                                .look = vswitch_run_no_look,
                                                .burst = vswitch_run_any_burst,
                                                .should_notify = should_notify,
                                                .sync = no};
    static struct vswitch_config config = {.port_count = PORTS, .mac_table_entries = 16};
    struct fixture *f = &fixture;

    memset(f, 0, sizeof *f);
    for (uint8_t i = 0; i < PORTS; i++) {
        config.ports[i] = (struct vswitch_port_config){
            .allow = UINT32_MAX, .flags = VSWITCH_PORT_STATIC_MAC, .mac = {2, 0, 0, 0, 0, i}};
    }
    assert_int_equal(vswitch_init(&f->vswitch, &config, f->entries, &offload_memory, HZ, notify, f), ERR_OK);
    for (uint32_t i = 0; i < PORTS; i++) {
        vswitch_attach(&f->vswitch, i, &ops, &f->ports[i]);
    }
    *state = f;
    return 0;
}

static void queue(struct fixture *f, uint8_t from, uint8_t to, uint32_t bytes)
{
    struct port *port = &f->ports[from];

    memcpy(port->bytes, (const uint8_t[]){2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from}, 12);
    port->segment = (struct vswitch_segment){port->bytes, bytes};
    port->count = 1;
}

/* Whether port `to` was notified of a frame, and patiently. */
static bool may_defer(struct fixture *f, uint8_t from, uint8_t to, uint32_t bytes, uint64_t now)
{
    const unsigned int notified = f->notified[to], deferred = f->deferred[to];

    queue(f, from, to, bytes);
    vswitch_run_all(&f->vswitch, now);
    assert_int_equal(f->notified[to], notified + 1);
    return f->deferred[to] != deferred;
}

static void test_a_lone_packet_is_not_deferred(void **state)
{
    struct fixture *f = *state;

    assert_false(may_defer(f, 0, 1, SMALL, 0));
    assert_false(may_defer(f, 1, 0, SMALL, 20));
    assert_false(may_defer(f, 0, 1, VSWITCH_BULK_BYTES - 1, 40));
    assert_false(vswitch_may_defer(&f->vswitch, PORTS));
}

static void test_bulk_and_its_answers_are_not(void **state)
{
    struct fixture *f = *state;

    assert_true(may_defer(f, 0, 1, VSWITCH_BULK_BYTES, 5000));
    assert_true(may_defer(f, 1, 0, SMALL, 5000 + VSWITCH_BULK_US - 1)); /* an acknowledgement */
    assert_false(may_defer(f, 1, 0, SMALL, 5000 + VSWITCH_BULK_US));
    assert_false(may_defer(f, 2, 1, SMALL, 5000)); /* the receiver's other business */
}

static void test_one_that_cannot_wait_is_enough(void **state)
{
    struct fixture *f = *state;

    queue(f, 0, 1, VSWITCH_BULK_BYTES);
    queue(f, 2, 1, SMALL);
    vswitch_run_all(&f->vswitch, 0);
    assert_int_equal(f->notified[1], 1);
    assert_int_equal(f->deferred[1], 0);
    queue(f, 2, 1, SMALL);
    queue(f, 0, 1, VSWITCH_BULK_BYTES);
    vswitch_run_all(&f->vswitch, 0);
    assert_int_equal(f->notified[1], 2);
    assert_int_equal(f->deferred[1], 0);
    assert_true(may_defer(f, 0, 1, VSWITCH_BULK_BYTES, 0)); /* that was then */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_lone_packet_is_not_deferred, setup),
        cmocka_unit_test_setup(test_bulk_and_its_answers_are_not, setup),
        cmocka_unit_test_setup(test_one_that_cannot_wait_is_enough, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
