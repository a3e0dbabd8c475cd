/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/fake/arch_fake.h"

#include <string.h>

#include "kernel/core/sched.h"
#include "kernel/core/vcpu_virq.h"

struct arch_fake arch_fake;

void arch_fake_reset(void)
{
    memset(&arch_fake, 0, sizeof arch_fake);
    arch_fake.now = 1000;
    arch_fake.deadline = ARCH_NEVER;
}

static void record(uint32_t list[ARCH_FAKE_IRQS], uint32_t *count, uint32_t value)
{
    if (*count < ARCH_FAKE_IRQS) {
        list[(*count)++] = value;
    }
}

uint64_t arch_now(void)
{
    return arch_fake.now;
}

uint64_t arch_frequency(void)
{
    return 1000000;
}

void arch_timer_set(struct core *core, uint64_t deadline)
{
    (void)core;
    arch_fake.deadline = deadline;
}

uint64_t arch_fetch_or(uint64_t *word, uint64_t bits)
{
    uint64_t old = *word;

    *word |= bits;
    return old;
}

uint64_t arch_fetch_and(uint64_t *word, uint64_t bits)
{
    const uint64_t old = *word;

    *word &= bits;
    return old;
}

uint64_t arch_exchange(uint64_t *word, uint64_t value)
{
    uint64_t old = *word;

    *word = value;
    return old;
}

uint32_t arch_core_id(void)
{
    return arch_fake.core_id;
}

void arch_kick(uint32_t core_id)
{
    arch_fake.kicked |= 1u << core_id;
}

void arch_pd_reset(struct thread *thread, uint64_t entry, uint64_t stack_top)
{
    thread->context = (struct arch_context){.pc = entry, .sp = stack_top};
}

void arch_vcpu_reset(struct vcpu *vcpu, uint64_t entry, uint64_t x0)
{
    vcpu->thread.context = (struct arch_context){.pc = entry, .pstate = 0x3c5};
    vcpu->thread.context.x[0] = x0;
}

void arch_vcpu_forget(struct vcpu *vcpu)
{
    struct core *core = vcpu->thread.core;

    arch_fake.forgotten++;
    if (core->resident == &vcpu->thread) {
        core->resident = NULL;
    }
    if (core->loaded == vcpu) {
        core->loaded = NULL;
    }
}

/* The virtual timer in the hardware is the loaded vCPU's: its registers in the struct stand for it. */
static bool vtimer_runs(const struct vcpu *vcpu)
{
    return vcpu != NULL && vcpu->arch.cntv_ctl == ARCH_FAKE_TIMER_ENABLED;
}

void arch_switch(struct core *core, struct thread *thread)
{
    arch_fake.now += arch_fake.switch_ticks;
    core->resident = thread;
    core->context = &thread->context;
    if (thread->kind == THREAD_PD || core->loaded == kernel_vcpu(thread)) {
        return;
    }
    struct vcpu *old = core->loaded;
    core->loaded = kernel_vcpu(thread);
    if (vtimer_runs(old) && old->thread.state == THREAD_IDLE) {
        sched_wake_at(&old->thread, old->arch.cntv_cval);
    }
}

uint64_t arch_fake_vtimer(const struct core *core)
{
    return vtimer_runs(core->loaded) && !core->loaded->arch.vtimer_active ? core->loaded->arch.cntv_cval
                                                                          : ARCH_NEVER;
}

void arch_fake_vtimer_fire(struct core *core)
{
    core->loaded->arch.vtimer_active = true;
    vcpu_virq_pend_hw(core->loaded, core->loaded->row->vtimer_intid, core->kernel->desc->board.vtimer_irq);
}

void arch_vcpu_registers(struct vcpu *vcpu, uint64_t words[ARCH_VCPU_REGISTER_WORDS])
{
    for (uint32_t i = 0; i < ARCH_VCPU_REGISTER_WORDS; i++) {
        words[i] = i < 31 ? vcpu->thread.context.x[i] : 0;
    }
    words[32] = vcpu->thread.context.pc;
}

uint32_t arch_vcpu_read_group(struct vcpu *vcpu, uint64_t group, uint64_t words[ARCH_VCPU_REGISTER_WORDS])
{
    arch_vcpu_registers(vcpu, words);
    return group == SYSCALL_VCPU_GROUP_CORE ? SYSCALL_VCPU_GROUP_CORE_WORDS : 0;
}

bool arch_vcpu_write_register(struct vcpu *vcpu, uint64_t number, uint64_t value)
{
    if (number == SYSCALL_VCPU_REGISTER_PC) {
        vcpu->thread.context.pc = value;
    }
    return number == SYSCALL_VCPU_REGISTER_PC;
}

void arch_vcpu_inject(struct vcpu *vcpu, uint64_t esr, uint64_t far, bool set_far)
{
    (void)vcpu;
    arch_fake.injected_esr = esr;
    arch_fake.injected_far = set_far ? far : 0;
    arch_fake.injections++;
}

void arch_virq_sync(struct vcpu *vcpu)
{
    (void)vcpu;
    arch_fake.syncs++;
}

bool arch_vtimer_is_high(const struct vcpu *vcpu)
{
    return arch_fake.vtimer_high[vcpu->thread.index % ARCH_FAKE_VCPUS];
}

void arch_virq_drop_hw(struct vcpu *vcpu, uint32_t intid)
{
    (void)vcpu;
    record(arch_fake.dropped, &arch_fake.dropped_count, intid);
}

void arch_irq_enable(struct kernel *kernel, uint32_t intid, bool edge)
{
    (void)kernel;
    (void)edge;
    record(arch_fake.enabled, &arch_fake.enabled_count, intid);
}

void arch_irq_route(struct core *to, uint32_t intid)
{
    arch_fake.routed_core = to->id;
    arch_fake.routed_intid = intid;
}

void arch_irq_deactivate(struct kernel *kernel, uint32_t intid)
{
    (void)kernel;
    record(arch_fake.deactivated, &arch_fake.deactivated_count, intid);
}

void arch_fp_forget(struct thread *thread)
{
    thread->fp = (struct arch_fp){0};
}

void arch_putc(struct kernel *kernel, char c)
{
    (void)kernel;
    if (arch_fake.text_bytes + 1 < sizeof arch_fake.text && c != '\r') {
        arch_fake.text[arch_fake.text_bytes++] = c;
    }
}

void arch_smc(uint64_t registers[8])
{
    memcpy(arch_fake.smc, registers, sizeof arch_fake.smc);
    arch_fake.smc_count++;
    registers[0] = 0x5ec;
}
