/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/net/rx_filter.h"

#include "lib/base/mem.h"

#define MAC_BYTES 6u
#define TYPE_OFFSET 12u
#define TAG_OFFSET 14u
#define TYPE_VLAN 0x8100u
#define VLAN_ID_MASK 0xfffu

void rx_filter_open(struct rx_filter *filter, const uint8_t mac[6])
{
    *filter = (struct rx_filter){.mode = RX_FILTER_PROMISC};
    memcpy(filter->mac, mac, MAC_BYTES);
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static bool has_mode(const struct rx_filter *filter, uint32_t modes)
{
    return (filter->mode & modes) != 0;
}

static bool vlan_is_wanted(const struct rx_filter *filter, const uint8_t *header)
{
    if (!has_mode(filter, RX_FILTER_VLANS) || get16(header + TYPE_OFFSET) != TYPE_VLAN) {
        return true;
    }
    const uint32_t id = get16(header + TAG_OFFSET) & VLAN_ID_MASK;
    /* No VLAN, only a priority: as if it had no tag (802.1Q, 6.9). Each station has to take that. */
    return id == 0 || (filter->vlans[id / 64] >> (id % 64) & 1) != 0;
}

static bool is_listed(const struct rx_filter *filter, uint32_t first, uint32_t count, const uint8_t *mac)
{
    for (uint32_t i = first; i < first + count && i < RX_FILTER_MAX_MACS; i++) {
        if (memcmp(filter->macs[i], mac, MAC_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_broadcast(const uint8_t *mac)
{
    static const uint8_t broadcast[MAC_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    return memcmp(mac, broadcast, MAC_BYTES) == 0;
}

static bool group_is_wanted(const struct rx_filter *filter, const uint8_t *mac)
{
    if (is_broadcast(mac)) {
        return !has_mode(filter, RX_FILTER_NOBCAST);
    }
    if (has_mode(filter, RX_FILTER_NOMULTI)) {
        return false;
    }
    return has_mode(filter, RX_FILTER_ALLMULTI | RX_FILTER_TABLE_MULTI) ||
           is_listed(filter, filter->uni_count, filter->multi_count, mac);
}

bool rx_filter_accepts(const struct rx_filter *filter, const uint8_t header[RX_FILTER_HEADER_BYTES])
{
    if (has_mode(filter, RX_FILTER_PROMISC)) {
        return true;
    }
    if (!vlan_is_wanted(filter, header)) {
        return false;
    }
    if ((header[0] & 1) != 0) {
        return group_is_wanted(filter, header);
    }
    if (has_mode(filter, RX_FILTER_NOUNI)) {
        return false;
    }
    return has_mode(filter, RX_FILTER_ALLUNI | RX_FILTER_TABLE_UNI) ||
           memcmp(header, filter->mac, MAC_BYTES) == 0 || is_listed(filter, 0, filter->uni_count, header);
}

bool rx_filter_set_vlan(struct rx_filter *filter, uint32_t id, bool wanted)
{
    if (id >= RX_FILTER_VLAN_COUNT) {
        return false;
    }
    if (wanted) {
        filter->vlans[id / 64] |= 1ull << (id % 64);
    } else {
        filter->vlans[id / 64] &= ~(1ull << (id % 64));
    }
    return true;
}
