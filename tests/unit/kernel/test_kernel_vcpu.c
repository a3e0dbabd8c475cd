/* SPDX-License-Identifier: BSD-2-Clause */
/** vCPUs: exits to the VMM and back, doorbells, posted and physical interrupts, WFI, start and stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/fault.h"
#include "kernel/core/irq.h"
#include "kernel/core/notification.h"
#include "kernel/core/sched.h"
#include "kernel/core/syndrome.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_exit.h"
#include "kernel/core/vcpu_virq.h"
#include "tests/mock/mock_kernel.h"

#define CHILD 20u /* vCPU 0 in its VMM */
#define ENTRY 0x40080000ull
#define INFO(label, count) ((uint64_t)(label) << 12 | (count))

/* ESR_EL2 of a data abort with a valid description. */
#define ABORT (0x24ull << 26 | 1u << 25 | 1u << 24)
#define SIZE(n) ((uint64_t)(n) << 22) /* log2 of the width */
#define SIGNED (1u << 21)
#define REG(n) ((uint64_t)(n) << 16)
#define X_REGISTER (1u << 15)
#define WRITE (1u << 6)

static int setup(void **state)
{
    *state = mock_kernel_new(2, 1);
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

/* Boot, and start the vCPU as its VMM does. */
static struct vcpu *start(struct mock_kernel *mock)
{
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);

    mock_kernel_boot(mock);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_START, CHILD, ENTRY, 0x48000000, 0), SYSCALL_OK);
    mock_kernel_wait(mock, 0);
    assert_ptr_equal(mock_kernel_pick(mock), &vcpu->thread);
    return vcpu;
}

static void reply(struct mock_kernel *mock, uint64_t label, uint64_t word)
{
    mock->words[0][0] = word;
    (void)mock_kernel_call(mock, 0, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(label, 1), 0, 0);
}

static uint64_t fault_label(struct mock_kernel *mock)
{
    const uint64_t *x = mock_kernel_pd(mock, 0)->thread.context.x;

    assert_int_equal(x[0], SYSCALL_EVENT_FAULT);
    assert_int_equal(x[1], CHILD);
    return x[2] >> 12;
}

static void starts_at_its_entry(void **state)
{
    struct vcpu *vcpu = start(*state);

    assert_true(vcpu->thread.context.pc == ENTRY);
    assert_true(vcpu->thread.context.x[0] == 0x48000000);
}

static void load_is_completed(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);

    vcpu_exit_abort(vcpu, ABORT | SIZE(2) | REG(3), 0x9000018, 0xffff000018);
    assert_int_equal(vcpu->thread.state, THREAD_FAULTED);
    assert_int_equal(fault_label(mock), SYSCALL_VCPU_FAULT_ABORT);
    assert_int_equal(mock->words[0][0], 0x9000018);
    assert_int_equal(mock->words[0][2], 0);
    assert_true(mock->words[0][3] == ENTRY);
    assert_true(mock->words[0][4] == 0xffff000018);
    vcpu->thread.context.x[3] = ~0ull;
    reply(mock, SYSCALL_VCPU_REPLY_DONE, 0x1234567890);
    assert_int_equal(vcpu->thread.context.x[3], 0x34567890);
    assert_true(vcpu->thread.context.pc == ENTRY + 4);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
}

static void loads_extend_as_the_instruction_says(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);
    static const struct {
        uint64_t esr, loaded, expected;
    } cases[] = {
        {SIZE(0), 0xfff80, 0x80},
        {SIZE(0) | SIGNED, 0x80, 0xffffff80},
        {SIZE(0) | SIGNED | X_REGISTER, 0x80, 0xffffffffffffff80},
        {SIZE(1) | SIGNED | X_REGISTER, 0x7fff, 0x7fff},
        {SIZE(1) | SIGNED, 0x8000, 0xffff8000},
        {SIZE(2) | SIGNED | X_REGISTER, 0x80000000, 0xffffffff80000000},
        {SIZE(3) | X_REGISTER, 0x8877665544332211, 0x8877665544332211},
        {SIZE(3) | SIGNED | X_REGISTER, 0x8877665544332211, 0x8877665544332211},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vcpu_exit_abort(vcpu, ABORT | REG(30) | cases[i].esr, 0x9000000, 0);
        reply(mock, SYSCALL_VCPU_REPLY_DONE, cases[i].loaded);
        assert_true(vcpu->thread.context.x[30] == cases[i].expected);
    }
    /* Register 31 is no register. */
    vcpu_exit_abort(vcpu, ABORT | REG(31) | SIZE(3), 0x9000000, 0);
    reply(mock, SYSCALL_VCPU_REPLY_DONE, 7);
    assert_int_equal(vcpu->thread.context.sp, 0);
}

static void store_carries_its_value(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);

    vcpu->thread.context.x[7] = 0x1122334455667788;
    vcpu_exit_abort(vcpu, ABORT | SIZE(1) | REG(7) | WRITE, 0x9000000, 0);
    assert_int_equal(mock->words[0][2], 0x7788);
    reply(mock, SYSCALL_VCPU_REPLY_DONE, 0);
    assert_true(vcpu->thread.context.x[7] == 0x1122334455667788);
    vcpu_exit_abort(vcpu, ABORT | SIZE(3) | REG(31) | WRITE, 0x9000000, 0);
    assert_int_equal(mock->words[0][2], 0);
}

static void other_replies(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);

    vcpu_exit_abort(vcpu, ABORT | SIZE(2), 0x9000000, 0xabc);
    reply(mock, SYSCALL_VCPU_REPLY_RETRY, 0);
    assert_true(vcpu->thread.context.pc == ENTRY);
    assert_int_equal(arch_fake.injections, 0);
    vcpu_exit_abort(vcpu, ABORT | SIZE(2) | WRITE, 0x9000000, 0xabc);
    vcpu->thread.context.pstate = 0x3c5;
    reply(mock, SYSCALL_VCPU_REPLY_ABORT, 0);
    assert_int_equal(arch_fake.injected_esr, 0x25u << 26 | 1u << 25 | WRITE | 0x10);
    assert_int_equal(arch_fake.injected_far, 0xabc);
    vcpu_exit_abort(vcpu, ABORT | SIZE(2), 0x9000000, 0xabc);
    vcpu->thread.context.pstate = 0; /* from EL0 */
    reply(mock, SYSCALL_VCPU_REPLY_ABORT, 0);
    assert_int_equal(arch_fake.injected_esr, 0x24u << 26 | 1u << 25 | 0x10);
    vcpu_exit_abort(vcpu, ABORT | SIZE(2), 0x9000000, 0xabc);
    reply(mock, SYSCALL_VCPU_REPLY_UNDEF, 0);
    assert_int_equal(arch_fake.injected_esr, 1u << 25);
    assert_int_equal(arch_fake.injections, 3);
}

static void calls_return_registers(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);
    const uint64_t smc[] = {1, 0x84000000, 0, 0, 0, 0, 0, 0, 0, 0};
    const uint64_t hvc[] = {0, 0x84000000, 0, 0, 0, 0, 0, 0, 0, 0};

    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_CALL, smc, 10);
    for (uint32_t i = 0; i < 4; i++) {
        mock->words[0][i] = 100 + i;
    }
    (void)mock_kernel_call(mock, 0, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(0, 4), 0, 0);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(vcpu->thread.context.x[i], 100 + i);
    }
    assert_true(vcpu->thread.context.pc == ENTRY + 4);
    /* An HVC has already moved on, and goes back for an exception. */
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_CALL, hvc, 10);
    reply(mock, SYSCALL_VCPU_REPLY_DONE, 0);
    assert_true(vcpu->thread.context.pc == ENTRY + 4);
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_CALL, hvc, 10);
    reply(mock, SYSCALL_VCPU_REPLY_UNDEF, 0);
    assert_true(vcpu->thread.context.pc == ENTRY);
}

static void doorbell_notifies_without_the_vmm(void **state)
{
    struct mock_kernel *mock = *state;

    mock->desc.doorbell_count = 3;
    mock->doorbells[0] = (struct sysdesc_doorbell){.gpa = 0xa000050,
                                                   .value = 1,
                                                   .width_bytes = 4,
                                                   .flags = SYSDESC_DOORBELL_MATCH,
                                                   .pd = 1,
                                                   .channel = 6};
    mock->doorbells[1] = (struct sysdesc_doorbell){
        .gpa = 0xa000050, .value = 2, .flags = SYSDESC_DOORBELL_MATCH | SYSDESC_DOORBELL_IGNORE};
    mock->doorbells[2] = (struct sysdesc_doorbell){.gpa = 0xb000000, .pd = 1, .channel = 7};
    mock->vcpus[0].doorbell_count = 2; /* the third is somebody else's */
    struct vcpu *vcpu = start(mock);
    const uint64_t *peer = mock_kernel_pd(mock, 1)->thread.context.x;

    vcpu->thread.context.x[1] = 0xffffffff00000001;
    vcpu_exit_abort(vcpu, ABORT | SIZE(2) | REG(1) | WRITE, 0xa000050, 0);
    assert_int_equal(peer[1], 1u << 6);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_true(vcpu->thread.context.pc == ENTRY + 4);
    mock_kernel_wait(mock, 1);
    /* Ignored: nobody is told. */
    vcpu->thread.context.x[1] = 2;
    vcpu_exit_abort(vcpu, ABORT | SIZE(2) | REG(1) | WRITE, 0xa000050, 0);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_int_equal(mock_kernel_pd(mock, 1)->thread.state, THREAD_WAITING);
    /* Another value, another width, a load, another address: the VMM's. */
    static const struct {
        uint64_t value, esr, gpa;
    } misses[] = {{3, SIZE(2) | WRITE, 0xa000050},
                  {1, SIZE(1) | WRITE, 0xa000050},
                  {1, SIZE(2), 0xa000050},
                  {1, SIZE(2) | WRITE, 0xa000054},
                  {1, SIZE(2) | WRITE, 0xb000000}};
    for (size_t i = 0; i < sizeof misses / sizeof misses[0]; i++) {
        vcpu->thread.context.x[1] = misses[i].value;
        vcpu_exit_abort(vcpu, ABORT | REG(1) | misses[i].esr, misses[i].gpa, 0);
        assert_int_equal(vcpu->thread.state, THREAD_FAULTED);
        reply(mock, SYSCALL_VCPU_REPLY_DONE, 0);
    }
    assert_int_equal(mock_kernel_pd(mock, 1)->thread.state, THREAD_WAITING);
}

static void wfi_blocks_until_an_interrupt(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);

    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VIRQ_ENABLE, CHILD, 1, 0, 0), SYSCALL_OK);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VIRQ_CONFIGURE, CHILD, 40, SYSCALL_VIRQ_ENABLED, 0),
                     SYSCALL_OK);
    mock_kernel_wait(mock, 0);
    vcpu_wait(vcpu);
    assert_null(mock_kernel_pick(mock));
    /* One that is not enabled wakes nobody. */
    (void)mock_kernel_call(mock, 0, SYSCALL_VIRQ_SET, CHILD, 41, SYSCALL_VIRQ_PEND, 0);
    assert_int_equal(vcpu->thread.state, THREAD_IDLE);
    (void)mock_kernel_call(mock, 0, SYSCALL_VIRQ_SET, CHILD, 40, SYSCALL_VIRQ_PEND, 0);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    vcpu_wait(vcpu);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
}

static void posted_interrupt_needs_no_vmm(void **state)
{
    struct mock_kernel *mock = *state;

    mock->desc.post_count = 2;
    mock->posts[1] = (struct sysdesc_post){.vcpu = 0, .intid = 48};
    mock->pds[1].post_first = 1;
    mock->pds[1].post_count = 1;
    struct vcpu *vcpu = start(mock);
    (void)mock_kernel_call(mock, 0, SYSCALL_VIRQ_ENABLE, CHILD, 1, 0, 0);
    (void)mock_kernel_call(mock, 0, SYSCALL_VIRQ_CONFIGURE, CHILD, 48, SYSCALL_VIRQ_ENABLED, 0);
    mock_kernel_wait(mock, 0);
    vcpu_wait(vcpu);
    /* Nobody may post another's, nor past its own. */
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_NOTIFY, SYSDESC_POST_BASE, 0, 0, 0), SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_NOTIFY, SYSDESC_POST_BASE + 1, 0, 0, 0),
                     SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_NOTIFY, UINT64_MAX, 0, 0, 0), SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_NOTIFY, 62, 0, 0, 0), SYSCALL_DENIED);
    assert_int_equal(vcpu->thread.state, THREAD_IDLE);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_NOTIFY, SYSDESC_POST_BASE, 0, 0, 0), SYSCALL_OK);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_int_equal(mock_kernel_pd(mock, 0)->thread.state, THREAD_WAITING);
    assert_int_equal(virq_get(&vcpu->virq, 48), SYSCALL_VIRQ_IS_PENDING);
}

static void physical_interrupt_goes_straight_in(void **state)
{
    struct mock_kernel *mock = *state;

    mock->desc.irq_count = 1;
    mock->irqs[0] = (struct sysdesc_irq){.intid = 80, .target = 0, .kind = SYSDESC_IRQ_VCPU, .virq = 60};
    struct vcpu *vcpu = start(mock);
    (void)mock_kernel_call(mock, 0, SYSCALL_VIRQ_ENABLE, CHILD, 1, 0, 0);
    (void)mock_kernel_call(mock, 0, SYSCALL_VIRQ_CONFIGURE, CHILD, 60, SYSCALL_VIRQ_ENABLED, 0);
    irq_deliver(&mock->kernel.cores[0], 80);
    assert_int_equal(virq_fill(&vcpu->virq), 1);
    assert_int_equal(vcpu->virq.lrs[0] & (VIRQ_LR_HW | 0xfffff), VIRQ_LR_HW | 80u << 10 | 60u);
    /* Stopping the vCPU ends the physical interrupt too. */
    (void)mock_kernel_call(mock, 0, SYSCALL_VCPU_STOP, CHILD, 0, 0, 0);
    assert_int_equal(arch_fake.dropped_count, 1);
    assert_int_equal(arch_fake.dropped[0], 80);
    assert_int_equal(virq_get(&vcpu->virq, 60), 0);
}

static void restart_during_an_exit_forgets_the_exit(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);

    /* PSCI SYSTEM_RESET: the VMM restarts the vCPU while it handles its call, then replies. */
    const uint64_t hvc[] = {0, 0x84000009, 0, 0, 0, 0, 0, 0, 0, 0};
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_CALL, hvc, 10);
    (void)mock_kernel_call(mock, 0, SYSCALL_VCPU_START, CHILD, ENTRY + 0x100, 5, 0);
    reply(mock, SYSCALL_VCPU_REPLY_DONE, 99);
    assert_int_equal(vcpu->thread.context.x[0], 5);
    assert_true(vcpu->thread.context.pc == ENTRY + 0x100);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    /* And stopped meanwhile, it stays stopped. */
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_CALL, hvc, 10);
    (void)mock_kernel_call(mock, 0, SYSCALL_VCPU_STOP, CHILD, 0, 0, 0);
    reply(mock, SYSCALL_VCPU_REPLY_DONE, 99);
    assert_int_equal(vcpu->thread.state, THREAD_OFF);
}

static void dead_vmm_leaves_its_vcpu_stopped(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);
    const uint64_t words[] = {0, 0, 0, 0};

    fault_pd(mock_kernel_pd(mock, 0), 6, words, 4, 0, 0);
    vcpu_exit_abort(vcpu, ABORT, 0x9000000, 0);
    assert_int_equal(vcpu->thread.state, THREAD_FAULTED);
    assert_null(mock_kernel_pick(mock));
}

static void nonsense_from_the_vmm_is_refused(void **state)
{
    struct mock_kernel *mock = *state;

    (void)start(mock);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VIRQ_CONFIGURE, CHILD, 1020, 1, 0), SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VIRQ_SET, CHILD, ~0ull, 0, 0), SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VIRQ_SET, CHILD, 40, 7, 0), SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VIRQ_SET, CHILD, 40, SYSCALL_VIRQ_PEND_LATE, 0x10000),
                     SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VIRQ_SET, CHILD, 3, 0, 8), SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VIRQ_GET, CHILD, 1020, 0, 0), SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VIRQ_SET, CHILD + 1, 40, 0, 0), SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_VIRQ_SET, CHILD, 40, 0, 0), SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_PD_RESTART, CHILD, ENTRY, 0, 0), SYSCALL_DENIED);
}

/* Exit at the present time; the VMM takes `handling` until it answers. Returns who runs then. */
static struct thread *exit_and_answer(struct mock_kernel *mock, struct vcpu *vcpu, uint64_t handling)
{
    vcpu_exit_abort(vcpu, ABORT, 0x9000000, 0);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 0)->thread);
    arch_fake.now += handling;
    reply(mock, SYSCALL_VCPU_REPLY_DONE, 0);
    return mock_kernel_pick(mock);
}

static void exits_cost_no_turn_and_gain_no_time(void **state)
{
    struct mock_kernel *mock = *state;
    struct thread *equal = &mock_kernel_pd(mock, 1)->thread;

    mock->pds[1].priority = mock->vcpus[0].priority;
    mock->vcpus[0].budget_us = mock->vcpus[0].period_us = 1000;
    struct vcpu *vcpu = start(mock);
    notification_send(mock_kernel_pd(mock, 1), 1);
    assert_ptr_equal(mock_kernel_pick(mock), &vcpu->thread);
    /* It goes on before its equal until slice and handling together have used the slice up. */
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal(exit_and_answer(mock, vcpu, 200), &vcpu->thread);
    }
    assert_ptr_equal(exit_and_answer(mock, vcpu, 200), equal);
    /* And then it has a new one. */
    mock_kernel_wait(mock, 1);
    notification_send(mock_kernel_pd(mock, 1), 1);
    assert_ptr_equal(mock_kernel_pick(mock), &vcpu->thread);
    assert_ptr_equal(exit_and_answer(mock, vcpu, 900), &vcpu->thread);
}

static void fall_asleep(struct thread *thread)
{
    thread->state = THREAD_IDLE;
    sched_update(thread);
}

static void wake_up(struct thread *thread)
{
    thread->state = THREAD_READY;
    sched_wake_first(thread);
}

/* Beside an equal that computes it is woken for a short time, again and again, far more often than a slice
 * lasts. */
static void who_sleeps_most_of_the_time_never_waits_for_a_slice(void **state)
{
    struct mock_kernel *mock = *state;

    mock->pds[1].priority = mock->vcpus[0].priority;
    mock->vcpus[0].budget_us = mock->vcpus[0].period_us = 1000;
    struct thread *vcpu = &start(mock)->thread;
    notification_send(mock_kernel_pd(mock, 1), 1);
    for (int i = 0; i < 1000; i++) {
        assert_ptr_equal(mock_kernel_pick(mock), vcpu);
        arch_fake.now += 30;
        fall_asleep(vcpu);
        assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 1)->thread);
        arch_fake.now += 70;
        wake_up(vcpu);
    }
}

/* Its share is a half: who wants nine tenths has to wait for the other one's slices in between. */
static void who_sleeps_earns_no_more_than_a_share(void **state)
{
    struct mock_kernel *mock = *state;
    uint64_t used = 0;

    mock->pds[1].priority = mock->vcpus[0].priority;
    mock->vcpus[0].budget_us = mock->vcpus[0].period_us = 1000;
    struct thread *vcpu = &start(mock)->thread;
    const uint64_t begin = arch_fake.now;
    notification_send(mock_kernel_pd(mock, 1), 1);
    for (int i = 0; i < 1000; i++) {
        while (mock_kernel_pick(mock) != vcpu) {
            mock_kernel_advance(mock, arch_fake.deadline);
        }
        arch_fake.now += 90;
        used += 90;
        fall_asleep(vcpu);
        (void)mock_kernel_pick(mock);
        arch_fake.now += 10;
        wake_up(vcpu);
    }
    assert_true(used < (arch_fake.now - begin) * 6 / 10);
}

/* While a guest that computes exits, an equal of it is woken: that one does not wait for the rest of a slice.
 */
static void who_is_woken_runs_before_whose_exit_is_done(void **state)
{
    struct mock_kernel *mock = *state;
    struct thread *woken = &mock_kernel_pd(mock, 1)->thread;

    mock->pds[1].priority = mock->vcpus[0].priority;
    struct vcpu *vcpu = start(mock);
    vcpu_exit_abort(vcpu, ABORT, 0x9000000, 0);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 0)->thread);
    wake_up(woken);
    reply(mock, SYSCALL_VCPU_REPLY_DONE, 0);
    assert_ptr_equal(mock_kernel_pick(mock), woken);
    fall_asleep(woken);
    assert_ptr_equal(mock_kernel_pick(mock), &vcpu->thread);
}

static void exits_use_up_a_budget(void **state)
{
    struct mock_kernel *mock = *state;

    mock->vcpus[0].budget_us = 100;
    mock->vcpus[0].period_us = 1000;
    arch_fake.now = 50000;
    struct vcpu *vcpu = start(mock);
    const uint64_t period_end = arch_fake.now + 1000;
    assert_ptr_equal(exit_and_answer(mock, vcpu, 60), &vcpu->thread);
    assert_null(exit_and_answer(mock, vcpu, 60));
    assert_int_equal(arch_fake.deadline, period_end);
    mock_kernel_advance(mock, period_end);
    assert_ptr_equal(mock_kernel_pick(mock), &vcpu->thread);
}

static void counters_tell_exits_apart(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);

    vcpu_exit_abort(vcpu, ABORT, 0x9000000, 0);
    (void)mock_kernel_call(mock, 0, SYSCALL_VCPU_READ_COUNTERS, CHILD, 0, 0, 0);
    assert_int_equal(mock->words[0][SYSCALL_COUNTER_EXIT_MMIO], 1);
    assert_int_equal(mock->words[0][SYSCALL_COUNTER_EXIT_DOORBELL], 0);
}

static void serrors_are_judged_by_their_syndrome(void **state)
{
    static const struct {
        uint64_t syndrome;
        bool has_ras;
        enum syndrome_serror judged;
    } cases[] = {
        {0xbe000000, false, SYNDROME_SERROR_UNKNOWN},
        {0xbe000011, false, SYNDROME_SERROR_UNKNOWN},             /* without RAS the bits mean nothing */
        {0xbe000000, true, SYNDROME_SERROR_UNKNOWN},              /* uncategorized */
        {0xbf000011, true, SYNDROME_SERROR_UNKNOWN},              /* IMPLEMENTATION DEFINED */
        {0xbe000011 | 0u << 10, true, SYNDROME_SERROR_FATAL},     /* uncontainable */
        {0xbe000011 | 1u << 10, true, SYNDROME_SERROR_FATAL},     /* unrecoverable */
        {0xbe000011 | 2u << 10, true, SYNDROME_SERROR_CONTAINED}, /* restartable */
        {0xbe000011 | 3u << 10, true, SYNDROME_SERROR_FATAL},     /* recoverable, by who knows how */
        {0xbe000011 | 6u << 10, true, SYNDROME_SERROR_CONTAINED}, /* corrected */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(syndrome_serror(cases[i].syndrome, cases[i].has_ras), cases[i].judged);
    }
}

static void causes_have_words(void **state)
{
    (void)state;
    for (uint64_t class = 0; class < 64; class ++) {
        for (uint64_t status = 0; status < 64; status++) {
            assert_non_null(syndrome_text(class << 26 | status));
        }
    }
    assert_string_equal(syndrome_text(0x24ull << 26 | 0x06 | WRITE), "write to unmapped memory");
    assert_string_equal(syndrome_text(0x24ull << 26 | 0x0f), "read from memory without read permission");
    assert_string_equal(syndrome_text(0x20ull << 26 | 0x0f), "instruction fetch from non-executable memory");
}

static void test_paused_vcpu_keeps_what_happens_to_it(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);

    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_PAUSE, CHILD, 1, 0, 0), SYSCALL_OK);
    mock_kernel_wait(mock, 0);
    assert_null(mock_kernel_pick(mock));
    assert_true(vcpu->thread.context.pc == ENTRY);
    /* An answer to a fault that was on its way, and a new start, don't let it run either. */
    vcpu_exit_abort(vcpu, ABORT | SIZE(2), 0x9000000, 0);
    reply(mock, SYSCALL_VCPU_REPLY_DONE, 7);
    assert_int_equal(vcpu->thread.state, THREAD_READY);
    assert_null(mock_kernel_pick(mock));
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_START, CHILD, ENTRY, 0, 0), SYSCALL_OK);
    mock_kernel_wait(mock, 0);
    assert_null(mock_kernel_pick(mock));
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_PAUSE, CHILD, 0, 0, 0), SYSCALL_OK);
    mock_kernel_wait(mock, 0);
    assert_ptr_equal(mock_kernel_pick(mock), &vcpu->thread);
}

static void test_debugger_needs_its_flag(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);
    const uint64_t call = SYSCALL_VCPU_WRITE_REGISTER, pc = SYSCALL_VCPU_REGISTER_PC;

    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_READ_GROUP, CHILD, 0, 0, 0), SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, 0, call, CHILD, pc, 0x1234, 0), SYSCALL_DENIED);
    assert_true(vcpu->thread.context.pc == ENTRY);
    mock->vcpus[0].flags = SYSDESC_VCPU_DEBUG;
    assert_int_equal(mock_kernel_call(mock, 0, call, CHILD, pc, 0x1234, 0), SYSCALL_OK);
    assert_true(vcpu->thread.context.pc == 0x1234);
    assert_int_equal(mock_kernel_call(mock, 0, call, CHILD, 0x200, 0, 0), SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_READ_GROUP, CHILD, 0, 0, 0), SYSCALL_OK);
    assert_true(mock->words[0][32] == 0x1234);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_READ_GROUP, CHILD, 3, 0, 0), SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_VCPU_READ_GROUP, CHILD, 0, 0, 0), SYSCALL_DENIED);
}

static void test_brk_goes_to_the_guest_on_request(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = start(mock);
    const uint64_t brk = (uint64_t)ESR_EC_BRK64 << 26 | 1u << 25 | 0x800;
    const uint64_t step = (uint64_t)ESR_EC_STEP << 26 | 1u << 25 | 0x22;

    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_DEBUG, (const uint64_t[]){brk, 0, ENTRY}, 3);
    assert_int_equal(fault_label(mock), SYSCALL_VCPU_FAULT_DEBUG);
    reply(mock, SYSCALL_VCPU_REPLY_RETRY, 0);
    assert_int_equal(arch_fake.injections, 0);
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_DEBUG, (const uint64_t[]){step, 0, ENTRY}, 3);
    reply(mock, SYSCALL_VCPU_REPLY_BRK, 0);
    assert_int_equal(arch_fake.injections, 0);
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_DEBUG, (const uint64_t[]){brk, 0, ENTRY}, 3);
    reply(mock, SYSCALL_VCPU_REPLY_BRK, 0);
    assert_int_equal(arch_fake.injections, 1);
    assert_int_equal(arch_fake.injected_esr, brk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_paused_vcpu_keeps_what_happens_to_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_debugger_needs_its_flag, setup, teardown),
        cmocka_unit_test_setup_teardown(test_brk_goes_to_the_guest_on_request, setup, teardown),
        cmocka_unit_test_setup_teardown(starts_at_its_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(load_is_completed, setup, teardown),
        cmocka_unit_test_setup_teardown(loads_extend_as_the_instruction_says, setup, teardown),
        cmocka_unit_test_setup_teardown(store_carries_its_value, setup, teardown),
        cmocka_unit_test_setup_teardown(other_replies, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_return_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(doorbell_notifies_without_the_vmm, setup, teardown),
        cmocka_unit_test_setup_teardown(wfi_blocks_until_an_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(posted_interrupt_needs_no_vmm, setup, teardown),
        cmocka_unit_test_setup_teardown(physical_interrupt_goes_straight_in, setup, teardown),
        cmocka_unit_test_setup_teardown(restart_during_an_exit_forgets_the_exit, setup, teardown),
        cmocka_unit_test_setup_teardown(dead_vmm_leaves_its_vcpu_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(nonsense_from_the_vmm_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(exits_cost_no_turn_and_gain_no_time, setup, teardown),
        cmocka_unit_test_setup_teardown(who_sleeps_most_of_the_time_never_waits_for_a_slice, setup, teardown),
        cmocka_unit_test_setup_teardown(who_sleeps_earns_no_more_than_a_share, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_woken_runs_before_whose_exit_is_done, setup, teardown),
        cmocka_unit_test_setup_teardown(exits_use_up_a_budget, setup, teardown),
        cmocka_unit_test_setup_teardown(counters_tell_exits_apart, setup, teardown),
        cmocka_unit_test(causes_have_words),
        cmocka_unit_test(serrors_are_judged_by_their_syndrome),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
