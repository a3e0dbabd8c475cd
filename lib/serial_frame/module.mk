# SPDX-License-Identifier: BSD-2-Clause
SERIAL_FRAME_SRCS := lib/serial_frame/serial_frame.c lib/blk/crc32.c

TESTS += test_serial_frame
test_serial_frame_SRCS := $(SERIAL_FRAME_SRCS)
