/* SPDX-License-Identifier: BSD-2-Clause */
/** An SD host controller's registers: clock, bus, commands. Part of blk_sdhci; waits are bounded by a count of reads. */
#pragma once

#include "pd/blk_driver/blk_sdhci.h"

/** Clock of the bus for data (SD 4.3, "default speed"), in hertz. */
#define SDHCI_BUS_FULL_HZ 25000000u

/**
 * Reset the controller, power the card and give it the clock with which it is found. Errors: ERR_UNSUPPORTED
 * (no card, or a controller without ADMA2), ERR_STATE (it does not answer).
 */
ERR_CHECKED enum err sdhci_bus_start(struct blk_sdhci *card);

/** Nothing moves any more, and nothing interrupts. */
void sdhci_bus_stop(struct blk_sdhci *card);

/** A clock of at most so many hertz. Errors: ERR_STATE (it does not become stable). */
ERR_CHECKED enum err sdhci_bus_clock(struct blk_sdhci *card, uint32_t hz);

/** Data goes over four lines. */
void sdhci_bus_width_4(struct blk_sdhci *card);

/** Free the lines after an error. Errors: ERR_STATE. */
ERR_CHECKED enum err sdhci_bus_reset_lines(struct blk_sdhci *card);

/** The next command has data, so many sectors, where the table says. */
void sdhci_bus_prepare(struct blk_sdhci *card, uint32_t sector_count);

/** Send a command; `flags` and `mode` are SDHCI_COMMAND_... and SDHCI_MODE_.... Errors: ERR_STATE (lines in use). */
ERR_CHECKED enum err sdhci_bus_command(struct blk_sdhci *card, uint32_t index, uint32_t flags,
                                       uint32_t argument, uint32_t mode);

/** Word `number` (0 to 3) of the last response. */
uint32_t sdhci_bus_response(const struct blk_sdhci *card, unsigned int number);

/** Take note of the interrupts that there are: SDHCI_STATUS_.... */
uint32_t sdhci_bus_interrupts(struct blk_sdhci *card);
