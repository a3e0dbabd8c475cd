/* SPDX-License-Identifier: BSD-2-Clause */
/* The emulated physical timer of vCPUs: registers, interrupt, wake-up. One tick is a microsecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/ptimer.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_virq.h"
#include "tests/mock/mock_kernel.h"

#define CHILD 20u
#define ENABLE 1u
#define IMASK 2u
#define ISTATUS 4u
#define NOW 1000000u

static int setup(void **state)
{
    *state = mock_kernel_new(2, 2);
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

/* Boot, start vCPU `index`, and let its guest enable the interrupt; the distributor is on. */
static struct vcpu *start(struct mock_kernel *mock, uint32_t index)
{
    struct vcpu *vcpu = mock_kernel_vcpu(mock, index);

    if (index == 0) {
        mock_kernel_boot(mock);
    }
    arch_fake.now = NOW;
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_START, CHILD + index, 0x40000000, 0, 0),
                     SYSCALL_OK);
    vcpu_virq_enable(vcpu, true);
    assert_int_equal(vcpu_virq_configure(vcpu, SYSDESC_PTIMER_INTID,
                                         SYSCALL_VIRQ_ENABLED | SYSCALL_VIRQ_LEVEL | 0xa0u << 8),
                     SYSCALL_OK);
    mock_kernel_wait(mock, 0);
    (void)mock_kernel_pick(mock);
    return vcpu;
}

static bool is_pending(struct vcpu *vcpu)
{
    uint64_t state = 0;

    assert_int_equal(vcpu_virq_get(vcpu, SYSDESC_PTIMER_INTID, &state), SYSCALL_OK);
    return (state & SYSCALL_VIRQ_IS_PENDING) != 0;
}

static void test_registers_read_back(void **state)
{
    struct vcpu *vcpu = start(*state, 0);

    ptimer_set_tval(vcpu, 500);
    assert_int_equal(vcpu->ptimer.cval, NOW + 500);
    assert_int_equal(ptimer_tval(vcpu), 500);
    ptimer_set_tval(vcpu, 0xffffffff); /* -1: it is signed */
    assert_int_equal(vcpu->ptimer.cval, NOW - 1);
    assert_int_equal(ptimer_tval(vcpu), 0xffffffff);
    assert_int_equal(ptimer_ctl(vcpu), 0); /* off, so no status */
    ptimer_set_ctl(vcpu, ENABLE | IMASK | ISTATUS | 0xf0);
    assert_int_equal(ptimer_ctl(vcpu), ENABLE | IMASK | ISTATUS);
    ptimer_set_cval(vcpu, NOW + 1);
    assert_int_equal(ptimer_ctl(vcpu), ENABLE | IMASK);
}

static void test_fires_on_time_and_stays(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock, 0);

    ptimer_set_tval(vcpu, 500);
    ptimer_set_ctl(vcpu, ENABLE);
    (void)mock_kernel_pick(mock);
    assert_int_equal(arch_fake.deadline, NOW + 500);
    mock_kernel_advance(mock, NOW + 499);
    assert_false(is_pending(vcpu));
    mock_kernel_advance(mock, NOW + 500);
    assert_true(is_pending(vcpu));
    assert_int_equal(ptimer_ctl(vcpu), ENABLE | ISTATUS);
    /* It is a level: gone with its cause, back with it. */
    ptimer_set_ctl(vcpu, ENABLE | IMASK);
    assert_false(is_pending(vcpu));
    ptimer_set_ctl(vcpu, ENABLE);
    assert_true(is_pending(vcpu));
    ptimer_set_tval(vcpu, 1000);
    assert_false(is_pending(vcpu));
    (void)mock_kernel_pick(mock);
    assert_int_equal(arch_fake.deadline, NOW + 1500);
    ptimer_set_ctl(vcpu, 0);
    (void)mock_kernel_pick(mock);
    assert_true(arch_fake.deadline == ARCH_NEVER);
}

static void test_wakes_from_wfi(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock, 0);

    ptimer_set_tval(vcpu, 300);
    ptimer_set_ctl(vcpu, ENABLE);
    vcpu_wait(vcpu);
    assert_null(mock_kernel_pick(mock));
    assert_int_equal(arch_fake.deadline, NOW + 300);
    mock_kernel_advance(mock, NOW + 300);
    assert_ptr_equal(mock_kernel_pick(mock), &vcpu->thread);
    assert_true(is_pending(vcpu));
}

static void test_each_vcpu_has_its_own(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *first = start(mock, 0), *second = start(mock, 1);

    ptimer_set_tval(first, 300);
    ptimer_set_ctl(first, ENABLE);
    ptimer_set_tval(second, 200);
    ptimer_set_ctl(second, ENABLE);
    vcpu_wait(first);
    vcpu_wait(second);
    assert_null(mock_kernel_pick(mock));
    mock_kernel_advance(mock, NOW + 200);
    assert_ptr_equal(mock_kernel_pick(mock), &second->thread);
    assert_false(is_pending(first));
    assert_int_equal(arch_fake.deadline, NOW + 300);
}

static void test_stops_with_its_vcpu(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock, 0);

    ptimer_set_tval(vcpu, 300);
    ptimer_set_ctl(vcpu, ENABLE);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_STOP, CHILD, 0, 0, 0), SYSCALL_OK);
    mock_kernel_wait(mock, 0);
    assert_null(mock_kernel_pick(mock));
    assert_true(arch_fake.deadline == ARCH_NEVER);
    assert_int_equal(ptimer_ctl(vcpu), 0);
    /* And one that has fired leaves no interrupt to the next start. */
    vcpu = start(mock, 0);
    ptimer_set_ctl(vcpu, ENABLE);
    assert_true(is_pending(vcpu));
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_START, CHILD, 0x40000000, 0, 0), SYSCALL_OK);
    assert_false(is_pending(vcpu));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_registers_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fires_on_time_and_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wakes_from_wfi, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_vcpu_has_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stops_with_its_vcpu, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
