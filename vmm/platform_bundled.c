/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM's platform seam on the bundled kernel: system calls (kernel/include/syscall.h). */
#include "vmm/platform.h"

#include <stddef.h>

#include "kernel/include/syscall.h"
#include "kernel/include/sysdesc.h"
#include "lib/aarch64/esr.h"
#include "lib/base/clock.h"
#include "lib/timer_client/timer_client.h"
#include "microkit/bundled/libmicrokit.h"

#define PSCI_SYSTEM_OFF_CALL 0x84000008ull

/* The platform's state; one VMM is one program, and has one virtual machine. */
static const struct vmm_config *vm_config;
static struct timer_client alarm;

static microkit_child child_of(uint32_t vcpu)
{
    return vm_config->vcpu_child[vcpu];
}

static struct libmicrokit_result vcpu_call(uint64_t number, uint32_t vcpu, uint64_t a1, uint64_t a2,
                                           uint64_t a3)
{
    return libmicrokit_call(number, child_of(vcpu), a1, a2, a3);
}

void platform_init(const struct vmm_config *config)
{
    vm_config = config;
    timer_client_init(&alarm, config->timer_channel);
}

static void read_abort(struct platform_exit *exit)
{
    const uint64_t gpa = microkit_mr_get(0);
    const uint64_t esr = microkit_mr_get(1);
    struct esr_access access;

    exit->syndrome = esr;
    exit->pc = microkit_mr_get(3);
    if (!esr_decode(esr, &access)) {
        exit->reason = PLATFORM_EXIT_CRASH;
        exit->u.crash.gpa = gpa;
        exit->u.crash.far = microkit_mr_get(4);
        return;
    }
    exit->reason = PLATFORM_EXIT_MMIO;
    exit->u.mmio.gpa = gpa;
    exit->u.mmio.value = microkit_mr_get(2);
    exit->u.mmio.width_bytes = access.width_bytes;
    exit->u.mmio.is_write = access.is_write;
}

static void read_call(struct platform_exit *exit)
{
    exit->reason = PLATFORM_EXIT_CALL;
    exit->u.call.is_smc = microkit_mr_get(0) == 1;
    for (seL4_Uint8 i = 0; i < 8; i++) {
        exit->u.call.args[i] = microkit_mr_get((seL4_Uint8)(1 + i));
    }
    exit->u.call.immediate = (uint16_t)microkit_mr_get(9);
}

static void read_fetch(struct platform_exit *exit)
{
    exit->reason = PLATFORM_EXIT_CRASH;
    exit->syndrome = microkit_mr_get(0);
    exit->u.crash.far = microkit_mr_get(1);
    exit->pc = microkit_mr_get(2);
    exit->u.crash.gpa = microkit_mr_get(3);
}

enum err platform_exit_read(microkit_child child, microkit_msginfo msginfo, struct platform_exit *exit)
{
    *exit = (struct platform_exit){0};
    while (exit->vcpu < vm_config->vcpu_count && vm_config->vcpu_child[exit->vcpu] != child) {
        exit->vcpu++;
    }
    if (exit->vcpu == vm_config->vcpu_count) {
        return ERR_RANGE;
    }
    switch (microkit_msginfo_get_label(msginfo)) {
    case SYSCALL_VCPU_FAULT_ABORT:
        read_abort(exit);
        break;
    case SYSCALL_VCPU_FAULT_CALL:
        read_call(exit);
        break;
    case SYSCALL_VCPU_FAULT_DEBUG:
        exit->reason = PLATFORM_EXIT_DEBUG;
        exit->syndrome = microkit_mr_get(0);
        exit->u.debug.far = microkit_mr_get(1);
        exit->pc = microkit_mr_get(2);
        break;
    default:
        read_fetch(exit);
        break;
    }
    return ERR_OK;
}

static seL4_Uint16 write_results(const struct platform_exit *exit)
{
    switch (exit->reason) {
    case PLATFORM_EXIT_MMIO:
        microkit_mr_set(0, exit->u.mmio.value);
        return 1;
    case PLATFORM_EXIT_CALL:
        for (seL4_Uint8 i = 0; i < 4; i++) {
            microkit_mr_set(i, exit->u.call.args[i]);
        }
        return 4;
    case PLATFORM_EXIT_SYSREG: /* the kernel does these two */
    case PLATFORM_EXIT_UNDEFINED:
    case PLATFORM_EXIT_NONE:
    case PLATFORM_EXIT_DEBUG:
    case PLATFORM_EXIT_CRASH:
    default:
        return 0;
    }
}

bool platform_exit_finish(const struct platform_exit *exit, enum platform_resume resume,
                          microkit_msginfo *reply)
{
    switch (resume) {
    case PLATFORM_RESUME_DONE:
        *reply = microkit_msginfo_new(SYSCALL_VCPU_REPLY_DONE, write_results(exit));
        return true;
    case PLATFORM_RESUME_UNDEF:
        *reply = microkit_msginfo_new(SYSCALL_VCPU_REPLY_UNDEF, 0);
        return true;
    case PLATFORM_RESUME_ABORT:
        *reply = microkit_msginfo_new(SYSCALL_VCPU_REPLY_ABORT, 0);
        return true;
    case PLATFORM_RESUME_RETRY:
        *reply = microkit_msginfo_new(SYSCALL_VCPU_REPLY_RETRY, 0);
        return true;
    case PLATFORM_RESUME_BRK:
        *reply = microkit_msginfo_new(SYSCALL_VCPU_REPLY_BRK, 0);
        return true;
    case PLATFORM_RESUME_STAY:
    default:
        return false;
    }
}

void platform_vcpu_start(uint32_t vcpu, uint64_t entry_gpa, uint64_t context)
{
    (void)vcpu_call(SYSCALL_VCPU_START, vcpu, entry_gpa, context, 0);
}

void platform_vcpu_stop(uint32_t vcpu)
{
    (void)vcpu_call(SYSCALL_VCPU_STOP, vcpu, 0, 0, 0);
}

void platform_tell_death(void)
{
    (void)libmicrokit_call(SYSCALL_TRACE_MARK, SYSCALL_TRACE_DEATH, 0, 0, 0);
}

void platform_vcpu_pause(uint32_t vcpu, bool paused)
{
    (void)vcpu_call(SYSCALL_VCPU_PAUSE, vcpu, paused, 0, 0);
}

_Static_assert((int)PLATFORM_DEBUG_FP_HIGH == (int)SYSCALL_VCPU_GROUP_FP_HIGH &&
                   (int)PLATFORM_DEBUG_V == (int)SYSCALL_VCPU_REGISTER_V &&
                   (int)PLATFORM_DEBUG_FPSR == (int)SYSCALL_VCPU_REGISTER_FPSR &&
                   (int)PLATFORM_DEBUG_BVR == (int)SYSCALL_VCPU_REGISTER_BVR &&
                   (int)PLATFORM_DEBUG_BCR == (int)SYSCALL_VCPU_REGISTER_BCR &&
                   (int)PLATFORM_DEBUG_WVR == (int)SYSCALL_VCPU_REGISTER_WVR &&
                   (int)PLATFORM_DEBUG_WCR == (int)SYSCALL_VCPU_REGISTER_WCR &&
                   (int)PLATFORM_DEBUG_DEBUGGER == (int)SYSCALL_VCPU_REGISTER_DEBUGGER &&
                   (int)PLATFORM_DEBUG_STEP == (int)SYSCALL_VCPU_DEBUGGER_STEP,
               "the kernel numbers registers as the platform does");

bool platform_debug_read(uint32_t vcpu, enum platform_debug_group group, uint64_t words[PLATFORM_DEBUG_WORDS])
{
    if (vcpu_call(SYSCALL_VCPU_READ_GROUP, vcpu, group, 0, 0).x0 != SYSCALL_OK) {
        return false;
    }
    const seL4_Uint8 count = group == PLATFORM_DEBUG_CORE      ? SYSCALL_VCPU_GROUP_CORE_WORDS
                             : group == PLATFORM_DEBUG_FP_HIGH ? 34
                                                               : 32;
    for (seL4_Uint8 i = 0; i < count; i++) {
        words[i] = microkit_mr_get(i);
    }
    return true;
}

bool platform_debug_write(uint32_t vcpu, uint32_t number, uint64_t value)
{
    return vcpu_call(SYSCALL_VCPU_WRITE_REGISTER, vcpu, number, value, 0).x0 == SYSCALL_OK;
}

void platform_vcpu_registers(uint32_t vcpu, uint64_t registers[PLATFORM_REGISTER_COUNT])
{
    (void)vcpu_call(SYSCALL_VCPU_READ_REGS, vcpu, 0, 0, 0);
    for (seL4_Uint8 i = 0; i < PLATFORM_REGISTER_COUNT; i++) {
        registers[i] = microkit_mr_get(i);
    }
}

void platform_virq_configure(uint32_t vcpu, uint32_t intid, const struct platform_virq *virq)
{
    const uint64_t flags = (virq->enabled ? SYSCALL_VIRQ_ENABLED : 0u) |
                           (virq->edge ? 0u : SYSCALL_VIRQ_LEVEL) | (virq->group1 ? SYSCALL_VIRQ_GROUP1 : 0u);

    (void)vcpu_call(SYSCALL_VIRQ_CONFIGURE, vcpu, intid, flags | (uint64_t)virq->priority << 8, 0);
}

void platform_virq_enable(uint32_t vcpu, bool enabled)
{
    (void)vcpu_call(SYSCALL_VIRQ_ENABLE, vcpu, enabled, 0, 0);
}

void platform_virq_pend(uint32_t vcpu, uint32_t intid, uint32_t source)
{
    (void)vcpu_call(SYSCALL_VIRQ_SET, vcpu, intid, SYSCALL_VIRQ_PEND, source);
}

void platform_virq_pend_deferred(uint32_t vcpu, uint32_t intid, uint32_t delay_us)
{
    (void)vcpu_call(SYSCALL_VIRQ_SET, vcpu, intid, SYSCALL_VIRQ_PEND_LATE, delay_us);
}

void platform_virq_unpend(uint32_t vcpu, uint32_t intid, uint8_t sources)
{
    (void)vcpu_call(SYSCALL_VIRQ_SET, vcpu, intid, SYSCALL_VIRQ_UNPEND, sources);
}

void platform_virq_move(uint32_t from, uint32_t intid, uint32_t to)
{
    (void)vcpu_call(SYSCALL_VIRQ_MOVE, from, intid, child_of(to), 0);
}

void platform_virq_set_level(uint32_t vcpu, uint32_t intid, bool high)
{
    (void)vcpu_call(SYSCALL_VIRQ_SET, vcpu, intid, high ? SYSCALL_VIRQ_RAISE : SYSCALL_VIRQ_LOWER, 0);
}

void platform_virq_set_active(uint32_t vcpu, uint32_t intid, bool active)
{
    (void)vcpu_call(SYSCALL_VIRQ_SET, vcpu, intid, active ? SYSCALL_VIRQ_ACTIVATE : SYSCALL_VIRQ_DEACTIVATE,
                    0);
}

bool platform_virq_is_pending(uint32_t vcpu, uint32_t intid)
{
    return (vcpu_call(SYSCALL_VIRQ_GET, vcpu, intid, 0, 0).x1 & SYSCALL_VIRQ_IS_PENDING) != 0;
}

bool platform_virq_is_active(uint32_t vcpu, uint32_t intid)
{
    return (vcpu_call(SYSCALL_VIRQ_GET, vcpu, intid, 0, 0).x1 & SYSCALL_VIRQ_IS_ACTIVE) != 0;
}

uint8_t platform_virq_sources(uint32_t vcpu, uint32_t sgi)
{
    return (uint8_t)(vcpu_call(SYSCALL_VIRQ_GET, vcpu, sgi, 0, 0).x1 >> SYSCALL_VIRQ_SOURCES_SHIFT);
}

void platform_alarm(uint64_t time)
{
    timer_client_set(&alarm, time == PLATFORM_NEVER ? TIMER_CLIENT_NEVER : clock_ticks_of(time));
}

void platform_halt(void)
{
    seL4_ARM_SMCContext call = {.x0 = PSCI_SYSTEM_OFF_CALL};
    seL4_ARM_SMCContext response;

    microkit_arm_smc_call(&call, &response);
}

void platform_post_route(microkit_channel channel, uint32_t number, uint32_t vcpu, uint32_t intid)
{
    (void)libmicrokit_call(SYSCALL_POST_ROUTE, channel, number, child_of(vcpu), intid);
}

void platform_doorbell_move(uint64_t described, uint64_t gpa)
{
    (void)vcpu_call(SYSCALL_DOORBELL_MOVE, 0, described, gpa, 0);
}

bool platform_irq_ack_at_end(uint32_t intid, microkit_channel channel)
{
    (void)intid;
    (void)channel;
    return false;
}

/* The words in which the kernel tells of pauses (sysdesc.h). */
static uint64_t *idle_word(uint32_t index)
{
    return &((uint64_t *)SYSDESC_PD_IPC_BUFFER)[index];
}

bool platform_take_vcpu_idle(microkit_channel channel)
{
    const uint64_t bit = 1ull << channel;

    return (__atomic_fetch_and(idle_word(SYSDESC_IDLE_WORD), ~bit, __ATOMIC_ACQ_REL) & bit) != 0;
}

void platform_arm_vcpu_idle(microkit_channel channel)
{
    (void)__atomic_fetch_or(idle_word(SYSDESC_IDLE_ARMED_WORD), 1ull << channel, __ATOMIC_ACQ_REL);
}

/* The kernel tells them. */
void platform_share_idle_count(microkit_channel channel, struct vhost_idle_count *idle_count,
                               const struct vhost_status *status)
{
    (void)channel;
    (void)idle_count;
    (void)status;
}

void platform_notify_last(microkit_channel channel)
{
    microkit_deferred_notify(channel);
}

bool platform_notified(microkit_channel channel)
{
    if (channel != vm_config->timer_channel) {
        return false;
    }
    timer_client_heard(&alarm);
    return true;
}
