# SPDX-License-Identifier: BSD-2-Clause
# Rules for systems of one's own, outside Causeway's sources. `causeway new FOLDER` makes a Makefile that includes this:
#
#   SYSTEM     the description
#   PDS        programs of one's own: `hello` is hello.elf, of hello_SRCS [hello.c] and with hello_LIBS
#   CFLAGS     added to the compiler's options
#   BUILD_DIR  where everything is built [build]
#   BOARD      instead of the board that the description names
#
#   make, make run, make check, make report, make gdb (beside make run GDB=1), make clean

CAUSEWAY_DIR := $(patsubst %/,%,$(dir $(realpath $(lastword $(MAKEFILE_LIST)))))
CAUSEWAY := $(CAUSEWAY_DIR)/causeway
BUILD_DIR ?= build
B := $(patsubst %/,%,$(BUILD_DIR))
comma := ,
ifeq ($(wildcard $(SYSTEM)),)
$(error there is no system "$(SYSTEM)": SYSTEM=FILE names a description)
endif
NAME := $(basename $(notdir $(SYSTEM)))
IMAGE := $(B)/$(NAME).elf

BOARD ?= $(or $(shell sed -n '/<system/,/>/s/.*[[:space:]]board="\([^"]*\)".*/\1/p' $(SYSTEM) | head -n 1),qemu_virt_aarch64)
ifeq ($(wildcard $(CAUSEWAY_DIR)/boards/$(BOARD).mk),)
$(error there is no board "$(BOARD)": there is $(patsubst %.mk,%,$(notdir $(wildcard $(CAUSEWAY_DIR)/boards/*.mk))))
endif
include $(CAUSEWAY_DIR)/boards/$(BOARD).mk
KERNEL := $(CAUSEWAY_DIR)/kernel$(if $(filter qemu_virt_aarch64,$(BOARD)),,-$(BOARD)).elf
BOARD_DTB := $(CAUSEWAY_DIR)/boards/$(BOARD).dtb
BOARD_BOOT_DTB := $(B)/$(BOARD)-boot.dtb
BOARD_IMAGE ?= elf

MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
.PHONY: all check report run gdb clean
all: $(IMAGE)

# The flags that Causeway's own programs are built with, apart from its sources' folders.
include $(CAUSEWAY_DIR)/toolchain.mk
PD_CFLAGS := $(filter-out -Werror -I. -Ikernel/include,$(TARGET_CFLAGS)) -I. -I$(CAUSEWAY_DIR)/include $(CFLAGS)
$(B)/obj/%.o: %.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(PD_CFLAGS) -c $< -o $@

# libmicrokit as a whole: the kernel and the tool need parts of it that no program names.
LIBS := -Wl,--whole-archive $(CAUSEWAY_DIR)/lib/libmicrokit.a -Wl,--no-whole-archive $(CAUSEWAY_DIR)/lib/libcauseway.a
define pd_rules
$(1)_OBJS := $$(patsubst %.c,$(B)/obj/%.o,$$(or $$($(1)_SRCS),$(1).c))
$(B)/pd/$(1).elf: $$($(1)_OBJS) $(wildcard $(CAUSEWAY_DIR)/lib/*)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(TARGET_CC) $$(TARGET_LDFLAGS) -T $(CAUSEWAY_DIR)/lib/microkit.ld $$($(1)_OBJS) $$($(1)_LIBS) $$(LIBS) -o $$@
-include $$($(1)_OBJS:.o=.d)
endef
$(foreach p,$(PDS),$(eval $(call pd_rules,$(p))))

# What an image depends on the tool knows better than make: it runs every time, as it is quick. The verifier then proves
# from the image, and from what the description says by itself, that no two domains share what they should not.
TOOL_OPTIONS = --board $(BOARD) --board-dtb $(BOARD_DTB) --pd-dir $(B)/pd --pd-dir $(CAUSEWAY_DIR)/pd
.PHONY: $(IMAGE)
$(IMAGE): $(PDS:%=$(B)/pd/%.elf)
	$(call say,SYSTEM,$@)
	@mkdir -p $(@D)
	$(Q)$(CAUSEWAY) build $(SYSTEM) -o $@ --report $(B)/$(NAME).report.txt --kernel $(KERNEL) $(TOOL_OPTIONS) \
		$(addprefix --uplink ,$(UPLINK))
	$(Q)$(CAUSEWAY) policy $(SYSTEM) -o $(B)/$(NAME).policy --board $(BOARD) --board-dtb $(BOARD_DTB) \
		--search-path $(B)/pd --search-path $(CAUSEWAY_DIR)/pd
	$(Q)$(CAUSEWAY) verify $@ --policy $(B)/$(NAME).policy --kernel $(KERNEL) --pd-dir $(B)/pd --pd-dir $(CAUSEWAY_DIR)/pd \
		--pd-dir $(dir $(SYSTEM))
	$(if $(filter img,$(BOARD_IMAGE)),$(Q)$(CAUSEWAY) flat $@ -o $(@:.elf=.img))

check:
	$(Q)$(CAUSEWAY) check $(SYSTEM) $(TOOL_OPTIONS)
report: $(IMAGE)
	$(Q)cat $(B)/$(NAME).report.txt

# Where QEMU makes no seed for random numbers itself, as the board's firmware would.
$(BOARD_BOOT_DTB): $(BOARD_DTB)
	@mkdir -p $(@D)
	$(Q)cp $< $@.new
	$(Q)fdtput -p -t bx $@.new /chosen rng-seed $$(od -An -v -tx1 -N32 /dev/urandom)
	$(Q)mv $@.new $@

GDB_PORT ?= 1234
run: $(IMAGE) $(if $(BOARD_SEED),$(BOARD_BOOT_DTB))
	@echo "Quit: Ctrl-a x. QEMU's monitor: Ctrl-a c. The consoles' own keys: Ctrl-\\ ?"
	$(Q)$(QEMU) -machine $(QEMU_MACHINE) $(QEMU_ARGS) -readconfig $(B)/$(NAME).qemu -kernel $(B)/$(NAME).$(BOARD_IMAGE) \
		$(if $(GDB),-S -gdb tcp::$(GDB_PORT)) $(QEMU_EXTRA) -serial mon:stdio
gdb: $(PDS:%=$(B)/pd/%.elf)
	$(Q)gdb-multiarch -q -ex 'file $(firstword $(PDS:%=$(B)/pd/%.elf) $(KERNEL))' -ex 'target remote :$(GDB_PORT)'

# Disks keep what guests have written: they lie beside the image, and stay.
clean:
	$(Q)rm -rf $(B)/obj $(B)/pd $(B)/$(NAME).elf $(B)/$(NAME).img $(B)/$(NAME).qemu $(B)/$(NAME).policy $(B)/$(NAME).report.txt
