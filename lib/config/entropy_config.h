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
    struct config_blob fdt; /**< the firmware's device tree, whose /chosen has rng-seed; bytes 0: none */
    uint64_t rng_registers; /**< vaddr of a virtio-mmio window with a virtio-rng device, 0: none */
    uint64_t rng_dma;       /**< vaddr of a page shared with that device */
    uint64_t rng_dma_paddr; /**< and its physical address */
};
