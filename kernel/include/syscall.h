/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The bundled kernel's system calls, as seen from a protection domain.
 *
 * `svc #0` with the number in x7, arguments in x0..x6, results in x0..x2; every other register is preserved.
 * Message words travel in the IPC buffer (SYSDESC_PD_IPC_BUFFER); a message info word has the label in bits
 * 63..12 and the number of words in bits 6..0, as seL4's. PDs never use this header: they use microkit.h,
 * whose bundled provider is the only user. vmm/platform_bundled.c uses the vCPU calls.
 *
 * A call on a channel or child that the PD's row does not grant returns SYSCALL_DENIED and does nothing.
 */
#pragma once

#include <stdint.h>

enum syscall_number {
    /**
     * Wait for the next event. x0: enum syscall_wait_flags; x1: reply message info (with REPLY);
     * x2: channel (with NOTIFY or ACK). Returns x0: enum syscall_event, x1: notification word, channel or
     * child id, x2: message info (PPC and FAULT).
     */
    SYSCALL_WAIT = 0,
    SYSCALL_NOTIFY = 1,     /**< x0: channel, or posted interrupt (SYSDESC_POST_BASE). Returns x0: status */
    SYSCALL_PPC = 2,        /**< x0: channel, x1: message info. Returns x0: status, x1: reply message info */
    SYSCALL_IRQ_ACK = 3,    /**< x0: channel. Returns x0: status */
    SYSCALL_PD_RESTART = 4, /**< x0: child id, x1: entry. Any state. Registers cleared, fresh stack pointer */
    SYSCALL_PD_STOP = 5,    /**< x0: child id */
    SYSCALL_PD_RESUME = 6,  /**< x0: child id; continues where it was stopped */
    SYSCALL_DEBUG_WRITE = 7, /**< x0: byte count 0..48, x1..x6: the bytes, little-endian */
    SYSCALL_YIELD = 8,       /**< gives up the rest of the time slice */
    SYSCALL_SMC = 9, /**< x0..x6 and result x0..x2; NOT_SUPPORTED (-1) if w0 is not in the PD's smc_calls */

    /* vCPU calls; x0 is the child id. */
    SYSCALL_VCPU_START =
        16, /**< x1: entry GPA, x2: x0 of the guest. Resets the vCPU: EL1h, MMU off, DAIF set */
    SYSCALL_VCPU_STOP = 17, /**< stops it; its pending virtual interrupts are dropped */
    SYSCALL_VCPU_READ_REGS =
        18, /**< message words 0..30: x0..x30, 31: SP_EL1, 32: PC, 33: PSTATE, 34: ESR_EL1,
                 35: ELR_EL1, 36: FAR_EL1, 37: SCTLR_EL1, 38: TTBR0_EL1, 39: TTBR1_EL1 */
    SYSCALL_VIRQ_CONFIGURE = 19, /**< x1: INTID, x2: flags (enum syscall_virq_flags) | priority << 8 */
    SYSCALL_VIRQ_SET = 20,       /**< x1: INTID, x2: enum syscall_virq_op, x3: its argument */
    SYSCALL_VIRQ_GET = 21,       /**< x1: INTID. Returns x1: enum syscall_virq_state bits */
    SYSCALL_VIRQ_ENABLE = 22, /**< x1: 1 distributor on, 0 off: no virtual interrupt is signalled while off */
    SYSCALL_VCPU_READ_COUNTERS = 23, /**< message words 0..: struct of enum syscall_counter values */
    /**
     * x0: core. Message words 0..: its enum syscall_counter values. For an observer (SYSDESC_PD_OBSERVER) also
     * x0: SYSCALL_COUNTERS_THREAD + n, of a thread: PDs in the order of their rows, then vCPUs; SYSCALL_INVALID:
     * there are no more. Message words: enum syscall_thread_word.
     */
    SYSCALL_COUNTERS = 24,
    /**
     * Where a VM's doorbells are is the guest's to choose if a BAR of PCI contains them. x0: child id of a
     * vCPU, x1: GPA as its rows in the descriptor say, x2: GPA from now on; SYSCALL_NOWHERE: they don't ring.
     */
    SYSCALL_DOORBELL_MOVE = 25,
    /**
     * And so is the INTID of an MSI. x0: the caller's channel to a PD that posts interrupts in its stead, x1:
     * which of those, counted from 0 in the order of rows, x2: child id of the vCPU that gets it from now on,
     * x3: INTID, 16 or above; 0: none, and what is posted notifies the caller's channel instead. The caller
     * may pend any interrupt of its vCPUs anyway, and the other end may notify that channel.
     */
    SYSCALL_POST_ROUTE = 26,
    /**
     * An SPI is routed to another vCPU. x0: child id of the vCPU that had it, x1: INTID, 32 or above, x2:
     * child id of the vCPU that has it from now on. What is pending of it, its line and configuration, the
     * physical interrupts and posts that pend it there, and one that is late: all go along. One that is
     * active stays so on the old vCPU until its guest ends it, and is not signalled on the new one before
     * that.
     */
    SYSCALL_VIRQ_MOVE = 27,
    /** x1: 1 it runs no more, but keeps all that it is; 0 it goes on. A fault of its on the way still comes. */
    SYSCALL_VCPU_PAUSE = 28,
    /* For a debugger, on vCPUs with SYSDESC_VCPU_DEBUG only. */
    SYSCALL_VCPU_READ_GROUP = 29, /**< x1: enum syscall_vcpu_group. Message words 0..: its registers */
    /**
     * x1: enum syscall_vcpu_register, x2: value. SYSCALL_INVALID: there is no such register, or its value would
     * be none of the guest's: PSTATE takes flags, masks and the modes of EL0 and EL1 of AArch64, the other bits
     * stay.
     */
    SYSCALL_VCPU_WRITE_REGISTER = 30,
    /**
     * x0: a number that becomes an event of the caller's, where events are recorded (SYSDESC_TRACE_MARK); its top bit,
     * SYSCALL_TRACE_DEATH: the caller's virtual machine has died, and the reader of events is told. SYSCALL_DENIED:
     * nobody records any.
     */
    SYSCALL_TRACE_MARK = 31
};

/** The last one. */
#define SYSCALL_LAST SYSCALL_TRACE_MARK

#define SYSCALL_TRACE_DEATH (1ull << 47)

/** Registers that SYSCALL_VCPU_READ_GROUP reads. */
enum syscall_vcpu_group {
    /** 0..30: x0..x30, 31: SP of the mode it is in, 32: PC, 33: PSTATE, 34: SCTLR_EL1, 35: TCR_EL1, 36: TTBR0_EL1,
        37: TTBR1_EL1, 38: how many breakpoints, | watchpoints << 8 */
    SYSCALL_VCPU_GROUP_CORE = 0,
    SYSCALL_VCPU_GROUP_FP_LOW = 1, /**< V0..V15, low half first */
    SYSCALL_VCPU_GROUP_FP_HIGH = 2 /**< V16..V31, then FPCR, FPSR */
};
#define SYSCALL_VCPU_GROUP_CORE_WORDS 39u

/** Registers that SYSCALL_VCPU_WRITE_REGISTER writes. */
enum syscall_vcpu_register {
    SYSCALL_VCPU_REGISTER_X = 0, /**< + n */
    SYSCALL_VCPU_REGISTER_SP = 31,
    SYSCALL_VCPU_REGISTER_PC = 32,
    SYSCALL_VCPU_REGISTER_PSTATE = 33,
    SYSCALL_VCPU_REGISTER_V = 64, /**< + 2n its low half, + 2n + 1 its high half */
    SYSCALL_VCPU_REGISTER_FPCR = 128,
    SYSCALL_VCPU_REGISTER_FPSR = 129,
    /** The debugger's own breakpoints and watchpoints, + n; in force while it is attached, in place of the
        guest's. Their controls' bits for EL2 and for linking are ignored. */
    SYSCALL_VCPU_REGISTER_BVR = 0x100,
    SYSCALL_VCPU_REGISTER_BCR = 0x110,
    SYSCALL_VCPU_REGISTER_WVR = 0x120,
    SYSCALL_VCPU_REGISTER_WCR = 0x130,
    SYSCALL_VCPU_REGISTER_DEBUGGER =
        0x140 /**< enum syscall_vcpu_debugger; drops all instruction caches as well */
};

enum syscall_vcpu_debugger {
    SYSCALL_VCPU_DEBUGGER_ATTACHED = 1u << 0, /**< debug exceptions and BRK are faults, and not the guest's */
    SYSCALL_VCPU_DEBUGGER_STEP = 1u << 1      /**< one comes after the next instruction */
};

/** An address that no doorbell has. */
#define SYSCALL_NOWHERE (~0ull)

/** Status of a call in x0. */
enum syscall_status { SYSCALL_OK = 0, SYSCALL_DENIED = 1, SYSCALL_INVALID = 2 };

enum syscall_wait_flags {
    SYSCALL_WAIT_REPLY = 1u << 0,  /**< first reply to the caller or resume the faulted child */
    SYSCALL_WAIT_NOTIFY = 1u << 1, /**< then notify channel x2 (a deferred notify) */
    SYSCALL_WAIT_ACK = 1u << 2     /**< then acknowledge interrupt channel x2 (a deferred ack) */
};

enum syscall_event {
    SYSCALL_EVENT_NOTIFIED = 0, /**< x1: the notification word, now cleared; bit n is channel n */
    SYSCALL_EVENT_PPC = 1,      /**< x1: channel, x2: message info */
    SYSCALL_EVENT_FAULT = 2     /**< x1: child id, x2: message info. No reply = it stays stopped */
};

enum syscall_virq_flags {
    SYSCALL_VIRQ_ENABLED = 1u << 0,
    SYSCALL_VIRQ_LEVEL = 1u << 1, /**< level-sensitive: pending follows the line; else edge */
    SYSCALL_VIRQ_GROUP1 = 1u << 2 /**< of group 1, which a GICv2's guest has none of; else group 0 */
};

/** What SYSCALL_VIRQ_SET does. */
enum syscall_virq_op {
    SYSCALL_VIRQ_PEND = 0,       /**< latch pending: an edge, a software pend, an SGI from vCPU x3 */
    SYSCALL_VIRQ_UNPEND = 1,     /**< drop the latch; of an SGI, the sources that are bits of x3 */
    SYSCALL_VIRQ_RAISE = 2,      /**< line high */
    SYSCALL_VIRQ_LOWER = 3,      /**< line low */
    SYSCALL_VIRQ_ACTIVATE = 4,   /**< GICD_ISACTIVER */
    SYSCALL_VIRQ_DEACTIVATE = 5, /**< GICD_ICACTIVER */
    SYSCALL_VIRQ_PEND_LATE = 6 /**< latch an edge at most as many microseconds later as x3 says: with another
                                  one, or when the vCPU runs anyway */
};

/** Bits that SYSCALL_VIRQ_GET returns; an SGI's sources (bit n: vCPU n) follow in bits 15..8. */
enum syscall_virq_state { SYSCALL_VIRQ_IS_PENDING = 1u << 0, SYSCALL_VIRQ_IS_ACTIVE = 1u << 1 };
#define SYSCALL_VIRQ_SOURCES_SHIFT 8

/**
 * Fault messages (EVENT_FAULT). A child PD's labels and words are seL4's (microkit.h: seL4_Fault_*).
 * A vCPU's are below; the kernel itself handles WFI, timers, FP and system registers. An instruction or a
 * system register that the guest's machine does not have is an Undefined Instruction to it, and counted.
 */
enum syscall_vcpu_fault {
    /**
     * Stage-2 abort. Words: 0 GPA, 1 ESR_EL2, 2 the stored value (writes), zero-extended to the access
     * width, 3 PC, 4 FAR. If ESR's ISV is set, replying with label 0 completes the access: word 0 is the
     * value loaded (the kernel truncates or sign-extends it into the register), and the PC advances.
     */
    SYSCALL_VCPU_FAULT_ABORT = 0x20,
    /** HVC (word 0 = 0) or SMC (word 0 = 1). Words 1..8: x0..x7, 9: immediate. Reply words 0..3 become
       x0..x3. */
    SYSCALL_VCPU_FAULT_CALL = 0x21,
    /** An instruction fetch from nowhere. Words: 0 ESR_EL2, 1 FAR_EL2, 2 PC, 3 GPA. */
    SYSCALL_VCPU_FAULT_FETCH = 0x22,
    /** A debug exception, with a debugger attached. Words: 0 ESR_EL2, 1 FAR_EL2 (of a watchpoint), 2 PC. */
    SYSCALL_VCPU_FAULT_DEBUG = 0x23
};
/** Reply labels to a vCPU fault. */
enum syscall_vcpu_reply {
    SYSCALL_VCPU_REPLY_DONE = 0, /**< complete the access or call */
    SYSCALL_VCPU_REPLY_UNDEF =
        1, /**< inject an Undefined Instruction exception at the faulting instruction */
    SYSCALL_VCPU_REPLY_ABORT = 2, /**< inject a synchronous external data abort, FAR_EL1 set */
    SYSCALL_VCPU_REPLY_RETRY = 3, /**< run the instruction again */
    SYSCALL_VCPU_REPLY_BRK = 4    /**< the BRK that caused a SYSCALL_VCPU_FAULT_DEBUG is the guest's own */
};

/** Indices of event counters: what the benchmarks report beside instructions. */
enum syscall_counter {
    SYSCALL_COUNTER_EXITS = 0,     /**< guest to EL2, all causes */
    SYSCALL_COUNTER_EXIT_MMIO,     /**< stage-2 aborts handed to a VMM */
    SYSCALL_COUNTER_EXIT_DOORBELL, /**< stage-2 aborts that were a doorbell */
    SYSCALL_COUNTER_EXIT_WFI,
    SYSCALL_COUNTER_EXIT_CALL,
    SYSCALL_COUNTER_EXIT_SYSREG,
    SYSCALL_COUNTER_EXIT_IRQ,
    SYSCALL_COUNTER_EXIT_FP,
    SYSCALL_COUNTER_EXIT_UNDEFINED, /**< registers and instructions that the guest's machine does not have */
    SYSCALL_COUNTER_SYSCALLS,
    SYSCALL_COUNTER_SWITCHES, /**< changes of the running PD or vCPU */
    SYSCALL_COUNTER_NOTIFICATIONS,
    SYSCALL_COUNTER_POSTED, /**< posted interrupts */
    SYSCALL_COUNTER_VIRQS,  /**< virtual interrupts written to a list register */
    SYSCALL_COUNTER_IRQS,   /**< physical interrupts taken */
    SYSCALL_COUNTER_MAINTENANCE,
    SYSCALL_COUNTER_SERRORS, /**< asynchronous errors of memory or buses; of the core only, nobody is blamed
                              */
    SYSCALL_COUNTER_IDLE_TICKS, /**< generic-timer ticks spent idle */
    SYSCALL_COUNTER_RUN_TICKS,  /**< and spent running, by the core's threads or the thread */
    SYSCALL_COUNTER_COUNT
};

/** Threads in SYSCALL_COUNTERS are numbered from here. */
#define SYSCALL_COUNTERS_THREAD 0x100u
#define SYSCALL_THREAD_NAME_WORDS 8u
enum syscall_thread_word {
    SYSCALL_THREAD_COUNTERS = 0, /**< enum syscall_counter */
    SYSCALL_THREAD_PLACE =
        SYSCALL_COUNTER_COUNT, /**< core | priority << 8 | 1 << 16 (a vCPU) | state << 24 | parent's row << 32 */
    SYSCALL_THREAD_NAME,       /**< and following: its row's */
    SYSCALL_THREAD_WORDS = SYSCALL_THREAD_NAME + SYSCALL_THREAD_NAME_WORDS
};
