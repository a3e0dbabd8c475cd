/* SPDX-License-Identifier: BSD-2-Clause */
/** A board's data, as far as its device tree has them: for a person to check (`causeway board-new`). */
#pragma once

#include <stdio.h>

#include "kernel/include/sysdesc.h"
#include "tool/fdt/fdt_board.h"

#define FDT_NEW_BOARD_CORES 16u
#define FDT_NEW_BOARD_DEVICES 64u
#define FDT_NEW_BOARD_DRIVABLE 16u
#define FDT_NEW_BOARD_NAME_BYTES 32u

/** A device with registers of its own. */
struct fdt_new_device {
    char name[FDT_NEW_BOARD_NAME_BYTES];
    struct fdt_range range;
};

/** What was found. */
struct fdt_new_board {
    enum sysdesc_gic_kind gic_kind;
    struct fdt_range gic[4]; /**< GICv2: gicd, gicc, gich, gicv; GICv3: gicd, gicr */
    uint32_t maintenance_irq, vtimer_irq, hyptimer_irq; /**< 0: not in the tree */
    uint32_t timer_hz;                                  /**< 0: firmware says */
    uint64_t mpidrs[FDT_NEW_BOARD_CORES];
    size_t core_count;
    bool has_psci;        /**< all cores are started by PSCI */
    struct fdt_range ram; /**< the first range */
    size_t ram_ranges;
    char uart_compatible[64];
    enum sysdesc_uart_kind uart_kind; /**< SYSDESC_UART_KINDS: there is no driver for it */
    struct fdt_range uart;
    uint32_t uart_irq;
    struct fdt_range virtio; /**< all slots; bytes 0: none */
    uint64_t virtio_slot_bytes;
    uint32_t virtio_irq; /**< of the first */
    struct fdt_new_device devices[FDT_NEW_BOARD_DEVICES];
    size_t device_count;
    /** Those of them that have a driver here. */
    struct {
        const char *compatible; /**< as the driver's table has it */
        size_t device;          /**< index into devices */
        uint32_t irq;           /**< INTID */
        uint32_t unit;          /**< among those of its driver, in the order of the tree */
    } drivable[FDT_NEW_BOARD_DRIVABLE];
    size_t drivable_count;
};

/**
 * Read the checked tree `dtb`. Errors, with *error: ERR_RANGE: it lacks a GIC, RAM, cores or a UART. ERR_FORMAT: one
 * of these cannot be read.
 */
ERR_CHECKED enum err fdt_new_board_read(const void *dtb, struct fdt_new_board *board,
                                        struct fdt_error *error);

/** Write board_NAME.c, board_NAME.h and board.mk. */
void fdt_new_board_print_c(const struct fdt_new_board *board, const char *name, FILE *out);
/** See fdt_new_board_print_c(). */
void fdt_new_board_print_h(const char *name, const char *model, FILE *out);
/** See fdt_new_board_print_c(). */
void fdt_new_board_print_mk(const struct fdt_new_board *board, const char *name, FILE *out);
