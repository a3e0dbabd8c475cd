/* SPDX-License-Identifier: BSD-2-Clause */
/** Registers of a GICv2's distributor (Arm IHI 0048B, table 4-1) and a GICv3's (IHI 0069H, 12.8). */
#pragma once

/** Byte offsets; those with _END end a row of registers. */
enum vgic_register {
    GICD_CTLR = 0x000,
    GICD_TYPER = 0x004,
    GICD_IIDR = 0x008,
    GICD_IGROUPR = 0x080,
    GICD_ISENABLER = 0x100,
    GICD_ICENABLER = 0x180,
    GICD_ISPENDR = 0x200,
    GICD_ICPENDR = 0x280,
    GICD_ISACTIVER = 0x300,
    GICD_ICACTIVER = 0x380,
    GICD_IPRIORITYR = 0x400,
    GICD_IPRIORITYR_END = 0x7fc,
    GICD_ITARGETSR = 0x800,
    GICD_ITARGETSR_END = 0xbfc,
    GICD_ICFGR = 0xc00,
    GICD_ICFGR_END = 0xd00,
    GICD_SGIR = 0xf00,
    GICD_CPENDSGIR = 0xf10,
    GICD_SPENDSGIR = 0xf20,
    GICD_SPENDSGIR_END = 0xf30,
    GICD_PIDR4 = 0xfd0,
    GICD_BYTES = 0x1000
};

/** Those of a GICv3's that a GICv2 lacks. */
enum vgic_v3_register {
    GICD_IROUTER = 0x6000,
    GICD_IROUTER_END = 0x8000,
    GICD_V3_PIDR4 = 0xffd0, /**< and of both pages of a redistributor: IDs */
    GICR_CTLR = 0x0000,
    GICR_IIDR = 0x0004,
    GICR_TYPER = 0x0008,
    GICR_PRIVATE = 0x10000, /**< second page: registers of the private interrupts, as in a distributor */
};

/** Value of GICD_IIDR: implementer Arm (JEP106 0x43b), no product. */
#define GICD_IIDR_VALUE 0x0000043bu
