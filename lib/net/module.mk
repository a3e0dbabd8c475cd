# SPDX-License-Identifier: BSD-2-Clause
LIB_SRCS += lib/net/frame_meta.c

TESTS += test_frame_meta
test_frame_meta_SRCS := lib/net/frame_meta.c
