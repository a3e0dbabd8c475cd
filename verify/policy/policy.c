/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy's regions, channels and lines, and how they are printed. */
#include "verify/policy/policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES UINT64_C(0x1000)

/* Room for one more behind `count`. */
static void *grow(void *items, size_t count, size_t bytes)
{
    void *grown = reallocarray(items, count + 1, bytes);

    if (grown == NULL) {
        abort();
    }
    memset((char *)grown + count * bytes, 0, bytes);
    return grown;
}

void policy_add(struct policy *policy, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        abort();
    }
    va_end(arguments);
    policy->lines = grow(policy->lines, policy->line_count, sizeof policy->lines[0]);
    policy->lines[policy->line_count++] = text;
}

struct policy_roles policy_role(const char *name)
{
    return (struct policy_roles){.names = {name}, .count = 1};
}

static void add_role(struct policy_roles *roles, const char *name)
{
    size_t at = 0;

    while (at < roles->count && strcmp(roles->names[at], name) < 0) {
        at++;
    }
    if ((at < roles->count && strcmp(roles->names[at], name) == 0) || roles->count == POLICY_MAX_ROLES) {
        return;
    }
    memmove(&roles->names[at + 1], &roles->names[at], (roles->count - at) * sizeof roles->names[0]);
    roles->names[at] = name;
    roles->count++;
}

struct policy_roles policy_suffix(const struct policy_roles *list, const char *suffix)
{
    struct policy_roles roles = {.count = 0};

    for (size_t i = 0; i < list->count; i++) {
        add_role(&roles, description_format("%s%s", list->names[i], suffix));
    }
    return roles;
}

const char *policy_join(const struct policy_roles *list)
{
    char *text = description_format("%s", "");

    for (size_t i = 0; i < list->count; i++) {
        text = description_format("%s%s%s", text, i == 0 ? "" : "+", list->names[i]);
    }
    return text;
}

struct policy_region *policy_region(struct policy *policy, const char *name, uint64_t bytes)
{
    struct policy_region *region = grow(NULL, 0, sizeof *region);

    region->name = name;
    region->bytes = bytes;
    policy->regions = grow(policy->regions, policy->region_count, sizeof(policy->regions[0]));
    policy->regions[policy->region_count++] = region;
    return region;
}

struct policy_region *policy_device(struct policy *policy, uint64_t phys, uint64_t bytes)
{
    struct policy_region *region;

    for (size_t i = 0; i < policy->region_count; i++) {
        region = policy->regions[i];
        if (region->is_device && region->phys == phys && region->bytes == bytes) {
            return region;
        }
    }
    region = policy_region(policy, NULL, bytes);
    region->is_device = true;
    region->phys = phys;
    return region;
}

void policy_hold(struct policy_region *region, const char *domain, struct policy_roles roles,
                 unsigned int perms)
{
    struct policy_holder *holder;

    for (size_t i = 0; i < region->holder_count && strncmp(roles.names[0], "at ", 3) != 0; i++) {
        holder = &region->holders[i];
        if (strcmp(holder->domain, domain) == 0 && holder->perms == perms) {
            for (size_t j = 0; j < roles.count; j++) {
                add_role(&holder->roles, roles.names[j]);
            }
            return;
        }
    }
    region->holders = grow(region->holders, region->holder_count, sizeof *region->holders);
    region->holders[region->holder_count++] =
        (struct policy_holder){.domain = domain, .roles = roles, .perms = perms};
}

struct policy_region *policy_find_region(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->region_count; i++) {
        if (policy->regions[i]->name != NULL && strcmp(policy->regions[i]->name, name) == 0) {
            return policy->regions[i];
        }
    }
    return NULL;
}

struct policy_channel *policy_connect(struct policy *policy, struct policy_end a, struct policy_end b)
{
    struct policy_channel *channel = grow(NULL, 0, sizeof *channel);

    channel->ends[0] = a;
    channel->ends[1] = b;
    policy->channels = grow(policy->channels, policy->channel_count, sizeof(policy->channels[0]));
    policy->channels[policy->channel_count++] = channel;
    return channel;
}

struct policy_link_regions policy_link(struct policy *policy, const char *a, struct policy_roles a_roles,
                                       const char *b, struct policy_roles b_roles, uint64_t ring_bytes)
{
    /* A page in front of the ring is for its indices. */
    struct policy_region *a_writes = policy_region(policy, NULL, ring_bytes + PAGE_BYTES);
    struct policy_region *b_writes = policy_region(policy, NULL, ring_bytes + PAGE_BYTES);

    policy_hold(a_writes, a, policy_suffix(&a_roles, ".own"), POLICY_READ | POLICY_WRITE);
    policy_hold(a_writes, b, policy_suffix(&b_roles, ".peer"), POLICY_READ);
    policy_hold(b_writes, b, policy_suffix(&b_roles, ".own"), POLICY_READ | POLICY_WRITE);
    policy_hold(b_writes, a, policy_suffix(&a_roles, ".peer"), POLICY_READ);
    policy_connect(policy, (struct policy_end){a, a_roles, true, false},
                   (struct policy_end){b, b_roles, true, false});
    return (struct policy_link_regions){a_writes, b_writes};
}

/* Beside guests with deadlines, what works for others has 80 less unless it says what it has. */
static const char *default_priority(const struct policy *policy, const xmlNode *node,
                                    const struct policy_pd_defaults *defaults)
{
    const bool is_realtime =
        node != NULL && description_is_a(node, "guest") && description_is(node, "realtime", "false");

    if (!policy->has_realtime || !defaults->is_lowered || is_realtime) {
        return defaults->priority;
    }
    return description_format("%lu", strtoul(defaults->priority, NULL, 10) - 80);
}

void policy_schedule(struct policy *policy, const char *who, const xmlNode *node, const char *prefix,
                     const struct policy_pd_defaults *defaults, const char *core)
{
    uint64_t budget = description_number(node, description_format("%sbudget", prefix), defaults->budget);
    const char *period = description_format("%" PRIu64, budget * defaults->period_budgets);
    uint64_t cpu = strtoull(core, NULL, 10);

    policy->cores = cpu >= policy->cores ? cpu + 1 : policy->cores;
    policy_add(policy,
               "schedule %s: core=%" PRIu64 " priority=%" PRIu64 " budget=%" PRIu64 " period=%" PRIu64 "%s",
               who, cpu,
               description_number(node, description_format("%spriority", prefix),
                                  default_priority(policy, node, defaults)),
               budget, description_number(node, description_format("%speriod", prefix), period),
               node != NULL && description_is_a(node, "protection_domain") &&
                       description_is(node, "passive", "false")
                   ? " passive"
                   : "");
}

/* A <protection_domain> may use the floating-point registers unless it says otherwise; no generated PD may.
 */
static bool has_fpu(const xmlNode *node)
{
    return node != NULL && description_is_a(node, "protection_domain") && description_is(node, "fpu", "true");
}

void policy_pd(struct policy *policy, const char *name, const xmlNode *node, const char *prefix,
               const struct policy_pd_defaults *defaults)
{
    uint64_t core = description_number(node, description_format("%scpu", prefix), "0");

    policy_add(policy, "program %s: %s", name,
               description_text(node, description_format("%sprogram", prefix), defaults->program));
    policy_schedule(policy, name, node, prefix, defaults, description_format("%" PRIu64, core));
    if (!policy->sel4 && !has_fpu(node)) {
        policy_add(policy, "fpu %s: none", name);
    }
    policy_add(policy, "stack %s: 0x%" PRIx64, name,
               description_number(node, description_format("%sstack_size", prefix), defaults->stack));
}

static const char *perms_text(unsigned int perms, bool is_device)
{
    return description_format("%s%s%s%s", (perms & POLICY_READ) != 0 ? "r" : "",
                              (perms & POLICY_WRITE) != 0 ? "w" : "",
                              (perms & POLICY_EXECUTE) != 0 ? "x" : "",
                              is_device                        ? " device"
                              : (perms & POLICY_UNCACHED) != 0 ? " uncached"
                                                               : "");
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each holder as text, sorted; `perms`: with what it may do. */
static char **list_holders(const struct policy_region *region, bool perms)
{
    char **texts = grow(NULL, region->holder_count, sizeof *texts);

    for (size_t i = 0; i < region->holder_count; i++) {
        const struct policy_holder *holder = &region->holders[i];

        texts[i] =
            description_format("%s %s%s%s", holder->domain, policy_join(&holder->roles), perms ? " " : "",
                               perms ? perms_text(holder->perms, region->is_device) : "");
    }
    qsort(texts, region->holder_count, sizeof *texts, compare_texts);
    return texts;
}

static const char *designate(const struct policy_region *region)
{
    return region->holder_count == 0 ? "unmapped" : list_holders(region, false)[0];
}

/* What nobody writes can carry nothing from one to another: who else reads the same copy doesn't matter. */
static bool is_constant(const struct policy_region *region)
{
    bool written = region->is_device || region->is_target || region->is_klog || region->is_trace ||
                   region->holder_count == 0;

    for (size_t i = 0; i < region->holder_count && !written; i++) {
        written = (region->holders[i].perms & POLICY_WRITE) != 0;
    }
    return !written;
}

static void add_region(struct policy *policy, const struct policy_region *region)
{
    char **holders = list_holders(region, true);
    const char *size = region->bytes == 0 ? "file" : description_format("0x%" PRIx64, region->bytes);
    char *list = description_format("%s", "");

    for (size_t i = 0; i < region->holder_count; i++) {
        list = description_format("%s%s%s", list, i == 0 ? "" : "; ", holders[i]);
    }
    if (region->is_fixed) {
        policy_add(policy, "place %s: 0x%" PRIx64, designate(region), region->phys);
    }
    if (region->is_device && region->holder_count > 0) {
        policy_add(policy, "device 0x%" PRIx64 " %s: %s", region->phys, size, list);
    } else if (is_constant(region)) {
        for (size_t i = 0; i < region->holder_count; i++) {
            policy_add(policy, "constant %s %s: %s %s", region->holders[i].domain,
                       policy_join(&region->holders[i].roles), size,
                       perms_text(region->holders[i].perms, false));
        }
    } else if (region->holder_count > 0) {
        policy_add(policy, "memory %s: %s",
                   region->is_klog    ? "klog"
                   : region->is_trace ? "trace"
                                      : size,
                   list);
    }
}

static const char *may(const struct policy_end *end)
{
    return end->notify && end->call ? "notify,call" : end->notify ? "notify" : end->call ? "call" : "none";
}

static void add_channel(struct policy *policy, const struct policy_channel *channel)
{
    const struct policy_end *a = &channel->ends[0];
    const struct policy_end *b = &channel->ends[1];
    char *a_text = description_format("%s %s", a->pd, policy_join(&a->roles));
    char *b_text = description_format("%s %s", b->pd, policy_join(&b->roles));
    bool ordered = strcmp(a_text, b_text) < 0;

    policy_add(policy, "channel %s - %s: %s / %s", ordered ? a_text : b_text, ordered ? b_text : a_text,
               may(ordered ? a : b), may(ordered ? b : a));
}

void policy_reveal(struct policy *policy, const char *key, struct policy_region *region)
{
    region->is_target = true;
    policy->targets = grow(policy->targets, policy->target_count, sizeof policy->targets[0]);
    policy->targets[policy->target_count++] = (struct policy_target){key, region};
}

const char *policy_number(const char *name, uint64_t value)
{
    return value == 0 ? NULL : description_format("%s=%" PRIu64, name, value);
}

const char *policy_hex(const char *name, uint64_t value)
{
    return value == 0 ? NULL : description_format("%s=0x%" PRIx64, name, value);
}

const char *policy_text(const char *name, const char *value)
{
    return value == NULL || value[0] == '\0' ? NULL : description_format("%s=%s", name, value);
}

void policy_config(struct policy *policy, const char *pd, const char *element, const char **fields,
                   size_t field_count)
{
    char *text = description_format("config %s %s:", pd, element);
    size_t count = 0;

    for (size_t i = 0; i < field_count; i++) {
        if (fields[i] != NULL) {
            fields[count++] = fields[i];
        }
    }
    qsort(fields, count, sizeof *fields, compare_texts);
    for (size_t i = 0; i < count; i++) {
        text = description_format("%s %s", text, fields[i]);
    }
    policy_add(policy, "%s", text);
}

void policy_print(struct policy *policy)
{
    for (size_t i = 0; i < policy->region_count; i++) {
        add_region(policy, policy->regions[i]);
    }
    for (size_t i = 0; i < policy->channel_count; i++) {
        add_channel(policy, policy->channels[i]);
    }
    for (size_t i = 0; i < policy->target_count; i++) {
        policy_add(policy, "%s%s", policy->targets[i].key, designate(policy->targets[i].region));
    }
    qsort(policy->lines, policy->line_count, sizeof policy->lines[0], compare_texts);
    printf("causeway-policy 1\n");
    for (size_t i = 0; i < policy->line_count; i++) {
        puts(policy->lines[i]);
    }
}
