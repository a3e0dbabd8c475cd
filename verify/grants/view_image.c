/* SPDX-License-Identifier: BSD-2-Clause */
/* From the descriptor's rows and the translation tables to grants. */
#include "verify/grants/view_image.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/config.h"
#include "verify/grants/config.h"

/** More mappings of one region, or of all, make an image that was made to keep us busy. */
#define HOLDERS_MAX 256u
#define ALL_HOLDERS_MAX 65536u

/** The image at hand. */
struct context {
    struct view *view;
    struct grants *grants;
    const struct facts *facts;
    const struct walk *walk;
    const struct grants_policy *policy;
};

/** A channel that only doorbells use has no other end; its row names none, which is row 0, channel 0. */
static bool is_own(const struct facts *facts, uint32_t pd, uint32_t id)
{
    const struct sysdesc_channel *row = &facts->pds[pd].channels[id];
    const struct sysdesc_channel *other = &facts->pds[row->peer].channels[row->peer_channel];
    return row->kind == SYSDESC_CHANNEL_VALID && row->peer == 0 && row->peer_channel == 0 &&
           (other->kind == 0 || other->peer != pd || other->peer_channel != id);
}

static void read_channels(struct context *context)
{
    for (uint32_t i = 0; i < context->view->pd_count; i++) {
        for (uint32_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
            const struct sysdesc_channel *row = &context->facts->pds[i].channels[id];
            bool is_end = (row->kind & SYSDESC_CHANNEL_VALID) != 0 &&
                          (row->kind & SYSDESC_CHANNEL_IRQ) == 0 && row->peer < context->view->pd_count &&
                          row->peer_channel < SYSDESC_MAX_CHANNELS;
            context->view->pds[i].channels[id].is_used = row->kind != 0;
            /* The kernel's own, for its log and its events, lead to nobody. */
            if (is_end && !(i == context->facts->sys.klog_pd && id == context->facts->sys.klog_channel) &&
                !(i == context->facts->sys.trace_pd && id == context->facts->sys.trace_channel)) {
                context->view->pds[i].channels[id] =
                    (struct view_channel){.is_valid = true,
                                          .is_used = true,
                                          .notify = (row->kind & SYSDESC_CHANNEL_NOTIFY) != 0,
                                          .call = (row->kind & SYSDESC_CHANNEL_PPC) != 0,
                                          .is_own = is_own(context->facts, i, id),
                                          .peer = row->peer,
                                          .peer_id = row->peer_channel};
            }
        }
    }
}

static void find_configs(struct context *context)
{
    for (uint32_t i = 0; i < context->view->pd_count; i++) {
        struct view_pd *pd = &context->view->pds[i];
        struct config_header header;
        uint64_t address = 0;
        const struct config_struct *config =
            pd->program.elf.file == NULL ? NULL : config_find(&pd->program.elf, &address);
        uint8_t *data = config == NULL ? NULL : grants_room(context->grants, config->bytes);
        if (config == NULL || !program_copy(context->facts, context->walk, i, address, data, config->bytes)) {
            continue;
        }
        memcpy(&header, data, sizeof header);
        if (config_is_valid(&header, config->magic, config->version, config->bytes)) {
            pd->config = config;
            pd->config_data = data;
        }
    }
}

static void read_configs(struct context *context)
{
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < context->view->pd_count; i++) {
            const struct view_pd *pd = &context->view->pds[i];
            if (pd->config != NULL) {
                config_read(context->view, i, pd->config, pd->config_data, pass == 1);
            }
        }
    }
    config_read_dma(context->view);
}

static const char *domain_name(struct context *context, uint32_t domain)
{
    const struct facts_domain *row = &context->facts->domains[domain];
    return row->kind == INTENT_DOMAIN_VM
               ? grants_format(
                     context->grants, "vm:%s",
                     grants_name(context->grants, context->facts->vcpus[row->index].name, SYSDESC_NAME_BYTES))
               : context->view->pds[row->index].name;
}

/** The part of a mapping that is in a region. */
static void add_holder(struct context *context, struct view_region *region, const struct walk_map *map)
{
    uint64_t start = map->phys > region->phys ? map->phys : region->phys;
    uint64_t map_end = map->phys + map->bytes;
    uint64_t region_end = region->phys + region->bytes;
    uint64_t end = map_end < region_end ? map_end : region_end;
    const struct facts_domain *domain = &context->facts->domains[map->domain];
    const char *perms = grants_format(context->grants, "%s%s%s%s", (map->perms & INTENT_READ) != 0 ? "r" : "",
                                      (map->perms & INTENT_WRITE) != 0 ? "w" : "",
                                      (map->perms & INTENT_EXECUTE) != 0 ? "x" : "",
                                      map->device     ? " device"
                                      : map->uncached ? " uncached"
                                                      : "");
    if (end - start != region->bytes) {
        perms = grants_format(context->grants, "%s (0x%" PRIx64 " from 0x%" PRIx64 ")", perms, end - start,
                              start - region->phys);
    }
    region->holders = findings_grow(region->holders, region->holder_count, sizeof *region->holders);
    region->holders[region->holder_count++] =
        (struct view_holder){.domain = domain_name(context, map->domain),
                             .pd = domain->kind == INTENT_DOMAIN_VM ? VIEW_VM : domain->index,
                             .address = map->address + (start - map->phys),
                             .perms = perms,
                             .writes = (map->perms & INTENT_WRITE) != 0};
}

/** Regions are where the image's own declaration says, which splits what is mapped and decides nothing. */
static enum err read_regions(struct context *context, struct findings *findings)
{
    const struct facts *facts = context->facts;
    struct view *view = context->view;
    size_t count = 0;
    view->regions = calloc(facts->region_count + 1, sizeof *view->regions);
    if (view->regions == NULL) {
        abort();
    }
    view->region_count = facts->region_count;
    for (uint32_t i = 0; i < facts->region_count; i++) {
        const struct intent_region *region = &facts->regions[i];
        view->regions[i] = (struct view_region){
            .phys = region->phys,
            .bytes = region->size_bytes,
            .is_device = !facts_is_ram(facts, region->phys, region->size_bytes),
            .is_klog = region->phys == facts->klog.phys && region->size_bytes == facts->klog.bytes,
            .is_trace = region->phys == facts->trace.phys && region->size_bytes == facts->trace.bytes};
    }
    for (size_t i = 0; i < context->walk->map_count; i++) {
        const struct walk_map *map = &context->walk->maps[i];
        const struct intent_region *region = facts_region_from(facts, map->phys);
        for (; map->domain != FACTS_KERNEL && region != NULL &&
               region < facts->regions + facts->region_count && region->phys < map->phys + map->bytes;
             region++) {
            struct view_region *own = &view->regions[region - facts->regions];
            if (own->holder_count == HOLDERS_MAX || ++count > ALL_HOLDERS_MAX) {
                return findings_malformed(findings, "region %s is mapped too often to judge", region->name);
            }
            add_holder(context, own, map);
        }
    }
    return ERR_OK;
}

/** Read a variable of a PD's as the image has it. */
static bool read_variable(struct context *context, uint32_t pd, const char *symbol, uint64_t *value)
{
    uint64_t address;
    return program_variable(context->view, pd, symbol, &address) &&
           program_copy(context->facts, context->walk, pd, address, value, sizeof *value);
}

/** Variables that the policy names: as numbers, or as the region whose address they are. */
static void read_variables(struct context *context)
{
    size_t index = 0;
    const char *line;
    for (uint32_t i = 0; i < context->view->pd_count; i++) {
        const char *prefix = grants_format(context->grants, "variable %s ", context->view->pds[i].name);
        index = 0;
        while ((line = grants_policy_next(context->policy, prefix, &index)) != NULL) {
            const char *symbol = grants_format(
                context->grants, "%.*s", (int)strcspn(line + strlen(prefix), ":"), line + strlen(prefix));
            uint64_t value;
            if (!read_variable(context, i, symbol, &value)) {
                continue;
            }
            if (strstr(line, ": address of ") != NULL) {
                view_add_dma(context->view, i, symbol,
                             grants_format(context->grants, "%s%s: address of ", prefix, symbol));
            } else {
                grants_add(context->grants, "%s%s: 0x%" PRIx64, prefix, symbol, value);
            }
        }
    }
    for (size_t i = 0; i < context->view->dma_count; i++) {
        struct view_dma *dma = &context->view->dmas[i];
        uint64_t value;
        if (read_variable(context, dma->pd, dma->symbol, &value)) {
            dma->region = view_region_at(context->view, value);
        }
    }
}

static const char *pd_name(struct context *context, uint32_t pd)
{
    return pd < context->view->pd_count ? context->view->pds[pd].name : "nobody";
}

static void add_schedule(struct context *context, const char *who, uint32_t core, uint32_t priority,
                         uint32_t budget, uint32_t period, const char *more)
{
    grants_add(context->grants, "schedule %s: core=%u priority=%u budget=%u period=%u%s", who, core, priority,
               budget, period, more);
}

static void add_pd(struct context *context, uint32_t pd)
{
    const struct sysdesc_pd *row = &context->facts->pds[pd];
    const char *name = pd_name(context, pd);
    const struct walk_map *stack =
        walk_find(context->walk, facts_domain_of_pd(pd), SYSDESC_PD_STACK_TOP - FACTS_PAGE_BYTES);
    add_schedule(context, name, row->core, row->priority, row->budget_us, row->period_us,
                 (row->flags & SYSDESC_PD_PASSIVE) != 0 ? " passive" : "");
    if (stack != NULL) {
        bool is_plain = stack->perms == (INTENT_READ | INTENT_WRITE) && !stack->device && !stack->uncached;
        grants_add(context->grants, "stack %s: 0x%" PRIx64 "%s", name, stack->bytes,
                   is_plain ? "" : " but not readable and writable memory");
    }
    if ((row->flags & SYSDESC_PD_NO_FPU) != 0) {
        grants_add(context->grants, "fpu %s: none", name);
    }
    if ((row->flags & SYSDESC_PD_OBSERVER) != 0) {
        grants_add(context->grants, "observer: %s", name);
    }
    for (uint32_t i = 0; i < SYSDESC_MAX_SMC_CALLS; i++) {
        if (row->smc_calls[i] != 0) {
            grants_add(context->grants, "firmware-calls %s: 0x%x", name, row->smc_calls[i]);
        }
    }
    if (row->parent < context->view->pd_count) {
        grants_add(context->grants, "parent %s: %s %s", name, pd_name(context, row->parent),
                   view_child_role(context->view, row->parent, row->child_id));
    }
}

/** "vm:NAME N" for a row of the vCPUs' table. */
static const char *vcpu_name(struct context *context, uint32_t vcpu)
{
    uint32_t number = 0;
    if (vcpu >= context->facts->sys.vcpu_count) {
        return "nobody";
    }
    for (uint32_t i = 0; i < vcpu; i++) {
        number += context->facts->vcpus[i].stage2_root == context->facts->vcpus[vcpu].stage2_root;
    }
    return grants_format(context->grants, "%s %u",
                         domain_name(context, facts_domain_of_vcpu(context->facts, vcpu)), number);
}

static const char *vcpu_identity(struct context *context, const struct sysdesc_vcpu *row, uint32_t number)
{
    const char *flags = "";

    if ((row->flags & ~(SYSDESC_VCPU_SVE | SYSDESC_VCPU_DEBUG)) != 0) {
        flags = grants_format(context->grants, " flags 0x%x", row->flags);
    } else if (row->flags != 0) {
        flags = grants_format(context->grants, "%s%s", (row->flags & SYSDESC_VCPU_SVE) != 0 ? " sve" : "",
                              (row->flags & SYSDESC_VCPU_DEBUG) != 0 ? " debug" : "");
    }
    if (row->sgir_gpa != 0) {
        flags = grants_format(context->grants, "%s sgis 0x%" PRIx64, flags, row->sgir_gpa);
    }
    /* What the composer always gives them isn't worth a word. */
    return row->vmpidr == (number | 1ull << 31) && row->vtimer_intid == context->facts->sys.board.vtimer_irq
               ? flags
               : grants_format(context->grants, " affinity 0x%" PRIx64 " timer %u%s", row->vmpidr,
                               row->vtimer_intid, flags);
}

static void add_doorbell(struct context *context, const char *vm, const struct sysdesc_doorbell *row)
{
    const char *where = grants_format(context->grants, "0x%" PRIx64, row->gpa);
    if ((row->flags & SYSDESC_DOORBELL_IDLE) != 0) {
        where = row->gpa == UINT64_MAX ? "idle" : grants_format(context->grants, "idle %s", where);
    }
    if ((row->flags & SYSDESC_DOORBELL_MATCH) != 0) {
        where = grants_format(context->grants, "%s = %u", where, row->value);
    }
    if (row->width_bytes != 0) {
        where = grants_format(context->grants, "%s (%u bytes)", where, row->width_bytes);
    }
    if ((row->flags & SYSDESC_DOORBELL_IGNORE) != 0) {
        grants_add(context->grants, "doorbell %s %s: ignored", vm, where);
    } else {
        grants_add(context->grants, "doorbell %s %s: %s %s delay %u", vm, where, pd_name(context, row->pd),
                   row->pd < context->view->pd_count ? view_channel_role(context->view, row->pd, row->channel)
                                                     : "",
                   row->delay_us);
    }
}

static void add_vcpu(struct context *context, uint32_t vcpu)
{
    const struct facts *facts = context->facts;
    const struct sysdesc_vcpu *row = &facts->vcpus[vcpu];
    const char *name = vcpu_name(context, vcpu);
    uint32_t number = (uint32_t)strtoul(strrchr(name, ' '), NULL, 10);
    add_schedule(context, name, row->core, row->priority, row->budget_us, row->period_us, "");
    grants_add(context->grants, "vcpu %s: %s %s%s", name, pd_name(context, row->parent),
               row->parent < context->view->pd_count
                   ? view_child_role(context->view, row->parent, row->child_id)
                   : "",
               vcpu_identity(context, row, number));
    if (row->doorbell_first > facts->sys.doorbell_count ||
        row->doorbell_count > facts->sys.doorbell_count - row->doorbell_first) {
        return;
    }
    for (uint32_t i = 0; number == 0 && i < row->doorbell_count; i++) {
        add_doorbell(context, domain_name(context, facts_domain_of_vcpu(facts, vcpu)),
                     &facts->doorbells[row->doorbell_first + i]);
    }
}

static void add_irqs(struct context *context)
{
    for (uint32_t i = 0; i < context->facts->sys.irq_count; i++) {
        const struct sysdesc_irq *row = &context->facts->irqs[i];
        const char *trigger = row->edge != 0 ? "edge" : "level";
        if (row->kind == SYSDESC_IRQ_VCPU) {
            grants_add(context->grants, "interrupt %u: %s as %u %s", row->intid,
                       vcpu_name(context, row->target), row->virq, trigger);
        } else {
            grants_add(context->grants, "interrupt %u: %s %s %s", row->intid, pd_name(context, row->target),
                       row->target < context->view->pd_count
                           ? view_channel_role(context->view, row->target, row->channel)
                           : "",
                       trigger);
        }
    }
}

static void add_posts(struct context *context)
{
    for (uint32_t i = 0; i < context->view->pd_count; i++) {
        const struct sysdesc_pd *pd = &context->facts->pds[i];
        for (uint32_t j = 0; j < pd->post_count && pd->post_first <= context->facts->sys.post_count &&
                             j < context->facts->sys.post_count - pd->post_first;
             j++) {
            const struct sysdesc_post *row = &context->facts->posts[pd->post_first + j];
            const char *role = j < SYSDESC_MAX_POSTS ? context->view->pds[i].post_roles[j] : NULL;
            grants_add(context->grants, "post %s %s: %s interrupt %u delay %u by %s", pd_name(context, i),
                       role == NULL ? "unused" : role, vcpu_name(context, row->vcpu), row->intid,
                       row->delay_us, view_channel_role(context->view, i, row->channel));
        }
    }
}

/** Which VM pays for a PD's work, and as whose: its VMM's, a service's client, one of a driver's. */
static void add_accounts(struct context *context)
{
    const struct facts *facts = context->facts;
    for (uint32_t i = 0; i < context->view->pd_count; i++) {
        const struct sysdesc_pd *pd = &facts->pds[i];
        for (uint32_t j = 0; j < pd->account_count && pd->account_first <= facts->sys.account_count &&
                             j < facts->sys.account_count - pd->account_first;
             j++) {
            const struct sysdesc_account *row = &facts->accounts[pd->account_first + j];
            const char *role = "client";
            if (row->vcpu >= facts->sys.vcpu_count) {
                continue; /* a violation already */
            }
            if (facts->vcpus[row->vcpu].parent == i && row->id == 0) {
                role = "own";
            } else if (row->id < SYSDESC_MAX_CHANNELS && context->view->pds[i].channels[row->id].is_valid &&
                       pd->channels[row->id].peer == facts->vcpus[row->vcpu].parent) {
                role = view_channel_role(context->view, i, row->id);
            }
            grants_add(context->grants, "account %s %s: %s", pd_name(context, i),
                       domain_name(context, facts_domain_of_vcpu(facts, row->vcpu)), role);
        }
    }
}

static void add_board(struct context *context)
{
    const struct facts *facts = context->facts;
    const struct sysdesc_board *board = &facts->sys.board;
    grants_add(context->grants, "board ram: 0x%" PRIx64 " 0x%" PRIx64, facts->intent.ram_base,
               facts->intent.ram_bytes);
    grants_add(context->grants, "board firmware: 0x%" PRIx64 " 0x%" PRIx64 "%s", board->fdt_base,
               board->fdt_bytes,
               facts->intent.firmware_bytes == board->fdt_bytes ? "" : " except for the declaration");
    grants_add(context->grants, "board gic: v%u", board->gic_kind + 2);
    grants_add(context->grants, "board gicd: 0x%" PRIx64, board->gicd_base);
    if (board->gicc_base != 0 || board->gich_base != 0) {
        grants_add(context->grants, "board gicc: 0x%" PRIx64, board->gicc_base);
        grants_add(context->grants, "board gich: 0x%" PRIx64, board->gich_base);
    }
    if (board->gicr_base != 0 || board->gicr_bytes != 0) {
        grants_add(context->grants, "board gicr: 0x%" PRIx64 " 0x%" PRIx64, board->gicr_base,
                   board->gicr_bytes);
    }
    grants_add(context->grants, "board uart: 0x%" PRIx64 " interrupt %u kind %u", board->uart_base,
               board->uart_irq, board->uart_kind);
    grants_add(context->grants, "board timer: %u", board->timer_hz);
    for (uint32_t i = 0; i < facts->sys.core_count; i++) {
        grants_add(context->grants, "board core %u: 0x%" PRIx64, i, facts->sys.core_mpidrs[i]);
    }
    grants_add(context->grants, "board interrupts: virtual-timer %u hypervisor-timer %u maintenance %u",
               board->vtimer_irq, board->hyptimer_irq, board->maintenance_irq);
    for (uint32_t i = facts->region_count; i < facts->intent.region_count; i++) {
        const struct intent_region *device = &facts->regions[i];
        const struct walk_map *map = walk_find(context->walk, FACTS_KERNEL, device->phys);
        if (device->kind == INTENT_REGION_KERNEL_DEVICE && map != NULL &&
            device->phys - map->address + device->size_bytes <= map->bytes) {
            grants_add(context->grants, "kernel-device 0x%" PRIx64 ": 0x%" PRIx64, device->phys,
                       device->size_bytes);
        }
    }
}

static void add_system(struct context *context)
{
    const struct sysdesc *sys = &context->facts->sys;
    grants_add(context->grants, "system %s: bundled",
               grants_name(context->grants, sys->name, sizeof sys->name));
    grants_add(context->grants, "cores: %u", sys->core_count);
    if (sys->klog_pd < context->view->pd_count) {
        grants_add(context->grants, "klog: %s %s", pd_name(context, sys->klog_pd),
                   view_channel_role(context->view, sys->klog_pd, sys->klog_channel));
    }
    if (sys->trace_pd < context->view->pd_count) {
        grants_add(context->grants, "trace: %s %s 0x%" PRIx64, pd_name(context, sys->trace_pd),
                   view_channel_role(context->view, sys->trace_pd, sys->trace_channel),
                   sys->trace_ring_bytes);
    }
    if (sys->seed_pd != SYSDESC_NO_PARENT) {
        grants_add(context->grants, "seed: %s", pd_name(context, sys->seed_pd));
    }
}

/** Where the policy wants a region to be, it has to be. */
static void add_places(struct context *context)
{
    for (size_t i = 0; i < context->view->region_count; i++) {
        const struct view_region *region = &context->view->regions[i];
        const char *who = view_designate(context->view, region);
        if (grants_policy_value(context->policy, grants_format(context->grants, "place %s", who)) != NULL) {
            grants_add(context->grants, "place %s: 0x%" PRIx64, who, region->phys);
        }
    }
}

enum err view_image_read(struct view *view, const struct facts *facts, const struct walk *walk,
                         const struct grants_policy *policy, const struct program_places *places,
                         struct findings *findings)
{
    struct context context = {view, view->grants, facts, walk, policy};
    enum err err;
    view->pds = calloc(facts->sys.pd_count + 1, sizeof *view->pds);
    if (view->pds == NULL) {
        abort();
    }
    view->pd_count = facts->sys.pd_count;
    for (uint32_t i = 0; i < view->pd_count; i++) {
        view->pds[i].post_count = facts->pds[i].post_count;
        view->pds[i].name = grants_name(view->grants, facts->pds[i].name, sizeof facts->pds[i].name);
    }
    err = program_load(view, policy, places, findings);
    if (err != ERR_OK) {
        return err;
    }
    read_channels(&context);
    find_configs(&context);
    read_configs(&context);
    err = read_regions(&context, findings);
    if (err != ERR_OK) {
        return err;
    }
    read_variables(&context);
    for (uint32_t i = 0; i < view->pd_count; i++) {
        add_pd(&context, i);
    }
    for (uint32_t i = 0; i < facts->sys.vcpu_count; i++) {
        add_vcpu(&context, i);
    }
    add_irqs(&context);
    add_posts(&context);
    add_accounts(&context);
    add_board(&context);
    add_system(&context);
    add_places(&context);
    view_add_grants(view);
    return ERR_OK;
}
