/* SPDX-License-Identifier: BSD-2-Clause */
/** Board data: addresses, interrupts, memory. Data only; used by the host tool. One folder per board. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/include/sysdesc.h"

/** Physical addresses `base` to `base + bytes - 1`. */
struct board_range {
    const char *name;
    uint64_t base;
    uint64_t bytes;
};

/** What a device of a board is good for. */
enum board_class {
    BOARD_DISK, /**< SD host controllers, for <disk> */
    BOARD_CARD  /**< network cards, for <uplink> */
};

/** A device of a board that has a driver here, other than virtio's. Its interrupt is level-sensitive. */
struct board_device {
    const char *compatible; /**< as in device trees: chooses the driver */
    struct board_range range;
    uint32_t irq;       /**< INTID */
    uint32_t qemu_unit; /**< QEMU's number for it among its kind */
};

/** A program that drives devices. */
struct board_driver {
    const char *compatible;
    enum board_class class;
    const char *program;
};

struct board {
    const char *name;        /**< `board=` in descriptions */
    const char *alias;       /**< older spelling, or NULL */
    struct board_range ram;  /**< all of RAM */
    uint64_t firmware_bytes; /**< at the start of RAM, left to the firmware's device tree */
    /** Where firmware leaves its device tree and Microkit's kernel leaves that alone; bytes 0: unknown. */
    struct board_range sel4_fdt;
    uint32_t core_count;
    enum sysdesc_gic_kind gic_kind;
    struct board_range gicd;
    struct board_range gicc, gich, gicv; /**< GICv2 */
    struct board_range gicr;             /**< GICv3: redistributors, one behind the other */
    struct board_range uart;
    enum sysdesc_uart_kind uart_kind;
    uint32_t timer_hz; /**< of the generic timer, where firmware does not set CNTFRQ_EL0; 0: it does */
    uint32_t uart_irq; /**< INTIDs */
    uint32_t maintenance_irq, hyptimer_irq, vtimer_irq;
    uint32_t spi_count;
    /** A real-time clock, with a 32-bit register of seconds since 1970; bytes 0: there is none. */
    struct {
        struct board_range range;
        uint32_t seconds_offset;
    } rtc;
    /** virtio-mmio transports, of `slot_bytes` each one behind the other; interrupts likewise. */
    struct {
        struct board_range range; /**< bytes 0: there are none */
        uint64_t slot_bytes;
        uint32_t irq; /**< of the first */
    } virtio;
    /** Devices for <disk> and <uplink>, the one that is taken first at first. */
    const struct board_device *drivable;
    size_t drivable_count;
    /** Windows that hold device registers; a <memory_region> with a phys_addr must lie in one or in RAM. */
    const struct board_range *devices;
    size_t device_count;
    uint64_t core_mpidrs[SYSDESC_MAX_CORES]; /**< MPIDR_EL1 of each, affinity fields only */
};

/** The board of that name or alias, or NULL. */
const struct board *board_find(const char *name);
/** The driver for devices that are called so in device trees, or NULL. */
const struct board_driver *board_driver_find(const char *compatible);
/** Board number `index` in a stable order, or NULL past the end; for listings. */
const struct board *board_at(size_t index);
