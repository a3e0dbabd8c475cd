/* SPDX-License-Identifier: BSD-2-Clause */
/* What descriptions expand to for seL4, where it isn't what the bundled kernel gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boards/board.h"
#include "lib/config/entropy_config.h"
#include "lib/config/timer_config.h"
#include "lib/config/vmm_config.h"
#include "lib/config/vswitch_config.h"
#include "tests/mock/load_model.h"
#include "tool/expand/frontend.h"

static const char two_guests[] =
    "<system><serial/><switch name='lan'/>"
    "<guest name='a' ram='32M'><linux kernel='k'/><console/><net switch='lan'/></guest>"
    "<guest name='b' ram='32M'><linux kernel='k'/><console/><net switch='lan'/></guest>"
    "</system>";

static const struct model_map *map_at(const struct model_pd *pd, uint64_t vaddr)
{
    for (size_t i = 0; i < pd->map_count; i++) {
        if (pd->maps[i].vaddr == vaddr) {
            return &pd->maps[i];
        }
    }
    fail_msg("%s maps nothing at 0x%llx", pd->name, (unsigned long long)vaddr);
    return NULL;
}

/* A guest without a seed makes every step of its slow: the entropy PD needs a source here, too. */
static void test_seed_comes_from_the_firmwares_device_tree(void **state)
{
    (void)state;
    struct model *model = load_model_for(two_guests, true);
    const struct model_pd *pd = model_find_pd(model, "entropy");
    const struct entropy_config *config =
        load_model_config(model, "entropy", ENTROPY_CONFIG_SECTION, sizeof(*config));
    const struct board_range *fdt = &model->board->sel4_fdt;
    const struct model_map *map;

    assert_int_equal(pd->period_us, 10 * pd->budget_us); /* guests may ask forever */
    assert_int_equal(config->has_boot_seed, 0);
    assert_int_equal(config->fdt.bytes, fdt->bytes);
    map = map_at(pd, config->fdt.vaddr);
    assert_true(map->mr->has_phys_addr);
    assert_int_equal(map->mr->phys_addr, fdt->base);
    assert_int_equal(map->mr->size_bytes, fdt->bytes);
    assert_int_equal(map->perms, MODEL_READ);
    model_free(model);
}

static void test_kernel_hands_over_the_seed_elsewhere(void **state)
{
    (void)state;
    struct model *model = load_model_for(two_guests, false);
    const struct model_pd *pd = model_find_pd(model, "entropy");
    const struct entropy_config *config =
        load_model_config(model, "entropy", ENTROPY_CONFIG_SECTION, sizeof(*config));

    assert_int_equal(config->has_boot_seed, 1);
    assert_int_equal(config->fdt.bytes, 0);
    assert_true(pd->gets_seed);
    model_free(model);
}

static void test_timer_serves_every_vmm(void **state)
{
    (void)state;
    struct model *model = load_model_for(two_guests, true);
    const struct model_pd *timer = model_find_pd(model, "timer");
    const struct timer_config *config =
        load_model_config(model, "timer", TIMER_CONFIG_SECTION, sizeof(*config));

    assert_int_equal(config->client_count, 3); /* and the switch */
    assert_int_equal(timer->irq_count, 1);
    assert_int_equal(timer->irqs[0].intid, 30);
    assert_int_equal(timer->irqs[0].channel, config->irq_channel);
    assert_true(timer->priority > model_find_pd(model, "a_vmm")->priority);
    model_free(model);
}

/* A guest can stop the physical timer there: see pd/timer/guard.c. */
static void test_timer_has_a_guard(void **state)
{
    (void)state;
    struct model *model = load_model_for(two_guests, true);
    const struct model_pd *guard = model_find_pd(model, "timer_guard");
    const struct timer_config *config =
        load_model_config(model, "timer", TIMER_CONFIG_SECTION, sizeof(*config));

    assert_non_null(guard);
    assert_int_equal(guard->period_us, TIMER_GUARD_PERIOD_US);
    assert_true(guard->budget_us < guard->period_us); /* or giving it up would change nothing */
    assert_int_equal(guard->priority, model_find_pd(model, "timer")->priority);
    assert_int_not_equal(config->guard_channel, TIMER_NO_GUARD);
    for (uint32_t i = 0; i < config->client_count; i++) {
        assert_int_not_equal(config->clients[i], config->guard_channel);
    }
    model_free(model);

    model = load_model_for(two_guests, false);
    config = load_model_config(model, "timer", TIMER_CONFIG_SECTION, sizeof(*config));
    assert_null(model_find_pd(model, "timer_guard"));
    assert_int_equal(config->guard_channel, TIMER_NO_GUARD);
    model_free(model);
}

/* Interrupts for sent frames alone may be late: the kernel's affair here, the switch's there. */
static void test_switch_is_late_by_itself(void **state)
{
    (void)state;
    struct model *model = load_model_for(two_guests, true);
    const struct vswitch_config *config =
        load_model_config(model, "lan", VSWITCH_CONFIG_SECTION, sizeof(*config));

    assert_int_equal(config->has_timer, 1);
    assert_int_equal(config->ports[0].deferred_us, 200);
    assert_int_equal(config->ports[0].interrupt, config->ports[0].link.channel);
    assert_int_equal(config->ports[0].deferred_interrupt, config->ports[0].link.channel);
    model_free(model);

    model = load_model_for(two_guests, false);
    config = load_model_config(model, "lan", VSWITCH_CONFIG_SECTION, sizeof(*config));
    assert_int_equal(config->has_timer, 1); /* for what it waits for */
    assert_int_equal(config->ports[0].deferred_us, 0);
    assert_int_not_equal(config->ports[0].deferred_interrupt, config->ports[0].interrupt);
    model_free(model);
}

/* The page in which a guest's VMM counts its pauses, 0: none. */
static uint64_t idle_count_of(const struct model *model, const char *vmm)
{
    const struct vmm_config *config = load_model_config(model, vmm, VMM_CONFIG_SECTION, sizeof(*config));

    for (uint32_t i = 0; i < config->device_count; i++) {
        if (config->devices[i].kind == VMM_DEVICE_NET) {
            return config->devices[i].u.net.idle_count;
        }
    }
    fail_msg("%s has no card", vmm);
    return 0;
}

/* Who sees a guest pause: the kernel here, its VMM there. */
static void test_switch_hears_of_idle_vcpus(void **state)
{
    (void)state;
    struct model *model = load_model_for(two_guests, true);
    const struct vswitch_config *config =
        load_model_config(model, "lan", VSWITCH_CONFIG_SECTION, sizeof(*config));

    assert_int_equal(config->ports[0].window, 32);
    assert_ptr_equal(map_at(model_find_pd(model, "lan"), config->ports[0].idle_count)->mr,
                     map_at(model_find_pd(model, "a_vmm"), idle_count_of(model, "a_vmm"))->mr);
    assert_int_equal(map_at(model_find_pd(model, "lan"), config->ports[0].idle_count)->perms, MODEL_READ);
    model_free(model);

    model = load_model_for(two_guests, false);
    config = load_model_config(model, "lan", VSWITCH_CONFIG_SECTION, sizeof(*config));
    assert_int_equal(config->ports[0].window, 32);
    assert_int_equal(config->ports[0].idle_count, 0);
    assert_int_equal(idle_count_of(model, "a_vmm"), 0);
    model_free(model);

    model = load_model_for("<system><switch name='lan'/><guest name='a' ram='32M'><linux kernel='k'/>"
                           "<net switch='lan' rx_window='0'/></guest></system>",
                           true);
    config = load_model_config(model, "lan", VSWITCH_CONFIG_SECTION, sizeof(*config));
    assert_int_equal(config->ports[0].window, 0);
    assert_int_equal(config->ports[0].idle_count, 0);
    model_free(model);
}

/* Nobody can switch the machine off there, and the description is told so. */
static void test_nothing_halts(void **state)
{
    static const char text[] = "<system><guest name='a' ram='32M' on_off='halt' on_crash='halt'>"
                               "<linux kernel='k'/></guest></system>";
    struct expand_options options = {.system_path = "demo.system",
                                     .guest_dir = "/nonexistent",
                                     .default_board = "qemu_virt_aarch64",
                                     .microkit = true};
    struct diag *diag = diag_new();
    struct vars vars = {0};

    (void)state;
    model_free(frontend_load_text(diag, &vars, &options, text, strlen(text)));
    assert_int_equal(diag_error_count(diag), 2);
    diag_free(diag);

    /* On the bundled kernel its VMM is given that call, and no other; nobody else is. */
    struct model *model = load_model_for(text, false);
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];
        assert_int_equal(pd->smc_count, strcmp(pd->name, "a_vmm") == 0);
        assert_int_equal(pd->smc_calls[0], pd->smc_count == 1 ? 0x84000008 : 0);
    }
    model_free(model);
}

/* Microkit's kernels switch no SVE registers. */
static void test_nobody_has_sve(void **state)
{
    static const char text[] =
        "<system><guest name='a' ram='32M' sve='true'><linux kernel='k'/></guest></system>";
    struct expand_options options = {.system_path = "demo.system",
                                     .guest_dir = "/nonexistent",
                                     .default_board = "qemu_virt_aarch64",
                                     .microkit = true};
    struct diag *diag = diag_new();
    struct vars vars = {0};
    struct model *model;

    (void)state;
    model_free(frontend_load_text(diag, &vars, &options, text, strlen(text)));
    assert_int_equal(diag_error_count(diag), 1);
    diag_free(diag);
    model = load_model_for(text, false);
    assert_true(model_find_pd(model, "a_vmm")->vm->sve);
    model_free(model);
}

/* Loads from a vhost device's registers need no exit on either platform; neither side may have them in a
 * cache. */
static void test_registers_are_on_a_page_of_memory(void **state)
{
    for (int microkit = 0; microkit < 2; microkit++) {
        struct model *model = load_model_for(two_guests, microkit != 0);
        const struct model_pd *pd = model_find_pd(model, "a_vmm");
        const struct vmm_config *config =
            load_model_config(model, "a_vmm", VMM_CONFIG_SECTION, sizeof(*config));
        const struct model_map *map = NULL;
        const struct model_map *own = NULL;

        for (uint32_t i = 0; i < config->device_count; i++) {
            if (config->devices[i].kind == VMM_DEVICE_NET) {
                own = map_at(pd, config->devices[i].registers);
                for (size_t j = 0; j < pd->vm->map_count; j++) {
                    map = pd->vm->maps[j].vaddr == config->devices[i].gpa ? &pd->vm->maps[j] : map;
                }
            }
        }
        if (map == NULL || own == NULL) {
            fail_msg("no page");
            return;
        }
        assert_ptr_equal(map->mr, own->mr);
        assert_int_equal(map->perms, MODEL_READ);
        assert_int_equal(own->perms, MODEL_READ | MODEL_WRITE);
        assert_false(map->cached || own->cached);
        model_free(model);
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seed_comes_from_the_firmwares_device_tree),
        cmocka_unit_test(test_kernel_hands_over_the_seed_elsewhere),
        cmocka_unit_test(test_timer_serves_every_vmm),
        cmocka_unit_test(test_timer_has_a_guard),
        cmocka_unit_test(test_switch_is_late_by_itself),
        cmocka_unit_test(test_switch_hears_of_idle_vcpus),
        cmocka_unit_test(test_nothing_halts),
        cmocka_unit_test(test_nobody_has_sve),
        cmocka_unit_test(test_registers_are_on_a_page_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
