/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A guest whose memory publishes more work whenever the device is about to look: before each call into
 * lib/virtq, the avail index of every queue of a device moves on. That is at least as bad as a guest whose
 * rings lie where the device writes, and as another core that writes all the time.
 *
 * Link with REFILL_LIBS (lib/virtq/module.mk), so that the calls come here first. One device at a time.
 */
#pragma once

#include <stdint.h>

#include "vmm/virtio/virtio_device.h"

/** How the indices move. */
enum refill_style {
    REFILL_NOT,  /**< the calls are counted only */
    REFILL_ONE,  /**< by one, as long as the driver could have such a chain */
    REFILL_FULL, /**< as far as a driver could that has all its chains back by now */
    REFILL_MORE  /**< by one, whatever the device has already */
};

/** From now on `queues` [0, count) are refilled; their rings' entries stay as they are. */
void refill_start(struct virtq *queues, uint32_t count, enum refill_style style);

/** Back to an honest guest. */
void refill_stop(void);

/** An event begins: forget what was counted. */
void refill_begin_event(void);

/** Chains that were popped from queue `index` and not put back, since the event began. */
uint32_t refill_popped(uint32_t index);
