# SPDX-License-Identifier: BSD-2-Clause
SERIAL_MUX_LOGIC := pd/serial_mux/serial_mux.c pd/serial_mux/serial_mux_say.c pd/serial_mux/mux_console.c pd/serial_mux/mux_filter.c \
	pd/serial_mux/mux_vt.c pd/serial_mux/mux_screen.c pd/serial_mux/mux_keys.c pd/serial_mux/mux_command.c \
	pd/serial_mux/mux_frames.c

# Also behind the framed line, on the host.
SERIAL_MUX_HOST_SRCS = $(SERIAL_MUX_LOGIC) $(SERIAL_FRAME_SRCS) lib/ring/ring.c lib/base/err.c lib/base/format.c

PDS += serial_mux
serial_mux_SRCS := pd/serial_mux/main.c $(SERIAL_MUX_LOGIC) $(SERIAL_FRAME_SRCS)

TESTS += test_serial_mux test_mux_drops test_mux_filter test_mux_keys
test_mux_filter_SRCS := pd/serial_mux/mux_filter.c
test_mux_keys_SRCS := pd/serial_mux/mux_keys.c $(SERIAL_FRAME_SRCS)
test_serial_mux_SRCS := $(SERIAL_MUX_LOGIC) $(SERIAL_FRAME_SRCS) lib/ring/ring.c $(LIB_BASE_HOST_SRCS) tests/mock/log_record.c \
	tests/mock/mux_fixture.c

FUZZERS += fuzz_serial_mux
test_mux_drops_SRCS := $(test_serial_mux_SRCS)
fuzz_serial_mux_SRCS := $(test_serial_mux_SRCS)
