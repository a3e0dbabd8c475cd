# SPDX-License-Identifier: BSD-2-Clause
# The hostile guest: a bare-metal program in the arm64 Image format, `kernel="hostile"` in a description.
HOSTILE_SRCS := $(addprefix guest/hostile/,start.S main.c machine.c registers.c vectors.S console.c gic.c access.c mmu.c virtio.c pci.c \
	check.c cpus.c \
	attack_registers.c attack_pci.c attack_protocol.c attack_queues.c attack_chains.c attack_net.c attack_block.c attack_console.c attack_entropy.c \
	attack_gic.c attack_calls.c attack_uart.c attack_machine.c attack_storms.c attack_sabotage.c conform_gic.c conform_cpus.c attack_race.c) lib/base/mem.c
HOSTILE_OBJS := $(call objs,$(B)/target,$(HOSTILE_SRCS))
HOSTILE_IMAGE := $(B)/guest/hostile/Image

$(B)/guest/hostile/hostile.elf: $(HOSTILE_OBJS) guest/hostile/hostile.ld
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_LDFLAGS) -T guest/hostile/hostile.ld $(filter %.o,$^) -o $@

$(HOSTILE_IMAGE): $(B)/guest/hostile/hostile.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(CROSS_COMPILE)objcopy -O binary $< $@

.PHONY: hostile guest-hostile
hostile guest-hostile: $(HOSTILE_IMAGE)
GUEST_PROGRAMS += hostile

-include $(HOSTILE_OBJS:.o=.d)
