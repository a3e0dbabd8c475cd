/* SPDX-License-Identifier: BSD-2-Clause */
/* Breakpoints and watchpoints: BRK in the guest's code, and the core's registers (Arm ARM D2.8, D2.9). */
#include "vmm/debug/debug_points.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "vmm/debug/debug_registers.h"
#include "vmm/debug/walk.h"
#include "vmm/platform.h"

#define BRK_INSTRUCTION 0xd4200000u
#define INSTRUCTION_BYTES 4u
#define CONTROL_ENABLED 1u
#define CONTROL_EL1_EL0 (3u << 1)
#define BCR_INSTRUCTION (0xfu << 5)
#define WCR_LOAD (1u << 3)
#define WCR_STORE (2u << 3)
#define WCR_BYTES_SHIFT 5
#define WCR_MASK_SHIFT 24
#define DOUBLEWORD 8u
#define MAX_WATCH_BITS 31u

static uint8_t *code_at(const struct debug_points *points, uint64_t gpa)
{
    uint8_t *host;

    return guestmem_translate(points->mem, gpa_of(gpa), INSTRUCTION_BYTES, &host) == ERR_OK ? host : NULL;
}

static void write_code(uint8_t *host, uint32_t instruction)
{
    memcpy(host, &instruction, sizeof(instruction));
    platform_cache_sync_code(host, sizeof(instruction));
}

static struct debug_soft_point *find_soft(struct debug_points *points, uint64_t va)
{
    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_SOFT; i++) {
        if (points->soft[i].is_set && points->soft[i].va == va) {
            return &points->soft[i];
        }
    }
    return NULL;
}

static struct debug_soft_point *find_free(struct debug_points *points)
{
    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_SOFT; i++) {
        if (!points->soft[i].is_set) {
            return &points->soft[i];
        }
    }
    return NULL;
}

static enum err set_soft(struct debug_points *points, uint32_t vcpu, uint64_t va)
{
    struct debug_soft_point *point = find_soft(points, va);
    struct walk_regime regime;
    struct walk_result place;
    uint8_t *host;

    if (point != NULL) {
        return ERR_OK;
    }
    if (va % INSTRUCTION_BYTES != 0 || !debug_registers_regime(vcpu, &regime) ||
        walk_translate(&regime, points->mem, va, &place) != ERR_OK) {
        return ERR_RANGE;
    }
    host = code_at(points, place.gpa);
    point = find_free(points);
    if (host == NULL || point == NULL) {
        return host == NULL ? ERR_RANGE : ERR_SPACE;
    }
    *point = (struct debug_soft_point){.is_set = true, .va = va, .gpa = place.gpa};
    memcpy(&point->original, host, sizeof(point->original));
    write_code(host, BRK_INSTRUCTION);
    return ERR_OK;
}

/* The guest may have written something else there meanwhile: then that stays. */
static void clear_soft(struct debug_points *points, struct debug_soft_point *point)
{
    uint8_t *host = code_at(points, point->gpa);
    uint32_t now;

    point->is_set = false;
    if (host == NULL) {
        return;
    }
    mem_copy_once(&now, host, sizeof(now));
    if (now == BRK_INSTRUCTION) {
        write_code(host, point->original);
    }
}

/* Every vCPU has the same ones. */
static bool write_all(const struct debug_points *points, uint32_t number, uint64_t value)
{
    bool done = true;

    for (uint32_t vcpu = 0; vcpu < points->vcpu_count; vcpu++) {
        done = platform_debug_write(vcpu, number, value) && done;
    }
    return done;
}

/* Up to a doubleword within one, or a power of two at a multiple of it. */
static bool watch_control(const struct debug_hard_point *point, uint64_t *address, uint64_t *control)
{
    static const uint64_t accesses[] = {[DEBUG_POINT_WRITE] = WCR_STORE,
                                        [DEBUG_POINT_READ] = WCR_LOAD,
                                        [DEBUG_POINT_ACCESS] = WCR_LOAD | WCR_STORE};
    const uint64_t base = CONTROL_ENABLED | CONTROL_EL1_EL0 | accesses[point->kind];
    const uint64_t offset = point->va % DOUBLEWORD;

    if (point->bytes != 0 && offset + point->bytes <= DOUBLEWORD) {
        *address = point->va - offset;
        *control = base | ((1ull << point->bytes) - 1) << offset << WCR_BYTES_SHIFT;
        return true;
    }
    if (point->bytes <= DOUBLEWORD || (point->bytes & (point->bytes - 1)) != 0 ||
        point->va % point->bytes != 0 || point->bytes > 1ull << MAX_WATCH_BITS) {
        return false;
    }
    *address = point->va;
    *control = base | 0xffull << WCR_BYTES_SHIFT | (uint64_t)__builtin_ctzll(point->bytes) << WCR_MASK_SHIFT;
    return true;
}

static bool is_same(const struct debug_hard_point *point, enum debug_point_kind kind, uint64_t va,
                    uint64_t bytes)
{
    return point->is_set && point->kind == kind && point->va == va && point->bytes == bytes;
}

static enum err set_hard(struct debug_points *points, uint32_t vcpu, struct debug_hard_point wanted)
{
    const bool is_break = wanted.kind == DEBUG_POINT_HARD;
    struct debug_hard_point *table = is_break ? points->breakpoints : points->watchpoints;
    uint32_t counts[2], free_slot = DEBUG_POINTS_MAX_HARD;
    uint64_t address = wanted.va, control = CONTROL_ENABLED | CONTROL_EL1_EL0 | BCR_INSTRUCTION;

    if (is_break ? wanted.va % INSTRUCTION_BYTES != 0 : !watch_control(&wanted, &address, &control)) {
        return ERR_UNSUPPORTED;
    }
    debug_registers_points(vcpu, &counts[0], &counts[1]);
    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_HARD && i < counts[is_break ? 0 : 1]; i++) {
        if (is_same(&table[i], wanted.kind, wanted.va, wanted.bytes)) {
            return ERR_OK;
        }
        free_slot = table[i].is_set || free_slot != DEBUG_POINTS_MAX_HARD ? free_slot : i;
    }
    if (free_slot == DEBUG_POINTS_MAX_HARD) {
        return ERR_SPACE;
    }
    table[free_slot] = wanted;
    return write_all(points, (is_break ? PLATFORM_DEBUG_BVR : PLATFORM_DEBUG_WVR) + free_slot, address) &&
                   write_all(points, (is_break ? PLATFORM_DEBUG_BCR : PLATFORM_DEBUG_WCR) + free_slot,
                             control)
               ? ERR_OK
               : ERR_UNSUPPORTED;
}

enum err debug_points_set(struct debug_points *points, uint32_t vcpu, enum debug_point_kind kind, uint64_t va,
                          uint64_t bytes)
{
    if (kind == DEBUG_POINT_SOFT) {
        return set_soft(points, vcpu, va);
    }
    return set_hard(points, vcpu,
                    (struct debug_hard_point){.is_set = true, .kind = kind, .va = va, .bytes = bytes});
}

static void clear_slot(struct debug_points *points, struct debug_hard_point *table, uint32_t slot)
{
    table[slot].is_set = false;
    (void)write_all(points, (table == points->breakpoints ? PLATFORM_DEBUG_BCR : PLATFORM_DEBUG_WCR) + slot,
                    0);
}

void debug_points_clear(struct debug_points *points, enum debug_point_kind kind, uint64_t va, uint64_t bytes)
{
    struct debug_hard_point *table = kind == DEBUG_POINT_HARD ? points->breakpoints : points->watchpoints;
    struct debug_soft_point *soft = find_soft(points, va);

    if (kind == DEBUG_POINT_SOFT) {
        if (soft != NULL) {
            clear_soft(points, soft);
        }
        return;
    }
    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_HARD; i++) {
        if (is_same(&table[i], kind, va, bytes)) {
            clear_slot(points, table, i);
        }
    }
}

void debug_points_clear_all(struct debug_points *points)
{
    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_SOFT; i++) {
        if (points->soft[i].is_set) {
            clear_soft(points, &points->soft[i]);
        }
    }
    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_HARD; i++) {
        if (points->breakpoints[i].is_set) {
            clear_slot(points, points->breakpoints, i);
        }
        if (points->watchpoints[i].is_set) {
            clear_slot(points, points->watchpoints, i);
        }
    }
}

void debug_points_reset(struct debug_points *points)
{
    debug_points_forget_soft(points);
    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_HARD; i++) {
        clear_slot(points, points->breakpoints, i);
        clear_slot(points, points->watchpoints, i);
    }
}

void debug_points_forget_soft(struct debug_points *points)
{
    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_SOFT; i++) {
        points->soft[i].is_set = false;
    }
}

bool debug_points_has_soft(const struct debug_points *points, uint64_t va)
{
    bool has = false;

    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_SOFT; i++) {
        has = has || (points->soft[i].is_set && points->soft[i].va == va);
    }
    return has;
}

static uint64_t distance(const struct debug_hard_point *point, uint64_t far)
{
    if (far < point->va) {
        return point->va - far;
    }
    return far - point->va < point->bytes ? 0 : far - point->va - point->bytes + 1;
}

const struct debug_hard_point *debug_points_find_watch(const struct debug_points *points, uint64_t far)
{
    const struct debug_hard_point *closest = NULL;

    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_HARD; i++) {
        const struct debug_hard_point *point = &points->watchpoints[i];

        if (point->is_set && (closest == NULL || distance(point, far) < distance(closest, far))) {
            closest = point;
        }
    }
    return closest;
}

void debug_points_hide(const struct debug_points *points, uint64_t gpa, uint8_t *copy, uint64_t bytes)
{
    for (uint32_t i = 0; i < DEBUG_POINTS_MAX_SOFT; i++) {
        const struct debug_soft_point *point = &points->soft[i];

        for (uint32_t j = 0; point->is_set && j < INSTRUCTION_BYTES; j++) {
            if (point->gpa + j - gpa < bytes) {
                copy[point->gpa + j - gpa] = (uint8_t)(point->original >> 8 * j);
            }
        }
    }
}
