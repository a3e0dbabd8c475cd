/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on the descriptor's rows. */
#include <string.h>

#include "tests/verify/attack.h"

static bool sibling_loses_doorbell(struct attack_rows *rows)
{
    struct sysdesc_vcpu *vcpu = attack_sibling(rows);

    if (vcpu == NULL || vcpu->doorbell_count == 0) {
        return false;
    }
    vcpu->doorbell_count--;
    return true;
}

static bool sibling_has_none(struct attack_rows *rows)
{
    struct sysdesc_vcpu *vcpu = attack_sibling(rows);

    if (vcpu == NULL || vcpu->doorbell_count == 0) {
        return false;
    }
    vcpu->doorbell_count = 0;
    return true;
}

static bool siblings_change_places(struct attack_rows *rows)
{
    struct sysdesc_vcpu *vcpu = attack_sibling(rows);

    if (vcpu == NULL) {
        return false;
    }
    ATTACK_SWAP(vcpu[0].vmpidr, vcpu[-1].vmpidr);
    return true;
}

static bool sibling_elsewhere(struct attack_rows *rows)
{
    struct sysdesc_vcpu *vcpu = attack_sibling(rows);

    if (vcpu == NULL) {
        return false;
    }
    rows->sys->core_count += rows->sys->core_count == 1;
    vcpu->core ^= 1;
    return true;
}

/* A row that takes all stores in front of one that rings. */
static bool hide_doorbell(struct attack_rows *rows)
{
    const struct sysdesc_vcpu *vcpu = &rows->vcpus[0];

    if (rows->sys->vcpu_count == 0 || vcpu->doorbell_count < 2) {
        return false;
    }
    struct sysdesc_doorbell *row = &rows->doorbells[vcpu->doorbell_first];

    row[1].gpa = row[0].gpa;
    row[0].flags = SYSDESC_DOORBELL_IGNORE;
    return true;
}

static bool swap_doorbells(struct attack_rows *rows)
{
    const struct sysdesc_vcpu *other = attack_other_vm(rows);

    for (uint32_t i = 0; other != NULL && i < rows->vcpus[0].doorbell_count && i < other->doorbell_count;
         i++) {
        struct sysdesc_doorbell *one = &rows->doorbells[rows->vcpus[0].doorbell_first + i];
        struct sysdesc_doorbell *two = &rows->doorbells[other->doorbell_first + i];

        if (((one->flags | two->flags) & SYSDESC_DOORBELL_IGNORE) == 0 &&
            (one->pd != two->pd || one->channel != two->channel)) {
            ATTACK_SWAP(one->pd, two->pd);
            ATTACK_SWAP(one->channel, two->channel);
            return true;
        }
    }
    return false;
}

static bool swap_doorbell_tables(struct attack_rows *rows)
{
    struct sysdesc_vcpu *other = attack_other_vm(rows);

    if (other == NULL || attack_sibling(rows) != NULL ||
        rows->vcpus[0].doorbell_count + other->doorbell_count == 0) {
        return false;
    }
    ATTACK_SWAP(rows->vcpus[0].doorbell_first, other->doorbell_first);
    ATTACK_SWAP(rows->vcpus[0].doorbell_count, other->doorbell_count);
    return true;
}

static bool one_table_for_two(struct attack_rows *rows)
{
    struct sysdesc_vcpu *other = attack_other_vm(rows);

    if (other == NULL || rows->vcpus[0].doorbell_count + other->doorbell_count == 0) {
        return false;
    }
    other->doorbell_first = rows->vcpus[0].doorbell_first;
    other->doorbell_count = rows->vcpus[0].doorbell_count;
    return true;
}
static bool swap_vm_names(struct attack_rows *rows)
{
    struct sysdesc_vcpu *other = attack_other_vm(rows);
    char name[SYSDESC_NAME_BYTES];

    if (other == NULL || attack_sibling(rows) != NULL) {
        return false;
    }
    memcpy(name, other->name, sizeof(name));
    memcpy(other->name, rows->vcpus[0].name, sizeof(name));
    memcpy(rows->vcpus[0].name, name, sizeof(name));
    return true;
}

static bool swap_vmids(struct attack_rows *rows)
{
    ATTACK_SWAP(rows->pds[0].vmid, rows->pds[1].vmid);
    return true;
}

static bool swap_schedules(struct attack_rows *rows)
{
    struct sysdesc_pd *a = &rows->pds[0];

    for (uint32_t i = 1; i < rows->sys->pd_count; i++) {
        struct sysdesc_pd *b = &rows->pds[i];

        if (a->priority != b->priority) {
            ATTACK_SWAP(a->priority, b->priority);
            return true;
        }
    }
    return false;
}

static bool second_core(struct attack_rows *rows)
{
    rows->sys->core_count++;
    rows->pds[rows->sys->pd_count - 1].core = (uint8_t)(rows->sys->core_count - 1);
    return true;
}

static bool share_ipc_page(struct attack_rows *rows)
{
    rows->pds[0].ipc_buffer = rows->pds[1].ipc_buffer;
    return true;
}

static bool log_to_another(struct attack_rows *rows)
{
    struct sysdesc_pd *to = &rows->pds[(rows->sys->klog_pd + 1u) % rows->sys->pd_count];

    if (rows->sys->klog_pd >= rows->sys->pd_count) {
        return false;
    }
    to->channels[61] = (struct sysdesc_channel){.kind = SYSDESC_CHANNEL_VALID};
    rows->pds[rows->sys->klog_pd].channels[rows->sys->klog_channel].kind = 0;
    rows->sys->klog_pd = (uint16_t)(to - rows->pds);
    rows->sys->klog_channel = 61;
    return true;
}

static bool events_to_another(struct attack_rows *rows)
{
    struct sysdesc_pd *to = &rows->pds[(rows->sys->trace_pd + 1u) % rows->sys->pd_count];

    if (rows->sys->trace_pd >= rows->sys->pd_count) {
        return false;
    }
    to->channels[61] = (struct sysdesc_channel){.kind = SYSDESC_CHANNEL_VALID};
    rows->pds[rows->sys->trace_pd].channels[rows->sys->trace_channel].kind = 0;
    rows->sys->trace_pd = (uint16_t)(to - rows->pds);
    rows->sys->trace_channel = 61;
    return true;
}

/* Whoever reads events can be made to have them written over others. */
static bool events_over_another_region(struct attack_rows *rows)
{
    const struct facts *facts = &rows->mutate->facts;

    for (uint32_t i = 0; rows->sys->trace != 0 && i < facts->region_count; i++) {
        if (facts->regions[i].kind == INTENT_REGION_GUEST_RAM) {
            rows->sys->trace = facts->regions[i].phys;
            return true;
        }
    }
    return false;
}

static bool longer_rings(struct attack_rows *rows)
{
    rows->sys->trace_ring_bytes *= 2;
    return rows->sys->trace != 0;
}

static bool seed_to_another(struct attack_rows *rows)
{
    if (rows->sys->seed_pd >= rows->sys->pd_count) {
        return false;
    }
    rows->sys->seed_pd = (uint16_t)((rows->sys->seed_pd + 1u) % rows->sys->pd_count);
    return true;
}

static bool tree_in_guest_ram(struct attack_rows *rows)
{
    rows->sys->board.fdt_base =
        rows->mutate->facts.intent.ram_base + rows->mutate->facts.intent.ram_bytes / 2;
    return true;
}

static bool clock_twice_as_fast(struct attack_rows *rows)
{
    rows->sys->board.timer_hz = 125000000;
    return true;
}

static bool timers_change_places(struct attack_rows *rows)
{
    ATTACK_SWAP(rows->sys->board.vtimer_irq, rows->sys->board.hyptimer_irq);
    return true;
}

static bool vtimer_of_guests(struct attack_rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->vcpu_count; i++) {
        rows->vcpus[i].vtimer_intid = 28;
    }
    rows->sys->board.vtimer_irq = 28;
    return rows->sys->vcpu_count > 0;
}

/* The device's interrupt goes past its driver to the guest. */
static bool interrupt_to_guest(struct attack_rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->irq_count && rows->sys->vcpu_count > 0; i++) {
        struct sysdesc_irq *row = &rows->irqs[i];

        if (row->kind == SYSDESC_IRQ_PD) {
            rows->pds[row->target].channels[row->channel].kind = 0;
            *row = (struct sysdesc_irq){
                .intid = row->intid, .kind = SYSDESC_IRQ_VCPU, .edge = row->edge, .virq = 60};
            return true;
        }
    }
    return false;
}

static bool swap_interrupts(struct attack_rows *rows)
{
    struct sysdesc_irq *a = &rows->irqs[0];

    for (uint32_t i = 1; i < rows->sys->irq_count; i++) {
        struct sysdesc_irq *b = &rows->irqs[i];

        if (a->kind == SYSDESC_IRQ_PD && b->kind == SYSDESC_IRQ_PD) {
            ATTACK_SWAP(a->intid, b->intid);
            rows->pds[a->target].channels[a->channel].intid = (uint16_t)a->intid;
            rows->pds[b->target].channels[b->channel].intid = (uint16_t)b->intid;
            return true;
        }
    }
    return false;
}

static bool swap_post_targets(struct attack_rows *rows)
{
    for (uint32_t i = 1; i < rows->sys->post_count; i++) {
        if (rows->posts[i].vcpu != rows->posts[0].vcpu) {
            ATTACK_SWAP(rows->posts[i].vcpu, rows->posts[0].vcpu);
            ATTACK_SWAP(rows->posts[i].channel, rows->posts[0].channel);
            return true;
        }
    }
    return false;
}

static bool post_any(struct attack_rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->post_count; i++) {
        if (rows->posts[i].intid != 0) {
            rows->posts[i].intid = 0;
            return true;
        }
    }
    return false;
}

static bool swap_accounts(struct attack_rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->pd_count; i++) {
        const struct sysdesc_pd *pd = &rows->pds[i];
        struct sysdesc_account *row = &rows->accounts[pd->account_first];

        /* A driver's numbers mean nothing by themselves: a service's are its channels. */
        if (pd->account_count > 1 && row[0].vcpu != row[1].vcpu &&
            pd->channels[row[0].id].peer == rows->vcpus[row[0].vcpu].parent) {
            ATTACK_SWAP(row[0].vcpu, row[1].vcpu);
            return true;
        }
    }
    return false;
}

static bool nobody_pays(struct attack_rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->pd_count; i++) {
        if (rows->pds[i].account_count > 0) {
            rows->pds[i].account_count--;
            return true;
        }
    }
    return false;
}

static bool power_off(struct attack_rows *rows)
{
    struct sysdesc_pd *pd = &rows->pds[rows->sys->pd_count - 1];
    uint32_t at = 0;

    while (at < SYSDESC_MAX_SMC_CALLS && pd->smc_calls[at] != 0) {
        at++;
    }
    if (at == SYSDESC_MAX_SMC_CALLS) {
        return false;
    }
    pd->smc_calls[at] = 0x84000008; /* PSCI SYSTEM_OFF */
    return true;
}

static bool vendor_call(struct attack_rows *rows)
{
    rows->pds[0].smc_calls[0] = 0xc2000001; /* SiP service */
    return true;
}

static bool cpu_on(struct attack_rows *rows)
{
    rows->pds[0].smc_calls[0] = 0xc4000003;
    return true;
}

static bool swap_children(struct attack_rows *rows)
{
    struct sysdesc_child *first = NULL;
    uint8_t first_id = 0;

    for (uint32_t pd = 0; pd < rows->sys->pd_count; pd++) {
        first = NULL;
        for (uint8_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
            struct sysdesc_child *row = &rows->pds[pd].children[id];

            if (row->kind != SYSDESC_CHILD_PD) {
                continue;
            }
            if (first != NULL) {
                rows->pds[first->index].child_id = id;
                rows->pds[row->index].child_id = first_id;
                ATTACK_SWAP(*first, *row);
                return true;
            }
            first = row;
            first_id = id;
        }
    }
    return false;
}

static bool orphan(struct attack_rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->pd_count; i++) {
        struct sysdesc_pd *pd = &rows->pds[i];

        if (pd->parent != SYSDESC_NO_PARENT) {
            rows->pds[pd->parent].children[pd->child_id] = (struct sysdesc_child){0, 0};
            pd->parent = SYSDESC_NO_PARENT;
            pd->child_id = 0;
            return true;
        }
    }
    return false;
}

static bool call_both_ways(struct attack_rows *rows)
{
    for (uint32_t pd = 0; pd < rows->sys->pd_count; pd++) {
        for (uint32_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
            struct sysdesc_channel *row = &rows->pds[pd].channels[id];

            if ((row->kind & SYSDESC_CHANNEL_PPC) != 0) {
                struct sysdesc_channel *other = &rows->pds[row->peer].channels[row->peer_channel];

                row->kind &= (uint8_t)~SYSDESC_CHANNEL_PPC;
                other->kind |= SYSDESC_CHANNEL_PPC;
                ATTACK_SWAP(rows->pds[pd].priority, rows->pds[row->peer].priority);
                return true;
            }
        }
    }
    return false;
}

const struct attack attack_on_rows[] = {
    {"a second vCPU has one doorbell less", "doorbell", sibling_loses_doorbell},
    {"a second vCPU has no doorbells", "doorbell", sibling_has_none},
    {"two vCPUs of a machine change affinities", "policy-vcpu", siblings_change_places},
    {"a second vCPU on another core", "policy-schedule", sibling_elsewhere},
    {"a row that takes the stores of the next", "doorbell", hide_doorbell},
    {"two machines' doorbells change targets", "policy-doorbell", swap_doorbells},
    {"two machines change doorbell tables", "policy-doorbell", swap_doorbell_tables},
    {"two machines with one doorbell table", "doorbell policy-doorbell", one_table_for_two},
    {"two machines change names", "any", swap_vm_names},
    {"two PDs change VMIDs", NULL, swap_vmids},
    {"two PDs change priorities", "policy-schedule", swap_schedules},
    {"a PD on a core more", "policy-schedule", second_core},
    {"one IPC buffer for two", "ipc-buffer", share_ipc_page},
    {"the log goes to another, with a channel for it", "policy-klog", log_to_another},
    {"events go to another, with a channel for it", "policy-trace", events_to_another},
    {"events are written over a guest's memory", "trace", events_over_another_region},
    {"rings of events that reach beyond their region", "trace", longer_rings},
    {"the seed goes to another", "policy-seed", seed_to_another},
    {"the board's device tree lies in a guest's memory", "policy-board", tree_in_guest_ram},
    {"the clock runs twice as fast", "policy-board", clock_twice_as_fast},
    {"the kernel's timers change places", "policy-board", timers_change_places},
    {"guests' timers by another interrupt, everywhere", "policy-board", vtimer_of_guests},
    {"a device's interrupt past its driver", "policy-interrupt", interrupt_to_guest},
    {"two interrupts change owners, with their channels", "policy-interrupt", swap_interrupts},
    {"two posted interrupts change machines", "policy-post", swap_post_targets},
    {"a posted interrupt that may be any", "policy-post", post_any},
    {"two machines pay for each other", "policy-account", swap_accounts},
    {"nobody pays for one", "policy-account", nobody_pays},
    {"one more may switch the machine off", "policy-firmware-calls", power_off},
    {"a call of a vendor's firmware", "policy-firmware-calls", vendor_call},
    {"a call that starts a core", "limit", cpu_on},
    {"two children change ids", "policy-parent policy-vcpu", swap_children},
    {"a child without its supervisor, both rows", "policy-parent", orphan},
    {"who is called calls, priorities alike", "policy-channel", call_both_ways},
};
const size_t attack_on_rows_count = sizeof(attack_on_rows) / sizeof(attack_on_rows[0]);
