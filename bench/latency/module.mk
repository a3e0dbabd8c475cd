# SPDX-License-Identifier: BSD-2-Clause
# `make latency`: how late interrupts are beside everything that a guest may do, in instructions, against
# bench/latency/baseline.json. LATENCY_SHORT=1: what CI prints. LATENCY_ROWS="alone;above, beside net-flood" picks some.
LATENCY_PLUGIN := $(B)/host/bench/latency/qemu_plugin.so
LATENCY_JSON := $(B)/latency.json
LATENCY_SHORT_ROWS := equal, beside one that computes;above, beside reset-storm;above, beside net-tso-flood/2
LATENCY_ROWS ?= $(if $(LATENCY_SHORT),$(LATENCY_SHORT_ROWS))
LATENCY_SAMPLES ?= 300

$(LATENCY_PLUGIN): guest/latency/latency.h

.PHONY: latency latency-baseline
latency: tool kernel pds guest-latency guest-hostile $(BOARD_DTB) $(LATENCY_PLUGIN)
	$(Q)$(PYTHON) -B bench/latency/latency.py --output $(LATENCY_JSON) --baseline bench/latency/baseline.json \
		--rows "$(LATENCY_ROWS)" --samples $(LATENCY_SAMPLES) --place $(B)/latency --kernel $(KERNEL) --pd-dir $(B)/pd \
		--plugin $(abspath $(LATENCY_PLUGIN)) --build "$(TOOL) build --board $(BOARD) --pd-dir $(B)/pd --guest-dir $(GUEST_DIR) \
		--kernel $(KERNEL) --board-dtb $(BOARD_DTB)" -- \
		$(QEMU) -machine $(QEMU_MACHINE) $(patsubst $(QEMU_CPU),$(BENCH_QEMU_CPU),$(QEMU_ARGS)) \
		-icount shift=0$(comma)sleep=off -seed 1 -rtc base=2024-01-01$(comma)clock=vm

# What is worth keeping becomes the new baseline, and the table of docs/realtime.md.
latency-baseline:
	cp $(LATENCY_JSON) bench/latency/baseline.json
	$(PYTHON) -B bench/latency/latency.py --table bench/latency/baseline.json docs/realtime.md
