/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The few names of libsel4 that Microkit's API shows to a protection domain.
 *
 * Same spelling and meaning as on seL4 (MCS, AArch64, hypervisor), so that code built on microkit.h compiles
 * against either. There are no capabilities here: nothing else of libsel4 exists.
 */
#pragma once

#include <stdint.h>

/** A machine word. */
typedef uint64_t seL4_Word;
/** seL4_True or seL4_False. */
typedef int8_t seL4_Bool;
/** Unsigned integers by width. */
typedef uint8_t seL4_Uint8;
/** 16 bits. */
typedef uint16_t seL4_Uint16;
/** 32 bits. */
typedef uint32_t seL4_Uint32;
/** 64 bits. */
typedef uint64_t seL4_Uint64;

#define seL4_True ((seL4_Bool)1)
#define seL4_False ((seL4_Bool)0)

/** Words a message can hold. seL4's limit is 120; ours, and Microkit's documented one, is 64. */
#define seL4_MsgMaxLength 64

/** Message info word: label in bits 63..12, number of message words in bits 6..0. */
typedef struct seL4_MessageInfo {
    seL4_Word words[1];
} seL4_MessageInfo_t;

#define SEL4_MESSAGE_LABEL_SHIFT 12
#define SEL4_MESSAGE_LENGTH_MASK 0x7full

/** A message info word. The two capability counts exist for seL4's signature and have to be 0. */
static inline seL4_MessageInfo_t seL4_MessageInfo_new(seL4_Word label, seL4_Word caps_unwrapped,
                                                      seL4_Word extra_caps, seL4_Word length)
{
    seL4_MessageInfo_t info;

    (void)caps_unwrapped;
    (void)extra_caps;
    info.words[0] = (label << SEL4_MESSAGE_LABEL_SHIFT) | (length & SEL4_MESSAGE_LENGTH_MASK);
    return info;
}

/** The label. */
static inline seL4_Word seL4_MessageInfo_get_label(seL4_MessageInfo_t info)
{
    return info.words[0] >> SEL4_MESSAGE_LABEL_SHIFT;
}

/** The number of message words. */
static inline seL4_Word seL4_MessageInfo_get_length(seL4_MessageInfo_t info)
{
    return info.words[0] & SEL4_MESSAGE_LENGTH_MASK;
}

/** Labels of the messages that fault() gets for a child PD. */
enum seL4_FaultType {
    seL4_Fault_NullFault = 0,
    seL4_Fault_CapFault = 1,
    seL4_Fault_UnknownSyscall = 2,
    seL4_Fault_UserException = 3,
    seL4_Fault_Timeout = 5,
    seL4_Fault_VMFault = 6,
    seL4_Fault_VGICMaintenance = 7,
    seL4_Fault_VCPUFault = 8,
    seL4_Fault_VPPIEvent = 9
};

/** Message words of seL4_Fault_VMFault. FSR is ESR_EL2 as the abort left it. */
enum seL4_VMFault_Msg {
    seL4_VMFault_IP = 0,
    seL4_VMFault_Addr = 1,
    seL4_VMFault_PrefetchFault = 2,
    seL4_VMFault_FSR = 3,
    seL4_VMFault_Length = 4
};

/** Message words of seL4_Fault_UserException. A reply with label 0 writes the first three back. */
enum seL4_UserException_Msg {
    seL4_UserException_FaultIP = 0,
    seL4_UserException_SP = 1,
    seL4_UserException_SPSR = 2,
    seL4_UserException_Number = 3,
    seL4_UserException_Code = 4,
    seL4_UserException_Length = 5
};

/** Message words of seL4_Fault_UnknownSyscall. A reply with label 0 writes the first twelve back. */
enum seL4_UnknownSyscall_Msg {
    seL4_UnknownSyscall_X0 = 0,
    seL4_UnknownSyscall_X1 = 1,
    seL4_UnknownSyscall_X2 = 2,
    seL4_UnknownSyscall_X3 = 3,
    seL4_UnknownSyscall_X4 = 4,
    seL4_UnknownSyscall_X5 = 5,
    seL4_UnknownSyscall_X6 = 6,
    seL4_UnknownSyscall_X7 = 7,
    seL4_UnknownSyscall_FaultIP = 8,
    seL4_UnknownSyscall_SP = 9,
    seL4_UnknownSyscall_LR = 10,
    seL4_UnknownSyscall_SPSR = 11,
    seL4_UnknownSyscall_Syscall = 12,
    seL4_UnknownSyscall_Length = 13
};

/** Message word of seL4_Fault_VCPUFault and of the other virtualisation faults. */
enum seL4_VCPUFault_Msg { seL4_VCPUFault_HSR = 0, seL4_VCPUFault_Length = 1 };
enum seL4_VPPIEvent_Msg { seL4_VPPIEvent_IRQ = 0, seL4_VPPIEvent_Length = 1 };
enum seL4_VGICMaintenance_Msg { seL4_VGICMaintenance_IDX = 0, seL4_VGICMaintenance_Length = 1 };

/** vCPU registers by seL4's names; the ones microkit_vcpu_arm_read_reg() knows. */
enum seL4_VCPUReg {
    seL4_VCPUReg_SCTLR = 0,
    seL4_VCPUReg_TTBR0 = 1,
    seL4_VCPUReg_TTBR1 = 2,
    seL4_VCPUReg_TCR = 3,
    seL4_VCPUReg_MAIR = 4,
    seL4_VCPUReg_AMAIR = 5,
    seL4_VCPUReg_CIDR = 6,
    seL4_VCPUReg_ACTLR = 7,
    seL4_VCPUReg_CPACR = 8,
    seL4_VCPUReg_AFSR0 = 9,
    seL4_VCPUReg_AFSR1 = 10,
    seL4_VCPUReg_ESR = 11,
    seL4_VCPUReg_FAR = 12,
    seL4_VCPUReg_ISR = 13,
    seL4_VCPUReg_VBAR = 14,
    seL4_VCPUReg_TPIDR_EL1 = 15,
    seL4_VCPUReg_SP_EL1 = 16,
    seL4_VCPUReg_ELR_EL1 = 17
};

/** Arguments or results of a secure monitor call: its x0..x7. */
typedef struct seL4_ARM_SMCContext {
    seL4_Word x0;
    seL4_Word x1;
    seL4_Word x2;
    seL4_Word x3;
    seL4_Word x4;
    seL4_Word x5;
    seL4_Word x6;
    seL4_Word x7;
} seL4_ARM_SMCContext;
