/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The kernel's state: one `struct kernel`, in it one `struct core` per core, PDs and vCPUs by index.
 *
 * A core is a partition: it touches only its own struct, the PDs and vCPUs pinned to it, and the read-only
 * descriptor. There is no lock. What other cores may touch is marked: a PD's notification word, a vCPU's
 * inbox (inbox.h) and a core's mail (mail.h) are atomic bits; a thread's message and a PD's request are
 * handed over by mail, and belong to one core at a time. All arrays are static; links between threads are
 * pointers into them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/aarch64/arch.h"
#include "kernel/aarch64/features.h"
#include "kernel/core/virq.h"
#include "kernel/include/syscall.h"
#include "kernel/include/sysdesc.h"

/** A doubly linked list of threads, first in first out. */
struct thread_list {
    struct thread *head;
    struct thread *tail;
};

/** A thread's place in one list. */
struct thread_link {
    struct thread *next;
    struct thread *prev;
    struct thread_list *list; /**< NULL: in none */
};

/** Budget and period, in ticks; see budget.h. budget == period: no throttling, only round robin. */
struct budget {
    uint64_t budget;
    uint64_t period;
    int64_t remaining;   /**< of this period; below zero: owed to the next ones */
    uint64_t window_end; /**< when the next budget is added */
    uint64_t slept_at;   /**< without a limit: since when it earns its share of the time */
    bool throttled;      /**< it is used up, and there is a limit */
};

enum thread_kind { THREAD_PD, THREAD_VCPU };

enum thread_state {
    THREAD_OFF,     /**< vCPU never started, or stopped by its VMM */
    THREAD_READY,   /**< runs when its turn comes */
    THREAD_WAITING, /**< PD: in SYSCALL_WAIT */
    THREAD_CALLING, /**< PD: in SYSCALL_PPC */
    THREAD_REMOTE,  /**< PD: another core does what it asked for */
    THREAD_IDLE,    /**< vCPU: in WFI */
    THREAD_FAULTED  /**< until its parent replies; forever if it has none */
};

/** Words of the longest fault message. */
#define THREAD_FAULT_WORDS 13u

/** An answer on its way to another core: to a fault, or to a call (label: status; word 0: message info). */
struct thread_reply {
    uint64_t label;
    uint32_t count;
    uint64_t words[THREAD_FAULT_WORDS];
};

/** What PDs and vCPUs have in common. */
struct thread {
    struct arch_context context; /* first: the vectors save here */
    struct arch_fp fp;
    struct arch_user user;
    struct core *core;
    enum thread_kind kind;
    enum thread_state state;
    uint16_t index;
    uint8_t priority;
    bool suspended;            /**< stopped by its parent, whatever the state */
    bool woken;                /**< by an event, and it has not run since */
    struct thread_link ready;  /**< in its core's ready queue */
    struct thread_link call;   /**< in the callers of a PD */
    struct thread_link budget; /**< in its core's throttled list */
    struct thread_link wakeup; /**< in its core's list of wake-ups */
    uint64_t wakeup_time;
    struct thread_link ptimer;   /**< a vCPU: in its core's list of physical timers that are yet to fire */
    struct thread_link expired;  /**< a vCPU: in its core's list of those that have used up their time */
    struct thread_link deferred; /**< in one of its core's lists of late events */
    uint64_t deferred_until;
    struct budget own;           /**< its own budget */
    struct budget *budget_owner; /**< whose budget it runs on: its own, or its caller's (passive PDs) */
    /* Its message: with a fault that another core's PD handles it is that core's, from MAIL_MESSAGE to
     * MAIL_REPLY. */
    struct pd *server;      /**< the PD that it calls, or that handles its fault */
    uint64_t message_info;  /**< of its call or fault */
    bool calls;             /**< it is a call */
    bool is_away;           /**< a call, to another core, */
    uint16_t called;        /**< of this PD */
    bool restarts;          /**< a PD: as soon as its call is back, */
    uint64_t restart_entry; /**< there */
    uint64_t fault_words[THREAD_FAULT_WORDS];
    struct thread_reply reply; /**< from MAIL_REPLY on its own core's */
    uint64_t counters[SYSCALL_COUNTER_COUNT];
};

/**
 * What a PD asks another core for: a call on a vCPU or child of that core. It is the other core's from
 * MAIL_REQUEST to MAIL_DONE, and the PD waits.
 */
struct request {
    uint64_t number;     /**< enum syscall_number */
    uint64_t x[4];       /**< its arguments */
    uint32_t step;       /**< a call may take several, on several cores (request.h) */
    bool is_busy;        /**< it is on its way */
    bool is_orphan;      /**< and who sent it was restarted: its result is for nobody */
    uint64_t status;     /**< enum syscall_status */
    uint64_t value;      /**< result, x1 */
    uint32_t word_count; /**< results in words */
    uint64_t words[ARCH_VCPU_REGISTER_WORDS];
    struct virq_parcel parcel; /**< an interrupt that moves */
};

#define PD_LINE_BYTES 160u

/** A protection domain. */
struct pd {
    struct thread thread;
    const struct sysdesc_pd *row;
    uint64_t *words;            /**< its message words */
    uint64_t notifications;     /**< atomic, any core; bit n: channel n */
    uint64_t listening;         /**< atomic: it sleeps, and other cores have to say so if they notify it */
    struct request request;     /**< see there */
    uint64_t irqs_active;       /**< bit n: interrupt of channel n waits for its acknowledgement */
    struct thread_list callers; /**< calls and faults that wait for it */
    struct thread *caller;      /**< the thread that waits for its reply */
    bool dead;                  /**< faulted and nobody handles it */
    struct vcpu *own_vm;        /**< all its work is for this VM (first vCPU), NULL: see account.h */
    struct thread *sponsor;     /**< who made it work last, NULL: nobody */
    uint64_t accounts;          /**< bit n: it may name client n */
    uint16_t account_vcpus[64]; /**< and that is this vCPU's VM */
    uint64_t unclaimed;         /**< ticks that it has run and no client was charged for yet */
    char line[PD_LINE_BYTES];   /**< debug output up to the next newline */
    uint32_t line_bytes;
};

/** What other cores pend of a vCPU: sets of interrupts. */
enum inbox_kind {
    INBOX_PEND,       /**< pend it */
    INBOX_PEND_HW,    /**< its physical interrupt is active */
    INBOX_RELEASE,    /**< it is over where it was */
    INBOX_DEACTIVATE, /**< end it, if it is active here and another vCPU's now */
    INBOX_KINDS
};

#define INBOX_BIT(kind, word) ((uint32_t)(kind)*VIRQ_WORDS + (word))
_Static_assert(INBOX_KINDS *VIRQ_WORDS <= 64, "the summary is one word");

/** See inbox.h. */
struct inbox {
    uint64_t summary; /**< bit INBOX_BIT(kind, n): words[kind][n] may have some */
    uint64_t words[INBOX_KINDS][VIRQ_WORDS];
    uint64_t sgis[2]; /**< a byte for each SGI, a bit for each sender */
};

/** A virtual CPU. */
struct vcpu {
    struct thread thread;
    const struct sysdesc_vcpu *row;
    struct arch_vcpu arch;
    struct arch_debugger debugger;
    struct virq_state virq;
    struct {
        uint64_t ctl, cval; /**< CNTP_CTL_EL0 without ISTATUS, CNTP_CVAL_EL0 */
        bool line;          /**< its interrupt is raised */
    } ptimer;
    struct inbox inbox;      /**< atomic, any core */
    uint64_t debt;           /**< atomic, any core: ticks that others have worked for it there */
    uint32_t deferred_intid; /**< of its late event, while it has one */
    uint16_t idle_first;     /**< in struct kernel's idle_next, or KERNEL_NO_DOORBELL */
    uint64_t rang_at;        /**< when it last rang a doorbell that may be late */
    uint16_t vm_first;       /**< the vCPUs of its VM: [first, first + count) */
    uint16_t vm_count;
    bool shares_core; /**< another one of its VM is on its core */
};

#define CORE_PRIORITIES 256u

/** Why a core has mail: each is a set of threads. */
enum mail_kind {
    MAIL_NOTIFIED, /**< a PD of this core has been notified while it slept */
    MAIL_VIRQ,     /**< a vCPU of this core has something in its inbox */
    MAIL_MESSAGE,  /**< a call, or a fault, of a thread of another core is for a PD of this core */
    MAIL_CANCEL,   /**< the same is void: its PD starts again, and waits for MAIL_REPLY */
    MAIL_REPLY,    /**< a thread of this core: its message is answered */
    MAIL_REQUEST,  /**< a PD of another core asks for something */
    MAIL_DONE,     /**< a PD of this core: what it asked for is done */
    MAIL_LOG,      /**< a core has lines for the log, by core number */
    MAIL_KINDS
};
/** PDs, then vCPUs. */
#define MAIL_WORDS ((SYSDESC_MAX_PDS + SYSDESC_MAX_VCPUS + 63u) / 64u)

#define CORE_LOG_BYTES 2048u

/** Lines of a core's on their way to the core that has the log. */
struct core_log {
    char text[CORE_LOG_BYTES];
    uint64_t written; /**< atomic: by this core */
    uint64_t taken;   /**< atomic: by the log's */
    uint64_t lost;    /**< bytes that found no room */
};

/** A core's ring of events (struct sysdesc_trace); trace.h. */
struct core_trace {
    struct sysdesc_trace_record *records; /**< NULL: none are recorded */
    struct sysdesc_trace_core *count;
    const uint64_t *skip; /**< of its reader: what it does not want */
    uint64_t mask;        /**< records less one */
};

/** Everything of one core. */
struct core {
    struct arch_context *context; /* first: where the vectors save. Points into `current` */
    struct kernel *kernel;
    uint32_t id;
    uint64_t stack_top;
    bool is_up;                            /**< atomic: its hardware is set up, so it takes interrupts */
    uint64_t mail_words;                   /**< atomic, any core: which words of mail have any; see mail.h */
    uint64_t mail[MAIL_KINDS][MAIL_WORDS]; /**< atomic, any core */
    struct core_log log;
    struct features features; /**< what the core has, and what follows from it */
    struct thread *current;   /**< who runs, NULL: nobody */
    struct thread *resident;  /**< whose switched-at-once registers are in the hardware */
    struct vcpu *loaded;      /**< whose EL1 registers, timer and GIC state are in the hardware */
    struct thread *fp;        /**< whose FP registers are in the hardware */
    const struct arch_debug_points *points; /**< the breakpoints and watchpoints that are in the hardware */
    bool debug_on;                          /**< MDSCR_EL1 is the running vCPU's, else 0 */
    bool walks;                             /**< a guest's stage 1 is on (FEATURES_SPECULATIVE_AT) */
    bool fp_open;                           /**< CPTR_EL2 lets the running thread at them */
    uint64_t slice_start;
    uint64_t deadline;      /**< what the timer is set to */
    struct thread *leaving; /**< who ran before `current`, until it is charged for that; NULL: nobody */
    uint64_t turn_end;      /**< of `current` among the vCPUs of its VM; ARCH_NEVER: it shares with none */
    bool had_slice;         /**< has_slice of that */
    bool has_slice;         /**< the timer ends the slice of `current`: it has a limit, or equals that wait */
    bool need_resched;      /**< who is to run, or until when, may have changed since sched_pick() */
    struct arch_irqchip irqchip;
    uint64_t ready_bits[CORE_PRIORITIES / 64];
    struct thread_list ready[CORE_PRIORITIES];
    uint16_t equals[CORE_PRIORITIES]; /**< threads of each priority, ready or not */
    struct thread_list throttled;
    struct thread_list wakeups;
    struct thread_list expired;        /**< vCPUs that have used up their time, which PDs must hear of */
    struct thread_list ptimers;        /**< vCPUs whose physical timer is yet to fire */
    struct thread_list deferred_pds;   /**< PDs with a notification that they may sleep over */
    struct thread_list deferred_vcpus; /**< vCPUs with an interrupt that may wait */
    struct core_trace trace;
    uint64_t counters[SYSCALL_COUNTER_COUNT];
};

#define KERNEL_NO_IRQ 0xffffu
#define KERNEL_NO_DOORBELL 0xffffu

/** What a posted interrupt pends now: INTID in the lower half, 0: nothing; vCPU index in the upper half. */
#define KERNEL_POST_INTID(post) ((post)&0xffffu)
#define KERNEL_POST_VCPU(post) ((post) >> 16)

/** The whole state. */
struct kernel {
    const struct sysdesc *desc;
    const struct sysdesc_irq *irqs;
    const struct sysdesc_doorbell *doorbells;
    const struct sysdesc_post *posts;
    const struct sysdesc_account *accounts;
    uint32_t
        post_routes[SYSDESC_MAX_POSTS]; /**< KERNEL_POST_*; atomic, as the poster may be on another core */
    uint64_t doorbell_gpas[SYSDESC_MAX_DOORBELLS]; /**< where each is now; atomic */
    /** Of the first doorbell with SYSDESC_DOORBELL_IDLE that leads from a vCPU to a PD: the bits of all of
     * them, and the row for the vCPU's next PD. */
    uint64_t idle_bits[SYSDESC_MAX_DOORBELLS];
    uint16_t idle_next[SYSDESC_MAX_DOORBELLS];
    struct sysdesc_klog *log;
    bool is_running;  /**< atomic: all cores are up */
    bool log_to_uart; /**< nobody reads the log ring (yet) */
    struct core cores[SYSDESC_MAX_CORES];
    struct pd pds[SYSDESC_MAX_PDS];
    struct vcpu vcpus[SYSDESC_MAX_VCPUS];
    uint16_t irq_rows[SYSDESC_MAX_IRQ];  /**< INTID to row, or KERNEL_NO_IRQ */
    uint16_t irq_vcpus[SYSDESC_MAX_IRQ]; /**< by row: the vCPU that a SYSDESC_IRQ_VCPU goes to now; atomic */
    uint8_t spi_homes[SYSDESC_MAX_VCPUS]
                     [VIRQ_COUNT]; /**< by a VM's first vCPU: which of its has an SPI; atomic */
};

/** The PD that `thread` is. */
static inline struct pd *kernel_pd(struct thread *thread)
{
    return (struct pd *)thread;
}

/** The vCPU that `thread` is. */
static inline struct vcpu *kernel_vcpu(struct thread *thread)
{
    return (struct vcpu *)thread;
}

/** The same for who only looks. */
static inline const struct vcpu *kernel_vcpu_const(const struct thread *thread)
{
    return (const struct vcpu *)thread;
}

/** Whether `thread` belongs to the calling core, which alone may touch it. */
static inline bool kernel_is_local(const struct thread *thread)
{
    return thread->core->id == arch_core_id();
}

/** Number of `thread` in sets of both kinds: PDs, then vCPUs. */
static inline uint32_t kernel_number(const struct thread *thread)
{
    return thread->kind == THREAD_PD ? thread->index : SYSDESC_MAX_PDS + thread->index;
}

/** Count an event of the core and of its running thread. */
static inline void kernel_count(struct core *core, enum syscall_counter counter)
{
    core->counters[counter]++;
    if (core->current != NULL) {
        core->current->counters[counter]++;
    }
}
