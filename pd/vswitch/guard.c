/* SPDX-License-Identifier: BSD-2-Clause */
/* Source checks above Ethernet. What cannot be made out is not let through. */
#include "pd/vswitch/guard.h"

#include "lib/base/mem.h"

#define MAC_BYTES 6u
#define TYPE_OFFSET 12u
#define TAG_BYTES 4u
#define TAGS_MAX 2u
#define TYPE_IPV4 0x0800u
#define TYPE_ARP 0x0806u
#define TYPE_RARP 0x8035u
#define TYPE_VLAN 0x8100u
#define TYPE_PROVIDER 0x88a8u
#define TYPE_IPV6 0x86ddu

#define IPV4_BYTES 20u
#define IPV4_PROTOCOL 9u
#define IPV4_SOURCE 12u
#define PROTOCOL_UDP 17u
#define ARP_BYTES 28u
#define ARP_SENDER_MAC 8u
#define ARP_SENDER_IP 14u
#define IPV6_BYTES 40u
#define IPV6_NEXT 6u
#define IPV6_SOURCE 8u
#define IPV6_ADDRESS_BYTES 16u
#define NEXT_ICMPV6 58u
#define NEXT_FRAGMENT 44u
#define EXTENSIONS_MAX 6u
#define ICMPV6_ADVERTISEMENT 136u
#define ICMPV6_TARGET 8u

/* A part of the frame's beginning. */
struct view {
    const uint8_t *data;
    uint32_t bytes;
};

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static bool is_zero(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool owns_ipv4(const struct vswitch_port_config *config, const uint8_t *address)
{
    for (uint32_t i = 0; i < config->guard_ipv4_count && i < VSWITCH_CONFIG_MAX_GUARD; i++) {
        if (memcmp(config->guard_ipv4[i], address, sizeof config->guard_ipv4[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Link-local addresses are made up by whoever uses them, and are good on this link only: they pass. */
static bool owns_ipv6(const struct vswitch_port_config *config, const uint8_t *address)
{
    if (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) {
        return true;
    }
    for (uint32_t i = 0; i < config->guard_ipv6_count && i < VSWITCH_CONFIG_MAX_GUARD; i++) {
        if (memcmp(config->guard_ipv6[i], address, IPV6_ADDRESS_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* Without an address yet a guest may ask for one (DHCP), and no more. */
static bool ipv4_is_allowed(const struct vswitch_port *port, struct view ip)
{
    if (ip.bytes < IPV4_BYTES) {
        return false;
    }
    if (is_zero(ip.data + IPV4_SOURCE, 4)) {
        return ip.data[IPV4_PROTOCOL] == PROTOCOL_UDP;
    }
    return owns_ipv4(port->config, ip.data + IPV4_SOURCE);
}

/* Both what it says it is, and that the card is this one. A probe (RFC 5227) has no address. */
static bool arp_is_allowed(const struct vswitch_port *port, struct view arp, const uint8_t *source)
{
    static const uint8_t ethernet_ipv4[6] = {0, 1, 8, 0, 6, 4};

    return arp.bytes >= ARP_BYTES && memcmp(arp.data, ethernet_ipv4, sizeof ethernet_ipv4) == 0 &&
           memcmp(arp.data + ARP_SENDER_MAC, source, MAC_BYTES) == 0 &&
           (is_zero(arp.data + ARP_SENDER_IP, 4) || owns_ipv4(port->config, arp.data + ARP_SENDER_IP));
}

static bool is_extension(uint32_t next)
{
    return next == 0 || next == 43 || next == 60 || next == 51 || next == 135 || next == 139 || next == 140;
}

/* A neighbour advertisement tells others whose address it is. It is never fragmented (RFC 6980). */
static bool advertisement_is_allowed(const struct vswitch_port *port, struct view ip)
{
    uint32_t next = ip.data[IPV6_NEXT], at = IPV6_BYTES;

    for (uint32_t i = 0; is_extension(next); i++) {
        if (i == EXTENSIONS_MAX || at + 8 > ip.bytes) {
            return false;
        }
        const uint32_t length = ip.data[at + 1];
        const uint32_t unit = next == 51 ? (length + 2) * 4 : (length + 1) * 8;

        next = ip.data[at];
        at += unit;
    }
    if (next == NEXT_FRAGMENT) {
        return at + 8 <= ip.bytes && ip.data[at] != NEXT_ICMPV6 && !is_extension(ip.data[at]);
    }
    if (next != NEXT_ICMPV6) {
        return true;
    }
    if (at + 1 > ip.bytes) {
        return false;
    }
    return ip.data[at] != ICMPV6_ADVERTISEMENT || (at + ICMPV6_TARGET + IPV6_ADDRESS_BYTES <= ip.bytes &&
                                                   owns_ipv6(port->config, ip.data + at + ICMPV6_TARGET));
}

/* Without an address yet it may look whether one is free, and ask for routers. */
static bool ipv6_is_allowed(const struct vswitch_port *port, struct view ip)
{
    return ip.bytes >= IPV6_BYTES &&
           (is_zero(ip.data + IPV6_SOURCE, IPV6_ADDRESS_BYTES) ||
            owns_ipv6(port->config, ip.data + IPV6_SOURCE)) &&
           advertisement_is_allowed(port, ip);
}

bool guard_allows(const struct vswitch_port *port, const uint8_t *data, uint32_t bytes)
{
    uint32_t at = TYPE_OFFSET, type = get16(data + at);

    for (uint32_t tags = 0; type == TYPE_VLAN || type == TYPE_PROVIDER; tags++) {
        at += TAG_BYTES;
        if (tags == TAGS_MAX || at + 2 > bytes) {
            return false;
        }
        type = get16(data + at);
    }
    const struct view rest = {.data = data + at + 2, .bytes = bytes - at - 2};

    switch (type) {
    case TYPE_IPV4:
        return ipv4_is_allowed(port, rest);
    case TYPE_ARP:
        return arp_is_allowed(port, rest, data + MAC_BYTES);
    case TYPE_IPV6:
        return ipv6_is_allowed(port, rest);
    default:
        return type != TYPE_RARP;
    }
}
