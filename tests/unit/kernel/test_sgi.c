/* SPDX-License-Identifier: BSD-2-Clause */
/* SGIs that a GICv3's guest sends: who gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/sgi.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_virq.h"
#include "tests/mock/mock_kernel.h"

#define VMM 0
#define CHILD 20u
#define ENTRY 0x40080000ull
#define SGI 5u
#define INTID(n) ((uint64_t)(n) << 24)
#define ALL_BUT_SELF (1ull << 40)
#define RANGE(n) ((uint64_t)(n) << 44)

/* vCPUs 0 to 2 are one machine's, vCPU 3 is another's, of the same affinity as vCPU 0. */
static int setup(void **state)
{
    struct mock_kernel *mock = mock_kernel_new(3, 4);

    mock->vcpus[1].vmpidr = 1;
    mock->vcpus[2].vmpidr = 1ull << 32 | 0x020311; /* 1.2.3.17 */
    mock->vcpus[3].parent = 2;
    mock_kernel_boot(mock);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(mock_kernel_call(mock, VMM, SYSCALL_VCPU_START, CHILD + i, ENTRY, 0, 0), SYSCALL_OK);
        (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_ENABLE, CHILD + i, 1, 0, 0);
        (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_CONFIGURE, CHILD + i, SGI,
                               SYSCALL_VIRQ_ENABLED | SYSCALL_VIRQ_GROUP1, 0);
    }
    *state = mock;
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

/* Bit n: vCPU n has the SGI; take it from all of them. */
static uint32_t take(struct mock_kernel *mock)
{
    uint32_t vcpus = 0;

    for (uint32_t i = 0; i < 4; i++) {
        struct virq_state *virq = &mock_kernel_vcpu(mock, i)->virq;

        if ((virq_get(virq, SGI) & SYSCALL_VIRQ_IS_PENDING) != 0) {
            vcpus |= 1u << i;
        }
        virq_unpend(virq, SGI, 0xff);
    }
    return vcpus;
}

static void send(struct mock_kernel *mock, uint64_t value)
{
    sgi_send(mock_kernel_vcpu(mock, 1), INTID(SGI) | value, true);
}

static void test_target_list(void **state)
{
    struct mock_kernel *mock = *state;

    send(mock, 1u << 0);
    assert_int_equal(take(mock), 1u << 0);
    send(mock, 3u);
    assert_int_equal(take(mock), 3u);
    send(mock, 0);
    assert_int_equal(take(mock), 0);
    send(mock, 0xfffcu); /* nobody */
    assert_int_equal(take(mock), 0);
}

static void test_affinity(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t cluster = 1ull << 48 | 2ull << 32 | 3u << 16;

    send(mock, cluster | RANGE(1) | 1u << 1);
    assert_int_equal(take(mock), 1u << 2);
    send(mock, cluster | 1u << 1); /* 1.2.3.1 */
    assert_int_equal(take(mock), 0);
    send(mock, RANGE(1) | 1u << 1); /* 0.0.0.17 */
    assert_int_equal(take(mock), 0);
    send(mock, (cluster ^ 1ull << 48) | RANGE(1) | 1u << 1);
    assert_int_equal(take(mock), 0);
}

static void test_all_but_sender(void **state)
{
    struct mock_kernel *mock = *state;

    send(mock, ALL_BUT_SELF | 0xffffu);
    assert_int_equal(take(mock), 5u);
}

static void test_groups(void **state)
{
    struct mock_kernel *mock = *state;

    sgi_send(mock_kernel_vcpu(mock, 1), INTID(SGI) | 1u, false);
    assert_int_equal(take(mock), 0);
    (void)mock_kernel_call(mock, VMM, SYSCALL_VIRQ_CONFIGURE, CHILD, SGI, SYSCALL_VIRQ_ENABLED, 0);
    sgi_send(mock_kernel_vcpu(mock, 1), INTID(SGI) | 1u, false);
    assert_int_equal(take(mock), 1u);
    send(mock, 1u);
    assert_int_equal(take(mock), 1u);
}

static void test_wakes_an_idle_vcpu(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *idle = mock_kernel_vcpu(mock, 0);

    vcpu_wait(idle);
    assert_int_equal(idle->thread.state, THREAD_IDLE);
    send(mock, 1u);
    assert_int_equal(idle->thread.state, THREAD_READY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_target_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_affinity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_but_sender, setup, teardown),
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wakes_an_idle_vcpu, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
