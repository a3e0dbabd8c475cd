/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * An SD card behind a host controller of the SD Host Controller Simplified Specification, version 3 (SDHC), with
 * ADMA2. The card is found and set up step by step (SD Physical Layer Simplified Specification, "SD" below,
 * section 4.2), each step an interrupt or a point in time: nobody waits in a loop for a card.
 *
 * One request is done at a time. A request whose data fails costs only itself: the card is stopped and asked
 * for its state. Cards have no cache that would have to be flushed: what they say is written is.
 *
 * The controller moves data itself, so pieces of a request must be multiples of four bytes at addresses below
 * 4 GiB that are, too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pd/blk_driver/blk_device.h"

/** How a kind of controller differs from the specification. */
struct blk_sdhci_kind {
    bool is_usdhc;          /**< i.MX uSDHC (IMX8MPRM, 10.3): other registers for mode, bus and clock */
    uint32_t base_clock_hz; /**< where the capabilities do not say; 0: they do */
};

/** Standard controllers: Arasan's (Zynq UltraScale+, Versal), and that of BCM2711 for its card slot. */
extern const struct blk_sdhci_kind blk_sdhci_standard;
/** i.MX uSDHC. */
extern const struct blk_sdhci_kind blk_sdhci_usdhc;

/** Where the card is on its way, and what is done with it. */
enum blk_sdhci_step {
    BLK_SDHCI_OFF = 0,
    BLK_SDHCI_POWER,     /**< its supply becomes stable */
    BLK_SDHCI_IDLE,      /**< CMD0 */
    BLK_SDHCI_IF_COND,   /**< CMD8: cards of before version 2 do not answer */
    BLK_SDHCI_APP_COND,  /**< CMD55, for the next */
    BLK_SDHCI_OP_COND,   /**< ACMD41 */
    BLK_SDHCI_BUSY_COND, /**< again in a while */
    BLK_SDHCI_CID,       /**< CMD2 */
    BLK_SDHCI_RCA,       /**< CMD3 */
    BLK_SDHCI_CSD,       /**< CMD9 */
    BLK_SDHCI_SELECT,    /**< CMD7 */
    BLK_SDHCI_APP_WIDTH, /**< CMD55, for the next */
    BLK_SDHCI_WIDTH,     /**< ACMD6: four lines */
    BLK_SDHCI_BLOCK,     /**< CMD16: blocks of 512 bytes */
    BLK_SDHCI_READY,
    BLK_SDHCI_TRANSFER, /**< CMD17, 18, 24 or 25 */
    BLK_SDHCI_STOP,     /**< CMD12 after a transfer that failed */
    BLK_SDHCI_STATUS    /**< CMD13: is it ready again? */
};

/** The device. Private to blk_sdhci.c, except for `kind`, which the program sets. */
struct blk_sdhci {
    const struct blk_sdhci_kind *kind;
    struct mmio_transport registers;
    struct blk_sdhci_adma *table; /**< in memory shared with the controller */
    uint64_t table_paddr;
    uint64_t hz, now;
    uint64_t step_until; /**< the step must be done by then, or is over then */
    uint64_t cond_until; /**< the card must be ready by then */
    enum blk_sdhci_step step;
    uint32_t missing;  /**< interrupts that the step waits for */
    uint32_t base_hz;  /**< of the controller's clock */
    uint16_t rca;      /**< the card's address */
    bool is_v2;        /**< it answers CMD8 */
    bool is_large;     /**< its addresses are in blocks, SD 4.3.14 */
    bool is_read_only; /**< by its CSD */
    uint64_t sector_count;
    uint16_t slot; /**< of the request at hand */
    bool is_many;  /**< it has more than one block */
    bool is_done;  /**< it waits for take() */
    uint32_t status;
    uint32_t failures; /**< transfers that failed, one after the other */
};

/** What such a device can do; the context is a struct blk_sdhci with its kind. */
extern const struct blk_device_ops blk_sdhci_ops;
