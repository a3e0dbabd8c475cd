/* SPDX-License-Identifier: BSD-2-Clause */
/** Doorbells and posted interrupts that may be late, and vCPUs that an event brings to the front. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/dispatch.h"
#include "kernel/core/doorbell.h"
#include "kernel/core/notification.h"
#include "kernel/core/sched.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_virq.h"
#include "tests/mock/mock_kernel.h"

#define DELAY_US 50u
#define INTID 48u
#define OTHER_INTID 49u

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

static int setup(void **state)
{
    struct mock_kernel *mock = mock_kernel_new(4, 2);

    mock->doorbells[0] =
        (struct sysdesc_doorbell){.gpa = UINT64_MAX, .flags = SYSDESC_DOORBELL_IDLE, .channel = 5, .pd = 3};
    mock->desc.doorbell_count = 1;
    mock->vcpus[0].doorbell_count = 1;
    mock_kernel_boot(mock);
    for (uint32_t i = 0; i < 2; i++) {
        struct vcpu *vcpu = mock_kernel_vcpu(mock, i);

        vcpu_start(vcpu, 0x1000, 0);
        vcpu_virq_enable(vcpu, true);
        assert_int_equal(vcpu_virq_configure(vcpu, INTID, SYSCALL_VIRQ_ENABLED), SYSCALL_OK);
        assert_int_equal(vcpu_virq_configure(vcpu, OTHER_INTID, SYSCALL_VIRQ_ENABLED), SYSCALL_OK);
    }
    *state = mock;
    return 0;
}

static uint64_t after_us(uint64_t us)
{
    return arch_now() + us * arch_frequency() / 1000000u;
}

static void a_single_ring_wakes_at_once(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_advance(mock, after_us(1000));
    doorbell_ring(mock_kernel_vcpu(mock, 0), mock_kernel_pd(mock, 3), 1, DELAY_US);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 3)->thread);
}

static void a_burst_is_late_but_not_lost(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);
    struct pd *pd = mock_kernel_pd(mock, 3);

    mock_kernel_advance(mock, after_us(1000));
    doorbell_ring(vcpu, pd, 1, DELAY_US);
    (void)mock_kernel_pick(mock);
    mock_kernel_wait(mock, 3);
    (void)mock_kernel_pick(mock);
    doorbell_ring(vcpu, pd, 2, DELAY_US);
    doorbell_ring(vcpu, pd, 4, DELAY_US);
    assert_int_equal(pd->thread.state, THREAD_WAITING);
    assert_ptr_not_equal(mock_kernel_pick(mock), &pd->thread);
    mock_kernel_advance(mock, after_us(DELAY_US + 1));
    assert_ptr_equal(mock_kernel_pick(mock), &pd->thread);
    assert_int_equal(pd->thread.context.x[1], 6);
}

static void a_burst_ends_when_the_vcpu_stops(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);
    struct pd *pd = mock_kernel_pd(mock, 3);

    mock_kernel_advance(mock, after_us(1000));
    (void)mock_kernel_pick(mock);
    doorbell_ring(vcpu, pd, 1, DELAY_US);
    (void)mock_kernel_pick(mock);
    mock_kernel_wait(mock, 3);
    (void)mock_kernel_pick(mock);
    doorbell_ring(vcpu, pd, 2, DELAY_US);
    vcpu_wait(vcpu);
    vcpu_wait(mock_kernel_vcpu(mock, 1));
    assert_ptr_equal(mock_kernel_pick(mock), &pd->thread);
    assert_int_equal(pd->thread.context.x[1], 2);
}

/* The VMM's own way to a late interrupt; one at once covers it. */
static void a_vmm_can_be_late_too(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);

    vcpu_wait(vcpu);
    assert_int_equal(vcpu_virq_set(vcpu, INTID, SYSCALL_VIRQ_PEND_LATE, DELAY_US), SYSCALL_OK);
    assert_int_equal(vcpu->thread.state, THREAD_IDLE);
    (void)mock_kernel_pick(mock);
    mock_kernel_advance(mock, after_us(DELAY_US + 1));
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_int_equal(vcpu_virq_set(vcpu, INTID, SYSCALL_VIRQ_UNPEND, 0), SYSCALL_OK);
    assert_int_equal(vcpu_virq_set(vcpu, INTID, SYSCALL_VIRQ_PEND_LATE, DELAY_US), SYSCALL_OK);
    assert_int_equal(vcpu_virq_set(vcpu, INTID, SYSCALL_VIRQ_PEND, 0), SYSCALL_OK);
    assert_int_equal(vcpu_virq_set(vcpu, INTID, SYSCALL_VIRQ_UNPEND, 0), SYSCALL_OK);
    mock_kernel_advance(mock, after_us(DELAY_US + 1));
    assert_false(virq_is_pending(&vcpu->virq));
}

static void a_late_interrupt_waits_and_then_wakes(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);

    vcpu_wait(vcpu);
    vcpu_virq_post_deferred(vcpu, INTID, DELAY_US);
    assert_int_equal(vcpu->thread.state, THREAD_IDLE);
    assert_false(virq_is_pending(&vcpu->virq));
    (void)mock_kernel_pick(mock);
    mock_kernel_advance(mock, after_us(DELAY_US + 1));
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_true(virq_is_pending(&vcpu->virq));
}

static void an_interrupt_at_once_covers_a_late_one(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);

    vcpu_virq_post_deferred(vcpu, INTID, DELAY_US);
    vcpu_virq_post(vcpu, INTID);
    assert_null(vcpu->thread.deferred.list);
}

static void a_second_late_interrupt_makes_the_first_due(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);
    uint64_t pending = 0;

    vcpu_virq_post_deferred(vcpu, INTID, DELAY_US);
    vcpu_virq_post_deferred(vcpu, OTHER_INTID, DELAY_US);
    assert_int_equal(vcpu_virq_get(vcpu, INTID, &pending), SYSCALL_OK);
    assert_int_equal(pending & SYSCALL_VIRQ_IS_PENDING, SYSCALL_VIRQ_IS_PENDING);
    assert_int_equal(vcpu_virq_get(vcpu, OTHER_INTID, &pending), SYSCALL_OK);
    assert_int_equal(pending & SYSCALL_VIRQ_IS_PENDING, 0);
    vcpu_stop(vcpu);
    assert_null(vcpu->thread.deferred.list);
}

static void a_woken_vcpu_runs_before_its_equals_for_one_slice(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *sender = mock_kernel_vcpu(mock, 0), *receiver = mock_kernel_vcpu(mock, 1);

    receiver->vm_first = 1; /* of another VM */
    vcpu_wait(receiver);
    assert_ptr_equal(mock_kernel_pick(mock), &sender->thread);
    vcpu_virq_post(receiver, INTID);
    assert_ptr_equal(mock_kernel_pick(mock), &receiver->thread);
    /* Once its slice is used up it queues like anybody else. */
    mock_kernel_advance(mock, after_us(1001));
    assert_ptr_equal(mock_kernel_pick(mock), &sender->thread);
}

/* The running one may hold a lock that the other one would spin for. */
static void a_woken_vcpu_does_not_overtake_its_sibling(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *holder = mock_kernel_vcpu(mock, 0), *receiver = mock_kernel_vcpu(mock, 1);

    vcpu_wait(receiver);
    assert_ptr_equal(mock_kernel_pick(mock), &holder->thread);
    vcpu_virq_post(receiver, INTID);
    assert_ptr_equal(mock_kernel_pick(mock), &holder->thread);
    /* But one that spins for the other has a short turn only, and then the other has one. */
    mock_kernel_advance(mock, after_us(200));
    assert_ptr_equal(mock_kernel_pick(mock), &receiver->thread);
    mock_kernel_advance(mock, after_us(200));
    assert_ptr_equal(mock_kernel_pick(mock), &holder->thread);
    vcpu_wait(holder);
    assert_ptr_equal(mock_kernel_pick(mock), &receiver->thread);
    assert_int_equal(mock->kernel.cores[0].turn_end, ARCH_NEVER);
}

static void an_idle_vcpu_is_told_to_those_who_asked(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);
    struct pd *pd = mock_kernel_pd(mock, 3);

    vcpu->vm_first = 1; /* no sibling of the other one */
    /* Not asked for: only the mark is left. */
    vcpu_wait(vcpu);
    assert_int_equal(pd->words[SYSDESC_IDLE_WORD], 1u << 5);
    assert_int_equal(pd->thread.state, THREAD_WAITING);
    vcpu_virq_post(vcpu, INTID);
    pd->words[SYSDESC_IDLE_WORD] = 0;
    pd->words[SYSDESC_IDLE_ARMED_WORD] = 1u << 5 | 1u << 6;
    (void)mock_kernel_pick(mock);
    /* The end of a slice is a pause as well. */
    mock_kernel_advance(mock, after_us(1001));
    assert_ptr_equal(mock_kernel_pick(mock), &pd->thread);
    assert_int_equal(pd->words[SYSDESC_IDLE_WORD], 1u << 5);
    assert_int_equal(pd->words[SYSDESC_IDLE_ARMED_WORD], 1u << 6);
    assert_int_equal(pd->thread.context.x[1], 1u << 5);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_single_ring_wakes_at_once),
        CASE(a_burst_is_late_but_not_lost),
        CASE(a_burst_ends_when_the_vcpu_stops),
        CASE(a_vmm_can_be_late_too),
        CASE(a_late_interrupt_waits_and_then_wakes),
        CASE(an_interrupt_at_once_covers_a_late_one),
        CASE(a_second_late_interrupt_makes_the_first_due),
        CASE(a_woken_vcpu_runs_before_its_equals_for_one_slice),
        CASE(a_woken_vcpu_does_not_overtake_its_sibling),
        CASE(an_idle_vcpu_is_told_to_those_who_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
