/* SPDX-License-Identifier: BSD-2-Clause */
/** IP addresses as descriptions write them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** An address, with or without the length of its network's prefix. */
struct ip {
    uint8_t bytes[16];
    unsigned int bits;   /**< 32 or 128 */
    unsigned int prefix; /**< 0..bits; bits if none is written */
};

/**
 * Parse "192.168.1.2/24", "fd00::2/64" or one without the prefix length, if `needs_prefix` allows.
 * Returns NULL, or what is wrong with it as the end of a sentence (static).
 */
const char *ip_parse(const char *text, bool needs_prefix, struct ip *ip);

/** Whether `host` belongs to the network of `address`. */
bool ip_in_network(const struct ip *host, const struct ip *address);

/** Whether both are the same host, whatever their prefixes. */
bool ip_same_host(const struct ip *a, const struct ip *b);
