/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * lwIP as pd/echo has it: IPv4, ICMP, UDP and TCP through callbacks, without threads, and with memory that is all there from
 * the start. The name and the macros' are lwIP's (its src/include/lwip/opt.h).
 */
#pragma once

#include <stdint.h>

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_SINGLE_NETIF 1
#define LWIP_STATS 0
#define LWIP_NETIF_API 0

#define LWIP_ARP 1
#define ARP_TABLE_SIZE 64
#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_DHCP 0
#define LWIP_DNS 0
#define LWIP_UDP 1
#define LWIP_TCP 1

/* Datagrams of up to some ten KiB, put together of fragments. */
#define IP_REASSEMBLY 1
#define IP_REASS_MAX_PBUFS 64
#define MEMP_NUM_REASSDATA 4
#define MEMP_NUM_FRAG_PBUF 64
#define IP_FRAG 1

/* Connections. The oldest gives way to a new one when there are no more (tcp_echo.c gives them a lower priority). */
#define ECHO_CONNECTIONS 16
#define MEMP_NUM_TCP_PCB (ECHO_CONNECTIONS + 4)
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB 1
#define TCP_LISTEN_BACKLOG 1
#define TCP_MSS 1460
#define TCP_WND (22 * TCP_MSS)
#define TCP_SND_BUF (22 * TCP_MSS)
#define TCP_SND_QUEUELEN 88
#define MEMP_NUM_TCP_SEG (ECHO_CONNECTIONS * TCP_SND_QUEUELEN)
#define TCP_OOSEQ_MAX_PBUFS 16

/* Frames that are looked at: one at a time, and fragments, and those of connections that are out of order. */
#define PBUF_POOL_SIZE 512
#define PBUF_POOL_BUFSIZE 1536
/* Segments until their receiver has confirmed them. */
#define MEM_ALIGNMENT 8
#define MEM_SIZE (ECHO_CONNECTIONS * (TCP_SND_BUF * 3 / 2))

_Static_assert(TCP_WND <= UINT16_MAX && TCP_SND_BUF <= UINT16_MAX, "without scaling a window has 16 bits");
_Static_assert(PBUF_POOL_SIZE > ECHO_CONNECTIONS * TCP_OOSEQ_MAX_PBUFS + IP_REASS_MAX_PBUFS,
               "hoarders take all");
