/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has the board's clock, and which guests have one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/config/timer_config.h"
#include "lib/config/vmm_config.h"
#include "tests/mock/load_model.h"

#define LINUX "<linux kernel='k'/>"

static struct model *load(const char *text)
{
    return load_model_for(text, false);
}

static bool has_clock(const struct model *model, const char *vmm)
{
    const struct vmm_config *config = load_model_config(model, vmm, VMM_CONFIG_SECTION, sizeof(*config));

    for (uint32_t i = 0; i < config->device_count; i++) {
        if (config->devices[i].kind == VMM_DEVICE_RTC) {
            assert_int_equal(config->devices[i].gpa, 0x9010000);
            assert_int_equal(config->devices[i].virq, 34);
            return true;
        }
    }
    return false;
}

/* Read-only at the timer's, and a clock for each guest that doesn't do without. */
static void test_the_boards_clock_is_for_all(void **state)
{
    (void)state;
    struct model *model = load("<system><guest name='a' ram='32M'>" LINUX "</guest>"
                               "<guest name='b' ram='32M' rtc='false'>" LINUX "</guest></system>");
    const struct timer_config *timer =
        load_model_config(model, "timer", TIMER_CONFIG_SECTION, sizeof(*timer));
    const struct model_pd *pd = model_find_pd(model, "timer");

    assert_int_equal(pd->map_count, 1);
    assert_int_equal(pd->maps[0].mr->phys_addr, 0x9010000);
    assert_int_equal(pd->maps[0].vaddr, timer->rtc);
    assert_int_equal(pd->maps[0].perms, MODEL_READ);
    assert_false(pd->maps[0].cached);
    assert_true(has_clock(model, "a_vmm"));
    assert_false(has_clock(model, "b_vmm"));
    model_free(model);
}

static void test_a_clock_that_is_anothers(void **state)
{
    (void)state;
    struct model *model =
        load("<system><memory_region name='rtc' size='0x1000' phys_addr='0x9010000'/>"
             "<protection_domain name='p' priority='9'><program_image path='p.elf'/>"
             "<map mr='rtc' vaddr='0x20000000' perms='r' cached='false'/></protection_domain>"
             "<guest name='a' ram='32M'>" LINUX "</guest></system>");
    const struct timer_config *timer =
        load_model_config(model, "timer", TIMER_CONFIG_SECTION, sizeof(*timer));

    assert_int_equal(timer->rtc, 0);
    assert_int_equal(model_find_pd(model, "timer")->map_count, 0);
    assert_false(has_clock(model, "a_vmm"));
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_boards_clock_is_for_all),
        cmocka_unit_test(test_a_clock_that_is_anothers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
