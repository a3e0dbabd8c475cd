/* SPDX-License-Identifier: BSD-2-Clause */
/** Virtual interrupts: what a guest is signalled, with a model of the GIC's virtual CPU interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/include/syscall.h"
#include "tests/mock/lr_guest.h"

#define ENABLED SYSCALL_VIRQ_ENABLED
#define LEVEL SYSCALL_VIRQ_LEVEL

static int setup(void **state)
{
    struct lr_guest *guest = calloc(1, sizeof *guest);

    virq_init(&guest->state, 4);
    virq_enable(&guest->state, true);
    *state = guest;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static void edge_is_delivered_once(void **state)
{
    struct lr_guest *guest = *state;

    virq_configure(&guest->state, 40, ENABLED, 0xa0);
    virq_pend(&guest->state, 40, 0);
    virq_pend(&guest->state, 40, 0);
    assert_true(virq_is_pending(&guest->state));
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 40);
    lr_guest_leave(guest);
    assert_false(virq_is_pending(&guest->state));
    assert_int_equal(virq_get(&guest->state, 40), SYSCALL_VIRQ_IS_ACTIVE);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), LR_GUEST_NONE);
    assert_false(lr_guest_end(guest));
    lr_guest_leave(guest);
    assert_int_equal(virq_get(&guest->state, 40), 0);
}

/* A list register says which group its interrupt is of, also if that changes while it waits there. */
static void group_is_in_the_list_register(void **state)
{
    struct lr_guest *guest = *state;
    struct virq_state *virq = &guest->state;

    virq_configure(virq, 40, ENABLED | SYSCALL_VIRQ_GROUP1, 0xa0);
    assert_true(virq_is_group1(virq, 40));
    virq_pend(virq, 40, 0);
    (void)virq_fill(virq);
    assert_int_equal(virq->lrs[0], VIRQ_LR_GROUP1 | VIRQ_LR_PENDING | 0x14u << VIRQ_LR_PRIORITY_SHIFT | 40);
    virq->dirty = 0;
    virq_configure(virq, 40, ENABLED, 0xa0);
    assert_int_equal(virq->lrs[0], VIRQ_LR_PENDING | 0x14u << VIRQ_LR_PRIORITY_SHIFT | 40);
    assert_int_equal(virq->dirty, 1);
    virq_configure(virq, 41, ENABLED, 0xa0);
    virq_pend(virq, 41, 0);
    (void)virq_fill(virq);
    assert_int_equal(virq->lrs[1], VIRQ_LR_PENDING | 0x14u << VIRQ_LR_PRIORITY_SHIFT | 41);
}

static void edge_while_active_comes_again(void **state)
{
    struct lr_guest *guest = *state;

    virq_configure(&guest->state, 40, ENABLED, 0xa0);
    virq_pend(&guest->state, 40, 0);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 40);
    lr_guest_leave(guest);
    virq_pend(&guest->state, 40, 0);
    lr_guest_enter(guest);
    (void)lr_guest_end(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 40);
}

static void level_follows_its_line(void **state)
{
    struct lr_guest *guest = *state;

    virq_configure(&guest->state, 50, ENABLED | LEVEL, 0xa0);
    virq_set_line(&guest->state, 50, true);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 50);
    /* Still high at the end of the handler: maintenance, and again. */
    assert_true(lr_guest_end(guest));
    lr_guest_leave(guest);
    assert_true(virq_is_pending(&guest->state));
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 50);
    lr_guest_leave(guest);
    /* Lowered inside the handler: the end costs no exit. */
    virq_set_line(&guest->state, 50, false);
    lr_guest_enter(guest);
    assert_false(lr_guest_end(guest));
    lr_guest_leave(guest);
    assert_false(virq_is_pending(&guest->state));
    assert_int_equal(guest->state.used, 0);
}

static void lowered_line_withdraws_a_pending_one(void **state)
{
    struct lr_guest *guest = *state;

    virq_configure(&guest->state, 50, ENABLED | LEVEL, 0xa0);
    virq_set_line(&guest->state, 50, true);
    lr_guest_enter(guest);
    lr_guest_leave(guest);
    virq_set_line(&guest->state, 50, false);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), LR_GUEST_NONE);
}

static void disabled_ones_keep_their_state(void **state)
{
    struct lr_guest *guest = *state;

    virq_pend(&guest->state, 60, 0);
    assert_false(virq_is_pending(&guest->state));
    assert_int_equal(virq_get(&guest->state, 60), SYSCALL_VIRQ_IS_PENDING);
    virq_configure(&guest->state, 60, ENABLED, 0);
    lr_guest_enter(guest);
    lr_guest_leave(guest);
    virq_configure(&guest->state, 60, 0, 0);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), LR_GUEST_NONE);
    lr_guest_leave(guest);
    virq_configure(&guest->state, 60, ENABLED, 0);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 60);
}

static void distributor_off_signals_nothing(void **state)
{
    struct lr_guest *guest = *state;

    virq_configure(&guest->state, 60, ENABLED, 0);
    virq_pend(&guest->state, 60, 0);
    lr_guest_enter(guest);
    lr_guest_leave(guest);
    virq_enable(&guest->state, false);
    assert_false(virq_is_pending(&guest->state));
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), LR_GUEST_NONE);
    lr_guest_leave(guest);
    virq_enable(&guest->state, true);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 60);
}

static void sgi_comes_once_per_source(void **state)
{
    struct lr_guest *guest = *state;
    uint32_t seen = 0;

    virq_configure(&guest->state, 3, ENABLED, 0x80);
    virq_pend(&guest->state, 3, 0);
    virq_pend(&guest->state, 3, 2);
    virq_pend(&guest->state, 3, 2);
    virq_pend(&guest->state, 3, 7);
    for (uint32_t i = 0; i < 3; i++) {
        lr_guest_enter(guest);
        uint32_t iar = lr_guest_acknowledge(guest);
        assert_int_equal(iar & 0x3ff, 3);
        seen |= 1u << (iar >> 10 & 7);
        (void)lr_guest_end(guest);
        lr_guest_leave(guest);
    }
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), LR_GUEST_NONE);
    assert_int_equal(seen, 1u << 0 | 1u << 2 | 1u << 7);
}

static void most_urgent_first_when_lrs_are_short(void **state)
{
    struct lr_guest *guest = *state;

    for (uint32_t i = 0; i < 8; i++) {
        virq_configure(&guest->state, 32 + i, ENABLED, (uint8_t)(0xf0 - 16 * i));
        virq_pend(&guest->state, 32 + i, 0);
    }
    for (uint32_t i = 8; i-- > 0;) {
        lr_guest_enter(guest);
        assert_int_equal(guest->state.need_maintenance, i >= 4);
        assert_int_equal(lr_guest_acknowledge(guest), 32 + i);
        (void)lr_guest_end(guest);
        lr_guest_leave(guest);
    }
    assert_false(virq_is_pending(&guest->state));
}

static void urgent_one_displaces_a_pending_one(void **state)
{
    struct lr_guest *guest = *state;

    for (uint32_t i = 0; i < 4; i++) {
        virq_configure(&guest->state, 32 + i, ENABLED, 0xa0);
        virq_pend(&guest->state, 32 + i, 0);
    }
    lr_guest_enter(guest);
    lr_guest_leave(guest);
    virq_configure(&guest->state, 99, ENABLED, 0x20);
    virq_pend(&guest->state, 99, 0);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 99);
    (void)lr_guest_end(guest);
    for (uint32_t i = 0; i < 4; i++) {
        lr_guest_leave(guest);
        lr_guest_enter(guest);
        assert_in_range(lr_guest_acknowledge(guest), 32, 35);
        (void)lr_guest_end(guest);
    }
}

static void nested_deeper_than_lrs(void **state)
{
    struct lr_guest *guest = *state;

    /* Each preempts the one before: more active ones than LRs. */
    for (uint32_t i = 0; i < 8; i++) {
        virq_configure(&guest->state, 32 + i, ENABLED, (uint8_t)(0xf0 - 16 * i));
        virq_pend(&guest->state, 32 + i, 0);
        lr_guest_enter(guest);
        assert_int_equal(lr_guest_acknowledge(guest), 32 + i);
        lr_guest_leave(guest);
    }
    assert_int_equal(guest->state.spilled_count, 4);
    while (guest->depth > 0) {
        lr_guest_enter(guest);
        (void)lr_guest_end(guest);
        lr_guest_leave(guest);
    }
    assert_int_equal(guest->state.spilled_count, 0);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(virq_get(&guest->state, 32 + i), 0);
    }
}

static void linked_interrupt_uses_a_linked_lr(void **state)
{
    struct lr_guest *guest = *state;

    virq_configure(&guest->state, 27, ENABLED | LEVEL, 0x80);
    virq_pend_hw(&guest->state, 27, 27);
    lr_guest_enter(guest);
    assert_int_equal(guest->lrs[0], VIRQ_LR_HW | VIRQ_LR_PENDING | 16u << 23 | 27u << 10 | 27u);
    assert_int_equal(lr_guest_acknowledge(guest), 27);
    assert_false(lr_guest_end(guest));
    lr_guest_leave(guest);
    assert_int_equal(virq_get(&guest->state, 27), 0);
    assert_int_equal(guest->state.words[0].linked, 0);
}

static void linked_one_follows_a_software_one(void **state)
{
    struct lr_guest *guest = *state;

    virq_configure(&guest->state, 27, ENABLED, 0x80);
    virq_pend(&guest->state, 27, 0);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 27);
    lr_guest_leave(guest);
    virq_pend_hw(&guest->state, 27, 27);
    lr_guest_enter(guest);
    assert_true(lr_guest_end(guest));
    lr_guest_leave(guest);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 27);
    assert_int_not_equal(guest->lrs[guest->state.irqs[27].lr - 1] & VIRQ_LR_HW, 0);
}

static void count_drop(void *context, uint32_t physical)
{
    *(uint32_t *)context += physical;
}

static void clear_forgets_and_reports_linked_ones(void **state)
{
    struct lr_guest *guest = *state;
    uint32_t dropped = 0;

    virq_configure(&guest->state, 27, ENABLED, 0x80);
    virq_configure(&guest->state, 50, ENABLED | LEVEL, 0x80);
    virq_pend_hw(&guest->state, 27, 30);
    virq_pend(&guest->state, 3, 1);
    virq_set_line(&guest->state, 50, true);
    lr_guest_enter(guest);
    (void)lr_guest_acknowledge(guest);
    lr_guest_leave(guest);
    virq_clear(&guest->state, count_drop, &dropped);
    assert_int_equal(dropped, 30);
    assert_int_equal(guest->state.used, 0);
    assert_int_equal(virq_get(&guest->state, 27), 0);
    assert_int_equal(virq_get(&guest->state, 3), 0);
    /* A line is the device's, not the vCPU's. */
    assert_int_equal(virq_get(&guest->state, 50), SYSCALL_VIRQ_IS_PENDING);
    guest->depth = 0;
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 50);
}

static void ignore_drop(void *context, uint32_t physical)
{
    (void)context;
    (void)physical;
}

static uint8_t some_priority(uint32_t intid)
{
    return (uint8_t)(intid * 37 % 32 * 8);
}

/* All that a guest can set pending, in all priorities: the most urgent is first, and lowest INTIDs before
 * others. */
static void all_pending_come_in_order(void **state)
{
    struct lr_guest *guest = *state;
    uint32_t last = 0;

    virq_enable(&guest->state, false);
    for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
        virq_configure(&guest->state, i, ENABLED, some_priority(i));
        virq_pend(&guest->state, i, 0);
    }
    assert_false(virq_is_pending(&guest->state));
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), LR_GUEST_NONE);
    lr_guest_leave(guest);
    virq_enable(&guest->state, true);
    for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
        lr_guest_enter(guest);
        const uint32_t intid = lr_guest_acknowledge(guest) & VIRQ_LR_ID_MASK;
        const uint32_t order = (uint32_t)some_priority(intid) << 16 | intid;

        assert_int_not_equal(intid, LR_GUEST_NONE);
        assert_true(i == 0 || order >> 16 >= last >> 16);
        last = order;
        (void)lr_guest_end(guest);
        lr_guest_leave(guest);
    }
    assert_false(virq_is_pending(&guest->state));
}

static void clear_forgets_all_of_them(void **state)
{
    struct lr_guest *guest = *state;

    for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
        virq_configure(&guest->state, i, ENABLED, some_priority(i));
        virq_pend(&guest->state, i, i % 8);
        if (i % 3 == 0) {
            (void)virq_set_active(&guest->state, i, true);
        }
    }
    lr_guest_enter(guest);
    lr_guest_leave(guest);
    virq_clear(&guest->state, ignore_drop, NULL);
    assert_false(virq_is_pending(&guest->state));
    for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
        assert_int_equal(virq_get(&guest->state, i), 0);
    }
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), LR_GUEST_NONE);
    /* And nothing of it comes back with another priority. */
    for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
        virq_configure(&guest->state, i, ENABLED, 0);
    }
    assert_false(virq_is_pending(&guest->state));
    virq_pend(&guest->state, 40, 0);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 40);
}

/* What is queued, or active in no LR, may change its priority. */
static void priorities_change_under_way(void **state)
{
    struct lr_guest *guest = *state;

    for (uint32_t i = 0; i < 8; i++) {
        virq_configure(&guest->state, 32 + i, ENABLED, 0x80);
        virq_pend(&guest->state, 32 + i, 0);
    }
    lr_guest_enter(guest);
    lr_guest_leave(guest);
    virq_configure(&guest->state, 39, ENABLED, 0x10);
    virq_configure(&guest->state, 38, ENABLED, 0xf0);
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 39);
    (void)lr_guest_end(guest);
    lr_guest_leave(guest);
    for (uint32_t i = 0; i < 7; i++) {
        lr_guest_enter(guest);
        const uint32_t intid = lr_guest_acknowledge(guest);
        assert_true(i == 6 ? intid == 38 : intid < 38);
        (void)lr_guest_end(guest);
        lr_guest_leave(guest);
    }
    assert_false(virq_set_active(&guest->state, 50, true));
    virq_configure(&guest->state, 50, ENABLED, 0x40);
    assert_int_equal(virq_get(&guest->state, 50), SYSCALL_VIRQ_IS_ACTIVE);
    virq_fold_eois(&guest->state, 1);
    assert_int_equal(virq_get(&guest->state, 50), 0);
    assert_int_equal(guest->state.spilled_count, 0);
}

static void active_state_can_be_written(void **state)
{
    struct lr_guest *guest = *state;

    virq_configure(&guest->state, 70, ENABLED, 0);
    assert_false(virq_set_active(&guest->state, 70, true));
    virq_pend(&guest->state, 70, 0);
    assert_false(virq_is_pending(&guest->state));
    assert_int_equal(virq_get(&guest->state, 70), SYSCALL_VIRQ_IS_PENDING | SYSCALL_VIRQ_IS_ACTIVE);
    assert_false(virq_set_active(&guest->state, 70, false));
    lr_guest_enter(guest);
    assert_int_equal(lr_guest_acknowledge(guest), 70);
    lr_guest_leave(guest);
    assert_false(virq_set_active(&guest->state, 70, false));
    assert_int_equal(virq_get(&guest->state, 70), 0);
}

/* Random operations and a guest that takes and ends interrupts: after it all, each latch set and not
   withdrawn has been delivered, and nothing is left over. */
/* The maintenance interrupt "none pending" would come forever: active and pending is not pending. */
static void active_and_pending_is_not_pending(void **state)
{
    struct lr_guest *guest = *state;

    for (uint32_t i = 40; i < 44; i++) {
        virq_configure(&guest->state, i, ENABLED, 0);
        virq_pend(&guest->state, i, 0);
    }
    lr_guest_enter(guest);
    assert_true(virq_has_pending_lr(&guest->state));
    for (uint32_t i = 40; i < 44; i++) {
        assert_false(virq_set_active(&guest->state, i, true));
    }
    for (uint32_t i = 40; i < 44; i++) {
        virq_pend(&guest->state, i, 0);
    }
    lr_guest_enter(guest);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(guest->lrs[i] & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE),
                         VIRQ_LR_PENDING | VIRQ_LR_ACTIVE);
    }
    assert_true(virq_is_pending(&guest->state));
    assert_false(virq_has_pending_lr(&guest->state));
}

static void random_use_loses_nothing(void **state)
{
    struct lr_guest *guest = *state;
    bool expected[64] = {false};

    srand(1);
    for (uint32_t i = 0; i < 64; i++) {
        virq_configure(&guest->state, 32 + i, ENABLED, (uint8_t)(rand() & 0xff));
    }
    for (uint32_t turn = 0; turn < 20000; turn++) {
        for (int i = rand() % 6; i > 0; i--) {
            uint32_t n = (uint32_t)rand() % 64;
            virq_pend(&guest->state, 32 + n, 0);
            expected[n] = true;
        }
        lr_guest_enter(guest);
        for (int i = rand() % 4; i > 0; i--) {
            uint32_t intid = guest->depth < 32 ? lr_guest_acknowledge(guest) : LR_GUEST_NONE;
            if (intid != LR_GUEST_NONE) {
                expected[intid - 32] = false;
            } else if (guest->depth > 0) {
                (void)lr_guest_end(guest);
            }
        }
        if (guest->depth > 0 && rand() % 2 == 0) {
            (void)lr_guest_end(guest);
        }
        lr_guest_leave(guest);
        for (uint32_t n = 0; n < 64; n++) {
            assert_int_equal(virq_get(&guest->state, 32 + n) & SYSCALL_VIRQ_IS_PENDING, expected[n]);
        }
    }
    for (uint32_t turn = 0; turn < 1000; turn++) {
        lr_guest_enter(guest);
        if (lr_guest_acknowledge(guest) != LR_GUEST_NONE || guest->depth > 0) {
            (void)lr_guest_end(guest);
        }
        lr_guest_leave(guest);
    }
    assert_false(virq_is_pending(&guest->state));
    assert_int_equal(guest->state.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(edge_is_delivered_once, setup, teardown),
        cmocka_unit_test_setup_teardown(group_is_in_the_list_register, setup, teardown),
        cmocka_unit_test_setup_teardown(edge_while_active_comes_again, setup, teardown),
        cmocka_unit_test_setup_teardown(level_follows_its_line, setup, teardown),
        cmocka_unit_test_setup_teardown(lowered_line_withdraws_a_pending_one, setup, teardown),
        cmocka_unit_test_setup_teardown(disabled_ones_keep_their_state, setup, teardown),
        cmocka_unit_test_setup_teardown(distributor_off_signals_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(sgi_comes_once_per_source, setup, teardown),
        cmocka_unit_test_setup_teardown(most_urgent_first_when_lrs_are_short, setup, teardown),
        cmocka_unit_test_setup_teardown(urgent_one_displaces_a_pending_one, setup, teardown),
        cmocka_unit_test_setup_teardown(nested_deeper_than_lrs, setup, teardown),
        cmocka_unit_test_setup_teardown(linked_interrupt_uses_a_linked_lr, setup, teardown),
        cmocka_unit_test_setup_teardown(linked_one_follows_a_software_one, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_forgets_and_reports_linked_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(all_pending_come_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(clear_forgets_all_of_them, setup, teardown),
        cmocka_unit_test_setup_teardown(priorities_change_under_way, setup, teardown),
        cmocka_unit_test_setup_teardown(active_state_can_be_written, setup, teardown),
        cmocka_unit_test_setup_teardown(active_and_pending_is_not_pending, setup, teardown),
        cmocka_unit_test_setup_teardown(random_use_loses_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
