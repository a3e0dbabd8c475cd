# SPDX-License-Identifier: BSD-2-Clause
# `make bench`: measure systems under -icount, where one virtual nanosecond is one instruction, and compare with
# bench/baseline.json. A row is SYSTEM/DATAPATH-TRANSPORT. BENCH_SHORT=1: what CI prints, in less than a minute.
BENCH_ROWS ?= $(if $(BENCH_SHORT),virtio_demo/vhost-mmio,$(BENCH_ALL_ROWS))
BENCH_ALL_ROWS := virtio_demo/vhost-mmio virtio_demo/ring-mmio three_vms/vhost-mmio three_vms/ring-mmio
BENCH_QEMU_CPU ?= cortex-a57
BENCH_JSON ?= $(B)/bench.json
BENCH_PLOT := $(BENCH_JSON:.json=.svg)
# The same random seed and the same time of day in every run.
BENCH_QEMU_ARGS = -machine $(QEMU_MACHINE) $(patsubst $(QEMU_CPU),$(BENCH_QEMU_CPU),$(QEMU_ARGS)) \
	-icount shift=0$(comma)sleep=off -seed 1 -rtc base=2024-01-01$(comma)clock=vm -serial mon:stdio

# The description of a row's system, and the parts of its name.
bench_file = bench/$(if $(filter three_vms/%,$(1)),three,bench).system
bench_datapath = $(firstword $(subst -, ,$(notdir $(1))))
bench_transport = $(lastword $(subst -, ,$(notdir $(1))))
bench_image = $(B)/bench-$(subst /,-,$(1)).elf

.PHONY: bench
bench:
	$(Q)scripts/setup run
	$(Q)+for row in $(BENCH_ROWS); do $(MAKE) --no-print-directory bench-row ROW=$$row || exit; done
	$(Q)$(PYTHON) bench/plot.py $(BENCH_JSON) -o $(BENCH_PLOT)

# One row. The image has a name of its own, so that rows don't overwrite each other's.
.PHONY: bench-row
bench-row:
	$(Q)+DATAPATH=$(call bench_datapath,$(ROW)) TRANSPORT=$(call bench_transport,$(ROW)) BENCH_SHORT=$(BENCH_SHORT) \
		$(MAKE) --no-print-directory -j$(shell nproc) image SYSTEM=$(call bench_file,$(ROW))
	$(Q)for kind in elf report.txt; do \
		cp $(B)/$(basename $(notdir $(call bench_file,$(ROW)))).$$kind $(basename $(call bench_image,$(ROW))).$$kind; done
	$(Q)$(PYTHON) bench/bench.py --name $(ROW) --output $(BENCH_JSON) --baseline bench/baseline.json \
		--report $(basename $(call bench_image,$(ROW))).report.txt $(if $(BENCH_SHORT),--short) -- \
		$(QEMU) $(BENCH_QEMU_ARGS) -kernel $(call bench_image,$(ROW))

# What is worth keeping becomes the new baseline, and the plot of docs/performance.md.
.PHONY: bench-baseline
bench-baseline:
	cp $(BENCH_JSON) bench/baseline.json
	$(PYTHON) bench/plot.py bench/baseline.json -o docs/performance.svg

# Ways to copy, compared.
PDS += bench_copy
BUNDLED_PDS += bench_copy
bench_copy_SRCS := bench/copy.c
.PHONY: bench-copy
bench-copy:
	$(SUBMAKE) image SYSTEM=bench/copy.system
	$(Q)timeout 20 $(QEMU) $(BENCH_QEMU_ARGS) -kernel $(B)/copy.elf 2>/dev/null | sed '/copy: done/q' | sed -n 's/.*copy: //p'
