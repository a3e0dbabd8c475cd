# SPDX-License-Identifier: BSD-2-Clause
# The latency probe: a bare-metal program in the arm64 Image format, `kernel="latency"` in a description.
LATENCY_SRCS := $(addprefix guest/latency/,start.S latency.c) $(addprefix guest/hostile/,machine.c access.c mmu.c) lib/base/mem.c \
	lib/base/format.c
LATENCY_OBJS := $(call objs,$(B)/target,$(LATENCY_SRCS))
LATENCY_IMAGE := $(B)/guest/latency/Image

$(B)/guest/latency/latency.elf: $(LATENCY_OBJS) guest/hostile/hostile.ld
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_LDFLAGS) -T guest/hostile/hostile.ld $(filter %.o,$^) -o $@

$(LATENCY_IMAGE): $(B)/guest/latency/latency.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(CROSS_COMPILE)objcopy -O binary $< $@

.PHONY: guest-latency
guest-latency: $(LATENCY_IMAGE)
GUEST_PROGRAMS += latency

-include $(LATENCY_OBJS:.o=.d)
