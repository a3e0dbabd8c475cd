/* SPDX-License-Identifier: BSD-2-Clause */
/* Fields of the descriptor's rows. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/verify/mutate.h"

/* A field, bits of it to flip, and the rules one of which has then to be broken; NULL: it promises nothing.
 */
struct field {
    const char *name;
    size_t offset, bytes;
    uint64_t flip;
    const char *rules;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIELD(type, member, flip, rules)                                                                     \
    {                                                                                                        \
#member, offsetof(type, member), sizeof(((type *)0)->member)> 8 ? 1 : sizeof(((type *)0)->member),   \
            flip, rules                                                                                      \
    }

static const struct field pd_fields[] = {
    FIELD(struct sysdesc_pd, name, 1, "policy-program"),
    FIELD(struct sysdesc_pd, stage2_root, 0x1000, "any"),
    FIELD(struct sysdesc_pd, entry, 4, "program-image"),
    FIELD(struct sysdesc_pd, ipc_buffer, 0x1000, "ipc-buffer"),
    FIELD(struct sysdesc_pd, budget_us, 2, "policy-schedule"),
    FIELD(struct sysdesc_pd, period_us, 0x4000, "policy-schedule"),
    FIELD(struct sysdesc_pd, parent, 0x8000, "child"),
    FIELD(struct sysdesc_pd, priority, 1, "policy-schedule"),
    FIELD(struct sysdesc_pd, priority, 0x40, "policy-schedule"),
    FIELD(struct sysdesc_pd, core, 1, "policy-schedule"),
    FIELD(struct sysdesc_pd, flags, SYSDESC_PD_PASSIVE, "policy-schedule"),
    FIELD(struct sysdesc_pd, flags, SYSDESC_PD_NO_FPU, "policy-fpu"),
    FIELD(struct sysdesc_pd, flags, SYSDESC_PD_OBSERVER, "policy-observer"),
    FIELD(struct sysdesc_pd, smc_calls[0], 0x84000008, "policy-firmware-calls"),
    FIELD(struct sysdesc_pd, smc_calls[7], 0x84000009, "policy-firmware-calls"),
    FIELD(struct sysdesc_pd, flags, 0x80, "limit"),
    FIELD(struct sysdesc_pd, vmid, 0xc0, NULL),
    FIELD(struct sysdesc_pd, vmid, 0x100, "vmid"),
    FIELD(struct sysdesc_pd, account_first, 0x10000, "account"),
    FIELD(struct sysdesc_pd, account_count, 0x10000, "account"),
    FIELD(struct sysdesc_pd, post_count, 1, "policy-post post"),
    FIELD(struct sysdesc_pd, post_first, 0x10000, "post"),
};

static const struct field vcpu_fields[] = {
    FIELD(struct sysdesc_vcpu, name, 1, "policy-vcpu child"),
    FIELD(struct sysdesc_vcpu, stage2_root, 0x1000, "any"),
    FIELD(struct sysdesc_vcpu, vmpidr, 0x10, "policy-vcpu"),
    FIELD(struct sysdesc_vcpu, budget_us, 2, "policy-schedule"),
    FIELD(struct sysdesc_vcpu, period_us, 0x4000, "policy-schedule"),
    FIELD(struct sysdesc_vcpu, parent, 1, "child"),
    FIELD(struct sysdesc_vcpu, child_id, 1, "child"),
    FIELD(struct sysdesc_vcpu, priority, 1, "policy-schedule"),
    FIELD(struct sysdesc_vcpu, priority, 0x80, "policy-schedule"),
    FIELD(struct sysdesc_vcpu, core, 1, "policy-schedule"),
    FIELD(struct sysdesc_vcpu, vmid, 0x100, "vmid child"),
    FIELD(struct sysdesc_vcpu, doorbell_first, 0x10000, "doorbell"),
    FIELD(struct sysdesc_vcpu, doorbell_count, 1, "policy-doorbell doorbell"),
    FIELD(struct sysdesc_vcpu, vtimer_intid, 1, "policy-vcpu"),
    FIELD(struct sysdesc_vcpu, sgir_gpa, 0x10000, "policy-vcpu child"),
    FIELD(struct sysdesc_vcpu, flags, SYSDESC_VCPU_SVE, "policy-vcpu"),
    FIELD(struct sysdesc_vcpu, flags, SYSDESC_VCPU_DEBUG, "policy-vcpu"),
    FIELD(struct sysdesc_vcpu, flags, 0x80, "policy-vcpu limit"),
};

static const struct field irq_fields[] = {
    FIELD(struct sysdesc_irq, intid, 0x80, "policy-interrupt"),
    FIELD(struct sysdesc_irq, target, 1, "policy-interrupt irq-owner"),
    FIELD(struct sysdesc_irq, kind, 3, "irq-owner"),
    FIELD(struct sysdesc_irq, edge, 1, "policy-interrupt"),
    FIELD(struct sysdesc_irq, reserved, 1, NULL),
};

static const struct field doorbell_fields[] = {
    FIELD(struct sysdesc_doorbell, gpa, 0x2000000, "policy-doorbell"),
    FIELD(struct sysdesc_doorbell, width_bytes, 8, "policy-doorbell doorbell"),
    FIELD(struct sysdesc_doorbell, flags, SYSDESC_DOORBELL_MATCH, "policy-doorbell"),
    FIELD(struct sysdesc_doorbell, flags, SYSDESC_DOORBELL_IGNORE, "policy-doorbell"),
    FIELD(struct sysdesc_doorbell, flags, SYSDESC_DOORBELL_IDLE, "policy-doorbell"),
    FIELD(struct sysdesc_doorbell, flags, 0x80, "doorbell"),
    FIELD(struct sysdesc_doorbell, reserved, 1, NULL),
};

/* Of those that are not ignored. */
static const struct field ringing_fields[] = {
    FIELD(struct sysdesc_doorbell, channel, 1, "policy-doorbell doorbell"),
    FIELD(struct sysdesc_doorbell, pd, 1, "policy-doorbell doorbell"),
    FIELD(struct sysdesc_doorbell, delay_us, 1, "policy-doorbell"),
};

static const struct field post_fields[] = {
    FIELD(struct sysdesc_post, vcpu, 1, "policy-post post"),
    FIELD(struct sysdesc_post, intid, 0x40, "policy-post"),
    FIELD(struct sysdesc_post, delay_us, 1, "policy-post"),
    FIELD(struct sysdesc_post, channel, 1, "policy-post post"),
    FIELD(struct sysdesc_post, reserved, 1, NULL),
};

static const struct field account_fields[] = {
    FIELD(struct sysdesc_account, vcpu, 1, "policy-account account"),
    FIELD(struct sysdesc_account, id, 0x40, "account"),
    FIELD(struct sysdesc_account, reserved, 1, NULL),
};

static const struct field sysdesc_fields[] = {
    FIELD(struct sysdesc, magic, 1, "malformed"),
    FIELD(struct sysdesc, version, 1, "malformed"),
    FIELD(struct sysdesc, size_bytes, 8, "malformed"),
    FIELD(struct sysdesc, image_end, 0x8000000000, "firmware"),
    FIELD(struct sysdesc, core_count, 2, "policy-cores"),
    FIELD(struct sysdesc, pd_count, 1, "any"),
    FIELD(struct sysdesc, vcpu_count, 1, "any"),
    FIELD(struct sysdesc, irq_count, 1, "any"),
    FIELD(struct sysdesc, klog_pd, 1, "klog policy-klog"),
    FIELD(struct sysdesc, klog_channel, 1, "klog policy-klog"),
    FIELD(struct sysdesc, trace_pd, 1, "trace policy-trace"),
    FIELD(struct sysdesc, trace_channel, 1, "trace policy-trace"),
    FIELD(struct sysdesc, trace, 0x1000, "trace"),
    FIELD(struct sysdesc, trace_ring_bytes, 0x80000, "trace policy-trace"),
    FIELD(struct sysdesc, reserved3, 1, NULL),
    FIELD(struct sysdesc, seed_pd, 1, "policy-seed"),
    FIELD(struct sysdesc, el2_root, 0x1000, "any"),
    FIELD(struct sysdesc, pds, 0x40, "any"),
    FIELD(struct sysdesc, vcpus, 0x40, "any"),
    FIELD(struct sysdesc, irqs, 0x40, "any"),
    FIELD(struct sysdesc, name, 1, "policy-system"),
    FIELD(struct sysdesc, core_mpidrs[0], 0x100, "policy-board"),
    FIELD(struct sysdesc, core_mpidrs[0], 0x80000000, "limit"),
    FIELD(struct sysdesc, core_mpidrs[SYSDESC_MAX_CORES - 1], 0x100, NULL),
    FIELD(struct sysdesc, board.gicd_base, 0x10000, "policy-board"),
    FIELD(struct sysdesc, board.gicc_base, 0x10000, "policy-board"),
    FIELD(struct sysdesc, board.gich_base, 0x10000, "policy-board"),
    FIELD(struct sysdesc, board.gicr_base, 0x10000, "policy-board"),
    FIELD(struct sysdesc, board.gicr_bytes, 0x20000, "policy-board"),
    FIELD(struct sysdesc, board.gic_kind, 1, "policy-board"),
    FIELD(struct sysdesc, board.gic_kind, 2, "policy-board"),
    FIELD(struct sysdesc, board.uart_base, 0x10000, "policy-board"),
    FIELD(struct sysdesc, board.fdt_base, 0x1000, "policy-board"),
    FIELD(struct sysdesc, board.fdt_bytes, 0x1000, "policy-board"),
    FIELD(struct sysdesc, board.uart_irq, 1, "policy-board"),
    FIELD(struct sysdesc, board.uart_kind, 1, "policy-board"),
    FIELD(struct sysdesc, board.timer_hz, 1, "policy-board"),
    FIELD(struct sysdesc, board.vtimer_irq, 1, "policy-board"),
    FIELD(struct sysdesc, board.hyptimer_irq, 1, "policy-board"),
    FIELD(struct sysdesc, board.maintenance_irq, 1, "policy-board"),
    FIELD(struct sysdesc, reserved, 1, NULL),
    FIELD(struct sysdesc, reserved2, 1, NULL),
};

static void mutate_fields(struct mutate *mutate, void *row, const struct field *fields, size_t count,
                          const char *who, uint64_t number)
{
    for (size_t i = 0; i < count; i++) {
        mutate_poke(mutate, (uint8_t *)row + fields[i].offset, fields[i].bytes, fields[i].flip,
                    fields[i].rules, fields[i].name, who, number);
    }
}

/* What an end of a channel may do, and where it leads. */
static void mutate_channel(struct mutate *mutate, struct sysdesc_channel *row, const char *who, uint32_t id)
{
    bool is_irq = (row->kind & SYSDESC_CHANNEL_IRQ) != 0;
    bool is_end = !is_irq && (row->peer != 0 || row->peer_channel != 0);
    uint8_t kind = row->kind;

    if (kind == 0) {
        row->kind = SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY;
        mutate_judge(mutate, "channel", "a channel that is not", who, id);
        row->kind = 0;
        return;
    }
    mutate_poke(mutate, &row->kind, 1, SYSDESC_CHANNEL_NOTIFY, "channel policy-channel", "notify", who, id);
    mutate_poke(mutate, &row->kind, 1, SYSDESC_CHANNEL_PPC, "channel policy-channel", "call", who, id);
    mutate_poke(mutate, &row->kind, 1, SYSDESC_CHANNEL_IRQ, "channel irq-owner policy-channel klog", "irq",
                who, id);
    mutate_poke(mutate, &row->kind, 1, kind, "channel policy-channel irq-owner klog policy-klog", "gone", who,
                id);
    if (is_irq) {
        mutate_poke(mutate, &row->intid, 2, 1, "irq-owner", "intid", who, id);
    }
    if (is_end) {
        mutate_poke(mutate, &row->peer, 2, 1, "channel policy-channel", "peer", who, id);
        mutate_poke(mutate, &row->peer_channel, 1, 1, "channel policy-channel", "peer_channel", who, id);
    }
    mutate_poke(mutate, &row->reserved, 2, 1, NULL, "reserved", who, id);
}

static void mutate_pd(struct mutate *mutate, struct sysdesc_pd *row, uint32_t pd)
{
    char who[SYSDESC_NAME_BYTES];
    unsigned int unused = 0;

    memcpy(who, row->name, sizeof who);
    mutate_fields(mutate, row, pd_fields, row->post_count > 0 ? COUNT(pd_fields) : COUNT(pd_fields) - 2, who,
                  pd);
    for (uint32_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
        unused += row->channels[id].kind == 0;
        if (row->channels[id].kind != 0 || unused == 1) {
            mutate_channel(mutate, &row->channels[id], who, id);
        }
        if (row->children[id].kind != SYSDESC_CHILD_NONE) {
            mutate_poke(mutate, &row->children[id].kind, 2, 3, "child", "child kind", who, id);
            mutate_poke(mutate, &row->children[id].index, 2, 1, "child", "child index", who, id);
        }
    }
    row->children[61] = (struct sysdesc_child){SYSDESC_CHILD_VCPU, 0};
    mutate_judge(mutate, "child", "another's vCPU for a child", who, 61);
    row->children[61] = (struct sysdesc_child){0, 0};
}

static void mutate_vcpu(struct mutate *mutate, struct sysdesc_vcpu *row, uint32_t vcpu)
{
    char who[SYSDESC_NAME_BYTES];

    memcpy(who, row->name, sizeof who);
    mutate_fields(mutate, row, vcpu_fields, COUNT(vcpu_fields), who, vcpu);
}

void mutate_rows(struct mutate *mutate)
{
    const struct sysdesc *sys = &mutate->facts.sys;
    struct sysdesc *in_image = mutate_at(mutate, mutate->facts.sysdesc_phys);

    mutate_fields(mutate, in_image, sysdesc_fields, COUNT(sysdesc_fields), "system", 0);
    /* In front of what is loaded, wherever the board's RAM begins. */
    mutate_poke(mutate, &in_image->image_end, sizeof(in_image->image_end),
                sys->image_end ^ (mutate->facts.intent.ram_base + 0x1000), "load-address", "image_end",
                "system", 1);
    for (uint32_t i = 0; i < sys->pd_count; i++) {
        mutate_pd(mutate, (struct sysdesc_pd *)mutate_at(mutate, sys->pds) + i, i);
    }
    for (uint32_t i = 0; i < sys->vcpu_count; i++) {
        mutate_vcpu(mutate, (struct sysdesc_vcpu *)mutate_at(mutate, sys->vcpus) + i, i);
    }
    for (uint32_t i = 0; i < sys->irq_count; i++) {
        mutate_fields(mutate, (struct sysdesc_irq *)mutate_at(mutate, sys->irqs) + i, irq_fields,
                      COUNT(irq_fields), "interrupt", i);
    }
    for (uint32_t i = 0; i < sys->doorbell_count; i++) {
        struct sysdesc_doorbell *row = (struct sysdesc_doorbell *)mutate_at(mutate, sys->doorbells) + i;

        if (mutate_skips(mutate)) {
            continue;
        }
        mutate_fields(mutate, row, doorbell_fields, COUNT(doorbell_fields), "doorbell", i);
        if ((row->flags & SYSDESC_DOORBELL_IGNORE) == 0) {
            mutate_fields(mutate, row, ringing_fields, COUNT(ringing_fields), "doorbell", i);
        }
        if ((row->flags & SYSDESC_DOORBELL_MATCH) != 0) {
            mutate_poke(mutate, &row->value, 4, 0x10, "policy-doorbell", "value", "doorbell", i);
        }
    }
    for (uint32_t i = 0; i < sys->post_count; i++) {
        mutate_fields(mutate, (struct sysdesc_post *)mutate_at(mutate, sys->posts) + i, post_fields,
                      COUNT(post_fields), "post", i);
    }
    for (uint32_t i = 0; i < sys->account_count; i++) {
        mutate_fields(mutate, (struct sysdesc_account *)mutate_at(mutate, sys->accounts) + i, account_fields,
                      COUNT(account_fields), "account", i);
    }
}
