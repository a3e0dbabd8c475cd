/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Which of the frames that reach a network card its driver wants: addresses, modes and VLANs, as the control
 * virtqueue sets them (virtio 1.2, 5.1.6.5.1 to 5.1.6.5.3). The VMM keeps it; whoever fills the receive
 * queue, VMM or switch, applies it. A convenience of the receiver's, no protection: the switch's rules are
 * that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Addresses kept, unicast and multicast together. With more than that all of the kind are let in. */
#define RX_FILTER_MAX_MACS 48u
#define RX_FILTER_VLAN_COUNT 4096u
#define RX_FILTER_VLAN_WORDS (RX_FILTER_VLAN_COUNT / 64u)

/** Bytes of a frame that rx_filter_accepts() looks at: Ethernet header and VLAN tag. */
#define RX_FILTER_HEADER_BYTES 18u

/** Modes: bits. */
enum rx_filter_mode {
    RX_FILTER_PROMISC = 1u << 0,     /**< everything */
    RX_FILTER_ALLMULTI = 1u << 1,    /**< every multicast address */
    RX_FILTER_ALLUNI = 1u << 2,      /**< every unicast address */
    RX_FILTER_NOMULTI = 1u << 3,     /**< no multicast address */
    RX_FILTER_NOUNI = 1u << 4,       /**< no unicast address */
    RX_FILTER_NOBCAST = 1u << 5,     /**< no broadcast */
    RX_FILTER_VLANS = 1u << 6,       /**< tagged frames only of the VLANs in the table */
    RX_FILTER_TABLE_UNI = 1u << 7,   /**< the driver's unicast addresses are too many: all of them */
    RX_FILTER_TABLE_MULTI = 1u << 8, /**< likewise multicast */
    RX_FILTER_MODES = (1u << 9) - 1
};

/** A filter. All zero except for PROMISC in `mode`: lets everything through. */
struct rx_filter {
    uint32_t mode;        /**< enum rx_filter_mode */
    uint32_t uni_count;   /**< macs[0 .. uni_count): unicast */
    uint32_t multi_count; /**< the ones behind: multicast */
    uint8_t mac[6];       /**< the card's own address */
    uint8_t macs[RX_FILTER_MAX_MACS][6];
    uint64_t vlans[RX_FILTER_VLAN_WORDS]; /**< bit n of word n / 64 */
};

/** Let everything through, for the card with address `mac`. */
void rx_filter_open(struct rx_filter *filter, const uint8_t mac[6]);

/**
 * Does the driver want the frame that starts with `header`, of which at least 14 bytes are there? Bytes
 * beyond the frame's end read as zero.
 */
bool rx_filter_accepts(const struct rx_filter *filter, const uint8_t header[RX_FILTER_HEADER_BYTES]);

/** Add VLAN `id` to the table, or take it out. False if there is no such VLAN. */
bool rx_filter_set_vlan(struct rx_filter *filter, uint32_t id, bool wanted);
