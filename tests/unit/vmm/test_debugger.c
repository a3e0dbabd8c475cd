/* SPDX-License-Identifier: BSD-2-Clause */
/* gdb's stub: what packets do to a guest, and what comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/aarch64/esr.h"
#include "tests/mock/debug_machine.h"

#define RAM DEBUG_MACHINE_RAM
#define BRK 0xd4200000u
#define NOP 0xd503201fu

static int setup(void **state)
{
    struct debug_machine *m = calloc(1, sizeof(*m));

    assert_non_null(m);
    debug_machine_init(m);
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    debug_machine_free(*state);
    free(*state);
    return 0;
}

static uint32_t word_at(const struct debug_machine *m, uint64_t gpa)
{
    uint32_t word;

    memcpy(&word, m->ram + (gpa - RAM), sizeof(word));
    return word;
}

static void put_word(struct debug_machine *m, uint64_t gpa, uint32_t word)
{
    memcpy(m->ram + (gpa - RAM), &word, sizeof(word));
}

static void test_nothing_happens_before_a_packet(void **state)
{
    struct debug_machine *m = *state;

    debug_machine_send(m, "+\x03noise", 7);
    assert_string_equal(debug_machine_receive(m), "");
    assert_false(platform_fake.vcpus[0].paused);
    assert_int_equal(platform_fake.vcpus[0].debugger, 0);
}

static void test_first_packet_stops_all(void **state)
{
    struct debug_machine *m = *state;

    assert_string_equal(debug_machine_ask(m, "?"), "T05thread:1;");
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(platform_fake.vcpus[i].paused);
        assert_int_equal(platform_fake.vcpus[i].debugger, PLATFORM_DEBUG_ATTACHED);
    }
    assert_string_equal(debug_machine_ask(m, "qfThreadInfo"), "m1,2");
    m->is_on[1] = false;
    assert_string_equal(debug_machine_ask(m, "qfThreadInfo"), "m1");
    assert_string_equal(debug_machine_ask(m, "Hg2"), "E01");
    assert_string_equal(debug_machine_ask(m, "vMustReplyEmpty"), "");
}

static void test_damage_is_refused(void **state)
{
    struct debug_machine *m = *state;
    char *const longest = malloc(RSP_PACKET_BYTES + 10);

    debug_machine_send(m, "$?#00", 5);
    assert_string_equal(debug_machine_receive(m), "-");
    debug_machine_send(m, "$?#zz", 5);
    assert_string_equal(debug_machine_receive(m), "-");
    assert_false(platform_fake.vcpus[0].paused);
    assert_non_null(longest);
    memset(longest, 'q', RSP_PACKET_BYTES + 9);
    longest[RSP_PACKET_BYTES + 9] = '\0';
    assert_string_equal(debug_machine_ask(m, longest), "");
    assert_string_equal(m->answer, "-");
    free(longest);
    /* A packet that never ended is over when the next begins. */
    debug_machine_send(m, "$mlost", 6);
    assert_string_equal(debug_machine_ask(m, "qAttached"), "1");
    debug_machine_send(m, "-", 1);
    assert_string_equal(debug_machine_receive(m), "$1#31");
}

static void test_registers(void **state)
{
    struct debug_machine *m = *state;

    platform_fake.vcpus[1].core[0] = 0x1122334455667788;
    platform_fake.vcpus[1].core[33] = 0x3c5;
    platform_fake.vcpus[1].fp[2] = 0xabcd;
    assert_string_equal(debug_machine_ask(m, "Hg2"), "OK");
    assert_string_equal(debug_machine_ask(m, "p0"), "8877665544332211");
    assert_string_equal(debug_machine_ask(m, "p21"), "c5030000");
    assert_string_equal(debug_machine_ask(m, "p23"), "cdab0000000000000000000000000000");
    assert_string_equal(debug_machine_ask(m, "p44"), "E01");
    assert_int_equal(strlen(debug_machine_ask(m, "g")), 2 * (33 * 8 + 4 + 32 * 16 + 8));
    assert_string_equal(debug_machine_ask(m, "P20=0010004000000000"), "OK");
    assert_int_equal(platform_fake.vcpus[1].core[32], RAM + 0x1000);
    assert_string_equal(debug_machine_ask(m, "P42=01000000"), "OK");
    assert_int_equal(platform_fake.vcpus[1].fp[65], 1);
    assert_string_equal(debug_machine_ask(m, "P20=00100040"), "E01");
    assert_string_equal(debug_machine_ask(m, "G00"), "E01");
}

static void test_description_comes_in_parts(void **state)
{
    struct debug_machine *m = *state;
    char whole[DEBUG_REGISTERS_XML_BYTES + 1] = "";
    char query[64];
    const char *part;

    do {
        (void)snprintf(query, sizeof(query), "qXfer:features:read:target.xml:%zx,200", strlen(whole));
        part = debug_machine_ask(m, query);
        assert_true(part[0] == 'm' || part[0] == 'l');
        strcat(whole, part + 1);
    } while (part[0] == 'm');
    assert_non_null(strstr(whole, "<reg name=\"x30\" bitsize=\"64\"/>"));
    assert_string_equal(whole + strlen(whole) - strlen("</target>"), "</target>");
    assert_string_equal(debug_machine_ask(m, "qXfer:features:read:target.xml:fffff,10"), "E01");
}

static void test_memory(void **state)
{
    struct debug_machine *m = *state;

    put_word(m, RAM + 0xffe, 0x04030201);
    assert_string_equal(debug_machine_ask(m, "m40000ffe,4"), "01020304");
    assert_string_equal(debug_machine_ask(m, "m401ffffe,10"), "0000");
    assert_string_equal(debug_machine_ask(m, "m40200000,1"), "E0e");
    assert_string_equal(debug_machine_ask(m, "mffffffffffffffff,4"), "E0e");
    assert_string_equal(debug_machine_ask(m, "m40000ffe"), "E01");
    assert_string_equal(debug_machine_ask(m, "M40000ffe,2:aabb"), "OK");
    assert_int_equal(word_at(m, RAM + 0xffe), 0x0403bbaa);
    assert_string_equal(debug_machine_ask(m, "M40000ffe,2:aa"), "E01");
    assert_string_equal(debug_machine_ask(m, "M401fffff,2:0102"), "E0e");
    assert_string_equal(debug_machine_ask(m, "X40000ffe,2:}\x03z"), "OK"); /* } escapes '#' */
    assert_int_equal(word_at(m, RAM + 0xffe), 0x04037a23);
    assert_string_equal(debug_machine_ask(m, "X40000ffe,9:z"), "E01");
}

static void test_ram_for_a_dump(void **state)
{
    struct debug_machine *m = *state;

    assert_string_equal(debug_machine_ask(m, "qCauseway.Ram"), "40000000,200000");
    put_word(m, RAM + 0x1ffc, 1);
    put_word(m, RAM + 0x3f000, 0x2a237d24);
    assert_string_equal(debug_machine_ask(m, "qCauseway.Scan:40000000,40"), "8000000000000002");
    assert_string_equal(debug_machine_ask(m, "qCauseway.Scan:401ff000,2"), "E0e");
    assert_string_equal(debug_machine_ask(m, "qCauseway.Scan:40000000,41"), "E0e");
    assert_string_equal(debug_machine_ask(m, "Z0,4003f000,4"), "OK"); /* is not in it */
    assert_string_equal(debug_machine_ask(m, "qCauseway.Read:4003f000,4"), "b}\x04}]}\x03}\x0a");
    assert_string_equal(debug_machine_ask(m, "qCauseway.Read:40000000,801"), "E0e");
}

static void test_breakpoint_in_code(void **state)
{
    struct debug_machine *m = *state;

    put_word(m, RAM + 0x3000, NOP);
    assert_string_equal(debug_machine_ask(m, "Z0,40003000,4"), "OK");
    assert_string_equal(debug_machine_ask(m, "Z0,40003000,4"), "OK");
    assert_int_equal(word_at(m, RAM + 0x3000), BRK);
    assert_string_equal(debug_machine_ask(m, "m40003000,4"), "1f2003d5");
    assert_string_equal(debug_machine_ask(m, "Z0,50000000,4"), "E0e");
    assert_string_equal(debug_machine_ask(m, "Z0,40003001,4"), "E0e");
    assert_string_equal(debug_machine_ask(m, "vCont;c"), "");
    assert_false(platform_fake.vcpus[0].paused);
    assert_false(platform_fake.vcpus[1].paused);
    assert_int_equal(debug_machine_exit(m, 1, ESR_EC_BRK64, RAM + 0x3000, 0), PLATFORM_RESUME_RETRY);
    assert_string_equal(debug_machine_receive(m), "$T05thread:2;swbreak:;#3c");
    assert_true(platform_fake.vcpus[0].paused);
    /* The other one gets there before it was stopped. */
    assert_int_equal(debug_machine_exit(m, 0, ESR_EC_BRK64, RAM + 0x3000, 0), PLATFORM_RESUME_RETRY);
    assert_string_equal(debug_machine_receive(m), "");
    assert_string_equal(debug_machine_ask(m, "z0,40003000,4"), "OK");
    assert_int_equal(word_at(m, RAM + 0x3000), NOP);
    /* It is gone when its exception arrives. */
    assert_int_equal(debug_machine_exit(m, 0, ESR_EC_BRK64, RAM + 0x3000, 0), PLATFORM_RESUME_RETRY);
    /* One of the guest's own. */
    put_word(m, RAM + 0x3010, BRK | 0x800 << 5);
    assert_int_equal(debug_machine_exit(m, 0, ESR_EC_BRK64, RAM + 0x3010, 0), PLATFORM_RESUME_BRK);
}

static void test_breakpoints_run_out(void **state)
{
    struct debug_machine *m = *state;
    char packet[32];

    for (uint32_t i = 0; i <= DEBUG_POINTS_MAX_SOFT; i++) {
        (void)snprintf(packet, sizeof(packet), "Z0,%x,4", 0x40000000 + 4 * i);
        assert_string_equal(debug_machine_ask(m, packet), i < DEBUG_POINTS_MAX_SOFT ? "OK" : "E1c");
    }
    for (uint32_t i = 0; i <= 6; i++) {
        (void)snprintf(packet, sizeof(packet), "Z1,%x,4", 0x40000000 + 4 * i);
        assert_string_equal(debug_machine_ask(m, packet), i < 6 ? "OK" : "E1c");
    }
}

static void test_points_in_registers(void **state)
{
    struct debug_machine *m = *state;

    assert_string_equal(debug_machine_ask(m, "Z1,ffff800008000000,4"), "OK");
    assert_string_equal(debug_machine_ask(m, "Z2,40000104,4"), "OK");
    assert_string_equal(debug_machine_ask(m, "Z4,40001000,1000"), "OK");
    assert_string_equal(debug_machine_ask(m, "Z3,40000106,4"), "E01");
    assert_string_equal(debug_machine_ask(m, "Z2,40000000,0"), "E01");
    assert_string_equal(debug_machine_ask(m, "Z5,40000000,4"), "");
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(platform_fake.vcpus[i].points[0][0] == 0xffff800008000000);
        assert_int_equal(platform_fake.vcpus[i].points[1][0], 0x1e7);
        assert_int_equal(platform_fake.vcpus[i].points[2][0], RAM + 0x100);
        assert_int_equal(platform_fake.vcpus[i].points[3][0], 0xf0 << 5 | 2 << 3 | 3 << 1 | 1);
        assert_int_equal(platform_fake.vcpus[i].points[3][1], 12 << 24 | 0xff << 5 | 3 << 3 | 3 << 1 | 1);
    }
    assert_string_equal(debug_machine_ask(m, "c"), "");
    assert_int_equal(debug_machine_exit(m, 0, ESR_EC_WATCHPOINT, RAM, RAM + 0x105), PLATFORM_RESUME_RETRY);
    assert_non_null(strstr(debug_machine_receive(m), "T05thread:1;watch:40000104;"));
    assert_string_equal(debug_machine_ask(m, "vCont;c"), "");
    (void)debug_machine_exit(m, 0, ESR_EC_BREAKPOINT, 0xffff800008000000, 0);
    assert_non_null(strstr(debug_machine_receive(m), "T05thread:1;hwbreak:;"));
    assert_string_equal(debug_machine_ask(m, "z1,ffff800008000000,4"), "OK");
    assert_int_equal(platform_fake.vcpus[1].points[1][0], 0);
}

static void test_step(void **state)
{
    struct debug_machine *m = *state;

    assert_string_equal(debug_machine_ask(m, "vCont;s:2"), "");
    assert_true(platform_fake.vcpus[0].paused);
    assert_false(platform_fake.vcpus[1].paused);
    assert_int_equal(platform_fake.vcpus[1].debugger, PLATFORM_DEBUG_ATTACHED | PLATFORM_DEBUG_STEP);
    assert_false(platform_fake.vcpus[1].virq_enabled); /* no step into an interrupt's handler */
    (void)debug_machine_exit(m, 1, ESR_EC_STEP, RAM + 4, 0);
    assert_non_null(strstr(debug_machine_receive(m), "T05thread:2;"));
    assert_true(platform_fake.vcpus[1].paused);
    assert_true(platform_fake.vcpus[1].virq_enabled);
    assert_int_equal(platform_fake.vcpus[1].debugger, PLATFORM_DEBUG_ATTACHED);
    assert_string_equal(debug_machine_ask(m, "vCont;s:1;c"), "");
    assert_false(platform_fake.vcpus[0].paused);
    assert_int_equal(platform_fake.vcpus[1].debugger, PLATFORM_DEBUG_ATTACHED);
    debug_machine_send(m, "\x03", 1);
    assert_non_null(strstr(debug_machine_receive(m), "$T02thread:2;"));
    assert_string_equal(debug_machine_ask(m, "vCont;x"), "E01");
}

static void test_detach_gives_everything_back(void **state)
{
    struct debug_machine *m = *state;

    put_word(m, RAM + 0x3000, NOP);
    assert_string_equal(debug_machine_ask(m, "Z0,40003000,4"), "OK");
    assert_string_equal(debug_machine_ask(m, "Z1,40003000,4"), "OK");
    assert_string_equal(debug_machine_ask(m, "D"), "OK");
    assert_int_equal(word_at(m, RAM + 0x3000), NOP);
    for (uint32_t i = 0; i < 2; i++) {
        assert_false(platform_fake.vcpus[i].paused);
        assert_int_equal(platform_fake.vcpus[i].debugger, 0);
        assert_int_equal(platform_fake.vcpus[i].points[1][0], 0);
    }
    /* The same if the tool is just gone; a program with a breakpoint of its own then keeps what it has written. */
    assert_string_equal(debug_machine_ask(m, "Z0,40003000,4"), "OK");
    put_word(m, RAM + 0x3000, 0x1234);
    ring_offer(&m->tool, 0);
    debugger_notified(&m->debugger);
    assert_int_equal(word_at(m, RAM + 0x3000), 0x1234);
    assert_false(platform_fake.vcpus[0].paused);
    assert_int_equal(debug_machine_exit(m, 0, ESR_EC_STEP, RAM, 0), PLATFORM_RESUME_RETRY);
}

static void test_user_pause_outlives_a_debugger(void **state)
{
    struct debug_machine *m = *state;

    m->hold.by_user = true;
    hold_apply(&m->hold);
    assert_string_equal(debug_machine_ask(m, "vCont;c"), "");
    assert_true(platform_fake.vcpus[0].paused);
    debug_machine_send(m, "\x03", 1);
    assert_non_null(strstr(debug_machine_receive(m), "T02"));
    assert_string_equal(debug_machine_ask(m, "D"), "OK");
    assert_true(platform_fake.vcpus[0].paused);
}

static void test_reset_forgets_breakpoints_in_code(void **state)
{
    struct debug_machine *m = *state;

    assert_string_equal(debug_machine_ask(m, "Z0,40003000,4"), "OK");
    put_word(m, RAM + 0x3000, BRK);
    debugger_guest_ends(&m->debugger);
    assert_string_equal(debug_machine_ask(m, "D"), "OK");
    assert_int_equal(word_at(m, RAM + 0x3000), BRK);
}

static void test_a_vmm_that_starts_again_clears_registers(void **state)
{
    struct debug_machine *m = *state;

    assert_string_equal(debug_machine_ask(m, "Z1,40003000,4"), "OK");
    assert_string_equal(debug_machine_ask(m, "Z2,40003000,4"), "OK");
    memset(m->debugger.points.breakpoints, 0, sizeof(m->debugger.points.breakpoints));
    memset(m->debugger.points.watchpoints, 0, sizeof(m->debugger.points.watchpoints));
    debugger_init(&m->debugger);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(platform_fake.vcpus[i].debugger, 0);
        assert_int_equal(platform_fake.vcpus[i].points[1][0], 0);
        assert_int_equal(platform_fake.vcpus[i].points[3][0], 0);
    }
}

static void test_a_tool_that_does_not_read_stops_only_itself(void **state)
{
    struct debug_machine *m = *state;

    for (uint32_t i = 0; i < 200; i++) {
        if (ring_write(&m->tool, "$m40000000,400#b1", 17) < 17) {
            break;
        }
        debugger_notified(&m->debugger);
    }
    assert_true(m->debugger.reply.sent < m->debugger.reply.used);
    /* All of it comes once it reads. */
    while (debug_machine_receive(m)[0] != '\0') {
        debugger_notified(&m->debugger);
    }
    assert_int_equal(m->debugger.reply.sent, m->debugger.reply.used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_happens_before_a_packet, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_packet_stops_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damage_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_description_comes_in_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ram_for_a_dump, setup, teardown),
        cmocka_unit_test_setup_teardown(test_breakpoint_in_code, setup, teardown),
        cmocka_unit_test_setup_teardown(test_breakpoints_run_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_points_in_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_step, setup, teardown),
        cmocka_unit_test_setup_teardown(test_detach_gives_everything_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_user_pause_outlives_a_debugger, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_forgets_breakpoints_in_code, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_vmm_that_starts_again_clears_registers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_tool_that_does_not_read_stops_only_itself, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
