/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The seam between the VMM and the platform below it: what Microkit's API lacks.
 *
 * One file per platform implements it, chosen at link time: platform_bundled.c (our kernel's system calls),
 * platform_sel4.c (libsel4 vCPU and TCB objects), platform_fake.c (host tests and fuzzers). Nothing outside
 * knows which one runs. `vcpu` is always the number of a vCPU of this VM, 0-based.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/err.h"
#include "lib/config/vmm_config.h"

/** Why a vCPU stopped. WFI, the virtual timer and FP never get here. */
enum platform_exit_reason {
    PLATFORM_EXIT_NONE = 0,  /**< dealt with inside the platform: nothing to do, reply as set */
    PLATFORM_EXIT_MMIO,      /**< load or store to an unmapped guest-physical address, decoded */
    PLATFORM_EXIT_CALL,      /**< HVC or SMC */
    PLATFORM_EXIT_SYSREG,    /**< MSR/MRS of a trapped register */
    PLATFORM_EXIT_UNDEFINED, /**< an instruction that the machine does not have */
    PLATFORM_EXIT_DEBUG,     /**< a debug exception, with a debugger attached */
    PLATFORM_EXIT_CRASH      /**< anything that cannot be continued, e.g. an undecodable abort */
};

struct platform_exit {
    enum platform_exit_reason reason;
    uint32_t vcpu;
    uint64_t pc;
    uint64_t syndrome; /**< ESR_EL2 format */
    union {
        struct {
            uint64_t gpa;
            uint64_t value;       /**< stores: zero-extended to the width. Loads: the handler's result */
            uint32_t width_bytes; /**< 1, 2, 4, 8 */
            bool is_write;
        } mmio;
        struct {
            uint64_t args[8]; /**< x0..x7; on completion args[0..3] become x0..x3 */
            bool is_smc;
            uint16_t immediate;
        } call;
        struct {
            uint64_t value; /**< MSR: what is written. MRS: the handler's result */
            bool is_write;
        } sysreg;
        struct {
            uint64_t gpa;
            uint64_t far;
        } crash;
        struct {
            uint64_t far; /**< of a watchpoint */
        } debug;
    } u;
};

/** How to go on after an exit. */
enum platform_resume {
    PLATFORM_RESUME_DONE,  /**< complete the access or call */
    PLATFORM_RESUME_UNDEF, /**< inject Undefined Instruction */
    PLATFORM_RESUME_ABORT, /**< inject a synchronous external abort */
    PLATFORM_RESUME_RETRY, /**< run the instruction again */
    PLATFORM_RESUME_BRK,   /**< EXIT_DEBUG of a BRK: the guest takes its exception */
    PLATFORM_RESUME_STAY   /**< leave the vCPU stopped */
};

/** Per-interrupt configuration the distributor model holds and the platform needs for delivery. */
struct platform_virq {
    bool enabled;
    bool edge;        /**< else level-sensitive */
    bool group1;      /**< else group 0 */
    uint8_t priority; /**< GICD_IPRIORITYR byte */
};

/** Called once from init(). `config` outlives the platform. */
void platform_init(const struct vmm_config *config);

/** Turn a fault message of child `child` into *exit. ERR_RANGE if the child is no vCPU of ours. */
ERR_CHECKED enum err platform_exit_read(microkit_child child, microkit_msginfo msginfo,
                                        struct platform_exit *exit);

/**
 * Finish the exit. Returns what `fault()` has to return: true to reply with *reply and let the vCPU run.
 */
bool platform_exit_finish(const struct platform_exit *exit, enum platform_resume resume,
                          microkit_msginfo *reply);

/** Reset the vCPU to the arm64 boot protocol's state (EL1h, MMU off, DAIF masked, x0 = context) and run it.
 */
void platform_vcpu_start(uint32_t vcpu, uint64_t entry_gpa, uint64_t context);

/** Stop it; pending virtual interrupts are forgotten. */
void platform_vcpu_stop(uint32_t vcpu);

/** The guest has died, and not by its own wish: whoever records events may show the last ones. */
void platform_tell_death(void);

/** It runs no more but keeps all that it is, or goes on; starting and stopping it change nothing about that. */
void platform_vcpu_pause(uint32_t vcpu, bool paused);

/* For a debugger, where the description grants it (struct vmm_config.debug). */

enum platform_debug_group {
    PLATFORM_DEBUG_CORE = 0, /**< x0..x30, SP, PC, PSTATE, SCTLR_EL1, TCR_EL1, TTBR0_EL1, TTBR1_EL1, how many
                                    breakpoints | watchpoints << 8 */
    PLATFORM_DEBUG_FP_LOW = 1, /**< V0..V15, two words each */
    PLATFORM_DEBUG_FP_HIGH = 2 /**< V16..V31, FPCR, FPSR */
};
/** The most that a group has. */
#define PLATFORM_DEBUG_WORDS 40u

/** Registers beside 0..30, SP 31, PC 32 and PSTATE 33. */
enum platform_debug_register {
    PLATFORM_DEBUG_V = 64, /**< + 2n: low half of Vn, + 2n + 1: high half */
    PLATFORM_DEBUG_FPCR = 128,
    PLATFORM_DEBUG_FPSR = 129,
    PLATFORM_DEBUG_BVR = 0x100, /**< + n; the debugger's, in force while it is attached */
    PLATFORM_DEBUG_BCR = 0x110,
    PLATFORM_DEBUG_WVR = 0x120,
    PLATFORM_DEBUG_WCR = 0x130,
    PLATFORM_DEBUG_DEBUGGER = 0x140 /**< enum platform_debug_flags */
};
/** What the debugger does with a vCPU. */
enum platform_debug_flags { PLATFORM_DEBUG_ATTACHED = 1u << 0, PLATFORM_DEBUG_STEP = 1u << 1 };

/** Read a group. False: the platform does not let us. */
bool platform_debug_read(uint32_t vcpu, enum platform_debug_group group,
                         uint64_t words[PLATFORM_DEBUG_WORDS]);

/** Write a register. False: there is none, or not with that value. */
bool platform_debug_write(uint32_t vcpu, uint32_t number, uint64_t value);

/** Registers for a crash report: x0..x30, SP_EL1, PC, PSTATE, ESR_EL1, ELR_EL1, FAR_EL1 (37 words). */
#define PLATFORM_REGISTER_COUNT 37u
void platform_vcpu_registers(uint32_t vcpu, uint64_t registers[PLATFORM_REGISTER_COUNT]);

/** Tell the platform an interrupt's configuration; pending state is kept. intid below 32: that vCPU's own. */
void platform_virq_configure(uint32_t vcpu, uint32_t intid, const struct platform_virq *virq);

/** Whether the distributor forwards anything, of either group. */
void platform_virq_enable(uint32_t vcpu, bool enabled);

/** Latch `intid` pending (edge, software pend, or SGI from `source` vCPU). */
void platform_virq_pend(uint32_t vcpu, uint32_t intid, uint32_t source);

/**
 * As platform_virq_pend() for an edge that nobody waits for: it may be late by `delay_us`, at most 65535, so
 * that it comes with another one. A platform that can't wait pends it at once.
 */
void platform_virq_pend_deferred(uint32_t vcpu, uint32_t intid, uint32_t delay_us);

/** Drop the pending latch; of an SGI, that of the senders in `sources` (bit n: vCPU n). */
#define PLATFORM_ALL_SOURCES 0xffu
void platform_virq_unpend(uint32_t vcpu, uint32_t intid, uint8_t sources);

/** Drive a level-sensitive line. */
void platform_virq_set_level(uint32_t vcpu, uint32_t intid, bool high);

/**
 * SPI `intid` is routed to vCPU `to` instead of `from`: what is pending of it, its line and configuration go
 * along, and so does whatever the platform itself pends on `from`. While it is active on `from`, `to` is not
 * signalled.
 */
void platform_virq_move(uint32_t from, uint32_t intid, uint32_t to);

/** GICD_ISACTIVER / GICD_ICACTIVER. */
void platform_virq_set_active(uint32_t vcpu, uint32_t intid, bool active);

/** State as GICD_ISPENDR and GICD_ISACTIVER show it; pending includes a level line that is high. */
bool platform_virq_is_pending(uint32_t vcpu, uint32_t intid);
bool platform_virq_is_active(uint32_t vcpu, uint32_t intid);

/** Whose SGI `sgi` is pending: bit n is vCPU n. */
uint8_t platform_virq_sources(uint32_t vcpu, uint32_t sgi);

/**
 * Let what the PD behind `channel` posts in our stead (the `number`-th of what it posts for that channel)
 * pend `intid` of `vcpu` from now on; intid 0: nothing, so that it notifies `channel`. On a platform that
 * posts nothing, all of it notifies `channel` anyway.
 */
void platform_post_route(microkit_channel channel, uint32_t number, uint32_t vcpu, uint32_t intid);

/**
 * The doorbell that the description has at `described` is at `gpa` now; PLATFORM_NOWHERE: stores anywhere go
 * to us. Addresses without a doorbell are ignored.
 */
#define PLATFORM_NOWHERE UINT64_MAX
void platform_doorbell_move(uint64_t described, uint64_t gpa);

/**
 * Ask for the physical interrupt of `channel` to be acknowledged whenever the guest has ended virtual
 * interrupt `intid`, so that a level-sensitive line does not fire while the guest serves it. False: the
 * platform does not see the end, so that the caller acknowledges at once.
 */
bool platform_irq_ack_at_end(uint32_t intid, microkit_channel channel);

/**
 * Has a vCPU of ours paused (gone idle, or used up a slice) since this was last asked? For devices whose
 * description has the platform tell us on `channel` (an own channel of the device); on other platforms always
 * true.
 */
bool platform_take_vcpu_idle(microkit_channel channel);
/** Have `channel` notified at the next pause. */
void platform_arm_vcpu_idle(microkit_channel channel);

struct vhost_idle_count;
struct vhost_status;
/**
 * Count each pause of a vCPU in `idle_count`, a page that the PD behind `channel` reads, and notify it when
 * its `status` asks for that. Only where the description has such a page, as the kernel tells nobody.
 */
void platform_share_idle_count(microkit_channel channel, struct vhost_idle_count *idle_count,
                               const struct vhost_status *status);

/** Notify `channel` when the running entry point returns, with the call that waits; or at once, if that is no
 * cheaper. */
void platform_notify_last(microkit_channel channel);

/** Make `bytes` at VMM address `vaddr` visible to a guest that runs with its caches off. */
void platform_cache_clean(const void *vaddr, uint64_t bytes);
/** The same, and drop instruction cache contents (new guest code). */
void platform_cache_sync_code(const void *vaddr, uint64_t bytes);

/** Fill `bytes` of plain memory with zeros, the fastest way. Both are multiples of 4 KiB. */
void platform_zero(void *vaddr, uint64_t bytes);

/** Milliseconds since some time before init(); never goes back. */
uint64_t platform_milliseconds(void);

/** Ticks of the guest's counter in a second, never 0. It began to count when platform_milliseconds() did. */
uint32_t platform_counter_hz(void);

/** A time that never comes. */
#define PLATFORM_NEVER UINT64_MAX

/**
 * Have platform_notified() return true once when `time`, in platform_milliseconds(), has come, or before it:
 * who still waits then asks again. PLATFORM_NEVER: nobody waits.
 */
void platform_alarm(uint64_t time);

/** Switch the whole machine off. Returns only if the system description doesn't grant that. */
void platform_halt(void);

/**
 * Notifications of the platform's own: time has passed, perhaps to the alarm. Call first from notified();
 * true if it was one.
 */
bool platform_notified(microkit_channel channel);
