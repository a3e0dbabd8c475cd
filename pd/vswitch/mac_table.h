/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Which port an Ethernet address lives behind.
 *
 * A set-associative table: an address hashes to one set of MAC_TABLE_WAYS entries, so a lookup costs at most
 * that many comparisons whatever addresses a hostile port makes up. Entries do not age; a full set replaces
 * the entry seen longest ago, but a port at its share of a set (ways / ports, at least 1) replaces only its
 * own. So with up to MAC_TABLE_WAYS ports no port can push out what is known of another. Static entries are
 * never replaced and never move.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

#define MAC_TABLE_WAYS 8u
#define MAC_TABLE_MAX_ENTRIES 4096u
#define MAC_TABLE_MIN_ENTRIES MAC_TABLE_WAYS
#define MAC_TABLE_NO_PORT UINT32_MAX

/** An Ethernet address, first byte on the wire in bits 47..40. */
typedef struct {
    uint64_t bits;
} mac_t;

/** The address in six bytes. */
static inline mac_t mac_table_address(const uint8_t bytes[6])
{
    return (mac_t){(uint64_t)bytes[0] << 40 | (uint64_t)bytes[1] << 32 | (uint64_t)bytes[2] << 24 |
                   (uint64_t)bytes[3] << 16 | (uint64_t)bytes[4] << 8 | bytes[5]};
}

/** Whether it names a group: broadcast and multicast. */
static inline bool mac_table_is_group(mac_t mac)
{
    return (mac.bits >> 40 & 1) != 0;
}

/** One address. All zero: unused. */
struct mac_table_entry {
    uint64_t mac;
    uint32_t seen; /**< the table's clock when it was last learned */
    uint16_t port;
    uint16_t flags;
};

/** The table. Private to mac_table.c except for its size. */
struct mac_table {
    struct mac_table_entry *entries; /**< `sets` times MAC_TABLE_WAYS, the owner's memory */
    uint32_t sets;                   /**< a power of two */
    uint32_t port_share;             /**< entries of a set that one port may hold */
    uint32_t clock;                  /**< counts learnings */
    uint64_t version;                /**< counts what changes an answer of mac_table_find() */
    uint64_t seed;                   /**< of the hash */
};

/** An address that is fixed to a port. */
struct mac_table_static {
    mac_t mac;
    uint32_t port;
};

/**
 * Set up a table in `entries[count]`, which it keeps using, with `statics` in it. `port_count` ports share
 * it. Errors: ERR_RANGE (count is no power of two between MAC_TABLE_MIN_ENTRIES and MAC_TABLE_MAX_ENTRIES, or
 * no ports), ERR_STATE (an address is there twice), ERR_SPACE (the static entries don't fit under any hash).
 */
ERR_CHECKED enum err mac_table_init(struct mac_table *table, struct mac_table_entry *entries, uint32_t count,
                                    uint32_t port_count, const struct mac_table_static *statics,
                                    uint32_t static_count);

/**
 * `mac` was seen as a source at `port`. Learns or moves it. A static entry of another port stays.
 * Returns false in that case only.
 */
bool mac_table_learn(struct mac_table *table, mac_t mac, uint32_t port);

/** The port of `mac`, or MAC_TABLE_NO_PORT. */
uint32_t mac_table_find(const struct mac_table *table, mac_t mac);

/** Drop what was learned at `port`; static entries stay. */
void mac_table_forget(struct mac_table *table, uint32_t port);
