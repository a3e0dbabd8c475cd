/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM's platform seam on seL4 through Microkit: libsel4's TCB and vCPU objects. */
#include "vmm/platform.h"

#include <stddef.h>

#include "lib/aarch64/esr.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/timer_client/timer_client.h"
#include "vmm/platform_sel4_idle.h"
#include "vmm/sel4/context.h"
#include "vmm/sel4/gic_scrub.h"
#include "vmm/sel4/irq_ack_on_eoi.h"
#include "vmm/sel4/restart.h"
#include "vmm/sel4/vcpu.h"
#include "vmm/sel4/vcpu_regs.h"

#define INSTRUCTION_BYTES 4u

/* The platform's state; one VMM is one program, and has one virtual machine. */
static struct {
    const struct vmm_config *config;
    struct vcpu vcpus[VMM_CONFIG_MAX_VCPUS];
    struct timer_client alarm;
    struct log_limit refused;
    struct irq_ack_on_eoi ends;
} platform;

static struct vcpu *vcpu_at(uint32_t vcpu)
{
    return &platform.vcpus[vcpu];
}

void platform_init(const struct vmm_config *config)
{
    memset(&platform, 0, sizeof platform); /* a supervisor may have started this program again */
    platform_sel4_idle_reset();
    platform.config = config;
    timer_client_init(&platform.alarm, config->timer_channel);
    for (uint32_t i = 0; i < config->vcpu_count && i < VMM_CONFIG_MAX_VCPUS; i++) {
        struct vcpu *vcpu = vcpu_at(i);
        vcpu->tcb = BASE_VM_TCB_CAP + config->vcpu_child[i];
        vcpu->object = BASE_VCPU_CAP + config->vcpu_child[i];
        vcpu->alarm = &platform.alarm;
        vcpu->refused = &platform.refused;
        lr_queue_init(&vcpu->virqs);
        vcpu->virqs.lrs_unknown = vcpu->timer_masked = restart_was != 0;
    }
}

static void read_context(struct vcpu *vcpu, uint32_t words)
{
    vcpu_check(vcpu, (seL4_Error)seL4_TCB_ReadRegisters(vcpu->tcb, seL4_False, 0, words, &vcpu->context),
               "seL4_TCB_ReadRegisters");
}

static void write_context(struct vcpu *vcpu, uint32_t words)
{
    vcpu_check(vcpu, (seL4_Error)seL4_TCB_WriteRegisters(vcpu->tcb, seL4_False, 0, words, &vcpu->context),
               "seL4_TCB_WriteRegisters");
}

/* Go on behind the instruction; the first `words` of the context have been changed. */
static void step(struct vcpu *vcpu, uint32_t words)
{
    vcpu->context.pc += INSTRUCTION_BYTES;
    write_context(vcpu, words);
}

/* Sleeping and waking. */

void platform_alarm(uint64_t time)
{
    timer_client_set(&platform.alarm, time == PLATFORM_NEVER ? TIMER_CLIENT_NEVER : clock_ticks_of(time));
}

bool platform_notified(microkit_channel channel)
{
    if (channel != platform.config->timer_channel) {
        return false;
    }
    const uint64_t now = clock_ticks();
    timer_client_heard(&platform.alarm);
    for (uint32_t i = 0; i < platform.config->vcpu_count; i++) {
        struct vcpu *vcpu = vcpu_at(i);
        if (vcpu->parked && vcpu->deadline <= now) {
            vcpu_wake(vcpu);
        } else if (vcpu->parked) {
            timer_client_set(&platform.alarm, vcpu->deadline);
        }
    }
    return true;
}

/* Virtual interrupts. */

/* `intid` is not in flight any more: it may be signalled where it has been routed to meanwhile; `pending`: it
 * has to be, as nobody has served it. */
static void release(uint32_t intid, bool pending)
{
    for (uint32_t i = 0; i < platform.config->vcpu_count; i++) {
        struct vcpu *vcpu = vcpu_at(i);

        if (lr_queue_release(&vcpu->virqs, intid)) {
            if (pending) {
                lr_queue_latch(&vcpu->virqs, intid, true);
            }
            vcpu_deliver(vcpu);
        }
    }
}

static void on_maintenance(struct vcpu *vcpu, uint64_t lr)
{
    const uint32_t intid = lr < LR_QUEUE_LRS ? lr_queue_ended(&vcpu->virqs, (uint32_t)lr) : LR_QUEUE_NONE;

    if (intid == VCPU_TIMER_INTID) {
        vcpu_timer_unmask(vcpu);
    } else {
        irq_ack_on_eoi_ack(&platform.ends, intid);
        release(intid, false);
    }
    vcpu_deliver(vcpu);
}

void platform_virq_configure(uint32_t vcpu, uint32_t intid, const struct platform_virq *virq)
{
    lr_queue_configure(&vcpu_at(vcpu)->virqs, intid, virq);
    vcpu_enabled(vcpu_at(vcpu));
}

void platform_virq_enable(uint32_t vcpu, bool enabled)
{
    vcpu_at(vcpu)->virqs.enabled = enabled;
    vcpu_enabled(vcpu_at(vcpu));
}

void platform_virq_pend(uint32_t vcpu, uint32_t intid, uint32_t source)
{
    struct vcpu *state = vcpu_at(vcpu);

    if (intid < LR_QUEUE_SGIS) {
        lr_queue_send(&state->virqs, intid,
                      source); /* the guest acknowledges vCPU 0's: seL4 takes no source */
    } else {
        lr_queue_latch(&state->virqs, intid, true);
    }
    vcpu_deliver(state);
}

void platform_virq_unpend(uint32_t vcpu, uint32_t intid, uint8_t sources)
{
    if (intid < LR_QUEUE_SGIS) {
        lr_queue_take_back(&vcpu_at(vcpu)->virqs, intid, sources);
    } else {
        lr_queue_latch(&vcpu_at(vcpu)->virqs, intid, false);
    }
}

void platform_virq_move(uint32_t from, uint32_t intid, uint32_t to)
{
    lr_queue_move(&vcpu_at(from)->virqs, &vcpu_at(to)->virqs, intid);
    vcpu_deliver(vcpu_at(to));
}

uint8_t platform_virq_sources(uint32_t vcpu, uint32_t sgi)
{
    return sgi < LR_QUEUE_SGIS ? vcpu_at(vcpu)->virqs.sources[sgi] : 0;
}

void platform_virq_set_level(uint32_t vcpu, uint32_t intid, bool high)
{
    lr_queue_set_level(&vcpu_at(vcpu)->virqs, intid, high);
    vcpu_deliver(vcpu_at(vcpu));
}

void platform_virq_set_active(uint32_t vcpu, uint32_t intid, bool active)
{
    lr_queue_set_active(&vcpu_at(vcpu)->virqs, intid, active);
    vcpu_deliver(vcpu_at(vcpu));
}

bool platform_irq_ack_at_end(uint32_t intid, microkit_channel channel)
{
    return irq_ack_on_eoi_add(&platform.ends, intid, channel);
}

bool platform_virq_is_pending(uint32_t vcpu, uint32_t intid)
{
    if (intid == VCPU_TIMER_INTID) {
        vcpu_timer_lower(vcpu_at(vcpu));
    }
    return lr_queue_is_pending(&vcpu_at(vcpu)->virqs, intid) ||
           (intid == VCPU_TIMER_INTID && vcpu_timer_is_high(vcpu_at(vcpu)));
}

bool platform_virq_is_active(uint32_t vcpu, uint32_t intid)
{
    return lr_queue_is_active(&vcpu_at(vcpu)->virqs, intid);
}

/* Exits. All message words are read first: calls to the kernel and to other PDs overwrite them. */

static void give_up(struct platform_exit *exit, struct vcpu *vcpu, enum platform_exit_reason reason)
{
    exit->reason = reason;
    read_context(vcpu, CONTEXT_PC);
    exit->pc = vcpu->context.pc;
}

static void read_abort(struct platform_exit *exit, struct vcpu *vcpu)
{
    const uint64_t pc = microkit_mr_get(seL4_VMFault_IP);
    const uint64_t gpa = microkit_mr_get(seL4_VMFault_Addr);
    const bool is_fetch = microkit_mr_get(seL4_VMFault_PrefetchFault) != 0;
    const uint64_t esr = microkit_mr_get(seL4_VMFault_FSR);
    struct esr_access access;

    exit->syndrome = esr;
    if (is_fetch || !esr_decode(esr, &access)) {
        exit->u.crash.gpa = gpa;
        give_up(exit, vcpu, PLATFORM_EXIT_CRASH);
        return;
    }
    exit->reason = PLATFORM_EXIT_MMIO;
    exit->u.mmio.gpa = gpa;
    exit->u.mmio.width_bytes = access.width_bytes;
    exit->u.mmio.is_write = access.is_write;
    if (access.reg != CONTEXT_ZERO_REGISTER) {
        read_context(vcpu, context_words(access.reg));
    }
    vcpu->context.pc = pc;
    exit->pc = pc;
    if (exit->u.mmio.is_write) {
        exit->u.mmio.value = esr_store_value(&access, context_get(&vcpu->context, access.reg));
    }
}

static void read_smc(struct platform_exit *exit, struct vcpu *vcpu)
{
    exit->reason = PLATFORM_EXIT_CALL;
    exit->u.call.is_smc = true;
    exit->u.call.immediate = esr_immediate(exit->syndrome);
    read_context(vcpu, CONTEXT_X7);
    exit->pc = vcpu->context.pc;
    for (uint32_t i = 0; i < 8; i++) {
        exit->u.call.args[i] = context_get(&vcpu->context, i);
    }
}

/* seL4 takes every HVC for a system call; those whose x7 is the number of one never come here. */
static void read_hvc(struct platform_exit *exit, struct vcpu *vcpu)
{
    exit->reason = PLATFORM_EXIT_CALL;
    for (seL4_Uint8 i = 0; i < 8; i++) {
        exit->u.call.args[i] = microkit_mr_get((seL4_Uint8)(seL4_UnknownSyscall_X0 + i));
        context_set(&vcpu->context, i, exit->u.call.args[i]);
    }
    vcpu->context.pc = microkit_mr_get(seL4_UnknownSyscall_FaultIP);
    exit->pc = vcpu->context.pc;
}

static void read_sysreg(struct platform_exit *exit, struct vcpu *vcpu)
{
    const uint32_t number = esr_sysreg_register(exit->syndrome);

    exit->reason = PLATFORM_EXIT_SYSREG;
    read_context(vcpu, context_words(number));
    exit->pc = vcpu->context.pc;
    exit->u.sysreg.is_write = !esr_sysreg_is_read(exit->syndrome);
    if (exit->u.sysreg.is_write) {
        exit->u.sysreg.value = context_get(&vcpu->context, number);
    }
}

/* WFI traps only if nothing is pending for the guest, but that may have changed since it trapped. */
static void on_wfx(struct vcpu *vcpu, uint64_t syndrome)
{
    if (esr_wfx_is_wfe(syndrome)) {
        read_context(vcpu, CONTEXT_PC);
        step(vcpu, CONTEXT_PC);
        return;
    }
    platform_sel4_idle_tell();
    if (!vcpu->injected) {
        vcpu_park(vcpu);
    }
}

static void run(struct vcpu *vcpu)
{
    vcpu_check(vcpu,
               (seL4_Error)seL4_TCB_WriteRegisters(vcpu->tcb, seL4_True, 0, CONTEXT_ALL, &vcpu->context),
               "run");
}

/* From here on the guest's own code runs. */
static void begin(struct vcpu *vcpu)
{
    vcpu->on = true;
    vcpu->injected = false;
    vcpu_deliver(vcpu);
    vcpu->context =
        (seL4_UserContext){.pc = vcpu->entry, .spsr = VCPU_REGS_BOOT_PSTATE, .x0 = vcpu->argument};
    run(vcpu);
}

static void end_scrub(struct vcpu *vcpu)
{
    vcpu->scrubs = false;
    vcpu->answered = true;
    vcpu->virqs.lrs_unknown = false;
    gic_scrub_finish(platform.config);
    vcpu_regs_reset(vcpu->object, (uint32_t)(vcpu - platform.vcpus));
    begin(vcpu);
}

static void read_trap(struct platform_exit *exit, struct vcpu *vcpu)
{
    exit->syndrome = (uint32_t)microkit_mr_get(seL4_VCPUFault_HSR);
    switch (esr_class(exit->syndrome)) {
    case ESR_EC_WFX:
        on_wfx(vcpu, exit->syndrome);
        break;
    case ESR_EC_SMC64:
        if (vcpu->scrubs) {
            end_scrub(vcpu);
        } else {
            read_smc(exit, vcpu);
        }
        break;
    case ESR_EC_SYSREG:
        read_sysreg(exit, vcpu);
        break;
    default:
        give_up(exit, vcpu, PLATFORM_EXIT_UNDEFINED);
        break;
    }
}

static void read_fault(struct platform_exit *exit, struct vcpu *vcpu, seL4_Word label)
{
    switch (label) {
    case seL4_Fault_VMFault:
        read_abort(exit, vcpu);
        break;
    case seL4_Fault_VCPUFault:
        read_trap(exit, vcpu);
        break;
    case seL4_Fault_UnknownSyscall:
        read_hvc(exit, vcpu);
        break;
    case seL4_Fault_VGICMaintenance:
        on_maintenance(vcpu, microkit_mr_get(seL4_VGICMaintenance_IDX));
        break;
    case seL4_Fault_VPPIEvent:
        vcpu_timer_fired(vcpu);
        break;
    default:
        give_up(exit, vcpu, PLATFORM_EXIT_CRASH);
        break;
    }
}

enum err platform_exit_read(microkit_child child, microkit_msginfo msginfo, struct platform_exit *exit)
{
    *exit = (struct platform_exit){0};
    while (exit->vcpu < platform.config->vcpu_count && platform.config->vcpu_child[exit->vcpu] != child) {
        exit->vcpu++;
    }
    if (exit->vcpu == platform.config->vcpu_count) {
        return ERR_RANGE;
    }
    read_fault(exit, vcpu_at(exit->vcpu), microkit_msginfo_get_label(msginfo));
    return ERR_OK;
}

/* A store or MSR is done already; a load or MRS puts `value` into register `number`. */
static void finish_transfer(struct vcpu *vcpu, bool is_write, uint32_t number, uint64_t value)
{
    if (is_write) {
        step(vcpu, CONTEXT_PC);
    } else {
        context_set(&vcpu->context, number, value);
        step(vcpu, context_words(number));
    }
}

/* The reply to UnknownSyscall carries x0..x7 and the PC; everything else needs no words. */
static seL4_Uint16 finish_call(const struct platform_exit *exit, struct vcpu *vcpu)
{
    for (uint32_t i = 0; i < 4; i++) {
        context_set(&vcpu->context, i, exit->u.call.args[i]);
    }
    if (exit->u.call.is_smc) {
        step(vcpu, CONTEXT_X3);
        return 0;
    }
    for (seL4_Uint8 i = 0; i < 8; i++) {
        microkit_mr_set((seL4_Uint8)(seL4_UnknownSyscall_X0 + i), context_get(&vcpu->context, i));
    }
    microkit_mr_set(seL4_UnknownSyscall_FaultIP, vcpu->context.pc + INSTRUCTION_BYTES);
    return seL4_UnknownSyscall_FaultIP + 1;
}

static seL4_Uint16 finish_done(const struct platform_exit *exit, struct vcpu *vcpu)
{
    struct esr_access access;

    switch (exit->reason) {
    case PLATFORM_EXIT_MMIO:
        if (esr_decode(exit->syndrome, &access)) { /* it was when the exit was read */
            finish_transfer(vcpu, access.is_write, access.reg, esr_load_value(&access, exit->u.mmio.value));
        }
        return 0;
    case PLATFORM_EXIT_CALL:
        return finish_call(exit, vcpu);
    case PLATFORM_EXIT_SYSREG:
        finish_transfer(vcpu, exit->u.sysreg.is_write, esr_sysreg_register(exit->syndrome),
                        exit->u.sysreg.value);
        return 0;
    default:
        return 0;
    }
}

/* Have the guest take an exception at its own EL1 (Arm DDI 0487, AArch64.TakeException). */
static void take_exception(struct vcpu *vcpu, uint64_t esr)
{
    read_context(vcpu, CONTEXT_PSTATE);
    vcpu_regs_take_exception(vcpu->object, &vcpu->context, esr);
    write_context(vcpu, CONTEXT_PSTATE);
}

bool platform_exit_finish(const struct platform_exit *exit, enum platform_resume resume,
                          microkit_msginfo *reply)
{
    struct vcpu *vcpu = vcpu_at(exit->vcpu);
    seL4_Uint16 words = 0;

    switch (resume) {
    case PLATFORM_RESUME_DONE:
        if (vcpu->parked || vcpu->answered) {
            vcpu->answered = false;
            return false;
        }
        words = finish_done(exit, vcpu);
        break;
    case PLATFORM_RESUME_UNDEF:
        take_exception(vcpu, VCPU_REGS_ESR_UNDEFINED);
        break;
    case PLATFORM_RESUME_ABORT:
        take_exception(vcpu, esr_class(exit->syndrome) == ESR_EC_IABORT
                                 ? VCPU_REGS_ESR_FETCH_ABORT
                                 : VCPU_REGS_ESR_ABORT | (exit->syndrome & ESR_WNR));
        break;
    case PLATFORM_RESUME_STAY:
    default:
        return false; /* whoever decided it has stopped the vCPU, or started it again */
    }
    vcpu->injected = false;
    *reply = microkit_msginfo_new(0, words);
    return true;
}

/* Life of a vCPU. */

void platform_vcpu_stop(uint32_t vcpu)
{
    struct vcpu *state = vcpu_at(vcpu);

    vcpu_check(state, (seL4_Error)seL4_TCB_Suspend(state->tcb), "seL4_TCB_Suspend");
    state->on = false;
    state->parked = false;
    for (uint32_t intid = 0; intid < LR_QUEUE_INTIDS; intid++) {
        lr_queue_latch(&state->virqs, intid, false);
    }
    /* What lies in its LRs of others now may not have been served. */
    for (uint32_t lr = 0; lr < LR_QUEUE_LRS; lr++) {
        if (state->virqs.lr_intid[lr] != LR_QUEUE_NONE) {
            release(state->virqs.lr_intid[lr], true);
        }
    }
}

void platform_vcpu_start(uint32_t vcpu, uint64_t entry_gpa, uint64_t context)
{
    struct vcpu *state = vcpu_at(vcpu);

    vcpu_check(state, (seL4_Error)seL4_TCB_Suspend(state->tcb), "seL4_TCB_Suspend");
    vcpu_regs_reset(state->object, vcpu);
    vcpu_timer_unmask(state);
    irq_ack_on_eoi_ack_all(&platform.ends);
    state->entry = entry_gpa;
    state->argument = context;
    state->on = false;
    state->parked = false;
    state->scrubs = gic_scrub_prepare(platform.config, &state->virqs, &state->context);
    if (state->scrubs) {
        run(state);
    } else {
        begin(state);
    }
}

void platform_vcpu_registers(uint32_t vcpu, uint64_t registers[PLATFORM_REGISTER_COUNT])
{
    static const seL4_Word system[] = {seL4_VCPUReg_ESR, seL4_VCPUReg_ELR_EL1, seL4_VCPUReg_FAR};
    struct vcpu *state = vcpu_at(vcpu);

    read_context(state, CONTEXT_ALL);
    for (uint32_t i = 0; i < 31; i++) {
        registers[i] = context_get(&state->context, i);
    }
    registers[31] = vcpu_regs_read(state->object, seL4_VCPUReg_SP_EL1);
    registers[32] = state->context.pc;
    registers[33] = state->context.spsr;
    for (uint32_t i = 0; i < sizeof system / sizeof system[0]; i++) {
        registers[34 + i] = vcpu_regs_read(state->object, system[i]);
    }
}
