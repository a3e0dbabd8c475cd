# SPDX-License-Identifier: BSD-2-Clause
# QEMU's command line for this board. RAM and machine agree with board_versal_virt.c.
QEMU ?= qemu-system-aarch64
QEMU_CPU ?= cortex-a72
QEMU_RAM ?= 2G
QEMU_MACHINE := xlnx-versal-virt
QEMU_ARGS = -m $(QEMU_RAM) -display none -nodefaults -nic none -global virtio-mmio.force-legacy=false \
	$(BOARD_BOOT_ARGS)
BOARD_BOOT_ARGS = -dtb $(BOARD_BOOT_DTB)
BOARD_SEED := yes
# Its device tree has other random numbers each time: there is no option against that.
QEMU_DTB_OPTIONS :=
# QEMU enters an ELF file at EL3, and a flat Image, as a boot loader does, at EL2.
BOARD_IMAGE := img
# The kernel's interrupt controller: kernel/aarch64/irqchip_*.c.
BOARD_IRQCHIP := irqchip_gicv3
# Where the kernel is linked: behind the device tree that firmware leaves at the start of RAM, and how far
# behind it that is.
KERNEL_BASE := 0x00200000
KERNEL_OFFSET := 0x200000
# Where U-Boot loads a flat image from a card: `make sdcard`.
SDCARD_LOAD := 0x20000000
