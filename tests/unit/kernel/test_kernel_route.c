/* SPDX-License-Identifier: BSD-2-Clause */
/** Interrupts follow what a guest changes of them: where an SPI goes, and whether its timer's line is high.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/irq.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_virq.h"
#include "tests/mock/mock_kernel.h"

#define VMM 0
#define POSTER 1
#define CHILD 20u /* vCPU 0 */
#define ENTRY 0x40080000ull
#define SPI 40u
#define PHYSICAL 78u
#define OTHER_PHYSICAL 79u
#define TIMER 27u

/* vCPUs 0 and 1 are one machine's, vCPU 2 is another VMM's. */
static int setup(void **state)
{
    struct mock_kernel *mock = mock_kernel_new(3, 3);

    mock->vcpus[2].parent = 2;
    mock->desc.irq_count = 2;
    mock->irqs[0] = (struct sysdesc_irq){.intid = PHYSICAL, .virq = SPI, .kind = SYSDESC_IRQ_VCPU};
    mock->irqs[1] =
        (struct sysdesc_irq){.intid = OTHER_PHYSICAL, .virq = SPI, .kind = SYSDESC_IRQ_VCPU, .target = 2};
    mock->desc.post_count = 1;
    mock->posts[0] = (struct sysdesc_post){.intid = SPI};
    mock->pds[POSTER].post_count = 1;
    mock_kernel_boot(mock);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(mock_kernel_call(mock, VMM, SYSCALL_VCPU_START, CHILD + i, ENTRY, 0, 0), SYSCALL_OK);
        (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_ENABLE, CHILD + i, 1, 0, 0);
    }
    (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_CONFIGURE, CHILD, SPI, SYSCALL_VIRQ_ENABLED, 0);
    mock_kernel_wait(mock, VMM);
    *state = mock;
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

static uint64_t move(struct mock_kernel *mock, uint64_t from, uint64_t intid, uint64_t to)
{
    const uint64_t status = mock_kernel_call(mock, VMM, SYSCALL_VIRQ_MOVE, from, intid, to, 0);

    mock_kernel_wait(mock, VMM);
    return status;
}

static uint64_t get(struct mock_kernel *mock, uint32_t vcpu, uint32_t intid)
{
    uint64_t bits = 0;

    assert_int_equal(vcpu_virq_get(mock_kernel_vcpu(mock, vcpu), intid, &bits), SYSCALL_OK);
    return bits;
}

static void a_physical_interrupt_follows(void **state)
{
    struct mock_kernel *mock = *state;
    struct core *core = &mock->kernel.cores[0];

    vcpu_wait(mock_kernel_vcpu(mock, 1));
    irq_deliver(core, PHYSICAL); /* and one that is on its way */
    assert_int_equal(get(mock, 0, SPI), SYSCALL_VIRQ_IS_PENDING);
    assert_int_equal(move(mock, CHILD, SPI, CHILD + 1), SYSCALL_OK);
    assert_int_equal(get(mock, 0, SPI), 0);
    assert_int_equal(get(mock, 1, SPI), SYSCALL_VIRQ_IS_PENDING);
    assert_int_equal(mock_kernel_vcpu(mock, 1)->thread.state, THREAD_READY);
    assert_int_equal(mock_kernel_vcpu(mock, 1)->virq.irqs[SPI].physical, PHYSICAL);
    assert_int_equal(arch_fake.dropped_count, 0);
    vcpu_stop(mock_kernel_vcpu(mock, 1));
    assert_int_equal(arch_fake.dropped[0], PHYSICAL);
    irq_deliver(core, PHYSICAL);
    assert_int_equal(get(mock, 1, SPI), SYSCALL_VIRQ_IS_PENDING);
    assert_int_equal(get(mock, 0, SPI), 0);
    irq_deliver(core, OTHER_PHYSICAL); /* another machine's, of the same number */
    assert_int_equal(get(mock, 2, SPI), SYSCALL_VIRQ_IS_PENDING);
    assert_int_equal(move(mock, CHILD + 1, SPI, CHILD), SYSCALL_OK);
    vcpu_stop(mock_kernel_vcpu(mock, 0));
    irq_deliver(core, PHYSICAL);
    assert_int_equal(get(mock, 0, SPI), SYSCALL_VIRQ_IS_PENDING);
}

static void what_is_posted_follows(void **state)
{
    struct mock_kernel *mock = *state;

    assert_int_equal(move(mock, CHILD, SPI, CHILD + 1), SYSCALL_OK);
    assert_int_equal(mock_kernel_call(mock, POSTER, SYSCALL_NOTIFY, SYSDESC_POST_BASE, 0, 0, 0), SYSCALL_OK);
    assert_int_equal(get(mock, 0, SPI), 0);
    assert_int_equal(get(mock, 1, SPI), SYSCALL_VIRQ_IS_PENDING);
}

static void one_that_is_late_comes_where_it_goes_now(void **state)
{
    struct mock_kernel *mock = *state;

    vcpu_wait(mock_kernel_vcpu(mock, 0));
    vcpu_wait(mock_kernel_vcpu(mock, 1));
    assert_int_equal(vcpu_virq_set(mock_kernel_vcpu(mock, 0), SPI, SYSCALL_VIRQ_PEND_LATE, 500), SYSCALL_OK);
    assert_int_equal(move(mock, CHILD, SPI, CHILD + 1), SYSCALL_OK);
    assert_int_equal(get(mock, 1, SPI), SYSCALL_VIRQ_IS_PENDING);
    assert_int_equal(mock_kernel_vcpu(mock, 1)->thread.state, THREAD_READY);
    mock_kernel_advance(mock, arch_fake.now + 1000);
    assert_int_equal(get(mock, 0, SPI), 0);
}

/* GICD_ICACTIVER reaches what is active on the vCPU that had the interrupt before. */
static void an_active_one_can_be_deactivated_from_where_it_is_now(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *now = mock_kernel_vcpu(mock, 1);

    (void)vcpu_virq_set(mock_kernel_vcpu(mock, 0), SPI, SYSCALL_VIRQ_ACTIVATE, 0);
    assert_int_equal(move(mock, CHILD, SPI, CHILD + 1), SYSCALL_OK);
    vcpu_wait(now);
    (void)vcpu_virq_set(now, SPI, SYSCALL_VIRQ_PEND, 0);
    assert_int_equal(get(mock, 1, SPI), SYSCALL_VIRQ_IS_PENDING | SYSCALL_VIRQ_IS_ACTIVE);
    assert_int_equal(now->thread.state, THREAD_IDLE);
    (void)vcpu_virq_set(now, SPI, SYSCALL_VIRQ_ACTIVATE, 0); /* it is */
    (void)vcpu_virq_set(now, SPI, SYSCALL_VIRQ_DEACTIVATE, 0);
    assert_int_equal(get(mock, 1, SPI), SYSCALL_VIRQ_IS_PENDING);
    assert_int_equal(now->thread.state, THREAD_READY);
    assert_int_equal(mock_kernel_vcpu(mock, 0)->virq.left_count, 0);
}

static void a_vcpu_that_stops_gives_up_what_has_left_it(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *now = mock_kernel_vcpu(mock, 1);

    (void)vcpu_virq_set(mock_kernel_vcpu(mock, 0), SPI, SYSCALL_VIRQ_ACTIVATE, 0);
    assert_int_equal(move(mock, CHILD, SPI, CHILD + 1), SYSCALL_OK);
    vcpu_wait(now);
    (void)vcpu_virq_set(now, SPI, SYSCALL_VIRQ_PEND, 0);
    vcpu_stop(mock_kernel_vcpu(mock, 0));
    assert_int_equal(now->thread.state, THREAD_READY);
}

static void only_ones_own_spis_can_be_moved(void **state)
{
    struct mock_kernel *mock = *state;

    assert_int_equal(move(mock, CHILD, TIMER, CHILD + 1), SYSCALL_INVALID);
    assert_int_equal(move(mock, CHILD, 1020, CHILD + 1), SYSCALL_INVALID);
    assert_int_equal(move(mock, CHILD, ~0ull, CHILD + 1), SYSCALL_INVALID);
    assert_int_equal(move(mock, CHILD, SPI, CHILD), SYSCALL_OK);
    mock->pds[VMM].children[CHILD + 2].kind = SYSDESC_CHILD_NONE;
    assert_int_equal(move(mock, CHILD, SPI, CHILD + 2), SYSCALL_DENIED);
    assert_int_equal(move(mock, 3, SPI, CHILD), SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, POSTER, SYSCALL_VIRQ_MOVE, CHILD, SPI, CHILD + 1, 0),
                     SYSCALL_DENIED);
}

/* kvm-unit-tests' timer: pending while the line is high, and not any more when it has fallen. */
static void a_timer_that_has_fallen_is_not_pending(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);

    arch_fake.vtimer_high[0] = true;
    assert_int_equal(get(mock, 0, TIMER),
                     SYSCALL_VIRQ_IS_PENDING); /* its physical interrupt is still to come */
    vcpu_virq_pend_hw(vcpu, TIMER, TIMER);
    assert_int_equal(get(mock, 0, TIMER), SYSCALL_VIRQ_IS_PENDING);
    arch_fake.vtimer_high[0] = false;
    assert_int_equal(get(mock, 0, TIMER), 0);
    assert_int_equal(arch_fake.dropped[0], TIMER); /* so that it can fire again */
    vcpu_virq_pend_hw(vcpu, TIMER, TIMER);
    (void)vcpu_virq_configure(vcpu, TIMER, SYSCALL_VIRQ_ENABLED | SYSCALL_VIRQ_LEVEL);
    vcpu_wait(vcpu);
    assert_int_equal(vcpu->thread.state, THREAD_IDLE);
    arch_fake.vtimer_high[0] = true;
    vcpu_virq_pend_hw(vcpu, TIMER, TIMER);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    vcpu_wait(vcpu);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_physical_interrupt_follows),
        TEST(what_is_posted_follows),
        TEST(one_that_is_late_comes_where_it_goes_now),
        TEST(an_active_one_can_be_deactivated_from_where_it_is_now),
        TEST(a_vcpu_that_stops_gives_up_what_has_left_it),
        TEST(only_ones_own_spis_can_be_moved),
        TEST(a_timer_that_has_fallen_is_not_pending),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
