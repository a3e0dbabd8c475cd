/* SPDX-License-Identifier: BSD-2-Clause */
/** Scheduling: priorities, round robin, budgets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/account.h"
#include "kernel/core/charge.h"
#include "kernel/core/child.h"
#include "kernel/core/dispatch.h"
#include "kernel/core/notification.h"
#include "kernel/core/sched.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_virq.h"
#include "tests/mock/mock_kernel.h"

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

static int setup(void **state)
{
    *state = mock_kernel_new(5, 2);
    return 0;
}

static void wake(struct mock_kernel *mock, uint32_t index)
{
    notification_send(mock_kernel_pd(mock, index), 1);
}

static struct thread *thread(struct mock_kernel *mock, uint32_t index)
{
    return &mock_kernel_pd(mock, index)->thread;
}

static void highest_priority_runs(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    assert_null(mock_kernel_pick(mock));
    wake(mock, 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    wake(mock, 0);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    wake(mock, 3);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 3));
    mock_kernel_wait(mock, 3);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    mock_kernel_wait(mock, 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
    mock_kernel_wait(mock, 0);
    assert_null(mock_kernel_pick(mock));
}

static void extreme_priorities_work(void **state)
{
    struct mock_kernel *mock = *state;

    mock->pds[0].priority = 0;
    mock->pds[1].priority = 254;
    mock->pds[2].priority = 63;
    mock->pds[3].priority = 64;
    mock_kernel_boot(mock);
    for (uint32_t i = 0; i < 4; i++) {
        wake(mock, i);
    }
    const uint32_t order[] = {1, 3, 2, 0};
    for (uint32_t i = 0; i < 4; i++) {
        assert_ptr_equal(mock_kernel_pick(mock), thread(mock, order[i]));
        mock_kernel_wait(mock, order[i]);
    }
}

static void equals_take_turns(void **state)
{
    struct mock_kernel *mock = *state;

    mock->pds[1].priority = mock->pds[0].priority;
    mock_kernel_boot(mock);
    wake(mock, 0);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
    /* Alone in its priority it needs no timer. */
    assert_true(arch_fake.deadline == ARCH_NEVER);
    wake(mock, 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
    assert_int_equal(arch_fake.deadline, 2000);
    mock_kernel_advance(mock, 1999);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
    mock_kernel_advance(mock, 2000);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    assert_int_equal(arch_fake.deadline, 3000);
    mock_kernel_advance(mock, 3000);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
}

static void preempted_one_goes_on_first(void **state)
{
    struct mock_kernel *mock = *state;

    mock->pds[1].priority = mock->pds[0].priority;
    mock_kernel_boot(mock);
    wake(mock, 0);
    wake(mock, 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
    wake(mock, 3);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 3));
    mock_kernel_wait(mock, 3);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
}

static void yield_goes_behind_equals(void **state)
{
    struct mock_kernel *mock = *state;

    mock->pds[1].priority = mock->pds[0].priority;
    mock_kernel_boot(mock);
    wake(mock, 0);
    wake(mock, 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
    (void)mock_kernel_call(mock, 0, SYSCALL_YIELD, 0, 0, 0, 0);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    (void)mock_kernel_call(mock, 1, SYSCALL_YIELD, 0, 0, 0, 0);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
}

/* PD 1 spins with 200 of 1000 us, PD 0 spins below it: over 100 periods PD 1 gets its fifth and no more. */
static void budget_holds_a_spinner_to_its_share(void **state)
{
    struct mock_kernel *mock = *state;
    uint64_t used[2] = {0, 0};

    mock->pds[1].budget_us = 200;
    mock->pds[1].period_us = 1000;
    mock_kernel_boot(mock);
    wake(mock, 0);
    wake(mock, 1);
    uint64_t end = arch_fake.now + 100000;
    while (arch_fake.now < end) {
        struct thread *running = mock_kernel_pick(mock);
        uint64_t next = arch_fake.deadline < end ? arch_fake.deadline : end;

        assert_non_null(running);
        assert_true(next > arch_fake.now);
        used[running->index] += next - arch_fake.now;
        mock_kernel_advance(mock, next);
    }
    assert_in_range(used[1], 19800, 20400);
    assert_int_equal(used[0] + used[1], 100000);
}

/* PD 1 may run for 200 of 1000 us. It does so for 1 us at a time, and then has PD 3 work for 9: together they
 * get the fifth, and PD 0, which is no more important than PD 1, the rest. */
static void who_asks_for_work_pays_for_it(void **state)
{
    struct mock_kernel *mock = *state;
    uint64_t used[4] = {0};

    mock->pds[1].budget_us = 200;
    mock->pds[1].period_us = 1000;
    mock->pds[1].priority = mock->pds[0].priority;
    mock_kernel_boot(mock);
    wake(mock, 1);
    wake(mock, 0);
    const uint64_t end = arch_fake.now + 100000;
    while (arch_fake.now < end) {
        struct thread *running = mock_kernel_pick(mock);
        const uint64_t step = running == thread(mock, 1) ? 1 : running == thread(mock, 3) ? 9 : 10;

        assert_non_null(running);
        used[running->index] += step;
        if (arch_fake.now + step >= arch_fake.deadline) {
            mock_kernel_advance(mock, arch_fake.now + step);
        } else {
            arch_fake.now += step;
        }
        if (running == thread(mock, 1) && running->state == THREAD_READY &&
            !running->budget_owner->throttled) {
            account_ask(running, mock_kernel_pd(mock, 3));
            wake(mock, 3);
        } else if (running == thread(mock, 3)) {
            mock_kernel_wait(mock, 3);
        }
    }
    assert_in_range(used[1] + used[3], 15000, 20500);
    assert_true(used[3] > 8 * used[1]);
    assert_true(used[0] > 78000);
}

/* PD 1 calls the passive PD 2, which runs on PD 1's time: that is paid once, and PD 1 may have asked for more
 * before. */
static void a_call_is_paid_once(void **state)
{
    for (int asks = 0; asks <= 1; asks++) {
        struct mock_kernel *mock = *state;

        mock->pds[1].budget_us = 200;
        mock->pds[2].flags = SYSDESC_PD_PASSIVE;
        mock_kernel_join(mock, 1, 5, 2, 6);
        mock->pds[1].channels[5].kind |= SYSDESC_CHANNEL_PPC;
        mock_kernel_boot(mock);
        wake(mock, 1);
        assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
        if (asks != 0) {
            account_ask(thread(mock, 1), mock_kernel_pd(mock, 3));
        }
        (void)mock_kernel_call(mock, 1, SYSCALL_PPC, 5, 0, 0, 0);
        assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 2));
        arch_fake.now += 150;
        (void)mock_kernel_call(mock, 2, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, 0, 0, 0);
        assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
        assert_int_equal(thread(mock, 1)->budget_owner->remaining, 50);
        assert_int_equal(thread(mock, 2)->own.remaining, 1000);
        (void)teardown(state);
        (void)setup(state);
    }
}

/* PD 1 calls PD 2, which calls PD 3, both passive; PD 3 has used up PD 1's budget. */
static void start_chain(struct mock_kernel *mock)
{
    mock->pds[1].budget_us = 200;
    mock->pds[2].budget_us = 300;
    mock->pds[2].flags = SYSDESC_PD_PASSIVE;
    mock->pds[3].flags = SYSDESC_PD_PASSIVE;
    mock_kernel_join(mock, 1, 5, 2, 6);
    mock->pds[1].channels[5].kind |= SYSDESC_CHANNEL_PPC;
    mock_kernel_join(mock, 2, 7, 3, 8);
    mock->pds[2].channels[7].kind |= SYSDESC_CHANNEL_PPC;
    mock_kernel_adopt(mock, 4, 1, 0);
    mock_kernel_boot(mock);
    wake(mock, 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    (void)mock_kernel_call(mock, 1, SYSCALL_PPC, 5, 0, 0, 0);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 2));
    (void)mock_kernel_call(mock, 2, SYSCALL_PPC, 7, 0, 0, 0);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 3));
    assert_ptr_equal(thread(mock, 3)->budget_owner, &thread(mock, 1)->own);
}

static void restart_caller(struct mock_kernel *mock)
{
    notification_send(mock_kernel_pd(mock, 4), 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 4));
    (void)mock_kernel_call(mock, 4, SYSCALL_PD_RESTART, 0, 0x1000, 0, 0);
    mock_kernel_wait(mock, 4);
}

/* Who called is restarted: it has its budget for itself, and the chain goes on with that of its first PD. */
static void restarted_caller_has_its_budget_back(void **state)
{
    struct mock_kernel *mock = *state;

    start_chain(mock);
    mock_kernel_advance(mock, arch_fake.now + 100);
    restart_caller(mock);
    assert_ptr_equal(thread(mock, 2)->budget_owner, &thread(mock, 2)->own);
    assert_ptr_equal(thread(mock, 3)->budget_owner, &thread(mock, 2)->own);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 3));
    mock_kernel_advance(mock, arch_fake.now + 50);
    (void)mock_kernel_call(mock, 3, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, 0, 0, 0);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 2));
    assert_ptr_equal(thread(mock, 3)->budget_owner, &thread(mock, 3)->own);
    (void)mock_kernel_call(mock, 2, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, 0, 0, 0);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    /* The rest was done for it as well, on another's budget. */
    assert_int_equal(thread(mock, 1)->own.remaining, 50);
    assert_int_equal(thread(mock, 2)->own.remaining, 250);
}

/* In the middle of the chain: what it had called goes on with its own budget. */
static void restarted_server_gives_up_both_sides(void **state)
{
    struct mock_kernel *mock = *state;

    start_chain(mock);
    child_restart(mock_kernel_pd(mock, 2), 0x1000);
    assert_int_equal(thread(mock, 1)->state, THREAD_READY);
    assert_int_equal(thread(mock, 1)->context.x[0], SYSCALL_INVALID);
    assert_ptr_equal(thread(mock, 2)->budget_owner, &thread(mock, 2)->own);
    assert_ptr_equal(thread(mock, 3)->budget_owner, &thread(mock, 3)->own);
}

/* Several that wait for one budget all go on when its period ends. */
static void all_that_share_a_budget_go_on(void **state)
{
    struct mock_kernel *mock = *state;

    mock->pds[1].budget_us = 200;
    mock_kernel_boot(mock);
    for (uint32_t i = 1; i < 4; i++) {
        charge_set_payer(thread(mock, i), &thread(mock, 1)->own);
        wake(mock, i);
    }
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 3));
    mock_kernel_advance(mock, arch_fake.deadline);
    assert_true(thread(mock, 3)->budget_owner->throttled);
    wake(mock, 0);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
    mock_kernel_advance(mock, arch_fake.deadline);
    for (uint32_t i = 3; i > 0; i--) {
        assert_ptr_equal(mock_kernel_pick(mock), thread(mock, i));
        mock_kernel_wait(mock, i);
    }
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
}

/* Who may run all the time pays with its slices, but only to equals that wait for theirs. */
static void without_equals_nothing_is_owed(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    wake(mock, 0);
    (void)mock_kernel_pick(mock);
    account_ask(thread(mock, 0), mock_kernel_pd(mock, 3));
    wake(mock, 3);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 3));
    arch_fake.now += 50000;
    mock_kernel_wait(mock, 3);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
    assert_int_equal(thread(mock, 0)->own.remaining, 1000);
    assert_true(arch_fake.deadline == ARCH_NEVER);
}

static void blocked_ones_keep_no_more_than_their_budget(void **state)
{
    struct mock_kernel *mock = *state;

    mock->pds[1].budget_us = 200;
    mock->pds[1].period_us = 1000;
    mock_kernel_boot(mock);
    arch_fake.now = 50000;
    wake(mock, 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    assert_int_equal(arch_fake.deadline, 50200);
    /* Block after half of it, come back: the other half is left. */
    arch_fake.now = 50100;
    mock_kernel_wait(mock, 1);
    assert_null(mock_kernel_pick(mock));
    arch_fake.now = 50500;
    wake(mock, 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    assert_int_equal(arch_fake.deadline, 50600);
    mock_kernel_advance(mock, 50600);
    assert_null(mock_kernel_pick(mock));
    assert_int_equal(arch_fake.deadline, 51000);
    mock_kernel_advance(mock, 51000);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
    assert_int_equal(arch_fake.deadline, 51200);
}

static void throttled_one_may_block_and_come_back(void **state)
{
    struct mock_kernel *mock = *state;

    mock->pds[1].budget_us = 200;
    mock->pds[1].period_us = 1000;
    mock_kernel_boot(mock);
    wake(mock, 1);
    (void)mock_kernel_pick(mock);
    mock_kernel_advance(mock, arch_fake.deadline);
    assert_null(mock_kernel_pick(mock));
    /* Stopped by a parent while throttled, resumed after its period. */
    thread(mock, 1)->suspended = true;
    sched_update(thread(mock, 1));
    assert_null(mock_kernel_pick(mock));
    assert_true(arch_fake.deadline == ARCH_NEVER);
    arch_fake.now = 5000;
    thread(mock, 1)->suspended = false;
    sched_update(thread(mock, 1));
    assert_null(mock_kernel_pick(mock));
    assert_true(arch_fake.deadline <= arch_fake.now);
    mock_kernel_advance(mock, arch_fake.now);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 1));
}

static void idle_vcpu_is_woken_in_time(void **state)
{
    struct mock_kernel *mock = *state;
    struct thread *vcpu = &mock_kernel_vcpu(mock, 0)->thread;

    mock_kernel_boot(mock);
    vcpu->state = THREAD_IDLE;
    sched_wake_at(vcpu, 7000);
    assert_null(mock_kernel_pick(mock));
    assert_int_equal(arch_fake.deadline, 7000);
    mock_kernel_advance(mock, 7000);
    assert_ptr_equal(mock_kernel_pick(mock), vcpu);
    assert_true(arch_fake.deadline == ARCH_NEVER);
}

/* Two vCPUs of one priority: one sleeps on its timer, the other one only computes. */
static void sleepers_timer_is_set_when_another_takes_the_core(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *sleeper = mock_kernel_vcpu(mock, 0);
    struct vcpu *worker = mock_kernel_vcpu(mock, 1);

    mock_kernel_boot(mock);
    worker->vm_first = 1; /* of another VM */
    vcpu_start(sleeper, 0, 0);
    vcpu_start(worker, 0, 0);
    assert_ptr_equal(mock_kernel_pick(mock), &sleeper->thread);
    sleeper->arch.cntv_ctl = ARCH_FAKE_TIMER_ENABLED;
    sleeper->arch.cntv_cval = arch_fake.now + 300;
    const uint64_t due = sleeper->arch.cntv_cval;
    vcpu_wait(sleeper);
    assert_ptr_equal(mock_kernel_pick(mock), &worker->thread);
    assert_ptr_equal(mock->kernel.cores[0].loaded, worker);
    assert_int_equal(arch_fake.deadline, due);
    /* It runs at once, with the interrupt, and needs nobody else's time. */
    mock_kernel_advance(mock, due);
    assert_ptr_equal(mock_kernel_pick(mock), &sleeper->thread);
    assert_int_equal(arch_fake_vtimer(&mock->kernel.cores[0]), due);
    vcpu_wait(sleeper);
    assert_ptr_equal(mock_kernel_pick(mock), &worker->thread);
}

static void loaded_sleepers_timer_wakes_it(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *sleeper = mock_kernel_vcpu(mock, 0);

    mock_kernel_boot(mock);
    vcpu_start(sleeper, 0, 0);
    vcpu_virq_enable(sleeper, true);
    assert_int_equal(vcpu_virq_configure(sleeper, 27, SYSCALL_VIRQ_ENABLED), SYSCALL_OK);
    (void)mock_kernel_pick(mock);
    sleeper->arch.cntv_ctl = ARCH_FAKE_TIMER_ENABLED;
    sleeper->arch.cntv_cval = arch_fake.now + 300;
    vcpu_wait(sleeper);
    assert_null(mock_kernel_pick(mock));
    /* The core's own timer has nothing to do with it. */
    assert_true(arch_fake.deadline == ARCH_NEVER);
    mock_kernel_advance(mock, sleeper->arch.cntv_cval);
    assert_ptr_equal(mock_kernel_pick(mock), &sleeper->thread);
}

/* Three of one priority: two compute, the one whose time has come runs before both. */
static void woken_by_its_timer_it_runs_before_its_equals(void **state)
{
    struct mock_kernel *mock = *state;
    struct thread *vcpu = &mock_kernel_vcpu(mock, 0)->thread;

    mock->pds[0].priority = mock->pds[1].priority = mock->vcpus[0].priority;
    mock_kernel_boot(mock);
    vcpu->state = THREAD_IDLE;
    sched_wake_at(vcpu, arch_fake.now + 300);
    wake(mock, 0);
    wake(mock, 1);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
    mock_kernel_advance(mock, arch_fake.now + 300);
    assert_ptr_equal(mock_kernel_pick(mock), vcpu);
    vcpu->state = THREAD_IDLE;
    sched_update(vcpu);
    assert_ptr_equal(mock_kernel_pick(mock), thread(mock, 0));
}

static void early_wake_forgets_the_alarm(void **state)
{
    struct mock_kernel *mock = *state;
    struct thread *vcpu = &mock_kernel_vcpu(mock, 0)->thread;

    mock_kernel_boot(mock);
    vcpu->state = THREAD_IDLE;
    sched_wake_at(vcpu, 7000);
    vcpu->state = THREAD_READY;
    sched_update(vcpu);
    assert_ptr_equal(mock_kernel_pick(mock), vcpu);
    assert_true(arch_fake.deadline == ARCH_NEVER);
}

static void idle_time_is_counted(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    assert_null(mock_kernel_pick(mock));
    arch_fake.now += 700;
    wake(mock, 0);
    (void)mock_kernel_pick(mock);
    arch_fake.now += 50;
    mock_kernel_wait(mock, 0);
    assert_null(mock_kernel_pick(mock));
    assert_int_equal(mock->kernel.cores[0].counters[SYSCALL_COUNTER_IDLE_TICKS], 700);
}

/* mock_kernel_pick() compares. */
static void nothing_that_matters_is_missed(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);
    uint32_t random = 1;

    mock->pds[1].priority = mock->pds[0].priority;
    mock->pds[2].budget_us = 200;
    mock_kernel_boot(mock);
    vcpu_start(vcpu, 0, 0);
    for (uint32_t i = 0; i < 20000; i++) {
        random = random * 1664525u + 1013904223u;
        const uint32_t what = random >> 29, value = random >> 8 & 0xfff, index = random >> 20 & 3;

        if (what == 0) {
            wake(mock, index);
        } else if (what == 1 && thread(mock, index)->state == THREAD_READY) {
            mock_kernel_wait(mock, index);
        } else if (what == 2) {
            charge_set_payer(thread(mock, index),
                             (value & 1) != 0 ? &thread(mock, 2)->own : &thread(mock, index)->own);
        } else if (what == 3) {
            vcpu_virq_post_deferred(vcpu, 40, value);
        } else if (what == 4 && vcpu->thread.state == THREAD_READY) {
            vcpu_wait(vcpu);
            sched_wake_at(&vcpu->thread, arch_fake.now + value);
        } else if (what == 5) {
            charge_give_way(&mock->kernel.cores[0]);
        } else if (what == 6) {
            mock_kernel_advance(mock, arch_fake.deadline != ARCH_NEVER ? arch_fake.deadline
                                                                       : arch_fake.now + value);
        } else if ((value & 1) != 0) {
            mock_kernel_advance(mock, arch_fake.now + value);
        } else {
            dispatch_tick(&mock->kernel.cores[0]); /* before its time: switch.c asks for that */
        }
        (void)mock_kernel_pick(mock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(highest_priority_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(extreme_priorities_work, setup, teardown),
        cmocka_unit_test_setup_teardown(equals_take_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(preempted_one_goes_on_first, setup, teardown),
        cmocka_unit_test_setup_teardown(yield_goes_behind_equals, setup, teardown),
        cmocka_unit_test_setup_teardown(budget_holds_a_spinner_to_its_share, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asks_for_work_pays_for_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_is_paid_once, setup, teardown),
        cmocka_unit_test_setup_teardown(restarted_caller_has_its_budget_back, setup, teardown),
        cmocka_unit_test_setup_teardown(restarted_server_gives_up_both_sides, setup, teardown),
        cmocka_unit_test_setup_teardown(all_that_share_a_budget_go_on, setup, teardown),
        cmocka_unit_test_setup_teardown(without_equals_nothing_is_owed, setup, teardown),
        cmocka_unit_test_setup_teardown(blocked_ones_keep_no_more_than_their_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(throttled_one_may_block_and_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(idle_vcpu_is_woken_in_time, setup, teardown),
        cmocka_unit_test_setup_teardown(sleepers_timer_is_set_when_another_takes_the_core, setup, teardown),
        cmocka_unit_test_setup_teardown(loaded_sleepers_timer_wakes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(woken_by_its_timer_it_runs_before_its_equals, setup, teardown),
        cmocka_unit_test_setup_teardown(early_wake_forgets_the_alarm, setup, teardown),
        cmocka_unit_test_setup_teardown(idle_time_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_that_matters_is_missed, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
