/* SPDX-License-Identifier: BSD-2-Clause */
/* Which devices read and write memory by themselves: by properties, by names of kinds, and by a list of those that do not. */
#include "tool/fdt/fdt_dma.h"

#include <libfdt.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Only masters have these. */
static const char *const properties[] = {"dma-coherent", "iommus", "dma-ranges", "iommu-map"};

/* Names of kinds (Devicetree Specification 0.4, 2.2.2) whose devices do so in general. */
static const char *const kinds[] = {
    "ahci", "crypto",  "dma",  "dma-controller", "ethernet", "gpu", "mmc", "nand-controller",
    "pci",  "pcie",    "sata", "sdhci",          "usb",      "ufs", "vpu", "display",
    "dwc3", "mailbox", "nvme"};

/* Devices that have registers and interrupts, and no way to memory. A UART or I2C controller that is served by a DMA
   controller is not one itself. */
static const char *const harmless[] = {
    "arm,pl011",
    "arm,pl031",
    "arm,pl050",
    "arm,pl061",
    "arm,sbsa-uart",
    "arm,sp804",
    "arm,sp805",
    "brcm,bcm2711-gpio",
    "brcm,bcm2711-rng200",
    "brcm,bcm2835-aux-uart",
    "brcm,bcm2835-gpio",
    "brcm,bcm2835-i2c",
    "brcm,bcm2835-system-timer",
    "cdns,i2c-r1p14",
    "cdns,spi-r1p6",
    "cdns,ttc",
    "cdns,uart-r1p8",
    "cdns,uart-r1p12",
    "cdns,wdt-r1p2",
    "fsl,imx21-i2c",
    "fsl,imx21-wdt",
    "fsl,imx35-gpio",
    "fsl,imx6q-uart",
    "fsl,imx6sx-gpt",
    "ns16550a",
    "snps,dw-apb-gpio",
    "snps,dw-apb-uart",
    "xlnx,xuartps",
    "xlnx,zynq-can-1.0",
    "xlnx,zynqmp-gpio-1.0",
    "xlnx,zynqmp-rtc",
};

static bool has_kind(const void *dtb, int node, const char *kind)
{
    size_t length = strlen(kind);
    const char *name = fdt_get_name(dtb, node, NULL);

    return name != NULL && strncmp(name, kind, length) == 0 && (name[length] == '\0' || name[length] == '@');
}

enum fdt_dma fdt_dma_of_node(const void *dtb, int node)
{
    for (size_t i = 0; i < COUNT(properties); i++) {
        if (fdt_getprop(dtb, node, properties[i], NULL) != NULL) {
            return FDT_DMA_MASTER;
        }
    }
    for (size_t i = 0; i < COUNT(harmless); i++) {
        if (fdt_node_check_compatible(dtb, node, harmless[i]) == 0) {
            return FDT_DMA_NONE;
        }
    }
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (has_kind(dtb, node, kinds[i])) {
            return FDT_DMA_MASTER;
        }
    }
    if (fdt_node_check_compatible(dtb, node, "virtio,mmio") == 0) {
        return FDT_DMA_MASTER;
    }
    return fdt_getprop(dtb, node, "reg", NULL) == NULL ? FDT_DMA_NONE : FDT_DMA_UNKNOWN;
}
