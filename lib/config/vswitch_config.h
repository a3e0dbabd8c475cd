/* SPDX-License-Identifier: BSD-2-Clause */
/** Configuration of a virtual switch PD. See config.h for the rules. */
#pragma once

#include "lib/config/config.h"

#define VSWITCH_CONFIG_MAGIC 0x57535643u /* "CVSW" */
#define VSWITCH_CONFIG_VERSION 5u
#define VSWITCH_CONFIG_SECTION ".vswitch_config"
#define VSWITCH_CONFIG_MAX_PORTS 32u

/** The data path of a port between the switch and its peer. */
enum vswitch_port_kind { VSWITCH_PORT_NONE = 0, VSWITCH_PORT_RING = 1, VSWITCH_PORT_VHOST = 2 };

/** Ranges of VLANs that a trunk carries, and addresses that a port may have. */
#define VSWITCH_CONFIG_MAX_TRUNK 8u
#define VSWITCH_CONFIG_MAX_GUARD 4u

/** What becomes of frames to 01:80:c2:00:00:0x, the groups of the link itself (802.1Q, 8.6.3). */
enum vswitch_reserved {
    VSWITCH_RESERVED_STP = 0, /**< those of the spanning tree pass, as through a Linux bridge without STP */
    VSWITCH_RESERVED_DROP = 1,
    VSWITCH_RESERVED_FORWARD = 2 /**< all but pause frames */
};

/** VLANs [first, last]. */
struct vswitch_vlan_range {
    uint16_t first, last;
};

enum vswitch_port_flags {
    VSWITCH_PORT_CHECK_MAC = 1u << 0,  /**< drop frames whose source address is not `mac` */
    VSWITCH_PORT_STATIC_MAC = 1u << 1, /**< `mac` is a static entry: never learned at another port */
    VSWITCH_PORT_CHECK_IP =
        1u << 2 /**< drop what speaks for other addresses than guard_ipv4 and guard_ipv6 */
};

struct vswitch_port_config {
    uint32_t kind;                /**< enum vswitch_port_kind */
    uint32_t flags;               /**< enum vswitch_port_flags */
    char name[CONFIG_NAME_BYTES]; /**< the guest's name, for reports */
    uint8_t mac[6];
    uint16_t mtu;
    uint32_t allow;          /**< bit n: frames from this port may reach port n */
    uint32_t rate_kbps;      /**< limit of what it sends, 0: none */
    uint32_t rx_rate_kbps;   /**< limit of what it gets, 0: none */
    uint32_t burst_bytes;    /**< of both: what goes at once after a pause; 0: what the rate gives in 4 ms */
    struct config_link link; /**< RING: the data path. VHOST: only its channel, for calls and kicks */
    uint32_t interrupt;      /**< VHOST: what to notify to interrupt the guest: a posted interrupt's id, or
                                  link.channel where the VMM has to do it */
    uint32_t deferred_interrupt; /**< VHOST: the same for an interrupt that may be late */
    uint32_t
        deferred_us;     /**< VHOST: how late the switch itself may be with it; 0: nobody is, or the kernel */
    uint32_t window;     /**< VHOST: frames to the guest between two pauses of its vCPU; 0: no limit */
    uint32_t mirror;     /**< bit n: it gets copies of what port n sends and gets, whatever `allow` says */
    uint64_t status;     /**< VHOST: vaddr of the page with its struct vhost_status, read by the VMM */
    uint64_t idle_count; /**< VHOST: vaddr of the page with its struct vhost_pauses, written by the VMM;
                        0: the kernel tells of pauses */
    uint64_t ram_gpa;    /**< VHOST: guest RAM as the guest sees it */
    uint64_t ram_vaddr;  /**< VHOST: where the switch has it mapped */
    uint64_t ram_bytes;
    uint32_t storm_pps;   /**< frames a second that it may send to all, 0: any number */
    uint16_t vlan;        /**< that of its frames without a tag, 0: there is none */
    uint16_t trunk_count; /**< VLANs with tags. With neither: the port knows of no VLANs */
    struct vswitch_vlan_range trunk[VSWITCH_CONFIG_MAX_TRUNK];
    uint32_t guard_ipv4_count;
    uint32_t guard_ipv6_count;
    uint8_t guard_ipv4[VSWITCH_CONFIG_MAX_GUARD][4];
    uint8_t guard_ipv6[VSWITCH_CONFIG_MAX_GUARD][16];
};

struct vswitch_config {
    struct config_header header;
    char name[CONFIG_NAME_BYTES];
    uint32_t port_count;
    uint32_t mac_table_entries; /**< learned addresses kept; a power of two */
    uint32_t timer_channel;     /**< to the timer PD, for whatever it waits for; see has_timer */
    uint32_t has_timer;         /**< 1: timer_channel is one */
    uint32_t has_vlans;         /**< 1: each port is in some */
    uint32_t reserved_groups;   /**< enum vswitch_reserved */
    uint32_t snooping;          /**< 1: frames to groups of IP go to who has joined them */
    uint32_t reserved;
    uint64_t stats; /**< vaddr of a struct vswitch_stats that a stats PD reads; 0: nobody does */
    struct vswitch_port_config ports[VSWITCH_CONFIG_MAX_PORTS];
};
