/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/aarch64/gich.h"

#include "kernel/aarch64/gic.h"
#include "kernel/aarch64/mmio.h"
#include "kernel/core/vcpu.h"

#define GICH_HCR 0x000u
#define GICH_VTR 0x004u
#define GICH_VMCR 0x008u
#define GICH_ELRSR0 0x030u
#define GICH_APR 0x0f0u
#define GICH_LR0 0x100u

#define HCR_EN (1u << 0)
#define HCR_UIE (1u << 1)     /* maintenance when at most one LR is valid */
#define HCR_LRENPIE (1u << 2) /* ... when an interrupt ended that was in no LR */
#define HCR_NPIE (1u << 3)    /* ... when no LR is pending */
#define HCR_EOICOUNT_SHIFT 27

static uint64_t gich(const struct core *core)
{
    return core->kernel->desc->board.gich_base;
}

static void write_hcr(struct core *core, uint32_t value)
{
    if (core->gich_hcr == value)
        return;
    core->gich_hcr = value;
    mmio_write(gich(core) + GICH_HCR, value);
}

static void write_dirty(struct core *core, struct virq_state *state)
{
    for (; state->dirty != 0; state->dirty &= state->dirty - 1) {
        uint32_t index = (uint32_t)__builtin_ctz(state->dirty);

        mmio_write(gich(core) + GICH_LR0 + index * 4, state->lrs[index]);
    }
}

void gich_init_core(struct kernel *kernel)
{
    const uint64_t base = kernel->desc->board.gich_base;

    mmio_write(base + GICH_HCR, 0);
    mmio_write(base + GICH_VMCR, 0);
    mmio_write(base + GICH_APR, 0);
    for (uint32_t i = 0; i < (mmio_read(base + GICH_VTR) & 0x3f) + 1; i++)
        mmio_write(base + GICH_LR0 + i * 4, 0);
}

uint32_t gich_lr_count(struct kernel *kernel)
{
    uint32_t count = (mmio_read(kernel->desc->board.gich_base + GICH_VTR) & 0x3f) + 1;

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

    if (core->loaded != vcpu || state->fresh)
        return;
    state->fresh = true;
    if (state->spilled_count != 0) {
        uint32_t eois = mmio_read(gich(core) + GICH_HCR) >> HCR_EOICOUNT_SHIFT;

        virq_fold_eois(state, eois);
        /* Writing the register is what clears the count. */
        if (eois != 0)
            mmio_write(gich(core) + GICH_HCR, core->gich_hcr);
    }
    if (state->used == 0)
        return;
    uint32_t empty = mmio_read(gich(core) + GICH_ELRSR0);
    bool ended = false;
    for (uint32_t used = state->used; used != 0; used &= used - 1) {
        uint32_t index = (uint32_t)__builtin_ctz(used);
        uint32_t value = state->lrs[index] & ~(VIRQ_LR_PENDING | VIRQ_LR_ACTIVE);

        if ((empty >> index & 1) == 0)
            value = mmio_read(gich(core) + GICH_LR0 + index * 4);
        ended |= linked_ended(state->lrs[index], value);
        virq_fold(state, index, value);
    }
    if (ended)
        gic_look_again(core->kernel);
}

void gich_load(struct core *core, struct vcpu *vcpu)
{
    mmio_write(gich(core) + GICH_VMCR, vcpu->arch.gich_vmcr);
    mmio_write(gich(core) + GICH_APR, vcpu->arch.gich_apr);
    vcpu->virq.dirty = (1u << vcpu->virq.lr_count) - 1;
    vcpu->virq.fresh = true;
    write_dirty(core, &vcpu->virq);
}

void gich_unload(struct core *core, struct vcpu *vcpu)
{
    arch_virq_sync(vcpu);
    write_hcr(core, 0);
    vcpu->arch.gich_vmcr = mmio_read(gich(core) + GICH_VMCR);
    vcpu->arch.gich_apr = mmio_read(gich(core) + GICH_APR);
}

void gich_enter(struct core *core, struct vcpu *vcpu)
{
    struct virq_state *state = &vcpu->virq;
    uint32_t hcr = HCR_EN;

    if (virq_has_queued(state)) {
        arch_virq_sync(vcpu);
        uint32_t filled = virq_fill(state);
        core->counters[SYSCALL_COUNTER_VIRQS] += filled;
        vcpu->thread.counters[SYSCALL_COUNTER_VIRQS] += filled;
    } else {
        state->starved = false;
    }
    write_dirty(core, state);
    /* NPIE with no LR pending would fire at once and for ever. */
    if (state->starved)
        hcr |= HCR_UIE | (virq_has_pending_lr(state) ? HCR_NPIE : 0);
    if (state->spilled_count != 0)
        hcr |= HCR_LRENPIE;
    write_hcr(core, hcr);
    state->fresh = false;
}

bool gich_has_linked(const struct vcpu *vcpu)
{
    for (uint32_t used = vcpu->virq.used; used != 0; used &= used - 1) {
        if ((vcpu->virq.lrs[__builtin_ctz(used)] & VIRQ_LR_HW) != 0)
            return true;
    }
    return false;
}

void gich_idle(struct core *core)
{
    write_hcr(core, 0);
}

void gich_maintain(struct core *core)
{
    struct vcpu *vcpu = core->loaded;

    kernel_count(core, SYSCALL_COUNTER_MAINTENANCE);
    if (vcpu == NULL)
        return;
    /* The interrupt is a level: it ends with its causes, which are asked for again at the next entry. */
    arch_virq_sync(vcpu);
    write_dirty(core, &vcpu->virq);
    write_hcr(core, HCR_EN);
    vcpu_wake(vcpu);
}
