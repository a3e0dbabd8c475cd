/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The platform of host tests and fuzzers: keeps interrupt state and vCPU states in memory, in plain sight.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vmm_config.h"
#include "vmm/platform.h"

#define PLATFORM_FAKE_INTIDS 1024u

/** What a vCPU's virtual interrupt looks like. */
struct platform_fake_virq {
    struct platform_virq config;
    bool latch; /**< pending by software or edge */
    bool level; /**< line */
    bool active;
    uint32_t pend_count; /**< calls of platform_virq_pend() */
    uint32_t last_source;
    uint8_t sources;         /**< an SGI's; latch is set while there are any */
    uint32_t deferred_count; /**< calls of platform_virq_pend_deferred() */
    uint32_t deferred_us;    /**< what the last one allowed */
};

/** What a vCPU looks like. */
struct platform_fake_vcpu {
    bool running;
    uint32_t start_count;
    uint64_t entry;
    uint64_t context;
    bool paused;
    uint64_t core[PLATFORM_DEBUG_WORDS]; /**< what platform_debug_read() gives */
    uint64_t fp[66];
    uint64_t points[4][16]; /**< BVR, BCR, WVR, WCR */
    uint64_t debugger;      /**< enum platform_debug_flags */
    bool virq_enabled;
    struct platform_fake_virq virqs[PLATFORM_FAKE_INTIDS];
};

#define PLATFORM_FAKE_POSTS 4u

/** Where a number is posted: the last platform_post_route(), and platform_virq_move() since. */
struct platform_fake_post {
    microkit_channel channel;
    uint32_t vcpu;
    uint32_t intid;
};

/** The last call of platform_share_idle_count(). */
struct platform_fake_idle_count {
    microkit_channel channel;
    struct vhost_idle_count *idle_count;
    const struct vhost_status *status;
};

/** All of the fake's state; tests look and change as they like. */
struct platform_fake {
    const struct vmm_config *config;
    struct platform_fake_vcpu vcpus[VMM_CONFIG_MAX_VCPUS];
    uint32_t deaths; /**< calls of platform_tell_death() */
    struct platform_fake_post posts[PLATFORM_FAKE_POSTS];
    uint64_t doorbell_described, doorbell_gpa; /**< of the last call of platform_doorbell_move() */
    uint32_t doorbell_count;
    uint64_t went_idle;  /**< bit n: channel n has a pause to take */
    uint64_t idle_armed; /**< bit n: channel n must be notified */
    struct platform_fake_idle_count shared_idle_count;
    uint32_t configure_count;
    uint32_t halt_count;
    uint64_t cleaned_bytes;
    uint64_t zeroed_bytes;
    uint64_t milliseconds; /**< what platform_milliseconds() says */
    uint64_t alarm;        /**< what was last asked for */
};

/** The one instance. */
extern struct platform_fake platform_fake;

/** Power-on state. */
void platform_fake_reset(void);

/** Would the interrupt be signalled: enabled, distributor on, pending or its line up, not active? */
bool platform_fake_is_signalled(uint32_t vcpu, uint32_t intid);
