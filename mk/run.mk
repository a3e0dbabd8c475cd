# SPDX-License-Identifier: BSD-2-Clause
# Building a system's image, and running it in QEMU.

SYSTEM_NAME := $(basename $(notdir $(SYSTEM)))
IMAGE = $(B)/$(SYSTEM_NAME).elf

QEMU_RUN = $(QEMU) -machine $(QEMU_MACHINE) $(QEMU_ARGS)
# The tool writes the system's disks into a file for QEMU.
QEMU_BOOT = -readconfig $(IMAGE:.elf=.qemu) $(shell cat $(IMAGE:.elf=.qemu_arguments) 2>/dev/null) -kernel $(IMAGE:.elf=.$(BOARD_IMAGE))
# What the board's QEMU starts: the ELF file, or the flat image.
BOARD_IMAGE ?= elf
# For a program that types at the consoles and reads them. REPORT_SUFFIX: what a name in the build folder ends in.
QEMU_CONSOLES = $(QEMU_RUN) -chardev stdio$(comma)id=terminal$(comma)signal=off -serial chardev:terminal $(QEMU_BOOT)
REPORT_SUFFIX := $(if $(MICROKIT_SDK),-sel4)
.PHONY: show-consoles
show-consoles:
	@echo '$(QEMU_CONSOLES)'
GDB_PORT ?= 1234

# The board's own device tree, from which nodes are passed through: QEMU's, or that of BOARD_DTB_FILE, one of those in
# Debian's kernel package. Randomness would make every build differ.
BOARD_DTB := $(B)/$(BOARD).dtb
BOARD_DTB_PACKAGE := linux-image-arm64
QEMU_DTB_OPTIONS ?= $(comma)dtb-randomness=off
ifdef BOARD_DTB_FILE
$(BOARD_DTB): $(GUEST_DIR)/unpacked/$(BOARD_DTB_PACKAGE).stamp boards/$(BOARD)/board.mk
	$(call say,DTB,$@)
	$(Q)cp $(basename $<)/usr/lib/linux-image-*/$(BOARD_DTB_FILE) $@
else
$(BOARD_DTB): BOARD_BOOT_ARGS :=
$(BOARD_DTB): boards/$(BOARD)/board.mk
	$(call say,DTB,$@)
	@mkdir -p $(@D)
	$(Q)$(QEMU) -machine $(QEMU_MACHINE)$(QEMU_DTB_OPTIONS),dumpdtb=$@.new $(QEMU_ARGS) 2>/dev/null
	$(Q)mv $@.new $@
endif

# What QEMU passes on where it makes no seed for random numbers itself, as the board's firmware would: BOARD_SEED := yes.
ifdef BOARD_SEED
BOARD_BOOT_DTB := $(B)/$(BOARD)-boot.dtb
.PHONY: FORCE
FORCE:
$(BOARD_BOOT_DTB): $(BOARD_DTB) FORCE
	$(Q)cp $< $@.new
	$(Q)fdtput -p -t bx $@.new /chosen rng-seed $$(od -An -v -tx1 -N32 /dev/urandom)
	$(Q)mv $@.new $@
endif

# The guests that the description names, as far as guest/module.mk knows them.
SYSTEM_GUEST_NAMES := $(if $(SYSTEM_FILE),$(shell grep -ohE '(kernel|initrd|contents|image)="[^"]*"' $(SYSTEM_FILE) | cut -d'"' -f2))
SYSTEM_GUESTS := guest $(addprefix guest-,$(filter $(GUEST_KERNELS) $(GUEST_INITRDS) $(GUEST_DISKS) $(GUEST_FIRMWARES) $(GUEST_PROGRAMS),$(SYSTEM_GUEST_NAMES)))

# And the programs among those that are not always built.
SYSTEM_PDS := $(if $(SYSTEM_FILE),$(foreach p,$(ONDEMAND_PDS),$(if $(shell grep -l '"$(p).elf"' $(SYSTEM_FILE)),$(p))))

# The tool is quick and knows better than make what an image depends on: it runs every time.
.PHONY: image image-bundled
image: image-$(PLATFORM)
image-bundled: tool kernel pds $(SYSTEM_PDS:%=$(B)/pd/%.elf) $(SYSTEM_GUESTS) $(BOARD_DTB) $(BOARD_BOOT_DTB)
	$(call say,SYSTEM,$(IMAGE))
	$(Q)$(TOOL) build $(SYSTEM_FILE) $(addprefix --uplink ,$(UPLINK)) -o $(IMAGE) --board $(BOARD) --report $(IMAGE:.elf=.report.txt) --pd-dir $(B)/pd \
		--guest-dir $(GUEST_DIR) --kernel $(KERNEL) --board-dtb $(BOARD_DTB)
	$(Q)$(B)/causeway-policy $(SYSTEM_FILE) -o $(IMAGE:.elf=.policy) --board $(BOARD) --board-dtb $(BOARD_DTB)
	$(Q)$(B)/causeway-verify $(IMAGE) --policy $(IMAGE:.elf=.policy) --kernel $(KERNEL) \
		--pd-dir $(B)/pd --pd-dir $(dir $(SYSTEM_FILE))
	$(if $(filter img,$(BOARD_IMAGE)),$(Q)$(TOOL) flat $(IMAGE) -o $(IMAGE:.elf=.img))

# CONSOLES=terminal: all consoles on this one; tmux: a pane for each; sockets: a socket for each, for terminals of the
# user's choice; plain: QEMU's own terminal and monitor, without the host's program, so that no other command can join.
# LOG=DIR: each console's output in a file there.
QEMU_COMMAND = $(QEMU_RUN) $(QEMU_BOOT) $(if $(GDB),-S -gdb tcp::$(GDB_PORT)) $(QEMU_EXTRA)
SYSTEM_ESCAPE := $(if $(SYSTEM_FILE),$(firstword $(shell sed -n 's/.*escape="\([0-9a-fx]*\)".*/\1/p' $(SYSTEM_FILE))))
.PHONY: run run-plain run-terminal run-tmux run-sockets
run:
	$(Q)scripts/setup $(if $(filter tmux,$(CONSOLES)),consoles,run)
	$(SUBMAKE) image
	$(if $(GDB),@echo "Waiting for gdb: make gdb SYSTEM=$(SYSTEM) GDB_PORT=$(GDB_PORT)")
	$(Q)+$(MAKE) --no-print-directory run-$(CONSOLES)

run-plain:
	@echo "Quit: Ctrl-a x. QEMU's monitor: Ctrl-a c. The consoles' own keys: Ctrl-\\ ?"
	$(Q)$(QEMU_COMMAND) -serial mon:stdio

run-terminal run-tmux run-sockets:
	$(if $(filter run-terminal,$@),@echo "Quit: Ctrl-a x. The consoles' own keys: Ctrl-\\ ?")
	$(Q)$(TOOL) attach --title $(SYSTEM_NAME) $(if $(filter run-terminal,$@),--terminal,$(if $(filter run-sockets,$@),--no-tmux)) \
		$(if $(LOG),--log $(LOG)) \
		$(if $(SYSTEM_ESCAPE),--escape $(SYSTEM_ESCAPE)) -- $(QEMU_COMMAND)

# All PDs are linked at the same address: gdb knows every symbol, and `pd NAME` makes one PD's the only ones.
GDB_SCRIPT := $(IMAGE:.elf=.gdb)
.PHONY: gdb
gdb:
	$(SUBMAKE) kernel pds
	@printf '%s\n' 'set confirm off' 'file $(KERNEL)' $(foreach p,$(filter-out $(TEST_PDS:%=$(B)/pd/%.elf),$(PD_ELFS)),'add-symbol-file $(p)') \
		'define pd' 'symbol-file $(B)/pd/$$arg0.elf' 'end' \
		'document pd' 'pd NAME: use only the symbols of one protection domain. They all have the same addresses.' 'end' \
		'define kernel' 'symbol-file $(KERNEL)' 'end' \
		'document kernel' 'kernel: use only the symbols of the kernel.' 'end' \
		'target remote :$(GDB_PORT)' > $(GDB_SCRIPT)
	$(Q)gdb-multiarch -q -x $(GDB_SCRIPT)

# On a machine with nothing but make and git: everything that is missing first.
.PHONY: demo
demo:
	$(Q)scripts/setup run
	$(SUBMAKE) image SYSTEM=virtio_demo.system
	$(Q)$(PYTHON) scripts/demo.py $(QEMU_RUN) $(QEMU_BOOT) $(QEMU_EXTRA)
