/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks: what somebody would change who knows how the image is checked. Each changes several places so that
 * they agree, and would give somebody something. `run` says whether the system has what the attack needs.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/vswitch_config.h"
#include "tests/verify/mutate.h"
#include "verify/grants/config.h"

#define LEAF_WRITE (1ull << 7)
#define PAGE 0x1000u

/* The rows of the image, to be written. */
struct rows {
    struct mutate *mutate;
    struct sysdesc *sys;
    struct sysdesc_pd *pds;
    struct sysdesc_vcpu *vcpus;
    struct sysdesc_irq *irqs;
    struct sysdesc_doorbell *doorbells;
    struct sysdesc_post *posts;
    struct sysdesc_account *accounts;
};

struct attack {
    const char *what, *rules;
    bool (*run)(struct rows *rows);
};

#define SWAP(a, b)                                                                                           \
    do {                                                                                                     \
        const __typeof__(a) swapped = (a);                                                                   \
        (a) = (b);                                                                                           \
        (b) = swapped;                                                                                       \
    } while (0)

/* The second vCPU of a virtual machine, or NULL. */
static struct sysdesc_vcpu *sibling(const struct rows *rows)
{
    for (uint32_t i = 1; i < rows->sys->vcpu_count; i++) {
        if (rows->vcpus[i].stage2_root == rows->vcpus[i - 1].stage2_root) {
            return &rows->vcpus[i];
        }
    }
    return NULL;
}

/* The first vCPU of another virtual machine than the first one, or NULL. */
static struct sysdesc_vcpu *other_vm(const struct rows *rows)
{
    for (uint32_t i = 1; i < rows->sys->vcpu_count; i++) {
        if (rows->vcpus[i].stage2_root != rows->vcpus[0].stage2_root) {
            return &rows->vcpus[i];
        }
    }
    return NULL;
}

static bool sibling_loses_doorbell(struct rows *rows)
{
    struct sysdesc_vcpu *vcpu = sibling(rows);

    if (vcpu == NULL || vcpu->doorbell_count == 0) {
        return false;
    }
    vcpu->doorbell_count--;
    return true;
}

static bool sibling_has_none(struct rows *rows)
{
    struct sysdesc_vcpu *vcpu = sibling(rows);

    if (vcpu == NULL || vcpu->doorbell_count == 0) {
        return false;
    }
    vcpu->doorbell_count = 0;
    return true;
}

static bool siblings_change_places(struct rows *rows)
{
    struct sysdesc_vcpu *vcpu = sibling(rows);

    if (vcpu == NULL) {
        return false;
    }
    SWAP(vcpu[0].vmpidr, vcpu[-1].vmpidr);
    return true;
}

static bool sibling_elsewhere(struct rows *rows)
{
    struct sysdesc_vcpu *vcpu = sibling(rows);

    if (vcpu == NULL || rows->sys->core_count < 2) {
        return false;
    }
    vcpu->core ^= 1;
    return true;
}

/* A row that takes all stores in front of one that rings. */
static bool hide_doorbell(struct rows *rows)
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

static bool reorder_doorbells(struct rows *rows)
{
    for (uint32_t i = 1; i < rows->sys->doorbell_count; i++) {
        struct sysdesc_doorbell *row = &rows->doorbells[i];

        if (row[0].gpa == row[-1].gpa && (row[-1].flags & SYSDESC_DOORBELL_MATCH) != 0 &&
            (row[0].flags & SYSDESC_DOORBELL_MATCH) == 0) {
            SWAP(row[0], row[-1]);
            return true;
        }
    }
    return false;
}

static bool swap_doorbells(struct rows *rows)
{
    const struct sysdesc_vcpu *other = other_vm(rows);

    for (uint32_t i = 0; other != NULL && i < rows->vcpus[0].doorbell_count && i < other->doorbell_count;
         i++) {
        struct sysdesc_doorbell *one = &rows->doorbells[rows->vcpus[0].doorbell_first + i];
        struct sysdesc_doorbell *two = &rows->doorbells[other->doorbell_first + i];

        if (((one->flags | two->flags) & SYSDESC_DOORBELL_IGNORE) == 0 &&
            (one->pd != two->pd || one->channel != two->channel)) {
            SWAP(one->pd, two->pd);
            SWAP(one->channel, two->channel);
            return true;
        }
    }
    return false;
}

static bool swap_doorbell_tables(struct rows *rows)
{
    struct sysdesc_vcpu *other = other_vm(rows);

    if (other == NULL || sibling(rows) != NULL) {
        return false;
    }
    SWAP(rows->vcpus[0].doorbell_first, other->doorbell_first);
    SWAP(rows->vcpus[0].doorbell_count, other->doorbell_count);
    return true;
}

static bool one_table_for_two(struct rows *rows)
{
    struct sysdesc_vcpu *other = other_vm(rows);

    if (other == NULL) {
        return false;
    }
    other->doorbell_first = rows->vcpus[0].doorbell_first;
    other->doorbell_count = rows->vcpus[0].doorbell_count;
    return true;
}

static struct intent_domain *domains_of(struct rows *rows)
{
    const struct elf64_object section = elf64_section(&rows->mutate->elf, INTENT_SECTION);

    return (struct intent_domain *)(uintptr_t)(section.data + rows->mutate->facts.intent.domain_offset);
}

/* Rows and declaration alike. */
static bool swap_vm_memory(struct rows *rows)
{
    struct sysdesc_vcpu *other = other_vm(rows);
    struct intent_domain *domains = domains_of(rows);
    const uint32_t first = 1 + rows->sys->pd_count;

    if (other == NULL || sibling(rows) != NULL) {
        return false;
    }
    SWAP(rows->vcpus[0].stage2_root, other->stage2_root);
    SWAP(domains[first].root, domains[first + (uint32_t)(other - rows->vcpus)].root);
    return true;
}

static bool swap_pd_memory(struct rows *rows)
{
    struct intent_domain *domains = domains_of(rows);

    SWAP(rows->pds[0].stage2_root, rows->pds[1].stage2_root);
    SWAP(domains[1].root, domains[2].root);
    return true;
}

static bool swap_pd_rows(struct rows *rows)
{
    SWAP(rows->pds[0], rows->pds[1]);
    return true;
}

static bool swap_vm_names(struct rows *rows)
{
    struct sysdesc_vcpu *other = other_vm(rows);
    char name[SYSDESC_NAME_BYTES];

    if (other == NULL || sibling(rows) != NULL) {
        return false;
    }
    memcpy(name, other->name, sizeof(name));
    memcpy(other->name, rows->vcpus[0].name, sizeof(name));
    memcpy(rows->vcpus[0].name, name, sizeof(name));
    return true;
}

static bool swap_vmids(struct rows *rows)
{
    SWAP(rows->pds[0].vmid, rows->pds[1].vmid);
    return true;
}

static bool swap_schedules(struct rows *rows)
{
    struct sysdesc_pd *a = &rows->pds[0];

    for (uint32_t i = 1; i < rows->sys->pd_count; i++) {
        struct sysdesc_pd *b = &rows->pds[i];

        if (a->priority != b->priority) {
            SWAP(a->priority, b->priority);
            return true;
        }
    }
    return false;
}

static bool second_core(struct rows *rows)
{
    rows->sys->core_count++;
    rows->pds[rows->sys->pd_count - 1].core = (uint8_t)(rows->sys->core_count - 1);
    return true;
}

static bool share_ipc_page(struct rows *rows)
{
    rows->pds[0].ipc_buffer = rows->pds[1].ipc_buffer;
    return true;
}

static bool log_to_another(struct rows *rows)
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

static bool seed_to_another(struct rows *rows)
{
    if (rows->sys->seed_pd >= rows->sys->pd_count) {
        return false;
    }
    rows->sys->seed_pd = (uint16_t)((rows->sys->seed_pd + 1u) % rows->sys->pd_count);
    return true;
}

static bool tree_in_guest_ram(struct rows *rows)
{
    rows->sys->board.fdt_base =
        rows->mutate->facts.intent.ram_base + rows->mutate->facts.intent.ram_bytes / 2;
    return true;
}

static bool clock_twice_as_fast(struct rows *rows)
{
    rows->sys->board.timer_hz = 125000000;
    return true;
}

static bool timers_change_places(struct rows *rows)
{
    SWAP(rows->sys->board.vtimer_irq, rows->sys->board.hyptimer_irq);
    return true;
}

static bool vtimer_of_guests(struct rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->vcpu_count; i++) {
        rows->vcpus[i].vtimer_intid = 28;
    }
    rows->sys->board.vtimer_irq = 28;
    return rows->sys->vcpu_count > 0;
}

/* The device's interrupt goes past its driver to the guest. */
static bool interrupt_to_guest(struct rows *rows)
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

static bool swap_interrupts(struct rows *rows)
{
    struct sysdesc_irq *a = &rows->irqs[0];

    for (uint32_t i = 1; i < rows->sys->irq_count; i++) {
        struct sysdesc_irq *b = &rows->irqs[i];

        if (a->kind == SYSDESC_IRQ_PD && b->kind == SYSDESC_IRQ_PD) {
            SWAP(a->intid, b->intid);
            rows->pds[a->target].channels[a->channel].intid = (uint16_t)a->intid;
            rows->pds[b->target].channels[b->channel].intid = (uint16_t)b->intid;
            return true;
        }
    }
    return false;
}

static bool swap_post_targets(struct rows *rows)
{
    for (uint32_t i = 1; i < rows->sys->post_count; i++) {
        if (rows->posts[i].vcpu != rows->posts[0].vcpu) {
            SWAP(rows->posts[i].vcpu, rows->posts[0].vcpu);
            SWAP(rows->posts[i].channel, rows->posts[0].channel);
            return true;
        }
    }
    return false;
}

static bool post_any(struct rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->post_count; i++) {
        if (rows->posts[i].intid != 0) {
            rows->posts[i].intid = 0;
            return true;
        }
    }
    return false;
}

static bool swap_accounts(struct rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->pd_count; i++) {
        const struct sysdesc_pd *pd = &rows->pds[i];
        struct sysdesc_account *row = &rows->accounts[pd->account_first];

        if (pd->account_count > 1 && row[0].vcpu != row[1].vcpu) {
            SWAP(row[0].vcpu, row[1].vcpu);
            return true;
        }
    }
    return false;
}

static bool nobody_pays(struct rows *rows)
{
    for (uint32_t i = 0; i < rows->sys->pd_count; i++) {
        if (rows->pds[i].account_count > 0) {
            rows->pds[i].account_count--;
            return true;
        }
    }
    return false;
}

static bool power_off(struct rows *rows)
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

static bool vendor_call(struct rows *rows)
{
    rows->pds[0].smc_calls[0] = 0xc2000001; /* SiP service */
    return true;
}

static bool cpu_on(struct rows *rows)
{
    rows->pds[0].smc_calls[0] = 0xc4000003;
    return true;
}

static bool swap_children(struct rows *rows)
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
                SWAP(*first, *row);
                return true;
            }
            first = row;
            first_id = id;
        }
    }
    return false;
}

static bool orphan(struct rows *rows)
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

static bool call_both_ways(struct rows *rows)
{
    for (uint32_t pd = 0; pd < rows->sys->pd_count; pd++) {
        for (uint32_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
            struct sysdesc_channel *row = &rows->pds[pd].channels[id];

            if ((row->kind & SYSDESC_CHANNEL_PPC) != 0) {
                struct sysdesc_channel *other = &rows->pds[row->peer].channels[row->peer_channel];

                row->kind &= (uint8_t)~SYSDESC_CHANNEL_PPC;
                other->kind |= SYSDESC_CHANNEL_PPC;
                SWAP(rows->pds[pd].priority, rows->pds[row->peer].priority);
                return true;
            }
        }
    }
    return false;
}

/* A mapping of a region that its domain only reads becomes writable, in tables and declaration. */
static bool write_what_is_read(struct rows *rows)
{
    struct mutate *mutate = rows->mutate;
    struct intent_mapping *mappings =
        (struct intent_mapping *)(uintptr_t)(elf64_section(&mutate->elf, INTENT_SECTION).data +
                                             mutate->facts.intent.mapping_offset);

    for (uint32_t i = 0; i < mutate->facts.intent.mapping_count; i++) {
        uint64_t *leaf = mutate_leaf(mutate, mappings[i].domain, mappings[i].address);

        if (mappings[i].domain != FACTS_KERNEL && mappings[i].perms == INTENT_READ && leaf != NULL) {
            mappings[i].perms |= INTENT_WRITE;
            *leaf |= LEAF_WRITE;
            return true;
        }
    }
    return false;
}

/* The first page of one guest's RAM shows the other's, writable. */
static bool peep(struct rows *rows)
{
    struct mutate *mutate = rows->mutate;
    const uint32_t first = 1 + rows->sys->pd_count;
    uint64_t *a = NULL;
    uint64_t *b = NULL;

    for (size_t i = 0; i < mutate->walk.map_count && other_vm(rows) != NULL; i++) {
        const struct walk_map *map = &mutate->walk.maps[i];

        if (map->domain >= first && !map->device && map->bytes > 64u * PAGE) {
            uint64_t *leaf = mutate_leaf(mutate, map->domain, map->address);

            if (map->domain == first) {
                a = leaf;
            } else {
                b = leaf;
            }
        }
    }
    if (a == NULL || b == NULL) {
        return false;
    }
    SWAP(*a, *b);
    return true;
}

static bool upside_down(struct rows *rows)
{
    struct mutate *mutate = rows->mutate;

    for (size_t i = 0; i < mutate->walk.map_count; i++) {
        const struct walk_map *map = &mutate->walk.maps[i];
        uint64_t *one = mutate_leaf(mutate, map->domain, map->address);
        uint64_t *other = mutate_leaf(mutate, map->domain, map->address + PAGE);

        if (map->domain > rows->sys->pd_count && !map->device && map->bytes > PAGE && one != other &&
            one != NULL && other != NULL && (*one & 3) == 3) {
            SWAP(*one, *other);
            return true;
        }
    }
    return false;
}

static bool load_elsewhere(struct rows *rows)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)rows->mutate->image;
    Elf64_Phdr *segments = (Elf64_Phdr *)(void *)(rows->mutate->image + header->e_phoff);

    SWAP(segments[0].p_offset, segments[1].p_offset);
    SWAP(segments[0].p_filesz, segments[1].p_filesz);
    return true;
}

static bool loader_decides(struct rows *rows)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)rows->mutate->image;
    Elf64_Phdr *segments = (Elf64_Phdr *)(void *)(rows->mutate->image + header->e_phoff);

    SWAP(segments[0].p_vaddr, segments[1].p_vaddr);
    return true;
}

static bool start_later(struct rows *rows)
{
    ((Elf64_Ehdr *)(void *)rows->mutate->image)->e_entry += 4;
    return true;
}

/* The first page of the first mapping that `is_it` is gone. */
static bool unmap(struct rows *rows, bool (*is_it)(const struct rows *rows, const struct walk_map *map))
{
    for (size_t i = 0; i < rows->mutate->walk.map_count; i++) {
        const struct walk_map *map = &rows->mutate->walk.maps[i];
        uint64_t *leaf = mutate_leaf(rows->mutate, map->domain, map->address);

        if (leaf != NULL && is_it(rows, map)) {
            *leaf = 0;
            return true;
        }
    }
    return false;
}

static bool is_stack(const struct rows *rows, const struct walk_map *map)
{
    return map->domain != FACTS_KERNEL && map->domain <= rows->sys->pd_count &&
           map->address + map->bytes == SYSDESC_PD_STACK_TOP;
}

static bool is_device(const struct rows *rows, const struct walk_map *map)
{
    (void)rows;
    return map->domain != FACTS_KERNEL && map->device;
}

static bool is_kernel_device(const struct rows *rows, const struct walk_map *map)
{
    (void)rows;
    return map->domain == FACTS_KERNEL && map->device;
}

static bool short_stack(struct rows *rows)
{
    return unmap(rows, is_stack);
}

static bool no_device(struct rows *rows)
{
    return unmap(rows, is_device);
}

static bool no_kernel_device(struct rows *rows)
{
    return unmap(rows, is_kernel_device);
}

/* The configuration of the first PD that has one with `magic`. */
static void *config_of(struct rows *rows, uint32_t magic)
{
    for (uint32_t pd = 0; pd < rows->sys->pd_count; pd++) {
        uint8_t *data = mutate_find_config(rows->mutate, pd);

        if (data != NULL && memcmp(data, &magic, sizeof(magic)) == 0) {
            return data;
        }
    }
    return NULL;
}

static bool send_to_all(struct rows *rows)
{
    struct vswitch_config *config = config_of(rows, VSWITCH_CONFIG_MAGIC);
    const uint32_t all = config == NULL ? 0 : (1u << config->port_count) - 1u;

    if (config == NULL || config->ports[0].allow == all) {
        return false;
    }
    config->ports[0].allow = all;
    return true;
}

static bool any_mac(struct rows *rows)
{
    struct vswitch_config *config = config_of(rows, VSWITCH_CONFIG_MAGIC);

    if (config == NULL) {
        return false;
    }
    config->ports[0].flags ^= VSWITCH_PORT_CHECK_MAC;
    return true;
}

static const struct attack attacks[] = {
    {"a second vCPU has one doorbell less", "doorbell", sibling_loses_doorbell},
    {"a second vCPU has no doorbells", "doorbell", sibling_has_none},
    {"two vCPUs of a machine change affinities", "policy-vcpu", siblings_change_places},
    {"a second vCPU on another core", "policy-schedule", sibling_elsewhere},
    {"a row that takes the stores of the next", "doorbell", hide_doorbell},
    {"a row for all values in front of those for some", "doorbell", reorder_doorbells},
    {"two machines' doorbells change targets", "policy-doorbell", swap_doorbells},
    {"two machines change doorbell tables", "policy-doorbell", swap_doorbell_tables},
    {"two machines with one doorbell table", "doorbell", one_table_for_two},
    {"two machines change memory, rows and declaration", "any", swap_vm_memory},
    {"two PDs change memory, rows and declaration", "any", swap_pd_memory},
    {"two PDs change rows", "any", swap_pd_rows},
    {"two machines change names", "any", swap_vm_names},
    {"two PDs change VMIDs", NULL, swap_vmids},
    {"two PDs change priorities", "policy-schedule", swap_schedules},
    {"a PD on a core more", "policy-schedule", second_core},
    {"one IPC buffer for two", "ipc-buffer", share_ipc_page},
    {"the log goes to another, with a channel for it", "policy-klog", log_to_another},
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
    {"read-only becomes writable, table and declaration", "policy-memory policy-constant",
     write_what_is_read},
    {"a page of each guest's memory is the other's", "any", peep},
    {"two pages of a domain change places", "any", upside_down},
    {"two segments change contents", "any", load_elsewhere},
    {"two segments change linked addresses", "load-address", loader_decides},
    {"the kernel starts one instruction later", "kernel-image", start_later},
    {"the last page of a stack is gone", "policy-stack", short_stack},
    {"a device's registers are gone", "policy-device", no_device},
    {"registers of the kernel are gone", "policy-kernel-device", no_kernel_device},
    {"a port may send to all", "policy-allow", send_to_all},
    {"a MAC address is not checked, or is", "policy-config", any_mac},
};

/* Two rows of a configuration change one field. */
static void swap_fields(struct mutate *mutate, uint32_t pd, const struct config_part *part, uint8_t *data)
{
    for (size_t i = 0; i < part->field_count; i++) {
        const struct config_field *field = &part->fields[i];
        uint8_t *a = data + part->offset + field->offset;
        uint8_t *b = a + part->stride;
        uint8_t kept[64];

        if (field->kind == CONFIG_OTHER || field->when != 0 || field->bytes > sizeof(kept) ||
            memcmp(a, b, field->bytes) == 0) {
            continue;
        }
        memcpy(kept, a, field->bytes);
        memcpy(a, b, field->bytes);
        memcpy(b, kept, field->bytes);
        mutate_judge(mutate, "any", "two rows of a configuration change a field", part->element,
                     pd * 100 + i);
        memcpy(b, a, field->bytes);
        memcpy(a, kept, field->bytes);
    }
}

/* Rows of one kind of a configuration. */
static void swap_in_part(struct mutate *mutate, uint32_t pd, const struct config_part *part, uint8_t *data)
{
    uint32_t count = part->max;

    if (part->count_offset != 0) {
        memcpy(&count, data + part->count_offset, sizeof(count));
    }
    if (count > 1 && part->naming != CONFIG_NOT_NAMED) {
        swap_fields(mutate, pd, part, data);
    }
}

static void swap_in_configs(struct mutate *mutate)
{
    for (uint32_t pd = 0; pd < mutate->facts.sys.pd_count; pd++) {
        uint8_t *data = mutate_find_config(mutate, pd);

        for (size_t i = 0; data != NULL && i < config_struct_count; i++) {
            const struct config_struct *config = &config_structs[i];

            for (size_t j = 0;
                 j < config->part_count && memcmp(data, &config->magic, sizeof(config->magic)) == 0; j++) {
                swap_in_part(mutate, pd, &config->parts[j], data);
            }
        }
    }
}

void mutate_attacks(struct mutate *mutate)
{
    const struct sysdesc *sys = &mutate->facts.sys;
    struct rows rows = {.mutate = mutate,
                        .sys = mutate_at(mutate, mutate->facts.sysdesc_phys),
                        .pds = mutate_at(mutate, sys->pds),
                        .vcpus = mutate_at(mutate, sys->vcpus),
                        .irqs = mutate_at(mutate, sys->irqs),
                        .doorbells = mutate_at(mutate, sys->doorbells),
                        .posts = mutate_at(mutate, sys->posts),
                        .accounts = mutate_at(mutate, sys->accounts)};
    uint8_t *sound = malloc(mutate->image_bytes);

    if (sound == NULL) {
        abort();
    }
    memcpy(sound, mutate->image, mutate->image_bytes);
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        const bool runs = attacks[i].run(&rows);

        if (runs) {
            mutate_judge(mutate, attacks[i].rules, attacks[i].what, "attack", i);
        }
        printf("attack %s: %s\n", runs ? "made" : "not made", attacks[i].what);
        memcpy(mutate->image, sound, mutate->image_bytes);
    }
    free(sound);
    swap_in_configs(mutate);
}
