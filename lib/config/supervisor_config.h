/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Configuration of the supervisor PD, and its protocol. See config.h for the rules.
 *
 * The supervisor is the parent of VMMs and hears of their faults. A VMM greets it each time it starts, with a
 * protected procedure call: label SUPERVISOR_GREET, one word, the address at which it can be started again
 * whatever state it is in. That of the first greeting is kept: at that time no guest has run. The reply,
 * SUPERVISOR_OK, has two words: enum supervisor_order, and for SUPERVISOR_START how many ms to wait before
 * the guest is started. SUPERVISOR_INVALID: it is no VMM of this supervisor's, or the call is malformed.
 */
#pragma once

#include "lib/config/config.h"
#include "lib/restart/restart.h"

#define SUPERVISOR_CONFIG_MAGIC 0x50555343u /* "CSUP" */
#define SUPERVISOR_CONFIG_VERSION 1u
#define SUPERVISOR_CONFIG_SECTION ".supervisor_config"
#define SUPERVISOR_MAX_CHILDREN 61u

enum supervisor_call { SUPERVISOR_GREET = 1 };
enum supervisor_reply { SUPERVISOR_OK = 0, SUPERVISOR_INVALID = 1 };

/** What a VMM that has just started is to do. */
enum supervisor_order {
    SUPERVISOR_START = 0, /**< start its guest */
    SUPERVISOR_STOP = 1,  /**< take everything away from its guest, and leave it off */
    SUPERVISOR_HALT = 2   /**< the same, and switch the machine off */
};

struct supervisor_child_config {
    char name[CONFIG_NAME_BYTES]; /**< of the guest */
    uint32_t child;               /**< id of the VMM's PD */
    uint32_t channel;             /**< to it */
    uint32_t on_crash;            /**< enum vmm_exit_action: what a fault of the VMM leads to */
    uint32_t reserved;
    struct restart_policy restart; /**< of the VMM */
};

/** The PD's configuration. */
struct supervisor_config {
    struct config_header header;
    uint32_t child_count;
    uint32_t reserved;
    struct supervisor_child_config children[SUPERVISOR_MAX_CHILDREN];
};
