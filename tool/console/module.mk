# SPDX-License-Identifier: BSD-2-Clause
# `causeway console`: the host's end of the serial line.
TOOL_LINE_SRCS := tool/console/line.c $(SERIAL_FRAME_SRCS)
TOOL_CONSOLE_SRCS := tool/console/attach.c tool/console/child.c tool/console/cmd_console.c tool/console/hub.c \
	tool/console/place.c tool/console/terminal.c tool/console/tmux.c pd/serial_mux/mux_filter.c
TOOL_SRCS := $(sort $(TOOL_SRCS) $(TOOL_CONSOLE_SRCS) $(TOOL_LINE_SRCS))

TESTS += test_mux_frames
test_mux_frames_SRCS := tests/mock/mux_host.c tool/console/line.c $(test_serial_mux_SRCS)
FUZZERS += fuzz_mux_frames
# A session each is slow to set up.
fuzz_mux_frames_RUNS := 2000
fuzz_mux_frames_SRCS := $(test_mux_frames_SRCS)

TESTS += test_hub
test_hub_SRCS := tool/console/child.c tool/console/hub.c tool/console/line.c tool/console/place.c \
	tool/console/terminal.c tool/console/tmux.c tool/mem.c $(test_serial_mux_SRCS)
