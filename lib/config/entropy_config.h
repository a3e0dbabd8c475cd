/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Configuration of the entropy PD, and its protocol. See config.h for the rules.
 *
 * Protocol: a client makes a protected procedure call with label ENTROPY_GET and one message word, the number
 * of words wanted (1..ENTROPY_MAX_WORDS). The reply's label is ENTROPY_OK with that many words of output, or
 * ENTROPY_UNSEEDED or ENTROPY_INVALID with none.
 */
#pragma once

#include "lib/config/config.h"

#define ENTROPY_CONFIG_MAGIC 0x544e4543u /* "CENT" */
#define ENTROPY_CONFIG_VERSION 1u
#define ENTROPY_CONFIG_SECTION ".entropy_config"

#define ENTROPY_MAX_WORDS 32u
enum entropy_call { ENTROPY_GET = 1 };
enum entropy_reply { ENTROPY_OK = 0, ENTROPY_UNSEEDED = 1, ENTROPY_INVALID = 2 };

struct entropy_config {
    struct config_header header;
    uint32_t
        has_boot_seed; /**< 1: the kernel leaves the firmware's rng-seed in the message words (sysdesc.h) */
    uint32_t reserved;
    struct config_blob
        fdt; /**< seL4: the firmware's device tree, whose /chosen may have an rng-seed; bytes 0: none */
};
