/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The bundled kernel's provider of microkit.h: system calls and the PD's main loop.
 *
 * The state here is the PD's own and global by the nature of the API: no call has a handle.
 */
#include <microkit.h>

#include "kernel/include/syscall.h"
#include "kernel/include/sysdesc.h"
#include "microkit/bundled/libmicrokit.h"

/* Patched by the tool in its copy of the ELF: a section of its own, that --gc-sections keeps and that has
   bytes in the file. */
#define PATCHED __attribute__((section(".microkit_symbols"), used))

char microkit_name[MICROKIT_PD_NAME_LENGTH] PATCHED = "";
seL4_Word microkit_irqs PATCHED = 0;
seL4_Word microkit_notifications PATCHED = 0;
seL4_Word microkit_pps PATCHED = 0;

/* What the return from the running entry point has to do first: flags of SYSCALL_WAIT and their channel. */
static struct {
    uint64_t flags;
    uint64_t channel;
} deferred;

static seL4_Word *message_words(void)
{
    return (seL4_Word *)SYSDESC_PD_IPC_BUFFER;
}

struct libmicrokit_result libmicrokit_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                                           uint64_t a3)
{
    register uint64_t x0 __asm__("x0") = a0;
    register uint64_t x1 __asm__("x1") = a1;
    register uint64_t x2 __asm__("x2") = a2;
    register uint64_t x3 __asm__("x3") = a3;
    register uint64_t x7 __asm__("x7") = number;

    /* "memory": the other side may have written shared memory and the IPC buffer before it woke us. */
    __asm__ volatile("svc #0" : "+r"(x0), "+r"(x1), "+r"(x2) : "r"(x3), "r"(x7) : "memory");
    return (struct libmicrokit_result){x0, x1, x2};
}

static void complain(const char *call, const char *what, unsigned int number)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(" ");
    microkit_dbg_puts(call);
    microkit_dbg_puts(what);
    microkit_dbg_put32(number);
    microkit_dbg_puts("'\n");
}

static int channel_is_granted(const char *call, seL4_Word granted, microkit_channel ch)
{
    if (ch <= MICROKIT_MAX_CHANNEL_ID && (granted >> ch & 1) != 0) {
        return 1;
    }
    complain(call, ": invalid channel given '", ch);
    return 0;
}

/* Posted interrupts (SYSDESC_POST_BASE) are the kernel's to judge: no word has a bit for them. A deferred one
   that it refuses is lost without a word. */
void microkit_notify(microkit_channel ch)
{
    if (ch >= SYSDESC_POST_BASE) {
        if (libmicrokit_call(SYSCALL_NOTIFY, ch, 0, 0, 0).x0 != SYSCALL_OK) {
            complain("microkit_notify", ": invalid posted interrupt given '", ch);
        }
    } else if (channel_is_granted("microkit_notify", microkit_notifications, ch)) {
        libmicrokit_call(SYSCALL_NOTIFY, ch, 0, 0, 0);
    }
}

void microkit_irq_ack(microkit_channel ch)
{
    if (channel_is_granted("microkit_irq_ack", microkit_irqs, ch)) {
        libmicrokit_call(SYSCALL_IRQ_ACK, ch, 0, 0, 0);
    }
}

/* The slot holds one call; an earlier one that is still there is carried out now rather than lost. */
static void defer(uint64_t flag, microkit_channel ch)
{
    if (deferred.flags != 0) {
        libmicrokit_call(deferred.flags == SYSCALL_WAIT_NOTIFY ? SYSCALL_NOTIFY : SYSCALL_IRQ_ACK,
                         deferred.channel, 0, 0, 0);
    }
    deferred.flags = flag;
    deferred.channel = ch;
}

void microkit_deferred_notify(microkit_channel ch)
{
    if (ch >= SYSDESC_POST_BASE ||
        channel_is_granted("microkit_deferred_notify", microkit_notifications, ch)) {
        defer(SYSCALL_WAIT_NOTIFY, ch);
    }
}

void microkit_deferred_irq_ack(microkit_channel ch)
{
    if (channel_is_granted("microkit_deferred_irq_ack", microkit_irqs, ch)) {
        defer(SYSCALL_WAIT_ACK, ch);
    }
}

microkit_msginfo microkit_ppcall(microkit_channel ch, microkit_msginfo msginfo)
{
    microkit_msginfo reply = microkit_msginfo_new(0, 0);

    if (!channel_is_granted("microkit_ppcall", microkit_pps, ch)) {
        return reply;
    }
    struct libmicrokit_result result = libmicrokit_call(SYSCALL_PPC, ch, msginfo.words[0], 0, 0);
    if (result.x0 == SYSCALL_OK) {
        reply.words[0] = result.x1;
    } else {
        complain("microkit_ppcall", ": no answer on channel '", ch);
    }
    return reply;
}

void microkit_mr_set(seL4_Uint8 mr, seL4_Word value)
{
    if (mr < SYSDESC_IPC_WORDS) {
        message_words()[mr] = value;
    }
}

seL4_Word microkit_mr_get(seL4_Uint8 mr)
{
    return mr < SYSDESC_IPC_WORDS ? message_words()[mr] : 0;
}

static void child_call(const char *name, uint64_t number, microkit_child child, uint64_t a1)
{
    if (libmicrokit_call(number, child, a1, 0, 0).x0 != SYSCALL_OK) {
        complain(name, ": invalid child given '", child);
    }
}

void microkit_pd_restart(microkit_child pd, seL4_Word entry_point)
{
    child_call("microkit_pd_restart", SYSCALL_PD_RESTART, pd, entry_point);
}

void microkit_pd_stop(microkit_child pd)
{
    child_call("microkit_pd_stop", SYSCALL_PD_STOP, pd, 0);
}

void microkit_pd_resume(microkit_child pd)
{
    child_call("microkit_pd_resume", SYSCALL_PD_RESUME, pd, 0);
}

void microkit_vcpu_restart(microkit_child vcpu, seL4_Word entry_point)
{
    child_call("microkit_vcpu_restart", SYSCALL_VCPU_START, vcpu, entry_point);
}

void microkit_vcpu_stop(microkit_child vcpu)
{
    child_call("microkit_vcpu_stop", SYSCALL_VCPU_STOP, vcpu, 0);
}

void microkit_vcpu_arm_inject_irq(microkit_child vcpu, seL4_Uint16 irq, seL4_Uint8 priority, seL4_Uint8 group,
                                  seL4_Uint8 index)
{
    (void)group;
    (void)index;
    uint64_t flags = SYSCALL_VIRQ_ENABLED | (uint64_t)(priority & 0x1f) << 3 << 8;
    if (libmicrokit_call(SYSCALL_VIRQ_CONFIGURE, vcpu, irq, flags, 0).x0 != SYSCALL_OK) {
        complain("microkit_vcpu_arm_inject_irq", ": invalid vCPU or interrupt given '", vcpu);
        return;
    }
    libmicrokit_call(SYSCALL_VIRQ_ENABLE, vcpu, 1, 0, 0);
    libmicrokit_call(SYSCALL_VIRQ_SET, vcpu, irq, SYSCALL_VIRQ_PEND, 0);
}

void microkit_vcpu_arm_ack_vppi(microkit_child vcpu, seL4_Word irq)
{
    (void)vcpu;
    (void)irq;
}

/* Where SYSCALL_VCPU_READ_REGS puts the register, or 0xff. */
static seL4_Uint8 vcpu_register_word(seL4_Word reg)
{
    switch (reg) {
    case seL4_VCPUReg_SCTLR:
        return 37;
    case seL4_VCPUReg_TTBR0:
        return 38;
    case seL4_VCPUReg_TTBR1:
        return 39;
    case seL4_VCPUReg_ESR:
        return 34;
    case seL4_VCPUReg_FAR:
        return 36;
    case seL4_VCPUReg_SP_EL1:
        return 31;
    case seL4_VCPUReg_ELR_EL1:
        return 35;
    default:
        return 0xff;
    }
}

seL4_Word microkit_vcpu_arm_read_reg(microkit_child vcpu, seL4_Word reg)
{
    seL4_Uint8 word = vcpu_register_word(reg);

    if (word == 0xff || libmicrokit_call(SYSCALL_VCPU_READ_REGS, vcpu, 0, 0, 0).x0 != SYSCALL_OK) {
        complain("microkit_vcpu_arm_read_reg", ": invalid vCPU or register given '", vcpu);
        return 0;
    }
    return microkit_mr_get(word);
}

void microkit_arm_smc_call(seL4_ARM_SMCContext *args, seL4_ARM_SMCContext *response)
{
    register uint64_t x0 __asm__("x0") = args->x0;
    register uint64_t x1 __asm__("x1") = args->x1;
    register uint64_t x2 __asm__("x2") = args->x2;
    register uint64_t x3 __asm__("x3") = args->x3;
    register uint64_t x4 __asm__("x4") = args->x4;
    register uint64_t x5 __asm__("x5") = args->x5;
    register uint64_t x6 __asm__("x6") = args->x6;
    register uint64_t x7 __asm__("x7") = SYSCALL_SMC;

    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2)
                     : "r"(x3), "r"(x4), "r"(x5), "r"(x6), "r"(x7)
                     : "memory");
    *response = (seL4_ARM_SMCContext){.x0 = x0, .x1 = x1, .x2 = x2};
}

/* Entry points that a PD may leave out. */

__attribute__((weak)) microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    (void)msginfo;
    complain("is missing the 'protected' entry point", ": called on channel '", ch);
    return microkit_msginfo_new(0, 0);
}

__attribute__((weak)) seL4_Bool fault(microkit_child child, microkit_msginfo msginfo,
                                      microkit_msginfo *reply_msginfo)
{
    (void)msginfo;
    (void)reply_msginfo;
    complain("is missing the 'fault' entry point", ": called for child '", child);
    return seL4_False;
}

static void dispatch_notifications(uint64_t word)
{
    while (word != 0) {
        unsigned int ch = (unsigned int)__builtin_ctzll(word);

        word &= word - 1;
        notified(ch);
    }
}

/* One event; returns whether there is a reply in *reply. */
static int dispatch(const struct libmicrokit_result *event, microkit_msginfo *reply)
{
    microkit_msginfo msginfo = {{event->x2}};

    switch (event->x0) {
    case SYSCALL_EVENT_PPC:
        *reply = protected((microkit_channel)event->x1, msginfo);
        return 1;
    case SYSCALL_EVENT_FAULT:
        return fault((microkit_child)event->x1, msginfo, reply) != seL4_False;
    default:
        dispatch_notifications(event->x1);
        return 0;
    }
}

static void run_constructors(void)
{
    extern void (*const __init_array_start[])(void);
    extern void (*const __init_array_end[])(void);

    for (void (*const *f)(void) = __init_array_start; f != __init_array_end; f++) {
        (*f)();
    }
}

/* Interrupts that came before a restart would stay unacknowledged forever. */
static void ack_all(void)
{
    for (microkit_channel ch = 0; ch <= MICROKIT_MAX_CHANNEL_ID; ch++) {
        if ((microkit_irqs >> ch & 1) != 0) {
            microkit_irq_ack(ch);
        }
    }
}

_Noreturn void libmicrokit_run(void)
{
    int have_reply = 0;
    microkit_msginfo reply = microkit_msginfo_new(0, 0);

    deferred.flags = 0;
    run_constructors();
    init();
    ack_all();
    for (;;) {
        uint64_t flags = deferred.flags | (have_reply ? SYSCALL_WAIT_REPLY : 0);

        deferred.flags = 0;
        struct libmicrokit_result event =
            libmicrokit_call(SYSCALL_WAIT, flags, reply.words[0], deferred.channel, 0);
        reply = microkit_msginfo_new(0, 0);
        have_reply = dispatch(&event, &reply);
    }
}
