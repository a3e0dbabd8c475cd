/* SPDX-License-Identifier: BSD-2-Clause */
/** Configuration of a network card's driver PD. See config.h for the rules. */
#pragma once

#include "lib/config/config.h"

#define NET_DRIVER_CONFIG_MAGIC 0x56444e43u /* "CNDV" */
#define NET_DRIVER_CONFIG_VERSION 1u
#define NET_DRIVER_CONFIG_SECTION ".net_driver_config"
/**
 * Symbols of the driver that get physical addresses (Microkit's region_paddr), since a configuration cannot:
 * those of its own memory, and of the regions of its link that it writes and reads. The card accesses all
 * three.
 */
#define NET_DRIVER_OWN_PADDR_SYMBOL "net_own_paddr"
#define NET_DRIVER_RX_PADDR_SYMBOL "net_rx_paddr"
#define NET_DRIVER_TX_PADDR_SYMBOL "net_tx_paddr"
/** Memory that a driver shares with its card beside the link. */
#define NET_DRIVER_OWN_BYTES 0x9000u

/** Configuration of a network card's driver. */
struct net_driver_config {
    struct config_header header;
    uint64_t registers; /**< vaddr of the card's registers */
    uint64_t own;       /**< vaddr of memory shared with the card */
    uint32_t own_bytes;
    uint32_t irq_channel;
    struct config_link link;   /**< to the switch */
    uint32_t timeout_ms;       /**< after which a card that sends nothing is reset, not 0 */
    uint32_t timer_channel;    /**< to the timer PD */
    uint32_t interrupt_gap_us; /**< between interrupts, 0: none */
    uint32_t mtu;
};
