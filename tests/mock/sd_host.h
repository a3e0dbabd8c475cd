/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * An SD host controller (SDHC 3.00) with a card, for tests of its driver: commands take effect at once, data moves
 * by the ADMA2 table, and the card's contents are in memory. What goes wrong is what the test says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SD_HOST_SECTORS 4096u /**< of the card: 2 MiB */
#define SD_HOST_RCA 0x4567u

/** What the card is like. */
enum sd_host_card {
    SD_HOST_LARGE = 0, /**< addresses in blocks, CSD version 2 */
    SD_HOST_SMALL,     /**< addresses in bytes, CSD version 1 */
    SD_HOST_OLD,       /**< likewise, and does not know CMD8 */
    SD_HOST_STRANGE,   /**< a CSD of neither version */
    SD_HOST_NO_CARD
};

/** Controller and card. */
struct sd_host {
    enum sd_host_card kind;
    bool is_usdhc;
    bool is_absent;          /**< nothing there: registers read as ones */
    bool never_resets;       /**< the controller */
    bool clock_never_stable; /**< likewise */
    bool stalls;             /**< no command ends */
    bool keeps_lines;        /**< the lines stay in use */
    bool is_read_only;       /**< by its CSD */
    uint32_t busy_conds;     /**< how often ACMD41 says "not yet" */
    uint32_t data_errors;    /**< how many transfers end with an error of their data */
    uint32_t card_errors;    /**< how many transfers end with an error in the response */
    bool never_recovers;     /**< CMD13 says that it still receives */
    bool stop_fails;         /**< CMD12 gets no answer */
    uint8_t *memory;         /**< that the controller accesses */
    uint64_t memory_paddr, memory_bytes;
    uint8_t contents[SD_HOST_SECTORS * 512];
    uint32_t registers[0x100 / 4];
    uint32_t resets, transfers;
    bool app; /**< the next command is one of an application */
};

/** Registers, for struct mmio_transport; `context` is the controller. */
uint32_t sd_host_read(void *context, uint32_t offset);
void sd_host_write(void *context, uint32_t offset, uint32_t value);

/** Whether its interrupt line is up. */
bool sd_host_interrupts(const struct sd_host *host);
