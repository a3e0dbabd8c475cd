/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the kernel may rely on in a system descriptor. boot.c's harness proves that boot_check() lets pass
 * exactly this; the harnesses of the kernel's other files assume it.
 */
#pragma once

#include "kernel/core/kernel.h"
#include "kernel/include/smccc.h"
#include "proofs/cbmc.h"

/** A channel leads to a PD that there is, or is an interrupt and leads nowhere. */
static inline bool sound_channel(const struct sysdesc *desc, const struct sysdesc_channel *channel)
{
    const bool notifies = (channel->kind & SYSDESC_CHANNEL_NOTIFY) != 0;
    const bool calls = (channel->kind & SYSDESC_CHANNEL_PPC) != 0;

    if ((channel->kind & SYSDESC_CHANNEL_IRQ) != 0 &&
        (notifies || calls || channel->intid >= SYSDESC_MAX_IRQ)) {
        return false;
    }
    return channel->peer_channel < SYSDESC_MAX_CHANNELS &&
           (!(notifies || calls) || channel->peer < desc->pd_count);
}

/** A child is a PD or vCPU that there is. */
static inline bool sound_child(const struct sysdesc *desc, const struct sysdesc_child *child)
{
    return child->kind == SYSDESC_CHILD_NONE ||
           (child->kind == SYSDESC_CHILD_PD && child->index < desc->pd_count) ||
           (child->kind == SYSDESC_CHILD_VCPU && child->index < desc->vcpu_count);
}

/** Calls of the firmware: those that may be granted, one after the other. */
static inline bool sound_smc_calls(const struct sysdesc_pd *row)
{
    bool sound = true;

    for (uint32_t i = 0; i < SYSDESC_MAX_SMC_CALLS; i++) {
        const bool follows = i == 0 || row->smc_calls[i - 1] != 0;
        const bool grantable = smccc_is_grantable(row->smc_calls[i]);

        sound = sound && (row->smc_calls[i] == 0 || (follows && grantable));
    }
    return sound;
}

/** A PD's row, apart from its channels and children. */
static inline bool sound_pd(const struct sysdesc *desc, const struct sysdesc_pd *row)
{
    return row->priority < 255 && row->core < desc->core_count && row->vmid != 0 && row->vmid < 256 &&
           row->budget_us != 0 && row->budget_us <= row->period_us &&
           (row->parent == SYSDESC_NO_PARENT || row->parent < desc->pd_count) &&
           (uint64_t)row->post_first + row->post_count <= desc->post_count &&
           (uint64_t)row->account_first + row->account_count <= desc->account_count && row->ipc_buffer != 0 &&
           row->name[SYSDESC_NAME_BYTES - 1] == '\0' && sound_smc_calls(row);
}

/** What a PD's row says of number `i` (below 64) of its channels and children. */
static inline bool sound_pd_end(const struct sysdesc *desc, const struct sysdesc_pd *row, uint32_t i)
{
    const bool is_used = row->channels[i].kind != 0 || row->children[i].kind != SYSDESC_CHILD_NONE;

    return sound_channel(desc, &row->channels[i]) && sound_child(desc, &row->children[i]) &&
           (i < SYSDESC_MAX_CHANNELS || !is_used);
}

/** A vCPU's row. */
static inline bool sound_vcpu(const struct sysdesc *desc, const struct sysdesc_vcpu *row)
{
    return row->priority < 255 && row->core < desc->core_count && row->vmid != 0 && row->vmid < 256 &&
           row->budget_us != 0 && row->budget_us <= row->period_us && row->parent < desc->pd_count &&
           (uint64_t)row->doorbell_first + row->doorbell_count <= desc->doorbell_count &&
           row->vtimer_intid >= VIRQ_SGI_COUNT && row->vtimer_intid < VIRQ_COUNT;
}

/** An interrupt's row. */
static inline bool sound_irq(const struct sysdesc *desc, const struct sysdesc_irq *row)
{
    const bool to_vcpu = row->kind == SYSDESC_IRQ_VCPU && row->target < desc->vcpu_count &&
                         row->virq >= VIRQ_SGI_COUNT && row->virq < VIRQ_COUNT;
    const bool to_pd =
        row->kind == SYSDESC_IRQ_PD && row->target < desc->pd_count && row->channel < SYSDESC_MAX_CHANNELS;

    return row->intid >= VIRQ_SGI_COUNT && row->intid < SYSDESC_MAX_IRQ && (to_vcpu || to_pd);
}

/** A doorbell's row. */
static inline bool sound_doorbell(const struct sysdesc *desc, const struct sysdesc_doorbell *row)
{
    return row->pd < desc->pd_count && row->channel < SYSDESC_MAX_CHANNELS;
}

/** A posted interrupt's row. */
static inline bool sound_post(const struct sysdesc *desc, const struct sysdesc_post *row)
{
    return row->vcpu < desc->vcpu_count && row->intid < VIRQ_COUNT && row->channel < SYSDESC_MAX_CHANNELS;
}

/** An account's row. */
static inline bool sound_account(const struct sysdesc *desc, const struct sysdesc_account *row)
{
    return row->vcpu < desc->vcpu_count && row->id < 64;
}

/** What is not in the tables. */
static inline bool sound_header(const struct sysdesc *desc)
{
    return desc->magic == SYSDESC_MAGIC && desc->version == SYSDESC_VERSION &&
           desc->size_bytes == sizeof(*desc) && desc->core_count != 0 &&
           desc->core_count <= SYSDESC_MAX_CORES && desc->pd_count != 0 &&
           desc->pd_count <= SYSDESC_MAX_PDS && desc->vcpu_count <= SYSDESC_MAX_VCPUS &&
           desc->irq_count <= SYSDESC_MAX_IRQ && desc->account_count <= SYSDESC_MAX_ACCOUNTS &&
           desc->post_count <= SYSDESC_MAX_POSTS && desc->doorbell_count <= SYSDESC_MAX_DOORBELLS &&
           (desc->klog_pd == SYSDESC_NO_PARENT ||
            (desc->klog_pd < desc->pd_count && desc->klog_channel < SYSDESC_MAX_CHANNELS)) &&
           (desc->trace == 0 ||
            (desc->trace % SYSDESC_TRACE_HEADER_BYTES == 0 && desc->trace_pd < desc->pd_count &&
             desc->trace_channel < SYSDESC_MAX_CHANNELS &&
             desc->trace_ring_bytes >= SYSDESC_TRACE_MIN_RING_BYTES &&
             desc->trace_ring_bytes <= SYSDESC_TRACE_MAX_RING_BYTES &&
             (desc->trace_ring_bytes & (desc->trace_ring_bytes - 1)) == 0)) &&
           (desc->seed_pd == SYSDESC_NO_PARENT || desc->seed_pd < desc->pd_count);
}
