/* SPDX-License-Identifier: BSD-2-Clause */
/** Several vCPUs of a VM on one core: none waits in vain for one of its own VM that cannot run. */
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

#define INTID 48u
#define SGI 5u
#define STRANGER 3u
#define TURN_US 200u
#define SGI_TURN_US 20u
#define SLICE_US 1000u

/* vCPUs 0 to 2 are of one VM, vCPU 3 is of another one; all run. */
static int setup(void **state)
{
    struct mock_kernel *mock = mock_kernel_new(3, 4);

    mock->vcpus[STRANGER].parent = 2;
    mock_kernel_boot(mock);
    for (uint32_t i = 0; i < 4; i++) {
        struct vcpu *vcpu = mock_kernel_vcpu(mock, i);

        vcpu_start(vcpu, 0x1000, 0);
        vcpu_virq_enable(vcpu, true);
        assert_int_equal(vcpu_virq_configure(vcpu, INTID, SYSCALL_VIRQ_ENABLED), SYSCALL_OK);
        assert_int_equal(vcpu_virq_configure(vcpu, SGI, SYSCALL_VIRQ_ENABLED), SYSCALL_OK);
    }
    *state = mock;
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

static void expect_running(struct mock_kernel *mock, uint32_t index)
{
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_vcpu(mock, index)->thread);
}

/* It runs, handles what has woken it, and sleeps. */
static void sleep_in_turn(struct mock_kernel *mock, uint32_t index)
{
    expect_running(mock, index);
    virq_unpend(&mock_kernel_vcpu(mock, index)->virq, INTID, 0);
    vcpu_wait(mock_kernel_vcpu(mock, index));
}

static void pass_us(struct mock_kernel *mock, uint64_t us)
{
    mock_kernel_advance(mock, arch_now() + us * arch_frequency() / 1000000u);
}

static void those_that_share_a_core_are_known(void **state)
{
    struct mock_kernel *mock = *state;

    assert_true(sched_shares_core(&mock_kernel_vcpu(mock, 0)->thread));
    assert_false(sched_shares_core(&mock_kernel_vcpu(mock, STRANGER)->thread));
    assert_false(sched_shares_core(&mock_kernel_pd(mock, 0)->thread));
}

static void they_take_short_turns(void **state)
{
    struct mock_kernel *mock = *state;

    for (uint32_t i = 0; i < 6; i++) {
        expect_running(mock, i % 3);
        pass_us(mock, TURN_US);
    }
}

/* The one that waits may hold a lock: whoever is woken while another VM runs goes behind it, and waits for its VM's turn. */
static void a_woken_one_does_not_overtake_one_that_waits(void **state)
{
    struct mock_kernel *mock = *state;

    vcpu_wait(mock_kernel_vcpu(mock, STRANGER));
    sleep_in_turn(mock, 0);
    vcpu_wait(mock_kernel_vcpu(mock, 2));
    expect_running(mock, 1);
    vcpu_virq_post(mock_kernel_vcpu(mock, STRANGER), INTID);
    expect_running(mock, STRANGER);
    vcpu_virq_post(mock_kernel_vcpu(mock, 0), INTID);
    vcpu_virq_post_next(mock_kernel_vcpu(mock, 2), INTID);
    sleep_in_turn(mock, STRANGER);
    sleep_in_turn(mock, 1);
    sleep_in_turn(mock, 0);
    expect_running(mock, 2);
}

/* At the end of a slice the others come along: without the one that has used it up they would only spin. */
static void they_share_a_slice(void **state)
{
    struct mock_kernel *mock = *state;

    vcpu_wait(mock_kernel_vcpu(mock, 1));
    vcpu_wait(mock_kernel_vcpu(mock, 2));
    expect_running(mock, 0);
    pass_us(mock, SLICE_US - TURN_US / 2);
    expect_running(mock, 0);
    vcpu_virq_post(mock_kernel_vcpu(mock, 1), INTID);
    expect_running(mock, 0);
    pass_us(mock, TURN_US / 2);
    expect_running(mock, STRANGER);
    pass_us(mock, SLICE_US);
    /* And whoever was stopped goes on first. */
    expect_running(mock, 0);
    pass_us(mock, TURN_US);
    expect_running(mock, 1);
}

/* However many they are and whatever they do, somebody else gets a slice for each of the VM's. */
static void nobody_else_starves(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t step_us = 50, total_us = 100000;
    uint64_t theirs = 0;

    for (uint64_t us = 0; us < total_us; us += step_us) {
        struct thread *running = mock_kernel_pick(mock);
        const bool is_stranger = running == &mock_kernel_vcpu(mock, STRANGER)->thread;

        theirs += is_stranger ? 0 : step_us;
        pass_us(mock, step_us);
        /* Two of them sleep whenever they run, and are woken as soon as the third one runs. */
        if (!is_stranger && running != &mock_kernel_vcpu(mock, 0)->thread &&
            mock_kernel_pick(mock) == running) {
            virq_unpend(&kernel_vcpu(running)->virq, INTID, 0);
            vcpu_wait(kernel_vcpu(running));
        }
        for (uint32_t i = 1; i < 3 && running == &mock_kernel_vcpu(mock, 0)->thread; i++) {
            vcpu_virq_post(mock_kernel_vcpu(mock, i), INTID);
        }
    }
    assert_in_range(theirs, total_us * 45 / 100, total_us * 60 / 100);
}

/* It may hold a lock, and has lost its place in line by the exit only. */
static void one_that_has_exited_goes_on_first(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t words[1] = {0};
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);

    expect_running(mock, 0);
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_CALL, words, 1);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 0)->thread);
    vcpu_exit_reply(vcpu, SYSCALL_VCPU_REPLY_DONE, 0, words);
    mock_kernel_wait(mock, 0);
    expect_running(mock, 0);
}

/* The sender may wait for what comes of an SGI, and then spins: its turn is short, and begins no other one. */
static void an_sgi_ends_its_senders_turn_soon(void **state)
{
    struct mock_kernel *mock = *state;

    vcpu_wait(mock_kernel_vcpu(mock, 1));
    vcpu_wait(mock_kernel_vcpu(mock, 2));
    expect_running(mock, 0);
    vcpu_virq_send_sgi(mock_kernel_vcpu(mock, 0), SGI, 1u << 1);
    expect_running(mock, 0);
    assert_int_equal(arch_fake.deadline, arch_now() + SGI_TURN_US);
    pass_us(mock, SGI_TURN_US);
    expect_running(mock, 1);
    /* To itself it needs nobody. */
    pass_us(mock, 1);
    vcpu_virq_send_sgi(mock_kernel_vcpu(mock, 1), SGI, 1u << 1);
    expect_running(mock, 1);
    pass_us(mock, SGI_TURN_US);
    expect_running(mock, 1);
}

static void one_that_spins_yields(void **state)
{
    struct mock_kernel *mock = *state;
    struct core *core = &mock->kernel.cores[0];

    vcpu_wait(mock_kernel_vcpu(mock, 2));
    expect_running(mock, 0);
    assert_true(sched_yield_to_sibling(core));
    expect_running(mock, 1);
    assert_true(sched_yield_to_sibling(core));
    expect_running(mock, 0);
    /* There is nobody to yield to: another VM's turn has not come. */
    vcpu_wait(mock_kernel_vcpu(mock, 1));
    expect_running(mock, 0);
    assert_false(sched_yield_to_sibling(core));
    expect_running(mock, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(those_that_share_a_core_are_known),
        CASE(they_take_short_turns),
        CASE(a_woken_one_does_not_overtake_one_that_waits),
        CASE(they_share_a_slice),
        CASE(nobody_else_starves),
        CASE(one_that_has_exited_goes_on_first),
        CASE(an_sgi_ends_its_senders_turn_soon),
        CASE(one_that_spins_yields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
