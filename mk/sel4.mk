# SPDX-License-Identifier: BSD-2-Clause
# Building and running on the real seL4: MICROKIT_SDK=FOLDER of an unpacked Microkit SDK.
#
# Every PD is built once more, against the SDK's own headers and library: a PD NAME from NAME_SEL4_SRCS if there
# is such a list, else from NAME_SRCS; NAME_SEL4_LDFLAGS are for its linker. BUNDLED_PDS are left out, SEL4_ONLY_PDS exist here only. The tool writes a
# Microkit description and the PDs' final programs; the SDK's own tool makes the image that its loader boots.

ifeq ($(PLATFORM),sel4)

SDK := $(patsubst %/,%,$(abspath $(MICROKIT_SDK)))
SDK_BOARD := $(SDK)/board/$(BOARD)/$(MICROKIT_CONFIG)
S := $(B)/sel4/$(BOARD)-$(MICROKIT_CONFIG)
SDK_VERSION := $(shell cat $(SDK)/VERSION 2>/dev/null)
SEL4_DIR = $(S)/systems/$(SYSTEM_NAME)
IMAGE = $(SEL4_DIR)/loader.img

# What is wrong with an SDK is said before anything is compiled. (bench has a configuration of its own.)
ifneq ($(filter-out bench bench-% clean clean-disks help setup check check-% sdk-check,$(or $(MAKECMDGOALS),all)),)
SDK_SAYS := $(shell $(PYTHON) scripts/check_sdk.py $(SDK) $(BOARD) $(MICROKIT_CONFIG) 2>&1 >/dev/null; echo $$?)
$(if $(filter 0,$(lastword $(SDK_SAYS))),,$(error $(wordlist 2,$(words $(SDK_SAYS)),x $(SDK_SAYS))))
endif

# How many cores the configuration's kernel is built for: it waits until all of them are up.
SDK_CORES := $(or $(shell sed -n 's/.*"MAX_NUM_NODES": *"*\([0-9][0-9]*\).*/\1/p' $(SDK_BOARD)/include/kernel/gen_config.json 2>/dev/null),1)
SEL4_QEMU_ARGS += $(if $(filter-out 1,$(SDK_CORES)),-smp $(SDK_CORES))

# The command line of Microkit's manual, but that the caller says where the serial line goes.
QEMU_RUN = $(QEMU) $(SEL4_QEMU_ARGS)
QEMU_BOOT = -readconfig $(SEL4_DIR).qemu $(shell cat $(SEL4_DIR).qemu_arguments 2>/dev/null) -device loader,file=$(IMAGE),addr=$(SEL4_LOAD_ADDRESS),cpu-num=0

# The SDK's headers are GNU C, and not held to our warnings. Its microkit.ld names no .rodata.* or .data.*, so there
# is one section of each.
# NDEBUG: what a PD hands to libsel4's functions may come from a guest or a peer, and is cut to its field without their
# assertions, which would end the PD. In every configuration, so that what is tested is what is shipped.
SEL4_CFLAGS := $(filter-out -ffunction-sections -fdata-sections,$(TARGET_CFLAGS)) -std=gnu11 -DNDEBUG \
	-isystem $(SDK_BOARD)/include
SEL4_LIB_SRCS := $(patsubst lib/account/account_page_kernel.c,lib/account/account_page_none.c,$(patsubst \
	lib/base/clock.c,lib/base/clock_sel4.c,$(LIB_SRCS)))

$(S)/obj/%.o: %.c $(S)/sdk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(SEL4_CFLAGS) -c $< -o $@

$(S)/obj/%.o: %.S $(S)/sdk
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(SEL4_CFLAGS) -c $< -o $@

# An archive: without sections to collect, a PD gets only those files of it that it uses.
SEL4_LIB_OBJS := $(call objs,$(S)/obj,$(SEL4_LIB_SRCS))
SEL4_LIB := $(S)/libbase.a
$(SEL4_LIB): $(SEL4_LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(TARGET_AR) Drcs $@ $^

define sel4_pd_rules
$(S)/pd/$(1).elf: $$(call objs,$(S)/obj,$$(or $$($(1)_SEL4_SRCS),$$($(1)_SRCS))) $$(SEL4_LIB) \
		$(SDK_BOARD)/lib/libmicrokit.a
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(TARGET_CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -T $(SDK_BOARD)/lib/microkit.ld $$^ $$($(1)_SEL4_LDFLAGS) -o $$@
SEL4_OBJS += $$(call objs,$(S)/obj,$$(or $$($(1)_SEL4_SRCS),$$($(1)_SRCS)))
endef
SEL4_PDS := $(filter-out $(BUNDLED_PDS),$(PDS)) $(SEL4_ONLY_PDS)
$(foreach p,$(SEL4_PDS),$(eval $(call sel4_pd_rules,$(p))))

$(SDK_BOARD)/lib/libmicrokit.a: | sdk-check

# lwIP's files (pd/echo).
$(S)/obj/$(LWIP)/% $(S)/obj/pd/echo/%: SEL4_CFLAGS += $(LWIP_CFLAGS) -isystem pd/echo/libc
$(S)/obj/$(LWIP)/%: SEL4_CFLAGS += -w
$(call LWIP_OBJS,$(S)/obj): pd/echo/lwipopts.h pd/echo/arch/cc.h | $(LWIP_STAMP)

.PHONY: sel4-pds
sel4-pds: $(patsubst %,$(S)/pd/%.elf,$(filter-out $(ONDEMAND_PDS),$(SEL4_PDS)))

# Says what is wrong with an SDK before a compiler does.
.PHONY: sdk-check
sdk-check:
	$(Q)$(PYTHON) scripts/check_sdk.py $(SDK) $(BOARD) $(MICROKIT_CONFIG)

# Which SDK the objects were built with: another one makes them again.
$(S)/sdk: sdk-check
	@mkdir -p $(@D)
	@echo "$(SDK) $(SDK_VERSION) $$(stat -c %Y $(SDK_BOARD)/lib/libmicrokit.a)" >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# A system's own name is in the description, so the tool has a folder of its own to write it into.
.PHONY: image-sel4
image-sel4: sdk-check tool sel4-pds $(SYSTEM_PDS:%=$(S)/pd/%.elf) $(SYSTEM_GUESTS) $(BOARD_DTB)
	$(call say,SYSTEM,$(SEL4_DIR))
	$(Q)rm -rf $(SEL4_DIR) && mkdir -p $(SEL4_DIR)
	$(Q)$(TOOL) sdf $(SYSTEM_FILE) --sdk-version $(SDK_VERSION) --sdk-cores $(SDK_CORES) -o $(SEL4_DIR) --report $(SEL4_DIR)/report.txt \
		--board $(BOARD) --pd-dir $(S)/pd --guest-dir $(GUEST_DIR) --board-dtb $(BOARD_DTB)
	$(Q)$(B)/causeway-policy --sel4 $(SYSTEM_FILE) -o $(SEL4_DIR).policy --board $(BOARD) --board-dtb $(BOARD_DTB)
	$(Q)$(B)/causeway-verify --sdf $(SEL4_DIR) --policy $(SEL4_DIR).policy --pd-dir $(S)/pd
	$(call say,MICROKIT,$(IMAGE))
	$(Q)$(SDK)/bin/microkit $(SEL4_DIR)/*.system --search-path $(SEL4_DIR) --board $(BOARD) \
		--config $(MICROKIT_CONFIG) -o $(IMAGE) -r $(SEL4_DIR)/microkit_report.txt

TEST_TARGET_ENVIRONMENT = CAUSEWAY_SDK=$(SDK) CAUSEWAY_SDK_CORES=$(SDK_CORES) CAUSEWAY_SDK_BOARD=$(BOARD) CAUSEWAY_SDK_CONFIG=$(MICROKIT_CONFIG) \
	CAUSEWAY_SDK_PD_DIR=$(abspath $(S)/pd) CAUSEWAY_SDK_LOAD_ADDRESS=$(SEL4_LOAD_ADDRESS)

-include $(SEL4_OBJS:.o=.d) $(SEL4_LIB_OBJS:.o=.d)

endif
