/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/libsel4_record.h"

#include <assert.h>
#include <string.h>

#define GARBAGE 0xdeadbeefdeadbeefull
#define CONTEXT_WORDS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

struct libsel4_record libsel4;

void libsel4_reset(void)
{
    memset(&libsel4, 0, sizeof libsel4);
    libsel4.lr_count = LIBSEL4_LRS;
}

void libsel4_forget(void)
{
    libsel4.call_count = 0;
}

size_t libsel4_count(enum libsel4_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < libsel4.call_count; i++) {
        count += libsel4.calls[i].kind == kind;
    }
    return count;
}

const struct libsel4_call *libsel4_last(enum libsel4_kind kind)
{
    for (size_t i = libsel4.call_count; i > 0; i--) {
        if (libsel4.calls[i - 1].kind == kind) {
            return &libsel4.calls[i - 1];
        }
    }
    return NULL;
}

/* Calls are messages: whatever was in the message words is gone afterwards. */
static void record(enum libsel4_kind kind, seL4_CPtr service, seL4_Word a, seL4_Word b, seL4_Word c)
{
    assert(libsel4.call_count < LIBSEL4_MAX_CALLS);
    libsel4.calls[libsel4.call_count++] = (struct libsel4_call){kind, service, a, b, c};
    for (seL4_Uint8 i = 0; i < seL4_MsgMaxLength; i++) {
        microkit_mr_set(i, GARBAGE);
    }
}

seL4_Error seL4_TCB_ReadRegisters(seL4_TCB _service, seL4_Bool suspend_source, seL4_Uint8 arch_flags,
                                  seL4_Word count, seL4_UserContext *regs)
{
    record(LIBSEL4_READ_REGISTERS, _service, (seL4_Word)suspend_source, count, 0);
    if (arch_flags != 0 || count == 0 || count > CONTEXT_WORDS) {
        return seL4_InvalidArgument;
    }
    memcpy(regs, &libsel4.context, count * sizeof(seL4_Word));
    return seL4_NoError;
}

seL4_Error seL4_TCB_WriteRegisters(seL4_TCB _service, seL4_Bool resume_target, seL4_Uint8 arch_flags,
                                   seL4_Word count, seL4_UserContext *regs)
{
    record(LIBSEL4_WRITE_REGISTERS, _service, (seL4_Word)resume_target, count, regs->pc);
    if (arch_flags != 0 || count == 0 || count > CONTEXT_WORDS) {
        return seL4_InvalidArgument;
    }
    memcpy(&libsel4.context, regs, count * sizeof(seL4_Word));
    libsel4.runs = libsel4.runs || resume_target != seL4_False;
    return seL4_NoError;
}

seL4_Error seL4_TCB_Suspend(seL4_TCB _service)
{
    record(LIBSEL4_SUSPEND, _service, 0, 0, 0);
    libsel4.runs = false;
    return seL4_NoError;
}

seL4_Error seL4_TCB_Resume(seL4_TCB _service)
{
    record(LIBSEL4_RESUME, _service, 0, 0, 0);
    libsel4.runs = true;
    return seL4_NoError;
}

seL4_Error seL4_ARM_VCPU_InjectIRQ(seL4_ARM_VCPU _service, seL4_Uint16 virq, seL4_Uint8 priority,
                                   seL4_Uint8 group, seL4_Uint8 index)
{
    record(LIBSEL4_INJECT, _service, virq, priority, (seL4_Word)group << 8 | index);
    if (virq > 1023 || priority > 31 || group > 1 || index >= libsel4.lr_count) {
        return seL4_RangeError;
    }
    if (libsel4.lr_intid[index] != 0) {
        return seL4_DeleteFirst;
    }
    libsel4.lr_intid[index] = virq;
    return seL4_NoError;
}

seL4_Error seL4_ARM_VCPU_AckVPPI(seL4_ARM_VCPU _service, seL4_Word irq)
{
    record(LIBSEL4_ACK_VPPI, _service, irq, 0, 0);
    return seL4_NoError;
}

seL4_ARM_VCPU_ReadRegs_t seL4_ARM_VCPU_ReadRegs(seL4_ARM_VCPU _service, seL4_VCPUReg field)
{
    record(LIBSEL4_READ_VCPU, _service, field, 0, 0);
    return field < seL4_VCPUReg_Num ? (seL4_ARM_VCPU_ReadRegs_t){0, libsel4.vcpu[field]}
                                    : (seL4_ARM_VCPU_ReadRegs_t){seL4_InvalidArgument, 0};
}

seL4_Error seL4_ARM_VCPU_WriteRegs(seL4_ARM_VCPU _service, seL4_VCPUReg field, seL4_Word value)
{
    record(LIBSEL4_WRITE_VCPU, _service, field, value, 0);
    if (field >= seL4_VCPUReg_Num) {
        return seL4_InvalidArgument;
    }
    libsel4.vcpu[field] = value;
    return seL4_NoError;
}
