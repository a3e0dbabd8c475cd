/* SPDX-License-Identifier: BSD-2-Clause */
/* The program blk_sdhci drives an SD card behind a standard host controller. */
#include "pd/blk_driver/blk_sdhci.h"

static struct blk_sdhci device = {.kind = &blk_sdhci_standard};

const struct blk_device blk_device_of_program = {.ops = &blk_sdhci_ops, .device = &device};
