/* SPDX-License-Identifier: BSD-2-Clause */
/** What PDs do to each other: notifications, calls, faults, children, interrupts; and what they may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/fault.h"
#include "kernel/core/irq.h"
#include "kernel/core/notification.h"
#include "microkit/include/sel4/sel4.h"
#include "tests/mock/mock_kernel.h"

#define INFO(label, count) ((uint64_t)(label) << 12 | (count))

static int setup(void **state)
{
    *state = mock_kernel_new(4, 0);
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

static uint64_t *registers(struct mock_kernel *mock, uint32_t index)
{
    return mock_kernel_pd(mock, index)->thread.context.x;
}

static enum thread_state state_of(struct mock_kernel *mock, uint32_t index)
{
    return mock_kernel_pd(mock, index)->thread.state;
}

/* PD 0 calls PD 1 through its channel 5, which is channel 9 there. */
static void join_for_calls(struct mock_kernel *mock)
{
    mock_kernel_join(mock, 0, 5, 1, 9);
    mock->pds[0].channels[5].kind |= SYSDESC_CHANNEL_PPC;
}

static void page_fault(struct mock_kernel *mock, uint32_t index)
{
    const uint64_t words[] = {0x200040, 8, 0, 0x93820046};

    fault_pd(mock_kernel_pd(mock, index), seL4_Fault_VMFault, words, 4, 0x93820046, 8);
}

static void notification_arrives_on_the_peer_channel(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_join(mock, 0, 5, 1, 9);
    mock_kernel_boot(mock);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_NOTIFY, 5, 0, 0, 0), SYSCALL_OK);
    assert_int_equal(state_of(mock, 1), THREAD_READY);
    assert_int_equal(registers(mock, 1)[0], SYSCALL_EVENT_NOTIFIED);
    assert_int_equal(registers(mock, 1)[1], 1u << 9);
    /* More while it is busy are one, and come at its next wait. */
    (void)mock_kernel_call(mock, 0, SYSCALL_NOTIFY, 5, 0, 0, 0);
    (void)mock_kernel_call(mock, 0, SYSCALL_NOTIFY, 5, 0, 0, 0);
    mock_kernel_wait(mock, 1);
    assert_int_equal(registers(mock, 1)[1], 1u << 9);
    mock_kernel_wait(mock, 1);
    assert_int_equal(state_of(mock, 1), THREAD_WAITING);
}

static void nothing_without_a_right(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_join(mock, 0, 5, 1, 9);
    mock->pds[1].channels[9].kind = SYSDESC_CHANNEL_VALID; /* may only receive */
    mock_kernel_boot(mock);
    const uint64_t bad_channels[] = {0, 6, 61, 62, 63, 64, 1ull << 32 | 5, ~0ull};
    for (size_t i = 0; i < sizeof bad_channels / sizeof bad_channels[0]; i++) {
        assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_NOTIFY, bad_channels[i], 0, 0, 0), SYSCALL_DENIED);
        assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_IRQ_ACK, bad_channels[i], 0, 0, 0),
                         SYSCALL_DENIED);
        assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_PPC, bad_channels[i], 0, 0, 0), SYSCALL_DENIED);
        assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_PD_STOP, bad_channels[i], 0, 0, 0),
                         SYSCALL_DENIED);
        assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_START, bad_channels[i], 0, 0, 0),
                         SYSCALL_DENIED);
        assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_VCPU_READ_REGS, bad_channels[i], 0, 0, 0),
                         SYSCALL_DENIED);
    }
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_PPC, 5, 0, 0, 0), SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_IRQ_ACK, 5, 0, 0, 0), SYSCALL_DENIED);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_NOTIFY, 9, 0, 0, 0), SYSCALL_DENIED);
    assert_int_equal(state_of(mock, 0), THREAD_WAITING);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_DEBUG_WRITE, 49, 0, 0, 0), SYSCALL_INVALID);
    /* No SMC for those without calls. */
    assert_true(mock_kernel_call(mock, 0, SYSCALL_SMC, 0x84000008, 0, 0, 0) == ~0ull);
    assert_int_equal(arch_fake.smc_count, 0);
}

static void smc_goes_out_with_the_right(void **state)
{
    struct mock_kernel *mock = *state;

    mock->pds[0].smc_calls[0] = 0xc2000001;
    mock->pds[0].smc_calls[1] = 0x84000008;
    mock_kernel_boot(mock);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_SMC, 0x84000008, 1, 2, 3), 0x5ec);
    assert_int_equal(arch_fake.smc[0], 0x84000008);
    assert_int_equal(arch_fake.smc[3], 3);
    /* The firmware reads w0, whatever is above; and nobody starts a core. */
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_SMC, 0x1c2000001, 1, 2, 3), 0x5ec);
    assert_int_equal(arch_fake.smc[0], 0xc2000001);
    assert_int_equal(arch_fake.smc_count, 2);
    const uint64_t others[] = {0xc4000003, 0x84000003, 0xc2000000, 0x84000009, 0, 0x100000000};
    for (uint32_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_true(mock_kernel_call(mock, 0, SYSCALL_SMC, others[i], 0, 0, 0) == ~0ull);
    }
    assert_int_equal(arch_fake.smc_count, 2);
}

static void call_carries_64_words_both_ways(void **state)
{
    struct mock_kernel *mock = *state;

    join_for_calls(mock);
    mock_kernel_boot(mock);
    for (uint32_t i = 0; i < 64; i++) {
        mock->words[0][i] = 1000 + i;
    }
    (void)mock_kernel_call(mock, 0, SYSCALL_PPC, 5, INFO(7, 64), 0, 0);
    assert_int_equal(state_of(mock, 0), THREAD_CALLING);
    assert_int_equal(registers(mock, 1)[0], SYSCALL_EVENT_PPC);
    assert_int_equal(registers(mock, 1)[1], 9);
    assert_int_equal(registers(mock, 1)[2], INFO(7, 64));
    for (uint32_t i = 0; i < 64; i++) {
        assert_int_equal(mock->words[1][i], 1000 + i);
        mock->words[1][i] = 2000 + i;
    }
    (void)mock_kernel_call(mock, 1, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(8, 64), 0, 0);
    assert_int_equal(state_of(mock, 0), THREAD_READY);
    assert_int_equal(registers(mock, 0)[0], SYSCALL_OK);
    assert_int_equal(registers(mock, 0)[1], INFO(8, 64));
    for (uint32_t i = 0; i < 64; i++) {
        assert_int_equal(mock->words[0][i], 2000 + i);
    }
}

static void oversized_count_copies_64_words(void **state)
{
    struct mock_kernel *mock = *state;

    join_for_calls(mock);
    mock_kernel_boot(mock);
    uint64_t before = mock->words[2][0];
    (void)mock_kernel_call(mock, 0, SYSCALL_PPC, 5, INFO(7, 127), 0, 0);
    (void)mock_kernel_call(mock, 1, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(7, 127), 0, 0);
    assert_int_equal(mock->words[2][0], before);
    assert_int_equal(state_of(mock, 0), THREAD_READY);
}

static void callers_queue_in_order(void **state)
{
    struct mock_kernel *mock = *state;

    for (uint16_t i = 0; i < 3; i++) {
        mock_kernel_join(mock, i, 1, 3, (uint8_t)(10 + i));
        mock->pds[i].channels[1].kind |= SYSDESC_CHANNEL_PPC;
    }
    mock_kernel_boot(mock);
    for (uint32_t i = 0; i < 3; i++) {
        (void)mock_kernel_call(mock, i, SYSCALL_PPC, 1, INFO(i, 0), 0, 0);
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(registers(mock, 3)[0], SYSCALL_EVENT_PPC);
        assert_int_equal(registers(mock, 3)[1], 10 + i);
        (void)mock_kernel_call(mock, 3, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(40 + i, 0), 0, 0);
        assert_int_equal(registers(mock, i)[1], INFO(40 + i, 0));
    }
    assert_int_equal(state_of(mock, 3), THREAD_WAITING);
}

static void call_only_upwards(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_join(mock, 0, 5, 1, 9);
    mock->pds[1].channels[9].kind |= SYSDESC_CHANNEL_PPC;
    mock_kernel_boot(mock);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_PPC, 9, INFO(1, 0), 0, 0), SYSCALL_DENIED);
}

static void passive_server_runs_on_the_callers_time(void **state)
{
    struct mock_kernel *mock = *state;

    join_for_calls(mock);
    mock->pds[0].budget_us = 100;
    mock->pds[1].flags = SYSDESC_PD_PASSIVE;
    mock_kernel_boot(mock);
    notification_send(mock_kernel_pd(mock, 0), 1);
    (void)mock_kernel_pick(mock);
    (void)mock_kernel_call(mock, 0, SYSCALL_PPC, 5, INFO(1, 0), 0, 0);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 1)->thread);
    mock_kernel_advance(mock, arch_fake.now + 100);
    assert_null(mock_kernel_pick(mock)); /* the caller's budget is gone, and with it the server's time */
    mock_kernel_advance(mock, arch_fake.deadline);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 1)->thread);
    (void)mock_kernel_call(mock, 1, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(1, 0), 0, 0);
    assert_ptr_equal(mock_kernel_pd(mock, 1)->thread.budget_owner, &mock_kernel_pd(mock, 1)->thread.own);
}

static void fault_goes_to_the_parent_and_back(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_adopt(mock, 3, 0, 17);
    mock_kernel_boot(mock);
    page_fault(mock, 0);
    assert_int_equal(state_of(mock, 0), THREAD_FAULTED);
    assert_int_equal(registers(mock, 3)[0], SYSCALL_EVENT_FAULT);
    assert_int_equal(registers(mock, 3)[1], 17);
    assert_int_equal(registers(mock, 3)[2], INFO(seL4_Fault_VMFault, seL4_VMFault_Length));
    assert_int_equal(mock->words[3][seL4_VMFault_Addr], 8);
    assert_int_equal(arch_fake.text_bytes, 0);
    (void)mock_kernel_call(mock, 3, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(0, 0), 0, 0);
    assert_int_equal(state_of(mock, 0), THREAD_READY);
}

static void no_reply_leaves_the_child_stopped(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_adopt(mock, 3, 0, 17);
    mock_kernel_boot(mock);
    page_fault(mock, 0);
    mock_kernel_wait(mock, 3);
    assert_int_equal(state_of(mock, 0), THREAD_FAULTED);
    assert_int_equal(mock_kernel_call(mock, 3, SYSCALL_PD_RESTART, 17, 0x201000, 0, 0), SYSCALL_OK);
    assert_int_equal(state_of(mock, 0), THREAD_READY);
    assert_int_equal(mock_kernel_pd(mock, 0)->thread.context.pc, 0x201000);
    assert_int_equal(mock_kernel_pd(mock, 0)->thread.context.sp, SYSDESC_PD_STACK_TOP);
}

static void handler_writes_user_exception_registers(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t words[] = {0x200000, 0x1000, 0, 0, 0};

    mock_kernel_adopt(mock, 3, 0, 17);
    mock_kernel_boot(mock);
    fault_pd(mock_kernel_pd(mock, 0), seL4_Fault_UserException, words, 5, 0, 0);
    mock->words[3][0] = 0x200004;
    mock->words[3][1] = 0x2000;
    mock->words[3][2] = 0x600003c5; /* asks for EL1: only the flags are taken */
    (void)mock_kernel_call(mock, 3, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(0, 3), 0, 0);
    assert_int_equal(mock_kernel_pd(mock, 0)->thread.context.pc, 0x200004);
    assert_int_equal(mock_kernel_pd(mock, 0)->thread.context.sp, 0x2000);
    assert_int_equal(mock_kernel_pd(mock, 0)->thread.context.pstate, 0x60000000);
}

static void orphan_is_reported_and_the_rest_runs(void **state)
{
    struct mock_kernel *mock = *state;

    join_for_calls(mock);
    mock_kernel_boot(mock);
    (void)mock_kernel_call(mock, 1, SYSCALL_DEBUG_WRITE, 3, 0x6e7570, 0, 0); /* an unfinished line */
    (void)mock_kernel_call(mock, 0, SYSCALL_PPC, 5, INFO(7, 0), 0, 0);
    page_fault(mock, 1);
    assert_non_null(strstr(arch_fake.text, "pun"));
    assert_non_null(strstr(arch_fake.text, "protection domain 'pd1' faulted"));
    assert_non_null(strstr(arch_fake.text, "write to unmapped memory, address 0x8"));
    /* The caller doesn't wait forever, and further calls fail at once. */
    assert_int_equal(state_of(mock, 0), THREAD_READY);
    assert_int_equal(registers(mock, 0)[0], SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_PPC, 5, INFO(7, 0), 0, 0), SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_NOTIFY, 5, 0, 0, 0), SYSCALL_OK);
    assert_int_equal(state_of(mock, 1), THREAD_FAULTED);
}

static void unknown_call_is_a_fault(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_adopt(mock, 3, 0, 17);
    mock_kernel_boot(mock);
    const uint64_t numbers[] = {11, 15, SYSCALL_LAST + 1, ~0ull};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void)mock_kernel_call(mock, 0, numbers[i], 1, 2, 3, 4);
        assert_int_equal(registers(mock, 3)[2], INFO(seL4_Fault_UnknownSyscall, seL4_UnknownSyscall_Length));
        assert_int_equal(mock->words[3][seL4_UnknownSyscall_Syscall], numbers[i]);
        (void)mock_kernel_call(mock, 3, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(0, 0), 0, 0);
    }
}

static void stop_and_resume(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_adopt(mock, 3, 0, 17);
    mock_kernel_join(mock, 3, 2, 0, 4);
    mock_kernel_boot(mock);
    (void)mock_kernel_call(mock, 3, SYSCALL_PD_STOP, 17, 0, 0, 0);
    (void)mock_kernel_call(mock, 3, SYSCALL_NOTIFY, 2, 0, 0, 0);
    mock_kernel_wait(mock, 3);
    assert_null(mock_kernel_pick(mock));
    notification_send(mock_kernel_pd(mock, 3), 1);
    (void)mock_kernel_call(mock, 3, SYSCALL_PD_RESUME, 17, 0, 0, 0);
    mock_kernel_wait(mock, 3);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 0)->thread);
    assert_int_equal(registers(mock, 0)[1], 1u << 4);
    page_fault(mock, 0);
    mock_kernel_wait(mock, 3);
    (void)mock_kernel_call(mock, 3, SYSCALL_PD_RESUME, 17, 0, 0, 0);
    assert_int_equal(state_of(mock, 0), THREAD_READY);
}

static void restarting_a_caller_frees_the_server(void **state)
{
    struct mock_kernel *mock = *state;

    join_for_calls(mock);
    mock_kernel_adopt(mock, 3, 0, 17);
    mock_kernel_boot(mock);
    (void)mock_kernel_call(mock, 0, SYSCALL_PPC, 5, INFO(7, 0), 0, 0);
    (void)mock_kernel_call(mock, 3, SYSCALL_PD_RESTART, 17, 0x200000, 0, 0);
    (void)mock_kernel_call(mock, 1, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, INFO(9, 0), 0, 0);
    assert_int_equal(registers(mock, 0)[0], 0);
    assert_int_equal(registers(mock, 0)[1], 0);
    assert_int_equal(mock_kernel_pd(mock, 0)->thread.context.pc, 0x200000);
}

static void restarting_a_server_answers_its_caller(void **state)
{
    struct mock_kernel *mock = *state;

    join_for_calls(mock);
    mock_kernel_adopt(mock, 3, 1, 17);
    mock_kernel_boot(mock);
    (void)mock_kernel_call(mock, 0, SYSCALL_PPC, 5, INFO(7, 0), 0, 0);
    (void)mock_kernel_call(mock, 3, SYSCALL_PD_RESTART, 17, 0x200000, 0, 0);
    assert_int_equal(state_of(mock, 0), THREAD_READY);
    assert_int_equal(registers(mock, 0)[0], SYSCALL_INVALID);
}

static void interrupt_is_active_until_acknowledged(void **state)
{
    struct mock_kernel *mock = *state;

    mock->desc.irq_count = 1;
    mock->irqs[0] = (struct sysdesc_irq){.intid = 33, .target = 2, .kind = SYSDESC_IRQ_PD, .channel = 6};
    mock->pds[2].channels[6] = (struct sysdesc_channel){.kind = SYSDESC_CHANNEL_IRQ, .intid = 33};
    mock_kernel_boot(mock);
    assert_int_equal(arch_fake.enabled[0], 33);
    /* Acknowledging what has not fired does nothing. */
    (void)mock_kernel_call(mock, 2, SYSCALL_IRQ_ACK, 6, 0, 0, 0);
    assert_int_equal(arch_fake.deactivated_count, 0);
    mock_kernel_wait(mock, 2);
    irq_deliver(&mock->kernel.cores[0], 33);
    assert_int_equal(registers(mock, 2)[1], 1u << 6);
    (void)mock_kernel_call(mock, 2, SYSCALL_WAIT, SYSCALL_WAIT_ACK, 0, 6, 0);
    assert_int_equal(arch_fake.deactivated[0], 33);
    irq_deliver(&mock->kernel.cores[0], 99);
    irq_deliver(&mock->kernel.cores[0], 5000);
    assert_non_null(strstr(arch_fake.text, "interrupt 99 belongs to nobody"));
}

/* Restarted between an interrupt and its acknowledgement, it would never get another one. */
static void a_restart_ends_its_interrupts(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_adopt(mock, 3, 2, 17);
    mock->desc.irq_count = 2;
    for (uint8_t i = 0; i < 2; i++) {
        const uint16_t intid = 33 + i;

        mock->irqs[i] =
            (struct sysdesc_irq){.intid = intid, .target = 2, .kind = SYSDESC_IRQ_PD, .channel = 6 + i};
        mock->pds[2].channels[6 + i] = (struct sysdesc_channel){.kind = SYSDESC_CHANNEL_IRQ, .intid = intid};
    }
    mock_kernel_boot(mock);
    irq_deliver(&mock->kernel.cores[0], 33);
    irq_deliver(&mock->kernel.cores[0], 34);
    (void)mock_kernel_call(mock, 3, SYSCALL_PD_STOP, 17, 0, 0, 0);
    (void)mock_kernel_call(mock, 3, SYSCALL_PD_RESUME, 17, 0, 0, 0);
    assert_int_equal(arch_fake.deactivated_count, 0); /* it goes on, and acknowledges them itself */
    (void)mock_kernel_call(mock, 3, SYSCALL_PD_RESTART, 17, 0x1000, 0, 0);
    assert_int_equal(arch_fake.deactivated_count, 2);
    assert_int_equal(arch_fake.deactivated[0], 33);
    assert_int_equal(arch_fake.deactivated[1], 34);
    (void)mock_kernel_call(mock, 2, SYSCALL_IRQ_ACK, 6, 0, 0, 0);
    assert_int_equal(arch_fake.deactivated_count, 2);
}

static void deferred_notify_rides_on_the_wait(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_join(mock, 0, 5, 1, 9);
    mock_kernel_boot(mock);
    (void)mock_kernel_call(mock, 0, SYSCALL_WAIT, SYSCALL_WAIT_NOTIFY, 0, 5, 0);
    assert_int_equal(registers(mock, 1)[1], 1u << 9);
    /* One without the right is dropped; the wait still waits. */
    (void)mock_kernel_call(mock, 0, SYSCALL_WAIT, SYSCALL_WAIT_NOTIFY | SYSCALL_WAIT_ACK, 0, 61, 0);
    assert_int_equal(state_of(mock, 0), THREAD_WAITING);
}

static void lines_of_two_pds_do_not_mix(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    (void)mock_kernel_call(mock, 0, SYSCALL_DEBUG_WRITE, 2, 0x6161, 0, 0);
    (void)mock_kernel_call(mock, 1, SYSCALL_DEBUG_WRITE, 3, 0x0a6262, 0, 0);
    (void)mock_kernel_call(mock, 0, SYSCALL_DEBUG_WRITE, 2, 0x0a61, 0, 0);
    assert_string_equal(arch_fake.text, "bb\naaa\n");
    assert_memory_equal(mock->log.text, "bb\naaa\n", 7);
    assert_int_equal(mock->log.written, 7);
}

static void log_goes_to_its_reader_while_that_lives(void **state)
{
    struct mock_kernel *mock = *state;

    mock->desc.klog_pd = 3;
    mock->desc.klog_channel = 8;
    mock_kernel_boot(mock);
    (void)mock_kernel_call(mock, 1, SYSCALL_DEBUG_WRITE, 3, 0x0a6262, 0, 0);
    assert_int_equal(arch_fake.text_bytes, 0);
    assert_int_equal(registers(mock, 3)[1], 1u << 8);
    page_fault(mock, 3);
    assert_non_null(strstr(arch_fake.text, "'pd3' faulted"));
}

static void counters_can_be_read(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_boot(mock);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_COUNTERS, 0, 0, 0, 0), SYSCALL_OK);
    assert_int_equal(mock->words[0][SYSCALL_COUNTER_SYSCALLS],
                     mock->kernel.cores[0].counters[SYSCALL_COUNTER_SYSCALLS]);
    assert_true(mock->words[0][SYSCALL_COUNTER_SYSCALLS] > 0);
}

static void observer_reads_what_threads_have_counted(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t threads = mock->desc.pd_count + mock->desc.vcpu_count;
    uint64_t ticks;

    mock->pds[1].flags = SYSDESC_PD_OBSERVER;
    mock_kernel_boot(mock);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_COUNTERS, SYSCALL_COUNTERS_THREAD, 0, 0, 0),
                     SYSCALL_DENIED);
    for (uint64_t i = 0; i < threads; i++) {
        assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_COUNTERS, SYSCALL_COUNTERS_THREAD + i, 0, 0, 0),
                         SYSCALL_OK);
        assert_int_equal(mock->words[1][SYSCALL_THREAD_PLACE] >> 16 & 1, i < mock->desc.pd_count ? 0 : 1);
    }
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_COUNTERS, SYSCALL_COUNTERS_THREAD + threads, 0, 0, 0),
                     SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_COUNTERS, UINT64_MAX, 0, 0, 0), SYSCALL_INVALID);
    /* Its own: the call itself, and the time since it began to run. */
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_COUNTERS, SYSCALL_COUNTERS_THREAD + 1, 0, 0, 0),
                     SYSCALL_OK);
    assert_string_equal((const char *)&mock->words[1][SYSCALL_THREAD_NAME], mock->pds[1].name);
    assert_int_equal(mock->words[1][SYSCALL_COUNTER_SYSCALLS],
                     mock->kernel.pds[1].thread.counters[SYSCALL_COUNTER_SYSCALLS]);
    ticks = mock->words[1][SYSCALL_COUNTER_RUN_TICKS];
    arch_fake.now += 1000;
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_COUNTERS, SYSCALL_COUNTERS_THREAD + 1, 0, 0, 0),
                     SYSCALL_OK);
    assert_true(mock->words[1][SYSCALL_COUNTER_RUN_TICKS] >= ticks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(notification_arrives_on_the_peer_channel, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_without_a_right, setup, teardown),
        cmocka_unit_test_setup_teardown(smc_goes_out_with_the_right, setup, teardown),
        cmocka_unit_test_setup_teardown(call_carries_64_words_both_ways, setup, teardown),
        cmocka_unit_test_setup_teardown(oversized_count_copies_64_words, setup, teardown),
        cmocka_unit_test_setup_teardown(callers_queue_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(call_only_upwards, setup, teardown),
        cmocka_unit_test_setup_teardown(passive_server_runs_on_the_callers_time, setup, teardown),
        cmocka_unit_test_setup_teardown(fault_goes_to_the_parent_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(no_reply_leaves_the_child_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(handler_writes_user_exception_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(orphan_is_reported_and_the_rest_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_call_is_a_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_and_resume, setup, teardown),
        cmocka_unit_test_setup_teardown(restarting_a_caller_frees_the_server, setup, teardown),
        cmocka_unit_test_setup_teardown(restarting_a_server_answers_its_caller, setup, teardown),
        cmocka_unit_test_setup_teardown(interrupt_is_active_until_acknowledged, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restart_ends_its_interrupts, setup, teardown),
        cmocka_unit_test_setup_teardown(deferred_notify_rides_on_the_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_of_two_pds_do_not_mix, setup, teardown),
        cmocka_unit_test_setup_teardown(log_goes_to_its_reader_while_that_lives, setup, teardown),
        cmocka_unit_test_setup_teardown(counters_can_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(observer_reads_what_threads_have_counted, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
