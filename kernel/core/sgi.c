/* SPDX-License-Identifier: BSD-2-Clause */
/* ICC_SGI1R_EL1: the way from one vCPU to another without its VMM. At most a VM's vCPUs are looked at. */
#include "kernel/core/sgi.h"

#include "kernel/core/vcpu_virq.h"

#define SGI_INTID_SHIFT 24
#define SGI_ALL_BUT_SENDER (1ull << 40)
#define SGI_TARGETS 16u /* bits of the target list: values of Aff0 from 16 * RS on */

/* Aff3.Aff2.Aff1 as the register has them, in the places of MPIDR_EL1. */
static uint64_t cluster_of(uint64_t value)
{
    return (value >> 48 & 0xff) << 32 | (value >> 32 & 0xff) << 16 | (value >> 16 & 0xff) << 8;
}

static bool is_named(uint64_t value, uint64_t mpidr)
{
    const uint64_t affinity = mpidr & 0xff00ffffffull;
    const uint64_t range = value >> 44 & 0xf;

    return (affinity & ~0xffull) == cluster_of(value) && (affinity & 0xff) / SGI_TARGETS == range &&
           (value >> (affinity & 0xf) & 1) != 0;
}

/* Group 0 alone is what two of the three registers reach. Another core may change the word meanwhile: then the
   SGI was sent before or after that. */
static bool is_reached(const struct vcpu *target, uint32_t intid, bool both_groups)
{
    return both_groups ||
           (__atomic_load_n(&target->virq.words[0].group1, __ATOMIC_RELAXED) >> intid & 1) == 0;
}

void sgi_send(struct vcpu *sender, uint64_t value, bool both_groups)
{
    const struct kernel *kernel = sender->thread.core->kernel;
    const uint32_t intid = (uint32_t)(value >> SGI_INTID_SHIFT) & 0xf;
    const bool broadcast = (value & SGI_ALL_BUT_SENDER) != 0;
    uint32_t targets = 0;

    for (uint32_t i = 0; i < sender->vm_count; i++) {
        const struct vcpu *target = &kernel->vcpus[sender->vm_first + i];

        if ((broadcast ? target != sender : is_named(value, target->row->vmpidr)) &&
            is_reached(target, intid, both_groups)) {
            targets |= 1u << i;
        }
    }
    vcpu_virq_send_sgi(sender, intid, targets);
}
