/* SPDX-License-Identifier: BSD-2-Clause */
/* A user's commands to a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/vm_fixture.h"
#include "vmm/core/vm_control.h"
#include "vmm/platform_fake.h"

#define CHANNEL 9u
#define UARTDR 0x000u
#define UARTRSR 0x004u
#define BREAK 0x400u

static struct ring tool;
static void *regions[2];
static char answer[512];

static int setup(void **state)
{
    if (vm_fixture_setup(state) != 0) {
        return 1;
    }
    struct vm_fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        regions[i] = aligned_alloc(64, VM_FIXTURE_LINK_BYTES);
        assert_non_null(regions[i]);
        memset(regions[i], 0, VM_FIXTURE_LINK_BYTES);
    }
    f->config.control = (struct config_link){(uint64_t)(uintptr_t)regions[0], (uint64_t)(uintptr_t)regions[1],
                                             VM_FIXTURE_LINK_BYTES, CHANNEL};
    assert_int_equal(ring_init(&tool, regions[1], regions[0], VM_FIXTURE_LINK_BYTES), ERR_OK);
    ring_offer(&tool, 1);
    vm_fixture_start(f);
    return 0;
}

static int teardown(void **state)
{
    free(regions[0]);
    free(regions[1]);
    return vm_fixture_teardown(state);
}

static const char *ask(struct vm_fixture *f, const char *text)
{
    (void)ring_sync(&tool);
    assert_int_equal(ring_write(&tool, text, (uint32_t)strlen(text)), strlen(text));
    vm_notified(&f->vm, CHANNEL);
    answer[ring_read(&tool, answer, sizeof(answer) - 1)] = '\0';
    return answer;
}

static void test_pause_and_resume(void **state)
{
    struct vm_fixture *f = *state;

    assert_string_equal(ask(f, "state\n"), "ok running\n");
    assert_string_equal(ask(f, "pause\n"), "ok\n");
    assert_true(platform_fake.vcpus[0].paused);
    assert_string_equal(ask(f, "state\n"), "ok paused\n");
    assert_string_equal(ask(f, "resume\n"), "ok\n");
    assert_false(platform_fake.vcpus[0].paused);
    assert_string_equal(ask(f, "resume\n"), "error: it is not paused\n");
}

static void test_stop_start_reset(void **state)
{
    struct vm_fixture *f = *state;

    assert_string_equal(ask(f, "start\n"), "error: it is on; reset begins again\n");
    assert_string_equal(ask(f, "pause\n"), "ok\n");
    assert_string_equal(ask(f, "stop\n"), "ok\n");
    assert_false(platform_fake.vcpus[0].running);
    assert_string_equal(ask(f, "state\n"), "ok off\n");
    assert_string_equal(ask(f, "pause\n"), "error: it does not run\n");
    assert_string_equal(ask(f, "stop\n"), "ok\n");
    assert_string_equal(ask(f, "start\n"), "ok\n");
    assert_true(platform_fake.vcpus[0].running);
    assert_false(platform_fake.vcpus[0].paused);
    const uint32_t starts = platform_fake.vcpus[0].start_count;

    assert_string_equal(ask(f, "reset\n"), "ok\n");
    assert_int_equal(platform_fake.vcpus[0].start_count, starts + 1);
}

static void test_break_and_character(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t value = 0;

    assert_string_equal(ask(f, "break h\n"), "ok\n");
    (void)vm_fixture_access(f, VM_FIXTURE_UART + UARTDR, false, &value);
    assert_int_equal(value, BREAK);
    (void)vm_fixture_access(f, VM_FIXTURE_UART + UARTRSR, false, &value);
    assert_int_equal(value, BREAK >> 8);
    (void)vm_fixture_access(f, VM_FIXTURE_UART + UARTDR, false, &value);
    assert_int_equal(value, 'h');
    (void)vm_fixture_access(f, VM_FIXTURE_UART + UARTRSR, false, &value);
    assert_int_equal(value, 0);
    for (uint32_t i = 0; i < PL011_FIFO_BYTES / 2; i++) {
        assert_string_equal(ask(f, "break h\n"), "ok\n");
    }
    assert_true(strncmp(ask(f, "break h\n"), "error: its UART does not receive", 32) == 0);
    assert_string_equal(ask(f, "stop\n"), "ok\n");
    assert_string_equal(ask(f, "break h\n"), "error: it does not run\n");
}

static void test_what_is_no_command(void **state)
{
    static const char *const lines[] = {"\n",       "Stop\n",     "stop now\n",  "break\n",
                                        "break \n", "break hh\n", "break \x80\n"};
    struct vm_fixture *f = *state;
    char longest[300];

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_string_equal(ask(f, lines[i]),
                            "error: not one of state, start, stop, reset, pause, resume, break C\n");
    }
    memset(longest, 's', sizeof(longest));
    memcpy(longest + sizeof(longest) - 2, "\n", 2);
    assert_string_equal(ask(f, longest), "error: a line is too long\n");
    assert_string_equal(ask(f, "st"), "");
    assert_string_equal(ask(f, "ate\r\nstate\n"), "ok running\nok running\n");
    /* Half a line of a tool that is gone is not the next one's. */
    assert_string_equal(ask(f, "sto"), "");
    ring_offer(&tool, 2);
    assert_string_equal(ask(f, "state\n"), "ok running\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pause_and_resume, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_start_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_break_and_character, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_command, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
