/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls: a PD with any registers and any row that boot_check() lets pass. What syscall.c calls is
 * replaced by stubs that check for which thread and upon which object they are called.
 *
 * @contract Whatever a PD calls with whatever registers, only itself, its own children, and channels of the
 * right kind of its own row are reached.
 * @bound none
 *
 * @run prove_calls --unwind 65
 * @defect prove_calls: child PD
 * kernel/core/syscall.c
 * -     if (id >= SYSDESC_MAX_CHANNELS || pd->row->children[id].kind != SYSDESC_CHILD_PD) {
 * +     if (id >= SYSDESC_MAX_CHANNELS || pd->row->children[id].kind == SYSDESC_CHILD_NONE) {
 *
 * @defect prove_calls: peer
 * kernel/core/syscall.c
 * -     row = find_channel(pd, channel, SYSDESC_CHANNEL_NOTIFY);
 * +     row = find_channel(pd, channel, SYSDESC_CHANNEL_VALID);
 *
 * @defect prove_calls: only what its row grants
 * kernel/core/syscall.c
 * -         may |= pd->row->smc_calls[i] == function;
 * +         may |= pd->row->smc_calls[i] >= function;
 *
 * @defect prove_calls: bytes that are there
 * kernel/core/syscall.c
 * -     if (count > DEBUG_WRITE_BYTES) {
 * +     if (count > 2 * DEBUG_WRITE_BYTES) {
 *
 * @with
 * kernel/include/sysdesc.h
 * - #define SYSDESC_MAX_PDS 96u
 * + #define SYSDESC_MAX_PDS 3u
 * @with
 * kernel/include/sysdesc.h
 * - #define SYSDESC_MAX_VCPUS 64u
 * + #define SYSDESC_MAX_VCPUS 2u
 */
#include "proofs/sound.h"

#include "kernel/core/syscall.c"

struct sysdesc nondet_desc(void);
struct sysdesc_pd nondet_row(void);
struct arch_context nondet_context(void);
enum syscall_status nondet_status(void);

static struct kernel kernel;
static struct core core, other;
static struct sysdesc desc;
static struct sysdesc_pd row;
static struct sysdesc_vcpu vcpu_row;
static uint64_t words[SYSDESC_IPC_WORDS];
/* The caller and those that it may have served, apart from the tables, which are only pointed into. */
static struct pd caller, served_pd;
static struct vcpu served_vcpu;
static struct pd *const self = &caller;
static uint64_t served;

/* `id` is what the caller named: x0, or x2 where the call has it there. */
static void check_child_pd(const struct pd *pd)
{
    const uint64_t id = self->thread.context.x[0];

    PROVE(id < SYSDESC_MAX_CHANNELS && row.children[id].kind == SYSDESC_CHILD_PD &&
              pd == &kernel.pds[row.children[id].index],
          "child PD");
}

static void check_child_vcpu(const struct vcpu *vcpu, uint64_t id)
{
    PROVE(id < SYSDESC_MAX_CHANNELS && row.children[id].kind == SYSDESC_CHILD_VCPU &&
              vcpu == &kernel.vcpus[row.children[id].index],
          "child vCPU");
}

static void check_channel(const struct sysdesc_channel *channel, uint32_t kind)
{
    PROVE(channel >= row.channels && channel < row.channels + SYSDESC_MAX_CHANNELS &&
              (channel->kind & kind) != 0,
          "channel of the right kind");
}

static void check_self(const struct pd *pd)
{
    PROVE(pd == self, "itself");
}

/* The channel that a notification goes through: x0, or x2 of SYSCALL_WAIT. */
void notification_send(struct pd *pd, uint64_t bits)
{
    const struct arch_context *context = &self->thread.context;
    const uint64_t id = context->x[context->x[7] == SYSCALL_WAIT ? 2 : 0];

    PROVE(id < SYSDESC_MAX_CHANNELS && (row.channels[id].kind & SYSDESC_CHANNEL_NOTIFY) != 0 &&
              pd == &kernel.pds[row.channels[id].peer] && bits == 1ull << row.channels[id].peer_channel,
          "peer");
}

void arch_smc(uint64_t registers[8])
{
    bool granted = false;

    for (uint32_t i = 0; i < SYSDESC_MAX_SMC_CALLS; i++) {
        granted = granted || (row.smc_calls[i] != 0 && row.smc_calls[i] == registers[0]);
    }
    PROVE(granted, "only what its row grants");
    registers[0] = nondet_u64();
}

/* Asked to work is the PD that the notification goes to. */
void account_ask(struct thread *asker, struct pd *pd)
{
    const struct arch_context *context = &self->thread.context;
    const uint64_t id = context->x[context->x[7] == SYSCALL_WAIT ? 2 : 0];

    PROVE(asker == &self->thread, "itself");
    PROVE(id < SYSDESC_MAX_CHANNELS && pd == &kernel.pds[row.channels[id].peer], "peer");
}

void klog_pd_write(struct pd *pd, const char *bytes, uint32_t count)
{
    check_self(pd);
    PROVE(__CPROVER_r_ok(bytes, count), "bytes that are there");
}

void fault_pd(struct pd *pd, uint64_t label, const uint64_t *message, uint32_t count, uint64_t syndrome,
              uint64_t address)
{
    (void)label, (void)syndrome, (void)address;
    check_self(pd);
    PROVE(count <= THREAD_FAULT_WORDS && __CPROVER_r_ok(message, count * sizeof(*message)),
          "words that are there");
}

enum syscall_status trace_mark(struct pd *pd, uint64_t number)
{
    (void)number;
    check_self(pd);
    return nondet_status();
}

void irq_ack(struct pd *pd, uint32_t channel)
{
    check_self(pd);
    PROVE(channel < SYSDESC_MAX_CHANNELS && (row.channels[channel].kind & SYSDESC_CHANNEL_IRQ) != 0,
          "its own interrupt");
}

enum syscall_status ppc_call(struct pd *pd, const struct sysdesc_channel *channel, uint64_t message_info)
{
    (void)message_info;
    check_self(pd);
    check_channel(channel, SYSDESC_CHANNEL_PPC);
    return nondet_status();
}

enum syscall_status posted_irq_send(struct pd *pd, uint64_t number)
{
    (void)number;
    check_self(pd);
    return nondet_status();
}

enum syscall_status posted_irq_route(struct pd *vmm, const struct sysdesc_channel *channel, uint64_t number,
                                     struct vcpu *vcpu, uint64_t intid)
{
    (void)number, (void)intid;
    check_self(vmm);
    check_channel(channel, SYSDESC_CHANNEL_NOTIFY);
    check_child_vcpu(vcpu, self->thread.context.x[2]);
    return nondet_status();
}

/* Counters go into its own words; whose it may read, its row says (kernel/core/observe.c). */
enum syscall_status observe_counters(struct pd *pd, uint64_t id)
{
    (void)id;
    check_self(pd);
    return nondet_status();
}

uint32_t ppc_message_count(uint64_t message_info)
{
    return (uint32_t)(message_info % (SYSDESC_IPC_WORDS + 1));
}

/* The thread it serves, if that has faulted: a PD or a vCPU. */
struct thread *ppc_reply(struct pd *pd, uint64_t message_info)
{
    (void)message_info;
    check_self(pd);
    served = nondet_u64() % 3;
    served_pd.thread.kind = THREAD_PD;
    served_vcpu.thread.kind = THREAD_VCPU;
    served_pd.thread.core = nondet_u64() % 2 == 0 ? &core : &other;
    served_vcpu.thread.core = served_pd.thread.core;
    return served == 0 ? NULL : served == 1 ? &served_pd.thread : &served_vcpu.thread;
}

void fault_reply(struct pd *pd, uint64_t label, uint32_t count, const uint64_t *from)
{
    (void)label;
    PROVE(served == 1 && pd == &served_pd, "the thread it serves");
    PROVE(from == words && count <= SYSDESC_IPC_WORDS, "its own words");
}

void vcpu_exit_reply(struct vcpu *vcpu, uint64_t label, uint32_t count, const uint64_t *from)
{
    (void)label;
    PROVE(served == 2 && vcpu == &served_vcpu, "the thread it serves");
    PROVE(from == words && count <= SYSDESC_IPC_WORDS, "its own words");
}

/* To another core goes what is as it was asked for, upon a child of its own. */
bool request_is_far(const struct pd *pd, uint64_t number)
{
    (void)number;
    check_self(pd);
    return nondet_u64() % 2 == 0;
}

void request_send(struct pd *pd, uint64_t number)
{
    check_self(pd);
    PROVE(number == self->thread.context.x[7], "what it asked for");
}

enum syscall_status request_child(struct pd *child, uint64_t number, uint64_t entry)
{
    (void)number, (void)entry;
    check_child_pd(child);
    return nondet_status();
}

enum syscall_status request_vcpu(struct vcpu *vcpu, uint64_t number, const uint64_t x[4], uint64_t *value,
                                 uint64_t to[ARCH_VCPU_REGISTER_WORDS], uint32_t *count)
{
    (void)number, (void)count;
    check_child_vcpu(vcpu, self->thread.context.x[0]);
    PROVE(self->thread.context.x[7] < SYSCALL_VCPU_READ_GROUP || (vcpu_row.flags & SYSDESC_VCPU_DEBUG) != 0,
          "only what may be debugged is");
    PROVE(x == self->thread.context.x && value == &self->thread.context.x[1], "its own registers");
    PROVE(to == words, "its own words");
    return nondet_status();
}

bool route_is_sound(uint64_t intid)
{
    return intid >= 32 && intid < VIRQ_COUNT;
}

void mail_post(struct core *to, enum mail_kind kind, uint32_t index)
{
    (void)index;
    PROVE(served != 0 && to == &other && kind == MAIL_REPLY, "the thread it serves");
}

enum syscall_status route_move(struct vcpu *from, uint64_t intid, struct vcpu *to)
{
    (void)intid;
    check_child_vcpu(from, self->thread.context.x[0]);
    check_child_vcpu(to, self->thread.context.x[2]);
    return nondet_status();
}

void charge_give_way(struct core *on)
{
    PROVE(on == &core, "its core");
}

/* Those with a PD or thread alone. */
#define STUB_PD(name, check)                                                                                 \
    void name(struct pd *pd)                                                                                 \
    {                                                                                                        \
        check(pd);                                                                                           \
    }
#define STUB_THREAD(name)                                                                                    \
    void name(struct thread *thread)                                                                         \
    {                                                                                                        \
        PROVE(thread == &self->thread, "itself");                                                            \
    }
STUB_PD(notification_deliver, check_self)
STUB_PD(ppc_abandon, check_self)
STUB_PD(ppc_deliver, check_self)
STUB_PD(klog_pd_flush, check_self)
STUB_THREAD(sched_update)

void prove_calls(void)
{
    desc = nondet_desc();
    row = nondet_row();
    ASSUME(desc.pd_count <= SYSDESC_MAX_PDS && desc.vcpu_count <= SYSDESC_MAX_VCPUS && sound_pd(&desc, &row));
    ASSUME(desc.core_count >= 1 && desc.core_count <= SYSDESC_MAX_CORES);
    core.kernel = &kernel;
    kernel.desc = &desc;
    core.current = &self->thread;
    self->thread.core = &core;
    self->thread.context = nondet_context();
    self->thread.state = THREAD_READY;
    /* Of all that is sound only what it names needs to be. */
    ASSUME(self->thread.context.x[0] >= 64 || sound_pd_end(&desc, &row, (uint32_t)self->thread.context.x[0]));
    ASSUME(self->thread.context.x[2] >= 64 || sound_pd_end(&desc, &row, (uint32_t)self->thread.context.x[2]));
    vcpu_row.flags = nondet_u8();
    for (uint32_t i = 0; i < SYSDESC_MAX_VCPUS; i++) {
        kernel.vcpus[i].row = &vcpu_row;
    }
    self->row = &row;
    self->words = words;
    syscall_handle(self);
}
