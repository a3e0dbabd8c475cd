/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/vcpu.h"

#include "kernel/core/account.h"
#include "kernel/core/fault.h"
#include "kernel/core/irq.h"
#include "kernel/core/late.h"
#include "kernel/core/notification.h"
#include "kernel/core/post.h"
#include "kernel/core/ppc.h"
#include "kernel/core/ptimer.h"
#include "kernel/core/sched.h"
#include "kernel/core/syndrome.h"

#define PSTATE_BTYPE (3ull << 10)
#define PSTATE_SS (1ull << 21)
#define FIRST_SPI 32u

static void drop_hw(void *context, uint32_t physical)
{
    arch_virq_drop_hw(context, physical);
}

/* The virtual timer is a level: once it has fallen, because the guest has disabled it or moved its deadline,
   its interrupt is not pending any more (Arm ARM D11.2.4). */
static void lower_timer(struct vcpu *vcpu)
{
    const uint32_t intid = vcpu->row->vtimer_intid;

    if (virq_is_linked(&vcpu->virq, intid) && !arch_vtimer_is_high(vcpu) &&
        virq_withdraw_hw(&vcpu->virq, intid))
        arch_virq_drop_hw(vcpu, vcpu->virq.irqs[intid].physical);
}

/* Bring what is in the hardware into vcpu->virq. */
static void sync(struct vcpu *vcpu)
{
    arch_virq_sync(vcpu);
    lower_timer(vcpu);
}

void vcpu_settle(struct vcpu *vcpu)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    uint32_t intid;

    sync(vcpu);
    while (virq_take_ended(&vcpu->virq, &intid)) {
        for (uint32_t i = 0; i < kernel->desc->vcpu_count; i++) {
            struct vcpu *other = &kernel->vcpus[i];

            if (other->row->parent == vcpu->row->parent && virq_release(&other->virq, intid))
                vcpu_wake(other);
        }
    }
}

/* Off, with nothing of it left in the hardware or on its way to the VMM. */
static void halt(struct vcpu *vcpu)
{
    ppc_cancel(&vcpu->thread);
    vcpu->thread.state = THREAD_OFF;
    late_forget(vcpu);
    ptimer_forget(vcpu);
    sched_update(&vcpu->thread);
    arch_virq_sync(vcpu);
    virq_clear(&vcpu->virq, drop_hw, vcpu);
    arch_vcpu_forget(vcpu);
    arch_fp_forget(&vcpu->thread);
    vcpu_settle(vcpu);
}

void vcpu_start(struct vcpu *vcpu, uint64_t entry, uint64_t x0)
{
    halt(vcpu);
    arch_vcpu_reset(vcpu, entry, x0);
    vcpu->thread.state = THREAD_READY;
    sched_update(&vcpu->thread);
}

void vcpu_stop(struct vcpu *vcpu)
{
    halt(vcpu);
}

void vcpu_paused(struct vcpu *vcpu)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    const struct sysdesc_doorbell *bells = &kernel->doorbells[vcpu->row->doorbell_first];

    for (uint32_t i = 0; i < vcpu->row->doorbell_count; i++) {
        struct pd *pd = &kernel->pds[bells[i].pd];
        const uint64_t bit = 1ull << bells[i].channel;

        if ((bells[i].flags & SYSDESC_DOORBELL_PAUSE) == 0)
            continue;
        arch_fetch_or(&pd->words[SYSDESC_PAUSED_WORD], bit);
        if ((arch_fetch_and(&pd->words[SYSDESC_PAUSE_ARMED_WORD], ~bit) & bit) != 0) {
            kernel_count(vcpu->thread.core, SYSCALL_COUNTER_NOTIFICATIONS);
            notification_send(pd, bit);
        }
    }
}

void vcpu_wait(struct vcpu *vcpu)
{
    sync(vcpu);
    if (virq_is_pending(&vcpu->virq))
        return;
    vcpu->thread.state = THREAD_IDLE;
    sched_update(&vcpu->thread);
    vcpu_paused(vcpu);
}

/* Whether an idle vCPU has an interrupt to run for; it is ready then. */
static bool is_woken(struct vcpu *vcpu)
{
    if (vcpu->thread.state != THREAD_IDLE || !virq_is_pending(&vcpu->virq))
        return false;
    vcpu->thread.state = THREAD_READY;
    return true;
}

void vcpu_wake(struct vcpu *vcpu)
{
    if (is_woken(vcpu))
        sched_wake_first(&vcpu->thread);
}

void vcpu_skip(struct vcpu *vcpu, uint64_t syndrome)
{
    struct arch_context *context = &vcpu->thread.context;

    context->pc += syndrome_instruction_bytes(syndrome);
    /* As the instruction would have left it: a debugger's single step is over, no branch has led here. */
    context->pstate &= ~(PSTATE_SS | PSTATE_BTYPE);
}

void vcpu_inject_undef(struct vcpu *vcpu)
{
    arch_vcpu_inject(vcpu, (uint64_t)SYNDROME_EC_UNKNOWN << SYNDROME_EC_SHIFT | SYNDROME_IL, 0, false);
}

void vcpu_undefined(struct vcpu *vcpu)
{
    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_UNDEFINED);
    vcpu_inject_undef(vcpu);
}

static uint64_t read_register(const struct vcpu *vcpu, uint32_t reg)
{
    return reg < 31 ? vcpu->thread.context.x[reg] : 0;
}

static void write_register(struct vcpu *vcpu, uint32_t reg, uint64_t value)
{
    if (reg < 31)
        vcpu->thread.context.x[reg] = value;
}

static bool doorbell_hits(const struct sysdesc_doorbell *bell, uint32_t width_bytes, uint64_t value)
{
    if (bell->width_bytes != 0 && bell->width_bytes != width_bytes)
        return false;
    return (bell->flags & SYSDESC_DOORBELL_MATCH) == 0 || bell->value == value;
}

/* A store that a doorbell takes. Its rows are few: at most those of this virtual machine. */
static bool ring_doorbell(struct vcpu *vcpu, uint64_t gpa, const struct syndrome_access *access)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    const struct sysdesc_doorbell *bells = &kernel->doorbells[vcpu->row->doorbell_first];
    const uint64_t *gpas = &kernel->doorbell_gpas[vcpu->row->doorbell_first];
    uint64_t value = syndrome_store_value(access, read_register(vcpu, access->reg));

    for (uint32_t i = 0; i < vcpu->row->doorbell_count; i++) {
        if (gpas[i] != gpa || !doorbell_hits(&bells[i], access->width_bytes, value))
            continue;
        kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_DOORBELL);
        if ((bells[i].flags & SYSDESC_DOORBELL_IGNORE) == 0) {
            kernel_count(vcpu->thread.core, SYSCALL_COUNTER_NOTIFICATIONS);
            account_ask(&vcpu->thread, &kernel->pds[bells[i].pd]);
            late_ring(vcpu, &kernel->pds[bells[i].pd], 1ull << bells[i].channel, bells[i].delay_us);
        }
        return true;
    }
    return false;
}

enum syscall_status vcpu_doorbell_move(struct vcpu *vcpu, uint64_t described, uint64_t gpa)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    enum syscall_status status = SYSCALL_INVALID;

    for (uint32_t i = 0; i < vcpu->row->doorbell_count; i++) {
        const uint32_t index = vcpu->row->doorbell_first + i;

        if (kernel->doorbells[index].gpa == described) {
            kernel->doorbell_gpas[index] = gpa;
            status = SYSCALL_OK;
        }
    }
    return status;
}

void vcpu_abort(struct vcpu *vcpu, uint64_t syndrome, uint64_t gpa, uint64_t address)
{
    struct syndrome_access access;
    bool decoded = syndrome_decode(syndrome, &access);
    uint64_t value = 0;

    if (decoded && access.is_write) {
        if (ring_doorbell(vcpu, gpa, &access)) {
            vcpu_skip(vcpu, syndrome);
            return;
        }
        value = syndrome_store_value(&access, read_register(vcpu, access.reg));
    }
    const uint64_t words[] = {gpa, syndrome, value, vcpu->thread.context.pc, address};
    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_MMIO);
    fault_vcpu(vcpu, SYSCALL_VCPU_FAULT_ABORT, words, 5);
}

/* Label DONE: do what the instruction would have done. */
static void complete(struct vcpu *vcpu, uint64_t fault_label, uint32_t count, const uint64_t *words)
{
    struct thread *thread = &vcpu->thread;
    uint64_t value = count > 0 ? words[0] : 0;
    struct syndrome_access access;

    switch (fault_label) {
    case SYSCALL_VCPU_FAULT_ABORT:
        /* Without a description of the access all that can be done is to run it again. */
        if (!syndrome_decode(thread->fault_words[1], &access))
            break;
        if (!access.is_write)
            write_register(vcpu, access.reg, syndrome_load_value(&access, value));
        vcpu_skip(vcpu, thread->fault_words[1]);
        break;
    case SYSCALL_VCPU_FAULT_CALL:
        for (uint32_t i = 0; i < 4 && i < count; i++)
            thread->context.x[i] = words[i];
        /* HVC returns behind itself, a trapped SMC to itself (Arm ARM D1.3.2). */
        if (thread->fault_words[0] == 1)
            thread->context.pc += 4;
        break;
    default:
        break;
    }
}

/* Synchronous external abort at the faulting access, as the guest's own memory system would report it. */
static void inject_abort(struct vcpu *vcpu)
{
    struct thread *thread = &vcpu->thread;
    bool is_abort = thread->message_info >> 12 == SYSCALL_VCPU_FAULT_ABORT;
    uint64_t syndrome = thread->fault_words[is_abort ? 1 : 0];
    uint64_t address = thread->fault_words[is_abort ? 4 : 1];
    bool instruction = syndrome_class(syndrome) == SYNDROME_EC_IABORT;
    bool from_el1 = (thread->context.pstate & 0x1f) >= 4 && (thread->context.pstate & 0x10) == 0;
    uint64_t class = instruction ? SYNDROME_EC_IABORT : SYNDROME_EC_DABORT;

    arch_vcpu_inject(vcpu,
                     (class + (from_el1 ? 1 : 0)) << SYNDROME_EC_SHIFT | (syndrome & SYNDROME_IL) |
                         (instruction ? 0 : syndrome & SYNDROME_WNR) | SYNDROME_EXTERNAL,
                     address, true);
}

void vcpu_finish_fault(struct vcpu *vcpu, uint64_t label, uint32_t count, const uint64_t *words)
{
    struct thread *thread = &vcpu->thread;
    uint64_t fault_label = thread->message_info >> 12;

    switch (label) {
    case SYSCALL_VCPU_REPLY_DONE:
        complete(vcpu, fault_label, count, words);
        break;
    case SYSCALL_VCPU_REPLY_UNDEF:
        /* The exception is taken from the instruction, and an HVC's PC is already behind it. */
        if (fault_label == SYSCALL_VCPU_FAULT_CALL && thread->fault_words[0] == 0)
            thread->context.pc -= 4;
        vcpu_inject_undef(vcpu);
        break;
    case SYSCALL_VCPU_REPLY_ABORT:
        inject_abort(vcpu);
        break;
    default:
        break;
    }
}

static void pend_posted(struct vcpu *vcpu, uint32_t intid)
{
    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_POSTED);
    late_cancel_post(vcpu, intid);
    arch_virq_sync(vcpu);
    virq_pend(&vcpu->virq, intid, 0);
}

void vcpu_post(struct vcpu *vcpu, uint32_t intid)
{
    pend_posted(vcpu, intid);
    vcpu_wake(vcpu);
}

void vcpu_post_next(struct vcpu *vcpu, uint32_t intid)
{
    pend_posted(vcpu, intid);
    if (is_woken(vcpu))
        sched_wake_next(&vcpu->thread);
}

void vcpu_pend_hw(struct vcpu *vcpu, uint32_t intid, uint32_t physical)
{
    arch_virq_sync(vcpu);
    virq_pend_hw(&vcpu->virq, intid, physical);
    vcpu_wake(vcpu);
}

enum syscall_status vcpu_virq_configure(struct vcpu *vcpu, uint64_t intid, uint64_t flags)
{
    if (intid >= VIRQ_COUNT)
        return SYSCALL_INVALID;
    sync(vcpu);
    virq_configure(&vcpu->virq, (uint32_t)intid, (uint32_t)flags & 0xff, (uint8_t)(flags >> 8));
    vcpu_wake(vcpu);
    return SYSCALL_OK;
}

/* Make `intid` active or not, on whichever vCPU of the VM it is. */
static void set_active(struct vcpu *vcpu, uint32_t intid, bool active)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    struct vcpu *holder = vcpu;

    for (uint32_t i = 0; virq_is_held(&vcpu->virq, intid) && i < kernel->desc->vcpu_count; i++) {
        struct vcpu *other = &kernel->vcpus[i];

        if (other->row->parent == vcpu->row->parent && virq_has_left(&other->virq, intid))
            holder = other;
    }
    arch_virq_sync(holder);
    if (virq_set_active(&holder->virq, intid, active))
        arch_virq_drop_hw(holder, holder->virq.irqs[intid].physical);
    vcpu_settle(holder);
}

static bool set_is_sound(uint64_t intid, uint64_t op, uint64_t argument)
{
    const uint64_t most = op == SYSCALL_VIRQ_PEND_LATE ? UINT16_MAX : op == SYSCALL_VIRQ_UNPEND ? 0xff : 7;

    return intid < VIRQ_COUNT && argument <= most;
}

enum syscall_status vcpu_virq_set(struct vcpu *vcpu, uint64_t intid, uint64_t op, uint64_t argument)
{
    uint32_t id = (uint32_t)intid;

    if (!set_is_sound(intid, op, argument))
        return SYSCALL_INVALID;
    if (op == SYSCALL_VIRQ_PEND_LATE) {
        late_post(vcpu, id, (uint32_t)argument);
        return SYSCALL_OK;
    }
    sync(vcpu);
    switch (op) {
    case SYSCALL_VIRQ_PEND:
        late_cancel_post(vcpu, id);
        virq_pend(&vcpu->virq, id, (uint32_t)argument);
        break;
    case SYSCALL_VIRQ_UNPEND:
        virq_unpend(&vcpu->virq, id, (uint8_t)argument);
        break;
    case SYSCALL_VIRQ_RAISE:
    case SYSCALL_VIRQ_LOWER:
        virq_set_line(&vcpu->virq, id, op == SYSCALL_VIRQ_RAISE);
        break;
    case SYSCALL_VIRQ_ACTIVATE:
    case SYSCALL_VIRQ_DEACTIVATE:
        set_active(vcpu, id, op == SYSCALL_VIRQ_ACTIVATE);
        break;
    default:
        return SYSCALL_INVALID;
    }
    vcpu_wake(vcpu);
    return SYSCALL_OK;
}

enum syscall_status vcpu_virq_get(struct vcpu *vcpu, uint64_t intid, uint64_t *state)
{
    if (intid >= VIRQ_COUNT)
        return SYSCALL_INVALID;
    sync(vcpu);
    *state = virq_get(&vcpu->virq, (uint32_t)intid);
    /* Its physical interrupt may wait for the vCPU to be in the hardware, or for the guest's end of the last.
     */
    if (intid == vcpu->row->vtimer_intid && arch_vtimer_is_high(vcpu))
        *state |= SYSCALL_VIRQ_IS_PENDING;
    return SYSCALL_OK;
}

enum syscall_status vcpu_virq_move(struct vcpu *from, uint64_t intid, struct vcpu *to)
{
    const uint32_t id = (uint32_t)intid;

    if (intid < FIRST_SPI || intid >= VIRQ_COUNT)
        return SYSCALL_INVALID;
    if (from == to)
        return SYSCALL_OK;
    irq_reroute(from, id, to);
    post_reroute(from, id, to);
    /* An interrupt that may be late waits on its vCPU's list. It comes at once: moves are rare. */
    if (late_revoke_post(from, id))
        vcpu_post(to, id);
    vcpu_settle(from);
    vcpu_settle(to);
    virq_move(&from->virq, &to->virq, id);
    vcpu_wake(to);
    return SYSCALL_OK;
}

void vcpu_virq_enable(struct vcpu *vcpu, bool enabled)
{
    sync(vcpu);
    virq_enable(&vcpu->virq, enabled);
    vcpu_wake(vcpu);
}
