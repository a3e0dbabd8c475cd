# SPDX-License-Identifier: BSD-2-Clause
# One program for each kind of network card.
PDS += net_virtio net_gem
NET_DRIVER_LOGIC := pd/net_driver/net_driver.c
NIC_VIRTIO_LOGIC := pd/net_driver/nic_virtio.c lib/virtq_driver/virtq_driver.c lib/virtq_driver/mmio_transport.c
net_virtio_SRCS := pd/net_driver/main.c pd/net_driver/card_virtio.c lib/timer_client/timer_client.c $(NET_DRIVER_LOGIC) $(NIC_VIRTIO_LOGIC)

NIC_GEM_LOGIC := pd/net_driver/nic_gem.c pd/net_driver/gem_phy.c lib/net/checksum.c lib/net/frame_meta.c
net_gem_SRCS := pd/net_driver/main.c pd/net_driver/card_gem.c lib/timer_client/timer_client.c $(NET_DRIVER_LOGIC) $(NIC_GEM_LOGIC)

TESTS += test_nic_gem
test_nic_gem_SRCS := $(NET_DRIVER_LOGIC) $(NIC_GEM_LOGIC) lib/ring/ring.c lib/ring/ring_dma.c lib/net/offload.c $(LIB_BASE_HOST_SRCS) \
	tests/mock/log_record.c tests/mock/gem.c
FUZZERS += fuzz_nic_gem
fuzz_nic_gem_SRCS := $(NET_DRIVER_LOGIC) $(NIC_GEM_LOGIC) lib/ring/ring.c lib/ring/ring_dma.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c
fuzz_nic_gem_RUNS := 2000
TESTS += test_net_driver
test_net_driver_SRCS := $(NET_DRIVER_LOGIC) $(NIC_VIRTIO_LOGIC) lib/ring/ring.c lib/ring/ring_dma.c lib/net/virtio_net_hdr.c \
	lib/net/frame_meta.c lib/net/offload.c lib/net/checksum.c lib/virtq/virtq.c lib/guestmem/guestmem.c $(LIB_BASE_HOST_SRCS) \
	tests/mock/log_record.c tests/mock/driver.c tests/mock/net_card.c
FUZZERS += fuzz_net_driver
fuzz_net_driver_SRCS := $(NET_DRIVER_LOGIC) $(NIC_VIRTIO_LOGIC) lib/ring/ring.c lib/ring/ring_dma.c lib/net/virtio_net_hdr.c \
	lib/net/frame_meta.c lib/net/offload.c lib/net/checksum.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c
fuzz_net_driver_RUNS := 4000
