/* SPDX-License-Identifier: BSD-2-Clause */
/** What a VMM changes of its VM's posted interrupts and doorbells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/sched.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_exit.h"
#include "kernel/core/vcpu_virq.h"
#include "tests/mock/mock_kernel.h"

#define VMM 0
#define POSTER 1
#define CHILD 20
#define VMM_CHANNEL 3
#define POSTER_CHANNEL 4
#define OTHER_CHANNEL 5
#define DELAY_US 200u
#define BELL 0x10001000ull
#define ABORT_WRITE (0x24ull << 26 | 1u << 25 | 1u << 24 | 1u << 22 | 1u << 6) /* 16 bits from x0 */

static int setup(void **state)
{
    struct mock_kernel *mock = mock_kernel_new(2, 2);

    mock_kernel_join(mock, VMM, VMM_CHANNEL, POSTER, POSTER_CHANNEL);
    mock_kernel_join(mock, VMM, VMM_CHANNEL + 1, POSTER, OTHER_CHANNEL);
    mock->desc.post_count = 3;
    mock->posts[0] = (struct sysdesc_post){.channel = OTHER_CHANNEL, .intid = 60};
    mock->posts[1] = (struct sysdesc_post){.channel = POSTER_CHANNEL};
    mock->posts[2] = (struct sysdesc_post){.channel = POSTER_CHANNEL, .delay_us = DELAY_US};
    mock->pds[POSTER].post_count = 3;
    mock->desc.doorbell_count = 2;
    mock->doorbells[0] = (struct sysdesc_doorbell){.gpa = BELL, .pd = POSTER, .channel = 6};
    mock->doorbells[1] = (struct sysdesc_doorbell){.gpa = BELL + 4, .pd = POSTER, .channel = 7};
    mock->vcpus[0].doorbell_count = 1; /* the second is another VM's */
    mock_kernel_boot(mock);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(mock_kernel_call(mock, VMM, SYSCALL_VCPU_START, CHILD + i, 0x1000, 0, 0),
                         SYSCALL_OK);
        (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_ENABLE, CHILD + i, 1, 0, 0);
        (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_CONFIGURE, CHILD + i, 130, SYSCALL_VIRQ_ENABLED, 0);
        (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_CONFIGURE, CHILD + i, 131, SYSCALL_VIRQ_ENABLED, 0);
    }
    mock_kernel_wait(mock, VMM);
    *state = mock;
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

static uint64_t route(struct mock_kernel *mock, uint64_t channel, uint64_t number, uint64_t child,
                      uint64_t intid)
{
    const uint64_t status = mock_kernel_call(mock, VMM, SYSCALL_POST_ROUTE, channel, number, child, intid);

    mock_kernel_wait(mock, VMM);
    return status;
}

static void post(struct mock_kernel *mock, uint64_t number)
{
    assert_int_equal(mock_kernel_call(mock, POSTER, SYSCALL_NOTIFY, SYSDESC_POST_BASE + number, 0, 0, 0),
                     SYSCALL_OK);
}

static bool is_pending(struct mock_kernel *mock, uint32_t vcpu, uint32_t intid)
{
    return (virq_get(&mock_kernel_vcpu(mock, vcpu)->virq, intid) & SYSCALL_VIRQ_IS_PENDING) != 0;
}

/* Whether the VMM has been woken by its channel to the poster; it then waits again. */
static bool vmm_is_told(struct mock_kernel *mock)
{
    const struct pd *vmm = mock_kernel_pd(mock, VMM);
    const bool told = vmm->thread.state != THREAD_WAITING && vmm->thread.context.x[1] == 1ull << VMM_CHANNEL;

    mock_kernel_wait(mock, VMM);
    return told;
}

static void without_a_route_the_vmm_is_told(void **state)
{
    struct mock_kernel *mock = *state;

    post(mock, 1);
    assert_true(vmm_is_told(mock));
    post(mock, 2); /* at once: it is the VMM's to be late */
    assert_true(vmm_is_told(mock));
    assert_false(is_pending(mock, 0, 0));
}

static void a_route_leads_to_the_interrupt(void **state)
{
    struct mock_kernel *mock = *state;

    assert_int_equal(route(mock, VMM_CHANNEL, 0, CHILD, 130), SYSCALL_OK);
    post(mock, 1);
    assert_false(vmm_is_told(mock));
    assert_true(is_pending(mock, 0, 130));
    post(mock, 2); /* the other row is as it was */
    assert_true(vmm_is_told(mock));
    assert_int_equal(route(mock, VMM_CHANNEL, 0, CHILD + 1, 131), SYSCALL_OK);
    post(mock, 1);
    assert_true(is_pending(mock, 1, 131));
    assert_int_equal(route(mock, VMM_CHANNEL, 0, CHILD, 0), SYSCALL_OK);
    post(mock, 1);
    assert_true(vmm_is_told(mock));
}

static void a_late_interrupt_does_not_get_through_a_mask(void **state)
{
    struct mock_kernel *mock = *state;

    assert_int_equal(route(mock, VMM_CHANNEL, 1, CHILD, 130), SYSCALL_OK);
    post(mock, 2);
    assert_false(is_pending(mock, 0, 130));
    assert_int_equal(mock_kernel_call(mock, VMM, SYSCALL_POST_ROUTE, VMM_CHANNEL, 1, CHILD, 0), SYSCALL_OK);
    assert_true(vmm_is_told(mock));
    (void)mock_kernel_pick(mock);
    mock_kernel_advance(mock, 1000000);
    assert_false(is_pending(mock, 0, 130));
}

static void a_late_interrupt_goes_the_new_way(void **state)
{
    struct mock_kernel *mock = *state;

    assert_int_equal(route(mock, VMM_CHANNEL, 1, CHILD, 130), SYSCALL_OK);
    post(mock, 2);
    assert_int_equal(route(mock, VMM_CHANNEL, 1, CHILD, 130), SYSCALL_OK); /* no change: it waits on */
    assert_false(is_pending(mock, 0, 130));
    assert_int_equal(route(mock, VMM_CHANNEL, 1, CHILD + 1, 131), SYSCALL_OK);
    assert_false(is_pending(mock, 0, 130));
    assert_true(is_pending(mock, 1, 131));
}

static void only_what_is_granted_can_be_routed(void **state)
{
    struct mock_kernel *mock = *state;

    assert_int_equal(route(mock, 7, 0, CHILD, 130), SYSCALL_DENIED); /* no channel */
    assert_int_equal(route(mock, UINT64_MAX, 0, CHILD, 130), SYSCALL_DENIED);
    assert_int_equal(route(mock, VMM_CHANNEL, 2, CHILD, 130), SYSCALL_DENIED); /* no such row */
    assert_int_equal(route(mock, VMM_CHANNEL, UINT64_MAX, CHILD, 130), SYSCALL_DENIED);
    assert_int_equal(route(mock, VMM_CHANNEL, 0, CHILD + 2, 130), SYSCALL_DENIED); /* no vCPU of its own */
    assert_int_equal(route(mock, VMM_CHANNEL, 0, CHILD, 15), SYSCALL_INVALID);     /* an SGI */
    assert_int_equal(route(mock, VMM_CHANNEL, 0, CHILD, VIRQ_COUNT), SYSCALL_INVALID);
    assert_int_equal(route(mock, VMM_CHANNEL, 0, CHILD, UINT64_MAX), SYSCALL_INVALID);
    /* The poster has no vCPU, and nobody who posts to it. */
    assert_int_equal(mock_kernel_call(mock, POSTER, SYSCALL_POST_ROUTE, POSTER_CHANNEL, 0, CHILD, 130),
                     SYSCALL_DENIED);
    post(mock, 1);
    assert_true(vmm_is_told(mock));
    post(mock, 0);
    assert_false(vmm_is_told(mock));
}

/* The vCPU stores to `gpa`; whether the poster hears the doorbell. Else its VMM gets the fault. */
static bool rings(struct mock_kernel *mock, uint64_t gpa)
{
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);

    mock_kernel_wait(mock, POSTER);
    vcpu_exit_abort(vcpu, ABORT_WRITE, gpa, 0);
    const bool rang = mock_kernel_pd(mock, POSTER)->thread.state != THREAD_WAITING;
    assert_int_equal(vcpu->thread.state, rang ? THREAD_READY : THREAD_FAULTED);
    if (!rang) {
        (void)mock_kernel_call(mock, VMM, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, 0, 0, 0);
    }
    return rang;
}

static uint64_t move(struct mock_kernel *mock, uint64_t child, uint64_t described, uint64_t gpa)
{
    const uint64_t status = mock_kernel_call(mock, VMM, SYSCALL_DOORBELL_MOVE, child, described, gpa, 0);

    mock_kernel_wait(mock, VMM);
    return status;
}

static void doorbells_move(void **state)
{
    struct mock_kernel *mock = *state;

    assert_true(rings(mock, BELL));
    assert_int_equal(move(mock, CHILD, BELL, 0x20001000), SYSCALL_OK);
    assert_false(rings(mock, BELL));
    assert_true(rings(mock, 0x20001000));
    assert_int_equal(move(mock, CHILD, BELL, SYSCALL_NOWHERE), SYSCALL_OK);
    assert_false(rings(mock, 0x20001000));
    assert_int_equal(move(mock, CHILD, BELL, BELL), SYSCALL_OK);
    assert_true(rings(mock, BELL));
}

static void only_ones_own_doorbells_move(void **state)
{
    struct mock_kernel *mock = *state;

    assert_int_equal(move(mock, CHILD, BELL + 4, 0x20001000), SYSCALL_INVALID);
    assert_int_equal(move(mock, CHILD + 2, BELL, 0x20001000), SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, POSTER, SYSCALL_DOORBELL_MOVE, CHILD, BELL, 0, 0),
                     SYSCALL_DENIED);
    assert_true(rings(mock, BELL));
}

/* Both vCPUs are idle: the first one that is woken runs, and then goes on or not. */
static void a_deferrable_one_runs_next(void **state)
{
    struct mock_kernel *mock = *state;
    struct thread *first = &mock_kernel_vcpu(mock, 0)->thread, *second = &mock_kernel_vcpu(mock, 1)->thread;

    assert_int_equal(route(mock, VMM_CHANNEL, 0, CHILD, 130), SYSCALL_OK);
    assert_int_equal(route(mock, VMM_CHANNEL, 1, CHILD + 1, 130), SYSCALL_OK);
    vcpu_wait(mock_kernel_vcpu(mock, 0));
    vcpu_wait(mock_kernel_vcpu(mock, 1));
    post(mock, 1 + SYSDESC_POST_DEFERRABLE); /* nobody is in front of it */
    mock_kernel_wait(mock, POSTER);
    assert_ptr_equal(mock_kernel_pick(mock), first);
    post(mock, 2 + SYSDESC_POST_DEFERRABLE); /* nor is this one late */
    mock_kernel_wait(mock, POSTER);
    assert_true(is_pending(mock, 1, 130));
    assert_ptr_equal(mock_kernel_pick(mock), first);
    first->state = THREAD_OFF;
    sched_update(first);
    assert_ptr_equal(mock_kernel_pick(mock), second);
    assert_int_equal(mock_kernel_call(mock, POSTER, SYSCALL_NOTIFY,
                                      SYSDESC_POST_BASE + SYSDESC_POST_DEFERRABLE + 3, 0, 0, 0),
                     SYSCALL_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_route_the_vmm_is_told),
        TEST(a_route_leads_to_the_interrupt),
        TEST(a_late_interrupt_does_not_get_through_a_mask),
        TEST(a_late_interrupt_goes_the_new_way),
        TEST(only_what_is_granted_can_be_routed),
        TEST(doorbells_move),
        TEST(only_ones_own_doorbells_move),
        TEST(a_deferrable_one_runs_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
