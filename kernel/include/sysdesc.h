/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The system descriptor: everything the bundled kernel knows about the system it runs.
 *
 * The tool `causeway` writes it at build time as read-only data of the image; the kernel only reads it.
 * All authority of a protection domain is its row in `struct sysdesc_pd`: which channels it has, who is at
 * the other end, which interrupts and which children it owns. The kernel creates nothing at run time.
 *
 * Shared by kernel (AArch64) and host tool: fixed-width little-endian fields, no pointers. All addresses of
 * tables are physical; the kernel maps them one to one.
 *
 * The image: the tool takes the kernel's ELF, adds segments for this descriptor, the stage-2 and EL2 tables,
 * the PDs and the memory regions, and stores the physical address of `struct sysdesc` in the kernel's
 * `sysdesc_address` (a uint64_t alone in the ELF section `.sysdesc_address`, read-only). Other symbols of the
 * kernel's ELF that the tool uses: `ipc_buffers` (SYSDESC_MAX_PDS pages; PD n has page n) and `klog`
 * (struct sysdesc_klog). The kernel is linked at its physical address, its segments page-aligned and with
 * distinct permissions (R-X, R--, RW-), and everything of EL2 is mapped one to one by `el2_root`:
 * 39-bit addresses, 4 KiB granule, attribute index 0 = Normal write-back, 1 = Device-nGnRE.
 */
#pragma once

#include <stdint.h>

#define SYSDESC_MAGIC 0x4353455953574343ull /* "CCWSYSEC" read as little-endian bytes */
#define SYSDESC_VERSION 6u

/** Limits of the kernel's static state. The tool refuses a system beyond them. */
#define SYSDESC_MAX_PDS 96u
#define SYSDESC_MAX_VCPUS 64u
#define SYSDESC_MAX_CORES 8u
#define SYSDESC_MAX_CHANNELS 62u /**< channel ids 0..61, as Microkit */
#define SYSDESC_MAX_IRQ 1020u    /**< INTIDs of SPIs below this */
#define SYSDESC_NAME_BYTES 64u

/**
 * A PD's fixed virtual addresses (stage-2 IPAs; 39-bit space). Nothing else may be mapped from
 * SYSDESC_PD_RESERVED_BASE up. The stack grows down from SYSDESC_PD_STACK_TOP, with unmapped pages below.
 */
#define SYSDESC_PD_ADDRESS_BITS 39u
#define SYSDESC_PD_RESERVED_BASE 0x7fe0000000ull
#define SYSDESC_PD_STACK_TOP 0x7ff0000000ull
#define SYSDESC_PD_IPC_BUFFER 0x7ffff00000ull /**< one page, read-write, also mapped by the kernel */

/** INTID of a vCPU's emulated physical timer (Arm BSA: PPI 14). */
#define SYSDESC_PTIMER_INTID 30u

/** One page of 64 message words (then unused), one per PD, in the kernel's `.ipc_buffers` segment. */
#define SYSDESC_IPC_WORDS 64u

/**
 * Words of a PD's IPC buffer behind the message, for its doorbells of kind PAUSE; bit n stands for channel n.
 * Both sides access them atomically. When a vCPU pauses (goes idle, or has used up its slice) the kernel sets
 * the bit in the first word; if the PD has set the bit in the second one, the kernel clears that and notifies
 * the channel.
 */
#define SYSDESC_IDLE_WORD 64u
#define SYSDESC_IDLE_ARMED_WORD 65u

/**
 * And for which VM it works. A PD that serves several VMs keeps in the first of these words the number of the
 * client that it works for now (SYSDESC_ACCOUNT_NOBODY: nobody's), and whenever that changes adds the ticks
 * of CNTVCT_EL0 since the last change to the client's word, SYSDESC_ACCOUNT_TICKS_WORD + number, and sets the
 * client's bit in SYSDESC_ACCOUNTS_WORD. The kernel divides the time that it has measured by these, never
 * more, and clears both. Numbers that the PD has no row for (struct sysdesc_account) are ignored.
 */
#define SYSDESC_ACCOUNT_WORD 66u
#define SYSDESC_ACCOUNTS_WORD 67u
#define SYSDESC_ACCOUNT_TICKS_WORD 128u
#define SYSDESC_ACCOUNT_NOBODY 64u

/**
 * And for a PD that reads the rings of events (struct sysdesc_trace): bit n leaves events of kind n out. With
 * ~0 nothing is recorded, but what may not be missed is told all the same.
 */
#define SYSDESC_TRACE_SKIP_WORD 68u

/**
 * What the PD `seed_pd` finds in its message words when it starts: word 0 is the length in bytes of the
 * rng-seed in the words that follow; 0: the firmware gave none.
 */
#define SYSDESC_SEED_MAX_BYTES 64u

/** What a PD's channel id stands for: bits, several may be set (notify and PPC share a channel). */
enum sysdesc_channel_kind {
    SYSDESC_CHANNEL_NOTIFY = 1u << 0, /**< notify sets bit `peer_channel` of PD `peer` */
    SYSDESC_CHANNEL_PPC = 1u << 1,    /**< may call PD `peer`, which sees channel `peer_channel` */
    SYSDESC_CHANNEL_IRQ = 1u << 2,    /**< physical interrupt `intid`; irq_ack allowed */
    SYSDESC_CHANNEL_VALID = 1u << 3   /**< this end exists (it may receive although it can't send) */
};

/** One end of a channel in the PD that holds it. Unused ids are all zero. */
struct sysdesc_channel {
    uint8_t kind;         /**< enum sysdesc_channel_kind */
    uint8_t peer_channel; /**< the id at the other end */
    uint16_t peer;        /**< PD index */
    uint16_t intid;       /**< for IRQ */
    uint16_t reserved;
};

/**
 * A PD's right to interrupt a vCPU without waking its VMM (KVM: irqfd). It is an end to send from only, so it
 * needs no bit in anybody's notification word: a PD's n-th row is what SYSCALL_NOTIFY knows as channel id
 * SYSDESC_POST_BASE + n.
 */
#define SYSDESC_POST_BASE 64u
/**
 * Added to such an id: no hurry. The vCPU, if it is idle, runs next after the one of its priority that runs
 * now, not before that.
 */
#define SYSDESC_POST_DEFERRABLE 0x1000u
/** Posted interrupts and doorbells in all: what the VMMs change of them is state of the kernel's. */
#define SYSDESC_MAX_POSTS 512u
#define SYSDESC_MAX_DOORBELLS 1024u
struct sysdesc_post {
    uint16_t vcpu;     /**< vCPU index */
    uint16_t intid;    /**< virtual INTID that it pends; 0: none until the VMM says (SYSCALL_POST_ROUTE) */
    uint16_t delay_us; /**< how late the interrupt may be; 0: at once */
    uint8_t channel;   /**< the PD's channel to the vCPU's VMM, in whose stead it interrupts */
    uint8_t reserved;
};

/**
 * A VM that a PD works for, and has pay for that. A VMM has one row, of its own VM: all its time is the VM's.
 * A service has a row for each VM that is its client, under the id of its channel to that VMM; a driver has
 * rows for the clients of the service in front of it. PDs have other rows only for native clients: none.
 */
#define SYSDESC_MAX_ACCOUNTS 1024u
struct sysdesc_account {
    uint16_t vcpu; /**< the VM's first vCPU */
    uint8_t id;    /**< the PD's number for it, 0..63, at most one row each */
    uint8_t reserved;
};

/** What a child id (0..61) of a parent PD stands for. PDs and vCPUs share the id space, as in Microkit. */
enum sysdesc_child_kind { SYSDESC_CHILD_NONE = 0, SYSDESC_CHILD_PD = 1, SYSDESC_CHILD_VCPU = 2 };
struct sysdesc_child {
    uint16_t kind;  /**< enum sysdesc_child_kind */
    uint16_t index; /**< PD or vCPU index */
};

#define SYSDESC_NO_PARENT 0xffffu

/** Calls of the firmware that one PD may be given. */
#define SYSDESC_MAX_SMC_CALLS 8u

/** Flags of a PD. */
enum sysdesc_pd_flags {
    SYSDESC_PD_PASSIVE = 1u << 0, /**< after init() it runs only on its callers' time */
    SYSDESC_PD_NO_FPU = 1u << 1,  /**< FP/SIMD use is a fault */
    SYSDESC_PD_OBSERVER = 1u << 2 /**< it may read what each thread has counted */
};

struct sysdesc_pd {
    char name[SYSDESC_NAME_BYTES]; /**< NUL-terminated */
    uint64_t stage2_root;          /**< level-1 table, 512 entries, 39-bit IPA */
    uint64_t entry;                /**< first instruction */
    uint64_t ipc_buffer;           /**< physical address of its IPC buffer page */
    uint32_t budget_us;            /**< 1 .. period_us */
    uint32_t period_us;
    uint16_t parent; /**< PD index or SYSDESC_NO_PARENT */
    uint8_t child_id;
    uint8_t priority; /**< 0..254 */
    uint8_t core;
    uint8_t flags;       /**< enum sysdesc_pd_flags */
    uint16_t vmid;       /**< unique, never 0 */
    uint32_t post_first; /**< its rows in the table of posted interrupts: [first, first + count) */
    uint32_t post_count;
    uint32_t account_first; /**< its rows in the table of accounts: [first, first + count) */
    uint32_t account_count;
    /**
     * The function ids that the PD may have the kernel call the firmware with (SYSCALL_SMC); 0: no more. Each
     * is smccc_is_grantable(), or the kernel does not boot. With none the PD makes no call at all.
     */
    uint32_t smc_calls[SYSDESC_MAX_SMC_CALLS];
    struct sysdesc_channel channels[64];
    struct sysdesc_child children[64];
};

/** Flags of a vCPU. */
enum sysdesc_vcpu_flags {
    SYSDESC_VCPU_SVE = 1u << 0, /**< has SVE, where the core has it */
    SYSDESC_VCPU_DEBUG =
        1u << 1 /**< its VMM may read and write all its registers, and take its debug exceptions */
};

struct sysdesc_vcpu {
    char name[SYSDESC_NAME_BYTES]; /**< the virtual machine's name */
    uint64_t stage2_root;          /**< level-1 table, 512 entries, 39-bit IPA; shared by a VM's vCPUs */
    uint64_t vmpidr;               /**< MPIDR_EL1 as the guest sees it */
    uint32_t budget_us;
    uint32_t period_us;
    uint16_t parent; /**< the VMM's PD index */
    uint8_t child_id;
    uint8_t priority;
    uint8_t core;
    uint8_t flags;           /**< enum sysdesc_vcpu_flags */
    uint16_t vmid;           /**< shared by a VM's vCPUs */
    uint32_t doorbell_first; /**< its rows in the doorbell table: [first, first + count) */
    uint32_t doorbell_count;
    uint32_t vtimer_intid; /**< virtual INTID of the virtual timer (27) */
    /** Where the guest's GICD_SGIR is: the kernel sends SGIs by itself, on whatever core. 0: there is none.
     */
    uint64_t sgir_gpa;
};

/** Flags of a doorbell. */
enum sysdesc_doorbell_flags {
    SYSDESC_DOORBELL_MATCH = 1u << 0,  /**< only stores of exactly `value` hit; others go to the VMM */
    SYSDESC_DOORBELL_IGNORE = 1u << 1, /**< swallow the store: notify nobody */
    /** No store rings it: it tells the PD that the vCPU paused, see SYSDESC_IDLE_WORD. `gpa` is all ones.
     */
    SYSDESC_DOORBELL_IDLE = 1u << 2
};

/** A store by a vCPU to `gpa` that becomes a notification without waking the VMM (KVM: ioeventfd). */
struct sysdesc_doorbell {
    uint64_t gpa;
    uint32_t value;
    uint8_t width_bytes; /**< 1, 2, 4 or 8; 0: any */
    uint8_t flags;       /**< enum sysdesc_doorbell_flags */
    uint8_t channel;     /**< bit set in the target's notification word */
    uint8_t reserved;
    uint16_t pd;       /**< target PD index */
    uint16_t delay_us; /**< how long the target may be left asleep while the vCPU runs on; 0: not at all */
    uint16_t reserved2[2];
};

/** What a physical interrupt leads to. */
enum sysdesc_irq_kind {
    SYSDESC_IRQ_PD = 1,  /**< notification `channel` of PD `target`; active until it acknowledges */
    SYSDESC_IRQ_VCPU = 2 /**< virtual INTID `virq` of vCPU `target` through a hardware-linked LR */
};

struct sysdesc_irq {
    uint32_t intid;
    uint16_t target;
    uint8_t kind; /**< enum sysdesc_irq_kind */
    uint8_t edge; /**< 1: edge-triggered, 0: level */
    uint32_t virq;
    uint8_t channel;
    uint8_t reserved[3];
};

/** What the board's UART is. */
enum sysdesc_uart_kind {
    SYSDESC_UART_PL011 = 0,   /**< Arm PL011 (DDI 0183) */
    SYSDESC_UART_CADENCE = 1, /**< Cadence UART of Zynq UltraScale+ (UG1085, chapter 21) */
    SYSDESC_UART_IMX = 2,     /**< UART of i.MX 8M (IMX8MPRM, 16.2) */
    SYSDESC_UART_KINDS
};

/** What the board's interrupt controller is, and what its guests see. */
enum sysdesc_gic_kind {
    SYSDESC_GIC_V2 = 0, /**< GICv2 (IHI 0048B) */
    SYSDESC_GIC_V3 = 1, /**< GICv3 or later (IHI 0069), without its legacy interface */
    SYSDESC_GIC_KINDS
};

/** Device addresses the kernel itself uses; mapped for EL2 only. 0: the board has none. */
struct sysdesc_board {
    uint64_t gicd_base;
    uint64_t gicc_base;       /**< GICv2 */
    uint64_t gich_base;       /**< GICv2 */
    uint64_t gicr_base;       /**< GICv3: redistributors, one behind the other */
    uint64_t gicr_bytes;      /**< of all of them */
    uint64_t uart_base;       /**< for early output, panics and debug output */
    uint64_t fdt_base;        /**< where the firmware leaves the board's device tree */
    uint64_t fdt_bytes;       /**< room for it; 0: it leaves none */
    uint32_t uart_irq;        /**< INTID */
    uint32_t vtimer_irq;      /**< virtual timer PPI, 27 */
    uint32_t hyptimer_irq;    /**< EL2 physical timer PPI, 26 */
    uint32_t maintenance_irq; /**< the virtual interface's maintenance PPI, 25 */
    uint32_t uart_kind;       /**< enum sysdesc_uart_kind */
    uint32_t timer_hz;        /**< of the generic timer, where firmware does not set CNTFRQ_EL0; 0: it does */
    uint32_t gic_kind;        /**< enum sysdesc_gic_kind */
    uint32_t reserved;
};

struct sysdesc {
    uint64_t magic;
    uint32_t version;
    uint32_t size_bytes; /**< sizeof(struct sysdesc) */
    uint64_t image_end;  /**< physical, behind the last byte that is loaded; start.S reads it */
    uint32_t core_count;
    uint32_t pd_count;
    uint32_t vcpu_count;
    uint32_t irq_count;
    uint32_t doorbell_count;
    uint32_t post_count;
    uint32_t account_count;
    uint16_t klog_pd;     /**< PD that reads the kernel's log ring, or SYSDESC_NO_PARENT */
    uint8_t klog_channel; /**< notification sent to it when there is new text */
    uint8_t reserved;
    uint16_t seed_pd; /**< PD that gets the firmware's rng-seed, or SYSDESC_NO_PARENT */
    uint16_t reserved2;
    uint16_t trace_pd;     /**< PD that reads the rings of events, or SYSDESC_NO_PARENT: there are none */
    uint8_t trace_channel; /**< notification sent to it when somebody has died */
    uint8_t reserved3;
    /** MPIDR_EL1 of each core, affinity fields only. With one core any will do. */
    uint64_t core_mpidrs[SYSDESC_MAX_CORES];
    uint64_t el2_root;         /**< EL2 stage-1 level-1 table: kernel, tables, IPC buffers, its devices */
    uint64_t pds;              /**< struct sysdesc_pd[pd_count] */
    uint64_t vcpus;            /**< struct sysdesc_vcpu[vcpu_count] */
    uint64_t irqs;             /**< struct sysdesc_irq[irq_count] */
    uint64_t doorbells;        /**< struct sysdesc_doorbell[doorbell_count] */
    uint64_t posts;            /**< struct sysdesc_post[post_count] */
    uint64_t accounts;         /**< struct sysdesc_account[account_count] */
    uint64_t trace;            /**< struct sysdesc_trace, and the rings behind it; 0: there are none */
    uint64_t trace_ring_bytes; /**< of each core's ring, a power of two */
    struct sysdesc_board board;
    char name[SYSDESC_NAME_BYTES]; /**< of the system */
};

/**
 * The kernel's log ring, in the kernel's page-aligned ELF section `.klog`, mapped read-only by the PD
 * `klog_pd`. `written` only grows; byte n of the log is at text[n % SYSDESC_KLOG_TEXT_BYTES].
 */
#define SYSDESC_KLOG_BYTES 0x10000u
#define SYSDESC_KLOG_TEXT_BYTES (SYSDESC_KLOG_BYTES - 64u)
struct sysdesc_klog {
    uint64_t written;
    uint8_t reserved[56];
    char text[SYSDESC_KLOG_TEXT_BYTES];
};

/**
 * The rings of events, in a region of RAM that the kernel writes and the PD `trace_pd` reads, if the description
 * asks for it. First a page with how many records each core has written since it started, which only grows; then
 * a ring of `trace_ring_bytes` for each core. Record n is at [n % records] of its core's. A record is written
 * before it is counted: one at n is whole if, after it was read, no more than n + records - 1 are counted.
 */
#define SYSDESC_TRACE_HEADER_BYTES 0x1000u
#define SYSDESC_TRACE_MIN_RING_BYTES 0x10000u
#define SYSDESC_TRACE_MAX_RING_BYTES 0x1000000u
#define SYSDESC_TRACE_RECORD_BYTES 16u

/** What a core has written, on a cache line of its own. */
struct sysdesc_trace_core {
    uint64_t written;
    uint64_t reserved[7];
};

/** The first page. */
struct sysdesc_trace {
    struct sysdesc_trace_core cores[SYSDESC_MAX_CORES];
};

/** `what` is enum sysdesc_trace_kind << 56 | thread << 48 | 48 bits that the kind says. */
struct sysdesc_trace_record {
    uint64_t ticks; /**< of CNTPCT_EL0 */
    uint64_t what;
};
#define SYSDESC_TRACE_KIND_SHIFT 56
#define SYSDESC_TRACE_THREAD_SHIFT 48
#define SYSDESC_TRACE_DETAIL_MASK 0xffffffffffffull
/** A thread's number: a PD's row, or this and a vCPU's row. */
#define SYSDESC_TRACE_VCPU_BASE SYSDESC_MAX_PDS
#define SYSDESC_TRACE_NOBODY 0xffu
/** In the detail of an access: it is a store. */
#define SYSDESC_TRACE_STORE (1ull << 47)

/** Events; behind each, whose thread is in the record, and what the detail is. */
enum sysdesc_trace_kind {
    SYSDESC_TRACE_NONE = 0,
    SYSDESC_TRACE_SWITCH,         /**< who runs from now on, NOBODY: the core sleeps; who ran */
    SYSDESC_TRACE_EXIT_MMIO,      /**< the vCPU; GPA, SYSDESC_TRACE_STORE */
    SYSDESC_TRACE_EXIT_DOORBELL,  /**< the vCPU; GPA */
    SYSDESC_TRACE_EXIT_WFI,       /**< the vCPU; 0 */
    SYSDESC_TRACE_EXIT_CALL,      /**< the vCPU; function id */
    SYSDESC_TRACE_EXIT_SYSREG,    /**< the vCPU; ISS of the syndrome */
    SYSDESC_TRACE_EXIT_IRQ,       /**< the vCPU; 0. SYSDESC_TRACE_IRQ follows */
    SYSDESC_TRACE_EXIT_FP,        /**< the vCPU; 0 */
    SYSDESC_TRACE_EXIT_UNDEFINED, /**< the vCPU; PC */
    SYSDESC_TRACE_EXIT_FETCH,     /**< the vCPU; GPA */
    SYSDESC_TRACE_EXIT_DEBUG,     /**< the vCPU; PC */
    SYSDESC_TRACE_RESUME,         /**< a vCPU whose exit its VMM has answered; label of the answer */
    SYSDESC_TRACE_IRQ,            /**< who ran; INTID */
    SYSDESC_TRACE_NOTIFY,         /**< who notifies; the other | its channel << 8 */
    SYSDESC_TRACE_POST,           /**< the vCPU that is interrupted; INTID */
    SYSDESC_TRACE_PPC,            /**< who calls; the server */
    SYSDESC_TRACE_PPC_RETURN,     /**< who replies; the caller */
    SYSDESC_TRACE_START,          /**< a vCPU that starts, or a PD that starts again; entry */
    SYSDESC_TRACE_STOP,           /**< who is stopped; 0 */
    SYSDESC_TRACE_FAULT,          /**< a PD; PC. Its parent is told */
    SYSDESC_TRACE_DIED,           /**< a PD that faulted and has no parent; PC */
    SYSDESC_TRACE_MARK,           /**< a PD; what it says (SYSCALL_TRACE_MARK) */
    SYSDESC_TRACE_KINDS
};
