# SPDX-License-Identifier: BSD-2-Clause
# QEMU's command line for this board. RAM and machine agree with board_rpi4b.c.
# Debian 12's own QEMU does not have it: that of its backports is fetched (mk/qemu.mk).
BOARD_QEMU := backports
QEMU_CPU ?= cortex-a72
QEMU_RAM ?= 2G
QEMU_MACHINE := raspi4b
QEMU_ARGS = -m $(QEMU_RAM) -display none -nodefaults -nic none -dtb $(BOARD_BOOT_DTB)
# QEMU enters an ELF file at EL3, and a flat Image, as the firmware does, at EL2.
BOARD_IMAGE := img
# The kernel's interrupt controller: kernel/aarch64/irqchip_*.c.
BOARD_IRQCHIP := irqchip_gicv2
# Where the kernel is linked: behind the spin table and what else firmware leaves at the start of RAM.
KERNEL_BASE := 0x00200000
KERNEL_OFFSET := 0x200000
BOARD_SEED := yes
BOARD_DTB_FILE := broadcom/bcm2711-rpi-4-b.dtb
# The firmware itself loads the kernel from the card: `make sdcard`.
SDCARD_KIND := rpi
