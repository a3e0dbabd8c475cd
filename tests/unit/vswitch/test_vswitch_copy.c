/* SPDX-License-Identifier: BSD-2-Clause */
/* A scattered frame whose sender rewrites its buffers between the check and the copy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pd/vswitch/soft_offload.h"
#include "pd/vswitch/vswitch.h"
#include "tests/mock/vswitch_run.h"

static struct soft_offload offload_memory;

static uint8_t shifting_bytes[60];
static struct vswitch_segment shifting_segments[] = {{shifting_bytes, 3}, {shifting_bytes + 3, 57}};
static unsigned int shifting_left;

static enum err shifting_peek(void *port, struct vswitch_frame *frame)
{
    (void)port;
    if (shifting_left == 0) {
        return ERR_EMPTY;
    }
    frame->segments = shifting_segments;
    frame->segment_count = 2;
    frame->length_bytes = sizeof shifting_bytes;
    frame_take_meta(frame, 0);
    return ERR_OK;
}

static void shifting_release(void *port)
{
    (void)port;
    shifting_left--;
}

static enum err empty_peek(void *port, struct vswitch_frame *frame)
{
    (void)port;
    (void)frame;
    return ERR_EMPTY;
}

static bool shifting_no(void *port)
{
    (void)port;
    return false;
}

static enum err rewriting_send(void *port, const struct vswitch_frame *frame)
{
    uint8_t *out = port;
    memset(shifting_bytes, 0xee, sizeof shifting_bytes);
    frame_copy(frame, 0, out, frame->length_bytes);
    frame_copy(frame, 5, out + 60, 20);
    frame_copy(frame, 20, out + 80, 40);
    return ERR_OK;
}

static void notify(void *context, uint32_t port)
{
    (void)context;
    (void)port;
}

static void test_what_was_checked_is_what_is_sent(void **state)
{
    (void)state;
    static uint8_t out[120];
    static const struct vswitch_port_ops source = {.peek = shifting_peek,
                                                   .release = shifting_release,
                                                   .look = vswitch_run_no_look,
                                                   .burst = vswitch_run_any_burst,
                                                   .should_notify = shifting_no,
                                                   .sync = shifting_no};
    static const struct vswitch_port_ops target = {.peek = empty_peek,
                                                   .send = rewriting_send,
                                                   .look = vswitch_run_no_look,
                                                   .burst = vswitch_run_any_burst,
                                                   .should_notify = shifting_no,
                                                   .sync = shifting_no};
    static const struct vswitch_config config = {
        .port_count = 2, .mac_table_entries = 8, .ports = {{.allow = 2}, {.allow = 1}}};
    static const uint8_t addresses[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    static struct mac_table_entry entries[8];
    struct vswitch vswitch;
    assert_int_equal(vswitch_init(&vswitch, &config, entries, &offload_memory, 1000, notify, NULL), ERR_OK);
    memcpy(shifting_bytes, addresses, sizeof addresses);
    vswitch_attach(&vswitch, 0, &source, NULL);
    vswitch_attach(&vswitch, 1, &target, out);
    shifting_left = 1;
    vswitch_run_all(&vswitch, 0);
    assert_memory_equal(out, addresses, 6);
    assert_memory_equal(out + 6, addresses + 6, 6);
    assert_int_equal(out[17], 0);
    assert_int_equal(out[18], 0xee);
    assert_memory_equal(out + 60, out + 5, 20);
    assert_memory_equal(out + 80, out + 20, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_checked_is_what_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
