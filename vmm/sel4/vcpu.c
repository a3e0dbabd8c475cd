/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's sleep, its virtual timer, and its interrupts' way into list registers. */
#include "vmm/sel4/vcpu.h"

#include "lib/base/clock.h"
#include "vmm/sel4/vcpu_regs.h"

#define PRIORITY_SHIFT 3 /* seL4 takes the five bits that a GICv2 list register has */
#define CNTV_CTL_ENABLE 1ull
#define CNTV_CTL_IMASK 2ull

void vcpu_check(const struct vcpu *vcpu, seL4_Error error, const char *call)
{
    if (error != seL4_NoError) {
        log_warn_limited(vcpu->refused, "%s: seL4 error %u", call, (unsigned int)error);
    }
}

/* When the guest's virtual timer raises its interrupt; TIMER_CLIENT_NEVER: not before it runs again. */
static uint64_t timer_deadline(const struct vcpu *vcpu)
{
    if (vcpu->timer_masked) {
        return TIMER_CLIENT_NEVER;
    }
    const uint64_t control = vcpu_regs_read(vcpu->object, seL4_VCPUReg_CNTV_CTL);
    if ((control & (CNTV_CTL_ENABLE | CNTV_CTL_IMASK)) != CNTV_CTL_ENABLE) {
        return TIMER_CLIENT_NEVER;
    }
    /* CNTVOFF is 0: the guest's clock is the machine's. */
    return vcpu_regs_read(vcpu->object, seL4_VCPUReg_CNTV_CVAL);
}

void vcpu_park(struct vcpu *vcpu)
{
    const uint64_t deadline = timer_deadline(vcpu);

    if (deadline <= clock_ticks()) {
        return; /* its interrupt comes as soon as it runs */
    }
    vcpu->parked = true;
    vcpu->deadline = deadline;
    vcpu_check(vcpu, (seL4_Error)seL4_TCB_Suspend(vcpu->tcb), "seL4_TCB_Suspend");
    timer_client_set(vcpu->alarm, deadline);
}

void vcpu_wake(struct vcpu *vcpu)
{
    vcpu->parked = false;
    vcpu->injected = false;
    vcpu_check(vcpu, (seL4_Error)seL4_TCB_Resume(vcpu->tcb), "seL4_TCB_Resume");
}

static bool inject(struct vcpu *vcpu, uint32_t intid, uint32_t lr)
{
    const seL4_Error error = (seL4_Error)seL4_ARM_VCPU_InjectIRQ(
        vcpu->object, (seL4_Uint16)intid, vcpu->virqs.priorities[intid] >> PRIORITY_SHIFT, 0, (seL4_Uint8)lr);

    if (error == seL4_RangeError && lr > 0) {
        lr_queue_limit(&vcpu->virqs, lr);
    } else if (error != seL4_NoError) {
        vcpu_check(vcpu, error, "seL4_ARM_VCPU_InjectIRQ");
        return false;
    } else {
        lr_queue_sent(&vcpu->virqs, intid, lr);
        vcpu->injected = true;
    }
    return true;
}

/* Move what is due into free list registers, and wake the guest for it. */
void vcpu_deliver(struct vcpu *vcpu)
{
    uint32_t intid;
    uint32_t lr;

    while (vcpu->on && lr_queue_next(&vcpu->virqs, &intid, &lr) && inject(vcpu, intid, lr)) {
    }
    if (vcpu->parked && vcpu->injected) {
        vcpu_wake(vcpu);
    }
}

/* Whether the virtual timer raises its line: it is enabled, not masked, and its time has come. */
bool vcpu_timer_is_high(const struct vcpu *vcpu)
{
    const uint64_t control = vcpu_regs_read(vcpu->object, seL4_VCPUReg_CNTV_CTL);

    return (control & (CNTV_CTL_ENABLE | CNTV_CTL_IMASK)) == CNTV_CTL_ENABLE &&
           vcpu_regs_read(vcpu->object, seL4_VCPUReg_CNTV_CVAL) <= clock_ticks();
}

/* Let the kernel tell of the virtual timer again; while the line is still up, it does so at once. */
void vcpu_timer_unmask(struct vcpu *vcpu)
{
    if (vcpu->timer_masked) {
        vcpu->timer_masked = false;
        vcpu_check(vcpu, (seL4_Error)seL4_ARM_VCPU_AckVPPI(vcpu->object, VCPU_TIMER_INTID),
                   "seL4_ARM_VCPU_AckVPPI");
    }
}

void vcpu_timer_fired(struct vcpu *vcpu)
{
    vcpu->timer_masked = true;
    /* Disabled, it must not stay pending: the guest may set the timer again before it enables it. */
    if (lr_queue_is_enabled(&vcpu->virqs, VCPU_TIMER_INTID)) {
        lr_queue_latch(&vcpu->virqs, VCPU_TIMER_INTID, true);
        vcpu_deliver(vcpu);
    }
}

/* The timer's line has fallen before its interrupt went out: it is not pending any more (IHI 0048B 1.4.2). */
void vcpu_timer_lower(struct vcpu *vcpu)
{
    if (vcpu->timer_masked && lr_queue_is_pending(&vcpu->virqs, VCPU_TIMER_INTID) &&
        !vcpu_timer_is_high(vcpu)) {
        lr_queue_latch(&vcpu->virqs, VCPU_TIMER_INTID, false);
        if (!lr_queue_is_active(&vcpu->virqs, VCPU_TIMER_INTID)) {
            vcpu_timer_unmask(vcpu);
        }
    }
}

/* The guest has enabled something: if it is the timer, and none is on its way, hear of it again. */
void vcpu_enabled(struct vcpu *vcpu)
{
    vcpu_timer_lower(vcpu);
    if (lr_queue_is_enabled(&vcpu->virqs, VCPU_TIMER_INTID) &&
        !lr_queue_is_pending(&vcpu->virqs, VCPU_TIMER_INTID) &&
        !lr_queue_is_active(&vcpu->virqs, VCPU_TIMER_INTID)) {
        vcpu_timer_unmask(vcpu);
    }
    vcpu_deliver(vcpu);
}
