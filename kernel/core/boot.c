/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/boot.h"

#include "kernel/core/account.h"
#include "kernel/core/sched.h"
#include "kernel/core/trace.h"
#include "kernel/include/smccc.h"

#define VMID_LIMIT 256u /* VTTBR_EL2.VMID has 8 bits */
#define PRIORITY_LIMIT 255u
#define FIRST_SPI 32u

static const void *table(uint64_t address)
{
    return (const void *)(uintptr_t)address;
}

static bool trace_is_sound(const struct sysdesc *desc)
{
    const uint64_t bytes = desc->trace_ring_bytes;

    return desc->trace_pd < desc->pd_count && desc->trace_channel < SYSDESC_MAX_CHANNELS &&
           desc->trace % SYSDESC_TRACE_HEADER_BYTES == 0 && bytes >= SYSDESC_TRACE_MIN_RING_BYTES &&
           bytes <= SYSDESC_TRACE_MAX_RING_BYTES && (bytes & (bytes - 1)) == 0;
}

static const char *check_header(const struct sysdesc *desc)
{
    if (desc->magic != SYSDESC_MAGIC) {
        return "no system descriptor: the image was not made by `causeway build`";
    }
    if (desc->version != SYSDESC_VERSION || desc->size_bytes != sizeof *desc) {
        return "the system descriptor is of another version than this kernel";
    }
    if (desc->core_count == 0 || desc->core_count > SYSDESC_MAX_CORES) {
        return "the system needs more cores than this kernel starts";
    }
    if (desc->pd_count == 0 || desc->pd_count > SYSDESC_MAX_PDS) {
        return "too many protection domains, or none";
    }
    if (desc->vcpu_count > SYSDESC_MAX_VCPUS) {
        return "too many vCPUs";
    }
    if (desc->irq_count > SYSDESC_MAX_IRQ) {
        return "too many interrupts";
    }
    if (desc->post_count > SYSDESC_MAX_POSTS || desc->doorbell_count > SYSDESC_MAX_DOORBELLS) {
        return "too many posted interrupts or doorbells";
    }
    if (desc->account_count > SYSDESC_MAX_ACCOUNTS) {
        return "too many accounts";
    }
    if (desc->klog_pd != SYSDESC_NO_PARENT &&
        (desc->klog_pd >= desc->pd_count || desc->klog_channel >= SYSDESC_MAX_CHANNELS)) {
        return "the reader of the kernel log does not exist";
    }
    if (desc->trace != 0 && !trace_is_sound(desc)) {
        return "the rings of events or their reader are impossible";
    }
    if (desc->seed_pd != SYSDESC_NO_PARENT && desc->seed_pd >= desc->pd_count) {
        return "the protection domain for the firmware's seed does not exist";
    }
    return NULL;
}

static bool channel_is_sound(const struct sysdesc *desc, const struct sysdesc_channel *channel)
{
    const bool sends = (channel->kind & (SYSDESC_CHANNEL_NOTIFY | SYSDESC_CHANNEL_PPC)) != 0;

    if (channel->peer_channel >= SYSDESC_MAX_CHANNELS || (sends && channel->peer >= desc->pd_count)) {
        return false;
    }
    /* Nobody is at the other end of an interrupt. */
    return (channel->kind & SYSDESC_CHANNEL_IRQ) == 0 || (!sends && channel->intid < SYSDESC_MAX_IRQ);
}

static bool child_is_sound(const struct sysdesc *desc, const struct sysdesc_child *child)
{
    switch (child->kind) {
    case SYSDESC_CHILD_NONE:
        return true;
    case SYSDESC_CHILD_PD:
        return child->index < desc->pd_count;
    case SYSDESC_CHILD_VCPU:
        return child->index < desc->vcpu_count;
    default:
        return false;
    }
}

static bool smc_calls_are_sound(const struct sysdesc_pd *row)
{
    for (uint32_t i = 0; i < SYSDESC_MAX_SMC_CALLS; i++) {
        const bool is_last = i > 0 && row->smc_calls[i - 1] == 0;

        if (row->smc_calls[i] != 0 && (is_last || !smccc_is_grantable(row->smc_calls[i]))) {
            return false;
        }
    }
    return true;
}

/* A passive server runs on its callers' budgets, which are their cores'. */
static bool calls_stay(const struct sysdesc_pd *pds, const struct sysdesc_pd *row)
{
    for (uint32_t i = 0; i < SYSDESC_MAX_CHANNELS; i++) {
        const struct sysdesc_channel *channel = &row->channels[i];

        if ((channel->kind & SYSDESC_CHANNEL_PPC) != 0 &&
            (pds[channel->peer].flags & SYSDESC_PD_PASSIVE) != 0 && pds[channel->peer].core != row->core) {
            return false;
        }
    }
    return true;
}

static const char *check_pd(const struct sysdesc *desc, const struct sysdesc_pd *row)
{
    if (row->priority >= PRIORITY_LIMIT || row->core >= desc->core_count || row->vmid == 0 ||
        row->vmid >= VMID_LIMIT) {
        return "a protection domain has an impossible priority, core or VMID";
    }
    if (row->budget_us == 0 || row->budget_us > row->period_us) {
        return "a protection domain has an impossible budget";
    }
    if (row->parent != SYSDESC_NO_PARENT && row->parent >= desc->pd_count) {
        return "a protection domain has a parent that does not exist";
    }
    if (row->post_first > desc->post_count || row->post_count > desc->post_count - row->post_first) {
        return "a protection domain has posted interrupts that do not exist";
    }
    if (row->account_first > desc->account_count ||
        row->account_count > desc->account_count - row->account_first) {
        return "a protection domain has accounts that do not exist";
    }
    if (!smc_calls_are_sound(row)) {
        return "a protection domain has a call of the firmware that nobody may have";
    }
    if (row->ipc_buffer == 0 || row->name[SYSDESC_NAME_BYTES - 1] != '\0') {
        return "a protection domain lacks its message buffer or the end of its name";
    }
    for (uint32_t i = 0; i < 64; i++) {
        bool used = row->channels[i].kind != 0 || row->children[i].kind != SYSDESC_CHILD_NONE;

        if ((i >= SYSDESC_MAX_CHANNELS && used) || !channel_is_sound(desc, &row->channels[i]) ||
            !child_is_sound(desc, &row->children[i])) {
            return "a channel or child leads nowhere";
        }
    }
    return NULL;
}

static const char *check_vcpu(const struct sysdesc *desc, const struct sysdesc_vcpu *row)
{
    if (row->priority >= PRIORITY_LIMIT || row->core >= desc->core_count || row->vmid == 0 ||
        row->vmid >= VMID_LIMIT) {
        return "a vCPU has an impossible priority, core or VMID";
    }
    if (row->budget_us == 0 || row->budget_us > row->period_us) {
        return "a vCPU has an impossible budget";
    }
    if (row->parent >= desc->pd_count) {
        return "a vCPU has no VMM";
    }
    if (row->doorbell_first > desc->doorbell_count ||
        row->doorbell_count > desc->doorbell_count - row->doorbell_first) {
        return "a vCPU has doorbells that do not exist";
    }
    if (row->vtimer_intid < VIRQ_SGI_COUNT || row->vtimer_intid >= VIRQ_COUNT) {
        return "a vCPU has an impossible timer interrupt";
    }
    return NULL;
}

static const char *check_irq(const struct sysdesc *desc, const struct sysdesc_irq *row)
{
    if (row->intid < VIRQ_SGI_COUNT || row->intid >= SYSDESC_MAX_IRQ) {
        return "an interrupt has an impossible number";
    }
    if (row->kind == SYSDESC_IRQ_VCPU) {
        return row->target < desc->vcpu_count && row->virq >= VIRQ_SGI_COUNT && row->virq < VIRQ_COUNT
                   ? NULL
                   : "an interrupt leads to no vCPU";
    }
    return row->kind == SYSDESC_IRQ_PD && row->target < desc->pd_count && row->channel < SYSDESC_MAX_CHANNELS
               ? NULL
               : "an interrupt leads to no protection domain";
}

static const char *check_post(const struct sysdesc *desc, const struct sysdesc_post *row)
{
    return row->vcpu < desc->vcpu_count && row->intid < VIRQ_COUNT && row->channel < SYSDESC_MAX_CHANNELS
               ? NULL
               : "a posted interrupt leads nowhere";
}

static const char *check_account(const struct sysdesc *desc, const struct sysdesc_account *row)
{
    return row->vcpu < desc->vcpu_count && row->id < SYSDESC_ACCOUNT_NOBODY ? NULL
                                                                            : "an account leads nowhere";
}

const char *boot_check(const struct sysdesc *desc)
{
    const char *wrong = check_header(desc);

    if (wrong != NULL) {
        return wrong;
    }
    const struct sysdesc_pd *pds = table(desc->pds);
    const struct sysdesc_vcpu *vcpus = table(desc->vcpus);
    const struct sysdesc_irq *irqs = table(desc->irqs);
    const struct sysdesc_doorbell *doorbells = table(desc->doorbells);
    const struct sysdesc_post *posts = table(desc->posts);
    const struct sysdesc_account *accounts = table(desc->accounts);
    for (uint32_t i = 0; i < desc->pd_count && wrong == NULL; i++) {
        wrong = check_pd(desc, &pds[i]);
    }
    for (uint32_t i = 0; i < desc->pd_count && wrong == NULL; i++) {
        if (!calls_stay(pds, &pds[i])) {
            wrong = "a protection domain calls a passive one of another core";
        }
    }
    for (uint32_t i = 0; i < desc->vcpu_count && wrong == NULL; i++) {
        wrong = check_vcpu(desc, &vcpus[i]);
    }
    for (uint32_t i = 0; i < desc->irq_count && wrong == NULL; i++) {
        wrong = check_irq(desc, &irqs[i]);
    }
    for (uint32_t i = 0; i < desc->doorbell_count && wrong == NULL; i++) {
        if (doorbells[i].pd >= desc->pd_count || doorbells[i].channel >= SYSDESC_MAX_CHANNELS) {
            wrong = "a doorbell leads nowhere";
        }
    }
    for (uint32_t i = 0; i < desc->post_count && wrong == NULL; i++) {
        wrong = check_post(desc, &posts[i]);
    }
    for (uint32_t i = 0; i < desc->account_count && wrong == NULL; i++) {
        wrong = check_account(desc, &accounts[i]);
    }
    return wrong;
}

static void boot_pd(struct kernel *kernel, uint32_t index, const struct sysdesc_pd *row)
{
    struct pd *pd = &kernel->pds[index];
    struct thread *thread = &pd->thread;

    pd->row = row;
    pd->words = (uint64_t *)(uintptr_t)row->ipc_buffer;
    thread->kind = THREAD_PD;
    thread->index = (uint16_t)index;
    thread->priority = row->priority;
    thread->core = &kernel->cores[row->core];
    sched_init_budget(thread, row->budget_us, row->period_us);
    arch_pd_reset(thread, row->entry, SYSDESC_PD_STACK_TOP);
    thread->state = THREAD_READY;
    sched_update(thread);
}

/* Where a vCPU's doorbell `row` is noted: at the first one that leads to the same PD, or at itself, in front
 * of all. */
static uint32_t find_idle(struct kernel *kernel, struct vcpu *vcpu, uint32_t row)
{
    for (uint32_t at = vcpu->idle_first; at != KERNEL_NO_DOORBELL; at = kernel->idle_next[at]) {
        if (kernel->doorbells[at].pd == kernel->doorbells[row].pd) {
            return at;
        }
    }
    kernel->idle_next[row] = vcpu->idle_first;
    kernel->idle_bits[row] = 0;
    vcpu->idle_first = (uint16_t)row;
    return row;
}

/* Few PDs want to know when a vCPU pauses, and few of its doorbells say so: a list of these PDs. */
static void find_pauses(struct kernel *kernel, struct vcpu *vcpu)
{
    vcpu->idle_first = KERNEL_NO_DOORBELL;
    for (uint32_t n = 0; n < vcpu->row->doorbell_count; n++) {
        const uint32_t row = vcpu->row->doorbell_first + n;

        if ((kernel->doorbells[row].flags & SYSDESC_DOORBELL_IDLE) != 0) {
            kernel->idle_bits[find_idle(kernel, vcpu, row)] |= 1ull << kernel->doorbells[row].channel;
        }
    }
}

static void boot_vcpu(struct kernel *kernel, uint32_t index, const struct sysdesc_vcpu *row,
                      uint32_t lr_count)
{
    struct vcpu *vcpu = &kernel->vcpus[index];
    struct thread *thread = &vcpu->thread;

    vcpu->row = row;
    thread->kind = THREAD_VCPU;
    thread->index = (uint16_t)index;
    thread->priority = row->priority;
    thread->core = &kernel->cores[row->core];
    thread->state = THREAD_OFF;
    sched_init_budget(thread, row->budget_us, row->period_us);
    virq_init(&vcpu->virq, lr_count);
    find_pauses(kernel, vcpu);
}

static bool has_neighbour(const struct kernel *kernel, uint32_t first, uint32_t next, uint32_t index)
{
    for (uint32_t i = first; i < next; i++) {
        if (i != index && kernel->vcpus[i].row->core == kernel->vcpus[index].row->core) {
            return true;
        }
    }
    return false;
}

/* A VM's vCPUs are those of one VMM, and next to each other. */
static void find_siblings(struct kernel *kernel, uint32_t vcpu_count)
{
    for (uint32_t first = 0, next; first < vcpu_count; first = next) {
        for (next = first;
             next < vcpu_count && kernel->vcpus[next].row->parent == kernel->vcpus[first].row->parent;) {
            next++;
        }
        for (uint32_t i = first; i < next; i++) {
            kernel->vcpus[i].vm_first = (uint16_t)first;
            kernel->vcpus[i].vm_count = (uint16_t)(next - first);
            kernel->vcpus[i].shares_core = has_neighbour(kernel, first, next, i);
        }
    }
}

static void list_irqs(struct kernel *kernel)
{
    for (uint32_t i = 0; i < SYSDESC_MAX_IRQ; i++) {
        kernel->irq_rows[i] = KERNEL_NO_IRQ;
    }
    for (uint32_t i = 0; i < kernel->desc->irq_count; i++) {
        kernel->irq_rows[kernel->irqs[i].intid] = (uint16_t)i;
        kernel->irq_vcpus[i] = kernel->irqs[i].target;
    }
}

static struct core *core_of(struct kernel *kernel, const struct sysdesc_irq *row)
{
    return row->kind == SYSDESC_IRQ_VCPU ? kernel->vcpus[row->target].thread.core
                                         : kernel->pds[row->target].thread.core;
}

void boot_irqs(struct core *core, bool is_private)
{
    struct kernel *kernel = core->kernel;

    for (uint32_t i = 0; i < kernel->desc->irq_count; i++) {
        const struct sysdesc_irq *row = &kernel->irqs[i];

        if ((row->intid < FIRST_SPI) != is_private || (is_private && core_of(kernel, row) != core)) {
            continue;
        }
        if (!is_private && kernel->desc->core_count > 1) {
            arch_irq_route(core_of(kernel, row), row->intid);
        }
        arch_irq_enable(kernel, row->intid, row->edge != 0);
    }
}

void boot_seed(struct kernel *kernel, uint8_t seed[SEED_MAX_BYTES], uint32_t bytes)
{
    const uint16_t index = kernel->desc->seed_pd;
    volatile uint8_t *wipe = seed;

    if (index != SYSDESC_NO_PARENT) {
        uint64_t *words = kernel->pds[index].words;

        words[0] = bytes;
        for (uint32_t i = 0; i < bytes; i++) {
            words[1 + i / 8] |= (uint64_t)seed[i] << (i % 8 * 8);
        }
    }
    for (uint32_t i = 0; i < SEED_MAX_BYTES; i++) {
        wipe[i] = 0;
    }
}

void boot_kernel(struct kernel *kernel, const struct sysdesc *desc, struct sysdesc_klog *log,
                 uint32_t lr_count)
{
    const struct sysdesc_pd *pds = table(desc->pds);
    const struct sysdesc_vcpu *vcpus = table(desc->vcpus);

    kernel->desc = desc;
    kernel->irqs = table(desc->irqs);
    kernel->doorbells = table(desc->doorbells);
    kernel->posts = table(desc->posts);
    kernel->accounts = table(desc->accounts);
    for (uint32_t i = 0; i < desc->post_count; i++) {
        kernel->post_routes[i] = (uint32_t)kernel->posts[i].vcpu << 16 | kernel->posts[i].intid;
    }
    for (uint32_t i = 0; i < desc->doorbell_count; i++) {
        kernel->doorbell_gpas[i] = kernel->doorbells[i].gpa;
    }
    kernel->log = log;
    kernel->log_to_uart = true;
    for (uint32_t i = 0; i < SYSDESC_MAX_CORES; i++) {
        kernel->cores[i].kernel = kernel;
        kernel->cores[i].id = i;
        kernel->cores[i].deadline = ARCH_NEVER;
        kernel->cores[i].turn_end = ARCH_NEVER;
        kernel->cores[i].need_resched = true;
        kernel->cores[i].slice_start = arch_now();
    }
    for (uint32_t i = 0; i < desc->pd_count; i++) {
        boot_pd(kernel, i, &pds[i]);
    }
    for (uint32_t i = 0; i < desc->vcpu_count; i++) {
        boot_vcpu(kernel, i, &vcpus[i], lr_count);
    }
    find_siblings(kernel, desc->vcpu_count);
    for (uint32_t i = 0; i < desc->pd_count; i++) {
        account_init(kernel, &kernel->pds[i]);
    }
    list_irqs(kernel);
    trace_init(kernel);
}
