# SPDX-License-Identifier: BSD-2-Clause
# QEMU's command line for this board. RAM and machine agree with board_qemu_virt_gicv3_aarch64.c.
QEMU ?= qemu-system-aarch64
QEMU_CPU ?= cortex-a53
QEMU_RAM ?= 2G
QEMU_MACHINE := virt,virtualization=on,gic-version=3
QEMU_ARGS := -cpu $(QEMU_CPU) -m $(QEMU_RAM) -display none -nodefaults \
	-global virtio-mmio.force-legacy=false
# The kernel's interrupt controller: kernel/aarch64/irqchip_*.c.
BOARD_IRQCHIP := irqchip_gicv3
# Where the kernel is linked: behind the device tree that firmware leaves at the start of RAM, and how far
# behind it that is.
KERNEL_BASE := 0x40200000
KERNEL_OFFSET := 0x200000
# Where U-Boot loads a flat image from a card: `make sdcard`.
SDCARD_LOAD := 0x60000000
