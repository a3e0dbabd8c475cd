/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU is told: its virtual interrupts, pended by VMM, PDs and hardware. */
#include "kernel/core/vcpu_virq.h"

#include "kernel/core/inbox.h"
#include "kernel/core/list.h"
#include "kernel/core/sched.h"
#include "kernel/core/trace.h"

#define DEFERRED offsetof(struct thread, deferred)

/* The virtual timer is a level: once it has fallen, because the guest has disabled it or moved its deadline,
   its interrupt is not pending any more (Arm ARM D11.2.4). */
static void lower_timer(struct vcpu *vcpu)
{
    const uint32_t intid = vcpu->row->vtimer_intid;

    if (virq_is_linked(&vcpu->virq, intid) && !arch_vtimer_is_high(vcpu) &&
        virq_withdraw_hw(&vcpu->virq, intid)) {
        arch_virq_drop_hw(vcpu, vcpu->virq.irqs[intid].physical);
    }
}

void vcpu_virq_sync(struct vcpu *vcpu)
{
    arch_virq_sync(vcpu);
    lower_timer(vcpu);
}

/* Whether an idle vCPU has an interrupt to run for; it is ready then. */
static bool is_woken(struct vcpu *vcpu)
{
    if (vcpu->thread.state != THREAD_IDLE || !virq_is_pending(&vcpu->virq)) {
        return false;
    }
    vcpu->thread.state = THREAD_READY;
    return true;
}

void vcpu_virq_wake(struct vcpu *vcpu)
{
    if (is_woken(vcpu)) {
        sched_wake_first(&vcpu->thread);
    }
}

/* `intid` is over where it was. */
static void release(struct vcpu *vcpu, uint32_t intid)
{
    if (!kernel_is_local(&vcpu->thread)) {
        inbox_post(vcpu, INBOX_RELEASE, intid);
    } else if (virq_release(&vcpu->virq, intid)) {
        vcpu_virq_wake(vcpu);
    }
}

void vcpu_virq_settle(struct vcpu *vcpu)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    uint32_t intid;

    vcpu_virq_sync(vcpu);
    while (virq_take_ended(&vcpu->virq, &intid)) {
        for (uint32_t i = 0; i < vcpu->vm_count; i++) {
            release(&kernel->vcpus[vcpu->vm_first + i], intid);
        }
    }
}

void vcpu_virq_cancel_deferred(struct vcpu *vcpu, uint32_t intid)
{
    if (list_contains(&vcpu->thread, DEFERRED) && vcpu->deferred_intid == intid) {
        list_remove(&vcpu->thread, DEFERRED);
    }
}

bool vcpu_virq_revoke_deferred(struct vcpu *vcpu, uint32_t intid)
{
    const bool deferred = list_contains(&vcpu->thread, DEFERRED) && vcpu->deferred_intid == intid;

    vcpu_virq_cancel_deferred(vcpu, intid);
    return deferred;
}

void vcpu_virq_forget_deferred(struct vcpu *vcpu)
{
    list_remove(&vcpu->thread, DEFERRED);
}

static void pend_posted(struct vcpu *vcpu, uint32_t intid)
{
    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_POSTED);
    trace_event(vcpu->thread.core, SYSDESC_TRACE_POST, &vcpu->thread, intid);
    vcpu_virq_cancel_deferred(vcpu, intid);
    arch_virq_sync(vcpu);
    virq_pend(&vcpu->virq, intid, 0);
}

void vcpu_virq_post(struct vcpu *vcpu, uint32_t intid)
{
    if (!kernel_is_local(&vcpu->thread)) {
        inbox_post(vcpu, INBOX_PEND, intid);
        return;
    }
    pend_posted(vcpu, intid);
    vcpu_virq_wake(vcpu);
}

void vcpu_virq_post_next(struct vcpu *vcpu, uint32_t intid)
{
    if (!kernel_is_local(&vcpu->thread)) {
        inbox_post(vcpu, INBOX_PEND, intid);
        return;
    }
    pend_posted(vcpu, intid);
    if (is_woken(vcpu)) {
        sched_wake_next(&vcpu->thread);
    }
}

void vcpu_virq_post_deferred(struct vcpu *vcpu, uint32_t intid, uint32_t delay_us)
{
    struct thread *thread = &vcpu->thread;

    if (delay_us == 0 || !kernel_is_local(thread)) {
        vcpu_virq_post(vcpu, intid);
        return;
    }
    if (list_contains(thread, DEFERRED)) {
        if (vcpu->deferred_intid == intid) {
            return;
        }
        list_remove(thread, DEFERRED);
        vcpu_virq_post(vcpu, vcpu->deferred_intid);
    }
    vcpu->deferred_intid = intid;
    thread->deferred_until = arch_now() + (uint64_t)delay_us * arch_frequency() / 1000000u;
    list_append(&thread->core->deferred_vcpus, thread, DEFERRED);
}

void vcpu_virq_tick(struct core *core, uint64_t now)
{
    struct thread *next;

    for (struct thread *thread = core->deferred_vcpus.head; thread != NULL; thread = next) {
        next = thread->deferred.next;
        if (now < thread->deferred_until) {
            continue;
        }
        list_remove(thread, DEFERRED);
        vcpu_virq_post(kernel_vcpu(thread), kernel_vcpu(thread)->deferred_intid);
    }
}

void vcpu_virq_pend_hw(struct vcpu *vcpu, uint32_t intid, uint32_t physical)
{
    if (!kernel_is_local(&vcpu->thread)) {
        inbox_post(vcpu, INBOX_PEND_HW, intid);
        return;
    }
    arch_virq_sync(vcpu);
    virq_pend_hw(&vcpu->virq, intid, physical);
    vcpu_virq_wake(vcpu);
}

static void drop_hw(void *context, uint32_t physical)
{
    arch_virq_drop_hw(context, physical);
}

void vcpu_virq_clear(struct vcpu *vcpu)
{
    inbox_clear(vcpu);
    arch_virq_sync(vcpu);
    virq_clear(&vcpu->virq, drop_hw, vcpu);
}

enum syscall_status vcpu_virq_configure(struct vcpu *vcpu, uint64_t intid, uint64_t flags)
{
    if (intid >= VIRQ_COUNT) {
        return SYSCALL_INVALID;
    }
    vcpu_virq_sync(vcpu);
    virq_configure(&vcpu->virq, (uint32_t)intid, (uint32_t)flags & 0xff, (uint8_t)(flags >> 8));
    vcpu_virq_wake(vcpu);
    return SYSCALL_OK;
}

/* Make `intid` active or not, on whichever vCPU of the VM it is. */
static void set_active(struct vcpu *vcpu, uint32_t intid, bool active)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    struct vcpu *holder = vcpu;

    for (uint32_t i = 0; virq_is_held(&vcpu->virq, intid) && i < vcpu->vm_count; i++) {
        struct vcpu *other = &kernel->vcpus[vcpu->vm_first + i];

        if (!kernel_is_local(&other->thread) && !active) {
            inbox_post(other, INBOX_DEACTIVATE, intid);
        } else if (kernel_is_local(&other->thread) && virq_has_left(&other->virq, intid)) {
            holder = other;
        }
    }
    arch_virq_sync(holder);
    if (virq_set_active(&holder->virq, intid, active)) {
        arch_virq_drop_hw(holder, holder->virq.irqs[intid].physical);
    }
    vcpu_virq_settle(holder);
}

/* What was on its way when `intid` moved to another vCPU goes there. */
static bool forward(struct vcpu *vcpu, enum inbox_kind kind, uint32_t intid)
{
    struct kernel *kernel = vcpu->thread.core->kernel;

    if (!virq_is_away(&vcpu->virq, intid)) {
        return false;
    }
    struct vcpu *to =
        &kernel->vcpus[vcpu->vm_first +
                       __atomic_load_n(&kernel->spi_homes[vcpu->vm_first][intid], __ATOMIC_RELAXED)];
    if (kind == INBOX_PEND) {
        vcpu_virq_post(to, intid);
    } else {
        vcpu_virq_pend_hw(to, intid, vcpu->virq.irqs[intid].physical);
    }
    return true;
}

/* The physical interrupt that leads to `intid` of `vcpu`. */
static uint32_t physical_of(const struct vcpu *vcpu, uint32_t intid)
{
    const struct kernel *kernel = vcpu->thread.core->kernel;
    uint32_t i = 0;

    while (i + 1 < kernel->desc->irq_count &&
           (kernel->irqs[i].kind != SYSDESC_IRQ_VCPU || kernel->irqs[i].virq != intid ||
            kernel->vcpus[kernel->irqs[i].target].vm_first != vcpu->vm_first)) {
        i++;
    }
    return kernel->irqs[i].intid;
}

static void collect(struct vcpu *vcpu, enum inbox_kind kind, uint32_t intid)
{
    switch (kind) {
    case INBOX_PEND:
        if (!forward(vcpu, kind, intid)) {
            pend_posted(vcpu, intid);
        }
        break;
    case INBOX_PEND_HW:
        if (!forward(vcpu, kind, intid)) {
            virq_pend_hw(&vcpu->virq, intid, physical_of(vcpu, intid));
        }
        break;
    case INBOX_RELEASE:
        (void)virq_release(&vcpu->virq, intid);
        break;
    default:
        if (virq_has_left(&vcpu->virq, intid)) {
            set_active(vcpu, intid, false);
        }
        break;
    }
}

static void collect_sgis(struct vcpu *vcpu)
{
    uint64_t sgis[2];

    inbox_take_sgis(vcpu, sgis);
    for (uint32_t i = 0; i < 2; i++) {
        for (; sgis[i] != 0; sgis[i] &= sgis[i] - 1) {
            const uint32_t bit = (uint32_t)__builtin_ctzll(sgis[i]);

            virq_pend(&vcpu->virq, i * 8 + bit / 8, bit % 8);
        }
    }
}

void vcpu_virq_collect(struct vcpu *vcpu)
{
    arch_virq_sync(vcpu);
    collect_sgis(vcpu);
    for (uint64_t words = inbox_take_summary(vcpu); words != 0; words &= words - 1) {
        const uint32_t bit = (uint32_t)__builtin_ctzll(words);
        const enum inbox_kind kind = (enum inbox_kind)(bit / VIRQ_WORDS);
        const uint32_t word = bit % VIRQ_WORDS;

        for (uint64_t bits = inbox_take(vcpu, kind, word); bits != 0; bits &= bits - 1) {
            collect(vcpu, kind, word * 64 + (uint32_t)__builtin_ctzll(bits));
        }
    }
    vcpu_virq_wake(vcpu);
}

void vcpu_virq_send_sgi(struct vcpu *vcpu, uint32_t intid, uint32_t targets)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    /* A GICv3 does not tell senders apart. */
    const bool is_v3 = kernel->desc->board.gic_kind == SYSDESC_GIC_V3;
    const uint32_t source = is_v3 ? 0 : vcpu->thread.index - vcpu->vm_first;

    for (uint32_t i = 0; i < vcpu->vm_count; i++) {
        struct vcpu *to = &kernel->vcpus[vcpu->vm_first + i];

        if ((targets >> i & 1) == 0) {
            continue;
        }
        if (!kernel_is_local(&to->thread)) {
            inbox_post_sgi(to, intid, source);
            continue;
        }
        vcpu_virq_sync(to);
        virq_pend(&to->virq, intid, source);
        vcpu_virq_wake(to);
        if (to != vcpu) {
            sched_expect_sibling(to->thread.core);
        }
    }
}

static bool set_is_sound(uint64_t intid, uint64_t op, uint64_t argument)
{
    const uint64_t most = op == SYSCALL_VIRQ_PEND_LATE ? UINT16_MAX : op == SYSCALL_VIRQ_UNPEND ? 0xff : 7;

    return intid < VIRQ_COUNT && argument <= most;
}

enum syscall_status vcpu_virq_set(struct vcpu *vcpu, uint64_t intid, uint64_t op, uint64_t argument)
{
    uint32_t id = (uint32_t)intid;

    if (!set_is_sound(intid, op, argument)) {
        return SYSCALL_INVALID;
    }
    if (op == SYSCALL_VIRQ_PEND_LATE) {
        vcpu_virq_post_deferred(vcpu, id, (uint32_t)argument);
        return SYSCALL_OK;
    }
    vcpu_virq_sync(vcpu);
    switch (op) {
    case SYSCALL_VIRQ_PEND:
        vcpu_virq_cancel_deferred(vcpu, id);
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
    vcpu_virq_wake(vcpu);
    return SYSCALL_OK;
}

enum syscall_status vcpu_virq_get(struct vcpu *vcpu, uint64_t intid, uint64_t *state)
{
    if (intid >= VIRQ_COUNT) {
        return SYSCALL_INVALID;
    }
    vcpu_virq_sync(vcpu);
    *state = virq_get(&vcpu->virq, (uint32_t)intid);
    /* Its physical interrupt may wait for the vCPU to be in the hardware, or for the guest's end of the last.
     */
    if (intid == vcpu->row->vtimer_intid && arch_vtimer_is_high(vcpu)) {
        *state |= SYSCALL_VIRQ_IS_PENDING;
    }
    return SYSCALL_OK;
}

void vcpu_virq_move(struct vcpu *from, uint32_t intid, struct vcpu *to)
{
    /* An interrupt that may be late waits on its vCPU's list. It comes at once: moves are rare. */
    if (vcpu_virq_revoke_deferred(from, intid)) {
        vcpu_virq_post(to, intid);
    }
    vcpu_virq_settle(from);
    vcpu_virq_settle(to);
    virq_move(&from->virq, &to->virq, intid);
    from->virq.words[intid / 64].away |= virq_set_mask(intid);
    to->virq.words[intid / 64].away &= ~virq_set_mask(intid);
    vcpu_virq_wake(to);
}

void vcpu_virq_pack(struct vcpu *from, uint32_t intid, struct vcpu *to, struct virq_parcel *parcel)
{
    const bool deferred = vcpu_virq_revoke_deferred(from, intid);

    vcpu_virq_settle(from);
    virq_parcel_pack(&from->virq, intid, parcel);
    if (deferred) {
        vcpu_virq_post(to, intid);
    }
}

void vcpu_virq_unpack(struct vcpu *to, const struct virq_parcel *parcel)
{
    vcpu_virq_settle(to);
    virq_parcel_unpack(&to->virq, parcel);
    vcpu_virq_wake(to);
}

void vcpu_virq_arrived(struct vcpu *from, uint32_t intid)
{
    virq_parcel_arrived(&from->virq, intid);
    vcpu_virq_settle(from);
}

void vcpu_virq_enable(struct vcpu *vcpu, bool enabled)
{
    vcpu_virq_sync(vcpu);
    virq_enable(&vcpu->virq, enabled);
    vcpu_virq_wake(vcpu);
}
