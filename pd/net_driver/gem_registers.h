/* SPDX-License-Identifier: BSD-2-Clause */
/** Registers and descriptors of Cadence's GEM (UG1087, GEM; UG1085, chapter 34); driver and mock share them. */
#pragma once

#include <stdint.h>

#define GEM_CONTROL 0x000u
#define GEM_CONFIG 0x004u
#define GEM_STATUS 0x008u
#define GEM_DMA 0x010u
#define GEM_TX_STATUS 0x014u
#define GEM_RX_QUEUE 0x018u
#define GEM_TX_QUEUE 0x01cu
#define GEM_RX_STATUS 0x020u
#define GEM_INTERRUPTS 0x024u
#define GEM_ENABLE 0x028u
#define GEM_DISABLE 0x02cu
#define GEM_PHY 0x034u
#define GEM_JUMBO 0x048u
#define GEM_REVISION 0x0fcu
#define GEM_DESIGN_6 0x294u /**< queues beside the first, bits 1 to 15 */
#define GEM_TX_QUEUE_1 0x440u
#define GEM_RX_QUEUE_1 0x480u
#define GEM_TX_HIGH 0x4c8u
#define GEM_RX_HIGH 0x4d4u
#define GEM_DISABLE_1 0x620u

#define GEM_CONTROL_RX (1u << 2)
#define GEM_CONTROL_TX (1u << 3)
#define GEM_CONTROL_PHY (1u << 4)
#define GEM_CONTROL_CLEAR_COUNTS (1u << 5)
#define GEM_CONTROL_START (1u << 9)

#define GEM_CONFIG_100 (1u << 0)
#define GEM_CONFIG_DUPLEX (1u << 1)
#define GEM_CONFIG_JUMBO (1u << 3)
#define GEM_CONFIG_ALL (1u << 4) /**< frames for whomever */
#define GEM_CONFIG_1536 (1u << 8)
#define GEM_CONFIG_1000 (1u << 10)
#define GEM_CONFIG_NO_FCS (1u << 17)    /**< frames come without their checksum */
#define GEM_CONFIG_PHY_CLOCK (5u << 18) /**< the bus's clock by 96: 2.5 MHz at up to 240 MHz */
#define GEM_CONFIG_BUS_WIDTH (3u << 21) /**< as the firmware has it */

#define GEM_STATUS_PHY_IDLE (1u << 2)

#define GEM_DMA_BURST_16 16u
#define GEM_DMA_RX_ALL (3u << 8) /**< all of its memory for frames that come */
#define GEM_DMA_TX_ALL (1u << 10)
#define GEM_DMA_CSUM (1u << 11)    /**< it fills in checksums of IPv4, TCP and UDP */
#define GEM_DMA_RX_BYTES_SHIFT 16u /**< buffers, in units of 64 bytes */

#define GEM_INTERRUPT_RX (1u << 1)
#define GEM_INTERRUPT_TX_ERROR (1u << 6)
#define GEM_INTERRUPT_TX (1u << 7)
#define GEM_INTERRUPT_BUS (1u << 11)

#define GEM_PHY_READ (1u << 30 | 2u << 28 | 2u << 16)
#define GEM_PHY_ADDRESS_SHIFT 23u
#define GEM_PHY_REGISTER_SHIFT 18u

/** A descriptor with a 32-bit address. */
struct gem_descriptor {
    uint32_t word[2];
};

/* Of a buffer to receive into: the address's two lowest bits. */
#define GEM_RX_USED (1u << 0) /**< it is the driver's */
#define GEM_RX_WRAP (1u << 1) /**< the last one */
#define GEM_RX_LENGTH 0x3fffu
#define GEM_RX_FIRST (1u << 14)
#define GEM_RX_LAST (1u << 15)

/* Of a piece to send. */
#define GEM_TX_LENGTH 0x3fffu
#define GEM_TX_LAST (1u << 15)
#define GEM_TX_ERRORS (7u << 27)
#define GEM_TX_WRAP (1u << 30)
#define GEM_TX_USED (1u << 31) /**< it is the driver's */
