# SPDX-License-Identifier: BSD-2-Clause
# Target programs: the bundled kernel and the PDs.
#
# A PD NAME (in PDS) is built from NAME_SRCS and lib/base into $(B)/pd/NAME.elf, linked against the bundled
# provider of microkit.h (MICROKIT_SRCS, microkit/bundled/microkit.ld). NAME_LDFLAGS: for its linker. Those of ONDEMAND_PDS,
# whose sources are fetched, are built when a system or a test names them.

$(B)/target/%.o: %.c mk/toolchain.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_CFLAGS) -Imicrokit/include -c $< -o $@

$(B)/target/kernel/%.o: TARGET_CFLAGS += $(KERNEL_CFLAGS)
# The kernel uses it before the MMU is on.
$(B)/target/lib/fdt/%.o: TARGET_CFLAGS += -mstrict-align

$(B)/target/%.o: %.S mk/toolchain.mk
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_CFLAGS) -c $< -o $@

# Offsets for assembly: constants that the compiler knows, picked out of what it makes of asm_offsets.c.
ASM_OFFSETS := $(B)/target/kernel/aarch64/asm_offsets.h
$(ASM_OFFSETS): kernel/aarch64/asm_offsets.c mk/toolchain.mk
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_CFLAGS) -fno-lto -MT $@ -MF $(@:.h=.d) -Imicrokit/include -S $< -o $(@:.h=.s)
	$(Q)sed -n 's/^-> \([A-Z0-9_]*\) \([0-9]*\)$$/#define \1 \2/p' $(@:.h=.s) >$@
$(patsubst %.S,$(B)/target/%.o,$(filter kernel/%.S,$(KERNEL_SRCS))): $(ASM_OFFSETS)
$(B)/target/kernel/%.o: TARGET_CFLAGS += -I$(B)/target
-include $(ASM_OFFSETS:.h=.d)

# Linked for one board, so each has its own.
KERNEL := $(B)/kernel$(if $(filter qemu_virt_aarch64,$(BOARD)),,-$(BOARD)).elf
KERNEL_OBJS := $(call objs,$(B)/target,$(KERNEL_SRCS))
$(KERNEL): $(KERNEL_OBJS) kernel/aarch64/kernel.ld boards/$(BOARD)/board.mk
	$(call say,LD,$@)
	$(Q)$(TARGET_CC) $(filter-out -MMD -MP,$(TARGET_CFLAGS)) $(KERNEL_CFLAGS) $(TARGET_LDFLAGS) -Wl,--defsym=kernel_base=$(KERNEL_BASE),--defsym=image_offset=$(KERNEL_OFFSET) -T kernel/aarch64/kernel.ld $(KERNEL_OBJS) -o $@

MICROKIT_OBJS := $(call objs,$(B)/target,$(MICROKIT_SRCS) $(LIB_SRCS))

# PDs that are optimised as a whole, as the kernel is: their files are small and call each other for every frame. The functions
# that the compiler calls by itself (lib/base) are not part of that.
LTO_PDS := vswitch
LTO_FLAGS = $(filter-out -MMD -MP,$(TARGET_CFLAGS)) -flto=auto
$(B)/lto/%.o: %.c mk/toolchain.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_CFLAGS) -flto=auto -Imicrokit/include -c $< -o $@
pd_objs = $(call objs,$(B)/$(if $(filter $(1),$(LTO_PDS)),lto,target),$($(1)_SRCS))

define pd_rules
$(B)/pd/$(1).elf: $$(call pd_objs,$(1)) $$(MICROKIT_OBJS) microkit/bundled/microkit.ld mk/target.mk
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(TARGET_CC) $$(if $$(filter $(1),$$(LTO_PDS)),$$(LTO_FLAGS)) $$(TARGET_LDFLAGS) -T microkit/bundled/microkit.ld $$(filter %.o,$$^) $$($(1)_LDFLAGS) -o $$@
PD_OBJS += $$(call pd_objs,$(1))
endef
$(foreach p,$(PDS),$(eval $(call pd_rules,$(p))))
PD_ELFS := $(patsubst %,$(B)/pd/%.elf,$(filter-out $(ONDEMAND_PDS),$(PDS)))

.PHONY: kernel pds
kernel: $(if $(KERNEL_SRCS),$(KERNEL))
pds: $(PD_ELFS)

-include $(KERNEL_OBJS:.o=.d) $(PD_OBJS:.o=.d) $(MICROKIT_OBJS:.o=.d)
