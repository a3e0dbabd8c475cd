/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Which devices read and write memory by themselves. A device tree does not say it of each: so devices that are known are
 * told apart from those that nobody here knows.
 */
#pragma once

/** What is known of a device; of several it is the largest that counts. */
enum fdt_dma {
    FDT_DMA_NONE,    /**< it has registers only */
    FDT_DMA_UNKNOWN, /**< nobody here knows it */
    FDT_DMA_MASTER   /**< it reads and writes memory */
};

/** What is known of `node` (a libfdt offset), without those below it, in the checked tree `dtb`. */
enum fdt_dma fdt_dma_of_node(const void *dtb, int node);
