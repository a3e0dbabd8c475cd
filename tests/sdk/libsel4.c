/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libsel4's calls in the stand-in for an SDK: there so that programs link. Nothing runs them, so that each
 * says that it could not be done.
 */
#include <sel4/sel4.h>
#include <stdbool.h>

/* Variables of libmicrokit's. As from 2.3 on, no symbol says where the IPC buffer is. */
seL4_IPCBuffer *__sel4_ipc_buffer;
seL4_Bool microkit_have_signal;
bool microkit_passive;

seL4_Error seL4_TCB_ReadRegisters(seL4_TCB _service, seL4_Bool suspend_source, seL4_Uint8 arch_flags,
                                  seL4_Word count, seL4_UserContext *regs)
{
    (void)_service;
    (void)suspend_source;
    (void)arch_flags;
    (void)count;
    (void)regs;
    return seL4_IllegalOperation;
}

seL4_Error seL4_TCB_WriteRegisters(seL4_TCB _service, seL4_Bool resume_target, seL4_Uint8 arch_flags,
                                   seL4_Word count, seL4_UserContext *regs)
{
    (void)_service;
    (void)resume_target;
    (void)arch_flags;
    (void)count;
    (void)regs;
    return seL4_IllegalOperation;
}

void seL4_Yield(void)
{
}

seL4_Error seL4_TCB_Suspend(seL4_TCB _service)
{
    (void)_service;
    return seL4_IllegalOperation;
}

seL4_Error seL4_TCB_Resume(seL4_TCB _service)
{
    (void)_service;
    return seL4_IllegalOperation;
}

seL4_Error seL4_ARM_VCPU_InjectIRQ(seL4_ARM_VCPU _service, seL4_Uint16 virq, seL4_Uint8 priority,
                                   seL4_Uint8 group, seL4_Uint8 index)
{
    (void)_service;
    (void)virq;
    (void)priority;
    (void)group;
    (void)index;
    return seL4_IllegalOperation;
}

seL4_Error seL4_ARM_VCPU_AckVPPI(seL4_ARM_VCPU _service, seL4_Word irq)
{
    (void)_service;
    (void)irq;
    return seL4_IllegalOperation;
}

seL4_ARM_VCPU_ReadRegs_t seL4_ARM_VCPU_ReadRegs(seL4_ARM_VCPU _service, seL4_VCPUReg field)
{
    (void)_service;
    (void)field;
    return (seL4_ARM_VCPU_ReadRegs_t){.error = seL4_IllegalOperation};
}

seL4_Error seL4_ARM_VCPU_WriteRegs(seL4_ARM_VCPU _service, seL4_VCPUReg field, seL4_Word value)
{
    (void)_service;
    (void)field;
    (void)value;
    return seL4_IllegalOperation;
}
