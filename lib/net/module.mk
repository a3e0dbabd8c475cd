# SPDX-License-Identifier: BSD-2-Clause
LIB_SRCS += lib/net/frame_meta.c

TESTS += test_frame_meta
test_frame_meta_SRCS := lib/net/frame_meta.c

OFFLOAD_SRCS := lib/net/offload.c lib/net/checksum.c
LIB_SRCS += $(OFFLOAD_SRCS)
TESTS += test_offload
test_offload_SRCS := $(OFFLOAD_SRCS) lib/net/frame_meta.c
FUZZERS += fuzz_offload
fuzz_offload_SRCS := $(OFFLOAD_SRCS) lib/net/frame_meta.c
