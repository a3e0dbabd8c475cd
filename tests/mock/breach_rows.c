/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/breach.h"

#include <string.h>

static void channel_to_no_pd(struct forge *forge)
{
    forge->pds[FORGE_MUX].channels[0].peer = FORGE_PD_COUNT;
}

static void channel_to_a_high_bit(struct forge *forge)
{
    forge->pds[FORGE_MUX].channels[0].peer_channel = 64;
}

static void channel_to_an_end_of_another(struct forge *forge)
{
    forge->pds[FORGE_UART_PD].channels[0] =
        (struct sysdesc_channel){SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY, 0, FORGE_MUX, 0, 0};
}

static void channel_to_an_interrupts_bit(struct forge *forge)
{
    forge->pds[FORGE_MUX].channels[0].peer = FORGE_UART_PD;
    forge->pds[FORGE_MUX].channels[0].peer_channel = 1;
}

static void channel_of_two_kinds(struct forge *forge)
{
    forge->pds[FORGE_UART_PD].channels[1].kind |= SYSDESC_CHANNEL_NOTIFY;
}

static void channel_with_id_62(struct forge *forge)
{
    forge->pds[FORGE_MUX].channels[62].kind = SYSDESC_CHANNEL_VALID;
}

static void post_to_anothers_vcpu(struct forge *forge)
{
    forge->posts[0].vcpu = 2;
}

static void post_to_no_vcpu(struct forge *forge)
{
    forge->posts[1].vcpu = 3;
}

static void post_of_an_sgi(struct forge *forge)
{
    forge->posts[0].intid = 3;
}

static void post_for_a_channel_that_is_not(struct forge *forge)
{
    forge->posts[0].channel = 9;
}

static void post_for_a_channel_beyond_all(struct forge *forge)
{
    forge->posts[0].channel = 200;
}

static void post_without_row(struct forge *forge)
{
    forge->pds[FORGE_MUX].post_count = 3;
}

static void post_granted_to_another(struct forge *forge)
{
    forge->pds[FORGE_UART_PD].post_count = 1;
}

/* Rightly placed for each, but one interrupt with two senders. */
static void post_by_two(struct forge *forge)
{
    struct sysdesc_channel *uart = forge->pds[FORGE_UART_PD].channels;
    uart[7] = (struct sysdesc_channel){SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY, 8, FORGE_VMM1, 0, 0};
    forge->pds[FORGE_VMM1].channels[8] =
        (struct sysdesc_channel){SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY, 7, FORGE_UART_PD, 0, 0};
    forge->posts[2] = (struct sysdesc_post){.vcpu = 0, .intid = 40, .channel = 7};
    forge->sys->post_count = 3;
    forge->pds[FORGE_UART_PD].post_first = 2;
    forge->pds[FORGE_UART_PD].post_count = 1;
}

static void account_of_no_vcpu(struct forge *forge)
{
    forge->accounts[0].vcpu = 3;
}

static void account_with_id_64(struct forge *forge)
{
    forge->accounts[0].id = 64;
}

static void account_of_a_second_vcpu(struct forge *forge)
{
    forge->accounts[2].vcpu = 2;
}

static void account_of_anothers_vm(struct forge *forge)
{
    forge->accounts[1].vcpu = 1;
}

static void account_of_no_client(struct forge *forge)
{
    forge->accounts[0].id = 9;
}

/* It has no channel to the mux, whose client pays. */
static void account_of_a_strangers_client(struct forge *forge)
{
    forge->pds[FORGE_UART_PD].account_count = 1;
}

static void account_with_two_rows(struct forge *forge)
{
    forge->accounts[1] = forge->accounts[0];
    forge->pds[FORGE_MUX].account_count = 2;
}

static void account_without_row(struct forge *forge)
{
    forge->pds[FORGE_VMM2].account_count = 2;
}

static void ppc_to_equal_priority(struct forge *forge)
{
    forge->pds[FORGE_VMM1].priority = forge->pds[FORGE_MUX].priority;
}

static void interrupt_with_two_rows(struct forge *forge)
{
    forge->irqs[1].intid = 33;
}

static void interrupt_of_the_kernel(struct forge *forge)
{
    forge->irqs[1].intid = 27;
}

static void interrupt_to_no_vcpu(struct forge *forge)
{
    forge->irqs[1].target = 3;
}

static void interrupt_to_the_wrong_channel(struct forge *forge)
{
    forge->irqs[0].channel = 0;
}

static void interrupt_channel_without_row(struct forge *forge)
{
    forge->pds[FORGE_MUX].channels[1] =
        (struct sysdesc_channel){SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_IRQ, 0, 0, 33, 0};
}

static void child_that_is_not(struct forge *forge)
{
    forge->pds[FORGE_MUX].children[3] = (struct sysdesc_child){SYSDESC_CHILD_VCPU, 0};
}

static void child_unknown_to_its_parent(struct forge *forge)
{
    forge->pds[FORGE_VMM1].children[7].kind = SYSDESC_CHILD_NONE;
}

static void parents_form_a_circle(struct forge *forge)
{
    forge->pds[FORGE_VMM1].parent = FORGE_VMM2;
    forge->pds[FORGE_VMM1].child_id = 8;
    forge->pds[FORGE_VMM2].children[8] = (struct sysdesc_child){SYSDESC_CHILD_PD, FORGE_VMM1};
}

static void vcpu_of_another_vmm(struct forge *forge)
{
    forge->vcpus[2].parent = FORGE_MUX;
    forge->vcpus[2].child_id = 0;
    forge->pds[FORGE_MUX].children[0] = (struct sysdesc_child){SYSDESC_CHILD_VCPU, 2};
    forge->pds[FORGE_VMM2].children[1].kind = SYSDESC_CHILD_NONE;
}

static void vmid_twice(struct forge *forge)
{
    forge->vcpus[0].vmid = forge->pds[FORGE_MUX].vmid;
}

static void vmid_zero(struct forge *forge)
{
    forge->pds[FORGE_UART_PD].vmid = 0;
}

static void priority_255(struct forge *forge)
{
    forge->pds[FORGE_UART_PD].priority = 255;
}

static void call_of_the_firmware(struct forge *forge)
{
    forge->pds[0].smc_calls[0] = 0xc4000003; /* PSCI CPU_ON */
}

static void call_behind_the_end(struct forge *forge)
{
    forge->pds[0].smc_calls[1] = 0x84000008;
}

static void budget_above_period(struct forge *forge)
{
    forge->vcpus[0].budget_us = 1001;
}

static void core_that_is_not(struct forge *forge)
{
    forge->vcpus[0].core = 1;
}

static void two_vcpus_with_one_affinity(struct forge *forge)
{
    forge->vcpus[2].vmpidr = forge->vcpus[1].vmpidr;
}

static void name_without_end(struct forge *forge)
{
    memset(forge->pds[FORGE_MUX].name, '\n', SYSDESC_NAME_BYTES);
}

static void doorbell_to_no_pd(struct forge *forge)
{
    forge->doorbells[0].pd = 99;
}

static void doorbell_to_an_interrupts_bit(struct forge *forge)
{
    forge->doorbells[0].pd = FORGE_UART_PD;
    forge->doorbells[0].channel = 1;
}

static void doorbell_in_ram(struct forge *forge)
{
    forge->doorbells[0].gpa = FORGE_RAM_GPA + 0x100;
}

static void doorbell_of_another_vm(struct forge *forge)
{
    forge->vcpus[1].doorbell_first = 0;
}

static void doorbells_beyond_the_table(struct forge *forge)
{
    forge->vcpus[0].doorbell_count = UINT32_MAX;
}

static void log_is_read_by_another(struct forge *forge)
{
    forge->sys->klog_pd = FORGE_UART_PD;
    forge->pds[FORGE_UART_PD].channels[9].kind = SYSDESC_CHANNEL_VALID;
}

static void log_notifies_a_used_channel(struct forge *forge)
{
    forge->sys->klog_channel = 0;
}

/* A reader of events and rings for it, all but a region. */
static void record_events(struct forge *forge)
{
    forge->pds[FORGE_UART_PD].channels[9].kind = SYSDESC_CHANNEL_VALID;
    forge->sys->trace_pd = FORGE_UART_PD;
    forge->sys->trace_channel = 9;
    forge->sys->trace = FORGE_RAM1;
    forge->sys->trace_ring_bytes = SYSDESC_TRACE_MIN_RING_BYTES;
}

static void events_are_in_no_region(struct forge *forge)
{
    record_events(forge);
}

static void events_go_to_no_pd(struct forge *forge)
{
    record_events(forge);
    forge->sys->trace_pd = FORGE_PD_COUNT;
}

static void events_notify_a_used_channel(struct forge *forge)
{
    record_events(forge);
    forge->sys->trace_channel = 1;
}

static void events_without_reader(struct forge *forge)
{
    record_events(forge);
    forge->sys->trace_pd = SYSDESC_NO_PARENT;
}

#define BREACH(function, rule, domain)                                                                       \
    {                                                                                                        \
#function, function, rule, domain                                                                    \
    }
const struct breach breach_rows[] = {
    BREACH(channel_to_no_pd, RULE_CHANNEL, "mux"),
    BREACH(channel_to_a_high_bit, RULE_CHANNEL, "mux"),
    BREACH(channel_to_an_end_of_another, RULE_CHANNEL, "uart"),
    BREACH(channel_to_an_interrupts_bit, RULE_CHANNEL, "mux"),
    BREACH(channel_of_two_kinds, RULE_CHANNEL, "uart"),
    BREACH(channel_with_id_62, RULE_CHANNEL, "mux"),
    BREACH(post_to_anothers_vcpu, RULE_POST, "mux"),
    BREACH(post_to_no_vcpu, RULE_POST, "mux"),
    BREACH(post_of_an_sgi, RULE_POST, "mux"),
    BREACH(post_for_a_channel_that_is_not, RULE_POST, "mux"),
    BREACH(post_for_a_channel_beyond_all, RULE_POST, "mux"),
    BREACH(post_without_row, RULE_POST, "mux"),
    BREACH(post_granted_to_another, RULE_POST, "uart"),
    BREACH(post_by_two, RULE_POST, "uart"),
    BREACH(account_of_no_vcpu, RULE_ACCOUNT, "mux"),
    BREACH(account_with_id_64, RULE_ACCOUNT, "mux"),
    BREACH(account_of_a_second_vcpu, RULE_ACCOUNT, "vmm2"),
    BREACH(account_of_anothers_vm, RULE_ACCOUNT, "vmm1"),
    BREACH(account_of_no_client, RULE_ACCOUNT, "mux"),
    BREACH(account_of_a_strangers_client, RULE_ACCOUNT, "uart"),
    BREACH(account_with_two_rows, RULE_ACCOUNT, "mux"),
    BREACH(account_without_row, RULE_ACCOUNT, "vmm2"),
    BREACH(ppc_to_equal_priority, RULE_PPC_PRIORITY, "vmm1"),
    BREACH(interrupt_with_two_rows, RULE_IRQ_OWNER, "kernel"),
    BREACH(interrupt_of_the_kernel, RULE_IRQ_OWNER, "kernel"),
    BREACH(interrupt_to_no_vcpu, RULE_IRQ_OWNER, "kernel"),
    BREACH(interrupt_to_the_wrong_channel, RULE_IRQ_OWNER, "uart"),
    BREACH(interrupt_channel_without_row, RULE_IRQ_OWNER, "mux"),
    BREACH(child_that_is_not, RULE_CHILD, "mux"),
    BREACH(child_unknown_to_its_parent, RULE_CHILD, "vmm2"),
    BREACH(parents_form_a_circle, RULE_CHILD, "vmm1"),
    BREACH(vcpu_of_another_vmm, RULE_CHILD, "vmm2/vm2"),
    BREACH(vmid_twice, RULE_VMID, "vmm1/vm1"),
    BREACH(vmid_zero, RULE_VMID, "uart"),
    BREACH(priority_255, RULE_LIMIT, "uart"),
    BREACH(call_of_the_firmware, RULE_LIMIT, "mux"),
    BREACH(call_behind_the_end, RULE_LIMIT, "mux"),
    BREACH(budget_above_period, RULE_LIMIT, "vmm1/vm1"),
    BREACH(core_that_is_not, RULE_LIMIT, "vmm1/vm1"),
    BREACH(two_vcpus_with_one_affinity, RULE_LIMIT, "vmm2/vm2"),
    BREACH(name_without_end, RULE_LIMIT, "mux"),
    BREACH(doorbell_to_no_pd, RULE_DOORBELL, "vmm1/vm1"),
    BREACH(doorbell_to_an_interrupts_bit, RULE_DOORBELL, "vmm1/vm1"),
    BREACH(doorbell_in_ram, RULE_DOORBELL, "vmm1/vm1"),
    BREACH(doorbell_of_another_vm, RULE_DOORBELL, "vmm2/vm2"),
    BREACH(doorbells_beyond_the_table, RULE_DOORBELL, "vmm1/vm1"),
    BREACH(log_is_read_by_another, RULE_KLOG, "mux"),
    BREACH(log_notifies_a_used_channel, RULE_KLOG, "mux"),
    BREACH(events_are_in_no_region, RULE_TRACE, "kernel"),
    BREACH(events_go_to_no_pd, RULE_TRACE, "kernel"),
    BREACH(events_notify_a_used_channel, RULE_TRACE, "uart"),
    BREACH(events_without_reader, RULE_TRACE, "kernel"),
};
const size_t breach_rows_count = sizeof breach_rows / sizeof breach_rows[0];
