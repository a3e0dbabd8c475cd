/* SPDX-License-Identifier: BSD-2-Clause */
/** Threads of several cores: what one core wants of another is mail, and nothing is lost on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/account.h"
#include "kernel/core/child.h"
#include "kernel/core/notification.h"
#include "kernel/core/remote.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_exit.h"
#include "kernel/core/vcpu_virq.h"
#include "tests/mock/mock_kernel.h"

#define VMM 0     /* core 0 */
#define FAR 1     /* core 1 */
#define PARENT 2  /* core 0, of FAR */
#define CHILD 20u /* vCPU 0, core 0; the next is vCPU 1, core 1 */
#define FAR_VCPU (CHILD + 1)
#define FAR_ID 7u
#define ENTRY 0x40080000ull
#define SPI 40u
#define PHYSICAL 78u
#define SGIR 0x8000f00ull
#define STORE (0x24ull << 26 | 1u << 25 | 1u << 24 | 2u << 22 | 1u << 16 | 1u << 6) /* of w1 */

static const uint64_t hvc[10] = {0, 0x84000000};

static int setup(void **state)
{
    struct mock_kernel *mock = mock_kernel_new(3, 2);

    mock->desc.core_count = 2;
    mock->pds[FAR].core = 1;
    mock->vcpus[1].core = 1;
    mock->vcpus[0].sgir_gpa = SGIR;
    mock->vcpus[1].sgir_gpa = SGIR;
    mock->desc.irq_count = 1;
    mock->irqs[0] = (struct sysdesc_irq){.intid = PHYSICAL, .virq = SPI, .kind = SYSDESC_IRQ_VCPU};
    mock_kernel_join(mock, VMM, 5, FAR, 6);
    mock->pds[VMM].channels[5].kind |= SYSDESC_CHANNEL_PPC;
    mock_kernel_adopt(mock, PARENT, FAR, FAR_ID);
    mock_kernel_boot(mock);
    for (uint32_t i = 0; i < 2; i++) {
        (void)mock_kernel_call(mock, VMM, SYSCALL_VCPU_START, CHILD + i, ENTRY, 0x1234, 0);
        mock_kernel_look(mock);
        (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_ENABLE, CHILD + i, 1, 0, 0);
        mock_kernel_look(mock);
        for (uint32_t intid = 0; intid < 2; intid++) {
            (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_CONFIGURE, CHILD + i, intid, SYSCALL_VIRQ_ENABLED,
                                   0);
            mock_kernel_look(mock);
        }
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

static enum thread_state pd_state(struct mock_kernel *mock, uint32_t index)
{
    return mock_kernel_pd(mock, index)->thread.state;
}

static uint64_t *registers(struct mock_kernel *mock, uint32_t index)
{
    return mock_kernel_pd(mock, index)->thread.context.x;
}

/* The vCPU of core 1 waits for an interrupt. */
static struct vcpu *idle_vcpu(struct mock_kernel *mock)
{
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 1);

    arch_fake.core_id = 1;
    vcpu_wait(vcpu);
    arch_fake.core_id = 0;
    assert_int_equal(vcpu->thread.state, THREAD_IDLE);
    return vcpu;
}

static void fault_far(struct mock_kernel *mock)
{
    arch_fake.core_id = 1;
    vcpu_exit_message(mock_kernel_vcpu(mock, 1), SYSCALL_VCPU_FAULT_CALL, hvc, 10);
    arch_fake.core_id = 0;
}

static void a_sleeper_of_another_core_is_woken(void **state)
{
    struct mock_kernel *mock = *state;

    notification_send(mock_kernel_pd(mock, FAR), 1u << 6);
    assert_int_equal(arch_fake.kicked, 1u << 1);
    assert_int_equal(pd_state(mock, FAR), THREAD_WAITING);
    mock_kernel_look(mock);
    assert_int_equal(pd_state(mock, FAR), THREAD_READY);
    assert_int_equal(registers(mock, FAR)[1], 1u << 6);
}

static void one_that_runs_is_not_disturbed_and_looks_itself(void **state)
{
    struct mock_kernel *mock = *state;

    notification_send(mock_kernel_pd(mock, FAR), 1u << 6);
    mock_kernel_look(mock);
    notification_send(mock_kernel_pd(mock, FAR), 1u << 3);
    assert_int_equal(arch_fake.kicked, 0);
    mock_kernel_wait(mock, FAR);
    assert_int_equal(pd_state(mock, FAR), THREAD_READY);
    assert_int_equal(registers(mock, FAR)[1], 1u << 3);
}

static void a_vcpu_of_another_core_starts_and_stops(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 1);

    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_int_equal(vcpu->thread.context.pc, ENTRY);
    assert_int_equal(vcpu->thread.context.x[0], 0x1234);
    (void)mock_kernel_call(mock, VMM, SYSCALL_VCPU_STOP, FAR_VCPU, 0, 0, 0);
    assert_int_equal(pd_state(mock, VMM), THREAD_REMOTE);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    mock_kernel_look(mock);
    assert_int_equal(vcpu->thread.state, THREAD_OFF);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    assert_int_equal(registers(mock, VMM)[0], SYSCALL_OK);
}

static void results_come_back(void **state)
{
    struct mock_kernel *mock = *state;

    (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_SET, FAR_VCPU, 1, SYSCALL_VIRQ_PEND, 3);
    mock_kernel_look(mock);
    (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_GET, FAR_VCPU, 1, 0, 0);
    mock_kernel_look(mock);
    assert_int_equal(registers(mock, VMM)[1],
                     SYSCALL_VIRQ_IS_PENDING | 1u << (SYSCALL_VIRQ_SOURCES_SHIFT + 3));
    (void)mock_kernel_call(mock, VMM, SYSCALL_VCPU_READ_REGS, FAR_VCPU, 0, 0, 0);
    mock_kernel_look(mock);
    assert_int_equal(mock->words[VMM][32], ENTRY);
    (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_SET, FAR_VCPU, 5000, SYSCALL_VIRQ_PEND, 0);
    mock_kernel_look(mock);
    assert_int_equal(registers(mock, VMM)[0], SYSCALL_INVALID);
}

static void an_exit_comes_to_the_vmm_and_its_reply_back(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 1);

    fault_far(mock);
    assert_int_equal(pd_state(mock, VMM), THREAD_WAITING);
    mock_kernel_look(mock);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    assert_int_equal(registers(mock, VMM)[0], SYSCALL_EVENT_FAULT);
    assert_int_equal(registers(mock, VMM)[1], FAR_VCPU);
    assert_int_equal(mock->words[VMM][1], 0x84000000);
    mock->words[VMM][0] = 0x10001;
    (void)mock_kernel_call(mock, VMM, SYSCALL_WAIT, SYSCALL_WAIT_REPLY,
                           (uint64_t)SYSCALL_VCPU_REPLY_DONE << 12 | 1, 0, 0);
    assert_int_equal(vcpu->thread.state, THREAD_FAULTED);
    mock_kernel_look(mock);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_int_equal(vcpu->thread.context.x[0], 0x10001);
}

/* It has faulted as its VMM stops it: that fault is over when the VMM's call is. */
static void a_fault_does_not_outlive_a_stop(void **state)
{
    struct mock_kernel *mock = *state;

    (void)mock_kernel_call(mock, VMM, SYSCALL_VCPU_START, FAR_VCPU, ENTRY + 4, 0, 0);
    fault_far(mock);
    mock_kernel_look(mock);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    assert_int_equal(mock_kernel_vcpu(mock, 1)->thread.state, THREAD_READY);
    assert_int_equal(mock_kernel_vcpu(mock, 1)->thread.context.pc, ENTRY + 4);
    mock_kernel_wait(mock, VMM);
    assert_int_equal(pd_state(mock, VMM), THREAD_WAITING);
    /* And the next one is no other's. */
    fault_far(mock);
    mock_kernel_look(mock);
    assert_int_equal(registers(mock, VMM)[0], SYSCALL_EVENT_FAULT);
}

static void look_on(struct mock_kernel *mock, uint32_t core)
{
    arch_fake.core_id = core;
    (void)remote_look(&mock->kernel.cores[core]);
    arch_fake.core_id = 0;
}

/* It has faulted before its VMM's core sees that it is started: that is a fault of the new life. */
static void a_fault_right_after_a_start_is_served(void **state)
{
    struct mock_kernel *mock = *state;

    (void)mock_kernel_call(mock, VMM, SYSCALL_VCPU_START, FAR_VCPU, ENTRY + 4, 0, 0);
    look_on(mock, 1);
    look_on(mock, 0);
    look_on(mock, 1);
    assert_int_equal(mock_kernel_vcpu(mock, 1)->thread.state, THREAD_READY);
    fault_far(mock);
    look_on(mock, 0);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    mock_kernel_wait(mock, VMM);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    assert_int_equal(registers(mock, VMM)[0], SYSCALL_EVENT_FAULT);
}

static void a_post_ends_a_wait_of_another_core(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = idle_vcpu(mock);

    vcpu_virq_post(vcpu, 1);
    assert_int_equal(vcpu->thread.state, THREAD_IDLE);
    assert_int_equal(arch_fake.kicked, 1u << 1);
    mock_kernel_look(mock);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
}

static void an_sgi_needs_no_vmm(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *sender = mock_kernel_vcpu(mock, 0), *vcpu = idle_vcpu(mock);

    sender->thread.context.x[1] = 1u << 24 | 1; /* to all others */
    vcpu_exit_abort(sender, STORE, SGIR, 0);
    assert_int_equal(sender->thread.state, THREAD_READY);
    assert_int_equal(sender->thread.context.pc, ENTRY + 4);
    mock_kernel_look(mock);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_int_equal(vcpu->virq.sources[1], 1u << 0);
    assert_int_equal(sender->virq.sources[1], 0);
    /* To itself, and to a list. */
    sender->thread.context.x[1] = 2u << 24;
    vcpu_exit_abort(sender, STORE, SGIR, 0);
    assert_int_equal(sender->virq.sources[0], 1u << 0);
    sender->thread.context.x[1] = 0xfeu << 16;
    vcpu_exit_abort(sender, STORE, SGIR, 0);
    mock_kernel_look(mock);
    assert_int_equal(vcpu->virq.sources[0], 1u << 0);
    /* A reserved filter is the VMM's business. */
    sender->thread.context.x[1] = 3u << 24;
    vcpu_exit_abort(sender, STORE, SGIR, 0);
    assert_int_equal(sender->thread.state, THREAD_FAULTED);
}

static void move(struct mock_kernel *mock, uint64_t from, uint64_t to)
{
    (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_MOVE, from, SPI, to, 0);
    mock_kernel_look(mock);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    assert_int_equal(registers(mock, VMM)[0], SYSCALL_OK);
}

static void an_interrupt_moves_to_another_core_with_what_is_pending(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = idle_vcpu(mock);

    vcpu_virq_post(mock_kernel_vcpu(mock, 0), SPI);
    move(mock, CHILD, FAR_VCPU);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_true(virq_is_pending(&vcpu->virq));
    assert_false(virq_is_pending(&mock_kernel_vcpu(mock, 0)->virq));
    assert_int_equal(mock->kernel.irq_vcpus[0], 1);
    assert_int_equal(arch_fake.routed_core, 1);
    assert_int_equal(arch_fake.routed_intid, PHYSICAL);
}

/* A poster has looked where it goes, and it has moved on before the post arrives. */
static void a_post_under_way_follows_it(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *near = mock_kernel_vcpu(mock, 0), *far = mock_kernel_vcpu(mock, 1);

    move(mock, CHILD, FAR_VCPU);
    arch_fake.core_id = 1;
    vcpu_virq_post(near, SPI);
    mock_kernel_look(mock);
    assert_false(virq_is_pending(&near->virq));
    assert_true(virq_is_pending(&far->virq));
}

static void one_that_is_active_is_held_until_its_end(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *near = mock_kernel_vcpu(mock, 0), *far = mock_kernel_vcpu(mock, 1);

    (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_SET, CHILD, SPI, SYSCALL_VIRQ_ACTIVATE, 0);
    move(mock, CHILD, FAR_VCPU);
    arch_fake.core_id = 1;
    vcpu_virq_post(far, SPI);
    assert_false(virq_is_pending(&far->virq));
    arch_fake.core_id = 0;
    (void)virq_set_active(&near->virq, SPI, false);
    vcpu_virq_settle(near);
    mock_kernel_look(mock);
    assert_true(virq_is_pending(&far->virq));
}

static void a_restarted_pd_gets_no_result_of_before(void **state)
{
    struct mock_kernel *mock = *state;

    (void)mock_kernel_call(mock, VMM, SYSCALL_VCPU_STOP, FAR_VCPU, 0, 0, 0);
    child_restart(mock_kernel_pd(mock, VMM), ENTRY);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_SET, FAR_VCPU, 5000, 0, 0);
    assert_int_equal(pd_state(mock, VMM), THREAD_REMOTE);
    mock_kernel_look(mock);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    assert_int_equal(registers(mock, VMM)[0], SYSCALL_INVALID);
    assert_int_equal(mock_kernel_vcpu(mock, 1)->thread.state, THREAD_OFF);
}

static void a_child_of_another_core_is_stopped_and_restarted(void **state)
{
    struct mock_kernel *mock = *state;

    (void)mock_kernel_call(mock, PARENT, SYSCALL_PD_STOP, FAR_ID, 0, 0, 0);
    mock_kernel_look(mock);
    assert_true(mock_kernel_pd(mock, FAR)->thread.suspended);
    (void)mock_kernel_call(mock, PARENT, SYSCALL_PD_RESTART, FAR_ID, ENTRY, 0, 0);
    mock_kernel_look(mock);
    assert_false(mock_kernel_pd(mock, FAR)->thread.suspended);
    assert_int_equal(pd_state(mock, FAR), THREAD_READY);
    assert_int_equal(mock_kernel_pd(mock, FAR)->thread.context.pc, ENTRY);
    assert_int_equal(registers(mock, PARENT)[0], SYSCALL_OK);
}

static void a_line_of_another_core_comes_into_the_log(void **state)
{
    struct mock_kernel *mock = *state;

    (void)mock_kernel_call(mock, FAR, SYSCALL_DEBUG_WRITE, 3, 0x0a6161, 0, 0);
    assert_int_equal(mock->log.written, 0);
    mock_kernel_look(mock);
    assert_int_equal(mock->log.written, 3);
    assert_memory_equal(mock->log.text, "aa\n", 3);
}

static void what_a_service_of_another_core_does_is_owed(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 1);
    struct pd *pd = mock_kernel_pd(mock, VMM);

    pd->own_vm = vcpu;
    account_charge(pd, 100, arch_now());
    assert_int_equal(vcpu->debt, 100);
    assert_int_equal(vcpu->thread.own.remaining, vcpu->thread.own.budget);
}

static void call_far(struct mock_kernel *mock)
{
    mock->words[VMM][0] = 11;
    (void)mock_kernel_call(mock, VMM, SYSCALL_PPC, 5, 1, 0, 0);
    assert_int_equal(pd_state(mock, VMM), THREAD_CALLING);
}

static void a_call_to_another_core_returns(void **state)
{
    struct mock_kernel *mock = *state;

    call_far(mock);
    mock_kernel_look(mock);
    assert_int_equal(registers(mock, FAR)[0], SYSCALL_EVENT_PPC);
    assert_int_equal(registers(mock, FAR)[1], 6);
    assert_int_equal(mock->words[FAR][0], 11);
    mock->words[FAR][0] = 12;
    (void)mock_kernel_call(mock, FAR, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, 7u << 12 | 1, 0, 0);
    assert_int_equal(pd_state(mock, VMM), THREAD_CALLING);
    mock_kernel_look(mock);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    assert_int_equal(registers(mock, VMM)[0], SYSCALL_OK);
    assert_int_equal(registers(mock, VMM)[1], 7u << 12 | 1);
    assert_int_equal(mock->words[VMM][0], 12);
}

static void a_caller_is_restarted(void **state)
{
    struct mock_kernel *mock = *state;

    for (uint32_t i = 0; i < 2; i++) {
        call_far(mock);
        /* Before the server's core has looked, and after that. */
        if (i == 1) {
            mock_kernel_look(mock);
        }
        child_restart(mock_kernel_pd(mock, VMM), ENTRY);
        assert_int_equal(pd_state(mock, VMM), THREAD_CALLING);
        mock_kernel_look(mock);
        assert_int_equal(pd_state(mock, VMM), THREAD_READY);
        assert_int_equal(mock_kernel_pd(mock, VMM)->thread.context.pc, ENTRY);
        mock_kernel_wait(mock, VMM);
        mock_kernel_wait(mock, FAR);
        assert_int_equal(pd_state(mock, FAR), THREAD_WAITING);
        assert_null(mock_kernel_pd(mock, FAR)->caller);
    }
    call_far(mock);
    mock_kernel_look(mock);
    assert_int_equal(registers(mock, FAR)[0], SYSCALL_EVENT_PPC);
}

static void a_caller_is_restarted_as_the_answer_comes(void **state)
{
    struct mock_kernel *mock = *state;

    call_far(mock);
    mock_kernel_look(mock);
    (void)mock_kernel_call(mock, FAR, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, 0, 0, 0);
    arch_fake.core_id = 0;
    child_restart(mock_kernel_pd(mock, VMM), ENTRY);
    mock_kernel_look(mock);
    assert_int_equal(pd_state(mock, VMM), THREAD_READY);
    assert_int_equal(mock_kernel_pd(mock, VMM)->thread.context.pc, ENTRY);
}

static void a_call_to_the_dead_returns(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_pd(mock, FAR)->dead = true;
    call_far(mock);
    mock_kernel_look(mock);
    assert_int_equal(registers(mock, VMM)[0], SYSCALL_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sleeper_of_another_core_is_woken),
        TEST(one_that_runs_is_not_disturbed_and_looks_itself),
        TEST(a_vcpu_of_another_core_starts_and_stops),
        TEST(results_come_back),
        TEST(an_exit_comes_to_the_vmm_and_its_reply_back),
        TEST(a_fault_does_not_outlive_a_stop),
        TEST(a_fault_right_after_a_start_is_served),
        TEST(a_post_ends_a_wait_of_another_core),
        TEST(an_sgi_needs_no_vmm),
        TEST(an_interrupt_moves_to_another_core_with_what_is_pending),
        TEST(a_post_under_way_follows_it),
        TEST(one_that_is_active_is_held_until_its_end),
        TEST(a_restarted_pd_gets_no_result_of_before),
        TEST(a_child_of_another_core_is_stopped_and_restarted),
        TEST(a_line_of_another_core_comes_into_the_log),
        TEST(a_call_to_another_core_returns),
        TEST(a_caller_is_restarted),
        TEST(a_caller_is_restarted_as_the_answer_comes),
        TEST(a_call_to_the_dead_returns),
        TEST(what_a_service_of_another_core_does_is_owed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
