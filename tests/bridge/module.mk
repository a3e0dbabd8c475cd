# SPDX-License-Identifier: BSD-2-Clause
# `make test-bridge`: the same frames through a Linux bridge and through the switch. BRIDGE_FLAGS= has every length.
BRIDGE_PIPE_SRCS := tests/bridge/switch_pipe.c $(VSWITCH_LOGIC) pd/vswitch/vhost_port.c pd/vswitch/vhost_control.c lib/guestmem/guestmem.c \
	lib/virtq/virtq.c lib/ring/ring.c $(VIRTIO_NET_HDR_SRCS) lib/net/rx_merge.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c \
	tests/mock/driver.c
BRIDGE_FLAGS ?= --quick
BRIDGE_PIPE_OBJS := $(call objs,$(B)/san,$(BRIDGE_PIPE_SRCS))
$(B)/switch_pipe: $(BRIDGE_PIPE_OBJS)
	$(call say,TESTLD,$@)
	$(Q)$(CC) $(HOST_SANITIZE) $^ -o $@
TEST_OBJS += $(BRIDGE_PIPE_OBJS)

.PHONY: test-bridge
test-bridge: $(B)/switch_pipe
	$(Q)$(PYTHON) -B tests/bridge/compare.py $(B)/switch_pipe $(BRIDGE_FLAGS)
