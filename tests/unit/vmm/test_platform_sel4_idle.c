/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests that wait, on seL4: they sleep without a reply, and wake for interrupts and for their timer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/config/vhost_protocol.h"
#include "tests/mock/sel4_machine.h"

#define WFI 0x07e00000ull
#define WFE 0x07e00001ull
#define CNTV_ENABLED 1u

static void wfi_parks_until_an_interrupt_comes(void **state)
{
    (void)state;
    sel4_machine_enable(48, true);
    const struct platform_exit exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
    assert_int_equal(libsel4_count(LIBSEL4_SUSPEND), 1);
    assert_int_equal(sel4_machine.asked_deadline, 0);
    platform_virq_pend(0, 48, 0);
    assert_true(libsel4.runs);
    assert_int_equal(libsel4_last(LIBSEL4_RESUME)->service, SEL4_MACHINE_TCB);
    assert_int_equal(libsel4.calls[libsel4.call_count - 1].kind, LIBSEL4_RESUME);
}

/* The fault may wait at the endpoint while a notification injects. */
static void wfi_does_not_sleep_over_an_interrupt(void **state)
{
    (void)state;
    sel4_machine_enable(48, true);
    platform_virq_pend(0, 48, 0);
    struct platform_exit exit = sel4_machine_trap(WFI);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4_count(LIBSEL4_SUSPEND), 0);
    /* It trapped again, so that nothing is signalled after all: masked, or being served. */
    exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
}

/* Switches want to know when the guest has had time; some wait for it. */
static void each_wfi_is_counted_and_told_to_who_waits(void **state)
{
    struct vhost_idle_count idle_count[2] = {{0}, {UINT32_MAX}};
    struct vhost_status status[2] = {{0}, {0}};

    (void)state;
    platform_share_idle_count(7, &idle_count[0], &status[0]);
    platform_share_idle_count(8, &idle_count[1], &status[1]);
    struct platform_exit exit = sel4_machine_trap(WFE);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(idle_count[0].count, 0);
    exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
    assert_int_equal(idle_count[0].count, 1);
    assert_int_equal(idle_count[1].count, 0);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, 7), 0);
    status[1].wants_idle = 1;
    exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, 7), 0);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_NOTIFY, 8), 1);
}

static void wfe_is_skipped(void **state)
{
    (void)state;
    libsel4.context.pc = SEL4_MACHINE_PC;
    const struct platform_exit exit = sel4_machine_trap(WFE);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4.context.pc, SEL4_MACHINE_PC + 4);
    assert_int_equal(libsel4_last(LIBSEL4_READ_REGISTERS)->b, 1);
}

static void set_guest_timer(uint64_t deadline, uint64_t control)
{
    libsel4.vcpu[seL4_VCPUReg_CNTV_CVAL] = deadline;
    libsel4.vcpu[seL4_VCPUReg_CNTV_CTL] = control;
}

static void a_parked_guest_wakes_for_its_timer(void **state)
{
    (void)state;
    set_guest_timer(5000, CNTV_ENABLED);
    const struct platform_exit exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
    assert_int_equal(sel4_machine.asked_deadline, 5000);
    sel4_machine.now = 4999; /* an older deadline's notification */
    assert_true(platform_notified(SEL4_MACHINE_TIMER_CHANNEL));
    assert_false(libsel4.runs);
    sel4_machine.now = 5000;
    assert_true(platform_notified(SEL4_MACHINE_TIMER_CHANNEL));
    assert_true(libsel4.runs);
    assert_false(platform_notified(SEL4_MACHINE_TIMER_CHANNEL + 1));
}

static void a_due_timer_does_not_let_the_guest_sleep(void **state)
{
    (void)state;
    set_guest_timer(1000, CNTV_ENABLED);
    const struct platform_exit exit = sel4_machine_trap(WFI);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    assert_int_equal(libsel4_count(LIBSEL4_SUSPEND), 0);
}

static void a_timer_that_is_off_or_masked_wakes_nobody(void **state)
{
    (void)state;
    set_guest_timer(5000, 0);
    struct platform_exit exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
    assert_int_equal(sel4_machine.asked_deadline, 0);
    platform_vcpu_start(0, SEL4_MACHINE_PC, 0);
    set_guest_timer(5000, CNTV_ENABLED | 2);
    exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
    assert_int_equal(sel4_machine.asked_deadline, 0);
}

static void an_earlier_deadline_that_is_set_already_is_enough(void **state)
{
    (void)state;
    sel4_machine_enable(48, true);
    set_guest_timer(5000, CNTV_ENABLED);
    struct platform_exit exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
    platform_virq_pend(0, 48, 0);
    exit = sel4_machine_maintenance(0);
    sel4_machine_go_on(&exit, PLATFORM_RESUME_DONE, 0);
    set_guest_timer(9000, CNTV_ENABLED);
    exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_PPCALL, SEL4_MACHINE_TIMER_CHANNEL), 1);
    sel4_machine.now = 5000;
    assert_true(platform_notified(SEL4_MACHINE_TIMER_CHANNEL));
    assert_false(libsel4.runs);
    assert_int_equal(sel4_machine.asked_deadline, 9000);
}

static void an_alarm_and_a_guests_timer_share_the_deadline(void **state)
{
    const uint64_t second = clock_hz();

    (void)state;
    platform_alarm(2000);
    assert_int_equal(sel4_machine.asked_deadline, 2 * second);
    set_guest_timer(second, CNTV_ENABLED);
    const struct platform_exit exit = sel4_machine_trap(WFI);
    sel4_machine_assert_parked(&exit);
    assert_int_equal(sel4_machine.asked_deadline, second);
    /* The guest's comes first; who waits for the other asks again. */
    sel4_machine.now = second;
    assert_true(platform_notified(SEL4_MACHINE_TIMER_CHANNEL));
    assert_true(libsel4.runs);
    platform_alarm(2000);
    assert_int_equal(sel4_machine.asked_deadline, 2 * second);
    sel4_machine.now = 2 * second;
    sel4_machine.asked_deadline = 0;
    assert_true(platform_notified(SEL4_MACHINE_TIMER_CHANNEL));
    platform_alarm(PLATFORM_NEVER);
    assert_int_equal(sel4_machine.asked_deadline, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, sel4_machine_set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wfi_parks_until_an_interrupt_comes),
        TEST(wfi_does_not_sleep_over_an_interrupt),
        TEST(each_wfi_is_counted_and_told_to_who_waits),
        TEST(wfe_is_skipped),
        TEST(a_parked_guest_wakes_for_its_timer),
        TEST(a_due_timer_does_not_let_the_guest_sleep),
        TEST(a_timer_that_is_off_or_masked_wakes_nobody),
        TEST(an_earlier_deadline_that_is_set_already_is_enough),
        TEST(an_alarm_and_a_guests_timer_share_the_deadline),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
