/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug registers: their values in memory, and in the hardware for who needs them there. */
#include "kernel/aarch64/debug.h"

#include "kernel/aarch64/sysreg.h"
#include "kernel/core/trace.h"
#include "kernel/core/vcpu_exit.h"
#include "kernel/include/syscall.h"

#define MDSCR_SS (1ull << 0)
#define MDSCR_TDCC (1ull << 12)
#define MDSCR_KDE (1ull << 13)
#define MDSCR_MDE (1ull << 15)
#define MDSCR_WRITABLE (MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE)
#define BCR_WRITABLE 0x00ffe1e7ull
#define WCR_WRITABLE 0x1f1fffffull
#define OSLSR_LOCKED (1ull << 1)
#define OSLSR_IMPLEMENTED (1ull << 3)

/* Their number is part of the instruction. */
#define CASE(n, kind)                                                                                        \
    case n:                                                                                                  \
        SYSREG_WRITE(dbg##kind##vr##n##_el1, value);                                                         \
        SYSREG_WRITE(dbg##kind##cr##n##_el1, control);                                                       \
        break;
#define CASES(kind)                                                                                          \
    CASE(0, kind)                                                                                            \
    CASE(1, kind)                                                                                            \
    CASE(2, kind)                                                                                            \
    CASE(3, kind)                                                                                            \
    CASE(4, kind)                                                                                            \
    CASE(5, kind)                                                                                            \
    CASE(6, kind)                                                                                            \
    CASE(7, kind)                                                                                            \
    CASE(8, kind)                                                                                            \
    CASE(9, kind)                                                                                            \
    CASE(10, kind)                                                                                           \
    CASE(11, kind)                                                                                           \
    CASE(12, kind)                                                                                           \
    CASE(13, kind)                                                                                           \
    CASE(14, kind)                                                                                           \
    CASE(15, kind)

static void load_breakpoint(uint32_t number, uint64_t value, uint64_t control)
{
    switch (number) {
        CASES(b)
    default:
        break;
    }
}

static void load_watchpoint(uint32_t number, uint64_t value, uint64_t control)
{
    switch (number) {
        CASES(w)
    default:
        break;
    }
}

static void load_points(struct core *core, const struct arch_debug_points *points)
{
    for (uint32_t i = 0; i < core->features.breakpoint_count; i++) {
        load_breakpoint(i, points->bvr[i], points->bcr[i]);
    }
    for (uint32_t i = 0; i < core->features.watchpoint_count; i++) {
        load_watchpoint(i, points->wvr[i], points->wcr[i]);
    }
    core->points = points;
}

static uint64_t debugger_mdscr(const struct arch_debugger *debugger)
{
    return (debugger->has_points ? MDSCR_MDE | MDSCR_KDE : 0) | (debugger->steps ? MDSCR_SS : 0);
}

void debug_enter(struct core *core, const struct vcpu *vcpu)
{
    const struct arch_debugger *debugger = &vcpu->debugger;
    const bool is_external = debugger->is_attached;
    const struct arch_debug_points *points = is_external ? &debugger->points : &vcpu->arch.debug.points;
    const uint64_t mdscr = is_external ? debugger_mdscr(debugger) : vcpu->arch.debug.mdscr;

    if (core->points != points && (mdscr & MDSCR_MDE) != 0) {
        load_points(core, points);
    }
    SYSREG_WRITE(mdcr_el2, (SYSREG_READ(mdcr_el2) & ~MDCR_TDE) | (is_external ? MDCR_TDE : 0));
    SYSREG_WRITE(mdscr_el1, mdscr);
    core->debug_on = true;
}

void debug_leave(struct core *core)
{
    SYSREG_WRITE(mdscr_el1, 0);
    SYSREG_WRITE(mdcr_el2, SYSREG_READ(mdcr_el2) & ~MDCR_TDE);
    core->debug_on = false;
}

void debug_exit(struct vcpu *vcpu, uint64_t esr, uint64_t far)
{
    const uint64_t words[] = {esr, far, vcpu->thread.context.pc};

    trace_event(vcpu->thread.core, SYSDESC_TRACE_EXIT_DEBUG, &vcpu->thread, words[2]);
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_DEBUG, words, 3);
}

bool debug_has(const struct core *core, const struct sysreg_access *access)
{
    switch (access->action) {
    case SYSREG_BVR:
    case SYSREG_BCR:
        return access->index < core->features.breakpoint_count;
    case SYSREG_WVR:
    case SYSREG_WCR:
        return access->index < core->features.watchpoint_count;
    default:
        return true;
    }
}

uint64_t debug_read(const struct vcpu *vcpu, const struct sysreg_access *access)
{
    const struct arch_debug *debug = &vcpu->arch.debug;

    switch (access->action) {
    case SYSREG_MDSCR:
        return debug->mdscr;
    case SYSREG_BVR:
        return debug->points.bvr[access->index];
    case SYSREG_BCR:
        return debug->points.bcr[access->index];
    case SYSREG_WVR:
        return debug->points.wvr[access->index];
    case SYSREG_WCR:
        return debug->points.wcr[access->index];
    case SYSREG_OSLSR:
        return OSLSR_IMPLEMENTED | (debug->locked ? OSLSR_LOCKED : 0);
    default:
        return 0;
    }
}

static void store(struct arch_debug *debug, const struct sysreg_access *access, uint64_t value)
{
    switch (access->action) {
    case SYSREG_MDSCR:
        debug->mdscr = value & MDSCR_WRITABLE;
        break;
    case SYSREG_BVR:
        debug->points.bvr[access->index] = value;
        break;
    case SYSREG_BCR:
        debug->points.bcr[access->index] = value & BCR_WRITABLE;
        break;
    case SYSREG_WVR:
        debug->points.wvr[access->index] = value;
        break;
    case SYSREG_WCR:
        debug->points.wcr[access->index] = value & WCR_WRITABLE;
        break;
    case SYSREG_OSLAR:
        debug->locked = (value & 1) != 0;
        break;
    default:
        break;
    }
}

void debug_changed(struct vcpu *vcpu)
{
    struct core *core = vcpu->thread.core;
    struct arch_debug *debug = &vcpu->arch.debug;

    debug->armed =
        vcpu->debugger.is_attached || (!debug->locked && (debug->mdscr & (MDSCR_SS | MDSCR_MDE)) != 0);
    if (core->resident != &vcpu->thread) {
        return;
    }
    if (debug->armed) {
        debug_enter(core, vcpu);
    } else if (core->debug_on) {
        debug_leave(core);
    }
}

static void forget_loaded(struct core *core, const struct arch_debug_points *points)
{
    if (core->points == points) {
        core->points = NULL; /* the hardware's are the old ones */
    }
}

void debug_write(struct vcpu *vcpu, const struct sysreg_access *access, uint64_t value)
{
    store(&vcpu->arch.debug, access, value);
    if (access->action != SYSREG_MDSCR && access->action != SYSREG_OSLAR) {
        forget_loaded(vcpu->thread.core, &vcpu->arch.debug.points);
    }
    debug_changed(vcpu);
}

void debug_points_changed(struct vcpu *vcpu)
{
    forget_loaded(vcpu->thread.core, &vcpu->debugger.points);
    debug_changed(vcpu);
}
