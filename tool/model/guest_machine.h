/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The guest's machine: where generated guests find their devices. Guest-physical addresses.
 *
 * The low addresses are those of QEMU's `virt` machine, which every arm64 kernel and firmware knows. RAM is
 * where the description puts it (default 0x40000000, as there).
 */
#pragma once

#include <stdint.h>

#define GUEST_MACHINE_GICD_GPA 0x08000000ull /**< emulated distributor */
#define GUEST_MACHINE_GICD_BYTES 0x10000ull
#define GUEST_MACHINE_GICC_GPA 0x08010000ull /**< CPU interface: the board's GICV, if it has a GICv2 */
#define GUEST_MACHINE_GICR_GPA 0x080a0000ull /**< emulated redistributors, if it has a GICv3 */
#define GUEST_MACHINE_GICR_BYTES 0x20000ull  /**< of each */
#define GUEST_MACHINE_PL011_GPA 0x09000000ull
#define GUEST_MACHINE_PL011_BYTES 0x1000ull
#define GUEST_MACHINE_PL011_INTID 33u
/** Flash for a firmware's variables: four blocks of 256 KiB, as EDK2 and U-Boot for QEMU expect them. */
#define GUEST_MACHINE_FLASH_GPA 0x04000000ull
#define GUEST_MACHINE_FLASH_BYTES 0x100000ull
#define GUEST_MACHINE_RTC_GPA 0x09010000ull /**< PL031 */
#define GUEST_MACHINE_RTC_BYTES 0x1000ull
#define GUEST_MACHINE_RTC_INTID 34u
/** Watchdog: control frame, refresh frame. */
#define GUEST_MACHINE_WATCHDOG_GPA 0x09100000ull
#define GUEST_MACHINE_WATCHDOG_BYTES 0x2000ull
#define GUEST_MACHINE_WATCHDOG_INTID 44u
/** Virtio devices: a page each, so that each can be trapped, mapped and given doorbells by itself. */
#define GUEST_MACHINE_VIRTIO_GPA 0x0a000000ull
#define GUEST_MACHINE_VIRTIO_BYTES 0x1000ull
#define GUEST_MACHINE_VIRTIO_INTID 48u
/** PCI, for guests that have a device there: BARs, configuration space of one bus, and the frame for MSIs. */
#define GUEST_MACHINE_PCI_WINDOW_GPA 0x10000000ull
#define GUEST_MACHINE_PCI_WINDOW_BYTES 0x100000ull
#define GUEST_MACHINE_PCI_ECAM_GPA 0x10100000ull
#define GUEST_MACHINE_PCI_ECAM_BYTES 0x100000ull
#define GUEST_MACHINE_MSI_GPA 0x08020000ull
#define GUEST_MACHINE_MSI_BYTES 0x1000ull
#define GUEST_MACHINE_MSI_INTID 128u
/** At the end of RAM: room for the device tree, below it the initramfs. */
#define GUEST_MACHINE_DTB_BYTES 0x200000ull
