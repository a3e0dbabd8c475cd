/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/vswitch/mac_table.h"

#include <stddef.h>

enum entry_flags { ENTRY_USED = 1u << 0, ENTRY_STATIC = 1u << 1 };

/* Seeds tried until all static entries have a place. */
#define HASH_SEED_COUNT 64u

static struct mac_table_entry *set_of(const struct mac_table *table, uint64_t mac)
{
    uint64_t hash = (mac ^ table->seed) * UINT64_C(0x9e3779b97f4a7c15);
    return &table->entries[(hash >> 40 & (table->sets - 1)) * MAC_TABLE_WAYS];
}

static struct mac_table_entry *find_entry(const struct mac_table *table, uint64_t mac)
{
    struct mac_table_entry *set = set_of(table, mac);
    for (unsigned int way = 0; way < MAC_TABLE_WAYS; way++) {
        if (set[way].mac == mac && set[way].flags != 0) {
            return &set[way];
        }
    }
    return NULL;
}

static bool seen_before(const struct mac_table *table, const struct mac_table_entry *entry,
                        const struct mac_table_entry *other)
{
    return other == NULL || table->clock - entry->seen > table->clock - other->seen;
}

/* Where a new address of `port` goes: an unused entry, else one to be replaced, else NULL (all static). */
static struct mac_table_entry *choose_victim(const struct mac_table *table, uint64_t mac, uint32_t port)
{
    struct mac_table_entry *set = set_of(table, mac);
    struct mac_table_entry *unused = NULL;
    struct mac_table_entry *oldest = NULL;
    struct mac_table_entry *own_oldest = NULL;
    uint32_t own_count = 0;
    for (unsigned int way = 0; way < MAC_TABLE_WAYS; way++) {
        struct mac_table_entry *entry = &set[way];
        if (entry->flags == 0) {
            unused = entry;
            continue;
        }
        if ((entry->flags & ENTRY_STATIC) != 0) {
            continue;
        }
        if (seen_before(table, entry, oldest)) {
            oldest = entry;
        }
        if (entry->port == port) {
            own_count++;
            if (seen_before(table, entry, own_oldest)) {
                own_oldest = entry;
            }
        }
    }
    if (own_count >= table->port_share) {
        return own_oldest;
    }
    return unused != NULL ? unused : oldest;
}

static struct mac_table_entry *unused_entry(struct mac_table_entry *set)
{
    for (unsigned int way = 0; way < MAC_TABLE_WAYS; way++) {
        if (set[way].flags == 0) {
            return &set[way];
        }
    }
    return NULL;
}

static enum err place_statics(struct mac_table *table, const struct mac_table_static *statics,
                              uint32_t static_count)
{
    for (uint32_t i = 0; i < table->sets * MAC_TABLE_WAYS; i++) {
        table->entries[i] = (struct mac_table_entry){0};
    }
    for (uint32_t i = 0; i < static_count; i++) {
        if (find_entry(table, statics[i].mac.bits) != NULL) {
            return ERR_STATE;
        }
        struct mac_table_entry *entry = unused_entry(set_of(table, statics[i].mac.bits));
        if (entry == NULL) {
            return ERR_SPACE;
        }
        *entry = (struct mac_table_entry){.mac = statics[i].mac.bits,
                                          .port = (uint16_t)statics[i].port,
                                          .flags = ENTRY_USED | ENTRY_STATIC};
    }
    return ERR_OK;
}

enum err mac_table_init(struct mac_table *table, struct mac_table_entry *entries, uint32_t count,
                        uint32_t port_count, const struct mac_table_static *statics, uint32_t static_count)
{
    if (count < MAC_TABLE_MIN_ENTRIES || count > MAC_TABLE_MAX_ENTRIES || (count & (count - 1)) != 0 ||
        port_count == 0) {
        return ERR_RANGE;
    }
    uint32_t share = MAC_TABLE_WAYS / port_count;
    *table = (struct mac_table){
        .entries = entries, .sets = count / MAC_TABLE_WAYS, .port_share = share > 0 ? share : 1};
    enum err err = ERR_SPACE;
    for (uint32_t attempt = 0; err == ERR_SPACE && attempt < HASH_SEED_COUNT; attempt++) {
        table->seed += UINT64_C(0x632be59bd9b4e019);
        err = place_statics(table, statics, static_count);
    }
    return err;
}

bool mac_table_learn(struct mac_table *table, mac_t mac, uint32_t port)
{
    table->clock++;
    struct mac_table_entry *entry = find_entry(table, mac.bits);
    if (entry == NULL) {
        entry = choose_victim(table, mac.bits, port);
        if (entry == NULL) {
            return true; /* unknown addresses are flooded: nothing is lost but bandwidth */
        }
        *entry = (struct mac_table_entry){.mac = mac.bits, .port = UINT16_MAX, .flags = ENTRY_USED};
    } else if ((entry->flags & ENTRY_STATIC) != 0) {
        return entry->port == port;
    }
    table->version += entry->port != port ? 1 : 0;
    entry->port = (uint16_t)port;
    entry->seen = table->clock;
    return true;
}

uint32_t mac_table_find(const struct mac_table *table, mac_t mac)
{
    const struct mac_table_entry *entry = find_entry(table, mac.bits);
    return entry != NULL ? entry->port : MAC_TABLE_NO_PORT;
}

void mac_table_forget(struct mac_table *table, uint32_t port)
{
    table->version++;
    for (uint32_t i = 0; i < table->sets * MAC_TABLE_WAYS; i++) {
        struct mac_table_entry *entry = &table->entries[i];
        if (entry->port == port && (entry->flags & ENTRY_STATIC) == 0) {
            *entry = (struct mac_table_entry){0};
        }
    }
}
