/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/platform_fake.h"

#include <assert.h>
#include <string.h>

struct platform_fake platform_fake;

void platform_fake_reset(void)
{
    memset(&platform_fake, 0, sizeof platform_fake);
}

/* Asserts are right here: a wrong number can only come from a bug in the code under test. */
static struct platform_fake_vcpu *vcpu_at(uint32_t vcpu)
{
    assert(vcpu < VMM_CONFIG_MAX_VCPUS);
    return &platform_fake.vcpus[vcpu];
}

static struct platform_fake_virq *virq_at(uint32_t vcpu, uint32_t intid)
{
    assert(intid < 1020);
    return &vcpu_at(vcpu)->virqs[intid];
}

bool platform_fake_is_signalled(uint32_t vcpu, uint32_t intid)
{
    const struct platform_fake_virq *virq = virq_at(vcpu, intid);

    return vcpu_at(vcpu)->virq_enabled && virq->config.enabled && !virq->active &&
           platform_virq_is_pending(vcpu, intid);
}

void platform_init(const struct vmm_config *config)
{
    platform_fake.config = config;
}

/* The message of a fake exit is the index of the vCPU: the tests fill struct platform_exit themselves. */
enum err platform_exit_read(microkit_child child, microkit_msginfo msginfo, struct platform_exit *exit)
{
    (void)msginfo;
    memset(exit, 0, sizeof *exit);
    for (uint32_t i = 0; i < platform_fake.config->vcpu_count; i++) {
        if (platform_fake.config->vcpu_child[i] == child) {
            exit->vcpu = i;
            return ERR_OK;
        }
    }
    return ERR_RANGE;
}

bool platform_exit_finish(const struct platform_exit *exit, enum platform_resume resume,
                          microkit_msginfo *reply)
{
    (void)exit;
    *reply = microkit_msginfo_new((seL4_Word)resume, 0);
    return resume != PLATFORM_RESUME_STAY;
}

void platform_vcpu_start(uint32_t vcpu, uint64_t entry_gpa, uint64_t context)
{
    struct platform_fake_vcpu *state = vcpu_at(vcpu);

    state->running = true;
    state->start_count++;
    state->entry = entry_gpa;
    state->context = context;
}

void platform_vcpu_stop(uint32_t vcpu)
{
    struct platform_fake_vcpu *state = vcpu_at(vcpu);

    state->running = false;
    for (uint32_t i = 0; i < PLATFORM_FAKE_INTIDS; i++) {
        state->virqs[i].latch = false;
        state->virqs[i].active = false;
    }
}

void platform_tell_death(void)
{
    platform_fake.deaths++;
}

void platform_vcpu_pause(uint32_t vcpu, bool paused)
{
    vcpu_at(vcpu)->paused = paused;
}

bool platform_debug_read(uint32_t vcpu, enum platform_debug_group group, uint64_t words[PLATFORM_DEBUG_WORDS])
{
    const struct platform_fake_vcpu *state = vcpu_at(vcpu);

    if (group == PLATFORM_DEBUG_CORE) {
        memcpy(words, state->core, sizeof state->core);
    } else if (group == PLATFORM_DEBUG_FP_LOW) {
        memcpy(words, state->fp, 32 * sizeof state->fp[0]);
    } else {
        memcpy(words, state->fp + 32, 34 * sizeof state->fp[0]);
    }
    return true;
}

bool platform_debug_write(uint32_t vcpu, uint32_t number, uint64_t value)
{
    struct platform_fake_vcpu *state = vcpu_at(vcpu);

    if (number <= 33) {
        state->core[number] = value;
    } else if (number >= PLATFORM_DEBUG_V && number <= PLATFORM_DEBUG_FPSR) {
        state->fp[number - PLATFORM_DEBUG_V] = value;
    } else if (number >= PLATFORM_DEBUG_BVR && number < PLATFORM_DEBUG_DEBUGGER) {
        state->points[(number - PLATFORM_DEBUG_BVR) / 16][number % 16] = value;
    } else if (number == PLATFORM_DEBUG_DEBUGGER) {
        state->debugger = value;
    } else {
        return false;
    }
    return true;
}

void platform_vcpu_registers(uint32_t vcpu, uint64_t registers[PLATFORM_REGISTER_COUNT])
{
    (void)vcpu_at(vcpu);
    for (uint32_t i = 0; i < PLATFORM_REGISTER_COUNT; i++) {
        registers[i] = i;
    }
}

void platform_virq_configure(uint32_t vcpu, uint32_t intid, const struct platform_virq *virq)
{
    virq_at(vcpu, intid)->config = *virq;
    platform_fake.configure_count++;
}

void platform_virq_enable(uint32_t vcpu, bool enabled)
{
    vcpu_at(vcpu)->virq_enabled = enabled;
}

void platform_virq_pend(uint32_t vcpu, uint32_t intid, uint32_t source)
{
    struct platform_fake_virq *virq = virq_at(vcpu, intid);

    virq->latch = true;
    virq->pend_count++;
    virq->last_source = source;
    virq->sources = (uint8_t)(virq->sources | (intid < 16 ? 1u << source : 0));
}

void platform_virq_pend_deferred(uint32_t vcpu, uint32_t intid, uint32_t delay_us)
{
    struct platform_fake_virq *virq = virq_at(vcpu, intid);

    virq->deferred_count++;
    virq->deferred_us = delay_us;
}

bool platform_take_vcpu_idle(microkit_channel channel)
{
    const uint64_t bit = 1ull << channel;
    const bool was_idle = (platform_fake.went_idle & bit) != 0;

    platform_fake.went_idle &= ~bit;
    return was_idle;
}

void platform_arm_vcpu_idle(microkit_channel channel)
{
    platform_fake.idle_armed |= 1ull << channel;
}

void platform_share_idle_count(microkit_channel channel, struct vhost_idle_count *idle_count,
                               const struct vhost_status *status)
{
    platform_fake.shared_idle_count = (struct platform_fake_idle_count){channel, idle_count, status};
}

void platform_virq_unpend(uint32_t vcpu, uint32_t intid, uint8_t sources)
{
    struct platform_fake_virq *virq = virq_at(vcpu, intid);

    virq->sources &= (uint8_t)~sources;
    virq->latch = virq->sources != 0;
}

void platform_virq_move(uint32_t from, uint32_t intid, uint32_t to)
{
    struct platform_fake_virq *old = virq_at(from, intid);
    struct platform_fake_virq *new = virq_at(to, intid);

    assert(intid >= 32 && from != to);
    new->config = old->config;
    new->latch |= old->latch;
    new->level |= old->level;
    new->active |= old->active;
    *old = (struct platform_fake_virq){0};
    for (uint32_t i = 0; i < PLATFORM_FAKE_POSTS; i++) {
        struct platform_fake_post *post = &platform_fake.posts[i];
        if (post->vcpu == from && post->intid == intid) {
            post->vcpu = to;
        }
    }
}

void platform_virq_set_level(uint32_t vcpu, uint32_t intid, bool high)
{
    virq_at(vcpu, intid)->level = high;
}

void platform_virq_set_active(uint32_t vcpu, uint32_t intid, bool active)
{
    virq_at(vcpu, intid)->active = active;
}

bool platform_virq_is_pending(uint32_t vcpu, uint32_t intid)
{
    const struct platform_fake_virq *virq = virq_at(vcpu, intid);

    return virq->latch || (!virq->config.edge && virq->level);
}

bool platform_virq_is_active(uint32_t vcpu, uint32_t intid)
{
    return virq_at(vcpu, intid)->active;
}

uint8_t platform_virq_sources(uint32_t vcpu, uint32_t sgi)
{
    const struct platform_fake_virq *virq = virq_at(vcpu, sgi);

    return virq->latch ? virq->sources : 0;
}

void platform_cache_clean(const void *vaddr, uint64_t bytes)
{
    (void)vaddr;
    platform_fake.cleaned_bytes += bytes;
}

void platform_cache_sync_code(const void *vaddr, uint64_t bytes)
{
    platform_cache_clean(vaddr, bytes);
}

void platform_zero(void *vaddr, uint64_t bytes)
{
    memset(vaddr, 0, (size_t)bytes);
    platform_fake.zeroed_bytes += bytes;
}

uint64_t platform_milliseconds(void)
{
    return platform_fake.milliseconds;
}

uint32_t platform_counter_hz(void)
{
    return 62500000;
}

void platform_alarm(uint64_t time)
{
    platform_fake.alarm = time;
}

void platform_halt(void)
{
    platform_fake.halt_count++;
}

void platform_post_route(microkit_channel channel, uint32_t number, uint32_t vcpu, uint32_t intid)
{
    (void)vcpu_at(vcpu);
    assert(number < PLATFORM_FAKE_POSTS && intid < PLATFORM_FAKE_INTIDS);
    platform_fake.posts[number] = (struct platform_fake_post){channel, vcpu, intid};
}

void platform_doorbell_move(uint64_t described, uint64_t gpa)
{
    platform_fake.doorbell_described = described;
    platform_fake.doorbell_gpa = gpa;
    platform_fake.doorbell_count++;
}

bool platform_irq_ack_at_end(uint32_t intid, microkit_channel channel)
{
    (void)intid;
    (void)channel;
    return false;
}

void platform_notify_last(microkit_channel channel)
{
    microkit_notify(channel);
}

bool platform_notified(microkit_channel channel)
{
    (void)channel;
    return false;
}
