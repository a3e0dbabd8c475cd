# SPDX-License-Identifier: BSD-2-Clause
# netsum: a Linux program for the guests, which checks every byte of what it transfers.
NETSUM_SRCS := $(addprefix guest/netsum/,start.S netsum.c) lib/base/mem.c lib/base/format.c
NETSUM_OBJS := $(call objs,$(B)/target,$(NETSUM_SRCS))
NETSUM := $(B)/guest/netsum/root/bin/netsum

$(NETSUM): $(NETSUM_OBJS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(TARGET_CC) $(TARGET_LDFLAGS) $(NETSUM_OBJS) -o $@

-include $(NETSUM_OBJS:.o=.d)
