/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/image/rule_rows.h"

#include <inttypes.h>
#include <string.h>

#define PRIORITY_MAX 254u
#define VMID_MAX 255u /* 8-bit VMIDs work on every core */
#define FIRST_PPI 16u
#define FIRST_SPI 32u
#define PD_FLAGS (SYSDESC_PD_PASSIVE | SYSDESC_PD_NO_FPU | SYSDESC_PD_OBSERVER)
#define AFFINITY UINT64_C(0xff00ffffff)

struct context {
    const struct facts *facts;
    const struct walk *walk;
    struct findings *findings;
};

static void check_schedule(struct context *context, const char *name, unsigned int priority,
                           unsigned int core, uint32_t budget_us, uint32_t period_us)
{
    if (priority > PRIORITY_MAX) {
        findings_add(context->findings, RULE_LIMIT, name, FINDINGS_NO_ADDRESS, "descriptor",
                     "priority %u is above %u", priority, PRIORITY_MAX);
    }
    if (core >= context->facts->sys.core_count) {
        findings_add(context->findings, RULE_LIMIT, name, FINDINGS_NO_ADDRESS, "descriptor", "core %u of %u",
                     core, context->facts->sys.core_count);
    }
    if (budget_us == 0 || budget_us > period_us) {
        findings_add(context->findings, RULE_LIMIT, name, FINDINGS_NO_ADDRESS, "descriptor",
                     "budget %u us is not 1 to the period of %u us", budget_us, period_us);
    }
}

/** Row `index`, a PD's or a vCPU's, names its parent; the parent's table has to name it. */
static void check_parent(struct context *context, const char *name, uint32_t kind, uint32_t index,
                         uint32_t parent, uint32_t child_id)
{
    const struct sysdesc_child *child;
    if (parent >= context->facts->sys.pd_count || child_id >= SYSDESC_MAX_CHANNELS) {
        findings_add(context->findings, RULE_CHILD, name, FINDINGS_NO_ADDRESS, "descriptor",
                     "child %u of PD %u, which cannot be", child_id, parent);
        return;
    }
    child = &context->facts->pds[parent].children[child_id];
    if (child->kind != kind || child->index != index) {
        findings_add(context->findings, RULE_CHILD, name, FINDINGS_NO_ADDRESS, "descriptor",
                     "%s does not have it as its child %u", facts_pd_name(context->facts, parent), child_id);
    }
}

/** Every child that a PD's table names has to name that PD and id as its parent. */
static void check_children(struct context *context, uint32_t pd)
{
    const struct facts *facts = context->facts;
    for (uint32_t id = 0; id < 64; id++) {
        const struct sysdesc_child *child = &facts->pds[pd].children[id];
        bool agrees = false;
        if (child->kind == SYSDESC_CHILD_NONE) {
            continue;
        }
        if (child->kind == SYSDESC_CHILD_PD && child->index < facts->sys.pd_count) {
            agrees = facts->pds[child->index].parent == pd && facts->pds[child->index].child_id == id;
        } else if (child->kind == SYSDESC_CHILD_VCPU && child->index < facts->sys.vcpu_count) {
            agrees = facts->vcpus[child->index].parent == pd && facts->vcpus[child->index].child_id == id;
        }
        if (!agrees || id >= SYSDESC_MAX_CHANNELS) {
            findings_add(context->findings, RULE_CHILD, facts_pd_name(context->facts, pd),
                         FINDINGS_NO_ADDRESS, "descriptor", "child %u (kind %u, row %u) is not its child", id,
                         child->kind, child->index);
        }
    }
}

/** Faults go up: following parents has to end. */
static void check_no_cycle(struct context *context, uint32_t pd)
{
    const struct facts *facts = context->facts;
    uint32_t at = pd;
    for (uint32_t steps = 0; steps <= facts->sys.pd_count; steps++) {
        at = facts->pds[at].parent;
        if (at >= facts->sys.pd_count) {
            return;
        }
    }
    findings_add(context->findings, RULE_CHILD, facts_pd_name(context->facts, pd), FINDINGS_NO_ADDRESS,
                 "descriptor", "its parents form a circle");
}

/** Whether `domain` maps `address` with all of `perms`. */
static bool is_mapped(const struct walk *walk, uint32_t domain, uint64_t address, uint32_t perms)
{
    const struct walk_map *map = walk_find(walk, domain, address);
    return map != NULL && (map->perms & perms) == perms;
}

static void check_ipc_buffer(struct context *context, uint32_t pd)
{
    const struct facts *facts = context->facts;
    const struct facts_range *buffers = &facts->ipc_buffers;
    const struct walk_map *map;
    uint64_t expected = buffers->phys + (uint64_t)pd * FACTS_PAGE_BYTES;
    if (facts->pds[pd].ipc_buffer != expected || buffers->phys % FACTS_PAGE_BYTES != 0 ||
        (uint64_t)(pd + 1) * FACTS_PAGE_BYTES > buffers->bytes) {
        findings_add(context->findings, RULE_IPC_BUFFER, facts_pd_name(context->facts, pd),
                     SYSDESC_PD_IPC_BUFFER, "ipc_buffers",
                     "its IPC buffer 0x%" PRIx64 " is not page %u of the kernel's buffers",
                     facts->pds[pd].ipc_buffer, pd);
    }
    map = walk_find(context->walk, facts_domain_of_pd(pd), SYSDESC_PD_IPC_BUFFER);
    if (map == NULL || map->phys + (SYSDESC_PD_IPC_BUFFER - map->address) != expected ||
        map->perms != (INTENT_READ | INTENT_WRITE) || map->device || map->uncached) {
        findings_add(context->findings, RULE_IPC_BUFFER, facts_pd_name(context->facts, pd),
                     SYSDESC_PD_IPC_BUFFER, "ipc_buffers", "is not mapped there for reading and writing");
    }
}

/**
 * What the firmware does at EL3 no table confines. A fast call of a vendor's service (SMCCC, DEN 0028: bits
 * 31 and 29..24) is as good as the description's author says; of the standard services only PSCI_VERSION,
 * SYSTEM_OFF, SYSTEM_RESET, PSCI_FEATURES and the TRNG's calls take no address and leave all cores as they
 * are.
 */
static bool is_harmless_call(uint32_t id)
{
    const uint32_t service = id >> 24;
    return id == 0x84000000u || (id >= 0x84000008u && id <= 0x8400000au) ||
           (id >= 0x84000050u && id <= 0x84000053u) || id == 0xc4000053u ||
           ((service == 0x82 || service == 0x83 || service == 0xc2 || service == 0xc3) &&
            (id >> 16 & 0xff) == 0);
}

static void check_smc_calls(struct context *context, const char *name, const struct sysdesc_pd *row)
{
    bool ended = false;
    for (uint32_t i = 0; i < SYSDESC_MAX_SMC_CALLS; i++) {
        const uint32_t id = row->smc_calls[i];
        if (id != 0 && (ended || !is_harmless_call(id))) {
            findings_add(context->findings, RULE_LIMIT, name, 0, "descriptor",
                         "call 0x%x of the firmware, which nobody may have", id);
        }
        ended = id == 0;
    }
}

static void check_pd(struct context *context, uint32_t pd)
{
    const struct sysdesc_pd *row = &context->facts->pds[pd];
    const char *name = facts_pd_name(context->facts, pd);
    check_schedule(context, name, row->priority, row->core, row->budget_us, row->period_us);
    if ((row->flags & ~PD_FLAGS) != 0) {
        findings_add(context->findings, RULE_LIMIT, name, FINDINGS_NO_ADDRESS, "descriptor",
                     "unknown flags 0x%x", row->flags);
    }
    check_smc_calls(context, name, row);
    if (memchr(row->name, '\0', sizeof row->name) == NULL) {
        findings_add(context->findings, RULE_LIMIT, name, FINDINGS_NO_ADDRESS, "descriptor",
                     "its name does not end");
    }
    if (row->parent != SYSDESC_NO_PARENT) {
        check_parent(context, name, SYSDESC_CHILD_PD, pd, row->parent, row->child_id);
        check_no_cycle(context, pd);
    }
    check_children(context, pd);
    check_ipc_buffer(context, pd);
    if (!is_mapped(context->walk, facts_domain_of_pd(pd), row->entry, INTENT_EXECUTE)) {
        findings_add(context->findings, RULE_ENTRY, name, row->entry, "own memory",
                     "its entry point is not executable");
    }
}

/** vCPUs of one VM: the same name, parent, VMID and doorbells as the others, other affinity. */
static void check_siblings(struct context *context, uint32_t vcpu)
{
    const struct facts *facts = context->facts;
    const struct sysdesc_vcpu *row = &facts->vcpus[vcpu];
    for (uint32_t i = 0; i < vcpu; i++) {
        const struct sysdesc_vcpu *other = &facts->vcpus[i];
        if (other->stage2_root != row->stage2_root) {
            continue;
        }
        if (other->parent != row->parent || other->vmid != row->vmid || other->sgir_gpa != row->sgir_gpa ||
            memcmp(other->name, row->name, sizeof(row->name)) != 0) {
            findings_add(context->findings, RULE_CHILD, facts_vcpu_name(context->facts, vcpu),
                         FINDINGS_NO_ADDRESS, "descriptor",
                         "vCPUs %u and %u share memory, but not name, parent, VMID and SGIs", i, vcpu);
        }
        if (other->doorbell_first != row->doorbell_first || other->doorbell_count != row->doorbell_count) {
            findings_add(context->findings, RULE_DOORBELL, facts_vcpu_name(context->facts, vcpu),
                         FINDINGS_NO_ADDRESS, "descriptor",
                         "vCPUs %u and %u share memory, but not their doorbells", i, vcpu);
        }
        if ((other->vmpidr & AFFINITY) == (row->vmpidr & AFFINITY)) {
            findings_add(context->findings, RULE_LIMIT, facts_vcpu_name(context->facts, vcpu),
                         FINDINGS_NO_ADDRESS, "descriptor",
                         "vCPUs %u and %u have the same affinity 0x%" PRIx64, i, vcpu,
                         row->vmpidr & AFFINITY);
        }
    }
}

/** A VM is declared as "PD/VM": its vCPUs are that PD's. */
static void check_owner(struct context *context, const char *name, const struct sysdesc_vcpu *row)
{
    size_t length = strcspn(name, "/");
    if (row->parent < context->facts->sys.pd_count && name[length] == '/' &&
        (strncmp(name, context->facts->pds[row->parent].name, length) != 0 ||
         context->facts->pds[row->parent].name[length] != '\0')) {
        findings_add(context->findings, RULE_CHILD, name, FINDINGS_NO_ADDRESS, "descriptor",
                     "its vCPU belongs to %s", facts_pd_name(context->facts, row->parent));
    }
}

static void check_vcpu(struct context *context, uint32_t vcpu)
{
    const struct sysdesc_vcpu *row = &context->facts->vcpus[vcpu];
    const char *name = facts_vcpu_name(context->facts, vcpu);
    check_schedule(context, name, row->priority, row->core, row->budget_us, row->period_us);
    check_parent(context, name, SYSDESC_CHILD_VCPU, vcpu, row->parent, row->child_id);
    check_siblings(context, vcpu);
    check_owner(context, name, row);
    if (memchr(row->name, '\0', sizeof row->name) == NULL) {
        findings_add(context->findings, RULE_LIMIT, name, FINDINGS_NO_ADDRESS, "descriptor",
                     "its name does not end");
    }
    if (row->vtimer_intid < FIRST_PPI || row->vtimer_intid >= FIRST_SPI) {
        findings_add(context->findings, RULE_LIMIT, name, FINDINGS_NO_ADDRESS, "descriptor",
                     "the virtual timer's interrupt %u is no private one", row->vtimer_intid);
    }
}

/** TLB entries are told apart by VMID: one for each PD and VM, none the kernel's 0. */
static void check_vmids(struct context *context)
{
    const struct facts *facts = context->facts;
    uint32_t holder[VMID_MAX + 1] = {0};
    for (uint32_t i = 1; i < facts->domain_count; i++) {
        const struct facts_domain *domain = &facts->domains[i];
        uint32_t vmid = domain->kind == INTENT_DOMAIN_PD ? facts->pds[domain->index].vmid
                                                         : facts->vcpus[domain->index].vmid;
        if (vmid == 0 || vmid > VMID_MAX) {
            findings_add(context->findings, RULE_VMID, domain->name, FINDINGS_NO_ADDRESS, "descriptor",
                         "VMID %u is not 1 to %u", vmid, VMID_MAX);
        } else if (holder[vmid] != 0) {
            findings_add(context->findings, RULE_VMID, domain->name, FINDINGS_NO_ADDRESS, "descriptor",
                         "VMID %u is also that of %s", vmid, facts->domains[holder[vmid]].name);
        } else {
            holder[vmid] = i;
        }
    }
}

/** Each core is one of the machine's, and no other's: by its affinity the firmware starts it. */
static void check_cores(struct context *context)
{
    const struct sysdesc *sys = &context->facts->sys;
    for (uint32_t i = 0; i < sys->core_count; i++) {
        bool is_other = (sys->core_mpidrs[i] & ~AFFINITY) == 0;
        for (uint32_t j = 0; j < i; j++) {
            is_other &= sys->core_mpidrs[j] != sys->core_mpidrs[i];
        }
        if (!is_other) {
            findings_add(context->findings, RULE_LIMIT, "kernel", FINDINGS_NO_ADDRESS, "descriptor",
                         "core %u has the affinity 0x%" PRIx64 " of another one, or none", i,
                         sys->core_mpidrs[i]);
        }
    }
}

static void check_klog(struct context *context)
{
    const struct sysdesc *sys = &context->facts->sys;
    const struct sysdesc_channel *channel;
    if (sys->klog_pd == SYSDESC_NO_PARENT) {
        return;
    }
    if (sys->klog_pd >= sys->pd_count || sys->klog_channel >= SYSDESC_MAX_CHANNELS) {
        findings_add(context->findings, RULE_KLOG, "kernel", FINDINGS_NO_ADDRESS, "descriptor",
                     "the log's reader, PD %u channel %u, does not exist", sys->klog_pd, sys->klog_channel);
        return;
    }
    channel = &context->facts->pds[sys->klog_pd].channels[sys->klog_channel];
    if (channel->kind != SYSDESC_CHANNEL_VALID) {
        findings_add(context->findings, RULE_KLOG, facts_pd_name(context->facts, sys->klog_pd),
                     FINDINGS_NO_ADDRESS, "descriptor",
                     "channel %u, which the kernel's log notifies, is in other use", sys->klog_channel);
    }
}

/** The region that the descriptor says the rings are in, declared as that. */
static bool has_trace_region(const struct facts *facts)
{
    for (uint32_t i = 0; i < facts->region_count; i++) {
        const struct intent_region *region = &facts->regions[i];
        if (region->kind == INTENT_REGION_TRACE) {
            return region->phys == facts->trace.phys && region->size_bytes == facts->trace.bytes;
        }
    }
    return false;
}

static bool trace_ring_is_sound(const struct sysdesc *sys)
{
    return sys->trace_ring_bytes >= SYSDESC_TRACE_MIN_RING_BYTES &&
           sys->trace_ring_bytes <= SYSDESC_TRACE_MAX_RING_BYTES &&
           (sys->trace_ring_bytes & (sys->trace_ring_bytes - 1)) == 0;
}

static void check_trace(struct context *context)
{
    const struct facts *facts = context->facts;
    const struct sysdesc *sys = &facts->sys;
    if (sys->trace_pd == SYSDESC_NO_PARENT && sys->trace == 0 && sys->trace_channel == 0 &&
        sys->trace_ring_bytes == 0) {
        return;
    }
    if (sys->trace_pd >= sys->pd_count || sys->trace_channel >= SYSDESC_MAX_CHANNELS) {
        findings_add(context->findings, RULE_TRACE, "kernel", FINDINGS_NO_ADDRESS, "descriptor",
                     "the reader of events, PD %u channel %u, does not exist", sys->trace_pd,
                     sys->trace_channel);
        return;
    }
    if (!trace_ring_is_sound(sys) || !has_trace_region(facts)) {
        findings_add(context->findings, RULE_TRACE, "kernel", sys->trace, "descriptor",
                     "the rings of events, %" PRIu64 " bytes each, are in no region declared for them",
                     sys->trace_ring_bytes);
    }
    if (facts->pds[sys->trace_pd].channels[sys->trace_channel].kind != SYSDESC_CHANNEL_VALID) {
        findings_add(context->findings, RULE_TRACE, facts_pd_name(facts, sys->trace_pd), FINDINGS_NO_ADDRESS,
                     "descriptor", "channel %u, which the kernel's events notify, is in other use",
                     sys->trace_channel);
    }
}

static void check_kernel_entry(struct context *context)
{
    uint64_t entry = context->facts->elf->entry;
    if (entry % 4 != 0 || !is_mapped(context->walk, FACTS_KERNEL, entry, INTENT_EXECUTE)) {
        findings_add(context->findings, RULE_ENTRY, "kernel", entry, "kernel",
                     "the image's entry point is not executable memory of the kernel");
    }
}

void rule_rows_run(const struct facts *facts, const struct walk *walk, struct findings *findings)
{
    struct context context = {facts, walk, findings};
    check_kernel_entry(&context);
    for (uint32_t i = 0; i < facts->sys.pd_count; i++) {
        check_pd(&context, i);
    }
    for (uint32_t i = 0; i < facts->sys.vcpu_count; i++) {
        check_vcpu(&context, i);
    }
    check_vmids(&context);
    check_cores(&context);
    check_klog(&context);
    check_trace(&context);
}
