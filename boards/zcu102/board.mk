# SPDX-License-Identifier: BSD-2-Clause
# QEMU's command line for this board. RAM and machine agree with board_zcu102.c.
QEMU ?= qemu-system-aarch64
QEMU_CPU ?= cortex-a53
QEMU_RAM ?= 2G
# Without virtualization=on the machine starts at EL1.
QEMU_MACHINE := xlnx-zcu102,virtualization=on
QEMU_ARGS = -m $(QEMU_RAM) -display none -nodefaults -nic none -audiodev none$(comma)id=none \
	-dtb $(BOARD_BOOT_DTB)
# The kernel's interrupt controller: kernel/aarch64/irqchip_*.c.
BOARD_IRQCHIP := irqchip_gicv2
# Where the kernel is linked: behind the device tree that firmware leaves at the start of RAM, and how far
# behind it that is.
KERNEL_BASE := 0x00200000
KERNEL_OFFSET := 0x200000
BOARD_SEED := yes
BOARD_DTB_FILE := xilinx/zynqmp-zcu102-rev1.0.dtb
# Where U-Boot loads a flat image from a card: `make sdcard`.
SDCARD_LOAD := 0x20000000
