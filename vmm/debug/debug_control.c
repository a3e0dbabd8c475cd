/* SPDX-License-Identifier: BSD-2-Clause */
/* A debugged guest goes and stops. */
#include "vmm/debug/debug_control.h"

#include "lib/base/mem.h"
#include "vmm/debug/walk.h"

static uint32_t vcpu_count(const struct debugger *debugger)
{
    return debugger->config->vcpu_count;
}

/* What is late by a step must not make it one into an interrupt's handler. */
static void mask_irqs(const struct debugger *debugger, uint32_t vcpu, bool masked)
{
    platform_virq_enable(vcpu, !masked && *debugger->irqs_on != 0);
}

static void end_step(struct debugger *debugger, uint32_t vcpu)
{
    if (debugger->steps[vcpu]) {
        debugger->steps[vcpu] = false;
        mask_irqs(debugger, vcpu, false);
        (void)platform_debug_write(vcpu, PLATFORM_DEBUG_DEBUGGER, PLATFORM_DEBUG_ATTACHED);
    }
}

void debug_control_attach(struct debugger *debugger)
{
    debugger->is_attached = true;
    debugger->selected = 0;
    debugger->stop = (struct debug_stop){.signal = DEBUG_SIGNAL_TRAP};
    debug_control_stop(debugger);
    for (uint32_t i = 0; i < vcpu_count(debugger); i++) {
        (void)platform_debug_write(i, PLATFORM_DEBUG_DEBUGGER, PLATFORM_DEBUG_ATTACHED);
    }
}

void debug_control_stop(struct debugger *debugger)
{
    debugger->is_running = false;
    for (uint32_t i = 0; i < vcpu_count(debugger); i++) {
        debugger->hold->by_debugger[i] = true;
    }
    hold_apply(debugger->hold);
    for (uint32_t i = 0; i < vcpu_count(debugger); i++) {
        end_step(debugger, i);
    }
}

void debug_control_go(struct debugger *debugger, const enum debug_action actions[VMM_CONFIG_MAX_VCPUS])
{
    debugger->is_running = true;
    for (uint32_t i = 0; i < vcpu_count(debugger); i++) {
        debugger->steps[i] = actions[i] == DEBUG_STEP;
        if (debugger->steps[i]) {
            mask_irqs(debugger, i, true);
        }
        /* Also for those that just go: the kernel makes sure that they see what is in their code now. */
        (void)platform_debug_write(i, PLATFORM_DEBUG_DEBUGGER,
                                   PLATFORM_DEBUG_ATTACHED | (debugger->steps[i] ? PLATFORM_DEBUG_STEP : 0u));
        debugger->hold->by_debugger[i] = actions[i] == DEBUG_STAY;
    }
    hold_apply(debugger->hold);
}

void debug_control_detach(struct debugger *debugger)
{
    debug_control_stop(debugger);
    debug_points_clear_all(&debugger->points);
    for (uint32_t i = 0; i < vcpu_count(debugger); i++) {
        (void)platform_debug_write(i, PLATFORM_DEBUG_DEBUGGER, 0);
        debugger->hold->by_debugger[i] = false;
    }
    debugger->is_attached = false;
    hold_apply(debugger->hold);
}

/* The part of [va, va + *bytes) that lies in one page. */
static uint8_t *find(const struct debugger *debugger, uint64_t va, uint64_t *gpa, uint64_t *bytes)
{
    struct walk_regime regime;
    struct walk_result place;
    uint8_t *host;

    if (!debug_registers_regime(debugger->selected, &regime) ||
        walk_translate(&regime, debugger->mem, va, &place) != ERR_OK) {
        return NULL;
    }
    *bytes = *bytes < place.bytes ? *bytes : place.bytes;
    *gpa = place.gpa;
    return guestmem_translate(debugger->mem, gpa_of(place.gpa), *bytes, &host) == ERR_OK ? host : NULL;
}

uint64_t debug_control_read(const struct debugger *debugger, uint64_t va, uint8_t *copy, uint64_t bytes)
{
    uint64_t gpa;
    const uint8_t *host = find(debugger, va, &gpa, &bytes);

    if (host == NULL) {
        return 0;
    }
    memcpy(copy, host, bytes);
    debug_points_hide(&debugger->points, gpa, copy, bytes);
    return bytes;
}

uint64_t debug_control_write(struct debugger *debugger, uint64_t va, const uint8_t *copy, uint64_t bytes)
{
    uint64_t gpa;
    uint8_t *host = find(debugger, va, &gpa, &bytes);

    if (host == NULL) {
        return 0;
    }
    memcpy(host, copy, bytes);
    platform_cache_sync_code(host, bytes);
    return bytes;
}
