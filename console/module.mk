# SPDX-License-Identifier: BSD-2-Clause
# `causeway-console`: the host's end of the serial line, a program of its own. Lists of pd/ and lib/ may come later than
# this file, so what uses them is expanded late.
CONSOLE_LINE_SRCS = console/line.c $(SERIAL_FRAME_SRCS)
CONSOLE_HUB_SRCS := console/channel.c console/child.c console/history.c console/hub.c console/listing.c console/logbook.c console/loop.c console/place.c console/terminal.c console/tmux.c console/user.c console/view.c console/where.c \
	tool/base/mem.c
HOST_PROGRAMS += causeway-console
CONSOLE_TOP_SRCS := console/json.c console/top_sample.c console/top_show.c
CONSOLE_TRACE_LOG_SRCS = console/trace_ctf.c console/trace_json.c console/trace_log.c
CONSOLE_TRACE_SRCS = $(CONSOLE_TRACE_LOG_SRCS) $(LIB_TRACE_SRCS)
causeway-console_SRCS = console/attach.c console/control.c console/dump.c console/gdb.c console/stub.c console/main.c console/top.c console/trace.c console/usage.c $(CONSOLE_TRACE_SRCS) $(CONSOLE_TOP_SRCS) $(CONSOLE_HUB_SRCS) console/line.c $(SERIAL_MUX_HOST_SRCS)

TESTS += test_mux_frames test_mux_channels
test_mux_frames_SRCS = tests/mock/mux_host.c console/line.c $(test_serial_mux_SRCS)
test_mux_channels_SRCS = $(test_mux_frames_SRCS)
FUZZERS += fuzz_mux_frames
# A session each is slow to set up.
fuzz_mux_frames_RUNS := 2000
fuzz_mux_frames_SRCS = $(test_mux_frames_SRCS)

TESTS += test_hub
test_hub_SRCS = $(CONSOLE_HUB_SRCS) console/line.c $(test_serial_mux_SRCS)

TESTS += test_channel
test_channel_SRCS := console/channel.c console/where.c tool/base/mem.c

TESTS += test_top
test_top_SRCS := $(CONSOLE_TOP_SRCS)
FUZZERS += fuzz_top
fuzz_top_SRCS := $(CONSOLE_TOP_SRCS)

TESTS += test_trace_files
test_trace_files_SRCS = $(CONSOLE_TRACE_SRCS) lib/blk/crc32.c tool/base/mem.c
FUZZERS += fuzz_trace
fuzz_trace_SRCS = $(test_trace_files_SRCS)

TESTS += test_view
test_view_SRCS = console/view.c console/logbook.c tool/base/mem.c console/line.c $(SERIAL_MUX_HOST_SRCS)

# What a target says to `causeway dump`.
FUZZERS += fuzz_stub
fuzz_stub_SRCS := console/stub.c
