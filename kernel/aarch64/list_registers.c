/* SPDX-License-Identifier: BSD-2-Clause */
/* Moves list registers and asks for maintenance, the same for every interrupt controller. */
#include "kernel/aarch64/list_registers.h"

#include "kernel/aarch64/irqchip.h"
#include "kernel/core/vcpu_virq.h"

static void write_hcr(struct core *core, uint32_t value)
{
    if (core->irqchip.hcr == value) {
        return;
    }
    core->irqchip.hcr = value;
    irqchip_write_hcr(core, value);
}

static void write_dirty(struct core *core, struct virq_state *state)
{
    core->irqchip.lrs = (core->irqchip.lrs & ~state->dirty) | (state->used & state->dirty);
    for (; state->dirty != 0; state->dirty &= state->dirty - 1) {
        uint32_t index = (uint32_t)__builtin_ctz(state->dirty);

        irqchip_write_lr(core, index, state->lrs[index]);
    }
}

uint32_t list_registers_count(const struct core *core)
{
    const uint32_t count = irqchip_lr_count(core);

    return count < VIRQ_MAX_LRS ? count : VIRQ_MAX_LRS;
}

/* Has the guest ended an interrupt that is linked to the LR? Its line may be high again, the timer's too: a
   guest sets the next deadline before it ends the interrupt of the last one. */
static bool linked_ended(uint32_t old, uint32_t value)
{
    return (old & VIRQ_LR_HW) != 0 && (value & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE)) == 0;
}

void arch_virq_sync(struct vcpu *vcpu)
{
    struct core *core = vcpu->thread.core;
    struct virq_state *state = &vcpu->virq;

    if (core->loaded != vcpu || state->lrs_synced) {
        return;
    }
    state->lrs_synced = true;
    if (state->spilled_count != 0) {
        uint32_t eois = irqchip_eoi_count(core);

        virq_fold_eois(state, eois);
        /* Writing the register is what clears the count. */
        if (eois != 0) {
            irqchip_write_hcr(core, core->irqchip.hcr);
        }
    }
    if (state->used == 0) {
        return;
    }
    uint32_t empty = irqchip_empty_lrs(core);
    bool ended = false;
    for (uint32_t used = state->used; used != 0; used &= used - 1) {
        uint32_t index = (uint32_t)__builtin_ctz(used);
        uint32_t value = state->lrs[index] & ~(VIRQ_LR_PENDING | VIRQ_LR_ACTIVE);

        if ((empty >> index & 1) == 0) {
            value = irqchip_read_lr(core, index);
        }
        ended |= linked_ended(state->lrs[index], value);
        virq_fold(state, index, value);
    }
    if (ended) {
        irqchip_resample_lines(core);
    }
}

void list_registers_load(struct core *core, struct vcpu *vcpu)
{
    irqchip_load(core, &vcpu->arch.virq);
    /* Its own, and those that hold another vCPU's. */
    vcpu->virq.dirty |= vcpu->virq.used | core->irqchip.lrs;
    vcpu->virq.lrs_synced = true;
    write_dirty(core, &vcpu->virq);
}

void list_registers_unload(struct core *core, struct vcpu *vcpu)
{
    arch_virq_sync(vcpu);
    write_hcr(core, 0);
    irqchip_unload(core, &vcpu->arch.virq);
}

void list_registers_enter(struct core *core, struct vcpu *vcpu)
{
    struct virq_state *state = &vcpu->virq;
    uint32_t hcr = IRQCHIP_HCR_EN;

    if (virq_has_queued(state)) {
        arch_virq_sync(vcpu);
        uint32_t filled = virq_fill(state);
        core->counters[SYSCALL_COUNTER_VIRQS] += filled;
        vcpu->thread.counters[SYSCALL_COUNTER_VIRQS] += filled;
    } else {
        state->need_maintenance = false;
    }
    write_dirty(core, state);
    /* NPIE with no LR pending would fire at once and forever. */
    if (state->need_maintenance) {
        hcr |= IRQCHIP_HCR_UIE | (virq_has_pending_lr(state) ? IRQCHIP_HCR_NPIE : 0);
    }
    if (state->spilled_count != 0) {
        hcr |= IRQCHIP_HCR_LRENPIE;
    }
    write_hcr(core, hcr);
    state->lrs_synced = false;
}

bool list_registers_has_linked(const struct vcpu *vcpu)
{
    for (uint32_t used = vcpu->virq.used; used != 0; used &= used - 1) {
        if ((vcpu->virq.lrs[__builtin_ctz(used)] & VIRQ_LR_HW) != 0) {
            return true;
        }
    }
    return false;
}

void list_registers_idle(struct core *core)
{
    write_hcr(core, 0);
}

void list_registers_maintain(struct core *core)
{
    struct vcpu *vcpu = core->loaded;

    kernel_count(core, SYSCALL_COUNTER_MAINTENANCE);
    if (vcpu == NULL) {
        return;
    }
    /* The interrupt is a level: it ends with its causes, which are asked for again at the next entry. */
    arch_virq_sync(vcpu);
    write_dirty(core, &vcpu->virq);
    write_hcr(core, IRQCHIP_HCR_EN);
    vcpu_virq_wake(vcpu);
}
