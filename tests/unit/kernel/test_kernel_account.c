/* SPDX-License-Identifier: BSD-2-Clause */
/** Who pays: debts, a VMM's time, services' clients, interrupts and switches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/core/account.h"
#include "kernel/core/budget.h"
#include "kernel/core/charge.h"
#include "kernel/core/dispatch.h"
#include "kernel/core/irq.h"
#include "kernel/core/notification.h"
#include "kernel/core/sched.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_exit.h"
#include "tests/mock/mock_kernel.h"

/* PD 0 is the VMM of vCPUs 0 and 1, PD 1 that of vCPU 2, PD 2 serves both, PD 3 drives a device for PD 2. */
#define SERVICE 2u
#define DRIVER 3u
#define GUEST_A 0u
#define GUEST_B 2u
#define CLIENT_A 6u /* of the service */
#define CLIENT_B 9u
#define INTID 70u

static int setup(void **state)
{
    struct mock_kernel *mock = mock_kernel_new(4, 3);

    mock->pds[0].children[22] = (struct sysdesc_child){0};
    mock->pds[1].children[22] = (struct sysdesc_child){SYSDESC_CHILD_VCPU, GUEST_B};
    mock->vcpus[GUEST_B].parent = 1;
    for (uint32_t i = 0; i < 3; i++) {
        mock->vcpus[i].budget_us = 200;
        mock->vcpus[i].period_us = 1000;
    }
    mock_kernel_account(mock, 1, 0, GUEST_B);
    mock_kernel_account(mock, SERVICE, CLIENT_A, GUEST_A);
    mock_kernel_account(mock, SERVICE, CLIENT_B, GUEST_B);
    mock_kernel_account(mock, DRIVER, 0, GUEST_A);
    mock_kernel_account(mock, DRIVER, 1, GUEST_B);
    mock_kernel_join(mock, SERVICE, 20, DRIVER, 21);
    mock->irqs[0] =
        (struct sysdesc_irq){.intid = INTID, .target = DRIVER, .kind = SYSDESC_IRQ_PD, .channel = 22};
    mock->pds[DRIVER].channels[22] =
        (struct sysdesc_channel){.kind = SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_IRQ, .intid = INTID};
    mock->desc.irq_count = 1;
    *state = mock;
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

static struct thread *pd(struct mock_kernel *mock, uint32_t index)
{
    return &mock_kernel_pd(mock, index)->thread;
}

static struct thread *guest(struct mock_kernel *mock, uint32_t index)
{
    return &mock_kernel_vcpu(mock, index)->thread;
}

static int64_t left(struct mock_kernel *mock, uint32_t index)
{
    return guest(mock, index)->own.remaining;
}

static void start(struct mock_kernel *mock, uint32_t index)
{
    vcpu_start(mock_kernel_vcpu(mock, index), 0, 0);
}

/* `thread` has PD `index` work for `used` ticks. */
static void have_work_done(struct mock_kernel *mock, struct thread *thread, uint32_t index, uint64_t used)
{
    account_ask(thread, mock_kernel_pd(mock, index));
    notification_send(mock_kernel_pd(mock, index), 1);
    assert_ptr_equal(mock_kernel_pick(mock), pd(mock, index));
    mock_kernel_advance(mock, arch_fake.now + used);
    mock_kernel_wait(mock, index);
    (void)mock_kernel_pick(mock);
}

/* The service says that it has worked for a client. */
static void count(struct mock_kernel *mock, uint32_t client, uint64_t used)
{
    uint64_t *words = mock_kernel_pd(mock, SERVICE)->words;

    words[SYSDESC_ACCOUNT_WORD] = client;
    words[SYSDESC_ACCOUNT_TICKS_WORD + client] += used;
    words[SYSDESC_ACCOUNTS_WORD] |= 1ull << client;
}

/* Whatever is taken, and whenever: a budget gives no more than its share. */
static void a_budget_forgives_nothing(void **state)
{
    struct budget budget;
    uint64_t now = 5000, used = 0;

    (void)state;
    srand(1);
    budget_init(&budget, 200, 1000);
    const uint64_t begin = now;
    for (uint32_t i = 0; i < 20000; i++) {
        now += (uint64_t)rand() % 700;
        budget_renew(&budget, now);
        if (budget.remaining > 0) {
            const uint64_t some = rand() % 50 == 0 ? (uint64_t)rand() % 5000 : (uint64_t)rand() % 100;

            (void)budget_spend(&budget, some);
            used += some;
        } else if (rand() % 3 == 0) {
            assert_true(budget_release(&budget) > now);
            now = budget_release(&budget);
            budget_renew(&budget, now - 1);
            assert_true(budget.remaining <= 0);
            budget_renew(&budget, now);
            assert_true(budget.remaining > 0);
        }
        assert_true(budget.remaining <= 200);
        assert_true((int64_t)used <= (int64_t)((now - begin) / 1000 + 2) * 200 - budget.remaining);
    }
}

/* An hour's debt takes no longer to reckon than a tick's. */
static void a_deep_debt_is_repaid_over_its_periods(void **state)
{
    struct budget budget;

    (void)state;
    budget_init(&budget, 200, 1000);
    budget_renew(&budget, 10000);
    assert_true(budget_spend(&budget, 200 + 3600000000ull));
    assert_false(budget_spend(&budget, 100));
    assert_int_equal(budget_turns(&budget), 3600000100ull / 200 + 1);
    const uint64_t release = budget_release(&budget);
    assert_int_equal(release, 11000 + 3600000100ull / 200 * 1000);
    budget_renew(&budget, release - 1);
    assert_true(budget.remaining <= 0);
    budget_renew(&budget, release);
    assert_int_equal(budget.remaining, 100);
    budget_renew(&budget, UINT64_MAX / 2);
    assert_int_equal(budget.remaining, 200);
}

/* One request, 900 ticks of work with a budget of 200 in 1,000: four periods pass. */
static void what_a_service_overruns_is_repaid(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    start(mock, GUEST_A);
    assert_ptr_equal(mock_kernel_pick(mock), guest(mock, GUEST_A));
    const uint64_t begin = arch_fake.now;
    have_work_done(mock, guest(mock, GUEST_A), SERVICE, 900);
    assert_int_equal(left(mock, GUEST_A), -700);
    assert_null(mock_kernel_pick(mock));
    assert_int_equal(arch_fake.deadline, begin + 4000);
    mock_kernel_advance(mock, begin + 3999);
    assert_null(mock_kernel_pick(mock));
    mock_kernel_advance(mock, begin + 4000);
    assert_ptr_equal(mock_kernel_pick(mock), guest(mock, GUEST_A));
    assert_int_equal(left(mock, GUEST_A), 100);
}

/* Its device answers when the guest sleeps, and nobody else has asked for anything. */
static void completions_are_paid_by_who_asked(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    start(mock, GUEST_A);
    (void)mock_kernel_pick(mock);
    /* The service asks the driver in the guest's name. */
    count(mock, CLIENT_A, 0);
    have_work_done(mock, pd(mock, SERVICE), DRIVER, 50);
    assert_int_equal(left(mock, GUEST_A), 150);
    vcpu_wait(mock_kernel_vcpu(mock, GUEST_A));
    assert_null(mock_kernel_pick(mock));
    mock->kernel.pds[SERVICE].words[SYSDESC_ACCOUNT_WORD] = SYSDESC_ACCOUNT_NOBODY;
    (void)irq_deliver(&mock->kernel.cores[0], INTID);
    assert_ptr_equal(mock_kernel_pick(mock), pd(mock, DRIVER));
    mock_kernel_advance(mock, arch_fake.now + 70);
    /* What it tells the service is an answer: it makes nobody ask. */
    mock_kernel_pd(mock, SERVICE)->sponsor = guest(mock, GUEST_B);
    (void)mock_kernel_call(mock, DRIVER, SYSCALL_NOTIFY, 21, 0, 0, 0);
    assert_ptr_equal(mock_kernel_pd(mock, SERVICE)->sponsor, guest(mock, GUEST_B));
    mock_kernel_wait(mock, DRIVER);
    assert_ptr_equal(mock_kernel_pick(mock), pd(mock, SERVICE));
    assert_int_equal(left(mock, GUEST_A), 80);
    assert_int_equal(left(mock, GUEST_B), 200);
}

static void a_vmm_works_for_its_own_guest(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    start(mock, GUEST_B);
    start(mock, GUEST_A);
    /* Whoever notifies it. */
    have_work_done(mock, guest(mock, GUEST_B), 0, 120);
    assert_int_equal(left(mock, GUEST_A), 80);
    assert_int_equal(left(mock, GUEST_B), 200);
    have_work_done(mock, guest(mock, GUEST_A), 1, 500);
    assert_int_equal(left(mock, GUEST_A), 80);
    assert_int_equal(left(mock, GUEST_B), -300);
}

/* An exit: what others do while the VMM is kept from answering is not the guest's. */
static void an_exit_costs_what_its_vmm_takes(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    start(mock, GUEST_A);
    assert_ptr_equal(mock_kernel_pick(mock), guest(mock, GUEST_A));
    mock_kernel_advance(mock, arch_fake.now + 10);
    vcpu_exit_abort(mock_kernel_vcpu(mock, GUEST_A), 0x93800047, 0x1000, 0);
    assert_ptr_equal(mock_kernel_pick(mock), pd(mock, 0));
    mock_kernel_advance(mock, arch_fake.now + 20);
    notification_send(mock_kernel_pd(mock, SERVICE), 1);
    assert_ptr_equal(mock_kernel_pick(mock), pd(mock, SERVICE));
    mock_kernel_advance(mock, arch_fake.now + 400);
    mock_kernel_wait(mock, SERVICE);
    assert_ptr_equal(mock_kernel_pick(mock), pd(mock, 0));
    mock_kernel_advance(mock, arch_fake.now + 30);
    (void)mock_kernel_call(mock, 0, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, 0, 0, 0);
    assert_ptr_equal(mock_kernel_pick(mock), guest(mock, GUEST_A));
    assert_int_equal(left(mock, GUEST_A), 200 - 10 - 20 - 30);
}

static void a_service_divides_its_time(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    start(mock, GUEST_A);
    start(mock, GUEST_B);
    (void)mock_kernel_pick(mock);
    count(mock, CLIENT_A, 30);
    count(mock, CLIENT_B, 50);
    have_work_done(mock, guest(mock, GUEST_A), SERVICE, 100);
    /* The rest is for who made it work. */
    assert_int_equal(left(mock, GUEST_A), 200 - 30 - 20);
    assert_int_equal(left(mock, GUEST_B), 200 - 50);
}

static void no_more_is_claimed_than_was_used(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    start(mock, GUEST_A);
    start(mock, GUEST_B);
    (void)mock_kernel_pick(mock);
    count(mock, CLIENT_A, 300);
    count(mock, CLIENT_B, 100);
    have_work_done(mock, guest(mock, GUEST_A), SERVICE, 100);
    assert_int_equal(left(mock, GUEST_A), 150);
    assert_int_equal(left(mock, GUEST_B), 150);
    count(mock, CLIENT_B, UINT64_MAX / 2);
    have_work_done(mock, guest(mock, GUEST_A), SERVICE, 60);
    assert_int_equal(left(mock, GUEST_A), 150);
    assert_int_equal(left(mock, GUEST_B), 90);
}

/* It names a VM that it has no row for, and what is no client at all: the rest, as if it had said nothing. */
static void strangers_are_not_charged(void **state)
{
    struct mock_kernel *mock = *state;
    uint64_t *words;

    mock->pds[SERVICE].account_count = 1; /* only A */
    mock_kernel_boot(mock);
    start(mock, GUEST_A);
    start(mock, GUEST_B);
    (void)mock_kernel_pick(mock);
    words = mock_kernel_pd(mock, SERVICE)->words;
    count(mock, CLIENT_B, 100);
    words[SYSDESC_ACCOUNTS_WORD] = UINT64_MAX;
    have_work_done(mock, guest(mock, GUEST_A), SERVICE, 100);
    assert_int_equal(left(mock, GUEST_B), 200);
    assert_int_equal(left(mock, GUEST_A), 100);
    words[SYSDESC_ACCOUNT_WORD] = UINT64_MAX;
    have_work_done(mock, pd(mock, SERVICE), DRIVER, 10);
    assert_int_equal(left(mock, GUEST_B), 200);
    assert_int_equal(left(mock, GUEST_A), 90);
}

/* A service that is preempted has not said yet for which VM it works. */
static void what_is_not_said_yet_waits(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    start(mock, GUEST_A);
    start(mock, GUEST_B);
    (void)mock_kernel_pick(mock);
    account_ask(guest(mock, GUEST_A), mock_kernel_pd(mock, SERVICE));
    notification_send(mock_kernel_pd(mock, SERVICE), 1);
    (void)mock_kernel_pick(mock);
    mock_kernel_advance(mock, arch_fake.now + 40);
    notification_send(mock_kernel_pd(mock, DRIVER), 1);
    assert_ptr_equal(mock_kernel_pick(mock), pd(mock, DRIVER));
    mock_kernel_wait(mock, DRIVER);
    assert_ptr_equal(mock_kernel_pick(mock), pd(mock, SERVICE));
    assert_int_equal(left(mock, GUEST_A), 200);
    count(mock, CLIENT_B, 40);
    mock_kernel_wait(mock, SERVICE);
    (void)mock_kernel_pick(mock);
    assert_int_equal(left(mock, GUEST_A), 200);
    assert_int_equal(left(mock, GUEST_B), 160);
}

/* Guests without a limit, of one priority: A has the service work for 2.5 slices each time it runs, B
   computes. They share the processor all the same. */
static void turns_are_given_for_debts(void **state)
{
    struct mock_kernel *mock = *state;
    uint64_t used[3] = {0};

    for (uint32_t i = 0; i < 3; i++) {
        mock->vcpus[i].budget_us = 1000;
    }
    mock_kernel_boot(mock);
    start(mock, GUEST_A);
    start(mock, GUEST_B);
    for (const uint64_t end = arch_fake.now + 1000000; arch_fake.now < end;) {
        struct thread *running = mock_kernel_pick(mock);
        const uint64_t begin = arch_fake.now;

        if (running == guest(mock, GUEST_A)) {
            mock_kernel_advance(mock, begin + 10);
            have_work_done(mock, running, SERVICE, 2500);
        } else {
            assert_ptr_equal(running, guest(mock, GUEST_B));
            mock_kernel_advance(mock, arch_fake.deadline);
        }
        used[running->index] += arch_fake.now - begin;
    }
    assert_in_range(used[GUEST_A], 490000, 510000);
}

/* What a timer's interrupt and the two switches take is the sleeper's, not its who is interrupted. */
static void who_is_woken_pays_for_being_woken(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    start(mock, GUEST_A);
    (void)mock_kernel_pick(mock);
    vcpu_wait(mock_kernel_vcpu(mock, GUEST_A));
    start(mock, GUEST_B);
    (void)mock_kernel_pick(mock);
    sched_wake_at(guest(mock, GUEST_A), arch_fake.now + 100);
    (void)mock_kernel_pick(mock);
    arch_fake.now += 100;
    arch_fake.switch_ticks = 5;
    const uint64_t since = arch_fake.now;
    struct thread *woken = dispatch_tick(&mock->kernel.cores[0]);
    assert_ptr_equal(woken, guest(mock, GUEST_A));
    arch_fake.now += 3;
    charge_interrupt(&mock->kernel.cores[0], since, woken);
    assert_ptr_equal(mock_kernel_pick(mock), guest(mock, GUEST_A));
    arch_fake.now += 7;
    vcpu_wait(mock_kernel_vcpu(mock, GUEST_A));
    assert_ptr_equal(mock_kernel_pick(mock), guest(mock, GUEST_B));
    assert_int_equal(left(mock, GUEST_B), 200 - 100);
    assert_int_equal(left(mock, GUEST_A), 200 - 3 * 3 - 5 - 7 - 5);
}

/* A VM's budgets pay together: who asked, else who has most. */
static void siblings_pay_for_each_other(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    start(mock, 0);
    start(mock, 1);
    (void)mock_kernel_pick(mock);
    have_work_done(mock, guest(mock, 1), SERVICE, 250);
    assert_int_equal(left(mock, 0), 200);
    assert_int_equal(left(mock, 1), -50);
    have_work_done(mock, guest(mock, 1), SERVICE, 50);
    assert_int_equal(left(mock, 0), 150);
    /* One that never started has nothing to give. */
    vcpu_stop(mock_kernel_vcpu(mock, 0));
    have_work_done(mock, guest(mock, 1), SERVICE, 50);
    assert_int_equal(left(mock, 0), 150);
    assert_int_equal(left(mock, 1), -100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_forgives_nothing),
        cmocka_unit_test(a_deep_debt_is_repaid_over_its_periods),
        cmocka_unit_test_setup_teardown(what_a_service_overruns_is_repaid, setup, teardown),
        cmocka_unit_test_setup_teardown(completions_are_paid_by_who_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_vmm_works_for_its_own_guest, setup, teardown),
        cmocka_unit_test_setup_teardown(an_exit_costs_what_its_vmm_takes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_service_divides_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(no_more_is_claimed_than_was_used, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_are_not_charged, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_said_yet_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(turns_are_given_for_debts, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_woken_pays_for_being_woken, setup, teardown),
        cmocka_unit_test_setup_teardown(siblings_pay_for_each_other, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
