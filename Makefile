# SPDX-License-Identifier: BSD-2-Clause
#
# Causeway. `make help` lists the targets and variables.
#
# Everything is built below BUILD_DIR. Each folder with sources has a module.mk that appends to the lists
# here (KERNEL_SRCS, PDS, TOOL_SRCS, HOST_PROGRAMS, TESTS, FUZZERS); the rules are in mk/.

BUILD_DIR ?= build
SYSTEM ?= virtio_demo.system
include mk/values.mk
# The board: what the user asks for, else what the description names.
SYSTEM_BOARD := $(shell sed -n '/<system/,/>/s/.*[[:space:]]board="\([^"]*\)".*/\1/p' \
	$(firstword $(wildcard $(SYSTEM) $(SYSTEM).system systems/$(SYSTEM) systems/$(SYSTEM).system) /dev/null) | head -n 1)
MICROKIT_BOARD ?= $(or $(SEL4CP_BOARD),$(SYSTEM_BOARD),qemu_virt_aarch64)
MICROKIT_CONFIG ?= $(or $(SEL4CP_CONFIG),debug)
MICROKIT_SDK ?= $(SEL4CP_SDK)

# What runs the PDs: our own kernel, or seL4 through a Microkit SDK.
PLATFORM := $(if $(MICROKIT_SDK),sel4,bundled)

# The seed's board name is an alias.
override BOARD := $(patsubst qemu_arm_virt_hyp,qemu_virt_aarch64,$(or $(BOARD),$(MICROKIT_BOARD)))

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
SHELL := /bin/bash

B := $(patsubst %/,%,$(BUILD_DIR))

.PHONY: all
all: build

include mk/toolchain.mk
$(if $(wildcard boards/$(BOARD)/board.mk),,$(error there is no board "$(BOARD)": there is $(notdir $(patsubst %/,%,$(dir $(wildcard boards/*/board.mk))))))
include boards/$(BOARD)/board.mk

# Lists that the module.mk files append to.
KERNEL_SRCS :=
MICROKIT_SRCS :=
LIB_SRCS :=
PDS :=
BUNDLED_PDS :=
ONDEMAND_PDS :=
SEL4_ONLY_PDS :=
TOOL_SRCS :=
HOST_PROGRAMS :=
TESTS :=
FUZZERS :=
GUEST_PROGRAMS :=

# Folders with sources, one a line.
MODULES := \
	bench bench/* \
	console console/* \
	guest guest/* \
	kernel \
	lib lib/* \
	microkit \
	pd/* \
	proofs \
	tests/* tests/*/* \
	tool tool/* \
	verify verify/* \
	vmm
include $(sort $(wildcard $(MODULES:%=%/module.mk)))

include mk/host.mk
include mk/target.mk
include $(sort $(filter-out mk/toolchain.mk mk/host.mk mk/target.mk,$(wildcard mk/*.mk)))

# Disks stay: they hold what guests have written.
.PHONY: clean clean-disks
clean:
	$(Q)$(PYTHON) -B scripts/clean.py $(B)
clean-disks:
	$(Q)$(PYTHON) -B scripts/clean.py --disks $(B)
