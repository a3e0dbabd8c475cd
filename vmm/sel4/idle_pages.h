/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Who wants to know when the guest goes idle: switches, each by a page of ours that it reads (struct
 * vhost_pauses) and one of its own (struct vhost_status). On seL4 nobody but the VMM sees a WFI.
 */
#pragma once

#include <stdint.h>

#include <microkit.h>

#include "lib/config/vhost_protocol.h"
#include "lib/config/vmm_config.h"

/** All zeros: nobody. */
struct idle_pages {
    uint32_t count;
    struct idle_page {
        microkit_channel channel;
        struct vhost_idle_count *idle_count;
        const struct vhost_status *status;
    } pages[VMM_CONFIG_MAX_DEVICES];
};

/** One more that wants to know. What does not fit is ignored: no configuration has more than its devices. */
void idle_pages_add(struct idle_pages *pages, microkit_channel channel, struct vhost_idle_count *idle_count,
                    const struct vhost_status *status);

/** A vCPU has gone idle: count it on each page, and notify those who wait for it. */
void idle_pages_tell(struct idle_pages *pages);
