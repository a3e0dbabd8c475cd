# SPDX-License-Identifier: BSD-2-Clause
# QEMU's command line for this board. RAM and machine agree with board_imx8mp_evk.c.
# Debian 12's own QEMU does not have it: that of its backports is fetched (mk/qemu.mk).
BOARD_QEMU := backports
QEMU_CPU ?= cortex-a53
QEMU_RAM ?= 2G
QEMU_MACHINE := imx8mp-evk
# The console is the second UART.
QEMU_ARGS = -m $(QEMU_RAM) -smp 4 -display none -nodefaults -nic none -serial null -dtb $(BOARD_BOOT_DTB)
# QEMU enters an ELF file at EL3, and a flat Image, as a boot loader does, at EL2.
BOARD_IMAGE := img
# The kernel's interrupt controller: kernel/aarch64/irqchip_*.c.
BOARD_IRQCHIP := irqchip_gicv3
# Where the kernel is linked, and how far that is behind the start of RAM.
KERNEL_BASE := 0x40200000
KERNEL_OFFSET := 0x200000
BOARD_SEED := yes
BOARD_DTB_FILE := freescale/imx8mp-evk.dtb
# Where U-Boot loads a flat image from a card: `make sdcard`.
SDCARD_LOAD := 0x60000000
