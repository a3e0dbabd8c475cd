# SPDX-License-Identifier: BSD-2-Clause
VSWITCH_LOGIC := pd/vswitch/vswitch.c pd/vswitch/forward.c pd/vswitch/drop.c pd/vswitch/frame.c pd/vswitch/mac_table.c pd/vswitch/ring_port.c pd/vswitch/soft_offload.c \
	pd/vswitch/edit.c pd/vswitch/guard.c pd/vswitch/rate.c pd/vswitch/snoop.c pd/vswitch/vlan.c pd/vswitch/wake.c

PDS += vswitch
VSWITCH_SRCS := pd/vswitch/main.c lib/timer_client/timer_client.c pd/vswitch/vhost_control.c $(VSWITCH_LOGIC) pd/vswitch/vhost_port.c \
	$(GUESTMEM_SRCS) $(VIRTQ_SRCS)
vswitch_SRCS := $(VSWITCH_SRCS) pd/vswitch/vcpu_idle_kernel.c
vswitch_SEL4_SRCS := $(VSWITCH_SRCS) pd/vswitch/vcpu_idle_page.c

TESTS += test_rate test_snoop test_vswitch_managed test_vswitch_hold
test_snoop_SRCS := pd/vswitch/snoop.c pd/vswitch/frame.c lib/net/frame_meta.c lib/net/offload.c lib/net/checksum.c
test_rate_SRCS := pd/vswitch/rate.c
TESTS += test_soft_offload test_mac_table test_vcpu_idle test_vswitch test_vswitch_copy test_vswitch_offload test_vswitch_bulk test_vswitch_room
test_soft_offload_SRCS := pd/vswitch/soft_offload.c $(VSWITCH_LOGIC:pd/vswitch/soft_offload.c=) lib/ring/ring.c $(VIRTIO_NET_HDR_SRCS) \
	$(LIB_BASE_HOST_SRCS) tests/mock/log_record.c tests/mock/tcp_frame.c
test_vcpu_idle_SRCS := pd/vswitch/vcpu_idle_page.c
test_mac_table_SRCS := pd/vswitch/mac_table.c
test_vswitch_SRCS := $(VSWITCH_LOGIC) lib/ring/ring.c $(VIRTIO_NET_HDR_SRCS) $(LIB_BASE_HOST_SRCS) \
	tests/mock/log_record.c
test_vswitch_copy_SRCS := $(test_vswitch_SRCS)
test_vswitch_room_SRCS := $(test_vswitch_SRCS)
test_vswitch_bulk_SRCS := $(test_vswitch_SRCS)
test_vswitch_offload_SRCS := $(test_vswitch_SRCS) tests/mock/tcp_frame.c
test_vswitch_managed_SRCS := $(test_vswitch_offload_SRCS)
test_vswitch_hold_SRCS := $(test_vswitch_SRCS)

FUZZERS += fuzz_vswitch
fuzz_vswitch_SRCS := $(test_vswitch_SRCS)

TESTS += test_vhost_port test_vhost_reset test_vswitch_bound
test_vhost_port_SRCS := $(VSWITCH_LOGIC) pd/vswitch/vhost_port.c pd/vswitch/vhost_control.c lib/guestmem/guestmem.c \
	lib/virtq/virtq.c lib/ring/ring.c $(VIRTIO_NET_HDR_SRCS) lib/net/rx_merge.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c \
	tests/mock/driver.c
test_vhost_reset_SRCS := $(test_vhost_port_SRCS)
test_vswitch_bound_SRCS := $(test_vhost_port_SRCS)
FUZZERS += fuzz_vhost_port
fuzz_vhost_port_SRCS := $(test_vhost_port_SRCS)
fuzz_vhost_port_RUNS := 5000
