/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tool/model/model.h"

static const struct loc nowhere = {0};

static void test_pds_and_mrs_never_move(void **state)
{
    (void)state;
    struct model *model = model_new();
    struct model_pd *first_pd = model_add_pd(model, "pd0", nowhere);
    struct model_mr *first_mr = model_add_mr(model, "mr0", nowhere);

    for (int i = 1; i < 100; i++) {
        char name[16];

        snprintf(name, sizeof(name), "pd%d", i);
        (void)model_add_pd(model, name, nowhere);
        name[0] = 'm';
        name[1] = 'r';
        (void)model_add_mr(model, name, nowhere);
    }
    assert_int_equal(model->pd_count, 100);
    assert_int_equal(model->mr_count, 100);
    assert_ptr_equal(model_find_pd(model, "pd0"), first_pd);
    assert_ptr_equal(model_find_mr(model, "mr0"), first_mr);
    assert_string_equal(model->pds[99]->name, "pd99");
    assert_null(model_find_pd(model, "pd100"));
    assert_null(model_find_mr(model, "mr100"));
    model_free(model);
}

static void test_everything_hangs_off_the_model(void **state)
{
    (void)state;
    struct model *model = model_new();
    struct model_pd *pd = model_add_pd(model, "pd", nowhere);
    struct model_mr *mr = model_add_mr(model, "mr", nowhere);
    const uint8_t data[] = {1, 2, 3};

    assert_int_equal(mr->page_size_bytes, MODEL_PAGE_BYTES);
    assert_true(model_add_pd_map(pd, mr, 0x10000000, MODEL_READ)->cached);
    assert_int_equal(model_add_irq(pd, 33, 4)->intid, 33);
    assert_string_equal(model_add_setvar(pd, "symbol")->symbol, "symbol");

    struct model_config *config = model_add_config(pd, ".section", data, sizeof(data));

    assert_memory_equal(config->data, data, sizeof(data));
    assert_string_equal(config->section, ".section");

    struct model_vm *vm = model_add_vm(pd, "vm", nowhere);

    assert_int_equal(model_add_vcpu(vm, 0)->id, 0);
    assert_int_equal(model_add_vm_map(vm, mr, 0x40000000, MODEL_READ | MODEL_WRITE)->perms, 3);
    assert_null(model_add_doorbell(vm)->pd);
    assert_int_equal(vm->vcpu_count + vm->map_count + vm->doorbell_count, 3);
    model_free(model);
}

static void test_free_channel_id_skips_what_is_taken(void **state)
{
    (void)state;
    struct model *model = model_new();
    struct model_pd *pd = model_add_pd(model, "pd", nowhere);
    struct model_pd *other = model_add_pd(model, "other", nowhere);

    assert_int_equal(model_free_channel_id(model, pd), 0);
    (void)model_add_irq(pd, 33, 0);
    pd->klog_reader = true;
    pd->klog_channel = 1;

    struct model_channel *channel = model_add_channel(model, nowhere);

    channel->ends[0].pd = pd;
    channel->ends[0].id = 2;
    channel->ends[1].pd = other;
    channel->ends[1].id = 0;
    assert_int_equal(model_free_channel_id(model, pd), 3);
    assert_int_equal(model_free_channel_id(model, other), 1);
    model_free(model);
}

static void test_no_free_channel_id_left(void **state)
{
    (void)state;
    struct model *model = model_new();
    struct model_pd *pd = model_add_pd(model, "pd", nowhere);

    for (uint32_t id = 0; id < MODEL_MAX_CHANNELS; id++) {
        assert_int_equal(model_free_channel_id(model, pd), id);
        (void)model_add_irq(pd, 32 + id, id);
    }
    assert_int_equal(model_free_channel_id(model, pd), MODEL_MAX_CHANNELS);
    model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pds_and_mrs_never_move),
        cmocka_unit_test(test_everything_hangs_off_the_model),
        cmocka_unit_test(test_free_channel_id_skips_what_is_taken),
        cmocka_unit_test(test_no_free_channel_id_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
