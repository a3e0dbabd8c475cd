/* SPDX-License-Identifier: BSD-2-Clause */
/** Registers of an SD host controller (SDHC 3.00, section 2.2), in words of 32 bits; driver and mock share them. */
#pragma once

#include <stdint.h>

#define SDHCI_BLOCK 0x04u /**< size, and count above */
#define SDHCI_ARGUMENT 0x08u
#define SDHCI_COMMAND 0x0cu /**< transfer mode, and command above */
#define SDHCI_RESPONSE 0x10u
#define SDHCI_PRESENT 0x24u
#define SDHCI_CONTROL 0x28u /**< host control, power, gap, wake-up */
#define SDHCI_CLOCK 0x2cu   /**< clock, timeout, reset */
#define SDHCI_STATUS 0x30u  /**< interrupts, errors above */
#define SDHCI_STATUS_ENABLE 0x34u
#define SDHCI_SIGNAL_ENABLE 0x38u
#define SDHCI_CAPABILITIES 0x40u
#define SDHCI_USDHC_MIX 0x48u /**< uSDHC: transfer mode */
#define SDHCI_ADMA 0x58u
#define SDHCI_ADMA_HIGH 0x5cu
#define SDHCI_VERSION 0xfcu

#define SDHCI_MODE_DMA (1u << 0)
#define SDHCI_MODE_COUNT (1u << 1)
#define SDHCI_MODE_AUTO_12 (1u << 2)
#define SDHCI_MODE_READ (1u << 4)
#define SDHCI_MODE_MANY (1u << 5)

#define SDHCI_COMMAND_INDEX_SHIFT 24u
#define SDHCI_COMMAND_LONG (1u << 16)
#define SDHCI_COMMAND_SHORT (2u << 16)
#define SDHCI_COMMAND_SHORT_BUSY (3u << 16)
#define SDHCI_COMMAND_RESPONSE (3u << 16)
#define SDHCI_COMMAND_CRC (1u << 19)
#define SDHCI_COMMAND_CHECK_INDEX (1u << 20)
#define SDHCI_COMMAND_DATA (1u << 21)
#define SDHCI_COMMAND_ABORT (3u << 22)

#define SDHCI_PRESENT_COMMAND_INHIBIT (1u << 0)
#define SDHCI_PRESENT_DATA_INHIBIT (1u << 1)
#define SDHCI_PRESENT_CARD (1u << 16)

#define SDHCI_CONTROL_4_BITS (1u << 1)
#define SDHCI_CONTROL_ADMA2 (2u << 3)
#define SDHCI_CONTROL_POWER_3V3 (0xfu << 8)

#define SDHCI_CLOCK_INTERNAL (1u << 0)
#define SDHCI_CLOCK_STABLE (1u << 1)
#define SDHCI_CLOCK_CARD (1u << 2)
#define SDHCI_CLOCK_TIMEOUT_MAX (0xeu << 16)
#define SDHCI_RESET_ALL (1u << 24)
#define SDHCI_RESET_COMMAND (1u << 25)
#define SDHCI_RESET_DATA (1u << 26)

#define SDHCI_STATUS_COMMAND (1u << 0)
#define SDHCI_STATUS_TRANSFER (1u << 1)
#define SDHCI_STATUS_ERROR (1u << 15)
#define SDHCI_STATUS_COMMAND_TIMEOUT (1u << 16)
#define SDHCI_STATUS_ERRORS 0xffff0000u

#define SDHCI_CAPABILITY_ADMA2 (1u << 19)

/** An entry of an ADMA2 table with 32-bit addresses (SDHC 1.13.3). */
struct blk_sdhci_adma {
    uint16_t attributes;
    uint16_t bytes;
    uint32_t paddr;
};
#define SDHCI_ADMA_VALID (1u << 0)
#define SDHCI_ADMA_END (1u << 1)
#define SDHCI_ADMA_TRANSFER (2u << 4)
