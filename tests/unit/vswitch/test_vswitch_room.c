/* SPDX-License-Identifier: BSD-2-Clause */
/* One frame for a destination that is full, and whose room comes while the switch asks for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/vswitch_run.h"

#define FRAME_BYTES 60u

static struct soft_offload offload_memory;

/* Both ports: the source has `frames`; the destination says what the test wants it to. */
struct fixture {
    struct vswitch vswitch;
    struct mac_table_entry entries[8];
    uint8_t bytes[FRAME_BYTES];
    struct vswitch_segment segment;
    unsigned int frames;
    unsigned int sends;           /* tries so far */
    unsigned int sends_in_vain;   /* of them, how many find no room */
    unsigned int answers_in_vain; /* requests that are told of room */
    unsigned int requests;
    unsigned int peeks;
};

static struct fixture fixture;

static enum err peek(void *port, struct vswitch_frame *frame)
{
    struct fixture *f = port;

    if (f->frames == 0) {
        return ERR_EMPTY;
    }
    f->peeks++;
    frame->segments = &f->segment;
    frame->segment_count = 1;
    frame->length_bytes = FRAME_BYTES;
    frame_take_meta(frame, 0);
    return ERR_OK;
}

static enum err peek_nothing(void *port, struct vswitch_frame *frame)
{
    (void)port;
    (void)frame;
    return ERR_EMPTY;
}

static void release(void *port)
{
    struct fixture *f = port;
    f->frames--;
}

static bool no(void *port)
{
    (void)port;
    return false;
}

static enum err send(void *port, const struct vswitch_frame *frame)
{
    struct fixture *f = port;

    (void)frame;
    f->sends++;
    return f->sends <= f->sends_in_vain ? ERR_SPACE : ERR_OK;
}

static bool request_space(void *port, uint32_t length_bytes)
{
    struct fixture *f = port;

    assert_int_equal(length_bytes, FRAME_BYTES);
    f->requests++;
    return f->requests <= f->answers_in_vain;
}

static void notify(void *context, uint32_t port)
{
    (void)context;
    (void)port;
}

static int setup(void **state)
{
    static const struct vswitch_port_ops source = {.peek = peek,
                                                   .release = release,
                                                   .look = vswitch_run_no_look,
                                                   .burst = vswitch_run_any_burst,
                                                   .should_notify = no,
                                                   .sync = no};
    static const struct vswitch_port_ops target = {.peek = peek_nothing,
                                                   .send = send,
                                                   .look = vswitch_run_no_look,
                                                   .burst = vswitch_run_any_burst,
                                                   .request_space = request_space,
                                                   .should_notify = no,
                                                   .sync = no};
    static const struct vswitch_config config = {
        .port_count = 2, .mac_table_entries = 8, .ports = {{.allow = 2}, {.allow = 1}}};
    static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    struct fixture *f = &fixture;

    memset(f, 0, sizeof *f);
    memcpy(f->bytes, addresses, sizeof addresses);
    f->segment = (struct vswitch_segment){f->bytes, FRAME_BYTES};
    f->frames = 1;
    assert_int_equal(vswitch_init(&f->vswitch, &config, f->entries, &offload_memory, 1000, notify, NULL),
                     ERR_OK);
    vswitch_attach(&f->vswitch, 0, &source, f);
    vswitch_attach(&f->vswitch, 1, &target, f);
    *state = f;
    return 0;
}

static uint64_t dropped(const struct fixture *f)
{
    return vswitch_port_counters(&f->vswitch, 1).dropped[VSWITCH_DROP_FULL];
}

static void test_without_room_one_request_is_made_and_nothing_tried_twice(void **state)
{
    struct fixture *f = *state;

    f->sends_in_vain = 1;
    vswitch_run_all(&f->vswitch, 0);
    assert_int_equal(f->frames, 1);
    assert_int_equal(f->sends, 1);
    assert_int_equal(f->requests, 1);
    f->answers_in_vain = 2;
    vswitch_run_all(&f->vswitch, 0); /* the notification */
    assert_int_equal(f->frames, 0);
    assert_int_equal(dropped(f), 0);
}

/* Its queue may be full by then, so that it waits for us: nobody else would have us look again. */
static void test_patience_ends_by_itself(void **state)
{
    struct fixture *f = *state;

    f->sends_in_vain = UINT32_MAX;
    assert_true(vswitch_deadline(&f->vswitch, 0) == VSWITCH_NEVER);
    vswitch_run_all(&f->vswitch, 7);
    assert_int_equal(f->frames, 1);
    const uint64_t end = vswitch_deadline(&f->vswitch, 7);
    assert_int_equal(end, 7 + VSWITCH_PATIENCE_MS);
    vswitch_run(&f->vswitch, end - 1);
    assert_int_equal(f->frames, 1);
    assert_int_equal(vswitch_deadline(&f->vswitch, end - 1), end);
    vswitch_run(&f->vswitch, end);
    assert_int_equal(f->frames, 0);
    assert_int_equal(dropped(f), 1);
    assert_true(vswitch_deadline(&f->vswitch, end) == VSWITCH_NEVER);
}

static void test_room_that_came_meanwhile_is_used(void **state)
{
    struct fixture *f = *state;

    f->sends_in_vain = 1;
    f->answers_in_vain = 1;
    vswitch_run_all(&f->vswitch, 0);
    assert_int_equal(f->frames, 0);
    assert_int_equal(f->sends, 2);
    assert_int_equal(dropped(f), 0);
}

/* The request stands: the next notification tells of more. */
static void test_room_that_does_not_suffice_is_tried_once(void **state)
{
    struct fixture *f = *state;

    f->sends_in_vain = 2;
    f->answers_in_vain = 1;
    vswitch_run_all(&f->vswitch, 0);
    assert_int_equal(f->frames, 1);
    assert_int_equal(f->sends, 2);
    assert_int_equal(f->requests, 1);
    f->answers_in_vain = 2;
    vswitch_run_all(&f->vswitch, 0);
    assert_int_equal(f->frames, 0);
}

static void test_a_peer_that_always_promises_room_does_not_keep_the_switch(void **state)
{
    struct fixture *f = *state;

    f->sends_in_vain = UINT32_MAX;
    f->answers_in_vain = UINT32_MAX;
    vswitch_run_all(&f->vswitch, 0);
    assert_int_equal(f->frames, 1);
    assert_int_equal(f->sends, 2);
}

/* What happens elsewhere does not have the switch look at a frame that waits: only its destination is asked.
 */
static void test_a_frame_that_waits_costs_a_request_for_each_event(void **state)
{
    struct fixture *f = *state;

    f->sends_in_vain = UINT32_MAX;
    for (unsigned int i = 1; i <= 100; i++) {
        vswitch_run_all(&f->vswitch, 0);
        assert_int_equal(f->requests, i);
    }
    assert_int_equal(f->sends, 1);
    assert_int_equal(f->peeks, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_without_room_one_request_is_made_and_nothing_tried_twice, setup),
        cmocka_unit_test_setup(test_patience_ends_by_itself, setup),
        cmocka_unit_test_setup(test_room_that_came_meanwhile_is_used, setup),
        cmocka_unit_test_setup(test_room_that_does_not_suffice_is_tried_once, setup),
        cmocka_unit_test_setup(test_a_frame_that_waits_costs_a_request_for_each_event, setup),
        cmocka_unit_test_setup(test_a_peer_that_always_promises_room_does_not_keep_the_switch, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
