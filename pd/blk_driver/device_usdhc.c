/* SPDX-License-Identifier: BSD-2-Clause */
/* The program blk_usdhc drives an SD card behind i.MX's host controller. */
#include "pd/blk_driver/blk_sdhci.h"

static struct blk_sdhci device = {.kind = &blk_sdhci_usdhc};

const struct blk_device blk_device_of_program = {.ops = &blk_sdhci_ops, .device = &device};
