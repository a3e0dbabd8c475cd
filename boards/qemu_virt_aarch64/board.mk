# SPDX-License-Identifier: BSD-2-Clause
# QEMU's command line for this board. RAM and machine agree with board_qemu_virt_aarch64.c.
QEMU ?= qemu-system-aarch64
QEMU_CPU ?= cortex-a53
QEMU_RAM ?= 2G
QEMU_MACHINE := virt,virtualization=on,gic-version=2
QEMU_ARGS := -cpu $(QEMU_CPU) -m $(QEMU_RAM) -smp 1 -display none -nodefaults
