/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/image/rule_channels.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PPI 16u
#define CHANNEL_ROWS 64u
#define SENDS (SYSDESC_CHANNEL_NOTIFY | SYSDESC_CHANNEL_PPC)
#define KINDS (SENDS | SYSDESC_CHANNEL_IRQ | SYSDESC_CHANNEL_VALID)
#define DOORBELL_FLAGS (SYSDESC_DOORBELL_MATCH | SYSDESC_DOORBELL_IGNORE | SYSDESC_DOORBELL_IDLE)

struct context {
    const struct facts *facts;
    const struct walk *walk;
    struct findings *findings;
};

/** What `channel` reaches has to be there, and to be the end of this channel and no other. */
static void check_peer(struct context *context, uint32_t pd, uint32_t id,
                       const struct sysdesc_channel *channel)
{
    const struct facts *facts = context->facts;
    uint32_t other = channel->peer;
    const struct sysdesc_channel *end;
    if (other >= facts->sys.pd_count || other == pd || channel->peer_channel >= SYSDESC_MAX_CHANNELS) {
        findings_add(context->findings, RULE_CHANNEL, facts_pd_name(context->facts, pd), id, "channel",
                     "leads to row %u, channel %u, which cannot be", channel->peer, channel->peer_channel);
        return;
    }
    end = &facts->pds[other].channels[channel->peer_channel];
    if (end->kind == 0 || (end->kind & SYSDESC_CHANNEL_IRQ) != 0 || end->peer != pd ||
        end->peer_channel != id) {
        findings_add(context->findings, RULE_CHANNEL, facts_pd_name(context->facts, pd), id, "channel",
                     "channel %u of %s is not its other end", channel->peer_channel,
                     facts_pd_name(context->facts, other));
    }
    if ((channel->kind & SYSDESC_CHANNEL_PPC) != 0 && facts->pds[other].priority <= facts->pds[pd].priority) {
        findings_add(context->findings, RULE_PPC_PRIORITY, facts_pd_name(context->facts, pd), id, "channel",
                     "calls %s of priority %u from priority %u", facts_pd_name(context->facts, other),
                     facts->pds[other].priority, facts->pds[pd].priority);
    }
}

/** Who calls a passive server lends it its budget, which is its core's. */
static void check_core(struct context *context, uint32_t pd, uint32_t id,
                       const struct sysdesc_channel *channel)
{
    const struct facts *facts = context->facts;
    if ((channel->kind & SYSDESC_CHANNEL_PPC) != 0 && channel->peer < facts->sys.pd_count &&
        (facts->pds[channel->peer].flags & SYSDESC_PD_PASSIVE) != 0 &&
        facts->pds[channel->peer].core != facts->pds[pd].core) {
        findings_add(context->findings, RULE_CHANNEL, facts_pd_name(facts, pd), id, "channel",
                     "calls %s, which is passive, on another core", facts_pd_name(facts, channel->peer));
    }
}

/** The row of interrupt `intid`, or NULL. */
static const struct sysdesc_irq *find_irq(const struct facts *facts, uint32_t intid)
{
    for (uint32_t i = 0; i < facts->sys.irq_count; i++) {
        if (facts->irqs[i].intid == intid) {
            return &facts->irqs[i];
        }
    }
    return NULL;
}

static void check_channel(struct context *context, uint32_t pd, uint32_t id)
{
    const struct sysdesc_channel *channel = &context->facts->pds[pd].channels[id];
    unsigned int kind = channel->kind;
    if (kind == 0) {
        return;
    }
    if (id >= SYSDESC_MAX_CHANNELS || (kind & ~(unsigned int)KINDS) != 0 ||
        (kind & SYSDESC_CHANNEL_VALID) == 0 || ((kind & SYSDESC_CHANNEL_IRQ) != 0 && (kind & SENDS) != 0)) {
        findings_add(context->findings, RULE_CHANNEL, facts_pd_name(context->facts, pd), id, "channel",
                     "its kind 0x%x has no meaning", kind);
        return;
    }
    if ((kind & SENDS) != 0) {
        check_peer(context, pd, id, channel);
        check_core(context, pd, id, channel);
    }
    if ((kind & SYSDESC_CHANNEL_IRQ) != 0) {
        const struct sysdesc_irq *irq = find_irq(context->facts, channel->intid);
        if (irq == NULL || irq->kind != SYSDESC_IRQ_PD || irq->target != pd || irq->channel != id) {
            findings_add(context->findings, RULE_IRQ_OWNER, facts_pd_name(context->facts, pd), id, "channel",
                         "interrupt %u is not routed here", channel->intid);
        }
    }
}

/** An interrupt that a PD gets: its channel has to say so too. */
static void check_pd_irq(struct context *context, const struct sysdesc_irq *irq)
{
    const struct sysdesc_channel *channel;
    if (irq->target >= context->facts->sys.pd_count || irq->channel >= SYSDESC_MAX_CHANNELS) {
        findings_add(context->findings, RULE_IRQ_OWNER, "kernel", irq->intid, "interrupt",
                     "goes to PD %u, channel %u, which cannot be", irq->target, irq->channel);
        return;
    }
    channel = &context->facts->pds[irq->target].channels[irq->channel];
    if ((channel->kind & SYSDESC_CHANNEL_IRQ) == 0 || channel->intid != irq->intid) {
        findings_add(context->findings, RULE_IRQ_OWNER, facts_pd_name(context->facts, irq->target),
                     irq->intid, "interrupt", "its channel %u is not for this interrupt", irq->channel);
    }
}

static void check_vcpu_irq(struct context *context, const struct sysdesc_irq *irq)
{
    const struct facts *facts = context->facts;
    if (irq->target >= facts->sys.vcpu_count || irq->virq < FIRST_PPI || irq->virq >= SYSDESC_MAX_IRQ) {
        findings_add(context->findings, RULE_IRQ_OWNER, "kernel", irq->intid, "interrupt",
                     "goes to vCPU %u as virtual interrupt %u, which cannot be", irq->target, irq->virq);
        return;
    }
    for (const struct sysdesc_irq *other = facts->irqs; other < irq; other++) {
        if (other->kind == SYSDESC_IRQ_VCPU && other->target == irq->target && other->virq == irq->virq) {
            findings_add(context->findings, RULE_IRQ_OWNER, facts_vcpu_name(context->facts, irq->target),
                         irq->intid, "interrupt", "virtual interrupt %u stands for interrupt %u already",
                         irq->virq, other->intid);
        }
    }
}

static void check_irqs(struct context *context)
{
    const struct facts *facts = context->facts;
    const struct sysdesc_board *board = &facts->sys.board;
    bool taken[SYSDESC_MAX_IRQ] = {false};
    for (uint32_t i = 0; i < facts->sys.irq_count; i++) {
        const struct sysdesc_irq *irq = &facts->irqs[i];
        if (irq->intid < FIRST_PPI || irq->intid >= SYSDESC_MAX_IRQ || irq->intid == board->vtimer_irq ||
            irq->intid == board->hyptimer_irq || irq->intid == board->maintenance_irq) {
            findings_add(context->findings, RULE_IRQ_OWNER, "kernel", irq->intid, "interrupt",
                         "does not exist or is the kernel's own");
            continue;
        }
        if (taken[irq->intid]) {
            findings_add(context->findings, RULE_IRQ_OWNER, "kernel", irq->intid, "interrupt",
                         "has two owners");
        }
        taken[irq->intid] = true;
        if (irq->kind == SYSDESC_IRQ_PD) {
            check_pd_irq(context, irq);
        } else if (irq->kind == SYSDESC_IRQ_VCPU) {
            check_vcpu_irq(context, irq);
        } else {
            findings_add(context->findings, RULE_IRQ_OWNER, "kernel", irq->intid, "interrupt",
                         "its kind %u has no meaning", irq->kind);
        }
    }
}

static void check_doorbell(struct context *context, uint32_t domain, const struct sysdesc_doorbell *doorbell)
{
    const struct facts *facts = context->facts;
    const char *name = facts->domains[domain].name;
    unsigned int width = doorbell->width_bytes;
    if ((doorbell->flags & ~DOORBELL_FLAGS) != 0 || width > 8 || (width & (width - 1)) != 0) {
        findings_add(context->findings, RULE_DOORBELL, name, doorbell->gpa, "doorbell",
                     "width %u or flags 0x%x have no meaning", width, doorbell->flags);
    }
    if ((doorbell->flags & SYSDESC_DOORBELL_IGNORE) != 0) {
        return;
    }
    if (doorbell->pd >= facts->sys.pd_count || doorbell->channel >= SYSDESC_MAX_CHANNELS) {
        findings_add(context->findings, RULE_DOORBELL, name, doorbell->gpa, "doorbell",
                     "leads to PD %u, channel %u, which cannot be", doorbell->pd, doorbell->channel);
    } else {
        unsigned int kind = facts->pds[doorbell->pd].channels[doorbell->channel].kind;
        if (kind == 0 || (kind & SYSDESC_CHANNEL_IRQ) != 0) {
            findings_add(context->findings, RULE_DOORBELL, name, doorbell->gpa, "doorbell",
                         "channel %u of %s is none to be notified", doorbell->channel,
                         facts_pd_name(context->facts, doorbell->pd));
        }
    }
}

/** Whether every store that rings `later` is taken by `earlier`: the kernel looks no further than a row that
 * hits. */
static bool hides(const struct sysdesc_doorbell *earlier, const struct sysdesc_doorbell *later)
{
    bool all_values = (earlier->flags & SYSDESC_DOORBELL_MATCH) == 0;
    bool same_value = (later->flags & SYSDESC_DOORBELL_MATCH) != 0 && earlier->value == later->value;
    return ((earlier->flags | later->flags) & SYSDESC_DOORBELL_IDLE) == 0 && earlier->gpa == later->gpa &&
           (all_values || same_value) &&
           (earlier->width_bytes == 0 || earlier->width_bytes == later->width_bytes);
}

/** Of the rows [first, number] of a VM, none takes the stores of the last. */
static void check_not_hidden(struct context *context, uint32_t domain, uint32_t first, uint32_t number)
{
    const struct sysdesc_doorbell *rows = context->facts->doorbells;
    for (uint32_t i = first; i < number; i++) {
        if (hides(&rows[i], &rows[number])) {
            findings_add(context->findings, RULE_DOORBELL, context->facts->domains[domain].name,
                         rows[number].gpa, "doorbell", "never rings: row %u in front of it takes its stores",
                         i - first);
            return;
        }
    }
}

/** A store that does not fault never rings. */
static void check_not_mapped(struct context *context, uint32_t domain,
                             const struct sysdesc_doorbell *doorbell)
{
    const struct walk_map *map = walk_find(context->walk, domain, doorbell->gpa);
    if (map != NULL && (map->perms & INTENT_WRITE) != 0) {
        findings_add(context->findings, RULE_DOORBELL, context->facts->domains[domain].name, doorbell->gpa,
                     "doorbell", "lies in memory that the VM can write");
    }
}

/** A VM's vCPUs may share rows; two VMs may not. */
static void check_doorbells(struct context *context)
{
    const struct facts *facts = context->facts;
    uint32_t *owner = calloc(facts->sys.doorbell_count + 1, sizeof *owner); /* domain, 0: none */
    if (owner == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < facts->sys.vcpu_count; i++) {
        const struct sysdesc_vcpu *vcpu = &facts->vcpus[i];
        uint32_t domain = facts_domain_of_vcpu(facts, i);
        if (vcpu->doorbell_first > facts->sys.doorbell_count ||
            vcpu->doorbell_count > facts->sys.doorbell_count - vcpu->doorbell_first) {
            findings_add(context->findings, RULE_DOORBELL, facts->domains[domain].name, vcpu->doorbell_first,
                         "doorbell", "its %u rows are not all in the table", vcpu->doorbell_count);
            continue;
        }
        for (uint32_t j = vcpu->doorbell_first; j < vcpu->doorbell_first + vcpu->doorbell_count; j++) {
            if (owner[j] == domain) {
                continue;
            }
            if (owner[j] != 0) {
                findings_add(context->findings, RULE_DOORBELL, facts->domains[domain].name,
                             facts->doorbells[j].gpa, "doorbell", "belongs to %s",
                             facts->domains[owner[j]].name);
                continue;
            }
            owner[j] = domain;
            check_doorbell(context, domain, &facts->doorbells[j]);
            check_not_mapped(context, domain, &facts->doorbells[j]);
            check_not_hidden(context, domain, vcpu->doorbell_first, j);
        }
    }
    free(owner);
}

/** A VM's posted interrupt: only one PD posts it. */
struct posters {
    uint16_t of[SYSDESC_MAX_VCPUS][SYSDESC_MAX_IRQ]; /* PD + 1, 0: nobody */
};

static void check_post(struct context *context, uint32_t pd, uint32_t number, struct posters *posters)
{
    const struct facts *facts = context->facts;
    const struct sysdesc_post *post = &facts->posts[facts->pds[pd].post_first + number];
    const struct sysdesc_channel *channel;
    uint16_t *poster;
    if (post->vcpu >= facts->sys.vcpu_count || (post->intid != 0 && post->intid < FIRST_PPI) ||
        post->intid >= SYSDESC_MAX_IRQ) {
        findings_add(context->findings, RULE_POST, facts_pd_name(context->facts, pd),
                     SYSDESC_POST_BASE + number, "posted interrupt",
                     "goes to vCPU %u as virtual interrupt %u, which cannot be", post->vcpu, post->intid);
        return;
    }
    channel = post->channel < SYSDESC_MAX_CHANNELS ? &facts->pds[pd].channels[post->channel] : NULL;
    if (channel == NULL || (channel->kind & SENDS) == 0 || channel->peer != facts->vcpus[post->vcpu].parent) {
        findings_add(context->findings, RULE_POST, facts_pd_name(context->facts, pd),
                     SYSDESC_POST_BASE + number, "posted interrupt", "channel %u is none to the VMM of %s",
                     post->channel, facts_vcpu_name(context->facts, post->vcpu));
    }
    if (post->intid == 0) { /* its VMM says which; that may pend any of its VM anyway */
        return;
    }
    poster = &posters->of[post->vcpu][post->intid];
    if (*poster != 0 && *poster != pd + 1) {
        findings_add(
            context->findings, RULE_POST, facts_pd_name(context->facts, pd), SYSDESC_POST_BASE + number,
            "posted interrupt", "virtual interrupt %u of %s is posted by %s", post->intid,
            facts_vcpu_name(context->facts, post->vcpu), facts_pd_name(context->facts, *poster - 1u));
    }
    *poster = (uint16_t)(pd + 1);
}

static void check_posts(struct context *context)
{
    const struct facts *facts = context->facts;
    struct posters *posters = calloc(1, sizeof *posters);
    if (posters == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < facts->sys.pd_count; i++) {
        const struct sysdesc_pd *pd = &facts->pds[i];
        if (pd->post_first > facts->sys.post_count ||
            pd->post_count > facts->sys.post_count - pd->post_first) {
            findings_add(context->findings, RULE_POST, facts_pd_name(context->facts, i), pd->post_first,
                         "posted interrupt", "its %u rows are not all in the table", pd->post_count);
            continue;
        }
        for (uint32_t j = 0; j < pd->post_count; j++) {
            check_post(context, i, j, posters);
        }
    }
    free(posters);
}

/** Whether PD row `pd` has VMs pay by a channel with their VMM, and that of vCPU row `vcpu` is one of them.
 */
static bool serves_vm(const struct facts *facts, uint32_t pd, uint32_t vcpu)
{
    const struct sysdesc_pd *row = &facts->pds[pd];
    for (uint32_t i = 0; i < row->account_count; i++) {
        const struct sysdesc_account *account = &facts->accounts[row->account_first + i];
        if (account->vcpu == vcpu && account->id < SYSDESC_MAX_CHANNELS &&
            row->channels[account->id].kind != 0 &&
            row->channels[account->id].peer == facts->vcpus[vcpu].parent) {
            return true;
        }
    }
    return false;
}

/** A VM pays for what its VMM does, a service with a channel to that, and a driver that notifies such a
 * service. */
static bool may_charge(const struct facts *facts, uint32_t pd, const struct sysdesc_account *account)
{
    const struct sysdesc_pd *row = &facts->pds[pd];
    if (facts->vcpus[account->vcpu].parent == pd || serves_vm(facts, pd, account->vcpu)) {
        return true;
    }
    for (uint32_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
        const struct sysdesc_channel *channel = &row->channels[id];
        if ((channel->kind & SENDS) != 0 && channel->peer < facts->sys.pd_count &&
            serves_vm(facts, channel->peer, account->vcpu)) {
            return true;
        }
    }
    return false;
}

static void check_account(struct context *context, uint32_t pd, uint32_t number, uint64_t *ids)
{
    const struct facts *facts = context->facts;
    const struct sysdesc_account *account = &facts->accounts[facts->pds[pd].account_first + number];
    if (account->vcpu >= facts->sys.vcpu_count || account->id >= SYSDESC_ACCOUNT_NOBODY) {
        findings_add(context->findings, RULE_ACCOUNT, facts_pd_name(facts, pd), account->id, "account",
                     "vCPU %u under id %u, which cannot be", account->vcpu, account->id);
        return;
    }
    if ((*ids >> account->id & 1) != 0) {
        findings_add(context->findings, RULE_ACCOUNT, facts_pd_name(facts, pd), account->id, "account",
                     "two rows have this id");
    }
    *ids |= 1ull << account->id;
    if (account->vcpu > 0 && facts->vcpus[account->vcpu - 1].parent == facts->vcpus[account->vcpu].parent) {
        findings_add(context->findings, RULE_ACCOUNT, facts_pd_name(facts, pd), account->id, "account",
                     "vCPU %u is not the first of %s", account->vcpu, facts_vcpu_name(facts, account->vcpu));
    }
    if (!may_charge(facts, pd, account)) {
        findings_add(context->findings, RULE_ACCOUNT, facts_pd_name(facts, pd), account->id, "account",
                     "%s pays, whose VMM has no channel of that id", facts_vcpu_name(facts, account->vcpu));
    }
}

static bool accounts_exist(const struct facts *facts, const struct sysdesc_pd *pd)
{
    return pd->account_first <= facts->sys.account_count &&
           pd->account_count <= facts->sys.account_count - pd->account_first;
}

static void check_accounts(struct context *context)
{
    const struct facts *facts = context->facts;
    uint32_t used = 0;
    bool complete = true;
    for (uint32_t i = 0; i < facts->sys.pd_count && complete; i++) {
        const struct sysdesc_pd *pd = &facts->pds[i];
        used += accounts_exist(facts, pd) ? pd->account_count : 0;
        if (!accounts_exist(facts, pd) || used > SYSDESC_MAX_ACCOUNTS) {
            complete = false;
            findings_add(context->findings, RULE_ACCOUNT, facts_pd_name(facts, i), pd->account_first,
                         "account",
                         "its %u rows are not all in the table, or with the others more than there can be",
                         pd->account_count);
        }
    }
    for (uint32_t i = 0; complete && i < facts->sys.pd_count; i++) {
        uint64_t ids = 0;
        for (uint32_t j = 0; j < facts->pds[i].account_count; j++) {
            check_account(context, i, j, &ids);
        }
    }
}

void rule_channels_run(const struct facts *facts, const struct walk *walk, struct findings *findings)
{
    struct context context = {facts, walk, findings};
    for (uint32_t i = 0; i < facts->sys.pd_count; i++) {
        for (uint32_t id = 0; id < CHANNEL_ROWS; id++) {
            check_channel(&context, i, id);
        }
    }
    check_irqs(&context);
    check_doorbells(&context);
    check_posts(&context);
    check_accounts(&context);
}
