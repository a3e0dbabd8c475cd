# SPDX-License-Identifier: BSD-2-Clause
LIB_SRCS += lib/net/frame_meta.c

TESTS += test_frame_meta
test_frame_meta_SRCS := lib/net/frame_meta.c

OFFLOAD_SRCS := lib/net/offload.c lib/net/checksum.c
# What ports and devices need to pass offloads through.
VIRTIO_NET_HDR_SRCS := lib/net/virtio_net_hdr.c lib/net/rx_filter.c lib/net/frame_meta.c $(OFFLOAD_SRCS)
LIB_SRCS += $(OFFLOAD_SRCS) lib/net/virtio_net_hdr.c
TESTS += test_offload test_offload_golden test_virtio_net_hdr
test_virtio_net_hdr_SRCS := $(VIRTIO_NET_HDR_SRCS)
test_offload_SRCS := $(OFFLOAD_SRCS) lib/net/frame_meta.c
test_offload_golden_SRCS := $(test_offload_SRCS)
LIB_SRCS += lib/net/rx_filter.c lib/net/rx_merge.c
TESTS += test_rx_filter
test_rx_filter_SRCS := lib/net/rx_filter.c
FUZZERS += fuzz_offload
fuzz_offload_SRCS := $(OFFLOAD_SRCS) lib/net/frame_meta.c
TESTS += test_rx_merge
test_rx_merge_SRCS := lib/net/rx_merge.c lib/virtq/virtq.c lib/guestmem/guestmem.c tests/mock/driver.c
