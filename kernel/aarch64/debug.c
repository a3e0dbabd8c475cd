/* SPDX-License-Identifier: BSD-2-Clause */
/* Debug registers: their values in memory, and in the hardware for who needs them there. */
#include "kernel/aarch64/debug.h"

#include "kernel/aarch64/sysreg.h"

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
#define WRITE_CASE(n)                                                                                        \
    case n:                                                                                                  \
        SYSREG_WRITE(dbgbvr##n##_el1, debug->bvr[n]);                                                        \
        SYSREG_WRITE(dbgbcr##n##_el1, debug->bcr[n]);                                                        \
        break

static void load_breakpoint(const struct arch_debug *debug, uint32_t number)
{
    switch (number) {
        WRITE_CASE(0);
        WRITE_CASE(1);
        WRITE_CASE(2);
        WRITE_CASE(3);
        WRITE_CASE(4);
        WRITE_CASE(5);
        WRITE_CASE(6);
        WRITE_CASE(7);
        WRITE_CASE(8);
        WRITE_CASE(9);
        WRITE_CASE(10);
        WRITE_CASE(11);
        WRITE_CASE(12);
        WRITE_CASE(13);
        WRITE_CASE(14);
    default:
        SYSREG_WRITE(dbgbvr15_el1, debug->bvr[15]);
        SYSREG_WRITE(dbgbcr15_el1, debug->bcr[15]);
        break;
    }
}
#undef WRITE_CASE

#define WRITE_CASE(n)                                                                                        \
    case n:                                                                                                  \
        SYSREG_WRITE(dbgwvr##n##_el1, debug->wvr[n]);                                                        \
        SYSREG_WRITE(dbgwcr##n##_el1, debug->wcr[n]);                                                        \
        break

static void load_watchpoint(const struct arch_debug *debug, uint32_t number)
{
    switch (number) {
        WRITE_CASE(0);
        WRITE_CASE(1);
        WRITE_CASE(2);
        WRITE_CASE(3);
        WRITE_CASE(4);
        WRITE_CASE(5);
        WRITE_CASE(6);
        WRITE_CASE(7);
        WRITE_CASE(8);
        WRITE_CASE(9);
        WRITE_CASE(10);
        WRITE_CASE(11);
        WRITE_CASE(12);
        WRITE_CASE(13);
        WRITE_CASE(14);
    default:
        SYSREG_WRITE(dbgwvr15_el1, debug->wvr[15]);
        SYSREG_WRITE(dbgwcr15_el1, debug->wcr[15]);
        break;
    }
}
#undef WRITE_CASE

void debug_enter(struct core *core, const struct vcpu *vcpu)
{
    const struct arch_debug *debug = &vcpu->arch.debug;

    if (core->debug != vcpu && (debug->mdscr & MDSCR_MDE) != 0) {
        for (uint32_t i = 0; i < core->features.breakpoint_count; i++) {
            load_breakpoint(debug, i);
        }
        for (uint32_t i = 0; i < core->features.watchpoint_count; i++) {
            load_watchpoint(debug, i);
        }
        core->debug = vcpu;
    }
    SYSREG_WRITE(mdscr_el1, debug->mdscr);
    core->debug_on = true;
}

void debug_leave(struct core *core)
{
    SYSREG_WRITE(mdscr_el1, 0);
    core->debug_on = false;
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
        return debug->bvr[access->index];
    case SYSREG_BCR:
        return debug->bcr[access->index];
    case SYSREG_WVR:
        return debug->wvr[access->index];
    case SYSREG_WCR:
        return debug->wcr[access->index];
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
        debug->bvr[access->index] = value;
        break;
    case SYSREG_BCR:
        debug->bcr[access->index] = value & BCR_WRITABLE;
        break;
    case SYSREG_WVR:
        debug->wvr[access->index] = value;
        break;
    case SYSREG_WCR:
        debug->wcr[access->index] = value & WCR_WRITABLE;
        break;
    case SYSREG_OSLAR:
        debug->locked = (value & 1) != 0;
        break;
    default:
        break;
    }
}

void debug_write(struct vcpu *vcpu, const struct sysreg_access *access, uint64_t value)
{
    struct core *core = vcpu->thread.core;
    struct arch_debug *debug = &vcpu->arch.debug;
    const bool is_point = access->action != SYSREG_MDSCR && access->action != SYSREG_OSLAR;

    store(debug, access, value);
    if (is_point && core->debug == vcpu) {
        core->debug = NULL; /* the hardware's are the old ones */
    }
    debug->armed = !debug->locked && (debug->mdscr & (MDSCR_SS | MDSCR_MDE)) != 0;
    if (debug->armed) {
        debug_enter(core, vcpu);
    } else if (core->debug_on) {
        debug_leave(core);
    }
}
