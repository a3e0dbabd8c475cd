/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/lr_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct lr_queue queue;

static int set_up(void **state)
{
    (void)state;
    lr_queue_init(&queue);
    queue.enabled = true;
    return 0;
}

static void enable(uint32_t intid, bool edge, uint8_t priority)
{
    const struct platform_virq virq = {.enabled = true, .edge = edge, .priority = priority};

    lr_queue_configure(&queue, intid, &virq);
}

/* Put everything due into LRs, as the platform does. Returns how many. */
static uint32_t deliver(void)
{
    uint32_t count = 0;
    uint32_t intid;
    uint32_t lr;

    while (lr_queue_next(&queue, &intid, &lr)) {
        lr_queue_sent(&queue, intid, lr);
        count++;
    }
    return count;
}

static void a_pending_interrupt_takes_a_free_lr(void **state)
{
    uint32_t intid;
    uint32_t lr;

    (void)state;
    enable(48, true, 0xa0);
    assert_false(lr_queue_next(&queue, &intid, &lr));
    lr_queue_latch(&queue, 48, true);
    assert_true(lr_queue_is_pending(&queue, 48));
    assert_true(lr_queue_next(&queue, &intid, &lr));
    assert_int_equal(intid, 48);
    assert_int_equal(lr, 0);
    lr_queue_sent(&queue, intid, lr);
    assert_false(lr_queue_is_pending(&queue, 48));
    assert_true(lr_queue_is_active(&queue, 48));
    assert_int_equal(lr_queue_in_flight(&queue), 1);
    assert_false(lr_queue_next(&queue, &intid, &lr));
}

static void what_is_disabled_waits(void **state)
{
    (void)state;
    lr_queue_latch(&queue, 48, true);
    assert_int_equal(deliver(), 0);
    enable(48, true, 0);
    queue.enabled = false;
    assert_int_equal(deliver(), 0);
    queue.enabled = true;
    assert_int_equal(deliver(), 1);
}

static void none_is_lost_for_want_of_an_lr(void **state)
{
    (void)state;
    for (uint32_t intid = 40; intid < 60; intid++) {
        enable(intid, true, 0xa0);
        lr_queue_latch(&queue, intid, true);
    }
    assert_int_equal(deliver(), LR_QUEUE_LRS);
    for (uint32_t ended = 0; ended < 20; ended++) {
        assert_int_equal(lr_queue_ended(&queue, ended % LR_QUEUE_LRS), 40 + ended);
        (void)deliver();
    }
    assert_int_equal(lr_queue_in_flight(&queue), 0);
}

static void the_highest_priority_goes_first(void **state)
{
    uint32_t intid;
    uint32_t lr;

    (void)state;
    enable(33, true, 0xa0);
    enable(70, true, 0x20);
    enable(500, true, 0x80);
    lr_queue_latch(&queue, 33, true);
    lr_queue_latch(&queue, 70, true);
    lr_queue_latch(&queue, 500, true);
    assert_true(lr_queue_next(&queue, &intid, &lr));
    assert_int_equal(intid, 70);
}

static void what_can_never_be_signalled_takes_no_lr(void **state)
{
    uint32_t intid;
    uint32_t lr;

    (void)state;
    for (uint32_t i = 40; i < 50; i++) {
        enable(i, true, 0xff);
        lr_queue_latch(&queue, i, true);
    }
    assert_false(lr_queue_next(&queue, &intid, &lr));
    enable(0, true, 0xa0);
    lr_queue_latch(&queue, 0, true);
    assert_int_equal(deliver(), 1);
    assert_true(lr_queue_is_active(&queue, 0));
    /* It waits, and goes once its priority says so. */
    assert_true(lr_queue_is_pending(&queue, 45));
    enable(45, true, 0xf7);
    assert_int_equal(deliver(), 1);
    assert_true(lr_queue_is_active(&queue, 45));
}

static void one_interrupt_is_never_in_two_lrs(void **state)
{
    (void)state;
    enable(48, true, 0);
    lr_queue_latch(&queue, 48, true);
    assert_int_equal(deliver(), 1);
    lr_queue_latch(&queue, 48, true);
    assert_int_equal(deliver(), 0);
    assert_true(lr_queue_is_pending(&queue, 48));
    assert_int_equal(lr_queue_ended(&queue, 0), 48);
    assert_int_equal(deliver(), 1);
    assert_int_equal(lr_queue_ended(&queue, 0), 48);
    assert_int_equal(deliver(), 0);
}

static void a_level_that_is_still_high_comes_again(void **state)
{
    (void)state;
    enable(33, false, 0);
    lr_queue_set_level(&queue, 33, true);
    assert_int_equal(deliver(), 1);
    assert_int_equal(lr_queue_ended(&queue, 0), 33);
    assert_int_equal(deliver(), 1);
    lr_queue_set_level(&queue, 33, false);
    assert_int_equal(lr_queue_ended(&queue, 0), 33);
    assert_int_equal(deliver(), 0);
}

static void a_level_means_nothing_to_an_edge_interrupt(void **state)
{
    (void)state;
    enable(33, true, 0);
    lr_queue_set_level(&queue, 33, true);
    assert_false(lr_queue_is_pending(&queue, 33));
    assert_int_equal(deliver(), 0);
}

static void an_active_interrupt_is_held_back(void **state)
{
    (void)state;
    enable(48, true, 0);
    lr_queue_set_active(&queue, 48, true);
    lr_queue_latch(&queue, 48, true);
    assert_true(lr_queue_is_active(&queue, 48));
    assert_int_equal(deliver(), 0);
    lr_queue_set_active(&queue, 48, false);
    assert_int_equal(deliver(), 1);
}

static void what_waits_moves_with_its_configuration(void **state)
{
    struct lr_queue other;

    (void)state;
    lr_queue_init(&other);
    other.enabled = true;
    enable(48, true, 0x40);
    enable(33, false, 0);
    queue.enabled = false;
    lr_queue_latch(&queue, 48, true);
    lr_queue_set_level(&queue, 33, true);
    lr_queue_move(&queue, &other, 48);
    lr_queue_move(&queue, &other, 33);
    lr_queue_move(&queue, &other, LR_QUEUE_INTIDS);
    queue.enabled = true;
    assert_int_equal(deliver(), 0);
    assert_false(lr_queue_is_pending(&queue, 48) || lr_queue_is_pending(&queue, 33));
    assert_true(lr_queue_is_pending(&other, 48) && lr_queue_is_pending(&other, 33));
    assert_int_equal(other.priorities[48], 0x40);
    assert_true(lr_queue_is_enabled(&other, 48));
    assert_false(lr_queue_is_enabled(&queue, 48));
}

static void what_is_in_flight_is_ended_where_it_is(void **state)
{
    struct lr_queue other;
    uint32_t intid, lr;

    (void)state;
    lr_queue_init(&other);
    other.enabled = true;
    enable(48, true, 0x40);
    lr_queue_latch(&queue, 48, true);
    assert_int_equal(deliver(), 1);
    lr_queue_move(&queue, &other, 48);
    lr_queue_latch(&other, 48, true);
    assert_true(lr_queue_is_active(&other, 48));
    assert_false(lr_queue_next(&other, &intid, &lr));
    lr_queue_move(&other, &queue, 48); /* home, and away again */
    assert_int_equal(deliver(), 0);
    lr_queue_move(&queue, &other, 48);
    assert_int_equal(lr_queue_ended(&queue, 0), 48);
    assert_true(lr_queue_release(&other, 48));
    assert_false(lr_queue_release(&other, 48));
    assert_false(lr_queue_release(&other, LR_QUEUE_NONE));
    assert_true(lr_queue_next(&other, &intid, &lr));
    assert_int_equal(intid, 48);
}

static void an_sgi_has_its_senders(void **state)
{
    (void)state;
    enable(3, true, 0);
    lr_queue_send(&queue, 3, 0);
    lr_queue_send(&queue, 3, 2);
    assert_int_equal(queue.sources[3], 5);
    lr_queue_take_back(&queue, 3, 1);
    assert_true(lr_queue_is_pending(&queue, 3));
    lr_queue_take_back(&queue, 3, 4);
    assert_false(lr_queue_is_pending(&queue, 3));
    lr_queue_send(&queue, 3, 1);
    assert_int_equal(deliver(), 1);
    assert_int_equal(queue.sources[3], 0);
    lr_queue_send(&queue, LR_QUEUE_SGIS, 0);
    lr_queue_take_back(&queue, LR_QUEUE_SGIS, 1);
}

static void a_reset_keeps_what_the_hardware_keeps(void **state)
{
    (void)state;
    enable(48, true, 0);
    lr_queue_latch(&queue, 48, true);
    assert_int_equal(deliver(), 1);
    lr_queue_latch(&queue, 48, true);
    lr_queue_reset(&queue);
    assert_false(queue.enabled);
    assert_false(lr_queue_is_pending(&queue, 48));
    assert_int_equal(lr_queue_in_flight(&queue), 1);
    assert_int_equal(lr_queue_ended(&queue, 0), 48);
}

static void fewer_lrs_are_respected(void **state)
{
    (void)state;
    lr_queue_limit(&queue, 2);
    lr_queue_limit(&queue, 3);
    for (uint32_t intid = 40; intid < 44; intid++) {
        enable(intid, true, 0);
        lr_queue_latch(&queue, intid, true);
    }
    assert_int_equal(deliver(), 2);
}

static void nonsense_is_ignored(void **state)
{
    const struct platform_virq virq = {.enabled = true};

    (void)state;
    lr_queue_configure(&queue, LR_QUEUE_INTIDS, &virq);
    lr_queue_latch(&queue, LR_QUEUE_INTIDS, true);
    lr_queue_set_level(&queue, UINT32_MAX, true);
    lr_queue_set_active(&queue, UINT32_MAX, true);
    lr_queue_sent(&queue, UINT32_MAX, 0);
    lr_queue_sent(&queue, 40, LR_QUEUE_LRS);
    assert_false(lr_queue_is_pending(&queue, LR_QUEUE_INTIDS));
    assert_false(lr_queue_is_active(&queue, LR_QUEUE_INTIDS));
    assert_false(lr_queue_is_enabled(&queue, LR_QUEUE_INTIDS));
    assert_int_equal(lr_queue_ended(&queue, 0), LR_QUEUE_NONE);
    assert_int_equal(lr_queue_ended(&queue, LR_QUEUE_LRS), LR_QUEUE_NONE);
    assert_int_equal(deliver(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_pending_interrupt_takes_a_free_lr, set_up),
        cmocka_unit_test_setup(what_is_disabled_waits, set_up),
        cmocka_unit_test_setup(none_is_lost_for_want_of_an_lr, set_up),
        cmocka_unit_test_setup(the_highest_priority_goes_first, set_up),
        cmocka_unit_test_setup(what_can_never_be_signalled_takes_no_lr, set_up),
        cmocka_unit_test_setup(one_interrupt_is_never_in_two_lrs, set_up),
        cmocka_unit_test_setup(a_level_that_is_still_high_comes_again, set_up),
        cmocka_unit_test_setup(a_level_means_nothing_to_an_edge_interrupt, set_up),
        cmocka_unit_test_setup(an_active_interrupt_is_held_back, set_up),
        cmocka_unit_test_setup(what_waits_moves_with_its_configuration, set_up),
        cmocka_unit_test_setup(what_is_in_flight_is_ended_where_it_is, set_up),
        cmocka_unit_test_setup(an_sgi_has_its_senders, set_up),
        cmocka_unit_test_setup(a_reset_keeps_what_the_hardware_keeps, set_up),
        cmocka_unit_test_setup(fewer_lrs_are_respected, set_up),
        cmocka_unit_test_setup(nonsense_is_ignored, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
