# SPDX-License-Identifier: BSD-2-Clause
# cpuprobe: a Linux program for the guests, which tries what a processor may have.
CPUPROBE_SRCS := $(addprefix guest/cpuprobe/,start.S cpuprobe.c cpuprobe_linux.c debug.c sve.S vectors.c) lib/base/mem.c lib/base/format.c
CPUPROBE_OBJS := $(call objs,$(B)/target,$(CPUPROBE_SRCS))
CPUPROBE := $(B)/guest/cpuprobe/root/bin/cpuprobe

$(CPUPROBE): $(CPUPROBE_OBJS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_LDFLAGS) $(CPUPROBE_OBJS) -o $@

-include $(CPUPROBE_OBJS:.o=.d)
