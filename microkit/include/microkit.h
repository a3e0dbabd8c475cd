/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The Microkit API: all that a protection domain (PD) may assume of the platform.
 *
 * Names, types and semantics are those of Microkit 2.x (its manual, "libmicrokit"); the declarations are our
 * own. Providers, chosen at link time: microkit/bundled (system calls of the bundled kernel) and
 * microkit/host (a recorder for unit tests). On the real seL4 the SDK's own microkit.h takes this one's
 * place.
 *
 * A channel or child id that the system description doesn't grant is a mistake of the program: the call
 * prints a line and does nothing.
 */
#pragma once

#include <sel4/sel4.h>

typedef unsigned int microkit_channel; /**< channel id, 0..61 */
typedef unsigned int microkit_child;   /**< id of a child PD or vCPU */
typedef seL4_MessageInfo_t microkit_msginfo;

#define MICROKIT_MAX_CHANNELS 62
#define MICROKIT_MAX_CHANNEL_ID (MICROKIT_MAX_CHANNELS - 1)
#define MICROKIT_PD_NAME_LENGTH 64

/* Entry points, written by the PD. One runs at a time, to its end. */

/** Called once, before any other entry point. */
void init(void);

/** Channel `ch` was notified, or its interrupt has fired. Several notifications may have become one. */
void notified(microkit_channel ch);

/** A protected procedure call through `ch`. Message words carry the arguments, and the results on return. */
microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo);

/**
 * A child PD or vCPU faulted: `msginfo` has the fault's label, the message words its details.
 * Return seL4_True and set *reply_msginfo to let it go on, seL4_False to leave it stopped.
 */
seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo);

/* Data of the PD that the tool fills in. */

/** Name of the PD, NUL-terminated. */
extern char microkit_name[MICROKIT_PD_NAME_LENGTH];
/** Channel ids of interrupts, of ends that may notify, and of ends that may call: one bit each. */
extern seL4_Word microkit_irqs;
extern seL4_Word microkit_notifications;
extern seL4_Word microkit_pps;

/* Channels. */

/** Notify the other end of `ch`. Never blocks. */
void microkit_notify(microkit_channel ch);

/** Acknowledge the interrupt of `ch`, so that it can fire again. */
void microkit_irq_ack(microkit_channel ch);

/** microkit_notify() as part of the return from the entry point: saves a system call. One per entry. */
void microkit_deferred_notify(microkit_channel ch);

/** microkit_irq_ack() as part of the return from the entry point. Shares the slot of the above. */
void microkit_deferred_irq_ack(microkit_channel ch);

/** Call the PD at the other end of `ch`, which has to have a higher priority; returns its answer. */
microkit_msginfo microkit_ppcall(microkit_channel ch, microkit_msginfo msginfo);

/* Messages. */

/** A message info with `label` (52 bits) and `count` message words (up to 64). */
static inline microkit_msginfo microkit_msginfo_new(seL4_Word label, seL4_Uint16 count)
{
    return seL4_MessageInfo_new(label, 0, 0, count);
}

/** The label. */
static inline seL4_Word microkit_msginfo_get_label(microkit_msginfo msginfo)
{
    return seL4_MessageInfo_get_label(msginfo);
}

/** The number of message words. */
static inline seL4_Word microkit_msginfo_get_count(microkit_msginfo msginfo)
{
    return seL4_MessageInfo_get_length(msginfo);
}

/** Set message word `mr` (0..63; others are ignored). */
void microkit_mr_set(seL4_Uint8 mr, seL4_Word value);

/** Message word `mr` (0..63; others read as 0). */
seL4_Word microkit_mr_get(seL4_Uint8 mr);

/* Child PDs. */

/** Start `pd` again at `entry_point`, whatever state it is in. */
void microkit_pd_restart(microkit_child pd, seL4_Word entry_point);

/** Stop `pd` where it is. */
void microkit_pd_stop(microkit_child pd);

/** Let `pd` go on where it was stopped or faulted. */
void microkit_pd_resume(microkit_child pd);

/* vCPUs. */

/** Reset `vcpu` and run it from guest-physical address `entry_point`. */
void microkit_vcpu_restart(microkit_child vcpu, seL4_Word entry_point);

/** Stop `vcpu`. */
void microkit_vcpu_stop(microkit_child vcpu);

/** Make virtual interrupt `irq` pending, with `priority` 0..31; `group` and `index` are ignored here. */
void microkit_vcpu_arm_inject_irq(microkit_child vcpu, seL4_Uint16 irq, seL4_Uint8 priority, seL4_Uint8 group,
                                  seL4_Uint8 index);

/** The virtual timer needs no acknowledgement here: does nothing. */
void microkit_vcpu_arm_ack_vppi(microkit_child vcpu, seL4_Word irq);

/** Register `reg` (enum seL4_VCPUReg) of `vcpu`. SCTLR, TTBR0/1, ESR, FAR, SP_EL1 and ELR_EL1 are known. */
seL4_Word microkit_vcpu_arm_read_reg(microkit_child vcpu, seL4_Word reg);

/** Secure monitor call. Only if the system description grants this PD the function id in w0 (smc="system_off"
 * or the like); else *response is SMCCC's NOT_SUPPORTED. x7 is not passed, and x3..x7 of the response are 0.
 */
void microkit_arm_smc_call(seL4_ARM_SMCContext *args, seL4_ARM_SMCContext *response);

/* Debug output. */

/** One character. */
void microkit_dbg_putc(int c);

/** A NUL-terminated string. */
void microkit_dbg_puts(const char *s);

/** An unsigned number in decimal. */
void microkit_dbg_put8(seL4_Uint8 x);
void microkit_dbg_put32(seL4_Uint32 x);
