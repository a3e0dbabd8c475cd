/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/base/ip.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool parse_host(const char *text, struct ip *ip)
{
    ip->bits = 32;
    if (inet_pton(AF_INET, text, ip->bytes) == 1) {
        return true;
    }
    ip->bits = 128;
    return inet_pton(AF_INET6, text, ip->bytes) == 1;
}

static bool parse_prefix(const char *text, struct ip *ip)
{
    size_t length = strlen(text);

    if (length == 0 || length > 3 || strspn(text, "0123456789") != length) {
        return false;
    }
    ip->prefix = (unsigned int)strtoul(text, NULL, 10);
    return ip->prefix <= ip->bits;
}

/* Whether all bits after the prefix are `ones` or all zero. */
static bool host_bits_are(const struct ip *ip, bool ones)
{
    for (unsigned int bit = ip->prefix; bit < ip->bits; bit++) {
        bool is_one = (ip->bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;

        if (is_one != ones) {
            return false;
        }
    }
    return true;
}

static bool is_multicast(const struct ip *ip)
{
    return ip->bits == 32 ? ip->bytes[0] >= 224 : ip->bytes[0] == 0xff;
}

static const char *check_host(const struct ip *ip)
{
    static const uint8_t zero[16];
    unsigned int host_bits = ip->bits - ip->prefix;

    if (is_multicast(ip)) {
        return "is a multicast address, not that of a host";
    }
    if (memcmp(ip->bytes, zero, ip->bits / 8) == 0) {
        return "is not the address of a host";
    }
    if (host_bits >= 2 && host_bits_are(ip, false)) {
        return "is the address of a network, not of a host in it";
    }
    if (host_bits >= 2 && ip->bits == 32 && host_bits_are(ip, true)) {
        return "is the broadcast address of its network, not that of a host";
    }
    return NULL;
}

const char *ip_parse(const char *text, bool needs_prefix, struct ip *ip)
{
    char host[64];
    size_t length = strcspn(text, "/");
    const char *wrong = needs_prefix ? "is not an IP address with its prefix length, such as 192.168.1.2/24"
                                     : "is not an IP address, such as 192.168.1.1";

    *ip = (struct ip){0};
    if (length >= sizeof(host) || (text[length] == '/' && !needs_prefix)) {
        return wrong;
    }
    memcpy(host, text, length);
    host[length] = '\0';
    if (!parse_host(host, ip)) {
        return wrong;
    }
    ip->prefix = ip->bits;
    if (text[length] == '\0' && needs_prefix) {
        return ip->bits == 32 ? "lacks its prefix length, such as /24"
                              : "lacks its prefix length, such as /64";
    }
    if (text[length] == '/' && !parse_prefix(&text[length + 1], ip)) {
        return wrong;
    }
    return check_host(ip);
}

bool ip_in_network(const struct ip *host, const struct ip *address)
{
    if (host->bits != address->bits) {
        return false;
    }
    for (unsigned int bit = 0; bit < address->prefix; bit++) {
        if (((host->bytes[bit / 8] ^ address->bytes[bit / 8]) >> (7 - bit % 8) & 1) != 0) {
            return false;
        }
    }
    return true;
}

bool ip_same_host(const struct ip *a, const struct ip *b)
{
    return a->bits == b->bits && memcmp(a->bytes, b->bytes, a->bits / 8) == 0;
}
