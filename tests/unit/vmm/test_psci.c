/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/core/psci.h"
#include "vmm/platform_fake.h"

#define RAM 0x40000000ull
#define RAM_BYTES 0x1000000ull

static struct psci psci;

static int setup(void **state)
{
    (void)state;
    platform_fake_reset();
    psci_reset(&psci, 2, RAM, RAM_BYTES);
    return 0;
}

/* A call that returns to its caller. */
static int64_t call(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    uint64_t args[8] = {function, x1, x2, x3, 4, 5, 6, 7};

    assert_int_equal(psci_call(&psci, 0, args), PSCI_ACTION_RETURN);
    assert_int_equal(args[1], x1);
    assert_int_equal(args[7], 7);
    return (int64_t)args[0];
}

static enum psci_action act(uint64_t function, uint64_t x1)
{
    uint64_t args[8] = {function, x1};

    return psci_call(&psci, 1, args);
}

static void test_versions(void **state)
{
    (void)state;
    assert_int_equal(call(PSCI_VERSION, 0, 0, 0), 0x10001);
    assert_int_equal(call(PSCI_SMCCC_VERSION, 0, 0, 0), 0x10001);
    assert_int_equal(call(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), 2);
}

static void test_features(void **state)
{
    static const uint32_t known[] = {PSCI_VERSION,
                                     PSCI_CPU_SUSPEND,
                                     PSCI_CPU_SUSPEND | PSCI_64BIT,
                                     PSCI_CPU_OFF,
                                     PSCI_CPU_ON,
                                     PSCI_CPU_ON | PSCI_64BIT,
                                     PSCI_AFFINITY_INFO | PSCI_64BIT,
                                     PSCI_MIGRATE_INFO_TYPE,
                                     PSCI_SYSTEM_OFF,
                                     PSCI_SYSTEM_RESET,
                                     PSCI_SYSTEM_RESET2,
                                     PSCI_SYSTEM_RESET2 | PSCI_64BIT,
                                     PSCI_FEATURES,
                                     PSCI_SMCCC_VERSION};
    static const uint32_t unknown[] = {0x84000005, 0x84000007, 0x8400000e, 0xc400000e, 0xc4000000,
                                       0xc4000002, 0x84000013, 0x84000050, 0,          0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(call(PSCI_FEATURES, known[i], 0, 0), PSCI_SUCCESS);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(call(PSCI_FEATURES, unknown[i], 0, 0), PSCI_NOT_SUPPORTED);
        assert_int_equal(call(unknown[i], 0, 0, 0), PSCI_NOT_SUPPORTED);
    }
    assert_int_equal(call(PSCI_SMCCC_ARCH_FEATURES, PSCI_SMCCC_VERSION, 0, 0), 0);
    assert_int_equal(call(PSCI_SMCCC_ARCH_FEATURES, 0x80008000, 0, 0), PSCI_NOT_SUPPORTED);
}

static void test_cpu_on(void **state)
{
    const uint64_t on = PSCI_CPU_ON | PSCI_64BIT;

    (void)state;
    assert_int_equal(call(on, 1, RAM + 0x1000, 0xdeadbeefcafe), PSCI_SUCCESS);
    assert_true(platform_fake.vcpus[1].running);
    assert_int_equal(platform_fake.vcpus[1].entry, RAM + 0x1000);
    assert_int_equal(platform_fake.vcpus[1].context, 0xdeadbeefcafe);
    assert_int_equal(call(on, 1, RAM, 0), PSCI_ALREADY_ON);
    assert_int_equal(call(on, 0, RAM, 0), PSCI_ALREADY_ON);
    assert_int_equal(platform_fake.vcpus[1].start_count, 1);
}

static void test_cpu_on_refuses_nonsense(void **state)
{
    const uint64_t on = PSCI_CPU_ON | PSCI_64BIT;

    (void)state;
    assert_int_equal(call(on, 2, RAM, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(call(on, 0x100, RAM, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(call(on, 1ull << 40, RAM, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(call(on, UINT64_MAX, RAM, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(call(on, 1, RAM + 2, 0), PSCI_INVALID_ADDRESS);
    assert_int_equal(call(on, 1, RAM - 4, 0), PSCI_INVALID_ADDRESS);
    assert_int_equal(call(on, 1, RAM + RAM_BYTES, 0), PSCI_INVALID_ADDRESS);
    assert_int_equal(platform_fake.vcpus[1].start_count, 0);
}

static void test_32_bit_calls_ignore_upper_halves(void **state)
{
    (void)state;
    assert_int_equal(call(PSCI_CPU_ON, 0xffffffff00000001, 0xffffffff00000000 | RAM, 0xffffffff00000007),
                     PSCI_SUCCESS);
    assert_int_equal(platform_fake.vcpus[1].entry, RAM);
    assert_int_equal(platform_fake.vcpus[1].context, 7);
}

static void test_cpu_off_and_affinity(void **state)
{
    const uint64_t info = PSCI_AFFINITY_INFO | PSCI_64BIT;

    (void)state;
    assert_int_equal(call(info, 0, 0, 0), 0);
    assert_int_equal(call(info, 1, 0, 0), 1);
    assert_int_equal(call(info, 2, 0, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(call(info, 0, 1, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(call(PSCI_CPU_ON, 1, RAM, 0), PSCI_SUCCESS);
    assert_int_equal(call(info, 1, 0, 0), 0);
    assert_int_equal(act(PSCI_CPU_OFF, 0), PSCI_ACTION_CPU_OFF);
    assert_false(platform_fake.vcpus[1].running);
    assert_int_equal(call(info, 1, 0, 0), 1);
    assert_int_equal(call(PSCI_CPU_ON, 1, RAM, 0), PSCI_SUCCESS);
}

static void test_suspend(void **state)
{
    (void)state;
    assert_int_equal(call(PSCI_CPU_SUSPEND | PSCI_64BIT, 0, RAM, 0), PSCI_SUCCESS);
    assert_int_equal(call(PSCI_CPU_SUSPEND | PSCI_64BIT, 1u << 16, RAM, 0), PSCI_INVALID_PARAMETERS);
}

static void test_machine_calls(void **state)
{
    (void)state;
    assert_int_equal(act(PSCI_SYSTEM_OFF, 0), PSCI_ACTION_OFF);
    assert_int_equal(act(PSCI_SYSTEM_RESET, 0), PSCI_ACTION_RESET);
    assert_int_equal(act(PSCI_SYSTEM_RESET2, 0), PSCI_ACTION_RESET);
    assert_int_equal(act(PSCI_SYSTEM_RESET2 | PSCI_64BIT, 0), PSCI_ACTION_RESET);
    assert_int_equal(call(PSCI_SYSTEM_RESET2, 1, 0, 0), PSCI_INVALID_PARAMETERS);
    assert_int_equal(call(PSCI_SYSTEM_RESET2, 0x80000000, 0, 0), PSCI_NOT_SUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_versions, setup),
        cmocka_unit_test_setup(test_features, setup),
        cmocka_unit_test_setup(test_cpu_on, setup),
        cmocka_unit_test_setup(test_cpu_on_refuses_nonsense, setup),
        cmocka_unit_test_setup(test_32_bit_calls_ignore_upper_halves, setup),
        cmocka_unit_test_setup(test_cpu_off_and_affinity, setup),
        cmocka_unit_test_setup(test_suspend, setup),
        cmocka_unit_test_setup(test_machine_calls, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
