/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/descriptor.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/include/sysdesc.h"
#include "tool/base/mem.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tables are written as the host lays them out");

/** Tables start at multiples of this, so that each is aligned for its type and for a cache line. */
#define TABLE_ALIGN 64u

/** Byte offsets of the tables from the start of the descriptor. */
struct tables {
    size_t pds, vcpus, irqs, doorbells, posts, accounts, end;
    size_t vcpu_count, irq_count, doorbell_count, post_count, account_count;
};

static size_t align_up(size_t bytes)
{
    return (bytes + TABLE_ALIGN - 1) / TABLE_ALIGN * TABLE_ALIGN;
}

/* A VMM's own VM; a service's clients; a driver's, which are those of the service in front, each once. */
static size_t list_accounts(const struct image *image, const struct model_pd *pd,
                            struct sysdesc_account rows[MODEL_MAX_CHANNELS]);

static struct tables find_tables(const struct image *image)
{
    struct sysdesc_account accounts[MODEL_MAX_CHANNELS];
    struct tables tables = {0};

    for (size_t i = 0; i < image->pd_count; i++) {
        const struct model_pd *pd = image->pds[i].pd;

        tables.irq_count += pd->irq_count;
        tables.post_count += pd->post_count;
        tables.account_count += list_accounts(image, pd, accounts);
        if (pd->vm != NULL) {
            tables.vcpu_count += pd->vm->vcpu_count;
            tables.doorbell_count += pd->vm->doorbell_count;
            tables.irq_count += pd->vm->direct_irq_count;
        }
    }
    tables.pds = align_up(sizeof(struct sysdesc));
    tables.vcpus = align_up(tables.pds + image->pd_count * sizeof(struct sysdesc_pd));
    tables.irqs = align_up(tables.vcpus + tables.vcpu_count * sizeof(struct sysdesc_vcpu));
    tables.doorbells = align_up(tables.irqs + tables.irq_count * sizeof(struct sysdesc_irq));
    tables.posts = align_up(tables.doorbells + tables.doorbell_count * sizeof(struct sysdesc_doorbell));
    tables.accounts = align_up(tables.posts + tables.post_count * sizeof(struct sysdesc_post));
    tables.end = align_up(tables.accounts + tables.account_count * sizeof(struct sysdesc_account));
    return tables;
}

static struct sysdesc *sysdesc_of(struct image *image)
{
    return (struct sysdesc *)(void *)image->descriptor;
}

static struct sysdesc_pd *pd_row(struct image *image, size_t index)
{
    size_t offset = find_tables(image).pds;

    return (struct sysdesc_pd *)(void *)(image->descriptor + offset) + index;
}

static struct sysdesc_vcpu *vcpu_row(struct image *image, size_t index)
{
    size_t offset = find_tables(image).vcpus;

    return (struct sysdesc_vcpu *)(void *)(image->descriptor + offset) + index;
}

static uint16_t pd_index(const struct image *image, const struct model_pd *pd)
{
    for (size_t i = 0; i < image->pd_count; i++) {
        if (image->pds[i].pd == pd) {
            return (uint16_t)i;
        }
    }
    return SYSDESC_NO_PARENT;
}

static const struct image_vm *vm_of(const struct image *image, const struct model_pd *pd)
{
    for (size_t i = 0; i < image->vm_count; i++) {
        if (image->vms[i].vm == pd->vm) {
            return &image->vms[i];
        }
    }
    return NULL;
}

static void copy_name(char *to, const char *name)
{
    strncpy(to, name, SYSDESC_NAME_BYTES - 1);
}

static void fill_pd(struct image *image, size_t index)
{
    const struct model_pd *pd = image->pds[index].pd;
    struct sysdesc_pd *row = pd_row(image, index);

    copy_name(row->name, pd->name);
    row->entry = image->pds[index].program.program.entry;
    row->ipc_buffer = image->ipc_buffers + index * MODEL_PAGE_BYTES;
    row->budget_us = (uint32_t)pd->budget_us;
    row->period_us = (uint32_t)pd->period_us;
    row->parent = pd->parent == NULL ? SYSDESC_NO_PARENT : pd_index(image, pd->parent);
    row->child_id = (uint8_t)pd->child_id;
    row->priority = (uint8_t)pd->priority;
    row->core = (uint8_t)pd->core;
    row->flags = (uint8_t)((pd->passive ? SYSDESC_PD_PASSIVE : 0) | (pd->fpu ? 0 : SYSDESC_PD_NO_FPU) |
                           (pd->observer ? SYSDESC_PD_OBSERVER : 0));
    _Static_assert(sizeof(row->smc_calls) == sizeof(pd->smc_calls), "as many calls of the firmware");
    memcpy(row->smc_calls, pd->smc_calls, sizeof(row->smc_calls));
    row->vmid = (uint16_t)(index + 1);
    if (pd->parent != NULL) {
        pd_row(image, row->parent)->children[pd->child_id] =
            (struct sysdesc_child){.kind = SYSDESC_CHILD_PD, .index = (uint16_t)index};
    }
    for (size_t i = 0; i < pd->irq_count; i++) {
        row->channels[pd->irqs[i].channel] = (struct sysdesc_channel){
            .kind = SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_IRQ, .intid = (uint16_t)pd->irqs[i].intid};
    }
    for (size_t i = 0; pd->vm != NULL && i < pd->vm->doorbell_count; i++) {
        if (pd->vm->doorbells[i].own_channel) {
            row->channels[pd->vm->doorbells[i].channel].kind = SYSDESC_CHANNEL_VALID;
        }
    }
    if (pd->gets_seed) {
        sysdesc_of(image)->seed_pd = (uint16_t)index;
    }
    if (pd->klog_reader) {
        row->channels[pd->klog_channel].kind = SYSDESC_CHANNEL_VALID;
        sysdesc_of(image)->klog_pd = (uint16_t)index;
        sysdesc_of(image)->klog_channel = (uint8_t)pd->klog_channel;
    }
    if (pd->trace != NULL) {
        row->channels[pd->trace_channel].kind = SYSDESC_CHANNEL_VALID;
        sysdesc_of(image)->trace_pd = (uint16_t)index;
        sysdesc_of(image)->trace_channel = (uint8_t)pd->trace_channel;
        sysdesc_of(image)->trace_ring_bytes = pd->trace_ring_bytes;
    }
}

static void fill_vm(struct image *image, size_t vm_index, size_t doorbell_first)
{
    const struct image_vm *vm = &image->vms[vm_index];

    for (size_t i = 0; i < vm->vm->vcpu_count; i++) {
        const struct model_vcpu *vcpu = &vm->vm->vcpus[i];
        struct sysdesc_vcpu *row = vcpu_row(image, vm->first_vcpu + i);

        copy_name(row->name, vm->vm->name);
        row->vmpidr = vcpu->vmpidr | 1ull << 31; /* MPIDR_EL1 bit 31 is RES1 */
        row->budget_us = (uint32_t)vm->vm->budget_us;
        row->period_us = (uint32_t)vm->vm->period_us;
        row->parent = (uint16_t)vm->pd;
        row->child_id = (uint8_t)vcpu->id;
        row->priority = (uint8_t)vm->vm->priority;
        row->core = (uint8_t)vcpu->core;
        row->flags = (vm->vm->sve ? SYSDESC_VCPU_SVE : 0) | (vm->vm->debug ? SYSDESC_VCPU_DEBUG : 0);
        row->vmid = (uint16_t)(image->pd_count + vm_index + 1);
        row->doorbell_first = (uint32_t)doorbell_first;
        row->doorbell_count = (uint32_t)vm->vm->doorbell_count;
        row->vtimer_intid = image->model->board->vtimer_irq;
        row->sgir_gpa = vm->vm->sgir_gpa;
        pd_row(image, vm->pd)->children[vcpu->id] =
            (struct sysdesc_child){.kind = SYSDESC_CHILD_VCPU, .index = (uint16_t)(vm->first_vcpu + i)};
    }
}

/** The row of `end` in its PD's channel table: what that PD may do to `other`. */
static void fill_channel_end(struct image *image, const struct model_channel_end *end,
                             const struct model_channel_end *other)
{
    struct sysdesc_channel *row = &pd_row(image, pd_index(image, end->pd))->channels[end->id];

    row->kind = SYSDESC_CHANNEL_VALID;
    row->peer = pd_index(image, other->pd);
    row->peer_channel = (uint8_t)other->id;
    if (end->pp) {
        row->kind |= SYSDESC_CHANNEL_PPC;
    }
    if (end->notify) {
        row->kind |= SYSDESC_CHANNEL_NOTIFY;
    }
}

static int compare_irqs(const void *a, const void *b)
{
    const struct sysdesc_irq *first = a;
    const struct sysdesc_irq *second = b;

    return first->intid < second->intid ? -1 : first->intid > second->intid;
}

static void fill_irqs(struct image *image, const struct tables *tables)
{
    struct sysdesc_irq *rows = (struct sysdesc_irq *)(void *)(image->descriptor + tables->irqs);
    size_t count = 0;

    for (size_t i = 0; i < image->pd_count; i++) {
        const struct model_pd *pd = image->pds[i].pd;

        for (size_t j = 0; j < pd->irq_count; j++) {
            rows[count++] = (struct sysdesc_irq){.intid = pd->irqs[j].intid,
                                                 .target = (uint16_t)i,
                                                 .kind = SYSDESC_IRQ_PD,
                                                 .edge = pd->irqs[j].edge,
                                                 .channel = (uint8_t)pd->irqs[j].channel};
        }
    }
    for (size_t i = 0; i < image->vm_count; i++) {
        const struct image_vm *vm = &image->vms[i];

        for (size_t j = 0; j < vm->vm->direct_irq_count; j++) {
            const struct model_direct_irq *irq = &vm->vm->direct_irqs[j];

            rows[count++] = (struct sysdesc_irq){.intid = irq->intid,
                                                 .target = (uint16_t)vm->first_vcpu,
                                                 .kind = SYSDESC_IRQ_VCPU,
                                                 .edge = irq->edge,
                                                 .virq = irq->virq};
        }
    }
    qsort(rows, count, sizeof rows[0], compare_irqs);
}

static int compare_doorbells(const void *a, const void *b)
{
    const struct sysdesc_doorbell *first = a;
    const struct sysdesc_doorbell *second = b;

    if (first->gpa != second->gpa) {
        return first->gpa < second->gpa ? -1 : 1;
    }
    /* An exact match goes before a row that takes any value. */
    if (first->flags != second->flags) {
        return first->flags > second->flags ? -1 : 1;
    }
    return first->value < second->value ? -1 : first->value > second->value;
}

/** Write a VM's doorbells at `rows`, sorted by address. */
static void fill_doorbells(const struct image *image, const struct model_vm *vm,
                           struct sysdesc_doorbell *rows)
{
    for (size_t i = 0; i < vm->doorbell_count; i++) {
        const struct model_doorbell *doorbell = &vm->doorbells[i];

        rows[i] = (struct sysdesc_doorbell){
            .gpa = doorbell->gpa,
            .value = doorbell->match_value ? doorbell->value : 0,
            .width_bytes = (uint8_t)doorbell->width_bytes,
            .flags = (uint8_t)((doorbell->match_value ? SYSDESC_DOORBELL_MATCH : 0) |
                               (doorbell->ignore ? SYSDESC_DOORBELL_IGNORE : 0) |
                               (doorbell->idle ? SYSDESC_DOORBELL_IDLE : 0)),
            .channel = (uint8_t)doorbell->channel,
            .delay_us = (uint16_t)doorbell->delay_us,
            .pd = doorbell->pd == NULL ? 0 : pd_index(image, doorbell->pd)};
    }
    if (vm->doorbell_count > 0) {
        qsort(rows, vm->doorbell_count, sizeof rows[0], compare_doorbells);
    }
}

static void fill_posts(struct image *image, const struct tables *tables)
{
    struct sysdesc_post *rows = (struct sysdesc_post *)(void *)(image->descriptor + tables->posts);
    uint32_t count = 0;

    for (size_t i = 0; i < image->pd_count; i++) {
        const struct model_pd *pd = image->pds[i].pd;
        struct sysdesc_pd *row = pd_row(image, i);

        row->post_first = count;
        row->post_count = (uint32_t)pd->post_count;
        for (size_t j = 0; j < pd->post_count; j++) {
            const struct model_post *post = &pd->posts[j];

            rows[count++] = (struct sysdesc_post){.vcpu = (uint16_t)vm_of(image, post->vmm)->first_vcpu,
                                                  .intid = (uint16_t)post->virq,
                                                  .delay_us = (uint16_t)post->delay_us,
                                                  .channel = (uint8_t)post->channel};
        }
    }
}

/* A driver's row for a client's VM, unless it has one. */
static size_t add_client(struct sysdesc_account *rows, size_t count, uint16_t vcpu)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].vcpu == vcpu) {
            return count;
        }
    }
    rows[count] = (struct sysdesc_account){.vcpu = vcpu, .id = (uint8_t)count};
    return count + 1;
}

static size_t list_accounts(const struct image *image, const struct model_pd *pd,
                            struct sysdesc_account rows[MODEL_MAX_CHANNELS])
{
    size_t count = 0;

    if (pd->vm != NULL) {
        rows[count++] = (struct sysdesc_account){.vcpu = (uint16_t)vm_of(image, pd)->first_vcpu};
        return count;
    }
    for (size_t i = 0; i < pd->account_count; i++) {
        rows[count++] =
            (struct sysdesc_account){.vcpu = (uint16_t)vm_of(image, pd->accounts[i].vmm)->first_vcpu,
                                     .id = (uint8_t)pd->accounts[i].id};
    }
    for (size_t i = 0; pd->behind != NULL && i < pd->behind->account_count; i++) {
        count = add_client(rows, count, (uint16_t)vm_of(image, pd->behind->accounts[i].vmm)->first_vcpu);
    }
    return count;
}

static void fill_accounts(struct image *image, const struct tables *tables)
{
    struct sysdesc_account *rows = (struct sysdesc_account *)(void *)(image->descriptor + tables->accounts);
    size_t count = 0;

    for (size_t i = 0; i < image->pd_count; i++) {
        struct sysdesc_account accounts[MODEL_MAX_CHANNELS];
        const size_t own = list_accounts(image, image->pds[i].pd, accounts);
        struct sysdesc_pd *row = pd_row(image, i);

        row->account_first = (uint32_t)count;
        row->account_count = (uint32_t)own;
        for (size_t j = 0; j < own; j++) {
            rows[count++] = accounts[j];
        }
    }
}

static void fill_board(struct sysdesc *sysdesc, const struct board *board)
{
    sysdesc->board = (struct sysdesc_board){
        .gicd_base = board->gicd.base,
        .gicc_base = board->gicc.base,
        .gich_base = board->gich.base,
        .gicr_base = board->gicr.base,
        .gicr_bytes = board->gicr.bytes,
        .uart_base = board->uart.base,
        .fdt_base = board->ram.base,
        .fdt_bytes = board->firmware_bytes,
        .uart_irq = board->uart_irq,
        .vtimer_irq = board->vtimer_irq,
        .hyptimer_irq = board->hyptimer_irq,
        .maintenance_irq = board->maintenance_irq,
        .uart_kind = board->uart_kind,
        .timer_hz = board->timer_hz,
        .gic_kind = board->gic_kind,
    };
}

/* Behind the last byte that is loaded. Programs' stacks and the like in between are none, and do no harm. */
static uint64_t image_end(const struct image *image)
{
    uint64_t end = 0;

    for (size_t i = 0; i < image->layout.count; i++) {
        const struct layout_range *range = &image->layout.ranges[i];
        const bool loaded = range->kind == LAYOUT_KERNEL || range->kind == LAYOUT_TABLES ||
                            range->kind == LAYOUT_PROGRAM || (range->kind == LAYOUT_MEMORY && !range->behind);

        if (loaded && range->base + range->bytes > end) {
            end = range->base + range->bytes;
        }
    }
    return end;
}

void descriptor_create(struct image *image)
{
    struct tables tables = find_tables(image);
    const struct model *model = image->model;
    struct sysdesc_doorbell *doorbells;
    size_t doorbell_first = 0;
    struct sysdesc *sysdesc;

    image->descriptor_bytes = tables.end;
    image->descriptor = mem_zalloc(tables.end);
    doorbells = (struct sysdesc_doorbell *)(void *)(image->descriptor + tables.doorbells);
    sysdesc = sysdesc_of(image);
    sysdesc->magic = SYSDESC_MAGIC;
    sysdesc->version = SYSDESC_VERSION;
    sysdesc->size_bytes = sizeof *sysdesc;
    sysdesc->core_count = model_core_count(model);
    sysdesc->pd_count = (uint32_t)image->pd_count;
    sysdesc->vcpu_count = (uint32_t)tables.vcpu_count;
    sysdesc->irq_count = (uint32_t)tables.irq_count;
    sysdesc->doorbell_count = (uint32_t)tables.doorbell_count;
    sysdesc->post_count = (uint32_t)tables.post_count;
    sysdesc->account_count = (uint32_t)tables.account_count;
    sysdesc->klog_pd = SYSDESC_NO_PARENT;
    sysdesc->seed_pd = SYSDESC_NO_PARENT;
    sysdesc->trace_pd = SYSDESC_NO_PARENT;
    copy_name(sysdesc->name, model->name);
    fill_board(sysdesc, model->board);
    memcpy(sysdesc->core_mpidrs, model->board->core_mpidrs, sysdesc->core_count * sizeof(uint64_t));
    for (size_t i = 0; i < image->pd_count; i++) {
        fill_pd(image, i);
    }
    for (size_t i = 0; i < image->vm_count; i++) {
        fill_vm(image, i, doorbell_first);
        fill_doorbells(image, image->vms[i].vm, doorbells + doorbell_first);
        doorbell_first += image->vms[i].vm->doorbell_count;
    }
    for (size_t i = 0; i < model->channel_count; i++) {
        fill_channel_end(image, &model->channels[i].ends[0], &model->channels[i].ends[1]);
        fill_channel_end(image, &model->channels[i].ends[1], &model->channels[i].ends[0]);
    }
    fill_irqs(image, &tables);
    fill_posts(image, &tables);
    fill_accounts(image, &tables);
}

void descriptor_set_addresses(struct image *image)
{
    uint64_t base = image->layout.ranges[image->tables_range].base;
    struct tables tables = find_tables(image);
    struct sysdesc *sysdesc = sysdesc_of(image);

    sysdesc->image_end = image_end(image); /* the tables' own place is among what is loaded */
    sysdesc->el2_root = image_table_address(image, image->el2_root);
    sysdesc->pds = base + tables.pds;
    sysdesc->vcpus = base + tables.vcpus;
    sysdesc->irqs = base + tables.irqs;
    sysdesc->doorbells = base + tables.doorbells;
    sysdesc->posts = base + tables.posts;
    sysdesc->accounts = base + tables.accounts;
    for (size_t i = 0; i < image->pd_count; i++) {
        if (image->pds[i].pd->trace != NULL) {
            sysdesc->trace = image->pds[i].pd->trace->phys_addr;
        }
        pd_row(image, i)->stage2_root = image_table_address(image, image->pds[i].root);
    }
    for (size_t i = 0; i < image->vm_count; i++) {
        for (size_t j = 0; j < image->vms[i].vm->vcpu_count; j++) {
            vcpu_row(image, image->vms[i].first_vcpu + j)->stage2_root =
                image_table_address(image, image->vms[i].root);
        }
    }
}
