# SPDX-License-Identifier: BSD-2-Clause
# Target programs: the bundled kernel and the PDs.
#
# A PD NAME (in PDS) is built from NAME_SRCS and lib/base into $(B)/pd/NAME.elf, linked against the bundled
# provider of microkit.h (MICROKIT_SRCS, microkit/bundled/microkit.ld). NAME_LDFLAGS: for its linker.

$(B)/target/%.o: %.c mk/toolchain.mk
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_CFLAGS) -Imicrokit/include -c $< -o $@

$(B)/target/%.o: %.S mk/toolchain.mk
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_CFLAGS) -c $< -o $@

KERNEL := $(B)/kernel.elf
KERNEL_OBJS := $(call objs,$(B)/target,$(KERNEL_SRCS))
# Linked for one board; another one links it again.
$(B)/kernel.board: FORCE
	@mkdir -p $(@D)
	@echo "$(BOARD) $(KERNEL_BASE)" | cmp -s - $@ || echo "$(BOARD) $(KERNEL_BASE)" >$@
.PHONY: FORCE
FORCE:
$(KERNEL): $(KERNEL_OBJS) kernel/aarch64/kernel.ld $(B)/kernel.board
	$(call say,LD,$@)
	$(Q)$(TARGET_CC) $(TARGET_LDFLAGS) -Wl,--defsym=kernel_base=$(KERNEL_BASE) -T kernel/aarch64/kernel.ld $(KERNEL_OBJS) -o $@

MICROKIT_OBJS := $(call objs,$(B)/target,$(MICROKIT_SRCS) $(LIB_SRCS))

define pd_rules
$(B)/pd/$(1).elf: $$(call objs,$(B)/target,$$($(1)_SRCS)) $$(MICROKIT_OBJS) microkit/bundled/microkit.ld
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(TARGET_CC) $$(TARGET_LDFLAGS) -T microkit/bundled/microkit.ld $$(filter %.o,$$^) $$($(1)_LDFLAGS) -o $$@
PD_OBJS += $$(call objs,$(B)/target,$$($(1)_SRCS))
endef
$(foreach p,$(PDS),$(eval $(call pd_rules,$(p))))
PD_ELFS := $(PDS:%=$(B)/pd/%.elf)

.PHONY: kernel pds
kernel: $(if $(KERNEL_SRCS),$(KERNEL))
pds: $(PD_ELFS)

-include $(KERNEL_OBJS:.o=.d) $(PD_OBJS:.o=.d) $(MICROKIT_OBJS:.o=.d)
