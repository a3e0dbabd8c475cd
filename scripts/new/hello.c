/* SPDX-License-Identifier: BSD-2-Clause */
/* A program at a switch's port: it says hello, and answers ARP and ping. Causeway's docs/pd.md explains each part. */
#include <microkit.h>
#include <stdbool.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/netclient/netclient.h"

/* Where lib/base/log.h writes: the console "kernel". */
const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

/* Filled in by the tool: the port's link and addresses. */
NETCLIENT_CONFIG;

static struct netclient net;
static uint8_t frame[1514];

/* Offsets in frames without VLAN tags: Ethernet, ARP (RFC 826), IPv4 without options, ICMP. */
enum {
    ETHER_TO = 0,
    ETHER_FROM = 6,
    ETHER_TYPE = 12,
    ARP_OPERATION = 21,
    ARP_FROM = 22,
    ARP_TO = 32,
    ARP_END = 42,
    IP_VERSION = 14,
    IP_PROTOCOL = 23,
    IP_FROM = 26,
    IP_TO = 30,
    ICMP_TYPE = 34,
    ICMP_SUM = 36,
    ICMP_END = 42
};
static const uint8_t our_ip[4] = {192, 168, 1, 2};

static void swap(uint8_t *a, uint8_t *b, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        const uint8_t kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}

static bool has_type(uint8_t low)
{
    return frame[ETHER_TYPE] == 0x08 && frame[ETHER_TYPE + 1] == low;
}

/* "Who has our address?" becomes "we have". */
static bool answer_arp(uint32_t bytes)
{
    if (bytes < ARP_END || !has_type(0x06) || frame[ARP_OPERATION] != 1 ||
        memcmp(&frame[ARP_TO + 6], our_ip, 4) != 0) {
        return false;
    }
    frame[ARP_OPERATION] = 2;
    swap(&frame[ARP_FROM], &frame[ARP_TO], 10);
    memcpy(&frame[ARP_FROM], net.mac, 6);
    return true;
}

/* An echo request becomes its reply: what its type has lost its checksum gains (RFC 1624). */
static bool answer_ping(uint32_t bytes)
{
    if (bytes < ICMP_END || !has_type(0x00) || frame[IP_VERSION] != 0x45 || frame[IP_PROTOCOL] != 1 ||
        frame[ICMP_TYPE] != 8 || memcmp(&frame[IP_TO], our_ip, 4) != 0) {
        return false;
    }
    uint32_t sum = ((uint32_t)frame[ICMP_SUM] << 8 | frame[ICMP_SUM + 1]) + 0x0800;

    sum = (sum & 0xffff) + (sum >> 16);
    frame[ICMP_SUM] = (uint8_t)(sum >> 8);
    frame[ICMP_SUM + 1] = (uint8_t)sum;
    frame[ICMP_TYPE] = 0;
    swap(&frame[IP_FROM], &frame[IP_TO], 4);
    return true;
}

static void answer(uint32_t bytes)
{
    uint8_t *to = answer_arp(bytes) || answer_ping(bytes) ? netclient_frame(&net, bytes) : NULL;

    if (to != NULL) {
        memcpy(&frame[ETHER_TO], &frame[ETHER_FROM], 6);
        memcpy(&frame[ETHER_FROM], net.mac, 6);
        memcpy(to, frame, bytes);
        netclient_send(&net, bytes);
    }
}

static void work(void)
{
    const uint8_t *received;
    uint32_t bytes;

    while ((received = netclient_receive(&net, &bytes)) != NULL) {
        if (bytes <= sizeof(frame)) {
            /* The switch could still change it where it lies: what is checked is a copy. */
            memcpy(frame, received, bytes);
            answer(bytes);
        }
        netclient_done(&net);
    }
    netclient_flush(&net);
}

void init(void)
{
    log_info("hello");
    if (netclient_init(&net, &netclient_config) == ERR_OK) {
        work();
    }
}

void notified(microkit_channel channel)
{
    if (channel == net.channel) {
        (void)netclient_wake(&net);
        work();
    }
}
