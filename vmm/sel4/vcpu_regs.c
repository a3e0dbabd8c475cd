/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/vcpu_regs.h"

#include "lib/aarch64/esr.h"

/* SCTLR_EL1 as seL4 gives it to a new vCPU: MMU and caches off, RES1 bits, CP15BEN, nTWI, nTWE, UCT, UCI. */
#define SCTLR_RESET 0x34d58820ull
#define MPIDR_RES1 (1ull << 31)

/* Arm DDI 0487, exception vectors: offsets of synchronous exceptions. */
#define VECTOR_SP_EL0 0x000u
#define VECTOR_SP_EL1 0x200u
#define VECTOR_LOWER_64 0x400u
#define VECTOR_LOWER_32 0x600u

#define PSTATE_MODE_MASK 0xfull
#define PSTATE_EL1H 5ull
#define PSTATE_EL1T 4ull
#define PSTATE_AARCH32 (1ull << 4)
#define ESR_CLASS_SAME_BIT (1ull << 26)

uint64_t vcpu_regs_read(seL4_CPtr object, seL4_Word reg)
{
    return seL4_ARM_VCPU_ReadRegs(object, (seL4_VCPUReg)reg).value;
}

static void write(seL4_CPtr object, seL4_Word reg, uint64_t value)
{
    (void)seL4_ARM_VCPU_WriteRegs(object, (seL4_VCPUReg)reg, value);
}

void vcpu_regs_reset(seL4_CPtr object, uint32_t vcpu)
{
    static const seL4_VCPUReg zeroed[] = {
        seL4_VCPUReg_CPACR,     seL4_VCPUReg_TTBR0,     seL4_VCPUReg_TTBR1,   seL4_VCPUReg_TCR,
        seL4_VCPUReg_MAIR,      seL4_VCPUReg_AMAIR,     seL4_VCPUReg_CIDR,    seL4_VCPUReg_AFSR0,
        seL4_VCPUReg_AFSR1,     seL4_VCPUReg_ESR,       seL4_VCPUReg_FAR,     seL4_VCPUReg_VBAR,
        seL4_VCPUReg_TPIDR_EL1, seL4_VCPUReg_SP_EL1,    seL4_VCPUReg_ELR_EL1, seL4_VCPUReg_SPSR_EL1,
        seL4_VCPUReg_CNTV_CTL,  seL4_VCPUReg_CNTV_CVAL, seL4_VCPUReg_CNTVOFF, seL4_VCPUReg_CNTKCTL_EL1,
    };

    for (uint32_t i = 0; i < sizeof zeroed / sizeof zeroed[0]; i++) {
        write(object, zeroed[i], 0);
    }
    write(object, seL4_VCPUReg_SCTLR, SCTLR_RESET);
    write(object, seL4_VCPUReg_VMPIDR_EL2, MPIDR_RES1 | vcpu);
}

static uint32_t vector(uint64_t pstate)
{
    if ((pstate & PSTATE_AARCH32) != 0) {
        return VECTOR_LOWER_32;
    }
    switch (pstate & PSTATE_MODE_MASK) {
    case PSTATE_EL1H:
        return VECTOR_SP_EL1;
    case PSTATE_EL1T:
        return VECTOR_SP_EL0;
    default:
        return VECTOR_LOWER_64;
    }
}

void vcpu_regs_take_exception(seL4_CPtr object, seL4_UserContext *context, uint64_t esr)
{
    const uint32_t offset = vector(context->spsr);
    const bool is_fetch = esr_class(esr) == ESR_EC_IABORT;
    const bool is_abort = is_fetch || esr_class(esr) == ESR_EC_DABORT;

    if (is_fetch) {
        write(object, seL4_VCPUReg_FAR, context->pc);
    }
    if (is_abort && (offset == VECTOR_SP_EL0 || offset == VECTOR_SP_EL1)) {
        esr |= ESR_CLASS_SAME_BIT;
    }
    write(object, seL4_VCPUReg_ESR, esr);
    write(object, seL4_VCPUReg_ELR_EL1, context->pc);
    write(object, seL4_VCPUReg_SPSR_EL1, context->spsr);
    context->pc = vcpu_regs_read(object, seL4_VCPUReg_VBAR) + offset;
    context->spsr = VCPU_REGS_BOOT_PSTATE;
}
