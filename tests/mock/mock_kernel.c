/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/mock_kernel.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/core/dispatch.h"
#include "kernel/core/remote.h"
#include "kernel/core/syscall.h"

static uint64_t address(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

struct mock_kernel *mock_kernel_new(uint32_t pd_count, uint32_t vcpu_count)
{
    struct mock_kernel *mock = calloc(1, sizeof *mock);

    if (mock == NULL) {
        abort();
    }
    arch_fake_reset();
    mock->desc = (struct sysdesc){
        .magic = SYSDESC_MAGIC,
        .version = SYSDESC_VERSION,
        .size_bytes = sizeof mock->desc,
        .core_count = 1,
        .pd_count = pd_count,
        .vcpu_count = vcpu_count,
        .klog_pd = SYSDESC_NO_PARENT,
        .pds = address(mock->pds),
        .vcpus = address(mock->vcpus),
        .irqs = address(mock->irqs),
        .doorbells = address(mock->doorbells),
        .posts = address(mock->posts),
        .accounts = address(mock->accounts),
    };
    for (uint32_t i = 0; i < pd_count; i++) {
        struct sysdesc_pd *row = &mock->pds[i];

        snprintf(row->name, sizeof row->name, "pd%u", i);
        row->entry = 0x200000;
        row->ipc_buffer = address(mock->words[i]);
        row->budget_us = row->period_us = 1000;
        row->parent = SYSDESC_NO_PARENT;
        row->priority = (uint8_t)(10 * (i + 1));
        row->vmid = (uint16_t)(i + 1);
    }
    for (uint32_t i = 0; i < vcpu_count; i++) {
        mock->vcpus[i].budget_us = mock->vcpus[i].period_us = 1000;
        mock->vcpus[i].child_id = (uint8_t)(20 + i);
        mock->vcpus[i].priority = 5;
        mock->vcpus[i].vmid = 100;
        mock->vcpus[i].vtimer_intid = 27;
        mock->pds[0].children[20 + i] = (struct sysdesc_child){SYSDESC_CHILD_VCPU, (uint16_t)i};
    }
    if (vcpu_count > 0) {
        mock_kernel_account(mock, 0, 0, 0);
    }
    return mock;
}

void mock_kernel_account(struct mock_kernel *mock, uint16_t pd, uint8_t id, uint16_t vcpu)
{
    struct sysdesc_pd *row = &mock->pds[pd];

    if (row->account_count++ == 0) {
        row->account_first = mock->desc.account_count;
    }
    mock->accounts[mock->desc.account_count++] = (struct sysdesc_account){.vcpu = vcpu, .id = id};
}

void mock_kernel_free(struct mock_kernel *mock)
{
    free(mock);
}

static void grant(struct sysdesc_pd *row, uint8_t channel, uint16_t peer, uint8_t peer_channel)
{
    row->channels[channel] = (struct sysdesc_channel){
        .kind = SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY, .peer_channel = peer_channel, .peer = peer};
}

void mock_kernel_join(struct mock_kernel *mock, uint16_t a, uint8_t a_channel, uint16_t b, uint8_t b_channel)
{
    grant(&mock->pds[a], a_channel, b, b_channel);
    grant(&mock->pds[b], b_channel, a, a_channel);
}

void mock_kernel_adopt(struct mock_kernel *mock, uint16_t parent, uint16_t child, uint8_t id)
{
    mock->pds[child].parent = parent;
    mock->pds[child].child_id = id;
    mock->pds[parent].children[id] = (struct sysdesc_child){SYSDESC_CHILD_PD, child};
}

void mock_kernel_boot(struct mock_kernel *mock)
{
    boot_kernel(&mock->kernel, &mock->desc, &mock->log, 4);
    boot_irqs(&mock->kernel.cores[0], true);
    boot_irqs(&mock->kernel.cores[0], false);
    mock->kernel.log_to_uart = false;
    for (uint32_t i = 0; i < mock->desc.pd_count; i++) {
        mock_kernel_wait(mock, i);
    }
}

struct pd *mock_kernel_pd(struct mock_kernel *mock, uint32_t index)
{
    return &mock->kernel.pds[index];
}

struct vcpu *mock_kernel_vcpu(struct mock_kernel *mock, uint32_t index)
{
    return &mock->kernel.vcpus[index];
}

uint64_t mock_kernel_call(struct mock_kernel *mock, uint32_t index, uint64_t number, uint64_t a0, uint64_t a1,
                          uint64_t a2, uint64_t a3)
{
    struct pd *pd = &mock->kernel.pds[index];
    uint64_t *x = pd->thread.context.x;

    x[0] = a0;
    x[1] = a1;
    x[2] = a2;
    x[3] = a3;
    x[7] = number;
    arch_fake.core_id = pd->thread.core->id;
    syscall_handle(pd);
    return x[0];
}

void mock_kernel_wait(struct mock_kernel *mock, uint32_t index)
{
    (void)mock_kernel_call(mock, index, SYSCALL_WAIT, 0, 0, 0, 0);
}

struct thread *mock_kernel_pick(struct mock_kernel *mock)
{
    struct core *core = &mock->kernel.cores[0];
    struct thread *next = dispatch_enter(core);
    const uint64_t deadline = core->deadline;

    core->need_resched = true;
    if (dispatch_pick(core) != next || core->deadline != deadline) {
        fprintf(stderr, "dispatch_pick() took old news for true\n");
        abort();
    }
    return next;
}

void mock_kernel_advance(struct mock_kernel *mock, uint64_t now)
{
    struct core *core = &mock->kernel.cores[0];

    arch_fake.now = now;
    if (now >= arch_fake_vtimer(core)) {
        arch_fake_vtimer_fire(core);
    }
    if (now >= arch_fake.deadline) {
        dispatch_tick(core);
    }
}

void mock_kernel_look(struct mock_kernel *mock)
{
    while (arch_fake.kicked != 0) {
        const uint32_t id = (uint32_t)__builtin_ctz(arch_fake.kicked);

        arch_fake.kicked &= arch_fake.kicked - 1;
        arch_fake.core_id = id;
        (void)remote_look(&mock->kernel.cores[id]);
    }
    arch_fake.core_id = 0;
}
