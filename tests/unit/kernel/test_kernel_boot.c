/* SPDX-License-Identifier: BSD-2-Clause */
/** The kernel refuses a descriptor that it could not trust later: one defect each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/mock_kernel.h"

#define BREAK(name, change)                                                                                  \
    static void name(struct mock_kernel *mock)                                                               \
    {                                                                                                        \
        change;                                                                                              \
    }

BREAK(bad_magic, mock->desc.magic++)
BREAK(bad_version, mock->desc.version++)
BREAK(bad_size, mock->desc.size_bytes--)
BREAK(no_cores, mock->desc.core_count = 0)
BREAK(more_cores, mock->desc.core_count = SYSDESC_MAX_CORES + 1)
BREAK(no_pds, mock->desc.pd_count = 0)
BREAK(more_pds, mock->desc.pd_count = SYSDESC_MAX_PDS + 1)
BREAK(more_vcpus, mock->desc.vcpu_count = SYSDESC_MAX_VCPUS + 1)
BREAK(more_irqs, mock->desc.irq_count = SYSDESC_MAX_IRQ + 1)
BREAK(log_reader_missing, mock->desc.klog_pd = 2)
BREAK(priority_too_high, mock->pds[1].priority = 255)
BREAK(core_missing, mock->pds[1].core = 1)
BREAK(vmid_zero, mock->pds[1].vmid = 0)
BREAK(vmid_large, mock->pds[1].vmid = 256)
BREAK(no_budget, mock->pds[1].budget_us = 0)
BREAK(budget_over_period, mock->pds[1].budget_us = 1001)
BREAK(parent_missing, mock->pds[1].parent = 2)
BREAK(no_buffer, mock->pds[1].ipc_buffer = 0)
BREAK(endless_name, memset(mock->pds[1].name, 'x', SYSDESC_NAME_BYTES))
BREAK(channel_to_nowhere, mock->pds[0].channels[3].peer = 2)
BREAK(peer_channel_large, mock->pds[0].channels[3].peer_channel = 62)
BREAK(channel_id_large, mock->pds[0].channels[62] = mock->pds[0].channels[3])
BREAK(irq_notifies_nobody, mock->pds[0].channels[3].kind = SYSDESC_CHANNEL_IRQ | SYSDESC_CHANNEL_NOTIFY;
      mock->pds[0].channels[3].peer = 40000)
BREAK(irq_calls_nobody, mock->pds[0].channels[3].kind = SYSDESC_CHANNEL_IRQ | SYSDESC_CHANNEL_PPC;
      mock->pds[0].channels[3].peer = 40000)
BREAK(irq_that_notifies, mock->pds[0].channels[3].kind |= SYSDESC_CHANNEL_IRQ)
BREAK(irq_channel_of_no_interrupt, mock->pds[0].channels[3].kind = SYSDESC_CHANNEL_IRQ;
      mock->pds[0].channels[3].intid = SYSDESC_MAX_IRQ)
BREAK(smc_cpu_on, mock->pds[1].smc_calls[0] = 0xc4000003)
BREAK(smc_cpu_on_32, mock->pds[1].smc_calls[0] = 0x84000003)
BREAK(smc_suspend, mock->pds[1].smc_calls[0] = 0x8400000e)
BREAK(smc_sdei, mock->pds[1].smc_calls[0] = 0xc4000021)
BREAK(smc_yielding, mock->pds[1].smc_calls[0] = 0x02000000)
BREAK(smc_reserved_bits, mock->pds[1].smc_calls[0] = 0x82010000)
BREAK(smc_behind_the_end, mock->pds[1].smc_calls[1] = 0x82000000)
BREAK(child_missing, mock->pds[0].children[20].index = 1)
BREAK(child_of_no_kind, mock->pds[0].children[20].kind = 3)
BREAK(posts_missing, mock->pds[0].post_count = 1)
BREAK(posts_wrap, mock->pds[0].post_first = 1)
BREAK(post_to_nowhere, mock->desc.post_count = 1; mock->posts[0].vcpu = 1)
BREAK(post_of_no_interrupt, mock->desc.post_count = 1; mock->posts[0].intid = 1020)
BREAK(vcpu_without_vmm, mock->vcpus[0].parent = 2)
BREAK(vcpu_vmid_zero, mock->vcpus[0].vmid = 0)
BREAK(vcpu_no_budget, mock->vcpus[0].budget_us = 0)
BREAK(vcpu_timer_sgi, mock->vcpus[0].vtimer_intid = 15)
BREAK(doorbells_missing, mock->vcpus[0].doorbell_count = 2)
BREAK(doorbells_wrap, mock->vcpus[0].doorbell_first = 2)
BREAK(doorbell_to_nowhere, mock->doorbells[0].pd = 2)
BREAK(irq_sgi, mock->irqs[0].intid = 15)
BREAK(irq_large, mock->irqs[0].intid = 1020)
BREAK(irq_to_nowhere, mock->irqs[0].target = 2)
BREAK(irq_of_no_kind, mock->irqs[0].kind = 0)
BREAK(irq_channel_large, mock->irqs[0].channel = 62)

static const struct {
    const char *name;
    void (*apply)(struct mock_kernel *mock);
} defects[] = {
#define DEFECT(name)                                                                                         \
    {                                                                                                        \
#name, name                                                                                          \
    }
    DEFECT(bad_magic),
    DEFECT(bad_version),
    DEFECT(bad_size),
    DEFECT(no_cores),
    DEFECT(more_cores),
    DEFECT(no_pds),
    DEFECT(more_pds),
    DEFECT(more_vcpus),
    DEFECT(more_irqs),
    DEFECT(log_reader_missing),
    DEFECT(priority_too_high),
    DEFECT(core_missing),
    DEFECT(vmid_zero),
    DEFECT(vmid_large),
    DEFECT(no_budget),
    DEFECT(budget_over_period),
    DEFECT(parent_missing),
    DEFECT(no_buffer),
    DEFECT(endless_name),
    DEFECT(channel_to_nowhere),
    DEFECT(peer_channel_large),
    DEFECT(channel_id_large),
    DEFECT(irq_notifies_nobody),
    DEFECT(irq_calls_nobody),
    DEFECT(irq_that_notifies),
    DEFECT(irq_channel_of_no_interrupt),
    DEFECT(smc_cpu_on),
    DEFECT(smc_cpu_on_32),
    DEFECT(smc_suspend),
    DEFECT(smc_sdei),
    DEFECT(smc_yielding),
    DEFECT(smc_reserved_bits),
    DEFECT(smc_behind_the_end),
    DEFECT(child_missing),
    DEFECT(child_of_no_kind),
    DEFECT(posts_missing),
    DEFECT(posts_wrap),
    DEFECT(post_to_nowhere),
    DEFECT(post_of_no_interrupt),
    DEFECT(vcpu_without_vmm),
    DEFECT(vcpu_vmid_zero),
    DEFECT(vcpu_no_budget),
    DEFECT(vcpu_timer_sgi),
    DEFECT(doorbells_missing),
    DEFECT(doorbells_wrap),
    DEFECT(doorbell_to_nowhere),
    DEFECT(irq_sgi),
    DEFECT(irq_large),
    DEFECT(irq_to_nowhere),
    DEFECT(irq_of_no_kind),
    DEFECT(irq_channel_large),
};

static struct mock_kernel *sound(void)
{
    struct mock_kernel *mock = mock_kernel_new(2, 1);

    mock_kernel_join(mock, 0, 3, 1, 4);
    mock->desc.irq_count = 1;
    mock->irqs[0] = (struct sysdesc_irq){.intid = 33, .target = 1, .kind = SYSDESC_IRQ_PD, .channel = 5};
    mock->desc.doorbell_count = 1;
    mock->vcpus[0].doorbell_count = 1;
    mock->doorbells[0] = (struct sysdesc_doorbell){.pd = 1, .channel = 5};
    return mock;
}

static void sound_descriptor_passes(void **state)
{
    struct mock_kernel *mock = sound();

    (void)state;
    assert_null(boot_check(&mock->desc));
    mock_kernel_free(mock);
}

static void every_defect_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof defects / sizeof defects[0]; i++) {
        struct mock_kernel *mock = sound();

        defects[i].apply(mock);
        if (boot_check(&mock->desc) == NULL) {
            fail_msg("%s passes", defects[i].name);
        }
        mock_kernel_free(mock);
    }
}

static void all_pds_start_and_no_vcpu(void **state)
{
    struct mock_kernel *mock = sound();

    (void)state;
    boot_kernel(&mock->kernel, &mock->desc, &mock->log, 4);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 1)->thread);
    assert_int_equal(mock_kernel_pd(mock, 0)->thread.state, THREAD_READY);
    assert_true(mock_kernel_pd(mock, 0)->thread.context.sp == SYSDESC_PD_STACK_TOP);
    assert_int_equal(mock_kernel_vcpu(mock, 0)->thread.state, THREAD_OFF);
    mock_kernel_free(mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_descriptor_passes),
        cmocka_unit_test(every_defect_is_named),
        cmocka_unit_test(all_pds_start_and_no_vcpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
