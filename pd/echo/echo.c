/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP, ICMP echo and UDP echo. */
#include "pd/echo/echo.h"

#include <stdbool.h>

#include "lib/base/mem.h"

/* Offsets in a frame: Ethernet, and behind it ARP, or IPv4 without options and ICMP or UDP. */
#define ETHERTYPE 12u
#define ETHERNET_BYTES 14u
#define TYPE_IP 0x0800u
#define TYPE_ARP 0x0806u
#define ARP_BYTES 28u
#define IP_BYTES 20u
#define IP (ETHERNET_BYTES)
#define L4 (IP + IP_BYTES)
#define PROTOCOL_ICMP 1u
#define PROTOCOL_UDP 17u
#define ICMP_REQUEST 8u
#define UDP_BYTES 8u
#define UDP_PORT 7u

static uint32_t load16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static void store16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void swap(uint8_t *a, uint8_t *b, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        const uint8_t kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}

/* RFC 1071, over whole fields: 0 if a checksum among them is right. */
static uint32_t checksum(const uint8_t *at, uint32_t bytes)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i + 1 < bytes; i += 2) {
        sum += load16(at + i);
    }
    sum += bytes % 2 != 0 ? (uint32_t)at[bytes - 1] << 8 : 0;
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return ~(uint32_t)sum & 0xffff;
}

static uint32_t answer_arp(const struct echo_host *host, uint8_t *frame, uint32_t bytes)
{
    static const uint8_t request[] = {0, 1, 8, 0, 6, 4, 0, 1};
    uint8_t *arp = frame + ETHERNET_BYTES;

    if (bytes < ETHERNET_BYTES + ARP_BYTES || memcmp(arp, request, sizeof(request)) != 0 ||
        memcmp(arp + 24, host->ip, 4) != 0) {
        return 0;
    }
    arp[7] = 2;
    memcpy(arp + 18, arp + 8, 10); /* the asker becomes the target */
    memcpy(arp + 8, host->mac, 6);
    memcpy(arp + 14, host->ip, 4);
    memcpy(frame, arp + 18, 6);
    memcpy(frame + 6, host->mac, 6);
    return ETHERNET_BYTES + ARP_BYTES;
}

static bool answer_icmp(uint8_t *icmp, uint32_t bytes)
{
    if (bytes < 8 || icmp[0] != ICMP_REQUEST || icmp[1] != 0 || checksum(icmp, bytes) != 0) {
        return false;
    }
    icmp[0] = 0;
    store16(icmp + 2, 0);
    store16(icmp + 2, checksum(icmp, bytes));
    return true;
}

/* Its checksum stays right, as addresses and ports only change places. */
static bool answer_udp(uint8_t *udp, uint32_t bytes)
{
    if (bytes < UDP_BYTES || load16(udp + 2) != UDP_PORT || load16(udp) == UDP_PORT ||
        load16(udp + 4) != bytes) {
        return false; /* and two of us do not echo forever */
    }
    swap(udp, udp + 2, 2);
    return true;
}

static uint32_t answer_ip(const struct echo_host *host, uint8_t *frame, uint32_t bytes)
{
    uint8_t *ip = frame + IP;

    /* Neither options nor fragments; to us alone; and as long as it says. */
    if (bytes < L4 || ip[0] != 0x45 || (load16(ip + 6) & 0x3fff) != 0 || memcmp(ip + 16, host->ip, 4) != 0 ||
        memcmp(frame, host->mac, 6) != 0 || checksum(ip, IP_BYTES) != 0) {
        return 0;
    }
    const uint32_t total = load16(ip + 2);
    if (total < IP_BYTES || total > bytes - IP) {
        return 0;
    }
    const bool is_answered = ip[9] == PROTOCOL_ICMP  ? answer_icmp(frame + L4, total - IP_BYTES)
                             : ip[9] == PROTOCOL_UDP ? answer_udp(frame + L4, total - IP_BYTES)
                                                     : false;
    if (!is_answered) {
        return 0;
    }
    swap(ip + 12, ip + 16, 4);
    ip[8] = 64;
    store16(ip + 10, 0);
    store16(ip + 10, checksum(ip, IP_BYTES));
    swap(frame, frame + 6, 6);
    return IP + total;
}

uint32_t echo_answer(const struct echo_host *host, uint8_t *frame, uint32_t bytes)
{
    if (bytes < ETHERNET_BYTES || (frame[6] & 1) != 0) { /* nobody has a group's address */
        return 0;
    }
    const uint32_t type = load16(frame + ETHERTYPE);
    if (type == TYPE_ARP) {
        return answer_arp(host, frame, bytes);
    }
    return type == TYPE_IP ? answer_ip(host, frame, bytes) : 0;
}

int echo_parse_ip(const char *text, uint8_t ip[4])
{
    uint32_t number = 0;
    uint32_t digits = 0;
    uint32_t count = 0;

    for (const char *at = text;; at++) {
        if (*at >= '0' && *at <= '9' && digits < 3) {
            number = number * 10 + (uint32_t)(*at - '0');
            digits++;
        } else if (digits > 0 && number <= 255 && count < 4 && (*at == '.') == (count < 3) &&
                   (*at == '.' || *at == '/' || *at == ' ' || *at == '\0')) {
            ip[count++] = (uint8_t)number;
            number = 0;
            digits = 0;
            if (count == 4) {
                return 0;
            }
        } else {
            while (*at != ' ' && *at != '\0') {
                at++;
            }
            number = 0;
            digits = 0;
            count = 0;
        }
        if (*at == '\0') {
            return -1;
        }
    }
}
