/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The guest's watchdog: an SBSA Generic Watchdog (Arm DEN 0029, "Generic Watchdog"; Arm BSA, section C),
 * version 0, whose second signal ends the guest.
 *
 * The guest sets its own time (WOR), and can switch the watchdog off; beyond that the description has two
 * limits. The watchdog runs from the start, and the guest has to refresh it for the first time within
 * `boot_ms`: Linux does so from the time its driver has found the watchdog running. From then on a refresh
 * that is `limit_ms` late ends the guest, whatever WOR says.
 *
 * Two frames of 4 KiB one behind the other: control, refresh. Time is platform_milliseconds().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vmm_config.h"
#include "vmm/bus/mmio.h"
#include "vmm/vgic/irq_line.h"

#define WATCHDOG_FRAME_BYTES 0x1000u
#define WATCHDOG_WINDOW_BYTES (2 * WATCHDOG_FRAME_BYTES)

/** Registers: of the refresh frame, then of the control frame. W_IIDR is in both. */
enum watchdog_register {
    WATCHDOG_WRR = 0x000,
    WATCHDOG_WCS = 0x000,
    WATCHDOG_WOR = 0x008,
    WATCHDOG_WCV_LOW = 0x010,
    WATCHDOG_WCV_HIGH = 0x014,
    WATCHDOG_IIDR = 0xfcc
};

/** Bits of WCS. */
enum watchdog_status { WATCHDOG_EN = 1u << 0, WATCHDOG_WS0 = 1u << 1, WATCHDOG_WS1 = 1u << 2 };

/** One watchdog. */
struct watchdog {
    struct irq_line *line; /**< its first signal, WS0 */
    uint32_t limit_ms;
    uint32_t boot_ms;
    uint32_t wor;         /**< in ticks of the counter */
    uint32_t status;      /**< WCS */
    uint64_t signal_at;   /**< when WS0 rises; PLATFORM_NEVER: it is up, or the watchdog is off */
    uint64_t end_at;      /**< when WS1 rises, and the guest ends; PLATFORM_NEVER: the watchdog is off */
    bool guest_has_begun; /**< it has refreshed once */
    bool ended;           /**< the guest before this one */
};

/** Set up from the device's row. It is off until watchdog_start(). */
void watchdog_init(struct watchdog *watchdog, const struct vmm_device_config *config, struct irq_line *line);

/** The guest starts. It sees WS1 set if it is here because of the watchdog. */
void watchdog_start(struct watchdog *watchdog);

/** The guest has stopped: so does the watchdog. */
void watchdog_stop(struct watchdog *watchdog);

/** The guest was held for so long: that does not count. */
void watchdog_delay(struct watchdog *watchdog, uint64_t milliseconds);

/** When watchdog_expire() has something to do; PLATFORM_NEVER: not before the guest has done something. */
uint64_t watchdog_due(const struct watchdog *watchdog);

/** Time has passed. True: the guest has shown no life in time, and ends. */
bool watchdog_expire(struct watchdog *watchdog);

/** mmio_handler of both frames; `context` is a struct watchdog. */
enum mmio_result watchdog_access(void *context, struct mmio_access *access);
