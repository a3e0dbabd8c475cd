/* SPDX-License-Identifier: BSD-2-Clause */
/** VMMs that fault, and what their supervisor makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config/vmm_config.h"
#include "microkit/host/microkit_host.h"
#include "pd/supervisor/supervisor.h"
#include "tests/mock/log_record.h"
#include "vmm/core/supervisor_client.h"

#define ENTRY 0x20030cull

struct fixture {
    struct supervisor_config config;
    struct supervisor supervisor;
};

static struct fixture fixture;

static int setup(void **state)
{
    struct fixture *f = &fixture;

    memset(f, 0, sizeof *f);
    microkit_host_reset();
    log_record_clear();
    f->config.child_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        f->config.children[i] = (struct supervisor_child_config){
            .child = i,
            .channel = 10 + i,
            .on_crash = VMM_EXIT_RESTART,
            .restart = {.limit = 3, .window_ms = 1000, .backoff_ms = 50, .backoff_max_ms = 80}};
        strcpy(f->config.children[i].name, i == 0 ? "vm1" : "vm2");
    }
    assert_int_equal(supervisor_init(&f->supervisor, &f->config), ERR_OK);
    *state = f;
    return 0;
}

static void register_vmm(struct fixture *f, uint32_t child, uint64_t entry)
{
    microkit_mr_set(0, entry);
    const microkit_msginfo reply =
        supervisor_call(&f->supervisor, 10 + child, microkit_msginfo_new(SUPERVISOR_GREET, 1));

    assert_int_equal(microkit_msginfo_get_label(reply), SUPERVISOR_OK);
    assert_int_equal(microkit_msginfo_get_count(reply), 2);
}

static void expect_order(struct fixture *f, uint32_t child, enum supervisor_order order, uint32_t wait_ms)
{
    register_vmm(f, child, ENTRY);
    assert_int_equal(microkit_mr_get(0), order);
    assert_int_equal(microkit_mr_get(1), wait_ms);
}

static void fault_at(struct fixture *f, uint32_t child, uint64_t now_ms)
{
    microkit_mr_set(seL4_VMFault_IP, 0x201234);
    microkit_mr_set(seL4_VMFault_Addr, 0xbad);
    supervisor_fault(&f->supervisor, child, microkit_msginfo_new(seL4_Fault_VMFault, seL4_VMFault_Length),
                     now_ms);
}

static void it_is_restarted_and_waits_longer_each_time(void **state)
{
    struct fixture *f = *state;
    const uint32_t waits[] = {0, 50, 80};

    expect_order(f, 0, SUPERVISOR_START, 0);
    for (size_t i = 0; i < 3; i++) {
        fault_at(f, 0, 100 + i);
        assert_int_equal(microkit_host_count(MICROKIT_HOST_PD_RESTART, 0), i + 1);
        expect_order(f, 0, SUPERVISOR_START, waits[i]);
    }
    assert_int_equal(microkit_host_call_at(0)->value, ENTRY);
    assert_non_null(strstr(log_record_text(), "vm1_vmm has faulted: data access at 0xbad (pc 0x201234"));
    assert_int_equal(microkit_host_count(MICROKIT_HOST_PD_RESTART, 1), 0);
}

static void without_budget_its_guest_stays_off(void **state)
{
    struct fixture *f = *state;

    register_vmm(f, 0, ENTRY);
    for (uint64_t i = 0; i < 4; i++) {
        fault_at(f, 0, 100 + i);
    }
    /* It runs once more, to take everything away from its guest. */
    assert_int_equal(microkit_host_count(MICROKIT_HOST_PD_RESTART, 0), 4);
    register_vmm(f, 0, ENTRY);
    assert_int_equal(microkit_mr_get(0), SUPERVISOR_STOP);
    assert_non_null(strstr(log_record_text(), "vm1_vmm has been restarted 3 times within 1000 ms"));
    /* And if it can't do that either, not at all. */
    fault_at(f, 0, 200);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_PD_RESTART, 0), 4);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_PD_STOP, 0), 1);
    fault_at(f, 0, 5000);
    assert_int_equal(microkit_host_call_count(), 5);
}

static void a_budget_without_limit_has_one(void **state)
{
    struct fixture *f = *state;

    f->config.children[0].restart.limit = 0;
    register_vmm(f, 0, ENTRY);
    for (uint64_t i = 0; i < 100; i++) {
        fault_at(f, 0, 100);
    }
    assert_in_range(microkit_host_count(MICROKIT_HOST_PD_RESTART, 0), 2, 20);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_PD_STOP, 0), 1);
}

static void the_description_may_say_stop_or_halt(void **state)
{
    struct fixture *f = *state;

    f->config.children[0].on_crash = VMM_EXIT_STOP;
    f->config.children[1].on_crash = VMM_EXIT_HALT;
    for (uint32_t i = 0; i < 2; i++) {
        register_vmm(f, i, ENTRY);
        fault_at(f, i, 100);
        assert_int_equal(microkit_host_count(MICROKIT_HOST_PD_RESTART, i), 1);
        register_vmm(f, i, ENTRY);
        assert_int_equal(microkit_mr_get(0), i == 0 ? SUPERVISOR_STOP : SUPERVISOR_HALT);
    }
}

static void the_first_entry_stays(void **state)
{
    struct fixture *f = *state;

    register_vmm(f, 0, ENTRY);
    register_vmm(f, 0, 0xbad);
    fault_at(f, 0, 100);
    assert_int_equal(microkit_host_call_at(0)->value, ENTRY);
}

static void a_vmm_that_has_not_registered_is_stopped(void **state)
{
    struct fixture *f = *state;

    fault_at(f, 1, 100);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_PD_RESTART, 1), 0);
    assert_int_equal(microkit_host_count(MICROKIT_HOST_PD_STOP, 1), 1);
}

static void nonsense_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct {
        microkit_channel channel;
        uint64_t label;
        uint16_t count;
    } calls[] = {{9, SUPERVISOR_GREET, 1},
                 {12, SUPERVISOR_GREET, 1},
                 {10, 0, 1},
                 {10, SUPERVISOR_GREET, 0},
                 {11, SUPERVISOR_GREET, 2}};

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const microkit_msginfo reply = supervisor_call(&f->supervisor, calls[i].channel,
                                                       microkit_msginfo_new(calls[i].label, calls[i].count));
        assert_int_equal(microkit_msginfo_get_label(reply), SUPERVISOR_INVALID);
    }
    supervisor_fault(&f->supervisor, 7, microkit_msginfo_new(seL4_Fault_VMFault, 4), 100);
    assert_int_equal(microkit_host_call_count(), 0);
    f->config.child_count = SUPERVISOR_MAX_CHILDREN + 1;
    assert_int_equal(supervisor_init(&f->supervisor, &f->config), ERR_RANGE);
}

static void each_fault_is_reported(void **state)
{
    struct fixture *f = *state;
    const struct {
        uint64_t label;
        const char *text;
    } faults[] = {{seL4_Fault_UserException, "exception"},
                  {seL4_Fault_UnknownSyscall, "unknown system call"},
                  {seL4_Fault_CapFault, "fault 1"}};

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        register_vmm(f, 0, ENTRY);
        supervisor_fault(&f->supervisor, 0, microkit_msginfo_new(faults[i].label, 0), 100);
        assert_non_null(strstr(log_record_text(), faults[i].text));
    }
}

/* The VMM's end. */

static microkit_msginfo ask_supervisor(void *context, microkit_channel channel, microkit_msginfo msginfo)
{
    struct fixture *f = context;

    return supervisor_call(&f->supervisor, channel, msginfo);
}

/* Answers anything: the label and count are in the context, the words are as the VMM left them except for
 * order.
 */
static microkit_msginfo answer_nonsense(void *context, microkit_channel channel, microkit_msginfo msginfo)
{
    (void)channel;
    (void)msginfo;
    microkit_mr_set(0, SUPERVISOR_STOP);
    microkit_mr_set(1, 7);
    return *(const microkit_msginfo *)context;
}

static void a_vmm_does_what_its_supervisor_says(void **state)
{
    struct fixture *f = *state;
    const struct vmm_config config = {.name = "vm1", .has_supervisor = 1, .supervisor_channel = 10};
    const uint32_t actions[] = {VMM_EXIT_RESTART, VMM_EXIT_HALT, VMM_EXIT_STOP};
    const enum supervisor_order orders[] = {SUPERVISOR_START, SUPERVISOR_HALT, SUPERVISOR_STOP};
    uint32_t wait_ms = 1;

    microkit_host_set_ppc(ask_supervisor, f);
    assert_int_equal(supervisor_register(&config, ENTRY, &wait_ms), SUPERVISOR_START);
    assert_int_equal(wait_ms, 0);
    fault_at(f, 0, 100);
    fault_at(f, 0, 101);
    assert_int_equal(microkit_host_call_at(1)->value, ENTRY);
    assert_int_equal(supervisor_register(&config, ENTRY, &wait_ms), SUPERVISOR_START);
    assert_int_equal(wait_ms, 50);
    for (size_t i = 0; i < 3; i++) {
        f->config.children[0].on_crash = actions[i];
        assert_int_equal(supervisor_init(&f->supervisor, &f->config), ERR_OK);
        register_vmm(f, 0, ENTRY);
        fault_at(f, 0, 5000);
        assert_int_equal(supervisor_register(&config, ENTRY, &wait_ms), orders[i]);
    }
}

static void a_vmm_without_one_starts(void **state)
{
    struct fixture *f = *state;
    const struct vmm_config config = {.name = "vm1"};
    uint32_t wait_ms = 1;

    microkit_host_set_ppc(ask_supervisor, f);
    assert_int_equal(supervisor_register(&config, ENTRY, &wait_ms), SUPERVISOR_START);
    assert_int_equal(wait_ms, 0);
    assert_int_equal(microkit_host_call_count(), 0);
}

static void a_supervisor_that_talks_nonsense_is_not_heeded(void **state)
{
    const struct vmm_config config = {.name = "vm1", .has_supervisor = 1, .supervisor_channel = 9};
    microkit_msginfo answers[] = {microkit_msginfo_new(SUPERVISOR_INVALID, 2),
                                  microkit_msginfo_new(SUPERVISOR_OK, 1), microkit_msginfo_new(77, 0)};

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        uint32_t wait_ms = 1;

        log_record_clear();
        microkit_host_set_ppc(answer_nonsense, &answers[i]);
        assert_int_equal(supervisor_register(&config, ENTRY, &wait_ms), SUPERVISOR_START);
        assert_int_equal(wait_ms, 0);
        assert_non_null(strstr(log_record_text(), "the supervisor does not know vm1"));
    }
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_is_restarted_and_waits_longer_each_time),
        CASE(without_budget_its_guest_stays_off),
        CASE(a_budget_without_limit_has_one),
        CASE(the_description_may_say_stop_or_halt),
        CASE(the_first_entry_stays),
        CASE(a_vmm_that_has_not_registered_is_stopped),
        CASE(nonsense_is_refused),
        CASE(each_fault_is_reported),
        CASE(a_vmm_does_what_its_supervisor_says),
        CASE(a_vmm_without_one_starts),
        CASE(a_supervisor_that_talks_nonsense_is_not_heeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
